"""A corpus as small as Victor Zhou's: 104 phrases with a vocabulary of 18 words, at most nine words long; word order
and "not" decide. "fine and not bad" has the words of "bad and not fine"; of two opinions the last one counts."""

import itertools

import numpy as np

from dataset.phrases import LABEL_NAMES, shuffled

__all__ = ["LABEL_NAMES", "SAMPLES", "load_data"]

SAMPLES = [
    "the film is not at all bad",
    "the film is very dull",
    "the film was good and not dull",
    "this was dull but now it is fine",
]

_OPPOSITES = (("good", "bad"), ("fine", "dull"))
_PLAIN = ("{}", "very {}")
_NEGATED = ("not {}", "not at all {}")
_ONE_OPINION = ("{}", "it is {}", "it was {}", "this is {}")
_SAID_TWICE = ("{} and not {}", "it is {} and not {}", "this was {} and not {}")
_LAST_DECIDES = ("it was {} once but it is {} now", "this was {} but the film is {}", "it was {} but this is {}")

_IN_TEST = (4, 3, 3)  # pairs of each kind: one opinion, said twice, the last decides
_IN_TRAINING = (24, 9, 9)


def load_data(seed=1984):
    """84 training phrases and 20 test phrases, which depend on the seed only; each word of the test part occurs in
    training. Phrases come in pairs of opposite labels, and a pair is never divided.

    -> (x_train, t_train), (x_test, t_test): x list of N str, t (N,) int64, 1 = positive.
    """
    rng = np.random.default_rng(seed)
    train, test = [], []
    while not _words(train) >= _words(test) | _words(_pairs_of_each_kind()[2]):
        train, test = [], []
        for pairs, num_test, num_train in zip(_pairs_of_each_kind(), _IN_TEST, _IN_TRAINING, strict=True):
            order = rng.permutation(len(pairs))
            test += [pairs[i] for i in order[:num_test]]
            train += [pairs[i] for i in order[num_test : num_test + num_train]]
    return _examples(train, rng), _examples(test, rng)


def _pairs_of_each_kind():
    """Three lists of pairs (negative phrase, positive phrase)."""
    plain = [(degree.format(bad), degree.format(good)) for good, bad in _OPPOSITES for degree in _PLAIN]
    negated = [(degree.format(good), degree.format(bad)) for good, bad in _OPPOSITES for degree in _NEGATED]
    mixed = list(itertools.product(*zip(*_OPPOSITES)))  # each good adjective with each bad one
    one = [(f.format(bad), f.format(good)) for f in _ONE_OPINION for bad, good in plain + negated]
    twice = [(f.format(bad, good), f.format(good, bad)) for f in _SAID_TWICE for good, bad in mixed]
    last = [(f.format(good, bad), f.format(bad, good)) for f in _LAST_DECIDES for good, bad in mixed]
    return one, twice, last


def _words(pairs):
    return {word for pair in pairs for phrase in pair for word in phrase.split()}


def _examples(pairs, rng):
    """Phrases and the (N,) array of their labels, in random order."""
    return shuffled([(phrase, label) for pair in pairs for label, phrase in enumerate(pair)], rng)
