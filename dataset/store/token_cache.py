"""Tokenized texts as arrays, and a cache of them: tokenizing is most of what a start costs.
The key of the cache is made of the texts themselves, the cleaning and the code of the tokenizer; if any of them
changes, the texts are tokenized again. So the cache makes a start faster, never different."""

import contextlib
import functools
import hashlib
import itertools
import unicodedata
from array import array
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset import chinese_words, signs, smileys, stopwords, text, token_patterns
from dataset.store import stderr
from dataset.text import UNK, Cleaning, Vocab, find_tokens, tokenize

_MIN_SIZE = 2**20  # characters; fewer are tokenized in the time that reading the cache would take
_MAX_FILES = 8  # the one that was written first is removed first
_PART = 1024  # texts that are tokenized together
_LAYOUT = 2  # increase it if the arrays in the file change
_FORM = {"offsets": np.int64, "ids": np.int32, "words": np.uint8}  # of the arrays in the file
_LARGEST = 16  # bytes of a file for each character of the texts, more than tokens and words take (4 + 4 + 1)
_SAMPLE = 2**14  # characters of the texts that are tokenized to try the cache


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


def tokenize_texts(texts, cleaning=None, use_cache=True, progress=True, mapped=map):
    """The TokenizedTexts of a list of N str, from the cache if it has them.

    cleaning: a Cleaning, as `tokenize` takes it. use_cache: read and write `fetch.derived_folder()`, if there are a
    million characters or more. A file there holds words of the texts, so it is readable by this user alone; the eight
    newest files stay. progress: a bar on standard error, if that is a terminal. mapped: `map`, or what does the same in
    several processes.
    """
    cleaning = Cleaning() if cleaning is None else cleaning
    if not use_cache or sum(map(len, texts)) < _MIN_SIZE:
        return _tokenize_all(texts, cleaning, progress, mapped)
    from dataset.store import array_cache  # here, since whoever asks a model about a few texts has no need of it

    key = _key(texts, cleaning)
    name = f"tokens-{hashlib.sha256(key.encode()).hexdigest()[:16]}{array_cache.SUFFIX}"
    tokenized = _load(name, key, texts, cleaning)
    if tokenized is None:
        tokenized = _tokenize_all(texts, cleaning, progress, mapped)
        lines = "\n".join(tokenized.words).encode("utf-8", "surrogatepass")  # no token has a line end
        arrays = {"offsets": tokenized.offsets, "ids": tokenized.ids, "words": np.frombuffer(lines, np.uint8)}
        array_cache.save(name, key, arrays, _MAX_FILES)
    return tokenized


def _tokenize_all(texts, cleaning, progress, mapped):
    """Part after part, each with words of its own, which take the place of tokens on the way between processes."""
    sizes = itertools.chain((64, 128, 256, 512), itertools.repeat(_PART))  # small ones first: see `processes.WORTH`
    ends = itertools.takewhile(lambda end: end < len(texts), itertools.accumulate(sizes, initial=0))
    parts = itertools.starmap(slice, itertools.pairwise([*ends, len(texts)]))
    position = _positions()
    ids, lengths = [np.zeros(0, np.int32)], [np.zeros(1, np.int64)]
    with _bar(len(texts), progress) as advance:
        for of_part in mapped(lambda part: _tokenize_part(texts[part], cleaning), parts):
            places = np.fromiter(map(position.__getitem__, of_part.words), np.int32, len(of_part.words))
            ids.append(places[of_part.ids])
            lengths.append(of_part.lengths())
            advance(len(of_part))
    return TokenizedTexts(list(position), np.concatenate(ids), np.cumsum(np.concatenate(lengths)))


def _tokenize_part(texts, cleaning):
    position, ids, offsets = _positions(), array("i"), [0]
    for content in texts:
        ids.extend(map(position.__getitem__, find_tokens(content, cleaning)))
        offsets.append(len(ids))
    return TokenizedTexts(list(position), np.array(ids, np.int32), np.array(offsets, np.int64))


def _positions():
    """word -> its place in the order of first look-ups."""
    position = defaultdict()
    position.default_factory = position.__len__
    return position


@contextlib.contextmanager
def _bar(total, progress):
    """-> a function that takes how many texts more are tokenized."""
    if not (progress and stderr.is_terminal()):
        yield lambda number: None
        return
    from tqdm import tqdm  # here: its import takes a third of NumPy's

    with tqdm(total=total, desc="tokenizing", unit="text", leave=False) as bar:
        yield bar.update


def _load(name, key, texts, cleaning):
    """The TokenizedTexts of the cache, or None if it has none, or others than `_tokenize_all` makes."""
    from dataset.store import array_cache

    arrays = array_cache.load(name, key, _FORM, _LARGEST * (sum(map(len, texts)) + len(texts) + 8))
    if arrays is None:
        return None
    ids, offsets, lines = (arrays[part] for part in ("ids", "offsets", "words"))
    try:
        array_cache.check_offsets(offsets, len(ids))
        words = str(lines, "utf-8", "surrogatepass").split("\n") if len(lines) else []
    except ValueError:
        return None
    tokenized = TokenizedTexts(words, ids, offsets)
    in_range = ids.min(initial=0) >= 0 and ids.max(initial=-1) == len(words) - 1
    return tokenized if len(tokenized) == len(texts) and in_range and _agrees(tokenized, texts, cleaning) else None


def _agrees(tokenized, texts, cleaning):
    """Whether a few of the texts, of `_SAMPLE` characters in all, have these tokens; other ones each time."""
    left = _SAMPLE
    for i in np.random.default_rng().choice(len(texts), min(len(texts), 64), replace=False):
        if len(texts[i]) <= left:
            left -= len(texts[i])
            if tokenized.tokens(i) != tokenize(texts[i], cleaning):
                return False
    return True


def update_digest(digest, texts):
    """Feed a hashlib digest with a list of str, each after its length, so that no two lists are alike."""
    for content in texts:
        encoded = content.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)


def _key(texts, cleaning):
    """Everything that the tokens depend on: texts, cleaning, code and Unicode tables of the tokenizer, its package."""
    digest = hashlib.sha256()
    update_digest(digest, texts)
    code = f"unicode {unicodedata.unidata_version}, code {_code_digest()}"
    if cleaning.tokenizer == "words":
        code = f"{code}, rjieba {chinese_words.package_digest()}"
    return f"tokens {_LAYOUT}, {code}, {cleaning}, {digest.hexdigest()}"


@functools.cache
def _code_digest():
    """The sha256 of the tokenizer's code, so that nobody has to remember to increase a version."""
    modules = text, token_patterns, chinese_words, signs, smileys, stopwords
    return hashlib.sha256(b"".join(Path(module.__file__).read_bytes() for module in modules)).hexdigest()
