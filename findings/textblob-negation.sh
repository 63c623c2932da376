#!/usr/bin/env bash
# TextBlob: "It isn't great." is as positive as "It is great.", and "No. Great film." is negative.
# Version: textblob 0.20.1, the default analyzer (.sentiment).
# Good guess: "n't", which is in the analyzer's list of negations beside "not", "no" and "never", turns the next word over,
#   and a negation ends with its sentence.
# Seen: 1. the tokenizer makes n ' t of "n't" (it sets spaces around apostrophes), so no contraction is a negation: isn't,
#   don't, wasn't, can't. 2. A full stop or a question mark does not end a negation: only a word of two letters or more
#   without a sentiment does.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check textblob==0.20.1

"$work/venv/bin/python" - <<'PY'
from textblob import TextBlob
from textblob.en import sentiment

print("the analyzer's negations:", sentiment.negations)
good_guess = {
    "It is great.": 0.8,
    "It is not great.": -0.4,
    "It isn't great.": -0.4,
    "It wasn't bad.": 0.35,
    "Dull? No. Great film.": 0.25,
    "Dull? Never. Great film.": 0.25,
}
seen = {text: round(TextBlob(text).sentiment.polarity, 2) for text in good_guess}
for text, polarity in seen.items():
    print(f"{polarity:5.2f}  {text}  (a good guess: {good_guess[text]:.2f})")
holds = (
    "n't" in sentiment.negations
    and seen["It isn't great."] == seen["It is great."] == 0.8
    and seen["It is not great."] == -0.4
    and seen["It wasn't bad."] < 0
    and max(seen["Dull? No. Great film."], seen["Dull? Never. Great film."]) < 0
)
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
