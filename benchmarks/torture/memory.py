"""A million lines through `sentifish predict`, whose memory must not grow after the first 10,000.

The resident memory is that of /proc, so this runs on Linux alone.
"""

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.torture.texts import WORDS, save_small_model

LINES, FIRST = 1_000_000, 10_000
ALLOWED = 50_000_000  # bytes of growth
LEAST = 50_000  # lines, however little time there is


def run(minutes, say):
    """A million lines, or as many as the minutes allow. -> figures; AssertionError where it grew or lacks answers."""
    answers, resident, fed = 0, [], []
    with tempfile.TemporaryDirectory() as folder:
        save_small_model(folder)
        command = [sys.executable, "-m", "ch_sentiment", "predict", folder]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:  # noqa: S603
            began = time.monotonic()
            feeder = threading.Thread(target=feed, args=(process.stdin, began + 60 * minutes, fed))
            feeder.start()
            for _ in process.stdout:
                answers += 1
                if answers % FIRST == 0:
                    resident.append(resident_bytes(process.pid))
            feeder.join()
            seconds = time.monotonic() - began
    if process.returncode != 0 or answers != sum(fed):
        raise AssertionError(f"memory: {sum(fed)} lines, {answers} answers, exit code {process.returncode}")
    growth = max(resident) - resident[0]
    figures = {"lines": answers, "growth_mb": round(growth / 1e6, 1), "resident_mb": round(max(resident) / 1e6, 1)}
    say(f"memory: {answers:,} lines at {answers / seconds:,.0f} a second, {figures['growth_mb']} MB of growth")
    if growth >= ALLOWED:
        raise AssertionError(f"memory: expected growth under {ALLOWED / 1e6:.0f} MB, got {figures}")
    return figures


def feed(stdin, end, fed):
    """Write short lines, all different, until there are enough or the time is over; `fed` gets their number."""
    number = 0
    with contextlib.suppress(BrokenPipeError), stdin:  # where it ended early, its exit code is checked
        while number < LINES and (number < LEAST or time.monotonic() < end):
            number += 1
            stdin.write(f"{WORDS[number % len(WORDS)]} {'film ' * (number % 9)} not word{number}\n".encode())
    fed.append(number)


def resident_bytes(pid):
    """VmHWM, the peak resident memory of the process; 0 where it has just ended."""
    _, _, found = Path("/proc", str(pid), "status").read_text().partition("VmHWM:")
    return 1024 * int(found.split()[0]) if found else 0
