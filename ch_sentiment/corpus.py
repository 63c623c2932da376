"""From the name of a data set to ids: load, split, tokenize, build the vocabulary, encode."""

import sys
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from common.batches import stratified_split
from dataset import labelled_text, phrases
from dataset.errors import DataError
from dataset.text import tokenize


@dataclass
class Texts:
    """texts: list of N str. t: (N,) class ids. label_names: class names in id order."""

    texts: list
    t: np.ndarray
    label_names: list

    def __len__(self):
        return len(self.texts)

    def take(self, index):
        """Those of `index`, an array of positions."""
        return Texts([self.texts[i] for i in index], self.t[index], self.label_names)


def load_train(name, classes):
    """The training texts of a data set. DataError where there is none."""
    if name == "phrases":
        (texts, t), _ = phrases.load_data()
        if classes != 2:
            raise DataError(f"phrases: 2 classes found where {classes} were asked for")
        return Texts(texts, t, phrases.LABEL_NAMES)
    return Texts(*labelled_text.load_data(name, classes))


def load_test(name, label_names):
    """The texts to score a model with the given labels on: of the phrases, their test part; of a file, all.
    DataError.
    """
    if name == "phrases":
        if list(label_names) != phrases.LABEL_NAMES:
            raise DataError(f"phrases: the labels are {phrases.LABEL_NAMES}, the model's are {list(label_names)}")
        _, (texts, t) = phrases.load_data()
        return Texts(texts, t, phrases.LABEL_NAMES)
    return Texts(*labelled_text.load_data(name, None, label_names))


def limited(data, limit, rng):
    """`limit` of the texts, drawn with every class in its share; all, where there are no more."""
    if limit is None or limit >= len(data):
        return data
    if limit < 2 * len(data.label_names):
        raise DataError(f"--limit: expected at least two texts of each of {len(data.label_names)} classes, got {limit}")
    return data.take(np.sort(stratified_split(data.t, limit / len(data), rng)[1]))


def tokenized(data, name, quiet=True):
    """The token list of every text. DataError naming the first text that has no token at all."""
    bar = tqdm(data.texts, desc="tokenizing", unit="text", leave=False, disable=quiet or not sys.stderr.isatty())
    token_lists = [tokenize(text) for text in bar]
    labelled_text.check_tokens(token_lists, name)
    return token_lists
