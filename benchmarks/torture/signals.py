"""Ctrl-C and SIGTERM, once or twice, at random moments of commands, from their first line to the exit.

Each time the command must end with the code of the signal, or 0 where it was done, in lines that are no traceback; what
it wrote must load and a training must resume; no temporary file, empty folder or process may be left.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.torture.texts import save_small_model
from benchmarks.torture.training import ROOT, training
from ch_sentiment.experiment.classifier import Classifier

TRAIN = ["--limit", "200", "--hidden", "4", "--wordvec", "4", "--epochs", "3", "--batch-size", "16"]
COMMANDS = {  # arguments; "model" is a model, "texts.tsv" a file of labelled texts
    "train": ["--data", "texts.tsv", *TRAIN, "--save-every", "0", "--out", "deep/run"],
    "evaluate": ["model", "texts.tsv", "--figures", "figures"],
    "predict": ["model", "--data", "texts.tsv", "--processes", "2"],
    "tune": ["--data", "texts.tsv", *TRAIN, "--trials", "2", "--processes", "2", "--vary", "hidden=2,3", "--out", "t"],
}
OF_TRAIN = 0.7  # share of the signals that are for `train`
GRACE = 2.0  # seconds that a copy has to notice that the process that made it has ended
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
WORDS = ("Traceback", "Exception ignored", "Error", "cannot be")


def run(minutes, say):
    """Signals for so many minutes; -> figures. AssertionError naming the signal that did harm."""
    rng, end = np.random.default_rng(), time.monotonic() + 60 * minutes
    counts = dict.fromkeys(("signals", "interrupted", "done before", "resumed"), 0)
    with tempfile.TemporaryDirectory() as folder:
        seconds = prepare(folder)
        while time.monotonic() < end:
            for ended in one(folder, rng, seconds):
                counts[ended] += 1
            say(f"signals: {counts['signals']}, {counts['resumed']} trainings resumed")
    return {**counts, "tracebacks": 0, "damaged files": 0, "left over": 0}


def prepare(folder, timed=True):
    """A model and texts; -> how long each command takes without a signal, in seconds."""
    Path(folder, "model").mkdir()
    save_small_model(Path(folder, "model"))
    rows = [("positive", "a good film"), ("negative", "a bad film"), ("negative", "not good !")]
    text = "".join(f"{label}\t{text} {i}\n" for i in range(400) for label, text in rows)
    Path(folder, "texts.tsv").write_text(text, encoding="utf-8")
    return {name: _timed(folder, name) for name in COMMANDS if timed}


def _timed(folder, name):
    with tempfile.TemporaryDirectory(dir=folder) as work:
        process = start(folder, work, name, COMMANDS[name])
        begun = time.monotonic()
        _, err = process.communicate()
        assert process.returncode == 0, f"{name}: {err}"
        return time.monotonic() - begun


def one(folder, rng, seconds, name=None, numbers=None):
    """One command and its signal, or two; yields what to count. AssertionError."""
    name = name or ("train" if rng.random() < OF_TRAIN else str(rng.choice(list(COMMANDS)[1:])))
    numbers = numbers or [list(CODES)[i] for i in rng.integers(2, size=rng.choice([1, 1, 2]))]
    delay, gap = rng.uniform(0, 1.05 * seconds[name]), rng.uniform(0, 0.2) * rng.integers(2)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        process = start(folder, work, name, COMMANDS[name])
        moment = f"{name}, {[n.name for n in numbers]} {gap:.3f} s apart, {delay:.3f} s after its start"
        time.sleep(delay)
        for number in numbers:
            process.send_signal(number)
            time.sleep(gap)
        try:
            _, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{moment}: it has not ended within a minute") from None
        finally:
            left = _end_session(process.pid)
        assert not left, f"{moment}: a process was left over: {err}"
        yield "signals"
        check_end(process.returncode, err, numbers, moment)
        yield "interrupted" if process.returncode else "done before"
        left = list(left_over(work))
        assert not left, f"{moment}: left over: {left}; {err}"
        yield from _resumed(folder, work, moment)


def start(folder, work, name, arguments):
    """The command in a session of its own, once its first line has run; -> Popen."""
    arguments = [os.path.join(folder, a) if a in ("model", "texts.tsv") else a for a in arguments]
    os.makedirs(Path(work, "tmp"), exist_ok=True)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", "TMPDIR": str(Path(work, "tmp"))}
    command = [sys.executable, "-m", "ch_sentiment", name, *arguments]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=work, env=env, start_new_session=True, **streams)  # noqa: S603
    while process.poll() is None and not _catches(process.pid, signal.SIGTERM):
        time.sleep(0.001)
    return process


def _catches(pid, number):
    """Whether a process has a handler of a signal: before that it is the interpreter, which starts. Linux."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return bool(int(status.split("SigCgt:")[1].split()[0], 16) >> (number - 1) & 1)


def check_end(code, err, numbers, moment):
    """AssertionError unless a command ended as one that got these signals may."""
    allowed = {0, *(CODES[number] for number in numbers)}
    assert code in allowed, f"{moment}: expected exit code of {sorted(allowed)}, got {code}: {err}"
    said = [word for word in WORDS if word in err]
    assert not said, f"{moment}: {said} in {err}"
    assert code == 0 or err.count("\n") <= 3, f"{moment}: expected a line or two, got {err}"


def left_over(work):
    """Names of temporary files, locks and empty folders."""
    for path in Path(work).rglob("*"):
        in_tmp = path.parent.name == "tmp"
        if path.suffix == ".tmp" or path.name == ".lock" or in_tmp:
            yield path.name
        elif path.is_dir() and path.name not in ("tmp", "figures") and not any(path.iterdir()):
            yield f"{path.name}/"


def _resumed(folder, work, moment):
    run_folder = Path(work, "deep", "run")
    if (run_folder / "model.npz").exists():
        Classifier.load(run_folder)
    if training(run_folder):  # loads last.npz whole
        process = start(folder, work, "train", ["--resume", "deep/run", "--quiet"])
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, f"{moment}: cannot be resumed: {err}"
        Classifier.load(run_folder)
        yield "resumed"


def _end_session(pid):
    """Kill what is left of a session after GRACE; -> whether something was."""
    end = time.monotonic() + GRACE
    while (left := _alive_in(pid)) and time.monotonic() < end:
        time.sleep(0.02)
    if left:
        os.killpg(pid, signal.SIGKILL)
    return bool(left)


def _alive_in(session):
    """Processes of a session that have not ended. Linux."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of = path.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[:4]
        except (OSError, ValueError):  # it has ended meanwhile
            continue
        if int(of) == session and state != "Z":
            found.append(int(path.parent.name))
    return found
