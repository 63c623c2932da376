"""Integrated gradients: what each of T words adds to the margin on the straight way from a baseline to a text.

Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks", who take even steps. A recurrent net that
reads hundreds of words can jump from one state to another within a millionth of the way, so here the points are put
where they are needed. What helps is that the margin is known at each of them, and so is what all words together add
from one to the next: all that has to be found out is how they share it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

TOLERANCE = 0.01  # of what the attributions must add up to, and of their sizes
BATCH = 32  # points that are looked at together
MOST = 512  # points of one path


@dataclass(frozen=True)
class Path:
    """What was seen on the way. shares: (S,) of the way, ascending from 0 to 1. margins: (S,). slopes: (S, T), what
    each word adds to the slope of the margin there: its vector times the gradient by it.
    """

    shares: np.ndarray
    margins: np.ndarray
    slopes: np.ndarray

    @cached_property
    def pieces(self):
        """What each word adds from one point to the next, (S - 1, T), and by how much that may be wrong, (S - 1,).

        The trapezoid rule is wrong by what it misses of the margin's gain. Where it misses much, at a jump, the words
        share the gain as they share the slope at its foot: that is wrong by the portions that change hands from one
        foot to the other, and by the part that the slope of the way elsewhere has in the slope there. Each piece takes
        the rule that is less wrong.
        """
        seen = np.isfinite(self.slopes).all(axis=1, keepdims=True)  # over many words a gradient can outgrow all floats
        slopes = np.where(seen, self.slopes, 0).astype(np.float64)
        slope = slopes.sum(axis=1, keepdims=True)
        gains = np.diff(self.margins)
        areas = np.diff(self.shares)[:, None] * (slopes[1:] + slopes[:-1]) / 2
        missed = np.abs(gains - areas.sum(axis=1))
        with np.errstate(divide="ignore", invalid="ignore"):  # without a slope there are no portions: nan is not less
            portions = slopes / slope
            moved = np.abs(np.diff(portions, axis=0)).sum(axis=1) / 2
            elsewhere = np.abs(gains).sum() / np.minimum(np.abs(slope[1:, 0]), np.abs(slope[:-1, 0]))
            unsure = np.abs(gains) * (moved + elsewhere)
            shared = gains[:, None] * (portions[1:] + portions[:-1]) / 2
        jump = unsure < missed
        return np.where(jump[:, None], shared, areas), np.where(jump, unsure, missed)

    @cached_property
    def attributions(self):
        """(T,), one a word."""
        return self.pieces[0].sum(axis=0)

    @property
    def steps(self):
        """How many points were looked at."""
        return len(self.shares)

    @property
    def baseline(self):
        """The margin where the way begins."""
        return float(self.margins[0])

    @property
    def margin(self):
        """The margin of the text."""
        return float(self.margins[-1])

    @property
    def gap(self):
        """What the sum of the attributions is short of margin - baseline."""
        return self.margin - self.baseline - float(self.attributions.sum())

    @property
    def doubt(self):
        """By how much the attributions may be wrong, as a part of their sizes. An estimate from what the ends of the
        pieces tell, so it is on the low side.
        """
        size = np.abs(self.attributions).sum()
        return float(self.pieces[1].sum() / size) if size > 0 else 0.0

    def complete(self, tolerance=TOLERANCE):
        """Whether gap, as a part of margin - baseline, and doubt are within the tolerance."""
        return abs(self.gap) <= tolerance * abs(self.margin - self.baseline) and self.doubt <= tolerance

    def next_shares(self):
        """(BATCH,) shares, the denser in a piece the more it may be wrong."""
        wrong = np.concatenate(([0], np.cumsum(self.pieces[1])))
        return np.interp((np.arange(BATCH) + 0.5) / BATCH * wrong[-1], wrong, self.shares)

    def joined(self, other):
        """The Path of the points of both."""
        order = np.argsort(np.concatenate((self.shares, other.shares)))
        pairs = ((self.shares, other.shares), (self.margins, other.margins), (self.slopes, other.slopes))
        return Path(*(np.concatenate(pair)[order] for pair in pairs))


def integrated_gradients(along, tolerance=TOLERANCE, most=MOST):
    """along: function from shares (S,) to the Path through them. -> the Path, complete or of at least `most` points."""
    path = along(np.linspace(0, 1, BATCH))
    while not path.complete(tolerance) and path.steps < most:
        path = path.joined(along(path.next_shares()))
    return path
