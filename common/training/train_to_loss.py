"""The callback for data too small to choose an epoch by: it stops when they are fitted, and keeps the last epoch."""

from common.arrays.checks import as_number
from common.training.early_stopping import EarlyStopping


class TrainToLoss(EarlyStopping):
    """Stops once the training loss of an epoch is `loss` or less, and keeps the weights of the last finished epoch.

    Validation plays no part: on a few examples its loss is lowest at an epoch that chance has chosen, often before the
    net has learned anything. The loss is that of the history, a mean over the epoch while it trained, dropout included.
    Without such an epoch training ends where `fit` does; `is_over` tells which it was. on_best: called with the trainer
    after every epoch. `best_epoch`: the last one. A resumed training that is over takes no further step. ValueError
    unless loss is above 0.
    """

    def __init__(self, loss=0.05, on_best=None):
        super().__init__(None, "epoch", on_best, mode="max")  # every epoch is better than the one before
        self.loss = as_number(self, "loss", loss, above=0)

    def is_over(self, trainer):
        """Whether the last finished epoch has reached the loss."""
        return bool(trainer.history) and trainer.history[-1]["loss"] <= self.loss

    @property
    def reason(self):
        return f"a training loss of {self.loss:g} is reached"
