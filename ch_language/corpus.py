"""A text for a language model: the generated one of `dataset.sentences`, or a file; and its split."""

from dataclasses import dataclass

import numpy as np

from dataset import ptb, sentences
from dataset.errors import DataError

END = "<eos>"  # the end of a sentence, or of a line of a file
VALIDATION = 0.1  # the last so much of a text


@dataclass
class Corpus:
    """A text as ids: `train` and `valid` (T,) one after the other, `words`: the word of each id."""

    train: np.ndarray
    valid: np.ndarray
    words: list

    @property
    def counts(self):
        """(V,) how often each word occurs in the training part."""
        return np.bincount(self.train, minlength=len(self.words))


def load_corpus(path=None, least=0):
    """The text of a file, or the generated one, whose full stops become END. -> Corpus.

    DataError: a file that cannot be read, or a training part of fewer than `least` words and the word after them.
    """
    if path is None:
        words = sentences.load_text().replace(" .", f" {END}").split()
        word_to_id = {word: i for i, word in enumerate(dict.fromkeys(words))}
        ids = np.array([word_to_id[word] for word in words])
    else:
        ids, word_to_id, _ = ptb.load_data(path=path)
    size = len(ids) - int(VALIDATION * len(ids)) if len(ids) > 20 else len(ids)
    if size <= least or len(ids) - size < 2:
        expected = f"a text of {int((max(least, 20) + 1) / (1 - VALIDATION)) + 1:,} words or more"
        raise DataError(f"{path}: expected {expected}, for its windows and its validation, got {len(ids):,}")
    return Corpus(ids[:size], ids[size:], list(word_to_id))
