#!/usr/bin/env bash
# gensim: the vector of </s>, the end of a line, in a model of fastText is another one than fastText's own.
# Version: gensim 4.4.0, fasttext-numpy2 0.10.4, numpy 2.5.5. Every model that fastText trained has </s>, most often as its first word.
# Good guess: load_facebook_vectors gives each word the vector that fastText gives it, to rounding.
# Seen: it does for all words but this one. fastText makes no n-grams of </s>, its vector is the bare row; gensim adds the n-grams
#   of "<</s>>" ("</s", "/s>" and so on), and takes the mean. The cosine of the two is low, most_similar finds </s> elsewhere, and
#   where the vectors of a text are averaged line ends count as something else. No message.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check --only-binary :all: gensim==4.4.0 fasttext-numpy2==0.10.4 numpy==2.5.5

cd "$work"
"$work/venv/bin/python" -W ignore - <<'PY'
import random

import fasttext
import numpy as np
from gensim.models.fasttext import load_facebook_vectors

draw = random.Random(0)
words = ["good", "bad", "film", "movie", "plot", "actor", "dull", "fine", "scene", "music", "\u597d\u770b", "caf\u00e9"] * 20
with open("train.txt", "w", encoding="utf-8") as file:
    for _ in range(2000):
        file.write(" ".join(draw.choices(words, k=8)) + "\n")
how = {"dim": 20, "epoch": 5, "bucket": 50_000, "thread": 12, "t": 1.0, "verbose": 0}
model = fasttext.train_unsupervised("train.txt", **how)
model.save_model("model.bin")
loaded = load_facebook_vectors("model.bin")
differences = {word: float(np.abs(loaded[word] - model.get_word_vector(word)).max()) for word in [*model.words, "films"]}
off = {word: difference for word, difference in differences.items() if difference > 1e-5}
theirs, own = loaded["</s>"], model.get_word_vector("</s>")
cosine = float(theirs @ own / np.linalg.norm(theirs) / np.linalg.norm(own))
bare = model.get_input_matrix()[model.get_word_id("</s>")]
print(f"{len(differences)} words, one of them unknown; those whose vectors differ by more than 1e-5: {list(off)}")
print(f"cosine of gensim's </s> and fastText's {cosine:.3f}, lengths {np.linalg.norm(theirs):.2f} and {np.linalg.norm(own):.2f}")
print("a good guess: none differs, cosine 1")
holds = list(off) == ["</s>"] and np.array_equal(own, bare) and cosine < 0.999
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
