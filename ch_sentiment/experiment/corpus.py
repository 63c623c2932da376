"""Labelled texts in memory, and the corpus of a training made from them: parts, vocabulary, ids.

`LabelledTexts` is the one way in, whether the texts stand in two lists or were loaded by name (`load.py`).
"""

import functools
import hashlib
import json
import os
from dataclasses import dataclass, field, replace

import numpy as np

from ch_sentiment.experiment import in_memory
from ch_sentiment.experiment.parts import Part
from ch_sentiment.experiment.pretrained import Pretrained
from ch_sentiment.experiment.unlabelled import without_known
from common.processes import map_on_cores
from common.training.batches import grouped_split, stratified_split
from dataset import imdb
from dataset.errors import DataError
from dataset.labelled_text import left_out_line
from dataset.reading.labels import listed
from dataset.store.token_cache import tokenize_texts, update_digest
from dataset.text import KEEPS, Vocab
from dataset.unlabelled import UnlabelledTexts

SAMPLES = 4  # texts to try a model on, where the data has none of its own


@dataclass
class LabelledTexts:
    """texts: Part, to be divided into a training and a validation part. label_names: of the class ids, in order. test:
    Part that is scored once, or None. name: what messages call them. samples: texts to try a model on, or None. strict:
    whether a text without a word is a DataError, where else it is left out. unlabelled: UnlabelledTexts to learn from,
    too, or None.
    """

    texts: Part
    label_names: list
    test: Part | None = None
    name: str = "texts"
    test_name: str = "test texts"
    samples: list | None = None
    strict: bool = False
    unlabelled: UnlabelledTexts | None = None

    @classmethod
    def of(cls, texts, labels, groups=None, sample_weight=None, strict=False, unlabelled=None):
        """From N texts (str) and N labels (all str, or all int or bool) in any sequence, a column of a data frame say.
        groups: N of what each belongs to. sample_weight: N numbers, 0 or above, what each counts in the loss.
        unlabelled: texts without labels, or None.

        The classes are the distinct labels, sorted. Where a text or a label is missing (None, nan, pandas' NA, "") the
        pair is left out with a warning, or, where `strict`, refused. DataError where these are no labelled texts of two
        classes or more.
        """
        pairs, names = in_memory.checked_texts(texts, labels, groups, sample_weight, strict)
        more = None if unlabelled is None else in_memory.checked_unlabelled(unlabelled)
        return cls(Part(**pairs), names, strict=strict, unlabelled=more)


