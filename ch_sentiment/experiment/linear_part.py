"""--wide: a linear model on words and n-grams beside a net."""

import numpy as np

from ch_sentiment.experiment.weighting import loss_weights
from ch_sentiment.wide.linear import fit_linear
from ch_sentiment.wide.wide_net import EVEN, WideNet

NGRAMS = 3  # words of the longest run, where --ngrams names none
MOST = 2_000_000  # n-grams, those in the most texts: 24 bytes each in memory


def with_linear_part(net, config, data, progress=iter):
    """-> WideNet around an untrained SentimentNet, its linear part fitted, and a list of one line on that. config:
    Config. data: Corpus. progress: wraps the steps of the fit.
    """
    train, options = data.train, config.model
    weights = [loss_weights(data, by_class)[0] for by_class in (config.training.class_weight, None)]
    V, C, ngrams = len(data.vocab), len(data.label_names), options.ngrams or NGRAMS
    linear = fit_linear(train.x, train.learnt, V, C, ngrams, MOST, weights, progress)
    line = f"linear part: {len(linear.keys):,} n-grams of up to {ngrams} words"
    return WideNet(net, linear, options.max_len, options.keep), [line]


def join(model, data, class_weight):
    """Let a Classifier's net answer together with its linear part, where it has one, and add to its metrics what each
    of them reaches on the validation part; without one they count the same. class_weight: of the training.
    """
    if not isinstance(model.net, WideNet):
        return
    if not len(data.val):
        model.net.shares[...] = EVEN
        return
    right = model.net.join(data.val.x, data.val.t, loss_weights(data, class_weight)[1])
    names, (a, b) = ("net", "linear", "both"), model.net.shares.tolist()
    found = {name: float(np.mean(of)) for name, of in zip(names, right)}
    model.metrics["wide"] = {"a": a, "b": b, "n": len(data.val), "validation_accuracy": found}
