#!/usr/bin/env bash
# threadpoolctl: two threads that each limit BLAS to one thread, for times that overlap, leave the process at one for
# good; and the second computes with all threads within its own limit.
# Version: threadpoolctl 3.8.0, numpy 2.5.5 (its OpenBLAS with the pthreads layer). Needs two processors or more.
# Good guess: each thread's block has its limit, and after both all is as it was; 3.8 has code for just this (the first
#   thread controls OpenBLAS, the limits of others do nothing meanwhile).
# Seen: B enters while A is in (its limit does nothing, but it notes "1" as what to restore), A leaves and restores 2, B
#   goes on with 2; then B leaves, is now in control, and "restores" 1. Later work has one thread, without a word.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check threadpoolctl==3.8.0 numpy==2.5.5

OPENBLAS_NUM_THREADS=2 "$work/venv/bin/python" - <<'PY'
from threading import Event, Thread

import numpy  # noqa: F401, brings OpenBLAS
from threadpoolctl import threadpool_info, threadpool_limits


def threads():
    return next(lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas")


log = [("before", threads())]
if log != [("before", 2)]:
    raise SystemExit(print("NOT APPLICABLE: OpenBLAS has no two threads here:", log))
a_in, b_in, a_out = Event(), Event(), Event()


def first():
    with threadpool_limits(1, "blas"):
        a_in.set()
        b_in.wait(60)
    log.append(("A has left", threads()))
    a_out.set()


def second():
    a_in.wait(60)
    with threadpool_limits(1, "blas"):
        b_in.set()
        a_out.wait(60)
        log.append(("B within its limit of 1", threads()))
    log.append(("B has left", threads()))


pair = Thread(target=first), Thread(target=second)
for thread in pair:
    thread.start()
for thread in pair:
    thread.join()
log.append(("both have ended", threads()))
for what, n in log:
    print(f"{what}: {n} BLAS threads")
print("a good guess: 2, then 1 or 2, then 1, 2, 2")
raise SystemExit(print("HOLDS") if [n for _, n in log] == [2, 2, 2, 1, 1] else "CHANGED")
PY
