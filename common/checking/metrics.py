"""Scores of a classifier: accuracy, confusion matrix, precision, recall, F1, ROC curve, and a paired comparison."""

from dataclasses import dataclass

import numpy as np

from common.arrays.checks import as_array, as_floats, as_ids, float_dtype


def count_right(scores, t):
    """The number of correct answers. scores: (N,) or (N, 1) logits with t (N,) of 0 and 1, or (N, C) with t (N,) ids or
    (N, C) one-hot; a label may be soft, a probability: then the more probable class counts. ValueError for other
    shapes.
    """
    t = np.asarray(t)
    single = scores.shape[1:] in ((), (1,))
    ids = scores.shape[:1]
    if scores.ndim not in (1, 2) or t.shape not in (ids, (*ids, 1) if single else scores.shape):
        got = f"shapes {scores.shape} and {t.shape}"
        raise ValueError(f"count_right: expected a score, or one for each class, for each of (N,) labels, got {got}")
    if single:
        return int(np.sum((scores.reshape(-1) > 0) == (t.reshape(-1) > 0.5)))
    return int(np.sum(scores.argmax(axis=1) == (t.argmax(axis=1) if t.ndim == 2 else t)))


def names_classes(scores, t):
    """Whether labels name a class each: no label of a single score, where it is a float, is outside [0, 1], or 0.5."""
    single = scores.shape[1:] in ((), (1,)) and t.dtype.kind == "f"
    return not single or bool(((t >= 0) & (t <= 1) & (t != 0.5)).all())


def confusion_matrix(t, predicted, num_classes):
    """(C, C) counts: row = true class, column = predicted class. t, predicted: (N,) class ids."""
    t = as_ids("confusion_matrix", "t", t, ("N",), num_classes)
    predicted = as_ids("confusion_matrix", "predicted", predicted, (len(t),), num_classes)
    counts = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(counts, (t, predicted), 1)
    return counts


def accuracy(confusion):
    """The share of correct answers."""
    return float(np.trace(confusion) / max(confusion.sum(), 1))


def f1_score(confusion):
    """2 TP / (2 TP + FP + FN): of class 1 for two classes, else the mean over the classes. 0 where all are wrong."""
    correct = np.diagonal(confusion)
    scores = 2 * correct / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1), 1)
    return float(scores[1] if len(scores) == 2 else scores.mean())


def per_class(confusion):
    """Precision, recall and F1 of each class: (C,) each; 0 where nothing is divided by nothing, as in scikit-learn.

    precision: the share of the answers of this class that are right. recall: the share of the examples of this class
    that are found. F1: 2 TP / (2 TP + FP + FN), the harmonic mean of both. confusion: (C, C) counts. van Rijsbergen
    1979, "Information retrieval", chapter 7.
    """
    confusion = np.asarray(confusion)
    correct, true, answered = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    parts = (correct, answered), (correct, true), (2 * correct, true + answered)
    return tuple(part / np.maximum(whole, 1) for part, whole in parts)


def macro_f1(confusion):
    """The mean of the F1 of all classes that have an example or an answer; each counts the same, however rare."""
    confusion = np.asarray(confusion)
    occurs = confusion.sum(axis=0) + confusion.sum(axis=1) > 0
    return float(per_class(confusion)[2][occurs].mean()) if occurs.any() else 0.0


def balanced_accuracy(confusion):
    """The mean of the recall of all classes that have an example: what the accuracy would be if all were as frequent.

    1 / C by always giving the same answer. Brodersen et al. 2010.
    """
    has_example = np.asarray(confusion).sum(axis=1) > 0
    return float(per_class(confusion)[1][has_example].mean()) if has_example.any() else 0.0


def trivial_accuracies(t, label_names):
    """The two baselines of an accuracy: the most frequent label, and chance. t: (N,) class ids, of C names. -> dict.

    majority: the label that is the most frequent here, and the accuracy of always answering it. chance: 1 / C, the
    accuracy of answers drawn at random, each class alike, whatever the classes' shares are.
    """
    count = np.bincount(t, minlength=len(label_names))
    most = int(count.argmax())
    majority = {"label": label_names[most], "accuracy": float(count[most] / max(len(t), 1))}
    return {"majority": majority, "chance": 1 / len(label_names)}


