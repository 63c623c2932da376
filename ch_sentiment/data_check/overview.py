"""An overview of labelled texts: classes, lengths, and how many of the words a file of word vectors has."""

from dataclasses import dataclass

import numpy as np

from dataset.glove import load_vectors
from dataset.text import UNK

SHOWN_WORDS = 10


@dataclass(frozen=True)
class Class:
    """label: its name. texts: how many bear it. share: of all texts, 0 to 1. median_words: of these texts."""

    label: str
    texts: int
    share: float
    median_words: float


@dataclass(frozen=True)
class Lengths:
    """In words: the shortest and the longest text, the median, and the length that 5 % of the texts exceed."""

    shortest: int
    median: float
    percentile_95: float
    longest: int


@dataclass(frozen=True)
class VectorCoverage:
    """How much of the texts a file of word vectors has. name: of it. words: size of the vocabulary, its most frequent
    words. tokens, types: shares that have a vector, of all words as they occur and of the vocabulary. missing: the most
    frequent words without one.
    """

    name: str
    words: int
    tokens: float
    types: float
    missing: list


def classes_of(t, label_names, lengths):
    """A Class for each label. t, lengths: (N,)."""
    counts = np.bincount(t, minlength=len(label_names)).tolist()
    medians = [float(np.median(lengths[t == c])) if counts[c] else 0.0 for c in range(len(label_names))]
    return [Class(*row) for row in zip(label_names, counts, [count / len(t) for count in counts], medians)]


def lengths_of(lengths):
    """lengths: (N,) words of each text -> Lengths."""
    low, median, high, longest = np.quantile(lengths, [0, 0.5, 0.95, 1])
    return Lengths(int(low), float(median), float(high), int(longest))


def vector_coverage(name, tokens, vocab):
    """-> VectorCoverage of the vectors `name`, as `load_vectors` takes it, for TokenizedTexts and a Vocab of them.
    DataError.
    """
    vectors = load_vectors(name, vocab)
    coverage = vectors.coverage(tokens.encode(vocab))
    missing = [word for word, found in zip(vocab.words, vectors.found[UNK + 1 :]) if not found]
    return VectorCoverage(str(name), len(vocab.words), coverage.tokens, coverage.types, missing[:SHOWN_WORDS])
