"""The linear part of a WideNet, and the scores of its training texts by linear models that have not seen them.

The texts are dealt to five folds; those of a fold are scored by a model of the other four. Stacking: Wolpert 1992.
"""

import numpy as np

from ch_sentiment.baselines.nbsvm import NBSVM, features_of_texts, ratios_of_counts
from ch_sentiment.wide import logistic
from ch_sentiment.wide.logistic import Rows
from common.checking.calibration import fit_temperature
from common.ngrams import frequent_ngrams
from common.training.batches import assign_folds

FOLDS = 5
MIN_TEXTS = 2  # that must hold a feature: a rarer one says nothing about another text


def cross_fit(x, t, groups, vocab_size, num_classes, ngrams, weights=(None, None), rng=None, progress=iter):
    """-> NBSVM of N texts, and the scores (N,) or (N, C) of each of them by a model of other texts; both divided by the
    temperature that suits these scores best.

    x: list of N id arrays. t: (N,) class ids, or (N, C) soft labels. groups: (N,), texts of one group are in one fold.
    ngrams: words of the longest run. weights: (N,) each or None, in the loss and in the ratios
    (`nbsvm.log_count_ratios`). rng: of the folds. progress: wraps the numbers of the models.
    """
    of_loss, of_counts = weights
    keys = frequent_ngrams(x, vocab_size, ngrams, min_texts=MIN_TEXTS)
    linear = NBSVM(vocab_size, len(keys), num_classes, ngrams)
    linear.keys[...] = keys
    soft = np.eye(num_classes)[t] if t.ndim == 1 else t  # (N,) -> (N, C)
    rows = Rows.of(features_of_texts(x, keys, vocab_size, ngrams), vocab_size + len(keys))
    fold = assign_folds(soft.argmax(axis=1), groups, FOLDS, np.random.default_rng(rng))
    held_out = np.zeros((len(x), linear.ratios.shape[1]), np.float32)

    def fitted(index):
        some, labels = rows.take(index), t[index]
        weight = None if of_loss is None else of_loss[index]
        counted = np.ones(len(index)) if of_counts is None else of_counts[index]
        counts = some.transposed_times(soft[index] * counted[:, None])  # (F, N) @ (N, C)
        ratios = ratios_of_counts(counts).astype(np.float32)
        ratios[some.transposed_times(np.ones((len(index), 1)))[:, 0] < MIN_TEXTS] = 0
        return ratios, *logistic.fit(some, labels, ratios, weight)

    for k in progress(range(fold.max() + 2)):
        outside = np.flatnonzero(fold == k)  # none for the last: the model of all texts
        ratios, W, b = fitted(np.flatnonzero(fold != k))
        held_out[outside] = rows.take(outside).times(ratios * W) + b
    held_out = held_out[:, 0] if num_classes == 2 else held_out
    known = soft.max(axis=1) == 1  # a soft label, as other models gave it, says little of how often this one is right
    temperature = fit_temperature(held_out[known], soft[known].argmax(axis=1)) or 1.0
    linear.ratios[...] = ratios
    for own, found in zip(linear.params, (W, b)):
        own[...] = found / temperature
    return linear, held_out / np.float32(temperature)
