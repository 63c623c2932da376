"""Which examples without labels to learn from, by the probabilities of a model: the surest, class by class."""

import numpy as np


def choose_confident(probabilities, confidence, shares=None):
    """The rows whose largest probability is `confidence` or more: positions (K,), ascending.

    probabilities: (N, C). shares: (C,) of the classes, adding up to 1: as many of each are chosen as fit these, those
    with the largest probability; None: all. A model that prefers a class would otherwise teach that preference.
    """
    probabilities = np.asarray(probabilities)
    sure, answer = probabilities.max(axis=1), probabilities.argmax(axis=1)  # (N, C) -> (N,)
    index = np.flatnonzero(sure >= confidence)
    if shares is None:
        return index
    counts = np.bincount(answer[index], minlength=len(shares))  # (C,)
    quotas = np.floor((counts / shares).min() * np.asarray(shares) + 1e-9).astype(int)  # of the scarcest class all
    chosen = []
    for c, quota in enumerate(quotas):
        members = index[answer[index] == c]
        chosen.append(members[np.argsort(-sure[members], kind="stable")[:quota]])
    return np.sort(np.concatenate(chosen))
