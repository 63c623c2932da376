"""How much memory a process and all that it started hold together: what they share is counted once (Linux).

The sum of their PSS, the "proportional set size": each page divided by the number of processes that have it.
"""

import contextlib
import os
import subprocess
from pathlib import Path

EVERY = 0.05  # seconds between two looks


def is_known():
    """Whether this system tells what processes share."""
    return os.path.exists("/proc/self/smaps_rollup")


def run(command, **how):
    """Run a command; -> CompletedProcess, and the most bytes that it and its descendants were seen to hold."""
    most = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how) as process:  # noqa: S603
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    output = process.communicate(timeout=EVERY)
                    return subprocess.CompletedProcess(command, process.returncode, *output), most
                most = max(most, sum(map(held_by, family(process.pid))))
        except BaseException:
            process.kill()
            raise


def family(pid):
    """A process and its descendants: list of their numbers."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):  # it has ended
            for file in Path(f"/proc/{one}/task").glob("*/children"):
                found += map(int, file.read_text().split())
    return found


def held_by(pid):
    """Bytes; 0 of a process that has ended."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return 0
