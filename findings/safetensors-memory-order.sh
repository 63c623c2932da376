#!/usr/bin/env bash
# safetensors: an array that is not in C order is saved with its numbers in other places, without a word.
# Version: safetensors 0.8.0 (safetensors.numpy), numpy 2.5.5.
# Good guess: the array comes back as it was (as with np.save, and as safetensors itself does for the byte order of
#   ">f4"), or save raises, as its PyTorch side does for a tensor that is not contiguous.
# Seen: the shape is kept, the numbers follow the memory: W.T, a Fortran array and every second column come back wrong.
#   A net whose weights were transposed on their way from another framework is a wrong net after saving.
#   np.ascontiguousarray before saving is the way round.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check safetensors==0.8.0 numpy==2.5.5

cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from safetensors.numpy import load_file, save_file

a = np.arange(6.0).reshape(2, 3)
wide = np.arange(12.0).reshape(2, 6)
cases = {
    "C order": (a, True),
    "big-endian": (a.astype(">f4"), True),
    "transposed": (a.T, False),
    "Fortran order": (np.asfortranarray(a), False),
    "every second column": (wide[:, ::2], False),
    "transposed, made contiguous": (np.ascontiguousarray(a.T), True),
}
as_known = True
for name, (array, whole) in cases.items():
    save_file({"W": array}, "w.safetensors")
    got = load_file("w.safetensors")["W"]
    np.save("w.npy", array)
    assert np.array_equal(np.load("w.npy"), array)  # the peer keeps every one of them
    same = np.array_equal(got, array)
    as_known &= same == whole and got.shape == array.shape
    print(f"{name}: saved {array.tolist()}, loaded {got.tolist()}: {'the same' if same else 'OTHER NUMBERS, no error'}")
print("a good guess: the same, always, or an error")
raise SystemExit(print("HOLDS") if as_known else "CHANGED")
PY
