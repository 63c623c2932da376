"""A tokenized corpus as plain arrays, and its file for the next start: to tokenize is most of what a start costs.
A corpus is known by its very texts, the cleaning and the code of the tokenizer; when any of them changes, it is
tokenized anew. So the cache can make a start faster, never different."""

import functools
import hashlib
import itertools
import unicodedata
from array import array
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dataset import stopwords, text
from dataset.store import array_cache
from dataset.text import UNK, Cleaning, Vocab, tokenize

_SMALLEST = 2**20  # characters; what is shorter is tokenized in the time that reading it would take
_KEPT = 8  # corpora; the one that was written first goes first
_LAYOUT = 1  # to be raised when `Corpus` is stored otherwise


@dataclass(frozen=True)
class Corpus:
    """Token lists of N texts as arrays, before there is a vocabulary.

    words: list of str, every different token in the order in which it first comes. ids: (sum T,) int32, positions in
    `words`, text after text. offsets: (N + 1,) int64, where each text begins and ends in ids.
    """

    words: list
    ids: np.ndarray
    offsets: np.ndarray

    def __len__(self):
        return len(self.offsets) - 1

    def lengths(self):
        """How many tokens each text has: (N,) int64."""
        return np.diff(self.offsets)

    def tokens(self, i):
        """Those of text i: list of str."""
        return [self.words[word] for word in self.ids[self.offsets[i] : self.offsets[i + 1]]]

    def build_vocab(self, index=None, max_size=None, min_count=1):
        """The Vocab that `Vocab.build` makes of the texts at the positions `index`, or of all. ValueError as there."""
        part = self.ids
        if index is not None:
            chosen = np.zeros(len(self), dtype=bool)
            chosen[index] = True
            part = part[np.repeat(chosen, self.lengths())]
        counts = np.bincount(part, minlength=len(self.words)).tolist()
        return Vocab.of_counts({word: count for word, count in zip(self.words, counts) if count}, max_size, min_count)

    def encode(self, vocab):
        """What `vocab.encode` makes of every text: list of N (T,) int32, all of them parts of one array."""
        new_ids = np.array([vocab.word_to_id.get(word, UNK) for word in self.words], dtype=np.int32)  # (words,)
        flat = new_ids[self.ids]  # (sum T,)
        bounds = self.offsets.tolist()
        return [flat[start:end] for start, end in itertools.pairwise(bounds)]


def tokenized(texts, cleaning=None, cached=True, progress=True):
    """The Corpus of a list of N str, from the cache or by `tokenize`, and then kept there.

    cleaning: a Cleaning, as `tokenize` takes it. cached False neither reads nor writes the folder `derived` beside
    the fetched files; a corpus of less than a million characters never does. The corpus kept there holds the
    words of the texts, so it is readable by this user alone; the eight newest stay. progress: a bar on standard
    error, where that is a terminal.
    """
    cleaning = Cleaning() if cleaning is None else cleaning
    key = _key(texts, cleaning) if cached and sum(map(len, texts)) >= _SMALLEST else None
    if key is None:
        return _made(texts, cleaning, progress)
    name = f"tokens-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    corpus = _loaded(name, key, len(texts))
    if corpus is None:
        corpus = _made(texts, cleaning, progress)
        word_bytes, word_offsets = array_cache.pack(corpus.words)
        arrays = {"ids": corpus.ids, "offsets": corpus.offsets, "words": word_bytes, "word_offsets": word_offsets}
        array_cache.save(name, key, arrays, keep=_KEPT)
    return corpus


def _made(texts, cleaning, progress):
    """The Corpus, by `tokenize`."""
    position = defaultdict()  # of each word; a new one gets the next
    position.default_factory = position.__len__
    ids, offsets = array("i"), np.zeros(len(texts) + 1, dtype=np.int64)
    bar = tqdm(texts, desc="tokenizing", unit="text", leave=False, disable=None if progress else True)
    for number, content in enumerate(bar, start=1):
        ids.extend(map(position.__getitem__, tokenize(content, cleaning)))
        offsets[number] = len(ids)
    return Corpus(list(position), np.array(ids, dtype=np.int32), offsets)


def _loaded(name, key, count):
    """The Corpus that was kept, or None where there is none that could be trusted."""
    arrays = array_cache.load(name, key)
    if arrays is None:
        return None
    try:
        corpus = Corpus(array_cache.unpack(arrays["words"], arrays["word_offsets"]), arrays["ids"], arrays["offsets"])
        array_cache.check_offsets(corpus.offsets, len(corpus.ids))
    except (KeyError, ValueError):  # not what is written above
        return None
    ids = corpus.ids
    in_range = ids.dtype == np.int32 and (len(ids) == 0 or (ids.min() >= 0 and ids.max() < len(corpus.words)))
    return corpus if in_range and len(corpus) == count else None


def _key(texts, cleaning):
    """What the tokens follow from: the texts, the cleaning, the code and the tables of the tokenizer."""
    digest = hashlib.sha256()
    for content in texts:
        encoded = content.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return f"tokens {_LAYOUT}, unicode {unicodedata.unidata_version}, code {_code()}, {cleaning}, {digest.hexdigest()}"


@functools.cache
def _code():
    """The sha256 of the tokenizer's code, so that no one has to remember to raise a version."""
    digest = hashlib.sha256()
    for module in (text, stopwords):
        digest.update(Path(module.__file__).read_bytes())
    return digest.hexdigest()
