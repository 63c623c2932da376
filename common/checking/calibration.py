"""Calibration: does the confidence of a classifier match its accuracy, and which temperature makes them match?

The most probable class is the answer; its probability is the confidence. Of answers given with a confidence of 80 %,
80 % should be correct. Guo et al. 2017, "On calibration of modern neural networks".
"""

import math

import numpy as np

from common.arrays.checks import as_array, as_floats, as_ids, as_sizes
from common.functions import softmax

BINS = 15  # those of the paper
LOWEST, HIGHEST = 0.01, 100.0  # temperatures: beyond them probabilities are all 0 and 1, or all equal
HIGHEST_P = 1 + 1e-6  # a probability, with rounding
_BISECTIONS = 50  # of the interval between their logarithms: to rounding


def reliability(probabilities, t, bins=BINS):
    """Confidence and accuracy of the answers in bins of confidence, for a reliability diagram.

    probabilities: (N, C). t: (N,) class ids. bins: the number of intervals ((b - 1) / bins, b / bins].
    -> mean confidence (bins,), accuracy (bins,), both NaN where a bin is empty, and count (bins,) int64. ValueError.
    """
    (bins,) = as_sizes("reliability", bins=bins)
    probabilities = as_floats("reliability", "probabilities", probabilities, ("N", "C"), np.float64)
    t = _class_ids("reliability", t, probabilities.shape[:1], probabilities.shape[1])
    if not ((probabilities >= 0) & (probabilities <= HIGHEST_P)).all():  # NaN is neither
        raise ValueError("reliability: probabilities: expected numbers from 0 to 1, got others")
    confidence = probabilities.max(axis=1, initial=0)  # (N, C) -> (N,)
    correct = probabilities.argmax(axis=1) == t if len(t) else np.zeros(0, bool)
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: an empty bin
        return np.bincount(index, confidence, bins) / count, np.bincount(index, correct, bins) / count, count


def expected_calibration_error(probabilities, t, bins=BINS):
    """Mean over the N answers of |confidence - accuracy| of their bin, from 0 to 1; 0 for no answers. As `reliability`.

    It is hardly ever 0: by chance alone a bin of n answers is off by about 0.5 / sqrt(n).
    """
    confidence, accuracy, count = reliability(probabilities, t, bins)
    filled = count > 0
    return float(np.abs(confidence - accuracy)[filled] @ count[filled] / max(count.sum(), 1))


def fit_temperature(scores, t):
    """The temperature, by which scores are divided, of the least log loss; it changes confidences, never an answer.

    scores: (N,) logits of class 1 of two, or (N, C). t: (N,) class ids of examples that the model was not trained on.
    The loss is convex in 1 / temperature: its minimum is found by bisection. -> float, above 1 where the scores are
    overconfident, at least 0.01; None where every answer is correct (the lower the better), or the scores carry no
    information (the higher the better). ValueError where shapes do not fit or a score is not finite.
    """
    scores = as_floats("fit_temperature", "scores", scores, None, np.float64)
    classes = scores.shape[1] if scores.ndim == 2 else 2
    t = _class_ids("fit_temperature", t, None, classes)
    if scores.ndim not in (1, 2) or t.shape != scores.shape[:1] or len(t) == 0 or not np.isfinite(scores).all():
        got = f"shapes {scores.shape} and {t.shape}"
        raise ValueError(f"fit_temperature: expected finite (N,) or (N, C) scores and (N,) class ids, got {got}")
    if scores.ndim == 1:
        scores = np.stack((np.zeros_like(scores), scores), axis=1)  # (N,) -> (N, 2)
    true_score = scores[np.arange(len(t)), t].mean()

    def too_hot(log_temperature):
        """Whether the loss falls with 1 / temperature: its slope is mean(expected score - that of the true class)."""
        p = softmax(scores / math.exp(log_temperature))
        return (p * scores).sum(axis=1).mean() < true_score

    low, high = math.log(LOWEST), math.log(HIGHEST)
    if (scores.argmax(axis=1) == t).all() or not too_hot(high):
        return None
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if too_hot(middle) else (middle, high)
    return min(max(math.exp((low + high) / 2), LOWEST), HIGHEST)


def _class_ids(owner, t, shape, classes):
    """Class ids, or bools for those of two classes, as an array of integers. ValueError for others."""
    t = as_array(owner, "t", t)
    return as_ids(owner, "t", t.astype(np.int64) if t.dtype.kind == "b" else t, shape, classes)