def roc_auc(t, score):
    """The probability that a positive example scores above a negative one, ties counting half. Mann-Whitney.

    t: (N,) 0 or 1. score: (N,). None where one of the classes is absent.
    """
    t, score = _binary("roc_auc", t, score)
    positives, negatives = int(t.sum()), int((~t).sum())
    if not positives or not negatives:
        return None
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse.reshape(-1)]  # from 1; of ties the mean rank
    return float((rank[t].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _binary(owner, t, score):
    """-> t (N,) bool, of labels 0 and 1 or bools, and score (N,). ValueError for others, and for a score of NaN."""
    t = as_array(owner, "t", t)
    t = t if t.dtype.kind == "b" and t.ndim == 1 else as_ids(owner, "t", t, ("N",), 2).astype(bool)
    score = as_floats(owner, "score", score, (len(t),), float_dtype(score))
    if np.isnan(score).any():
        raise ValueError(f"{owner}: score: expected numbers, got nan")
    return t, score


def roc_curve(t, score):
    """The false and the true positive rate when every score from a threshold up counts as positive.

    t: (N,) 0 or 1. score: (N,). -> false_rate, true_rate, threshold: (K + 1,) each for K different scores, from (0, 0)
    at infinity to (1, 1) at the lowest. Ties share a point, so the area under the curve (trapezoids) is `roc_auc`.
    None where one of the classes is absent.
    """
    t, score = _binary("roc_curve", t, score)
    if t.all() or not t.any():
        return None
    values, inverse = np.unique(-score, return_inverse=True)  # the highest score first
    true, false = (np.bincount(inverse.reshape(-1)[part], minlength=len(values)).cumsum() for part in (t, ~t))
    rates = (np.concatenate(([0], counts)) / counts[-1] for counts in (false, true))
    return *rates, np.concatenate(([np.inf], -values))


def classification_report(t, probabilities, loss, label_names=None):
    """All scores of this module as a dict that JSON can hold.

    t: (N,) class ids. probabilities: (N, C). loss: float, copied. label_names: C str; None: "0", "1" ...

    accuracy, loss, n; f1 and roc_auc: of class 1 for two classes, else the mean over all classes (roc_auc of each
    against the rest; None where one is absent); macro_f1, balanced_accuracy; per_class: label -> precision, recall, f1
    and n; confusion: row = true class; never_answered: labels that have examples, but are the answer to none; and
    `trivial_accuracies`.
    """
    owner = "classification_report"
    probabilities = as_floats(owner, "probabilities", probabilities, ("N", "C"), float_dtype(probabilities))
    n, num_classes = probabilities.shape
    t = as_ids(owner, "t", t, (n,), num_classes)
    confusion = confusion_matrix(t, probabilities.argmax(axis=1), num_classes)
    areas = [roc_auc(t == c, probabilities[:, c]) for c in ([1] if num_classes == 2 else range(num_classes))]
    names = list(map(str, range(num_classes))) if label_names is None else label_names
    count, answered = confusion.sum(axis=1), confusion.sum(axis=0)
    rows = zip(names, *(values.tolist() for values in (*per_class(confusion), count)))
    return {
        "accuracy": accuracy(confusion),
        "loss": loss,
        "f1": f1_score(confusion),
        "roc_auc": None if None in areas else float(np.mean(areas)),
        "macro_f1": macro_f1(confusion),
        "balanced_accuracy": balanced_accuracy(confusion),
        "per_class": {name: dict(zip(("precision", "recall", "f1", "n"), values)) for name, *values in rows},
        "never_answered": [name for name, true, given in zip(names, count, answered) if true and not given],
        **trivial_accuracies(t, names),
        "confusion": confusion.tolist(),
        "n": n,
    }


@dataclass(frozen=True)
class Comparison:
    """difference: accuracy of A minus that of B. low, high: its 95 % interval. p: the two-sided p-value."""

    difference: float
    low: float
    high: float
    p: float


def paired_bootstrap(right_a, right_b, rng=None, rounds=10_000):
    """Compare two models on the same examples, resampled `rounds` times. Efron and Tibshirani 1993; Koehn 2004.

    right_a, right_b: (N,) bool, which examples each model answers correctly. Only the counts of those that A alone and
    B alone have right matter, so these are drawn. p is that of the differences shifted to a mean of 0. -> Comparison.
    ValueError where N differs or is 0.
    """
    right_a, right_b = np.asarray(right_a, bool), np.asarray(right_b, bool)
    if right_a.shape != right_b.shape or right_a.ndim != 1 or len(right_a) == 0:
        got = f"shapes {right_a.shape} and {right_b.shape}"
        raise ValueError(f"paired_bootstrap: expected the same examples twice, at least one, got {got}")
    n, only_a, only_b = len(right_a), np.sum(right_a & ~right_b), np.sum(right_b & ~right_a)
    drawn = np.random.default_rng(rng).multinomial(n, [only_a / n, only_b / n, 1 - (only_a + only_b) / n], rounds)
    observed, differences = only_a - only_b, drawn[:, 0] - drawn[:, 1]  # in examples: (), (rounds,)
    low, high = np.quantile(differences, [0.025, 0.975]) / n
    as_extreme = np.sum(np.abs(differences - observed) >= abs(observed))
    return Comparison(float(observed / n), float(low), float(high), float((as_extreme + 1) / (rounds + 1)))
