"""Tokenized texts as arrays, and a cache of them: tokenizing is most of what a start costs.
The key of the cache is made of the texts themselves, the cleaning and the code of the tokenizer; if any of them
changes, the texts are tokenized again. So the cache makes a start faster, never different."""

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

from dataset import signs, smileys, stopwords, text
from dataset.store import array_cache, stderr
from dataset.text import UNK, Cleaning, Vocab, find_tokens

_MIN_SIZE = 2**20  # characters; fewer are tokenized in the time that reading the cache would take
_MAX_FILES = 8  # the one that was written first is removed first
_LAYOUT = 1  # increase it if the arrays in the file change


@dataclass(frozen=True)
class TokenizedTexts:
    """The tokens of N texts as arrays, before there is a vocabulary.

    words: list of str, the distinct tokens in order of first occurrence. ids: (sum T,) int32, positions in `words`,
    text after text. offsets: (N + 1,) int64, where each text starts and ends in ids.
    """

    words: list
    ids: np.ndarray
    offsets: np.ndarray

    def __len__(self):
        return len(self.offsets) - 1

    def lengths(self):
        """The number of tokens of each text: (N,) int64."""
        return np.diff(self.offsets)

    def tokens(self, i):
        """The tokens of text i: list of str."""
        return [self.words[word] for word in self.ids[self.offsets[i] : self.offsets[i + 1]]]

    def take(self, index):
        """Those of the texts at the positions `index`, an array, in its order."""
        lengths = self.lengths()[index]
        offsets = np.append(0, np.cumsum(lengths))
        moved = np.repeat(self.offsets[:-1][index] - offsets[:-1], lengths)  # (sum T of the chosen texts,)
        return TokenizedTexts(self.words, self.ids[moved + np.arange(len(moved))], offsets)

    def hold(self, which):
        """Whether each text has one of the words that `which`, (words,) bool, marks: (N,) bool."""
        counts = np.append(0, np.cumsum(np.asarray(which, dtype=bool)[self.ids]))  # (sum T + 1,)
        return counts[self.offsets[1:]] > counts[self.offsets[:-1]]

    def build_vocab(self, index=None, max_size=None, min_count=1):
        """`Vocab.build` of the texts at the positions `index`, or of all texts. ValueError as there."""
        ids = self.ids
        if index is not None:
            chosen = np.zeros(len(self), dtype=bool)
            chosen[index] = True
            ids = ids[np.repeat(chosen, self.lengths())]  # (sum T of the chosen texts,)
        counts = np.bincount(ids, minlength=len(self.words)).tolist()
        return Vocab.from_counts({word: count for word, count in zip(self.words, counts) if count}, max_size, min_count)

    def encode(self, vocab):
        """`vocab.encode` of every text: list of N (T,) int32, views of one array."""
        new_ids = np.array([vocab.word_to_id.get(word, UNK) for word in self.words], dtype=np.int32)  # (words,)
        flat = new_ids[self.ids]  # (sum T,)
        return [flat[start:end] for start, end in itertools.pairwise(self.offsets.tolist())]


def tokenize_texts(texts, cleaning=None, use_cache=True, progress=True):
    """The TokenizedTexts of a list of N str, from the cache if it has them.

    cleaning: a Cleaning, as `tokenize` takes it. use_cache: read and write `fetch.derived_folder()`, if there are a
    million characters or more. A file there holds words of the texts, so it is readable by this user alone; the eight
    newest files stay. progress: a bar on standard error, if that is a terminal.
    """
    cleaning = Cleaning() if cleaning is None else cleaning
    if not use_cache or sum(map(len, texts)) < _MIN_SIZE:
        return _tokenize_all(texts, cleaning, progress)
    key = _key(texts, cleaning)
    name = f"tokens-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    tokenized = _load(name, key, len(texts))
    if tokenized is None:
        tokenized = _tokenize_all(texts, cleaning, progress)
        words, word_offsets = array_cache.pack(tokenized.words)
        arrays = {"ids": tokenized.ids, "offsets": tokenized.offsets, "words": words, "word_offsets": word_offsets}
        array_cache.save(name, key, arrays, _MAX_FILES)
    return tokenized


def _tokenize_all(texts, cleaning, progress):
    position = defaultdict()  # of each word in the list of words; a new word gets the next one
    position.default_factory = position.__len__
    ids, offsets = array("i"), np.zeros(len(texts) + 1, dtype=np.int64)
    bar = tqdm(texts, desc="tokenizing", unit="text", leave=False, disable=not (progress and stderr.is_terminal()))
    for number, content in enumerate(bar, start=1):
        ids.extend(map(position.__getitem__, find_tokens(content, cleaning)))
        offsets[number] = len(ids)
    return TokenizedTexts(list(position), np.array(ids, dtype=np.int32), offsets)


def _load(name, key, count):
    """The TokenizedTexts of the cache, or None if it has none, or arrays that do not fit."""
    try:
        arrays = array_cache.load(name, key) or {}
        words = array_cache.unpack(arrays["words"], arrays["word_offsets"])
        ids, offsets = arrays["ids"], arrays["offsets"]
        array_cache.check_offsets(offsets, len(ids))
    except (KeyError, ValueError):
        return None
    in_range = ids.dtype == np.int32 and (len(ids) == 0 or (ids.min() >= 0 and ids.max() < len(words)))
    return TokenizedTexts(words, ids, offsets) if in_range and len(offsets) == count + 1 else None


def update_digest(digest, texts):
    """Feed a hashlib digest with a list of str, each after its length, so that no two lists are alike."""
    for content in texts:
        encoded = content.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)


def _key(texts, cleaning):
    """Everything that the tokens depend on: texts, cleaning, code and Unicode tables of the tokenizer."""
    digest = hashlib.sha256()
    update_digest(digest, texts)
    code = f"unicode {unicodedata.unidata_version}, code {_code_digest()}"
    return f"tokens {_LAYOUT}, {code}, {cleaning}, {digest.hexdigest()}"


@functools.cache
def _code_digest():
    """The sha256 of the tokenizer's code, so that nobody has to remember to increase a version."""
    modules = text, signs, smileys, stopwords
    return hashlib.sha256(b"".join(Path(module.__file__).read_bytes() for module in modules)).hexdigest()
