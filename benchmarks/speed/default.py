"""Our side as a person gets it, who says nothing of threads and processes: as `sentifish train` chooses them."""

import atexit
import multiprocessing.util  # noqa: F401  (before `atexit.register`: what it does at exit, it does last)
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from benchmarks.speed.ours import Ours
from ch_sentiment.experiment.corpus import Part
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.sharing import processes_for
from common.threads import one_blas_thread
from common.trainer import Trainer
from common.training.processes_together import together


@dataclass
class Texts:
    """As much of a Corpus as the choice asks for."""

    train: Part


class Default(Ours):
    """`Ours`, trained as by a Trainer."""

    def __init__(self, job):
        super().__init__(job)
        texts = Texts(Part([""] * job.N, np.zeros(job.N, int), x=[np.zeros(job.T, np.int32)] * job.N))
        count = processes_for(Config.of(batch_size=job.N), texts, self.model)
        self.trainer = Trainer(self.model, self.optimizer, processes=count)
        blocks = ExitStack()  # left at the end of this process, as by a command and by `fit`
        atexit.register(blocks.close)
        blocks.enter_context(one_blas_thread())
        blocks.enter_context(together(self.trainer, count))
        self.net = self.trainer.model
