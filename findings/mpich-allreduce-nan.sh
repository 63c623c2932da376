#!/usr/bin/env bash
# MPICH: after Allreduce(MAX) the ranks do not all hold the same number, if one of them gave a NaN.
# Version: mpi4py 4.1.2 with mpich 5.0.2 from PyPI, numpy 2.5.5; two ranks, float64.
# Good guess: NaN everywhere (as np.maximum), or the other number everywhere (as np.fmax); in any case the same on all
#   ranks, for that is what Allreduce is for.
# Seen: each rank holds what the OTHER one gave, because a comparison with NaN is false. From 512 numbers on (4 KiB)
#   another algorithm takes over: half of the array holds NaN on all ranks, the other half none. SUM gives NaN to all.
#   A rank that stops by this answer ("some rank has a NaN") stops alone, and the others wait for it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check mpi4py==4.1.2 mpich==5.0.2 numpy==2.5.5

cat > "$work/ranks.py" <<'PY'
import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD


def answer(op, holder, n):
    """What each rank holds afterwards: the distinct numbers, as text."""
    own = np.full(n, np.nan if comm.rank == holder else comm.rank + 1.0)
    total = np.empty(n)
    comm.Allreduce(own, total, op)
    return comm.gather(sorted({str(float(x)) for x in total}))


found = [
    ("MAX, rank 0 gives NaN, rank 1 gives 2.0", answer(MPI.MAX, 0, 1), [["2.0"], ["nan"]]),
    ("MAX, rank 0 gives 1.0, rank 1 gives NaN", answer(MPI.MAX, 1, 1), [["nan"], ["1.0"]]),
    ("MIN, rank 0 gives NaN, rank 1 gives 2.0", answer(MPI.MIN, 0, 1), [["2.0"], ["nan"]]),
    ("MAX of 512 numbers, rank 0 gives NaNs", answer(MPI.MAX, 0, 512), [["2.0", "nan"]] * 2),
    ("SUM, rank 0 gives NaN", answer(MPI.SUM, 0, 1), [["nan"]] * 2),
]
if comm.rank == 0:
    for what, seen, known in found:
        print(f"{what}: rank 0 holds {seen[0]}, rank 1 holds {seen[1]}")
    print("a good guess: the same on both ranks, NaN most likely")
    print("HOLDS" if all(seen == known for _, seen, known in found) else "CHANGED")
PY
"$work/venv/bin/mpiexec" -n 2 "$work/venv/bin/python" "$work/ranks.py" | tee "$work/out"
grep -qx HOLDS "$work/out"
