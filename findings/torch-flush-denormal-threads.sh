#!/usr/bin/env bash
# PyTorch, CPU: set_flush_denormal(True) reaches the calling thread alone: of one tensor one part is flushed, the other not.
# Version: torch 2.13.0+cpu (200 MB, from PyTorch's own index), numpy 2.4.6, two threads, float32, x86-64.
# Good guess: after it returned True, numbers below 1.2e-38 are 0 in every operation of PyTorch; NumPy is not concerned.
# Seen: where an operation had run on two threads before, the half of a tensor that the second thread computes keeps its
#   denormal numbers; called before any operation, all are 0. NumPy's results in the same thread are flushed, too.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    --extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0+cpu numpy==2.4.6

cat >"$work/look.py" <<'PY'
import sys

import numpy as np
import torch

torch.set_num_threads(2)
array = np.full(1000, 2e-38, np.float32)
if sys.argv[1] == "late":
    torch.ones(4_000_000) * 0.1  # starts the second thread
if not torch.set_flush_denormal(True):
    raise SystemExit(print("NOT APPLICABLE"))
product = torch.full((4_000_000,), 2e-38) * 0.1
print(f"{product.count_nonzero().item() / len(product):.0%} {np.count_nonzero(array * np.float32(0.1)) / 1000:.0%}")
PY
early=$("$work/venv/bin/python" -W ignore "$work/look.py" early)
late=$("$work/venv/bin/python" -W ignore "$work/look.py" late)
echo "not flushed, PyTorch and NumPy: switched on before the first operation $early, after it $late"
echo "a good guess: 0% 100%, both times"
case "$early, $late" in
*NOT*) echo "NOT APPLICABLE: no such switch on this processor" ;;
"0% 0%, 50% 0%") echo HOLDS ;;
*) echo CHANGED; exit 1 ;;
esac
