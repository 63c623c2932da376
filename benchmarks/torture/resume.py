"""A training that is stopped (SIGTERM) and resumed every minute, and an uninterrupted one.

Their losses must be equal to the bit. Both run for the same time, one after the other; the epochs that both have
finished are compared.
"""

import signal
import tempfile
import time
from pathlib import Path

from benchmarks.torture.training import figures, finish, start, steps_done

SETTINGS = ["--limit", "2000", "--hidden", "32", "--bidirectional", "--epochs", "100000", "--patience", "100000"]
MINUTE = 60.0


def run(minutes, say):
    """Interrupt a training for half of so many minutes, and run another one for as long; -> figures.

    AssertionError where their losses differ.
    """
    with tempfile.TemporaryDirectory() as folder:
        resumes = interrupt(folder, 30 * minutes, min(MINUTE, 30 * minutes / 4), say)
        epochs, steps = len(figures(Path(folder, "interrupted"))), steps_done(Path(folder, "interrupted"))
        say(f"resume: {steps} steps in {resumes + 1} processes; now as many in one")
        process = start(*SETTINGS, "--out", "uninterrupted", "--save-every", "0.05", cwd=folder)
        wait_for(process, Path(folder, "uninterrupted"), epochs)
        finish_by_signal(process)
        expected, got = (figures(Path(folder, name))[:epochs] for name in ("uninterrupted", "interrupted"))
    assert epochs > 0, "expected at least one epoch in the time given, got none"
    different = [row for row, (a, b) in enumerate(zip(expected, got), start=1) if a != b]
    assert not different, f"expected equal losses in {epochs} epochs, they differ from epoch {different[0]} on"
    return {"epochs": epochs, "steps": steps, "resumes": resumes, "epochs that differ": 0}


def interrupt(folder, seconds, interval, say):
    """Train for so many seconds, in processes of `interval` seconds each; -> how often it was resumed."""
    end, processes = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        arguments = ["--resume", "interrupted"] if processes else [*SETTINGS, "--out", "interrupted"]
        process, began = start(*arguments, cwd=folder), steps_done(Path(folder, "interrupted"))
        until = time.monotonic() + interval
        while process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        finish_by_signal(process)
        processes += 1
        done = steps_done(Path(folder, "interrupted"))
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
