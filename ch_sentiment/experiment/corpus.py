"""Labelled texts in memory, and the corpus of a training made from them: parts, vocabulary, ids.

`LabelledTexts` is the one way in, whether the texts stand in two lists or were loaded by name (`load.py`).
"""

import functools
import hashlib
import json
import os
from dataclasses import dataclass, field, replace

import numpy as np

from ch_sentiment.experiment import answering, in_memory
from common.training.batches import grouped_split, stratified_split
from dataset import imdb
from dataset.errors import DataError
from dataset.labelled_text import left_out_line
from dataset.reading.labels import listed
from dataset.store.token_cache import tokenize_texts, update_digest
from dataset.text import KEEPS, Vocab

SAMPLES = 4  # texts to try a model on, where the data has none of its own


@dataclass
class Part:
    """texts: list of N str. t: (N,) class ids. x: list of N (T,) id arrays, once they are encoded. numbers: (N,) int,
    the name of each in messages: its line in a file, or 1 .. N. groups: (N,) str, the group of each, or None. weights:
    (N,) float64, of the loss, or None.

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

    def __post_init__(self):
        if self.numbers is None:
            self.numbers = 1 + np.arange(len(self.texts))

    def __len__(self):
        return len(self.texts)

    def take(self, index):
        """-> Part of the positions `index`, an array; its `left_out` is empty: the others are in other Parts."""
        texts, x = ([some[i] for i in index] if some else [] for some in (self.texts, self.x))
        groups, weights = (None if some is None else some[index] for some in (self.groups, self.weights))
        return Part(texts, self.t[index], x, self.numbers[index], groups, weights, unit=self.unit)


class CachedTexts(list):
    """A list of N str for any `predict_proba`; a model that asks it for `tokens` need not tokenize again.

    cached: take the tokens from the cache of long data, and store them there. progress: a bar on standard error.
    """

    def __init__(self, texts, cached=True, progress=False):
        super().__init__(texts)
        # Cleaning -> `token_cache.TokenizedTexts`, the same for every model with this Cleaning
        self.tokens = functools.cache(lambda cleaning: tokenize_texts(list(self), cleaning, cached, progress))

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


@dataclass
class LabelledTexts:
    """texts: Part, to be divided into a training and a validation part. label_names: of the class ids, in order. test:
    Part that is scored once, or None. name: what messages call them. samples: texts to try a model on, or None. strict:
    whether a text without a word is a DataError, where else it is left out.
    """

    texts: Part
    label_names: list
    test: Part | None = None
    name: str = "texts"
    test_name: str = "test texts"
    samples: list | None = None
    strict: bool = False

    @classmethod
    def of(cls, texts, labels, groups=None, sample_weight=None, strict=False):
        """From N texts (str) and N labels (all str, or all int or bool) in any sequence, a column of a data frame say.
        groups: N of what each belongs to. sample_weight: N numbers, 0 or above, what each counts in the loss.

        The classes are the distinct labels, sorted. Where a text or a label is missing (None, nan, pandas' NA, "") the
        pair is left out with a warning, or, where `strict`, refused. DataError where these are no labelled texts of two
        classes or more.
        """
        pairs, names = in_memory.checked_texts(texts, labels, groups, sample_weight, strict)
        return cls(Part(**pairs), names, strict=strict)


@dataclass
class Corpus:
    """The data of a training: three parts (test may be None), the vocabulary of the first, the names of the classes,
    and a few texts to try the model on. notes: lines for the user. left_out: those of them on rows that were left out.
    name: of the data set or file.
    """

    train: Part
    val: Part
    test: Part | None
    vocab: Vocab
    label_names: list
    samples: list
    notes: list = field(default_factory=list)
    left_out: list = field(default_factory=list)
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
        """In words: how many texts, and the beginning of the sha256 of texts, labels, names of classes, in order, and
        of weights.
        """
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

    def tokenized(part, source, name):
        tokens = tokenize_texts(part.texts, model.cleaning, cached, progress)
        return with_words(part, tokens, source.left_out, name, texts.strict, len(source))

    def ids(tokens):
        return [KEEPS[model.keep](ids_of_text, model.max_len) for ids_of_text in tokens.encode(vocab)]

    whole, tokens, lines = tokenized(whole, texts.texts, texts.name)
    notes, test = [*texts.texts.notes, *lines], texts.test
    if test is not None:
        test, test_tokens, test_lines = tokenized(test, test, texts.test_name)
        notes, lines = [*notes, *texts.test.notes, *test_lines], [*lines, *test_lines]
    train_index, val_index = split(whole, config.data.validation, texts, rng, lines)
    if longest is not None:
        train_index = train_index[tokens.lengths()[train_index] <= longest]
        if lost := [name for i, name in enumerate(texts.label_names) if i not in whole.t[train_index]]:
            raise DataError(f"--drop-longer: expected texts of at most {longest} tokens labelled {lost[0]}, got none")
    vocab = tokens.build_vocab(train_index, model.vocab_size)
    whole.x = ids(tokens)
    test = test and replace(test, x=ids(test_tokens))
    train, val = whole.take(train_index), whole.take(val_index)
    samples = texts.samples or (test or val or train).texts[:SAMPLES]
    found = imdb.count_duplicates(whole.texts, [] if test is None else test.texts)
    if found.train or found.test or found.shared:
        in_test = "" if test is None else f", {found.test} within test, {found.shared} of test also in train"
        notes.append(f"duplicates: {found.train} within train{in_test}")
    return Corpus(train, val, test, vocab, texts.label_names, samples, notes, lines, texts.name)


def with_words(part, tokens, left_out, name, strict=False, N=None):
    """Part and its TokenizedTexts without the texts that have no token, and a list of at most one line on these and on
    `left_out`, the rows of the source that were left out before. N: texts of the source, where the part is but some of
    them. DataError where nothing is left, or where `strict`.
    """
    has_word = tokens.lengths() > 0  # (N,)
    lost = part.numbers[~has_word].tolist()
    total = (len(part) if N is None else N) + sum(map(len, left_out.values()))
    left_out = {**left_out, **({"no word": lost} if lost else {})}
    line = left_out_line(name, left_out, total, part.unit)
    if line and strict:
        raise DataError(f"{line}, which --strict refuses")
    if not has_word.any():
        raise DataError(f"{name}: expected texts with words, got none{f' ({line})' if line else ''}")
    if lost:
        index = np.flatnonzero(has_word)
        part, tokens = part.take(index), tokens.take(index)
    return part, tokens, [line] if line else []


def split(part, share, texts, rng, left_out=()):
    """Positions of the texts to train on, and of the `share` (0: none) to validate; by group where there are
    groups. DataError where a label cannot stand in both parts. part: of `texts`, LabelledTexts. left_out: lines that may tell why.
    """
    members = {label: np.flatnonzero(part.t == i) for i, label in enumerate(texts.label_names)}
    for label, index in members.items():
        if len(index) < 2:
            which = "".join(f" ({part.unit} {number:,})" for number in part.numbers[index])
            got = "; ".join([f"got {len(index)} labelled {listed([label])}{which}", *left_out])
            raise DataError(f"{texts.name}: expected at least 2 texts of each label, {got}")
    if share == 0:
        return rng.permutation(len(part)), np.zeros(0, np.int64)
    if part.groups is None:
        return stratified_split(part.t, share, rng)
    try:
        return grouped_split(part.t, part.groups, share, rng)
    except ValueError:
        found = ", ".join(f"{listed([label])} in {len(set(part.groups[index]))}" for label, index in members.items())
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
