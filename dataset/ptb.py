"""The Penn Treebank as a text of words, the corpus of the book's chapters 2 to 7; or any other text in its place.
A newline becomes the word <eos>; the vocabulary is that of the training part, in order of first occurrence."""

import itertools
from pathlib import Path

import numpy as np

from dataset.errors import DataError, reading
from dataset.lines import text_lines
from dataset.store import beside, stderr
from dataset.store.fetch import fetch

EOS, UNK = "<eos>", "<unk>"
_FILES = {"train": "ptb.train.txt", "valid": "ptb.valid.txt", "val": "ptb.valid.txt", "test": "ptb.test.txt"}


def load_data(data_type="train", path=None):
    """A part of the Penn Treebank as word ids, with the vocabulary of the training part.

    A file `ptb.train.txt`, `ptb.valid.txt` or `ptb.test.txt` that lies beside this module is used as it is; else it is
    downloaded if it is missing, and verified.

    data_type: "train", "valid" (or "val"), "test", or any file of text, which has a vocabulary of its own. path: such
    a file, whatever its name. -> corpus (T,) int64, word_to_id (dict of str to int), id_to_word (dict of int to str).
    DataError: another data_type, a file that cannot be downloaded or read, or has no words. Book, chapter 2.
    """
    if path is None and data_type not in list(_FILES):
        path = data_type
        if not isinstance(path, (str, Path)) or not Path(path).exists():
            raise DataError(f"ptb: expected train, valid (or val), test or a file of text, got {data_type!r}")
    if path is not None:
        return with_vocab(_words(path))
    corpus, word_to_id, id_to_word = with_vocab(_words(_path("train")))
    if data_type != "train":
        corpus = load_corpus(_path(data_type), word_to_id)
    return corpus, word_to_id, id_to_word


def load_vocab():
    """The vocabulary of the training part -> word_to_id, id_to_word, as `load_data`."""
    return load_data("train")[1:]


def load_corpus(path, word_to_id):
    """A file of text as ids of a vocabulary that is there already, such as that of the training text.

    A word that the vocabulary lacks is read as <unk>, and how many there are is said on standard error.

    -> corpus (T,) int64. DataError: as `load_data`, or a word is missing and so is <unk>.
    """
    words = _words(path)
    unknown = [word for word in words if word not in word_to_id]
    if unknown and UNK not in word_to_id:
        raise DataError(f"{path}: expected words of the training text, got {unknown[0]!r}, and no {UNK} stands for it")
    if unknown:
        stderr.write(f"{path}: {len(unknown):,} of {len(words):,} words are not in the training text, read as {UNK}")
    return np.array([word_to_id[word if word in word_to_id else UNK] for word in words], dtype=np.int64)


def _path(data_type):
    name = _FILES[data_type]
    return beside.find(name) or fetch(name)


def _words(path):
    """The words of a file of text, with <eos> for each newline. DataError: unreadable, no text, no words."""
    path = Path(path)
    with reading(path):
        lines = list(text_lines(path, option=None))
    ends = [[EOS] if line.endswith(("\n", "\r")) else [] for line in lines]
    words = list(itertools.chain.from_iterable(line.split() + end for line, end in zip(lines, ends, strict=True)))
    if all(word == EOS for word in words):
        raise DataError(f"{path}: expected a text of words, got none")
    return words


def with_vocab(words):
    """A list of words -> corpus (T,) int64, word_to_id, id_to_word: ids in order of first occurrence."""
    word_to_id = {word: i for i, word in enumerate(dict.fromkeys(words))}
    corpus = np.array([word_to_id[word] for word in words], dtype=np.int64)
    return corpus, word_to_id, dict(enumerate(word_to_id))
