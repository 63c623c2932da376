"""kill -9 at random moments of a training that saves after every step.

Each time the checkpoint must load, hold at least as many steps as before, and resume; in the end its losses and its
model must be, bit for bit, those of an uninterrupted training.
"""

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.torture.training import figures, finish, start, steps_done
from ch_sentiment.experiment.classifier import Classifier

SETTINGS = ["--limit", "200", "--hidden", "4", "--wordvec", "4", "--patience", "1000", "--batch-size", "32"]


def run(minutes, say):
    """Kill for so many minutes; -> figures. AssertionError where a kill did harm."""
    end = time.monotonic() + 60 * minutes
    rng = np.random.default_rng()
    kills, trainings = 0, 0
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory() as folder:
            kills += kill_one_training(folder, rng, epochs=60, most=40, end=end, seed=trainings)
        trainings += 1
        say(f"kills: {kills} kills in {trainings} trainings, no checkpoint damaged, no loss changed")
    return {"kills": kills, "trainings": trainings, "damaged checkpoints": 0, "changed losses": 0}


def kill_one_training(folder, rng, epochs, most, end=float("inf"), seed=0):
    """Kill one training up to `most` times, let it end, and compare it with an uninterrupted one; -> kills."""
    how = [*SETTINGS, "--epochs", epochs, "--seed", seed, "--out"]
    finish(start(*how, "uninterrupted", cwd=folder), 0)
    killed, kills, steps = Path(folder, "killed"), 0, -1
    while kills < most and time.monotonic() < end:
        process = start(*_arguments(how, steps), "--save-every", "0", cwd=folder)
        moment = _random_moment(process, killed, steps, rng)
        process.kill()
        _, err = process.communicate()
        if process.returncode == 0:  # it was faster
            break
        assert process.returncode == -9, f"expected to kill it {moment}, it had ended with {process.returncode}: {err}"
        kills += 1
        found = steps_done(killed)  # loads it whole
        assert found >= steps, f"killed {moment}: expected at least {steps} steps in last.npz, got {found}"
        steps = found
        if (killed / "model.npz").exists():
            Classifier.load(killed)
    finish(start(*_arguments(how, steps_done(killed)), cwd=folder), 0)
    uninterrupted = Path(folder, "uninterrupted")
    assert figures(killed) == figures(uninterrupted), "expected the losses of an uninterrupted training, got others"
    same = (killed / "model.npz").read_bytes() == (uninterrupted / "model.npz").read_bytes()
    assert same, "expected the model of an uninterrupted training, got another"
    left = sorted(path.name for path in killed.iterdir() if path.suffix == ".tmp")
    assert not left, f"expected no temporary files of dead processes, got {left}"
    return kills


def _arguments(how, steps):
    """Start again where nothing was saved before the kill, otherwise resume."""
    return [*how, "killed", "--overwrite"] if steps < 0 else ["--resume", "killed"]


def _random_moment(process, folder, steps, rng):
    """Sleep: one time in five while it starts, otherwise until shortly after it saved a step; -> when that was."""
    seconds = rng.uniform(0, 0.6)
    if rng.random() < 0.2:
        time.sleep(seconds)
        return f"{seconds:.3f} s after its start"
    while process.poll() is None and steps_done(folder) <= steps:
        time.sleep(0.01)
    time.sleep(seconds)
    return f"{seconds:.3f} s after a step"
