"""Parameters of an estimator that scikit-learn has its own customs for: random_state, class_weight, processes."""

import multiprocessing
import os
import threading

import numpy as np
from numpy.random import Generator, RandomState

from common.arrays.checks import as_array, plain_number
from common.cores import VARIABLE
from dataset.errors import DataError

SEEDS = 2**32


def seed_of(random_state):
    """An int: itself. A Generator or RandomState: drawn from it. None: another one every time. DataError."""
    match random_state:
        case None:
            return int(np.random.SeedSequence().entropy % SEEDS)
        case Generator():
            return int(random_state.integers(SEEDS))
        case RandomState():
            return int(random_state.randint(SEEDS, dtype=np.uint64))
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool) and random_state >= 0:
        return int(random_state)
    expected = "expected a whole number, 0 or above, a Generator, a RandomState or None"
    raise DataError(f"random_state: {expected}, got {random_state!r}")


def weighted(sample_weight, class_weight, labels, classes=()):
    """sample_weight (N,) or None, times the weights in a dict by label (1 for a label that is not in it) -> (N,), or
    what came where there is no dict. labels: list of N. classes: labels that may be missing among these. DataError.
    """
    if class_weight is None or class_weight == "balanced":
        return sample_weight
    if not isinstance(class_weight, dict):
        raise DataError(f"class_weight: expected 'balanced', a dict of weights by label, or None, got {class_weight!r}")
    for label, weight in class_weight.items():
        if not isinstance(weight, (int, float, np.number)) or not 0 <= weight < np.inf:
            raise DataError(f"class_weight: expected a number, 0 or above, for {label!r}, got {weight!r}")
    found = {*labels, *classes}
    if (unknown := [label for label in class_weight if label not in found]) and found - set(class_weight):
        raise DataError(f"class_weight: expected labels of {sorted(map(str, found))}, got {unknown[0]!r}")
    weights = np.array([class_weight.get(label, 1) for label in labels], np.float64)  # (N,)
    try:
        of_texts = np.ones(len(weights)) if sample_weight is None else as_array("fit", "sample_weight", sample_weight)
        return weights * of_texts if of_texts.dtype.kind in "biuf" else sample_weight
    except (TypeError, ValueError):  # no numbers, or not N: refused where they are used
        return sample_weight


def processes_of(processes):
    """What was asked for; else 1 inside the workers of a search, which share the cores already, and None, as many as
    are fastest, elsewhere.
    """
    in_worker = multiprocessing.current_process().name != "MainProcess"
    in_worker |= threading.current_thread() is not threading.main_thread()
    return 1 if processes is None and in_worker and not os.environ.get(VARIABLE) else processes


def to_plain(parameters, seed):
    """Parameters by name as JSON holds them: a dict of class weights as a list of pairs, and `seed`, what it came to,
    in the place of a random state.
    """
    found = {name: plain_number(value) for name, value in parameters.items()}
    if isinstance(found["class_weight"], dict):
        found["class_weight"] = [[plain_number(label), plain_number(w)] for label, w in found["class_weight"].items()]
    if not isinstance(found["random_state"], int | None):
        found["random_state"] = seed
    return {name: value for name, value in found.items() if value is not None or name == "random_state"}


def from_plain(parameters):
    """The reverse of `to_plain`; what a file holds in a wrong form is left as it is, for `fit` to refuse."""
    match parameters:
        case {"class_weight": [*pairs]} if all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
            return {**parameters, "class_weight": {str(k) if isinstance(k, list | dict) else k: w for k, w in pairs}}
    return parameters
