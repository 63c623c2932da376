#!/usr/bin/env bash
# mpi4py: Allreduce adds two matrices number by number as they lie in memory: one in C order and one in Fortran order
# give sums of different elements, without a word.
# Version: mpi4py 4.1.2 with mpich 5.0.2 from PyPI, numpy 2.5.5; two ranks.
# Good guess: the sum of the matrices, as a + b gives it, or an error, as for an array that is not contiguous
#   (ValueError or BufferError).
# Seen: m in C order and the same m in Fortran order add up to [[0, 4, 3], [7, 6, 10]] instead of 2 * m. One rank that
#   keeps a weight transposed is enough.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check mpi4py==4.1.2 mpich==5.0.2 numpy==2.5.5

cat > "$work/ranks.py" <<'PY'
import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD
m = np.arange(6.0).reshape(2, 3)
total = np.empty((2, 3))
comm.Allreduce(m if comm.rank == 0 else np.asfortranarray(m), total)
try:
    comm.Allreduce(np.arange(12.0).reshape(2, 6)[:, ::2], np.empty((2, 3)))
    strided = "no error"
except (ValueError, BufferError) as error:
    strided = type(error).__name__
if comm.rank == 0:
    print("m:", m.tolist(), " m in C order + m in Fortran order:", total.tolist(), " every second column:", strided)
    print("a good guess:", (2 * m).tolist(), "or an error, as for every second column")
    print("HOLDS" if total.tolist() == [[0, 4, 3], [7, 6, 10]] and strided != "no error" else "CHANGED")
PY
"$work/venv/bin/mpiexec" -n 2 "$work/venv/bin/python" "$work/ranks.py" | tee "$work/out"
grep -qx HOLDS "$work/out"
