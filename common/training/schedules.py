"""Learning-rate schedules: functions of progress, the share of training that is done, from 0 to 1.

Each gives the factor by which `common.training.callbacks.LearningRate` multiplies the rate that the optimizer had.
"""

import math

from common.arrays.checks import as_number


def constant(progress):
    """Always 1."""
    return 1.0


def cosine(progress):
    """From 1 down to 0 along half a cosine. Loshchilov and Hutter 2017."""
    return (1 + math.cos(math.pi * progress)) / 2


def steps(count, factor=0.5):
    """-> a schedule that multiplies the rate by `factor` at `count` evenly spaced moments."""
    count = as_number("steps", "count", count, least=0, whole=True)
    factor = as_number("steps", "factor", factor, least=0)
    return lambda progress: factor ** math.floor(progress * (count + 1))


def warm_up(share, then=constant):
    """-> a schedule that rises linearly to 1 over the first `share` of training, and then follows `then`."""
    share = as_number("warm_up", "share", share, least=0, below=1)

    def schedule(progress):
        if progress < share:
            return max(progress, 1e-3) / share if share > 1e-3 else 1.0
        return then((progress - share) / (1 - share))

    return schedule
