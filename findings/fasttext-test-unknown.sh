#!/usr/bin/env bash
# fastText: model.test leaves out the test texts whose label the training did not have, and says that all are right.
# Version: fasttext-community 0.11.9 (a fork with wheels of the package fasttext), numpy 2.5.5.
# Good guess: a text with a label that the model cannot answer counts as wrong, or is an error.
# Seen: it is not counted at all: with 2 of 4 texts labelled "neutral", or "Positive" for "positive", the answer is N = 2,
#   precision and recall 1.0. A label with a comma behind it, or a text without a label, goes the same way. N
#   is the only sign, and test_label names neither such a label nor how many were left out.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check --only-binary fasttext-community fasttext-community==0.11.9 numpy==2.5.5

cd "$work"
"$work/venv/bin/python" - <<'PY'
import fasttext

with open("train.txt", "w") as file:
    file.write("__label__positive a good fine film\n__label__negative a bad dull film\n" * 50)
model = fasttext.train_supervised("train.txt", lr=0.5, epoch=25, dim=10, thread=1, verbose=0)
known = ["__label__positive a good film", "__label__negative a dull film"]
results = {}
for label in ("__label__neutral", "__label__Positive", "__label__positive,", ""):
    with open("test.txt", "w") as file:
        file.write("\n".join([*known, f"{label} a bad film", f"{label} a dull bad film"]) + "\n")
    results[label] = model.test("test.txt")
    labels = sorted(model.test_label("test.txt"))
    print(f"4 texts, 2 with {label or 'no label'}: N, precision, recall {results[label]}; test_label has {labels}")
print("a good guess: N 4, precision and recall 0.5 (but for the texts without a label)")
raise SystemExit(print("HOLDS") if set(results.values()) == {(2, 1.0, 1.0)} else "CHANGED")
PY
