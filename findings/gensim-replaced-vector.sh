#!/usr/bin/env bash
# gensim: after a word's vector is replaced, most_similar finds cosines above 3, and the wrong neighbours.
# Version: gensim 4.4.0, numpy 2.5.5.
# Good guess: most_similar and similarity agree on the cosine of two words, and no cosine is above 1.
# Seen: the first most_similar keeps the lengths of all vectors, and neither vectors[word] = row nor
#   add_vectors(words, rows, replace=True) forgets them: the new row is divided by the old row's length. Where the new
#   row is longer its word is the first neighbour of nearly everything, where it is shorter of nothing. Without
#   a most_similar before, all is right. fill_norms(force=True) mends it; add_vectors does not name it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check gensim==4.4.0 numpy==2.5.5

"$work/venv/bin/python" - <<'PY'
import numpy as np
from gensim.models import KeyedVectors


def neighbours(look_before, replace):
    """most_similar("bad") after the vector of "film" was replaced by one five times as long."""
    vectors = KeyedVectors(2)
    vectors.add_vectors(["bad", "awful", "film"], np.array([[0, 1], [0.1, 1], [1, 1]], np.float32))
    if look_before:
        vectors.most_similar("bad")
    replace(vectors, np.array([[5, 5]], np.float32))
    found = [(word, round(float(cosine), 3)) for word, cosine in vectors.most_similar("bad")]
    return found, round(float(vectors.similarity("bad", "film")), 3)


ways = {
    "add_vectors(replace=True)": lambda vectors, row: vectors.add_vectors(["film"], row, replace=True),
    'vectors["film"] = row': lambda vectors, row: vectors.__setitem__("film", row[0]),
}
holds = True
for name, replace in ways.items():
    right, cosine = neighbours(False, replace)
    wrong, same = neighbours(True, replace)
    print(f"{name}: similarity of bad and film {cosine}, neighbours of bad {right}")
    print(f"{name}, most_similar called before: similarity {same}, neighbours {wrong}")
    holds &= cosine == same == 0.707 and right == [("awful", 0.995), ("film", 0.707)]
    holds &= wrong == [("film", 3.536), ("awful", 0.995)]
print("a good guess: the same neighbours, awful and then film, with cosines of at most 1")
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
