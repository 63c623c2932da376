#!/usr/bin/env bash
# NumPy: np.exp of a reversed view rounds some numbers otherwise than np.exp of the same numbers forwards.
# Version: numpy 2.5.5. Depends on the processor: x86-64 with AVX-512 (NumPy's X86_V4); on another one this says so and
#   ends. NPY_DISABLE_CPU_FEATURES=X86_V4 takes the difference away, which is checked as well.
# Good guess: an elementwise function gives each number its own result, wherever the number stands:
#   np.exp(x[::-1]) is np.exp(x)[::-1].
# Seen: float64, one axis, a negative step: some 4 % of the results differ by one unit in the last place. Positive steps,
#   tanh, log, float32, and a batch (n, time, features) reversed in time do not.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check numpy==2.5.5

cat > "$work/exp.py" <<'PY'
import sys

import numpy as np

avx512 = "X86_V4" in np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
if len(sys.argv) == 1 and not avx512:
    raise SystemExit(print("NOT APPLICABLE: NumPy uses no AVX-512 here"))
x = np.random.default_rng(0).standard_normal(4096) * 3
batch = x.reshape(8, 16, 32)
differ = {
    "exp, x[::-1]": np.exp(x[::-1])[::-1] != np.exp(x),
    "exp, x[::2]": np.exp(x[::2]) != np.exp(x)[::2],
    "tanh, x[::-1]": np.tanh(x[::-1])[::-1] != np.tanh(x),
    "exp, float32, x[::-1]": np.exp(x.astype("f4")[::-1])[::-1] != np.exp(x.astype("f4")),
    "exp, batch[:, ::-1]": np.exp(batch[:, ::-1])[:, ::-1] != np.exp(batch),
}
counts = {name: int(found.sum()) for name, found in differ.items()}
reversed_exp = counts.pop("exp, x[::-1]")
print("with" if avx512 else "without", f"AVX-512, of 4096: exp, x[::-1]: {reversed_exp} differ;", counts)
raise SystemExit(print("HOLDS") if (reversed_exp > 0) == avx512 and not any(counts.values()) else "CHANGED")
PY
echo "a good guess: 0 everywhere"
"$work/venv/bin/python" "$work/exp.py"
NPY_DISABLE_CPU_FEATURES=X86_V4 "$work/venv/bin/python" "$work/exp.py" without
