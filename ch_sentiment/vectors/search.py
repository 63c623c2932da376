"""The words nearest to a vector, by cosine, of a source that passes through block by block: of the vectors only the
best are kept, and eight bytes for each word, by which one that comes twice is known. An analogy is such a vector."""

from dataclasses import dataclass

import numpy as np

from common.util import normalize
from dataset.errors import DataError

_MORE = 100  # rows that are kept beside those asked for: some may be second rows of a word
_SHOWN = 40  # characters of a word in a message


@dataclass(frozen=True)
class Neighbour:
    """word: str. similarity: its cosine, -1 to 1."""

    word: str
    similarity: float


@dataclass(frozen=True)
class Query:
    """vector: (D,). words: those that it is made of, which are no answers."""

    vector: np.ndarray
    words: tuple


def nearest_words(source, words, top=10, progress=iter):
    """For each word a list of the `top` nearest ones, Neighbour, the nearest first.

    source: as in `sources`. progress: wraps the blocks. DataError for words that it lacks, or whose vector is 0.
    """
    found = _find(source, words, progress)
    return _search(source, [Query(found[word], (word,)) for word in words], top, progress)


def analogy_words(source, a, b, c, top=10, progress=iter):
    """The `top` words that are to c as b is to a, list of Neighbour: those nearest to b - a + c, vectors of length 1.

    The three themselves are left out. Else as `nearest_words`. Mikolov et al. 2013.
    """
    found = _find(source, [a, b, c], progress)
    of = {word: normalize(vector.astype(np.float64)) for word, vector in found.items()}
    return _search(source, [Query(of[b] - of[a] + of[c], (a, b, c))], top, progress)[0]


def _find(source, words, progress):
    found, near = source.find(list(dict.fromkeys(words)), progress)
    if near:
        got = "; ".join(
            f"{word[:_SHOWN]!r}" + (f" (near: {', '.join(spellings)})" if spellings else "")
            for word, spellings in near.items()
        )
        raise DataError(f"{source.name}: expected words that it has vectors for, got {got}")
    if zero := [word for word, vector in found.items() if not vector.any()]:
        raise DataError(f"{source.name}: expected words whose vectors are not 0, got {', '.join(zero)}")
    return found


def _search(source, queries, top, progress, more=_MORE):
    """For each Query a list of Neighbour. more: rows that are kept beside those asked for."""
    kept, best, seen, place = top + more, [[] for _ in queries], [], 0
    for words, rows in progress(source.blocks()):
        seen.append(np.array([hash(word) for word in words], np.int64))
        usable = rows.any(axis=1) & np.array([word is not None for word in words])  # (M,)
        directions = normalize(rows.astype(np.float64))  # (M, D): a square of float32 may be inf or 0
        for query, rows_kept in zip(queries, best):
            cosines = directions @ normalize(query.vector.astype(np.float64))  # (M, D) @ (D,) -> (M,)
            similarity = np.where(usable, cosines, -np.inf)  # (M,)
            for i in np.argsort(-similarity, kind="stable")[:kept]:
                if similarity[i] > -np.inf and words[i] not in query.words:
                    rows_kept.append((-float(similarity[i]), place + int(i), words[i]))
            rows_kept.sort()
            del rows_kept[kept:]
        place += len(words)
    hashes = np.concatenate(seen) if seen else np.zeros(0, np.int64)
    answers = []
    for rows_kept in best:
        first = [row for row in rows_kept if not (hashes[: row[1]] == hash(row[2])).any()]
        if len(first) < top and len(rows_kept) == kept:  # most of them were second rows
            return _search(source, queries, top, progress, 10 * more)
        answers.append([Neighbour(word, -similarity) for similarity, _, word in first[:top]])
    return answers
