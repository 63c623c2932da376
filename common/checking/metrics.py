"""Scores of a classifier: accuracy, confusion matrix, F1, ROC curve, intervals, and a paired comparison."""

from dataclasses import dataclass

import numpy as np


def count_right(scores, t):
    """The number of correct answers. scores: (N,) or (N, 1) logits with t (N,) of 0 and 1, or (N, C) with t (N,) ids or
    (N, C) one-hot. ValueError for other shapes.
    """
    t = np.asarray(t)
    single = scores.shape[1:] in ((), (1,))
    ids = scores.shape[:1]
    if scores.ndim not in (1, 2) or t.shape not in (ids, (*ids, 1) if single else scores.shape):
        got = f"shapes {scores.shape} and {t.shape}"
        raise ValueError(f"count_right: expected a score, or one for each class, for each of (N,) labels, got {got}")
    if single:
        return int(np.sum((scores.reshape(-1) > 0) == t.reshape(-1)))
    return int(np.sum(scores.argmax(axis=1) == (t.argmax(axis=1) if t.ndim == 2 else t)))


def confusion_matrix(t, predicted, num_classes):
    """(C, C) counts: row = true class, column = predicted class. t, predicted: (N,) class ids."""
    counts = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(counts, (np.asarray(t), np.asarray(predicted)), 1)
    return counts


def accuracy(confusion):
    """The share of correct answers."""
    return float(np.trace(confusion) / max(confusion.sum(), 1))


def f1_score(confusion):
    """2 TP / (2 TP + FP + FN): of class 1 for two classes, else the mean over the classes. 0 where all are wrong."""
    correct = np.diagonal(confusion)
    scores = 2 * correct / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1), 1)
    return float(scores[1] if len(scores) == 2 else scores.mean())


def roc_auc(t, score):
    """The probability that a positive example scores above a negative one, ties counting half. Mann-Whitney.

    t: (N,) 0 or 1. score: (N,). None where one of the classes is absent.
    """
    t = np.asarray(t).astype(bool)
    positives, negatives = int(t.sum()), int((~t).sum())
    if not positives or not negatives:
        return None
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse.reshape(-1)]  # from 1; of ties the mean rank
    return float((rank[t].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def roc_curve(t, score):
    """The false and the true positive rate when every score from a threshold up counts as positive.

    t: (N,) 0 or 1. score: (N,). -> false_rate, true_rate, threshold: (K + 1,) each for K different scores, from (0, 0)
    at infinity to (1, 1) at the lowest. Ties share a point, so the area under the curve (trapezoids) is `roc_auc`.
    None where one of the classes is absent.
    """
    t, score = np.asarray(t).astype(bool), np.asarray(score)
    if t.all() or not t.any():
        return None
    values, inverse = np.unique(-score, return_inverse=True)  # the highest score first
    true, false = (np.bincount(inverse.reshape(-1)[part], minlength=len(values)).cumsum() for part in (t, ~t))
    rates = (np.concatenate(([0], counts)) / counts[-1] for counts in (false, true))
    return *rates, np.concatenate(([np.inf], -values))


def classification_report(t, probabilities, loss):
    """All of the above as a dict that JSON can hold: accuracy, loss, f1, roc_auc, confusion, n.

    t: (N,) class ids. probabilities: (N, C). loss: float, copied. f1 and roc_auc: of class 1 for two classes, else
    the mean over classes (roc_auc of each against the rest; None where one is absent).
    """
    t = np.asarray(t)
    n, num_classes = probabilities.shape
    confusion = confusion_matrix(t, probabilities.argmax(axis=1), num_classes)
    areas = [roc_auc(t == c, probabilities[:, c]) for c in ([1] if num_classes == 2 else range(num_classes))]
    return {
        "accuracy": accuracy(confusion),
        "loss": loss,
        "f1": f1_score(confusion),
        "roc_auc": None if None in areas else float(np.mean(areas)),
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
