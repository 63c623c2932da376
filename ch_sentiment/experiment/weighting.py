"""What the loss is given beside scores: labels, hard or soft, and weights, that of each text times that of its class.

The weights are scaled to a mean of 1 in every part.
"""

import numpy as np

from common.training.class_weight import balanced_class_weight, with_mean_one
from dataset.errors import DataError


def loss_weights(data, class_weight):
    """-> weights of the training part, and of the validation part: (N,) float64 each, or None for both where every text
    counts the same.

    data: Corpus. class_weight: "balanced", by the labels (and weights) of the training part alone, or None. DataError
    where all weights of a part, or with class weights of a class, are 0.
    """
    parts = [data.train, data.val]
    weights = [part.weights for part in parts]
    if weights[0] is not None and weights[1] is None:  # soft-labelled texts count less, in the training part alone
        weights[1] = np.ones(len(data.val))
    if class_weight is None and weights[0] is None:
        return None, None
    if class_weight is not None:
        of_class = class_weights(data)
        weights = [of_class[part.t] * (1 if own is None else own) for part, own in zip(parts, weights)]
    for name, each in zip(("train on", "validate"), weights):
        if len(each) and not each.any():
            raise DataError(f"{data.name}: expected a weight above 0 among the texts to {name}, got none")
    return tuple(with_mean_one(each) if len(each) else each for each in weights)


def class_weights(data):
    """(C,) balanced class weights of the training part. DataError where a class has no weight there."""
    train = data.train
    try:
        return balanced_class_weight(train.t, len(data.label_names), train.weights)
    except ValueError:
        counted = train.t if train.weights is None else train.t[train.weights > 0]
        empty = next(name for i, name in enumerate(data.label_names) if i not in counted)
        expected = "expected texts of a weight above 0 of each class to train on"
        raise DataError(f"--class-weight: {expected}, got none labelled {empty}") from None


def notes(data, class_weight):
    """A line on the smallest and the largest class weight, in a list; [] where there are none."""
    if class_weight is None:
        return []
    of_class = class_weights(data)
    low, high = (f"{of_class[c]:.3g} ({data.label_names[c]})" for c in (of_class.argmin(), of_class.argmax()))
    return [f"class weights: from {low} to {high}"]


def loss_targets(options, part):
    """What the loss is given for a Part: (N,) class ids, or soft labels, (N,) for a model of one logit, else (N, C)."""
    one_logit = part.learnt.shape[1:] == (2,) and not (options.softmax and options.model == "recurrent")
    return part.learnt[:, 1] if one_logit else part.learnt
