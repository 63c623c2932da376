#!/usr/bin/env bash
# VADER: "I liked it, but is it worth it?" is less positive than the same with "like", though "liked" is the stronger word.
# Version: vaderSentiment 3.3.2, the latest one and the one of the paper's authors.
# Good guess: what stands before "but" counts half and what stands after it one and a half times, as the code sets out to do,
#   so that a stronger word makes a stronger sentence.
# Seen: the words' values are looked up in their list by the value (list.index), not by their place. Where a word before
#   "but" has just twice the value of one after it, as "liked" 1.8 and "worth" 0.9, the halved one is found again: it
#   is changed twice and the word after "but" not at all. NLTK's copy (nltk 3.10.4) counts places and has it right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check vaderSentiment==3.3.2

"$work/venv/bin/python" - <<'PY'
import math

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

vader = SentimentIntensityAnalyzer()


def by_the_rule(before, after):
    """The compound score of one word before "but" and one after it, in a sentence without more to count."""
    total = 0.5 * vader.lexicon[before] + 1.5 * vader.lexicon[after]
    return round(total / math.sqrt(total**2 + 15), 4)


wrong = {}
for frame, after, words in (
    ("I {} it, but is it worth it.", "worth", ("like", "liked", "enjoy")),
    ("The start is {}, but the end is well made.", "well", ("good", "pretty", "wonderful")),
):
    for word in words:
        seen, rule = vader.polarity_scores(frame.format(word))["compound"], by_the_rule(word, after)
        print(f"{frame.format(word)}  {word} {vader.lexicon[word]}, seen {seen}, by the rule {rule}")
        wrong[word] = abs(seen - rule) > 0.0001
print("a good guess: what the rule says, rising with the word's value")
raise SystemExit(print("HOLDS") if [word for word in wrong if wrong[word]] == ["liked", "pretty"] else "CHANGED")
PY
