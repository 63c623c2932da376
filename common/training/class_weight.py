"""What an example counts in the loss, so that a rare class counts as much as a frequent one (King and Zeng 2001)."""

import numpy as np


def balanced_class_weight(t, num_classes, sample_weight=None):
    """(C,) weights by which every class counts the same in all: N / (C n_c), as in scikit-learn.

    t: (N,) class ids. sample_weight: (N,) what each example counts already, whose sums then stand in the place of N and
    n_c; None: 1 each. ValueError for a class that has no example, or no weight.
    """
    totals = np.bincount(t, sample_weight, num_classes)  # (C,)
    if not totals.all():
        got = f"none of class {totals.argmin()}"
        raise ValueError(f"balanced_class_weight: expected examples of every class, got {got}")
    return totals.sum() / (num_classes * totals)


def with_mean_one(sample_weight):
    """(N,) weights, 0 or above, times what makes their mean 1, so that a learning rate means what it did. ValueError
    where all are 0.
    """
    sample_weight = np.asarray(sample_weight, np.float64)
    if not sample_weight.any():
        raise ValueError("with_mean_one: expected a weight above 0, got none")
    sample_weight = sample_weight / sample_weight.max()  # no sum overflows
    return sample_weight / sample_weight.mean()
