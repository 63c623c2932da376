"""Abstention: a classifier that answers only above a threshold of confidence, and the choice of that threshold.

The most probable class is the answer; its probability is the confidence. Fewer answers (the coverage falls), of which
more are right. Chow 1970, "On optimum recognition error and reject tradeoff"; El-Yaniv and Wiener 2010.
"""

import numpy as np

from common.arrays.checks import as_floats, as_ids


def abstention_threshold(probabilities, t, accuracy):
    """The smallest threshold P at which the answers with a confidence of P or more reach an accuracy of `accuracy`.

    probabilities: (N, C). t: (N,) class ids of examples that the model was not trained on. accuracy: in (0, 1].
    -> float: 0 where all answers together are as accurate, otherwise the confidence of one of the examples; None where
    no P reaches it. On other examples the accuracy is a little lower, because P was chosen on these: the fewer, the
    more so. ValueError where shapes do not fit, there is no example, or a number is out of its range.
    """
    if not 0 < accuracy <= 1:
        raise ValueError(f"abstention_threshold: expected an accuracy above 0, up to 1, got {accuracy}")
    confidence, right = _answers("abstention_threshold", probabilities, t)
    if len(right) == 0:
        raise ValueError("abstention_threshold: expected at least one example, got none")
    order = np.argsort(-confidence, kind="stable")  # the surest first
    confidence, right = confidence[order], right[order]
    reached = np.cumsum(right) / np.arange(1, len(right) + 1) >= accuracy  # by the n surest
    reached[:-1] &= confidence[:-1] > confidence[1:]  # equally sure answers are given together
    if not reached.any():
        return None
    last = int(np.flatnonzero(reached)[-1])
    return 0.0 if last == len(right) - 1 else float(confidence[last])


def answered(probabilities, t, below):
    """Coverage and accuracy where answers with a confidence below `below` are not given; a dict that JSON can hold.

    probabilities: (N, C). t: (N,) class ids. -> {"below", "n": of how many examples, "answered": how many, "coverage":
    their share, "accuracy": the share of these that are right; None where none is answered}. ValueError.
    """
    confidence, right = _answers("answered", probabilities, t)
    given = confidence >= below
    count = int(given.sum())
    accuracy = float(right[given].mean()) if count else None
    return {
        "below": float(below),
        "n": len(right),
        "answered": count,
        "coverage": count / max(len(right), 1),
        "accuracy": accuracy,
    }


def _answers(called, probabilities, t):
    """-> confidence (N,) float64, right (N,) bool."""
    probabilities = as_floats(called, "probabilities", probabilities, None, np.float64)
    t = as_ids(called, "t", t, None, probabilities.shape[-1] if probabilities.ndim == 2 else np.inf)
    if probabilities.ndim != 2 or t.shape != probabilities.shape[:1] or np.isnan(probabilities).any():
        got = f"shapes {probabilities.shape} and {t.shape}" + (", nan" if np.isnan(probabilities).any() else "")
        raise ValueError(f"{called}: expected (N, C) probabilities and (N,) class ids, got {got}")
    return probabilities.max(axis=1, initial=0), probabilities.argmax(axis=1) == t  # (N, C) -> (N,)
