"""Our side on several processes that share every batch (`common.training.parallel`)."""

from benchmarks.speed.ours import Ours
from common.training.mpi import world
from common.training.parallel import DataParallel


class Ranks(Ours):
    """`Ours`, each rank with its rows of the batch."""

    def __init__(self, job):
        super().__init__(job)
        self.net = DataParallel(self.net, world())
