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

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    """task: a function of `worker`. side: the implementation. words: how many of the V occur in batches. steps: timed
    ones. texts: of the corpus. threads: of each rank. N, T, D, H, V as everywhere.
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

    @property
    def blas_threads(self):
        """Our bidirectional layer has a thread for each direction (`common.threads`), and then none within BLAS."""
        return 1 if self.side == "ours" and self.bidirectional else self.threads

    def __str__(self):
        cell = self.cell.upper().replace("_AFTER", "ResetAfter")
        cell = f"bidirectional {cell}" if self.bidirectional else cell
        sizes = f"N={self.N} T={self.T} D={self.D} H={self.H} V={self.V:,}"
        if self.texts:
            sizes = f"{self.texts:,} texts, N={self.N} D={self.D} H={self.H} V={self.V:,}"
        who = f"{self.ranks} ranks" if self.ranks > 1 else f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"{self.side}, {self.task.replace('_', ' ')}, {cell} {sizes}, {who}"


class JobError(Exception):
    """A process that failed: one line, which job and the last line of its standard error."""


def missing(job):
    """What is not installed and would be needed: a phrase, or None."""
    if "PyTorch" in job.side and importlib.util.find_spec("torch") is None:
        return "PyTorch is missing: `pip install -e '.[bench]'`"
    if job.ranks > 1 and (mpiexec() is None or importlib.util.find_spec("mpi4py") is None):
        return "MPI is missing: `pip install -e '.[mpi]'`"
    return None


def mpiexec():
    """The path of mpiexec: the one beside this Python first. None where there is none."""
    return shutil.which("mpiexec", path=os.pathsep.join((os.path.dirname(sys.executable), os.environ.get("PATH", ""))))


def run(job, folder):
    """Run a job over the files of `folder`; -> what its process printed (a dict), and `wall`: seconds in all."""
    command = [sys.executable, "-m", "benchmarks.speed.worker", json.dumps(asdict(job)), folder]
    if job.ranks > 1:
        command = [mpiexec(), "-n", str(job.ranks), *command]
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(job.blas_threads))}
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)  # noqa: S603
    wall = time.perf_counter() - start
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
        raise JobError(f"{job}: exit code {done.returncode}, its last line: {said[-1].strip()}")
    return {**json.loads(done.stdout.splitlines()[-1]), "wall": wall}


def run_in_turn(jobs, rounds, folder, progress):
    """-> {job: [its result, a dict per round]}; progress() is called after each."""
    results = {job: [] for job in jobs}
    for _ in range(rounds):
        for job in jobs:
            results[job].append(run(job, folder))
            progress()
    return results
