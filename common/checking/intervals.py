"""95 % intervals: of a share, of its change, and of the mean of a table whose rows and columns are both samples."""

import numpy as np

ROUNDS = 2000  # of the bootstrap
QUANTILES = [0.025, 0.975]
NORMAL = 1.959964  # the 0.975 quantile of the normal distribution


def wilson_interval(share, n):
    """Interval of a share of n, which holds for small n, too (Wilson 1927). -> low, high: float."""
    z = NORMAL**2 / n
    middle, half = share + z / 2, NORMAL * np.sqrt(share * (1 - share) / n + z / (4 * n))
    return max(float((middle - half) / (1 + z)), 0.0), min(float((middle + half) / (1 + z)), 1.0)  # but for rounding


def two_way_bootstrap(values, rng=None, rounds=ROUNDS):
    """Interval of the mean of (R, C) values, rows and columns both resampled with replacement. -> low, high: float.

    rng: Generator, int or None. A table of one column gives the interval of the rows alone.
    """
    R, C = values.shape
    rng = np.random.default_rng(rng)
    rows = rng.multinomial(R, np.full(R, 1 / R), rounds)  # (rounds, R): how often each is drawn
    columns = rng.multinomial(C, np.full(C, 1 / C), rounds)  # (rounds, C)
    means = ((rows @ values) * columns).sum(axis=1) / (R * C)  # (rounds, R) @ (R, C) -> (rounds, C) -> (rounds,)
    return tuple(map(float, np.quantile(means, QUANTILES)))


def paired_change(before, after):
    """How much larger the second of two shares is, both of the same N texts, and its interval (Agresti and Min 2005).

    before, after: (N,) bool, such as which texts one model and another answered rightly. -> change, low, high: float.
    """
    before, after, N = np.asarray(before, bool), np.asarray(after, bool), len(before) + 2
    gained, lost = np.sum(after & ~before) + 0.5, np.sum(before & ~after) + 0.5  # half a text more each
    middle, half = (gained - lost) / N, NORMAL * np.sqrt(gained + lost - (gained - lost) ** 2 / N) / N
    return float(after.mean() - before.mean()), float(middle - half), float(middle + half)
