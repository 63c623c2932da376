#!/usr/bin/env bash
# NumPy: default_rng([seed, 0]) draws the same numbers as default_rng(seed): zeros at the end of a seed do not count.
# Version: numpy 2.5.5, SeedSequence.
# Good guess: a list of two numbers, [seed, epoch] or [seed, rank], is a stream of its own for each pair.
# Seen: up to four words of 32 bits the list is filled up with zeros, so the first epoch, trial or rank repeats the
#   stream of the bare seed (whoever draws weights from one and the order of the texts from the other has the same
#   numbers twice), and [7, 3] is 7 + 3 * 2**32. With a fifth word, even a 0, the numbers change; so they do with the
#   0 in front. spawn() has none of this.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check numpy==2.5.5

"$work/venv/bin/python" - <<'PY'
import numpy as np


def draws(seed):
    return np.random.default_rng(seed).random(3).tolist()


pairs = [  # two seeds, and whether they are one
    (7, [7], True),
    (7, [7, 0], True),
    (7, [7, 0, 0, 0], True),
    ([7, 3], [7, 3, 0], True),
    ([7, 3], 7 + 3 * 2**32, True),
    (7, [7, 1], False),
    (7, [0, 7], False),
    (7, [7, 0, 0, 0, 0], False),
]
holds = True
for one, other, known in pairs:
    same = draws(one) == draws(other)
    holds &= same == known
    print(f"default_rng({one}) and default_rng({other}): {'the same numbers' if same else 'others'}")
first, second = np.random.default_rng(7).spawn(2)
streams = [first.random(3).tolist(), second.random(3).tolist(), draws(7)]
holds &= len({tuple(s) for s in streams}) == 3
print("spawn(2) and the bare seed: three different streams")
print("a good guess: different lists, different numbers")
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
