"""A job is one measurement in a process of its own; jobs that are compared run in turn: A B A B ...

The process that runs them imports neither NumPy nor PyTorch: a child's peak memory, as the system counts it, is never
below that of the process which started it.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.speed import memory
from common.cores import THREAD_VARIABLES
from common.cores import VARIABLE as PROCESSES

ROOT = Path(__file__).parents[2]  # this checkout
DEFAULT = "ours by default"
BEFORE = "before"  # `sentifish` of an older checkout
TEXT = "I did not expect to like it , but I did !"
COMPILERS = ("c++", "g++", "clang++")


@dataclass(frozen=True)
class Job:
    """task: a function of `worker`, or a command of `sentifish`. side: the implementation. words: how many of the V
    occur in batches. steps: timed ones. texts: of the corpus. threads: of each rank. N, T, D, H, V as everywhere.

    tree: the folder of the checkout that is measured, "": this one. data, group_file: files to train on to an accuracy
    of `target`.
    """

    task: str
    side: str
    cell: str = "lstm"
    bidirectional: bool = False
    N: int = 64
    T: int = 200
    D: int = 100
    H: int = 128
    V: int = 20_000
    words: int = 20_000
    steps: int = 20
    texts: int = 0
    threads: int = 1
    ranks: int = 1
    tree: str = ""
    data: str = ""
    group_file: str = ""
    target: float = 0.0

    @property
    def blas_threads(self):
        """Our bidirectional layer has a thread for each direction (`common.threads`), and then none within BLAS."""
        return 1 if self.side == "ours" and self.bidirectional else self.threads

    @property
    def operations(self):
        """Multiplications and additions of an LSTM's step in its products: forward, and twice as many backward."""
        return 3 * 2 * self.N * self.T * (self.D + self.H) * 4 * self.H

    @property
    def form(self):
        """Which of PyTorch's forms it is."""
        return self.side.partition(", ")[2] or "padded"

    def __str__(self):
        cell = self.cell.upper().replace("_AFTER", "ResetAfter")
        cell = f"bidirectional {cell}" if self.bidirectional else cell
        sizes = f"N={self.N} T={self.T} D={self.D} H={self.H} V={self.V:,}"
        if self.texts:
            sizes = f"{self.texts:,} texts, N={self.N} D={self.D} H={self.H} V={self.V:,}"
        who = f"{self.ranks} ranks" if self.ranks > 1 else f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        who = "" if self.side in (DEFAULT, BEFORE) else f", {who}"
        return f"{self.side}, {self.task.replace('_', ' ')}, {cell} {sizes}{who}"


class JobError(Exception):
    """A process that failed: one line, which job and the last line of its standard error."""


def missing(job):
    """What is not installed or not given and would be needed: a phrase, or None."""
    if "PyTorch" in job.side and importlib.util.find_spec("torch") is None:
        return "PyTorch is missing: `pip install -e '.[bench]'`"
    if job.form == "compiled" and not any(map(shutil.which, COMPILERS)):
        return "a C++ compiler is missing"
    if job.ranks > 1 and (mpiexec() is None or importlib.util.find_spec("mpi4py") is None):
        return "MPI is missing: `pip install -e '.[mpi]'`"
    if job.side == BEFORE and not job.tree:
        return "an older checkout is missing: `--before FOLDER`"
    if job.task == "time_to_accuracy" and not job.data:
        return "texts are missing: `--data FILE`"
    if job.task == "memory" and not memory.is_known():
        return "this system does not tell what processes share"
    return None


def mpiexec():
    """The path of mpiexec: the one beside this Python first. None where there is none."""
    return shutil.which("mpiexec", path=os.pathsep.join((os.path.dirname(sys.executable), os.environ.get("PATH", ""))))


def command_of(job, folder):
    """The command line of a job, and whether it prints figures."""
    sentifish = [sys.executable, "-m", "ch_sentiment"]
    if job.task == "train":
        sizes = [f"--hidden={job.H}", f"--wordvec={job.D}", f"--limit={job.texts}", "--epochs=1"]
        sizes += ["--bidirectional"] if job.bidirectional else []
        out = [f"--out={folder}/trained", "--overwrite", "--no-cache", "--quiet"]
        return [*sentifish, "train", f"{folder}/labelled.tsv", *sizes, *out], False
    if job.task == "first_answer" and job.side != "PyTorch":
        return [*sentifish, "predict", folder, TEXT], False
    command = [sys.executable, "-m", "benchmarks.speed.worker", json.dumps(asdict(job)), folder]
    return ([mpiexec(), "-n", str(job.ranks)] if job.ranks > 1 else []) + command, True


def environment_of(job):
    """The variables of its process: of what a person gets, none on threads and processes; of all others, as the job
    says. A comparison of results is by as many processes as there are threads, where it would be one by default.
    """
    free = {name: value for name, value in os.environ.items() if name not in (*THREAD_VARIABLES, PROCESSES)}
    if job.side in (DEFAULT, BEFORE):
        return free | ({PROCESSES: str(job.threads)} if job.task == "agree" else {})
    return free | dict.fromkeys(THREAD_VARIABLES, str(job.blas_threads)) | {PROCESSES: "1"}


def run(job, folder):
    """Run a job over the files of `folder`; -> what its process printed (a dict), and `wall`: seconds in all.

    With the task "memory" it is a step, and `memory` are the bytes that all its processes had at most.
    """
    command, prints = command_of(job, folder)
    how = {"env": environment_of(job), "cwd": job.tree or ROOT, "text": True}
    found, start = {}, time.perf_counter()
    if job.task == "memory":
        done, found["memory"] = memory.run(command, **how)
    else:
        done = subprocess.run(command, capture_output=True, **how)  # noqa: S603
    found["wall"] = time.perf_counter() - start
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
        raise JobError(f"{job}: exit code {done.returncode}, its last line: {said[-1].strip()}")
    return {**(json.loads(done.stdout.splitlines()[-1]) if prints else {}), **found}


def run_in_turn(jobs, rounds, folder, progress):
    """-> {job: [its result, a dict per round]}; progress() is called after each."""
    results = {job: [] for job in jobs}
    for _ in range(rounds):
        for job in jobs:
            results[job].append(run(job, folder))
            progress()
    return results
