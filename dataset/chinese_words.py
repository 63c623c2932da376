"""Chinese as words instead of characters: runs of Han characters, cut by the optional package rjieba (extra `zh`)."""

import functools
import hashlib
from pathlib import Path

from dataset.errors import DataError
from dataset.token_patterns import han_token

_MOST = 1 << 16  # characters that are cut at a time; nobody writes so many without a comma


@functools.cache
def cutter():
    """str of Han characters -> list of its words, which joined are the str. DataError where rjieba is missing.

    A dictionary of its own, to which nobody has added words. Without the hidden Markov model, which makes words of
    characters that are no word of the dictionary: so a word that stands alone, as where the words of a text are joined
    by spaces, is cut as it is among others, and what is unknown is read by its characters.
    """
    return functools.partial(_package().Jieba().cut, hmm=False)


@functools.cache
def package_digest():
    """The sha256 of the package, code and dictionary: that of its one compiled file. DataError as `cutter`."""
    return hashlib.sha256(Path(_package().__file__).read_bytes()).hexdigest()


def _package():
    try:
        from rjieba import rjieba  # here: it is an extra, and its dictionary takes 0.15 s to load
    except ImportError:
        way_out = "pip install 'sentifish[zh]'"
        raise DataError(f"tokenizer words: expected the package rjieba, got none ({way_out})") from None
    return rjieba


def find_words(text):
    """The tokens of a clean text, an iterable, in which each run of Han characters is its words."""
    cut = cutter()
    for found in han_token().finditer(text):
        token = found[0]
        if found.lastgroup is None or len(token) == 1:
            yield token
        else:
            for start in range(0, len(token), _MOST):
                yield from cut(token[start : start + _MOST])


def is_han_run(token):
    """Whether it is two or more Han characters, as no token is where Chinese is read as characters."""
    found = len(token) > 1 and han_token().fullmatch(token)
    return bool(found) and found["han"] is not None


def cut_otherwise(words):
    """Which of the words (iterable of str) are Han characters that are not read as one word, as are those of a model
    that was trained with another dictionary: list of str.
    """
    return [word for word in words if is_han_run(word) and len(cutter()(word)) > 1]
