#!/usr/bin/env bash
# fastText: trained with fewer than ten threads, a model leaves most rows at exactly zero, and unknown words get zero vectors.
# Version: fasttext-numpy2 0.10.4 (a fork with wheels of Facebook's fasttext 0.9), numpy 2.5.5. fasttext-community 0.11.9 does not.
# Good guess: the number of threads changes the speed, and the order of the steps; all rows begin as small random numbers.
# Seen: each thread fills a tenth of the input matrix. With one thread 90 % of the rows are exactly zero, with twelve none. An
#   unknown word of n-grams that the text did not have is then often a zero vector (its cosine is nan), and whether it is one
#   depends on its hashes. No message. The rows are not cleared, either: they are zero because the memory is new. A small
#   model that is trained later in a process can end with "Encountered NaN".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check --only-binary :all: fasttext-numpy2==0.10.4 numpy==2.5.5

cd "$work"
cat > train.py <<'PY'
import json
import random
import sys

import fasttext

draw = random.Random(0)
syllables = ["ba", "co", "di", "fu", "ge", "hi", "ja", "ko", "lu", "me"]
words = ["".join(draw.choices(syllables, k=3)) for _ in range(500)]
with open("train.txt", "w") as file:
    for _ in range(4000):
        file.write(" ".join(draw.choices(words, k=12)) + "\n")
how = {"dim": 20, "epoch": 5, "minn": 4, "maxn": 4, "bucket": 200_000, "verbose": 0}
model = fasttext.train_unsupervised("train.txt", thread=int(sys.argv[1]), **how)
unknown = [f"{a}{b}{a}" for a in ("qz", "vx", "wr", "yy") for b in ("xq", "zz", "tv")]
zero_words = [word for word in unknown if not model.get_word_vector(word).any()]
print(json.dumps([float((~model.get_input_matrix().any(axis=1)).mean()), zero_words, len(unknown)]))
PY
"$work/venv/bin/python" - <<'PY'
import json
import subprocess
import sys

seen = {}
for threads in (1, 5, 12):
    run = subprocess.run([sys.executable, "train.py", str(threads)], capture_output=True, text=True, check=True)
    seen[threads] = zero_rows, zero_words, unknown = json.loads(run.stdout.splitlines()[-1])
    print(f"{threads} threads: {zero_rows:.0%} of the rows are exactly 0, and {len(zero_words)} of {unknown} unknown words")
print("a good guess: no zeros, whatever the number of threads")
holds = seen[1][0] > 0.8 and 0.3 < seen[5][0] < 0.7 and seen[12][0] == 0 and seen[1][1] and not seen[12][1]
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
