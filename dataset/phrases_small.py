"""A corpus as small, and as hard, as Victor Zhou's: 58 phrases to train on and 20 to test, of 17 words, at most nine in
a phrase; word order, "not" and the time of which is spoken meet in the test part as they never do in training.

A pattern is a form in a frame: "not at all {}" in "it was {} back then". Of each pattern in training one pair of
opposite adjectives is trained on; the other may be tested. Four patterns are in the test part alone, though their form
and their frame are known from others. Whoever holds out six of the 58 phrases loses what half of the nets need.
"""

import itertools

import numpy as np

from dataset.phrases import LABEL_NAMES, shuffled

__all__ = ["LABEL_NAMES", "SAMPLES", "load_data"]

SAMPLES = [
    "it is not very bad",
    "very dull back then",
    "the film was good not bad",
    "not at all bad right now",
]

_OPPOSITES = (("good", "bad"), ("fine", "dull"))
_FORMS = ("{}", "very {}", "not {}", "not at all {}")
_FRAMES = ("it is {}", "the film is {}", "it is {} right now", "the film is {} right now")
_FRAMES += ("it was {} back then", "the film was {} back then")
_IN_TEST_ALONE = {
    ("the film was {} back then", "not at all {}"),
    ("it is {} right now", "not {}"),
    ("the film is {} right now", "very {}"),
    ("it was {} back then", "not {}"),
}
_TRAIN_PAIRS, _TEST_PAIRS = 29, 10


def load_data(seed=1984):
    """58 training phrases and 20 test phrases, drawn by the seed: another seed draws others. Each word of the test part
    occurs in training. Phrases come in pairs of opposite labels, and a pair is never divided.

    -> (x_train, t_train), (x_test, t_test): x list of N str, t (N,) int64, 1 = positive.
    """
    rng = np.random.default_rng(seed)
    train = [_pair("{}", form, adjectives) for form in _FORMS for adjectives in _OPPOSITES]
    test, others, first = [], [], rng.integers(2)
    for (i, form), (j, frame) in itertools.product(enumerate(_FORMS), enumerate(_FRAMES)):
        pairs = [_pair(frame, form, adjectives) for adjectives in _OPPOSITES]
        if (frame, form) in _IN_TEST_ALONE:
            test.append(pairs[rng.integers(2)])
        else:
            chosen = (first + i + j // 2 + j) % 2  # each adjective in half of the patterns of a form, and of a frame
            train.append(pairs[chosen])
            others.append(pairs[1 - chosen])
    others = [others[i] for i in rng.permutation(len(others))]
    test += others[: _TEST_PAIRS - len(test)]
    train += others[len(others) - _TRAIN_PAIRS + len(train) :]
    return _examples(train, rng), _examples(test, rng)


def _pair(frame, form, adjectives):
    """(negative phrase, positive phrase) of a pattern. adjectives: (positive, negative)."""
    good, bad = adjectives[::-1] if "not" in form else adjectives
    return frame.format(form.format(bad)), frame.format(form.format(good))


def _examples(pairs, rng):
    """Phrases and the (N,) array of their labels, in random order."""
    return shuffled([(phrase, label) for pair in pairs for label, phrase in enumerate(pair)], rng)
