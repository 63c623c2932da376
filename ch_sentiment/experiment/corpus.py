"""Labelled texts in memory, and the corpus that a training makes of them: parts, vocabulary, ids.

`LabelledTexts` is the one way in, whether the texts stand in two lists or were loaded by name (`load.py`).
"""

import functools
import hashlib
import json
import os
from dataclasses import dataclass, field, replace

import numpy as np

from common.training.batches import grouped_split, stratified_split
from dataset import imdb, labelled_text
from dataset.errors import DataError
from dataset.store.token_cache import tokenize_texts, update_digest
from dataset.text import KEEPS, Vocab

SAMPLES = 4  # texts to try a model on, where the data has none of its own


@dataclass
class Part:
    """texts: list of N str. t: (N,) class ids. x: list of N (T,) id arrays, once they are encoded. numbers: (N,) which
    text of its source each is, from 1. groups: (N,) str, what each belongs to, or None. weights: (N,) float64, what
    each counts in the loss, or None.
    """

    texts: list
    t: np.ndarray
    x: list = field(default_factory=list)
    numbers: np.ndarray | None = None
    groups: np.ndarray | None = None
    weights: np.ndarray | None = None

    def __post_init__(self):
        if self.numbers is None:
            self.numbers = 1 + np.arange(len(self.texts))

    def __len__(self):
        return len(self.texts)

    def take(self, index):
        """Those at the positions `index`, an array."""
        texts, x = ([some[i] for i in index] if some else [] for some in (self.texts, self.x))
        groups, weights = (None if some is None else some[index] for some in (self.groups, self.weights))
        return Part(texts, self.t[index], x, self.numbers[index], groups, weights)


class CachedTexts(list):
    """A list of N str for any `predict_proba`; a model that asks it for `tokens` need not tokenize again.

    cached: take the tokens from the cache of long data, and store them there. progress: a bar on standard error.
    """

    def __init__(self, texts, cached=True, progress=False):
        super().__init__(texts)
        # Cleaning -> `token_cache.TokenizedTexts`, the same for every model with this Cleaning
        self.tokens = functools.cache(lambda cleaning: tokenize_texts(list(self), cleaning, cached, progress))


@dataclass
class LabelledTexts:
    """texts: Part, to be divided into a training and a validation part. label_names: of the class ids, in order. test:
    Part that is scored once, or None. name: what messages call them. samples: texts to try a model on, or None.
    """

    texts: Part
    label_names: list
    test: Part | None = None
    name: str = "texts"
    test_name: str = "test texts"
    samples: list | None = None

    @classmethod
    def of(cls, texts, labels, groups=None, sample_weight=None):
        """From N texts (str) and N labels (all str, or all int or bool) in any sequence, a column of a data frame say.
        groups: N of what each belongs to. sample_weight: N numbers, 0 or above, what each counts in the loss.

        The classes are the distinct labels, sorted. DataError where these are no labelled texts of two classes or more.
        """
        for name, values in (("texts", texts), ("labels", labels)):
            if isinstance(values, (str, bytes, dict, set, frozenset)):
                raise DataError(f"{name}: expected a list, got one {type(values).__name__}")
        texts, labels = _all_of((str,), texts, "text"), _all_of((str, int, np.integer, np.bool_), labels, "label")
        if len(texts) != len(labels):
            raise DataError(f"expected as many labels as texts, got {len(texts)} texts and {len(labels)} labels")
        if len({isinstance(label, str) for label in labels}) > 1:
            raise DataError("labels: expected all of them to be str, or all to be int, got both")
        names = sorted(set(labels))
        if len(names) < 2:
            raise DataError(f"labels: expected two classes or more, got {names}")
        class_ids = {name: i for i, name in enumerate(names)}
        t = np.array([class_ids[label] for label in labels])
        if groups is not None:
            groups = np.array(list(map(str, groups)))
            if len(groups) != len(texts):
                raise DataError(f"expected a group for each of the {len(texts):,} texts, got {len(groups):,}")
        weights = None if sample_weight is None else _weights(sample_weight, len(texts))
        return cls(Part(texts, t, groups=groups, weights=weights), list(map(str, names)))


def _weights(values, N):
    """-> (N,) float64. DataError unless these are N finite numbers, 0 or above, and one of them above."""
    try:
        weights = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise DataError(f"sample_weight: expected {N:,} numbers, got something else") from None
    if weights.shape != (N,):
        raise DataError(f"sample_weight: expected a weight for each of the {N:,} texts, got shape {weights.shape}")
    if not (np.isfinite(weights) & (weights >= 0)).all() or not weights.any():
        wrong = weights[~(np.isfinite(weights) & (weights >= 0))]
        got = f"{wrong[0]:g}" if len(wrong) else "nothing but 0"
        raise DataError(f"sample_weight: expected finite numbers, 0 or above, got {got}")
    return weights


def _all_of(kinds, values, called):
    """The values in a list, each str as a plain str. DataError naming the first that is of none of the kinds."""
    values = list(values)
    for i, value in enumerate(values):
        if not isinstance(value, kinds):
            expected = "a str" if kinds == (str,) else "a str or an int"
            raise DataError(f"{called} {i + 1}: expected {expected}, got {type(value).__name__}")
    return [str.__str__(value) if isinstance(value, str) else value for value in values]


