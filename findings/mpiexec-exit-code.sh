#!/usr/bin/env bash
# mpiexec (MPICH's Hydra): its exit code is the bitwise or of the ranks' codes, and a signal's number stands bare in it.
# Version: mpich 5.0.2 from PyPI. No MPI program is needed: the ranks here are shells.
# Good guess: the first or the highest code that is not 0; 128 + 15 = 143 for a rank that SIGTERM ended, as in a shell.
# Seen: 1 and 2 make 3, a code that no rank gave; 1 and 130 make 131; SIGTERM makes 15 and SIGKILL 9. So a wrapper that
#   tells causes by exit code (2: usage, 130: interrupted) must be sure that all ranks end with the same one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check mpich==5.0.2
mpiexec=$work/venv/bin/mpiexec

changed=0
expect() { # WHAT SEEN KNOWN GUESS
    echo "$1: mpiexec ended with $2 (a good guess: $4)"
    [ "$2" = "$3" ] || changed=1
}
codes() { # the exit code of mpiexec for two ranks that end with $1 and $2
    local rc=0
    "$mpiexec" -n 2 sh -c 'if [ "$PMI_RANK" = 0 ]; then exit '"$1"'; else exit '"$2"'; fi' > "$work/log" 2>&1 || rc=$?
    echo "$rc"
}
killed() { # the same for one rank that gets signal $1
    local rc=0
    "$mpiexec" -n 1 sh -c 'kill -'"$1"' $$' > "$work/log" 2>&1 || rc=$?
    echo "$rc"
}
expect "ranks end with 0 and 2" "$(codes 0 2)" 2 2
expect "ranks end with 3 and 3" "$(codes 3 3)" 3 3
expect "ranks end with 1 and 2" "$(codes 1 2)" 3 "1 or 2"
expect "ranks end with 4 and 1" "$(codes 4 1)" 5 "4 or 1"
expect "ranks end with 1 and 130" "$(codes 1 130)" 131 "1 or 130"
expect "the rank gets SIGTERM" "$(killed TERM)" 15 143
expect "the rank gets SIGKILL" "$(killed KILL)" 9 137
if [ "$changed" = 0 ]; then echo HOLDS; else echo CHANGED; exit 1; fi
