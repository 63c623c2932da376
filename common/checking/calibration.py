"""Whether a classifier is as sure as it is right, and one number that brings the two together.

The most probable class is the answer; its probability is the confidence. Of answers given with a confidence of 80 %,
80 % should be right. Guo et al. 2017, "On calibration of modern neural networks".
"""

import math

import numpy as np

from common.functions import softmax

BINS = 15  # those of the paper
LOWEST, HIGHEST = 0.01, 100.0  # temperatures: beyond them probabilities are all 0 and 1, or all alike
_HALVINGS = 50  # of the interval between their logarithms: to rounding


def reliability(probabilities, t, bins=BINS):
    """Confidence and accuracy of the answers, by confidence: what a reliability diagram shows.

    probabilities: (N, C). t: (N,) class ids. bins: so many intervals ((b - 1) / bins, b / bins] of the confidence.
    -> mean confidence (bins,), accuracy (bins,), both NaN where a bin is empty, and count (bins,) int64. ValueError.
    """
    probabilities, t = np.asarray(probabilities, np.float64), np.asarray(t)
    if probabilities.ndim != 2 or t.shape != probabilities.shape[:1] or bins < 1:
        came = f"shapes {probabilities.shape} and {t.shape} in {bins} bins"
        raise ValueError(f"reliability: expected (N, C) probabilities and (N,) class ids in bins, got {came}")
    surest = probabilities.max(axis=1, initial=0)  # (N, C) -> (N,)
    right = probabilities.argmax(axis=1) == t if len(t) else np.zeros(0, bool)
    index = np.clip(np.ceil(surest * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: an empty bin
        return np.bincount(index, surest, bins) / count, np.bincount(index, right, bins) / count, count


def expected_calibration_error(probabilities, t, bins=BINS):
    """Mean over the N answers of |confidence - accuracy| of their bin, from 0 to 1; 0 for no answers. As `reliability`.

    A small one is never quite 0: a bin of n answers is off by about 0.5 / sqrt(n) by chance.
    """
    confidence, accuracy, count = reliability(probabilities, t, bins)
    held = count > 0
    return float(np.abs(confidence - accuracy)[held] @ count[held] / max(count.sum(), 1))


def fit_temperature(scores, t):
    """The number by which scores are divided so that their log loss is least; no answer changes, only how sure it is.

    scores: (N,) logits of class 1 of two, or (N, C). t: (N,) class ids of examples that the scores were not trained on.
    The loss is convex in 1 / temperature, so the zero of its slope is found by halving. -> float, above 1 where the
    scores are too sure, 0.01 at the lowest. None where none is best: every answer is right (the lower the better), or
    the scores are of no use (100 is better than any lower one). ValueError where shapes do not fit or a score is not
    finite.
    """
    scores, t = np.asarray(scores, np.float64), np.asarray(t)
    if scores.ndim not in (1, 2) or t.shape != scores.shape[:1] or len(t) == 0 or not np.isfinite(scores).all():
        came = f"shapes {scores.shape} and {t.shape}"
        raise ValueError(f"fit_temperature: expected finite (N,) or (N, C) scores and (N,) class ids, got {came}")
    if scores.ndim == 1:
        scores = np.stack((np.zeros_like(scores), scores), axis=1)  # (N,) -> (N, 2)
    of_truth = scores[np.arange(len(t)), t].mean()

    def too_hot(log_temperature):
        """Whether the loss falls with 1 / temperature: its slope is mean(score expected - score of the true class)."""
        p = softmax(scores / math.exp(log_temperature))
        return (p * scores).sum(axis=1).mean() < of_truth

    low, high = math.log(LOWEST), math.log(HIGHEST)
    if (scores.argmax(axis=1) == t).all() or not too_hot(high):
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if too_hot(middle) else (middle, high)
    return min(max(math.exp((low + high) / 2), LOWEST), HIGHEST)
