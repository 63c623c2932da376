"""`mpiexec -n 2 sentifish ...`, of which one rank fails: at each place, in each manner, with and without input.

Each job must end in time, say why once, with the right exit code, and leave no process and no folder. Without mpi4py
and an mpiexec beside this Python (pip install -e '.[mpi]') there is nothing to run.
"""

import importlib.util
import itertools
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT = 10  # seconds for a job
MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"])))
AVAILABLE = MPIEXEC is not None and importlib.util.find_spec("mpi4py") is not None

CODES = {  # manner of failing: exit code of the job; mpiexec gives a bare signal for a rank that is killed
    "RuntimeError": 1,
    **dict.fromkeys(("ValueError", "MemoryError", "full disk"), 2),
    **dict.fromkeys(("FloatingPointError", "SystemExit"), 3),
    **dict.fromkeys(("KeyboardInterrupt", "SIGINT"), 130),
    "SIGTERM": 143,
    "SIGKILL": 9,
}
PLACES = {  # where: module, what is called there, at which call, on which ranks
    "import": ("common.trainer", None, 1, (0, 1)),
    "options": ("argparse", "ArgumentParser.parse_known_args", 1, (0,)),
    "reading": ("ch_sentiment.experiment.load", "load", 1, (0,)),
    "receiving": ("common.training.mpi", "hear", 1, (1,)),
    "building": ("common.trainer", "Trainer.__init__", 1, (0, 1)),
    "training": ("common.trainer", "Trainer._train_step", 9, (0, 1)),
    "validating": ("common.trainer", "score", 1, (0, 1)),
    "scoring": ("ch_sentiment.experiment.run", "Experiment.score", 1, (0,)),
    "writing": ("common.files.atomic_write", "_write_all", 2, (0,)),
    "waiting": ("common.training.mpi", "hear", 2, (1,)),
}
SMALL = ("--data", "phrases", "--limit", "300", "--hidden", "8", "--wordvec", "8", "--epochs", "2", "--out", "run")
ALONE = {  # a command for one process: arguments with which it would wait, work or write
    **dict.fromkeys(("baseline", "compare", "lr-find", "recipes", "tune"), ()),
    **dict.fromkeys(("audit", "compact", "inspect", "speeches"), ("model",)),
    "predict": ("model", "--json"),
    "evaluate": ("model", "--data", "/dev/stdin"),
    "explain": ("model", "text"),
    "check-data": ("/dev/stdin",),
    "data": ("list",),
    "exercises": ("list",),
    "export": ("model", "--onnx", "x.onnx"),
    "pretrain": ("texts.txt",),
    "vectors": ("nearest", "model", "good"),
}
ORDERLY = (  # arguments, exit code, how many messages on standard error
    (("--help",), 0, 0),
    (("--version",), 0, 0),
    (("train", "--help"), 0, 0),
    (("train", "--nonsense"), 2, 1),
    (("nonsense",), 2, 1),
    ((), 2, 1),
    (("train", "nowhere.tsv"), 2, 1),
    (("train", *SMALL, "--lr", "1e38"), 3, 1),
    (("train", *SMALL), 0, 0),
)
INJECTED = """
import functools, importlib, os, signal, sys

module, name, call, manner, rank = sys.argv[1:6]
sys.argv[:6] = ["sentifish"]


def fail():
    if manner.startswith("SIG"):
        return os.kill(os.getpid(), getattr(signal, manner))
    if manner == "full disk":
        raise OSError(28, "No space left on device", "run/last.npz")
    raise {"SystemExit": SystemExit(3)}.get(manner) or getattr(__builtins__, manner)(manner * (manner[:3] != "Mem"))


class Finder:
    def find_spec(self, imported, path=None, target=None):
        if imported == module:
            fail()


if os.environ.get("PMI_RANK") == rank:
    if name == "None":
        sys.meta_path.insert(0, Finder())
    else:
        owner = importlib.import_module(module)
        *outer, name = name.split(".")
        owner = functools.reduce(getattr, outer, owner)
        original, calls = getattr(owner, name), []

        @functools.wraps(original)
        def failing(*args, **kwargs):
            calls.append(1)
            if len(calls) == int(call):
                fail()
            return original(*args, **kwargs)

        setattr(owner, name, failing)
from ch_sentiment.__main__ import main

sys.exit(main())
"""


