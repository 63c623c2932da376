"""Texts that occur more than once, exactly or nearly, in the training part or in it and the test part."""

from dataclasses import dataclass

import numpy as np

from dataset.near_duplicates import find_near_duplicates


@dataclass(frozen=True)
class Duplicate:
    """A text that an earlier one, or one of the training part, equals or resembles.

    position, other: of both among all texts, those of the test part after those of the training part. exact: whether
    they are equal up to white space at the ends. similarity: the share of word triples that they have in common;
    None where they are linked only through other texts.
    """

    position: int
    other: int
    exact: bool
    similarity: float | None


def find_duplicates(texts, tokens, train_size, rng=0, progress=iter):
    """-> list of Duplicate, and the cluster of each text (N,): equal for texts that are linked by near duplicates.

    texts: list of N str, the first `train_size` of them the training part. tokens: TokenizedTexts of all. A text of the
    test part is compared with the training part alone.
    """
    near = find_near_duplicates(tokens, rng, progress)
    first, found = {}, []
    for i, text in enumerate(texts):
        same = first.setdefault(text.strip(), i)
        in_test = i >= train_size
        if same != i and text.strip() and not (in_test and same >= train_size):
            found.append(Duplicate(i, same, True, 1.0))
        elif near.cluster[i] != i and near.cluster[i] < (train_size if in_test else len(texts)):
            direct = near.like[i] < min(i, train_size)
            other = near.like[i] if direct else near.cluster[i]
            found.append(Duplicate(i, int(other), False, float(near.similarity[i]) if direct else None))
    return found, np.asarray(near.cluster)
