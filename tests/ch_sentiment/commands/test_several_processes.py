"""`sentifish train` on several processes: those of mpiexec, and those of one machine, make the same promises."""

import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from common import cores
from common.files.checkpoint import load_arrays

MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"])))
has_mpi = MPIEXEC is not None and importlib.util.find_spec("mpi4py") is not None
ENGINES = [
    pytest.param("mpi", marks=pytest.mark.skipif(not has_mpi, reason="pip install -e '.[mpi]'")),
    pytest.param("fork", marks=pytest.mark.skipif(not cores.can_fork(), reason="one process where there is no fork")),
]
both = pytest.mark.parametrize("engine", ENGINES)
SMALL = ("--limit", "200", "--hidden", "8", "--wordvec", "8", "--batch-size", "32", "--seed", "1")
LONG = (*SMALL, "--epochs", "100000", "--patience", "100000")


def start(*arguments, engine=None, cwd):
    """A training on two processes of an engine, or, without one, on a single process."""
    launch = [MPIEXEC, "-n", "2"] if engine == "mpi" else []
    more = ["--processes", "2" if engine == "fork" else "1"]
    command = [*launch, sys.executable, "-m", "ch_sentiment", "train", *arguments, *more]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=cwd, stdout=pipe, stderr=pipe, text=True, start_new_session=True)  # noqa: S603


def finish(job, code=0):
    out, err = job.communicate(timeout=300)
    assert job.returncode == code, out + err
    assert "Traceback" not in err
    return out, err


def history(folder):
    rows = json.loads(Path(folder, "history.json").read_text())
    return [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in rows]


def same(folder, other):
    for row, otherwise in zip(history(folder), history(other), strict=True):
        assert row == pytest.approx(otherwise, rel=1e-5)


def wait_for(path, job):
    while not path.exists():
        assert job.poll() is None, job.communicate()
        time.sleep(0.05)


def workers(job, engine):
    """The process ids of those that train: of mpiexec, its proxy's children; else the leader and its copies."""
    return children(children(job.pid)[0]) if engine == "mpi" else [job.pid, *children(job.pid)]


def children(pid):
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]


def check_none_is_left(pids):
    end = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < end, "a process was left behind"
        time.sleep(0.02)


@both
def test_they_give_the_history_of_one_process_and_resume_it_and_one_alone_prints_and_writes(engine, tmp_path):
    finish(start(*SMALL, "--epochs", "2", "--out", "one", cwd=tmp_path))
    out, _ = finish(start(*SMALL, "--epochs", "2", "--out", "two", engine=engine, cwd=tmp_path))
    same(tmp_path / "two", tmp_path / "one")
    said = {"mpi": "2 ranks share every batch, BLAS threads of each: 1", "fork": "2 processes that share every batch"}
    assert out.count(said[engine]) == out.count("written to two") == out.count("test accuracy") == 1
    finish(start("--resume", "two", "--epochs", "3", "--quiet", cwd=tmp_path))
    finish(start("--resume", "one", "--epochs", "3", "--quiet", engine=engine, cwd=tmp_path))
    same(tmp_path / "two", tmp_path / "one")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


@both
def test_what_is_wrong_is_said_once_and_ends_all(engine, tmp_path):
    _, err = finish(start("--data", "nowhere.tsv", engine=engine, cwd=tmp_path), code=2)
    assert err.count("nowhere.tsv") == 1


@both
def test_a_loss_that_is_not_finite_is_said_once_with_the_code_of_one_process(engine, tmp_path):
    _, err = finish(start(*SMALL, "--lr", "1e38", "--epochs", "9", "--quiet", engine=engine, cwd=tmp_path), code=3)
    assert err.startswith("sentifish train: step ") and err.count("sentifish train:") == 1
    assert engine == "mpi" or len(err.splitlines()) == 1


@both
@pytest.mark.parametrize(
    ("number", "word", "code"), [(signal.SIGINT, "interrupted", 130), (signal.SIGTERM, "terminated", 143)]
)
def test_a_signal_ends_all_after_a_step_with_a_training_that_can_go_on(engine, number, word, code, tmp_path):
    job = start(*LONG, "--out", "my run", engine=engine, cwd=tmp_path)
    wait_for(tmp_path / "my run/model.npz", job)
    pids = workers(job, engine)
    if engine == "mpi":
        job.send_signal(number)  # which mpiexec passes on
    else:
        os.killpg(job.pid, number)  # as a terminal does
    _, err = finish(job, code)
    assert re.search(
        rf"{word}: the model of epoch \d+, the best so far, is in my run\ngo on with: sentifish train", err
    )
    check_none_is_left(pids)
    rows = len(history(tmp_path / "my run"))
    finish(start("--resume", "my run", "--epochs", str(rows + 1), "--quiet", engine=engine, cwd=tmp_path))
    assert len(history(tmp_path / "my run")) == rows + 1


@both
@pytest.mark.parametrize("victim", [0, 1])
def test_one_that_is_killed_ends_the_job_and_leaves_whole_files(engine, victim, tmp_path):
    job = start(*LONG, "--out", "run", engine=engine, cwd=tmp_path)
    wait_for(tmp_path / "run/model.npz", job)
    pids = workers(job, engine)
    os.kill(pids[victim], signal.SIGKILL)
    out, err = job.communicate(timeout=300)
    if engine == "mpi":
        assert job.returncode != 0 and "signal 9" in (out + err).lower()
    elif victim == 0:
        assert job.returncode == -signal.SIGKILL
    else:
        assert job.returncode == 2 and len(err.splitlines()) == 1
        resume = f"go on with: sentifish train --resume {shlex.quote('run')}"
        assert "process 2 of 2 that work together was killed by signal 9" in err and resume in err
    check_none_is_left(pids)
    load_arrays(tmp_path / "run/last.npz")
    load_arrays(tmp_path / "run/model.npz")


@pytest.mark.parametrize(
    ("arguments", "variable", "message"),
    [
        (("--processes", "0"), "", "argument --processes: expected a whole number above 0"),
        (("--processes", "401"), "", "--processes: expected at most one for each of 180 texts, got 401"),
        (
            ("--processes", "2", "--virtual-adversarial", "1"),
            "",
            "--virtual-adversarial: expected --processes 1, got 2",
        ),
        (("--processes", "2", "--device", "gpu"), "", "--processes: expected 1 beside --device gpu, got 2"),
        ((), "0", "SENTIFISH_PROCESSES: expected a whole number from 1 on, got 0"),
        ((), "many", "SENTIFISH_PROCESSES: expected a whole number from 1 on, got 'many'"),
    ],
)
def test_a_number_that_cannot_be_is_one_line_and_nothing_is_written(arguments, variable, message, tmp_path):
    command = [sys.executable, "-m", "ch_sentiment", "train", *SMALL, "--out", "run", *arguments]
    env = {**os.environ, cores.VARIABLE: variable}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and message in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == []
