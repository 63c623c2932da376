"""Batches of texts of many lengths: padding, length buckets, shuffling, splitting.

Texts stay a list of id arrays; only one batch at a time is padded, to its own longest text, and texts of similar length
share a batch, so that few of its steps are padding.
"""

import numpy as np

from common.arrays.checks import as_array, as_number, as_rng
from common.arrays.examples import PAD, lengths, num_examples, pad, parts, sorted_batches, take

__all__ = ["assign_folds", "count_tokens", "grouped_split", "pad", "shuffled_batches", "sorted_batches"]
__all__ += ["stratified_split", "take", "window_places"]

POOL = 50  # batches that are sorted by length together: enough for similar lengths, few enough to stay random


def shuffled_batches(x, batch_size, rng=None):
    """Index arrays (batch_size,), one of them shorter, with every example of x once, in random order.

    Of lists of id arrays, texts of similar length share a batch: sorted within each POOL random batches.
    """
    batch_size = as_number("shuffled_batches", "batch_size", batch_size, least=1, whole=True)
    rng = as_rng("shuffled_batches", rng)
    order, size = rng.permutation(num_examples(x)), lengths(x)
    if size is not None:
        pools = np.split(order, range(POOL * batch_size, len(order), POOL * batch_size))
        order = np.concatenate([pool[np.argsort(size[pool], kind="stable")] for pool in pools])
    batches = np.split(order, range(batch_size, len(order), batch_size)) if len(order) else []
    return [batches[i] for i in rng.permutation(len(batches))]


def window_places(jump, batch_size, time_size, first):
    """The (batch_size, time_size) places of a text that a step reads: row i the words from i * jump + first on."""
    return np.arange(batch_size)[:, None] * jump + (first + np.arange(time_size))  # (N, 1) + (T,) -> (N, T)


def count_tokens(x, index, padding=PAD):
    """The number of tokens in the examples `index`: ids of lists, and ids (N, T) of arrays that are not `padding`; of
    arrays of anything else, the number of examples. padding None: no id is.
    """
    counts = [_count(part, index, padding) for part in parts(x)]
    counts = [count for count in counts if count is not None]
    return sum(counts) if counts else np.size(index)


def _count(x, index, padding):
    if isinstance(x, list):
        return sum(len(x[i]) for i in index)
    if x.ndim != 2 or x.dtype.kind not in "iu":
        return None
    return len(index) * x.shape[1] if padding is None else int(np.count_nonzero(take(x, index) != padding))


def stratified_split(t, part, rng=None):
    """Split N examples at random into two parts with the same share of each class.

    t: (N,) ids. part: of the second one, in (0, 1). -> two shuffled index arrays. ValueError for a class of one.
    """
    t = as_array("stratified_split", "t", t)
    if t.ndim == 0 or len(t) == 0:
        raise ValueError("stratified_split: t: expected at least two examples of each class, got none")
    part = as_number("stratified_split", "part", part, above=0, below=1)
    rng = as_rng("stratified_split", rng)
    sides = [], []
    for label in np.unique(t):
        members = rng.permutation(np.flatnonzero(t == label))
        if len(members) < 2:
            raise ValueError(f"stratified_split: expected at least 2 examples of each class, got 1 of class {label}")
        count = min(max(round(part * len(members)), 1), len(members) - 1)
        sides[0].append(members[count:])
        sides[1].append(members[:count])
    return tuple(rng.permutation(np.concatenate(side)) for side in sides)


def grouped_split(t, groups, part, rng=None):
    """Split N examples at random into two parts that share no group, with nearly the same share of each class.

    t: (N,) class ids. groups: (N,) of any type: a film, an author. part: the share of the second part, in (0, 1).
    All groups start in the first part; in random order, twice, each is moved where that brings the shares of the
    classes nearer to `part`. If the second part then lacks a class, the group of it that fits best is moved there.
    -> two shuffled index arrays. ValueError for fewer than 2 groups, or where a class would be in one part only.
    """
    t, groups = as_array("grouped_split", "t", t), as_array("grouped_split", "groups", groups)
    part = as_number("grouped_split", "part", part, above=0, below=1)
    if groups.shape != t.shape:
        raise ValueError(f"grouped_split: expected a group for each of {t.shape} labels, got {groups.shape}")
    (names, group), (labels, label) = (np.unique(ids, return_inverse=True) for ids in (groups, t))
    if len(names) < 2:
        raise ValueError(f"grouped_split: expected at least 2 groups, got {len(names)}")
    counts = np.zeros((len(names), len(labels)), np.int64)
    np.add.at(counts, (group, label), 1)
    total = counts.sum(axis=0)
    rng = as_rng("grouped_split", rng)
    second = np.zeros(len(names), bool)
    size = np.zeros_like(total)  # (C,), of each class in the second part

    def size_after_moving(g):
        return size - counts[g] if second[g] else size + counts[g]

    def distance(size):
        """From the shares that were asked for; infinite where the first part lacks a class."""
        return np.square(size / total - part).sum() if (size < total).all() else np.inf

    nearest = distance(size)
    for g in np.tile(rng.permutation(len(names)), 2):
        if (reached := distance(size_after_moving(g))) < nearest:
            size, nearest, second[g] = size_after_moving(g), reached, not second[g]
    for c in range(len(labels)):
        if size[c] == 0:
            g = min(np.flatnonzero(counts[:, c]), key=lambda g: distance(size_after_moving(g)))
            size, second[g] = size_after_moving(g), True
    alone = labels[(size == 0) | (size == total)]
    if len(alone):
        got = f"class {alone[0]} on one side only"
        raise ValueError(f"grouped_split: expected groups that leave each class on both sides, got {got}")
    return tuple(rng.permutation(np.flatnonzero(second[group] == side)) for side in (False, True))


def assign_folds(t, groups, folds, rng):
    """(M,) int64, the fold of each example: no group is split, each class spread evenly. t, groups: (M,)."""
    names, first, group, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    folds = min(folds, len(names))
    order = rng.permutation(len(names))
    # Large groups first, class by class, in turn to each fold.
    order = order[np.lexsort((-sizes[order], t[first[order]]))]
    fold_of_group = np.empty(len(names), np.int64)
    fold_of_group[order] = np.arange(len(names)) % folds
    return fold_of_group[group.reshape(-1)]
