"""The linear part of a WideNet: an NBSVM on words and n-grams, fitted to the end, which needs no validation part."""

import numpy as np

from ch_sentiment.baselines.nbsvm import NBSVM, features_of_texts, ratios_of_counts
from ch_sentiment.wide import logistic
from ch_sentiment.wide.logistic import Rows
from common.ngrams import frequent_ngrams


def fit_linear(x, t, vocab_size, num_classes, ngrams, max_ngrams=None, weights=(None, None), progress=iter):
    """-> NBSVM of N texts.

    x: list of N (T,) id arrays. t: (N,) class ids, or (N, C) soft labels. ngrams: words of the longest run. max_ngrams:
    at most so many are known, those that stand in the most texts. weights: (N,) each or None, in the loss and in the
    ratios (`nbsvm.log_count_ratios`). progress: wraps the steps of the fit.
    """
    of_loss, of_counts = weights
    keys = frequent_ngrams(x, vocab_size, ngrams, max_ngrams)
    linear = NBSVM(vocab_size, len(keys), num_classes, ngrams)
    linear.keys[...] = keys
    soft = np.eye(num_classes)[t] if t.ndim == 1 else t  # (N,) -> (N, C)
    rows = Rows.of(features_of_texts(x, keys, vocab_size, ngrams), vocab_size + len(keys))
    counted = np.ones(len(x)) if of_counts is None else of_counts
    linear.ratios[...] = ratios_of_counts(rows.transposed_times(soft * counted[:, None]))  # (F, N) @ (N, C)
    for own, found in zip(linear.params, logistic.fit(rows, t, linear.ratios, of_loss, progress)):
        own[...] = found
    return linear
