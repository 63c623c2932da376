"""A part of the data of a training: texts, class ids, ids of words; and texts whose tokens are remembered."""

import functools
from dataclasses import dataclass, field

import numpy as np

from ch_sentiment.experiment import answering
from common.processes import map_on_cores
from dataset.store.token_cache import tokenize_texts


@dataclass
class Part:
    """texts: list of N str. t: (N,) class ids. x: list of N (T,) id arrays, once they are encoded. numbers: (N,) int,
    the name of each in messages: its line in a file, or 1 .. N. groups: (N,) str, the group of each, or None. weights:
    (N,) float64, of the loss, or None. targets: (N, C) probabilities of the classes, what a text without a label is
    thought to be among them (t is then the most probable class), or None.

    left_out: rows of the source that are not used, reason -> list of their numbers. notes: lines for the user. unit:
    what is numbered, "line", "record" or "text".
    """

    texts: list
    t: np.ndarray
    x: list = field(default_factory=list)
    numbers: np.ndarray | None = None
    groups: np.ndarray | None = None
    weights: np.ndarray | None = None
    left_out: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    unit: str = "text"
    targets: np.ndarray | None = None

    def __post_init__(self):
        if self.numbers is None:
            self.numbers = 1 + np.arange(len(self.texts))

    def __len__(self):
        return len(self.texts)

    @property
    def learnt(self):
        """What the loss takes: (N,) class ids, or (N, C) probabilities where some texts have these."""
        return self.t if self.targets is None else self.targets

    def take(self, index):
        """-> Part of the positions `index`, an array; its `left_out` is empty: the others are in other Parts."""
        texts, x = ([some[i] for i in index] if some else [] for some in (self.texts, self.x))
        of_all = (self.groups, self.weights, self.targets)
        groups, weights, targets = (None if some is None else some[index] for some in of_all)
        return Part(texts, self.t[index], x, self.numbers[index], groups, weights, unit=self.unit, targets=targets)


class CachedTexts(list):
    """A list of N str for any `predict_proba`; a model that asks it for `tokens` need not tokenize again.

    cached: take the tokens from the cache of long data, and store them there. progress: a bar on standard error.
    processes: how many may tokenize (`cores.most_processes`).
    """

    def __init__(self, texts, cached=True, progress=False, processes=None):
        super().__init__(texts)
        mapped = functools.partial(map_on_cores, processes=processes)
        # Cleaning -> `token_cache.TokenizedTexts`, the same for every model with this Cleaning
        self.tokens = functools.cache(lambda cleaning: tokenize_texts(list(self), cleaning, cached, progress, mapped))

    def take(self, index):
        """Those at the positions `index`, an ascending array, as CachedTexts that are not tokenized again."""
        some = CachedTexts([self[i] for i in index])
        some.tokens = functools.cache(lambda cleaning: self.tokens(cleaning).take(index))
        return some


def has_known_word(model, tokens):
    """(N,) bool: whether a TextClassifier knows a word of each text; True where it does not tell what it knows.

    tokens: TokenizedTexts of the texts.
    """
    known = answering.known(model, tokens.words)  # (words,)
    return np.ones(len(tokens), bool) if known is None else tokens.hold(known)
