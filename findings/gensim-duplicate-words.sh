#!/usr/bin/env bash
# gensim: a file of word vectors in which a word comes twice gives a vocabulary with None in it.
# Version: gensim 4.4.0, numpy 2.5.5. Public vector files do hold words twice.
# Good guess: two words (the first or the last row counts), or an error.
# Seen: a line in the log (not a warning), the first row counts, and len(), index_to_key and vectors keep the room of
#   the lost row at their end: a key None whose vector is 0. most_similar divides 0 by 0 there and answers
#   (None, nan) among the neighbours.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check gensim==4.4.0 numpy==2.5.5

cd "$work"
printf '3 2\ngood 1 2\ngood 3 4\nbad 5 6\n' > vectors.txt
"$work/venv/bin/python" -W ignore - <<'PY'
import math

from gensim.models import KeyedVectors

vectors = KeyedVectors.load_word2vec_format("vectors.txt")
near = vectors.most_similar("good", topn=3)
print("the file: good, good, bad")
print("len:", len(vectors), " index_to_key:", vectors.index_to_key, " key_to_index:", vectors.key_to_index)
print("vectors:", vectors.vectors.tolist())
print("most_similar('good'):", near)
print("a good guess: ['good', 'bad'] and 2, or an error")
holds = (
    vectors.index_to_key == ["good", "bad", None]
    and len(vectors) == 3
    and vectors.vectors.tolist() == [[1, 2], [5, 6], [0, 0]]
    and near[1][0] is None
    and math.isnan(near[1][1])
)
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
