"""Our side as a person gets it, who says nothing of threads and processes: as `sentifish train` chooses them."""

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
        texts = Texts(Part([np.zeros(job.T, np.int32)] * job.N, np.zeros(job.N, np.int32)))
        count = processes_for(Config.of(batch_size=job.N), texts, self.model)
        self.trainer = Trainer(self.model, self.optimizer, processes=count)
        # To the end of this process, as it is to the end of `fit`, and of the command.
        self.open = [one_blas_thread(), together(self.trainer, count)]
        for block in self.open:
            block.__enter__()
        self.net = self.trainer.model
