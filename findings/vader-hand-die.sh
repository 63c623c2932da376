#!/usr/bin/env bash
# VADER: "On the one hand, on the other hand." is more positive than "This is great.", and "a film to die for" is negative.
# Version: vaderSentiment 3.3.2.
# Good guess: "hand" has no sentiment, and the idiom "to die for", which the package lists with +3, is positive.
# Seen: 1. the chat abbreviation HAND (have a nice day), +2.2, is in the lexicon in small letters, and each "hand" of a
#   text counts for it. 2. Idioms are looked for only at a lexicon word that is the fourth of the text or later: "the bomb" is
#   positive in "It is the bomb" and negative alone. And at "die" only what ends or begins there, or ends before it,
#   is looked at: "to die for", with "die" in the middle, never comes up, so "die", -2.9, counts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check vaderSentiment==3.3.2

"$work/venv/bin/python" - <<'PY'
from vaderSentiment.vaderSentiment import SPECIAL_CASES, SentimentIntensityAnalyzer

vader = SentimentIntensityAnalyzer()
idioms = {idiom: SPECIAL_CASES[idiom] for idiom in ("the bomb", "to die for")}
print("lexicon: hand", vader.lexicon["hand"], "die", vader.lexicon["die"], " SPECIAL_CASES:", idioms)
scores = {}
for text in (
    "On the one hand, on the other hand.",
    "This is great.",
    "It is the bomb",
    "the bomb",
    "It is a film to die for",
    "a cake that is to die for",
):
    scores[text] = vader.polarity_scores(text)["compound"]
    print(f"{scores[text]:7.4f}  {text}")
hands, great, late, early, film, cake = scores.values()
print("a good guess: 0 for the hands; the others positive")
holds = hands > great > 0 and late > 0 > early and max(film, cake) < 0 and SPECIAL_CASES["to die for"] == 3
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
