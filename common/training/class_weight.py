"""Class weights of the loss, with which a rare class counts as much as a frequent one (King and Zeng 2001)."""

import numpy as np


def balanced_class_weight(t, num_classes, sample_weight=None):
    """(C,) float64 weights that make the total weight of every class the same: N / (C n_c), as in scikit-learn.

    t: (N,) class ids. sample_weight: (N,) existing weights, whose sums then replace N and n_c; None: 1 each.
    ValueError for a class that has no example, or no weight.
    """
    totals = np.bincount(t, sample_weight, num_classes)  # (C,)
    if not totals.all():
        got = f"none of class {totals.argmin()}"
        raise ValueError(f"balanced_class_weight: expected examples of every class, got {got}")
    return totals.sum() / (num_classes * totals)


def effective_number(sample_weight):
    """How many examples of equal weight make as good a mean as these (N,) weights: (sum w)^2 / sum w^2, from 1 to N, a
    float. 0 where all are 0, or there are none. Kish 1965, "Survey sampling".
    """
    sample_weight = np.asarray(sample_weight, np.float64)
    if not sample_weight.any():
        return 0.0
    sample_weight = sample_weight / sample_weight.max()  # no square overflows
    return float(sample_weight.sum() ** 2 / np.square(sample_weight).sum())


def with_mean_one(sample_weight):
    """(N,) float64, the weights (0 or above) scaled to a mean of 1, with which the step size is as without weights.
    ValueError where all are 0.
    """
    sample_weight = np.asarray(sample_weight, np.float64)
    if not sample_weight.any():
        raise ValueError("with_mean_one: expected a weight above 0, got none")
    sample_weight = sample_weight / sample_weight.max()  # no sum overflows
    return sample_weight / sample_weight.mean()
