"""A small training in a process of its own, and the contents of its last.npz: shared by `kills` and `resume`."""

import os
import subprocess
import sys
from pathlib import Path

from common.files.checkpoint import load_checkpoint

ROOT = Path(__file__).parents[2]
FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy", "grad_norm", "lr")


def start(*arguments, cwd):
    """`sentifish train` with these arguments, in the folder `cwd`; -> Popen."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    command = [sys.executable, "-m", "ch_sentiment", "train", "--quiet", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=pipe, text=True)  # noqa: S603


def finish(process, code):
    """Wait for it. AssertionError unless it ends with this exit code."""
    _, err = process.communicate()
    assert process.returncode == code, f"expected exit code {code}, got {process.returncode}: {err}"


def training(folder):
    """The metadata in the last.npz of a run; {} before there is one. CheckpointError where it is damaged."""
    path = Path(folder) / "last.npz"
    return load_checkpoint(path)[1] if path.exists() else {}


def steps_done(folder):
    """How many steps are saved."""
    return training(folder).get("position", {"step": -1})["step"]


def figures(folder):
    """The history, to the bit: a list per epoch of float.hex of its figures."""
    rows = training(folder)["history"]
    return [[None if row[name] is None else float(row[name]).hex() for name in FIGURES] for row in rows]
