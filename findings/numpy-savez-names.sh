#!/usr/bin/env bash
# NumPy: two names of arrays are lost in a .npz without a word: NAME.npy beside NAME, and allow_pickle.
# Version: numpy 2.5.5, np.savez, np.savez_compressed, np.load.
# Good guess: any names that a dict of parameters may have come back with their arrays, or np.savez raises, as it does
#   for an array of the name "file" (TypeError).
# Seen: 1. {"a": 1, "a.npy": 2} is saved as a.npy and a.npy.npy; np.load lists "a" and "a.npy" and gives the array of
#   "a" for both, for it takes the name of a member, "a.npy", before that of an array. 2. An array called
#   allow_pickle is taken for the option of that name and is not in the file at all.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check numpy==2.5.5

"$work/venv/bin/python" - <<'PY'
import io

import numpy as np


def back(save, arrays):
    """What np.load gives for these arrays, and the members of the zip."""
    file = io.BytesIO()
    save(file, **{name: np.array(value) for name, value in arrays.items()})
    file.seek(0)
    with np.load(file) as loaded:
        return {name: int(loaded[name]) for name in loaded.files}, loaded.zip.namelist()


holds = True
for save in (np.savez, np.savez_compressed):
    got, members = back(save, {"a": 1, "a.npy": 2})
    print(f"{save.__name__}: saved {{'a': 1, 'a.npy': 2}}, members {members}, loaded {got}")
    holds &= got == {"a": 1, "a.npy": 1} and members == ["a.npy", "a.npy.npy"]
    got, members = back(save, {"W": 1, "allow_pickle": 2})
    print(f"{save.__name__}: saved {{'W': 1, 'allow_pickle': 2}}, members {members}, loaded {got}")
    holds &= got == {"W": 1}
try:
    back(np.savez, {"W": 1, "file": 2})
    holds = False
except TypeError as error:
    print("savez with an array of the name file:", error)
print("a good guess: each name has its own array, or an error")
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
