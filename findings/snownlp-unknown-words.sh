#!/usr/bin/env bash
# SnowNLP: words that it does not know make a text negative, the more of them, the surer; and not each negation does.
# Version: snownlp 0.12.3, the model that it comes with (.sentiments, the probability of "positive").
# Good guess: a text in which nothing is known is as likely positive as negative, about 0.5, however long; a name or an
#   English word in a review changes nothing; "I do not like it" is negative.
# Seen: 1. a word that neither class has counts 1 / (number of words of the class) in each, and the positive class has
#   more words: each unknown word multiplies the odds by 0.9. Fifty of them are 0.01, and a good review with a link or
#   English in it is negative. 2. 不 is one word among others in a naive Bayes: it takes the same from every sentence, so
#   不喜欢 (not like), 非常不满意 (very dissatisfied) and 不值得推荐 (not worth recommending) stay positive.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check snownlp==0.12.3

"$work/venv/bin/python" - <<'PY'
from snownlp import SnowNLP

unknown = "龘"  # a character that no review has
good_guess = {
    unknown: "0.5",
    unknown * 50: "0.5",
    "很好吃": "above 0.5",
    "很好吃" + " abc" * 30: "above 0.5",
    "喜欢": "above 0.5",
    "不喜欢": "below 0.5",
    "非常不满意": "below 0.5",
    "不值得推荐": "below 0.5",
}
seen = {text: SnowNLP(text).sentiments for text in good_guess}
for text, probability in seen.items():
    shown = text if len(text) < 12 else f"{text[:11]}... ({len(text)} characters)"
    print(f"{probability:6.4f}  {shown}  (a good guess: {good_guess[text]})")
one, fifty, tasty, with_words, like, *negated = seen.values()
holds = one == 0.5 and fifty < 0.02 and tasty > 0.5 > 0.2 > with_words and like > 0.5 and min(negated) > 0.5
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
