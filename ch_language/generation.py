"""Text from a language model, word by word: draw the next word, read it, and so on. Book, chapter 7."""

import numpy as np

from common.arrays.checks import as_ids, as_number, as_rng
from common.functions import softmax


def generate(model, ids, length=50, temperature=1.0, top_k=None, end=None, skip=(), rng=None):
    """-> list of at most `length` ids that follow `ids`, up to and with `end`, the id of the end of a sentence, if any.

    model: `LanguageModel`. ids: one or more words to start from. temperature: the scores are divided by it before the
    softmax; above 1 more surprising, near 0 always the likeliest word. top_k: draw among the so many likeliest; None:
    among all. skip: ids that are never drawn. rng: Generator, int or None. ValueError for what cannot be.
    """
    V = len(model.loss.params[1])
    ids = as_ids("generate", "ids", ids, ("T",), V)
    length = as_number("generate", "length", length, least=0, whole=True)
    temperature = as_number("generate", "temperature", temperature, above=0)
    top_k = V if top_k is None else as_number("generate", "top_k", top_k, least=1, below=V + 1, whole=True)
    end = None if end is None else as_number("generate", "end", end, least=0, below=V, whole=True)
    skip, rng = as_ids("generate", "skip", list(skip), ("K",), V), as_rng("generate", rng)
    if len(ids) == 0 or len(np.unique(skip)) >= V:
        raise ValueError(
            f"generate: expected a word to start from and one to draw, got {len(ids)} and {len(skip)} skipped"
        )
    made = []
    with model.predicting():
        model.reset_state()
        xs = ids[None]  # (1, T)
        while len(made) < length and (end is None or made[-1:] != [end]):
            scores = model.score(xs)[0, -1].astype(np.float64)  # (1, T, V) -> (V,): after the last word
            made.append(int(rng.choice(V, p=probabilities(scores, temperature, top_k, skip))))
            xs = np.array([made[-1:]])  # (1, 1): the state knows the words before
        model.reset_state()
    return made


def probabilities(scores, temperature, top_k, skip=()):
    """scores (V,) -> softmax(scores / temperature) of the `top_k` highest that are not skipped, 0 of the others."""
    scores = scores.copy()
    scores[np.array(skip, np.int64)] = -np.inf
    if top_k < len(scores):
        scores[np.argsort(-scores, kind="stable")[top_k:]] = -np.inf
    return softmax((scores - scores.max()) / temperature)