def run(minutes, say):
    """Every orderly end and every refusal, then failures in random order; -> figures. AssertionError for a bad end."""
    assert AVAILABLE, "expected mpi4py and mpiexec, pip install -e '.[mpi]'"
    end, slowest, jobs = time.monotonic() + 60 * minutes, 0, 0
    cases = [((), *case) for case in ORDERLY]
    cases += [((), (name, *given), 2, 1) for name, given in ALONE.items()]
    failures = list(failures_of_training())
    random.shuffle(failures)
    for (how, arguments, code, messages), given in zip(cases + failures, itertools.cycle(("text", "none", "open"))):
        if time.monotonic() > end:
            break
        slowest = max(slowest, one_job(how, arguments, code, messages, given))
        jobs += 1
        if jobs % 20 == 0:
            say(f"ranks: {jobs} of {len(cases) + len(failures)} jobs, the slowest took {slowest:.1f} s")
    figures = {"jobs": jobs, "of": len(cases) + len(failures), "seconds of the slowest": round(slowest, 1)}
    return {**figures, "other codes": 0, "more than one message": 0, "processes left": 0, "folders left": 0}


def failures_of_training():
    """-> what is injected, arguments, exit code and how many messages are expected, of each way to fail."""
    for (place, (module, name, call, ranks)), (manner, code) in itertools.product(PLACES.items(), CODES.items()):
        if (manner == "full disk") != (place == "writing" and manner == "full disk"):
            continue
        messages = 0 if manner == "SIGKILL" or (place, manner) == ("options", "SystemExit") else 1
        if place == "import" and code < 4:
            code = 2  # an installation that is not whole
        for rank in ranks:
            yield (module, str(name), str(call), manner, str(rank)), ("train", *SMALL), code, messages


def one_job(how, arguments, code, messages, given="none"):
    """Run a job of two ranks; -> its seconds. how: what is injected, () for nothing. given: as standard input, a
    "text", "none", or a pipe that stays "open". AssertionError.
    """
    mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory() as folder:
        work, temporary = Path(folder, "work"), Path(folder, "temporary")
        work.mkdir(), temporary.mkdir()
        Path(folder, "injected.py").write_text(INJECTED)
        program = [os.path.join(folder, "injected.py"), *how] if how else ["-m", "ch_sentiment"]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", "TMPDIR": str(temporary), "TORTURE": mark}
        command, pipe = [MPIEXEC, "-n", "2", sys.executable, *program, *arguments], subprocess.PIPE
        stdin, other_end = os.pipe()
        start = time.monotonic()
        job = subprocess.Popen(command, cwd=work, env=env, stdin=stdin, stdout=pipe, stderr=pipe, text=True)  # noqa: S603
        os.close(stdin)
        os.write(other_end, b"a text\n" if given == "text" else b"")
        try:
            if given != "open":
                os.close(other_end)
            out, err = job.communicate(timeout=LIMIT)
            seconds = time.monotonic() - start
            while (left := processes(mark)) and time.monotonic() < start + seconds + 2:  # that they die takes a moment
                time.sleep(0.02)
        except subprocess.TimeoutExpired:
            job.kill()
            out, err = job.communicate()
            seconds, left = LIMIT, []
        finally:
            if given == "open":
                os.close(other_end)
            for pid in processes(mark):
                os.kill(pid, 9)
        case = f"{' '.join(how)}: {' '.join(arguments)} with {given} on standard input"
        assert seconds < LIMIT, f"{case}: expected an end within {LIMIT} s, got {seconds:.1f} s: {err}"
        assert job.returncode == code, f"{case}: expected exit code {code}, got {job.returncode}: {out}{err}"
        said = re.findall(r"^(?:sentifish|Traceback|interrupted|terminated).*", err, re.MULTILINE)
        assert len(said) == messages, f"{case}: expected {messages} messages, got {len(said)}: {err}"
        assert not left, f"{case}: expected no process that is left, got {left}"
        stale = [] if "SIGKILL" in how else work.rglob("*.tmp")  # the next training removes it
        found = [*map(str, temporary.iterdir()), *map(str, stale)]
        found += [path.name for path in work.iterdir() if path.name != "run"]
        assert not found, f"{case}: expected nothing that is left, got {found}"
    return seconds


def processes(mark):
    """-> ids of the living processes that have this mark in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += [int(path.parent.name)] if f"TORTURE={mark}".encode() in path.read_bytes() else []
        except OSError:  # it has ended, or belongs to another user
            continue
    return found
