#!/usr/bin/env bash
# NumPy: np.vdot and np.einsum overflow to infinity in silence, also under np.errstate(all="raise").
# Version: numpy 2.5.5.
# Good guess: the sum of squares of an array is one thing, however it is written: np.dot, np.vdot, @, np.inner,
#   np.vecdot and np.einsum either all obey errstate or none does, so that a guard around a training step catches a norm
#   that is no longer finite.
# Seen: a thousand float32 of 3e37 have squares beyond float32. dot, @, inner, vecdot, tensordot and linalg.norm raise
#   FloatingPointError under errstate(all="raise"); vdot and einsum return inf and raise nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check numpy==2.5.5

cat > "$work/vdot.py" <<'PY'
import numpy as np

a = np.full(1000, 3e37, np.float32)
ways = {
    "dot": lambda: np.dot(a, a),
    "matmul": lambda: a @ a,
    "inner": lambda: np.inner(a, a),
    "vecdot": lambda: np.vecdot(a, a),
    "tensordot": lambda: np.tensordot(a, a, 1),
    "linalg.norm": lambda: np.linalg.norm(a),
    "vdot": lambda: np.vdot(a, a),
    "einsum": lambda: np.einsum("i,i", a, a),
}
silent = []
for name, way in ways.items():
    try:
        with np.errstate(all="raise"):
            found = way()
        silent.append(name)
        print(f"{name}: {found}, no error")
    except FloatingPointError as error:
        print(f"{name}: FloatingPointError: {error}")
raise SystemExit(print("HOLDS") if silent == ["vdot", "einsum"] else "CHANGED")
PY
echo "a good guess: all raise, or none does"
"$work/venv/bin/python" "$work/vdot.py"
