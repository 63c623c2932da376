"""Our side as a person gets it, who says nothing of threads and processes."""

from benchmarks.speed.ours import Ours


class Default(Ours):
    """`Ours`, on as many processes as a Trainer would choose for it."""
