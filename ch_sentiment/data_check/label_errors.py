"""Which labels are probably wrong: those that a model of all other texts, trained without this one, contradicts.

Cross-validation with NB-SVM gives each text probabilities from a model that has not seen it, nor a near duplicate of
it. A label is suspected where another class is more probable than it is, on average, among the texts that bear its
name: confident learning, Northcutt, Jiang and Chuang 2021.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from ch_sentiment.baselines.nbsvm import ScaledSum, features_of_texts, ratios_of_counts
from common.checking.calibration import fit_temperature
from common.checking.metrics import roc_auc
from common.functions import softmax
from common.layers import SigmoidWithLoss, SoftmaxWithLoss
from common.ngrams import frequent_ngrams
from common.optimizer import Adam
from common.sequential import Sequential
from common.trainer import Trainer
from common.training.batches import assign_folds, sorted_batches, take

FOLDS = 10
EPOCHS, LEAST_STEPS = 2, 150  # of each fold's model: more epochs on small data
SURE = 0.9  # upper limit of that average, so that labels are suspected in easy data, too
MIN_TEXTS = 2  # that hold a pair of words: a rarer pair says nothing about another text


@dataclass(frozen=True)
class LabelErrors:
    """probabilities: (N, C), of models that have not seen the text; NaN in texts that were not judged. suggested: (N,)
    class id where the label is suspected, else -1. ranked: (S,) positions of the suspected, the worst first.

    accuracy: how often the most probable class is the label. majority: the same of the most frequent label. judged: how
    many texts these are. reason: in words, why nothing could be said, or None.
    """

    probabilities: np.ndarray
    suggested: np.ndarray
    ranked: np.ndarray
    accuracy: float | None
    majority: float | None
    judged: int
    reason: str | None = None


def find_label_errors(x, t, label_names, groups, vocab_size, folds=FOLDS, rng=None, progress=iter):
    """LabelErrors of N texts, x list of (T,) id arrays, t (N,) class ids.

    groups: (N,) ids; texts of one group, near duplicates of each other, are judged by one model, which has seen none of
    them. folds: the number of models; below 2: nothing is judged. progress: wraps the folds. Texts without a
    word, and those of a label that occurs in one group only, are not judged.
    """
    if folds < 2:
        return _nothing(len(x), len(label_names), "not looked for (--folds)")
    t, groups = np.asarray(t), np.asarray(groups)
    has_word = np.array([len(ids) > 0 for ids in x], bool)
    groups_of = [len(set(groups[has_word & (t == c)].tolist())) for c in range(len(label_names))]
    known = np.flatnonzero(np.array(groups_of) > 1)  # (C',) classes that can be judged
    index = np.flatnonzero(has_word & np.isin(t, known))
    if len(known) < 2:
        return _nothing(len(x), len(label_names), "expected two different texts or more of each of two labels")
    class_of = np.searchsorted(known, t[index])  # (M,) among the known
    fold = assign_folds(class_of, groups[index], folds, np.random.default_rng(rng))
    scores = out_of_sample([x[i] for i in index], class_of, fold, len(known), vocab_size, progress)  # (M, C')
    # The error of a sum over n features grows with the root of n: without this, long texts would look surer.
    scores /= np.sqrt([[len(x[i])] for i in index])
    p = softmax(scores / (fit_temperature(scores, class_of) or 1.0))
    found = suggest_labels(p, class_of)
    accuracy, majority = float(np.mean(p.argmax(axis=1) == class_of)), float(np.bincount(class_of).max() / len(index))
    if not better_than_chance(p, class_of):
        reason = f"by its words a label is told no better than by chance, as far as {len(index):,} texts can show"
        return replace(_nothing(len(x), len(label_names), reason), accuracy=accuracy, majority=majority)
    probabilities = np.full((len(x), len(label_names)), np.nan)
    probabilities[index] = 0.0  # a class that was not judged
    probabilities[np.ix_(index, known)] = p
    suspected = np.flatnonzero(found >= 0)
    suggested = np.full(len(x), -1)
    suggested[index[suspected]] = known[found[suspected]]
    margin = p[suspected, class_of[suspected]] - p[suspected, found[suspected]]  # of the label over the suggestion
    ranked = index[suspected[np.argsort(margin, kind="stable")]]
    return LabelErrors(probabilities, suggested, ranked, accuracy, majority, len(index))


def better_than_chance(p, t):
    """Whether the ROC AUC of some class is three standard deviations (Mann and Whitney 1947) above 0.5.

    p: (M, C) probabilities. t: (M,) labels.
    """
    for c, n in enumerate(np.bincount(t, minlength=p.shape[1]).tolist()):
        others = len(t) - n
        area = roc_auc(t == c, p[:, c])
        if area is not None and area - 0.5 > 3 * math.sqrt((len(t) + 1) / (12 * n * others)):
            return True
    return False


def suggest_labels(p, t):
    """The class suspected to be right instead of the label, or -1: (M,). p: (M, C) probabilities. t: (M,) labels."""
    own = p[np.arange(len(t)), t]
    typical = np.array([own[t == c].mean() for c in range(p.shape[1])])  # (C,), of the texts that bear the label
    better = (p >= np.minimum(typical, SURE)) & (p > own[:, None])  # (M, C); never the label itself
    return np.where(better.any(axis=1), np.where(better, p, -1).argmax(axis=1), -1)


def out_of_sample(x, t, fold, num_classes, vocab_size, progress=iter):
    """Logits (M, C) of each text by the NB-SVM of all other folds. x list of M (T,) ids; t, fold (M,).

    Words and pairs are found once, in all texts: they do not depend on labels. The ratios do, and are computed from the
    training folds alone.
    """
    pairs = frequent_ngrams(x, vocab_size, min_texts=MIN_TEXTS)
    F, outputs = vocab_size + len(pairs), 1 if num_classes == 2 else num_classes
    features = features_of_texts(x, pairs, vocab_size)
    counts = _counts(features, t, F, num_classes)
    logits = np.zeros((len(x), num_classes))
    for k in progress(range(fold.max() + 1)):
        inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        held_out = [features[i] for i in outside]
        ratios = ratios_of_counts(counts - _counts(held_out, t[outside], F, num_classes)).astype(np.float32)
        net = Sequential(
            ScaledSum(np.zeros_like(ratios), np.zeros(outputs, np.float32), ratios),
            loss=SigmoidWithLoss() if outputs == 1 else SoftmaxWithLoss(),
        )
        epochs = max(EPOCHS, -(-LEAST_STEPS * 64 // len(inside)))
        trainer = Trainer(net, Adam(lr=0.003, lazy=True), callbacks=[], rng=k)
        trainer.fit([features[i] for i in inside], t[inside], epochs, 64, max_grad=1.0, eval_interval=None)
        for batch in sorted_batches(held_out, 128):
            scores = net.predict(take(held_out, batch))  # (B,) or (B, C)
            logits[outside[batch], -outputs:] = scores.reshape(len(batch), outputs)
    return logits


def _counts(features, t, F, num_classes):
    """(F, C): how many of the texts of each class hold each feature."""
    labels = np.repeat(t, [len(ids) for ids in features])
    flat = np.concatenate([np.zeros(0, np.int64), *features])
    return np.bincount(flat * num_classes + labels, minlength=F * num_classes).reshape(F, num_classes)


def _nothing(N, C, reason):
    """LabelErrors of N texts and C classes of which none was judged."""
    return LabelErrors(np.full((N, C), np.nan), np.full(N, -1), np.zeros(0, np.int64), None, None, 0, reason)
