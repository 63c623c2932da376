"""A text for a language model: the generated one of `dataset.sentences`, or a file; and its split."""

import contextlib
from dataclasses import dataclass

import numpy as np

from common.files.checkpoint import CheckpointError
from dataset import ptb, sentences
from dataset.errors import DataError

END = "<eos>"  # the end of a sentence, or of a line of a file
VALIDATION = 10  # one word in so many, the last ones of a text, is for validation


@dataclass
class Corpus:
    """A text as ids: `train` and `valid` (T,), the latter the end of it; `words`: the word of each id."""

    train: np.ndarray
    valid: np.ndarray
    words: list

    @property
    def counts(self):
        """(V,) how often each word occurs in the training part."""
        return np.bincount(self.train, minlength=len(self.words))


def load_corpus(path=None, window=1):
    """The text of a file, or the generated one, whose full stops become END. -> Corpus.

    DataError: a file that cannot be read, or has no window of so many words in its training part.
    """
    if path is None:
        words = sentences.load_text().replace(" .", f" {END}").split()
        word_to_id = {word: i for i, word in enumerate(dict.fromkeys(words))}
        ids = np.array([word_to_id[word] for word in words])
    else:
        ids, word_to_id, _ = ptb.load_data(path=path)
    size = len(ids) - len(ids) // VALIDATION
    if size <= window or len(ids) - size < 2:
        least = max(2 * VALIDATION, window * VALIDATION // (VALIDATION - 1) + 1)
        expected = f"at least {least:,} words, for a window of {window:,} and for validation"
        raise DataError(f"{path or 'the generated text'}: expected {expected}, got {len(ids):,}")
    return Corpus(ids[:size], ids[size:], list(word_to_id))


def ids_of(words, vocabulary):
    """The ids of words in a list of all of them. DataError for an unknown word."""
    ids = {word: i for i, word in enumerate(vocabulary)}
    for word in words:
        if word not in ids:
            known = ", ".join(vocabulary[:3])
            raise DataError(f"expected words that the model has read ({known}, ...), got {word!r}")
    return np.array([ids[word] for word in words])


@contextlib.contextmanager
def one_line_errors(parser):
    """What was given and cannot be used ends the program: one line on standard error, exit code 2."""
    try:
        yield
    except (DataError, CheckpointError, OSError, ValueError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
