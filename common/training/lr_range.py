"""The learning-rate range test: one training with a rate that grows at every step, and which rate its loss suggests.

Smith 2017, "Cyclical learning rates for training neural networks".
"""

import numpy as np

from common.arrays.checks import as_number
from common.training.callback import Callback

SMOOTHING = 0.95  # of the loss, from step to step
EXPLODED = 1.5  # times the smallest loss so far, above which higher rates are not tried


class RangeTest(Callback):
    """Raises `optimizer.lr` from `low` to `high` within `count` steps, evenly on a log scale, then stops training.

    `rates`, `losses`: of each step, the loss as a bias-corrected running mean. Stops before the end where the loss
    explodes. ValueError unless 0 < low < high and count >= 2.
    """

    def __init__(self, low, high, count):
        low, high = as_number(self, "low", low, above=0), as_number(self, "high", high)
        count = as_number(self, "count", count, whole=True)
        if not low < high or count < 2:
            raise ValueError(f"RangeTest: expected 0 < low < high and count >= 2, got {low}, {high} and {count}")
        self.low, self.high, self.count = low, high, count
        self.on_fit_start(None)

    def on_fit_start(self, trainer):
        self.rates, self.losses, self.average = [], [], 0.0

    def on_step_start(self, trainer):
        trainer.optimizer.lr = self.low * (self.high / self.low) ** (len(self.rates) / (self.count - 1))

    def on_step_end(self, trainer):
        self.rates.append(trainer.optimizer.lr)
        self.average = SMOOTHING * self.average + (1 - SMOOTHING) * trainer.loss
        self.losses.append(self.average / (1 - SMOOTHING ** len(self.rates)))
        if self.losses[-1] > EXPLODED * min(self.losses):
            trainer.stop("the loss explodes")
        elif len(self.rates) == self.count:
            trainer.stop("the highest rate is reached")


def steepest(rates, losses):
    """The rate at which the loss falls fastest against the logarithm of the rate; None where it falls nowhere.

    rates, losses: of the same length, the rates a geometric series; only steps up to the smallest loss count. The slope
    is that of a line fitted to a tenth of the steps.
    """
    width = max(len(rates) // 10, 2)
    losses = np.asarray(losses)[: int(np.argmin(losses)) + 1]
    if len(losses) < width:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(losses, width)  # (steps - width + 1, width)
    slope = windows @ (np.arange(width) - (width - 1) / 2)  # of the fitted line, up to a positive factor
    return rates[int(np.argmin(slope)) + width // 2] if slope.min() < 0 else None
