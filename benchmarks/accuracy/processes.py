"""Trains in processes, some at a time, and measures what each of them took."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import BinaryIO

from benchmarks.accuracy.trainings import Cost, Training, cost_in, is_done, write_cost
from ch_sentiment.console import printable
from common.cores import VARIABLE

RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes


@dataclass
class Child:
    """A process that trains. errors: the file that its standard error goes to. begun: seconds of `perf_counter`."""

    training: Training
    process: subprocess.Popen
    errors: BinaryIO
    begun: float


def train_all(trainings, jobs, tell):
    """Train what is not done, `jobs` at a time; -> names of the runs that failed, of which no further split is begun,
    and of those that need them. A training begins when those that it needs are done.

    tell: gets a line on each training that begins or fails. A process's peak of memory starts from that of the process
    that started it (Linux): nothing large may be loaded here before.
    """
    waiting = [training for training in trainings if not is_done(training)]
    seconds = [cost_in(training.folder).seconds for training in trainings if training not in waiting]
    if seconds:
        tell(f"{len(seconds)} of {len(trainings)} trainings are there already")
    running, failed = {}, set()
    try:
        while waiting or running:
            unfinished = [*waiting, *(child.training for child in running.values())]
            training = next((t for t in waiting if not any(need in unfinished for need in t.needs)), None)
            if training is not None and len(running) < jobs:
                waiting.remove(training)
                bad = [need.run for need in training.needs if need.run in failed]
                if bad and training.run not in failed:
                    tell(f"{training.run}: not trained, because it needs {bad[0]}")
                    failed.add(training.run)
                if training.run in failed:
                    continue
                left = time_left(seconds, 1 + len(waiting) + len(running), jobs)
                tell(f"{1 + trainings.index(training)} of {len(trainings)}: {training}{left}")
                child = begin(training)
                running[child.process.pid] = child
                continue
            pid, status, usage = os.wait4(-1, 0)  # which of them ends first, and what it took
            child = running.pop(pid)
            child.process.returncode = os.waitstatus_to_exitcode(status)
            with child.errors:
                if child.process.returncode == 0:
                    seconds.append(time.perf_counter() - child.begun)
                    write_cost(child.training.folder, Cost(seconds[-1], usage.ru_maxrss * RSS_UNIT))
                else:
                    failed.add(child.training.run)
                    tell(f"{child.training}: {last_line(child.errors)} (exit code {child.process.returncode})")
    finally:
        for child in running.values():
            child.process.terminate()
            child.process.wait()
            child.errors.close()
    return failed


def begin(training):
    """-> Child."""
    errors = tempfile.TemporaryFile()  # noqa: SIM115  (it lives as long as the process)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "ch_sentiment", "train", *training.arguments]
    alone = {**os.environ, VARIABLE: "1"}  # the cores are for trainings beside each other
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=alone)  # noqa: S603
    return Child(training, process, errors, begun)


def time_left(seconds, count, jobs):
    """In words, by the mean of the trainings so far; nothing before the first."""
    return f", about {statistics.mean(seconds) * count / jobs / 60:.0f} minutes left" if seconds else ""


def last_line(file):
    """The last line with something in it, fit for a terminal."""
    file.seek(0)
    lines = file.read().decode("utf-8", "replace").split("\n")
    return printable(next((line for line in reversed(lines) if line.strip()), "no word of why"))
