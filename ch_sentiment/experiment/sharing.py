"""How many processes share a training: as many as the options say, or as its step is large enough for."""

import os

import numpy as np

from common import cores
from common.arrays.row_grad import RowGrad
from dataset.errors import DataError

WORTH = 100_000_000  # multiply-adds of a step, forward, from which two processes were measured to be faster than one
ROWS = 16  # texts of each batch that a process has at least: fewer cost it more in calls than they gain


def check(config, data=None):
    """-> the most processes that may share a training. DataError where --processes, or the variable, is a number that
    cannot be: on this machine, or for the texts of a Corpus.
    """
    given = config.run.processes
    if data is not None and given is not None and given > len(data.train):
        raise DataError(f"--processes: expected at most one for each of {len(data.train):,} texts, got {given}")
    if config.run.device == "gpu" and given is not None and given > 1:
        raise DataError(f"--processes: expected 1 beside --device gpu, got {given}")
    try:
        return cores.most_processes(given)
    except ValueError as error:
        raise DataError(str(error).replace("processes:", "--processes:", 1)) from None


def processes_for(config, data, trained):
    """-> how many processes. data: Corpus. trained: the model that the Trainer is given. DataError as of `check`."""
    most, batch = check(config, data), min(config.training.batch_size, len(data.train))
    if hasattr(trained, "one_process") or config.run.device == "gpu":
        return 1
    if config.run.processes is not None or os.environ.get(cores.VARIABLE):
        return min(most, len(data.train))
    words = batch * sum(map(len, data.train.x)) / len(data.train)
    work = words * sum(p.size for p, g in zip(trained.params, trained.grads) if not isinstance(g, RowGrad))
    return max(1, min(most, batch // ROWS)) if work >= WORTH else 1


def shared(trainer):
    """Where, or how many processes train, in words."""
    count = trainer.processes
    if not all(isinstance(p, np.ndarray) for p in trainer.model.params):
        return "on the GPU"
    return f"{count} processes that share every batch" if count > 1 else "1 process"
