"""Where word vectors come from: a trained model, a pretraining, a file of rows, a model of fastText.

A source has `name`; `size`, how many words it has, or None; `notes`, lines on what was found; `blocks()`, an iterator
of (list of M words, None for one that is no UTF-8, and vectors (M, D)); and `find(words, progress)` -> the vectors
of those that it has, and words of a near spelling for the others, both by word. progress: wraps an iterator of blocks.
"""

import contextlib
import os

import numpy as np

from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.experiment.classifier import Classifier, model_path
from ch_sentiment.experiment.pretrained import KIND, VECTORS, Pretrained
from common.files.checkpoint import CheckpointError, is_checkpoint, load_checkpoint
from dataset.errors import DataError
from dataset.glove import open_source
from dataset.reading import fasttext_model, vector_file
from dataset.text import UNK

_BLOCK = 1024  # words
_MOST_NEAR = 5  # spellings that are named


def open_vectors(name):
    """The source of a name: the folder or file of a model, or what `dataset.glove.load_vectors` takes. DataError,
    CheckpointError.
    """
    if os.path.isdir(name) or name.lower().endswith(".npz"):
        return _of_checkpoint(name)
    if os.path.exists(name) and not os.path.isfile(name):
        raise DataError(f"{name}: expected a file, which is read twice, got a pipe or a device")
    with open_source(name) as (where, file), vector_file.opened(file, where) as (head, stream):
        if is_checkpoint(head):  # under another name than .npz
            return _of_checkpoint(name)
        if fasttext_model.is_model(head):
            return FastTextVectors(name, fasttext_model.read_model(stream, where))
    return FileVectors(name)


def _of_checkpoint(name):
    kinds = []

    def look(content):
        kinds.append(content["meta"].get("kind") if isinstance(content["meta"], dict) else None)
        raise ValueError  # that is enough

    with contextlib.suppress(CheckpointError):
        load_checkpoint(model_path(name), look)
    if kinds == [KIND]:
        pretrained = Pretrained.load(name)
        return ModelVectors(name, pretrained.vocab.words, pretrained.arrays[VECTORS][UNK + 1 :])
    model = Classifier.load(name)
    W = model.net.weights().get("0.W" if isinstance(model.net, BagOfWords) else VECTORS)
    if W is None:
        raise DataError(f"{name}: expected a model with word vectors, got {type(model.net).__name__}, which has none")
    return ModelVectors(name, model.vocab.words, W[UNK + 1 :])


class ModelVectors:
    """name: of the model. words: list of V str. W: (V, D)."""

    notes = ()

    def __init__(self, name, words, W):
        self.name, self.words, self.W = name, words, W
        self.size = len(words)

    def blocks(self):
        for start in range(0, len(self.words), _BLOCK):
            yield self.words[start : start + _BLOCK], self.W[start : start + _BLOCK]

    def find(self, words, progress=iter):
        return _find_in(progress(self.blocks()), words)


class FileVectors:
    """name: of a file with a row for each word, which is read anew, block by block, each time."""

    def __init__(self, name):
        self.name, self.size, self.notes = name, None, ()

    def blocks(self):
        with open_source(self.name) as (where, file), vector_file.opened(file, where) as (head, stream):
            found, blocks = vector_file.blocks(head, stream, where)
            for block in blocks:
                self.size = found.header
                yield block
        self.notes = found.notes()

    def find(self, words, progress=iter):
        return _find_in(progress(self.blocks()), words)


class FastTextVectors:
    """model: FastTextModel, which has a vector for nearly every word; `blocks` are those of its dictionary."""

    def __init__(self, name, model):
        self.name, self.model, self.size = name, model, len(model)
        self.made = []  # words that were found, and are not in the dictionary

    @property
    def notes(self):
        made = "not in the dictionary, and made of its n-grams"
        return [*self.model.notes(), *(f"{word}: {made}" for word in self.made), *self.model.note_on_zeros()]

    def blocks(self):
        for start in range(0, self.size, _BLOCK):
            words = self.model.words(start, min(start + _BLOCK, self.size))
            yield [_decoded(word) for word in words], self.model.vectors(words, np.arange(start, start + len(words)))[0]

    def find(self, words, progress=iter):
        encoded = [word.encode("utf-8", "surrogatepass") for word in words]
        places = self.model.find(set(encoded))
        rows, counts = self.model.vectors(encoded, [places.get(word, -1) for word in encoded])
        self.made = [word for word, code, count in zip(words, encoded, counts) if count and code not in places]
        found = {word: row for word, row, count in zip(words, rows, counts) if count}
        return found, {word: [] for word in words if word not in found}


def _find_in(blocks, words):
    """Look for words until all are found. -> dict word: (D,), and dict word: list of near spellings."""
    found, near = {}, {word: [] for word in words}
    reduced = {word: _reduced(word) for word in words}
    for block, rows in blocks:
        for i, word in enumerate(block):
            if word in near:
                found[word] = np.array(rows[i])
                del near[word]
            elif word is not None:
                for other, spellings in near.items():
                    if len(spellings) < _MOST_NEAR and _is_near(word, other, reduced[other]):
                        spellings.append(word)
        if not near:
            break
    return found, near


def _reduced(word):
    """A word in small letters, and what is left of it without each one of its letters."""
    word = word.casefold()
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


def _is_near(word, other, reduced):
    """Whether two words differ in a letter, one more or less, or two that changed places; capitals aside."""
    return abs(len(word) - len(other)) <= 1 and not reduced.isdisjoint(_reduced(word))


def _decoded(word):
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError:
        return None
