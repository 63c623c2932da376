#!/usr/bin/env bash
# OpenBLAS, as NumPy's wheels bring it: whether a row of x @ w has the same bits in another batch depends on the kernel,
# and the older kernel is the worse one.
# Version: numpy 2.5.5 (its OpenBLAS says 0.3.34), threadpoolctl 3.8.0; one thread. Depends on the processor: Linux on
#   x86-64; SkylakeX needs AVX-512, Haswell AVX2; what this processor lacks is left out. OPENBLAS_CORETYPE chooses.
# Good guess: a row alone (matrix by vector) may be rounded otherwise; in batches of two or more it is always the same.
# Seen, float32, 64 rows of 100 by (100, 128): SkylakeX as guessed: only the row alone differs. Haswell: the row alone,
#   and the rows after the last full dozen of a batch (of the first 32 rows, multiplied without the others, 8 differ).
#   So a test that a text scores the same bits alone, or in any batch of two, can pass here and fail on an older machine.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check numpy==2.5.5 threadpoolctl==3.8.0

cat > "$work/rows.py" <<'PY'
import sys

import numpy as np
from threadpoolctl import threadpool_info

(blas,) = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
if blas["architecture"] != sys.argv[1]:
    raise SystemExit(print(f"NOT APPLICABLE: asked for {sys.argv[1]}, OpenBLAS took {blas['architecture']}"))
rng = np.random.default_rng(0)
x, w = rng.standard_normal((64, 100), np.float32), rng.standard_normal((100, 128), np.float32)
whole = x @ w
differ = {n: int((x[:n] @ w != whole[:n]).any(axis=1).sum()) for n in range(1, 65)}
others = [n for n, rows in differ.items() if rows and n > 1]
print(f"{sys.argv[1]}: a row alone: {'other bits' if differ[1] else 'the same bits'} than among 64; "
      f"{len(others)} of the sizes from 2 to 63 have such rows; of the first 32 rows {differ[32]}")
known = [] if sys.argv[1] == "SkylakeX" else [n for n in range(2, 64) if n % 12]
raise SystemExit(print("HOLDS") if differ[1] and others == known else "CHANGED")
PY
has() { for flag in "$@"; do grep -qw "$flag" /proc/cpuinfo || return 1; done; }
try() { OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=$1 "$work/venv/bin/python" "$work/rows.py" "$1"; }
echo "a good guess: at most the row alone differs, with any kernel"
if has avx512f avx512bw avx512dq avx512vl; then try SkylakeX; else echo "NOT APPLICABLE: no AVX-512 here"; fi
if has avx2 fma; then try Haswell; else echo "NOT APPLICABLE: no AVX2 here"; fi