@dataclass
class Corpus:
    """What a training needs: three parts (test may be None), the vocabulary of the first, the names of the classes, and
    a few texts to try the model on. notes: what a person should know of it, in lines. name: of what it was made of.
    """

    train: Part
    val: Part
    test: Part | None
    vocab: Vocab
    label_names: list
    samples: list
    notes: list = field(default_factory=list)
    name: str = "texts"

    @property
    def scored(self):
        """("test", its part), or ("validation", its part) where there is no test part."""
        return ("validation", self.val) if self.test is None else ("test", self.test)

    @property
    def parts(self):
        """name -> Part, of those that there are."""
        parts = {"train": self.train, "validation": self.val, "test": self.test}
        return {name: part for name, part in parts.items() if part is not None}

    @functools.cached_property
    def fingerprint(self):
        """In words: how many texts, and the beginning of the sha256 of texts, labels, weights, names of classes in order."""
        digest = hashlib.sha256(json.dumps(self.label_names).encode())
        for part in self.parts.values():
            digest.update(part.t.astype("<i8").tobytes())
            update_digest(digest, part.texts)
            digest.update(b"" if part.weights is None else part.weights.astype("<f8").tobytes())
        return f"{sum(map(len, self.parts.values())):,} texts of sha256 {digest.hexdigest()[:16]}"

    def summary(self):
        """What a model's file says of its data: name, `fingerprint`, and the number of texts of each label by part."""
        counts = {
            part_name: {label: int(np.sum(part.t == class_id)) for class_id, label in enumerate(self.label_names)}
            for part_name, part in self.parts.items()
        }
        return {"name": os.path.basename(os.path.normpath(self.name)), "content": self.fingerprint, "texts": counts}


def encode(texts, config, cached=False, progress=False):
    """LabelledTexts, Config -> Corpus: split, tokenize, build the vocabulary of the training part, encode.

    The validation part has every class in its share, and no group with the training part. It follows from the texts,
    the options and the seed of the split alone, so that models of all kinds can be compared on it. cached: keep the
    tokens of long data for the next start. progress: a bar on standard error. DataError, ValueError where the texts
    do not fit the options.
    """
    rng = np.random.default_rng(config.split_seed).spawn(1)[0]
    whole = limited(texts, config.data.limit, rng)
    model, longest = config.model, config.training.drop_longer

    def tokenized(part, name):
        tokens = tokenize_texts(part.texts, model.cleaning, cached, progress)
        labelled_text.check_lengths(tokens.lengths(), name, part.numbers)
        return tokens

    def ids(tokens):
        return [KEEPS[model.keep](ids_of_text, model.max_len) for ids_of_text in tokens.encode(vocab)]

    tokens = tokenized(whole, texts.name)
    train_index, val_index = split(whole, config.data.validation, texts, rng)
    if longest is not None:
        train_index = train_index[tokens.lengths()[train_index] <= longest]
        if lost := [name for i, name in enumerate(texts.label_names) if i not in whole.t[train_index]]:
            raise DataError(f"--drop-longer: expected texts of at most {longest} tokens labelled {lost[0]}, got none")
    vocab = tokens.build_vocab(train_index, model.vocab_size)
    whole.x = ids(tokens)
    test = texts.test and replace(texts.test, x=ids(tokenized(texts.test, texts.test_name)))
    train, val = whole.take(train_index), whole.take(val_index)
    samples = texts.samples or (test or val).texts[:SAMPLES]
    found, notes = imdb.count_duplicates(whole.texts, [] if test is None else test.texts), []
    if found.train or found.test or found.shared:
        in_test = "" if test is None else f", {found.test} within test, {found.shared} of test also in train"
        notes = [f"duplicates: {found.train} within train{in_test}"]
    return Corpus(train, val, test, vocab, texts.label_names, samples, notes, texts.name)


def split(part, share, texts, rng):
    """Positions of the texts to train on, and of the `share` to validate; by group where there are groups. DataError
    where a label cannot stand in both parts. part: of `texts`, LabelledTexts.
    """
    members = {label: np.flatnonzero(part.t == i) for i, label in enumerate(texts.label_names)}
    if lonely := [label for label, index in members.items() if len(index) == 1]:
        raise DataError(f"{texts.name}: expected at least 2 texts of each label, got 1 labelled {lonely[0]}")
    if part.groups is None:
        return stratified_split(part.t, share, rng)
    try:
        return grouped_split(part.t, part.groups, share, rng)
    except ValueError:
        found = ", ".join(f"{label} in {len(set(part.groups[index]))}" for label, index in members.items())
        expected = "expected at least 2 groups, with texts of each label in several of them"
        raise DataError(f"{texts.name}: {expected}, got {len(set(part.groups))} ({found})") from None


def limited(texts, limit, rng):
    """`limit` of the texts, drawn with every class in its share; all, where there are no more. -> Part."""
    part, C = texts.texts, len(texts.label_names)
    if limit is None or limit >= len(part):
        return part.take(np.arange(len(part)))
    if limit < 2 * C:
        raise DataError(f"--limit: expected at least two texts of each of {C} classes, got {limit}")
    return part.take(np.sort(split(replace(part, groups=None), limit / len(part), texts, rng)[1]))
