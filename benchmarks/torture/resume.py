"""A training that is told to end (SIGTERM) and taken up again every minute, beside one that is left in peace.

Their losses must be equal to the bit. Both run for the same time, one after the other; what both have reached counts.
"""

import signal
import tempfile
import time
from pathlib import Path

from benchmarks.torture.training import figures, finish, start, steps_done

SETTINGS = ["--limit", "2000", "--hidden", "32", "--bidirectional", "--epochs", "100000", "--patience", "100000"]
MINUTE = 60.0


def run(minutes, say):
    """Disturb a training for half of so many minutes, and leave another one in peace for as long; -> figures.

    AssertionError where their losses differ.
    """
    with tempfile.TemporaryDirectory() as folder:
        resumes = disturb(folder, 30 * minutes, min(MINUTE, 30 * minutes / 4), say)
        epochs, steps = len(figures(Path(folder, "disturbed"))), steps_done(Path(folder, "disturbed"))
        say(f"resume: {steps} steps in {resumes + 1} processes; now as many in one")
        process = start(*SETTINGS, "--out", "peace", "--save-every", "0.05", cwd=folder)
        wait_for(process, Path(folder, "peace"), epochs)
        finish_by_signal(process)
        wanted, came = (figures(Path(folder, name))[:epochs] for name in ("peace", "disturbed"))
    assert epochs > 0, "expected at least one epoch in the time given, got none"
    different = [row for row, (a, b) in enumerate(zip(wanted, came), start=1) if a != b]
    assert not different, f"expected equal losses in {epochs} epochs, they differ from epoch {different[0]} on"
    return {"epochs": epochs, "steps": steps, "resumes": resumes, "epochs that differ": 0}


def disturb(folder, seconds, interval, say):
    """Train for so many seconds, in processes of `interval` seconds each; -> how often it was taken up again."""
    end, processes = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        arguments = ["--resume", "disturbed"] if processes else [*SETTINGS, "--out", "disturbed"]
        process, began = start(*arguments, cwd=folder), steps_done(Path(folder, "disturbed"))
        until = time.monotonic() + interval
        while process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        finish_by_signal(process)
        processes += 1
        done = steps_done(Path(folder, "disturbed"))
        assert done > began, f"expected further steps from process {processes}, got {done} after {began}"
        say(f"resume: {done} steps after process {processes}")
    return processes - 1


def wait_for(process, folder, epochs):
    """Until so many epochs are saved."""
    while process.poll() is None and not (folder / "last.npz").exists():
        time.sleep(0.05)
    while process.poll() is None and len(figures(folder)) < epochs:
        time.sleep(0.2)


def finish_by_signal(process):
    process.send_signal(signal.SIGTERM)
    finish(process, 143)
