"""--wide: a net with the scores of a linear model on words and n-grams beside it, fitted on the training part."""

import numpy as np

from ch_sentiment.experiment.weighting import loss_weights
from ch_sentiment.wide.cross_fit import cross_fit
from ch_sentiment.wide.wide_net import WideNet

NGRAMS = 3  # words of the longest run, where --ngrams names none


def with_linear_part(net, config, data, rng, progress=iter):
    """-> WideNet around a SentimentNet, and a list of one line on the linear part. config: Config. data: Corpus. rng:
    deals the texts to folds. progress: wraps the numbers of the linear models, which take most of the time.
    """
    train, val, V, C = data.train, data.val, len(data.vocab), len(data.label_names)
    weights = [loss_weights(data, by_class)[0] for by_class in (config.training.class_weight, None)]
    ngrams = config.model.ngrams or NGRAMS
    linear, held_out = cross_fit(train.x, train.learnt, folded_by(train), V, C, ngrams, weights, rng, progress)
    options, left_out_rng = config.model, rng.spawn(1)[0]
    wide = WideNet(net, linear, options.max_len, options.keep, options.wide_dropout, left_out_rng)
    wide.held_out = held_out
    of_train, of_val = (f"{_accuracy(*pair):.2%}" for pair in ((held_out, train.t), (linear.predict(val.x), val.t)))
    alone = f"by itself right on {of_val} of the texts to validate, and of those to train on that it has not seen, on"
    return wide, [f"linear part: {len(linear.keys):,} n-grams of up to {ngrams} words; {alone} {of_train}"]


def folded_by(part):
    """(N,) what no fold may split: the groups of a Part, or, where it has none, texts that are the same."""
    if part.groups is not None and len(set(part.groups)) > 1:
        return part.groups
    numbers = {}
    return np.array([numbers.setdefault(text, len(numbers)) for text in part.texts])


def training_inputs(net, data):
    """What a Trainer is given of the texts to train on and of those to validate: their ids, and for a WideNet their
    linear scores, too.
    """
    if not isinstance(net, WideNet):
        return data.train.x, data.val.x
    return (data.train.x, net.held_out), (data.val.x, net.linear.predict(data.val.x))


def _accuracy(scores, t):
    answers = scores > 0 if scores.ndim == 1 else scores.argmax(axis=1)
    return float((answers == t).mean())