@dataclass
class Corpus:
    """The data of a training: three parts (test may be None), the vocabulary of the first, the names of the classes,
    and a few texts to try the model on. notes: lines for the user. left_out: those of them on rows that were left out.
    name: of the data set or file. unlabelled_texts: UnlabelledTexts, of which `unlabelled` are the (T,) id arrays, or
    None. tokens: TokenizedTexts of each part by its name, and of "unlabelled". labelled: the Corpus that a round of
    self-training added its soft labels to, or None. held_back: whether the test part is left alone for now.
    pretrained: what --init-from names, or None; the vocabulary has its words, too.
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
    unlabelled: list | None = None
    unlabelled_texts: UnlabelledTexts | None = None
    tokens: dict = field(default_factory=dict)
    labelled: "Corpus | None" = None
    held_back: bool = False
    pretrained: Pretrained | None = None

    @property
    def scored(self):
        """("test", its part), or ("validation", its part) where there is no test part, or it is held back."""
        return ("validation", self.val) if self.test is None or self.held_back else ("test", self.test)

    @property
    def parts(self):
        """name -> Part, of those that there are."""
        parts = {"train": self.train, "validation": self.val, "test": self.test}
        return {name: part for name, part in parts.items() if part is not None}

    @functools.cached_property
    def fingerprint(self):
        """In words: how many texts, and the beginning of the sha256 of texts, labels, names of classes, in order, of
        weights, of texts without labels, and of soft labels.
        """
        if self.labelled is not None:
            digest = hashlib.sha256(self.train.targets.astype("<f8").tobytes())
            update_digest(digest, self.train.texts)
            return f"{self.labelled.fingerprint}, soft labels of sha256 {digest.hexdigest()[:16]}"
        if self.unlabelled_texts is None:
            return self.labelled_fingerprint
        digest = hashlib.sha256()
        update_digest(digest, self.unlabelled_texts.texts)
        without = f"{len(self.unlabelled_texts):,} without labels of sha256 {digest.hexdigest()[:16]}"
        return f"{self.labelled_fingerprint}, {without}"

    @functools.cached_property
    def labelled_fingerprint(self):
        """The `fingerprint` of the labelled texts alone."""
        digest = hashlib.sha256(json.dumps(self.label_names).encode())
        for part in self.parts.values():
            digest.update(part.t.astype("<i8").tobytes())
            update_digest(digest, part.texts)
            digest.update(b"" if part.weights is None else part.weights.astype("<f8").tobytes())
        return f"{sum(map(len, self.parts.values())):,} texts of sha256 {digest.hexdigest()[:16]}"

    def summary(self):
        """What a model's file says of its data: name, `fingerprint` and the number of labelled texts by label and part,
        and how many without labels there were, and had soft ones.
        """
        if self.labelled is not None:
            return {**self.labelled.summary(), "soft_labelled": len(self.train) - len(self.labelled.train)}
        counts = {
            part_name: {label: int(np.sum(part.t == class_id)) for class_id, label in enumerate(self.label_names)}
            for part_name, part in self.parts.items()
        }
        found = {"name": os.path.basename(os.path.normpath(self.name)), "content": self.labelled_fingerprint}
        more = {} if self.unlabelled_texts is None else {"unlabelled": len(self.unlabelled_texts)}
        return {**found, "texts": counts, **more}


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
    mapped = functools.partial(map_on_cores, processes=config.run.processes)

    def tokenized(part, source, name):
        tokens = tokenize_texts(part.texts, model.cleaning, cached, progress, mapped)
        return with_words(part, tokens, source.left_out, name, texts.strict, len(source))

    def ids(tokens):
        return [KEEPS[model.keep](ids_of_text, model.reads) for ids_of_text in tokens.encode(vocab)]

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
    pretrained = None
    if config.unlabelled.init_from is not None:
        pretrained = Pretrained.load(config.unlabelled.init_from)
        notes.append(pretrained.check(model, vocab, tokens.take(train_index)))
        vocab = pretrained.united(vocab)
    whole.x = ids(tokens)
    test = test and replace(test, x=ids(test_tokens))
    train, val = whole.take(train_index), whole.take(val_index)
    of_parts = {"train": tokens.take(train_index), "validation": tokens.take(val_index)}
    of_parts |= {} if test is None else {"test": test_tokens}
    unlabelled = unlabelled_ids = None
    if texts.unlabelled is not None:
        parts = [train, val, *([] if test is None else [test])]
        unlabelled, of_parts["unlabelled"] = without_known(texts.unlabelled, parts, config, cached, progress, mapped)
        unlabelled_ids = ids(of_parts["unlabelled"])
        notes += unlabelled.notes
    samples = texts.samples or (test or val or train).texts[:SAMPLES]
    found = imdb.count_duplicates(whole.texts, [] if test is None else test.texts)
    if found.train or found.test or found.shared:
        in_test = "" if test is None else f", {found.test} within test, {found.shared} of test also in train"
        notes.append(f"duplicates: {found.train} within train{in_test}")
    of_file = (texts.label_names, samples, notes, lines, texts.name)
    return Corpus(train, val, test, vocab, *of_file, unlabelled_ids, unlabelled, of_parts, pretrained=pretrained)


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
    """Positions of the texts to train on, and of the `share` (0: none) to validate; by group where there are groups.
    part: of `texts`, LabelledTexts. left_out: lines that may tell why. DataError where a label cannot stand in both, or
    without a share in one.
    """
    members = {label: np.flatnonzero(part.t == i) for i, label in enumerate(texts.label_names)}
    least = 2 if share else 1
    for label, index in members.items():
        if len(index) < least:
            which = "".join(f" ({part.unit} {number:,})" for number in part.numbers[index])
            got = "; ".join([f"got {len(index)} labelled {listed([label])}{which}", *left_out])
            raise DataError(f"{texts.name}: expected at least {least} text{'s' * (least > 1)} of each label, {got}")
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
