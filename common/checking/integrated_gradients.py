"""Integrated gradients: the contribution of each of T inputs to an output, along the line from a baseline to the input.

Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks", with evenly spaced points. The output (the
margin) of a recurrent network over hundreds of words can jump within a millionth of the line, so here points are added
where the error is estimated to be large. Its change between points is known; each input's share of it is estimated.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

TOLERANCE = 0.01  # relative, of the sum of the attributions and of the sum of their sizes
BATCH = 32  # points that are evaluated together
MOST = 512  # points of one path


@dataclass(frozen=True)
class Path:
    """Points on the line. shares: (S,) positions, ascending from 0 to 1. margins: (S,). slopes: (S, T), each input's
    contribution to the derivative of the margin along the line: its vector times the gradient.
    """

    shares: np.ndarray
    margins: np.ndarray
    slopes: np.ndarray

    @cached_property
    def pieces(self):
        """Each input's contribution within each interval, (S - 1, T), and an estimate of its error, (S - 1,).

        The error of the trapezoid rule is the part of the margin's change that it misses. At a jump the change is
        divided in proportion to the inputs' shares of the slope, the mean of those at the two ends. The error of this
        rule is the difference of the shares at the two ends, plus the part of the slope there that belongs to the rest
        of the line. Each interval uses the rule with the smaller error.
        """
        finite = np.isfinite(self.slopes).all(axis=1, keepdims=True)  # through many steps a gradient can overflow
        slopes = np.where(finite, self.slopes, 0).astype(np.float64)
        slope = slopes.sum(axis=1, keepdims=True)
        gains = np.diff(self.margins)
        areas = np.diff(self.shares)[:, None] * (slopes[1:] + slopes[:-1]) / 2
        missed = np.abs(gains - areas.sum(axis=1))
        with np.errstate(divide="ignore", invalid="ignore"):  # without a slope there are no shares: nan is not less
            shares = slopes / slope  # (S, T) / (S, 1)
            difference = np.abs(np.diff(shares, axis=0)).sum(axis=1) / 2
            rest = np.abs(gains).sum() / np.minimum(np.abs(slope[1:, 0]), np.abs(slope[:-1, 0]))
            error = np.abs(gains) * (difference + rest)
            divided = gains[:, None] * (shares[1:] + shares[:-1]) / 2  # (S - 1, T)
        jump = error < missed
        return np.where(jump[:, None], divided, areas), np.where(jump, error, missed)

    @cached_property
    def attributions(self):
        """(T,), one for each input."""
        return self.pieces[0].sum(axis=0)

    @property
    def steps(self):
        """The number of points."""
        return len(self.shares)

    @property
    def baseline(self):
        """The margin at the baseline."""
        return float(self.margins[0])

    @property
    def margin(self):
        """The margin at the input."""
        return float(self.margins[-1])

    @property
    def gap(self):
        """margin - baseline, minus the sum of the attributions."""
        return self.margin - self.baseline - float(self.attributions.sum())

    @property
    def doubt(self):
        """The estimated error of the attributions, relative to the sum of their sizes: rather too low."""
        size = np.abs(self.attributions).sum()
        return float(self.pieces[1].sum() / size) if size > 0 else 0.0

    def complete(self, tolerance=TOLERANCE):
        """Whether the gap, relative to margin - baseline, and the doubt are within the tolerance."""
        return abs(self.gap) <= tolerance * abs(self.margin - self.baseline) and self.doubt <= tolerance

    def next_shares(self):
        """(BATCH,) new positions, denser where the estimated error is larger."""
        error = np.concatenate(([0], np.cumsum(self.pieces[1])))
        return np.interp((np.arange(BATCH) + 0.5) / BATCH * error[-1], error, self.shares)

    def merged(self, other):
        """The Path through the points of both."""
        order = np.argsort(np.concatenate((self.shares, other.shares)), kind="stable")
        pairs = ((self.shares, other.shares), (self.margins, other.margins), (self.slopes, other.slopes))
        return Path(*(np.concatenate(pair)[order] for pair in pairs))


def integrated_gradients(along, tolerance=TOLERANCE, most=MOST):
    """along: a function of positions (S,) -> the Path through them. -> a Path, complete or of `most` points or more."""
    path = along(np.linspace(0, 1, BATCH))
    while not path.complete(tolerance) and path.steps < most:
        path = path.merged(along(path.next_shares()))
    return path
