"""What the scripts of this chapter read: a text as ids, and files of word vectors. Bad input is a DataError."""

import numpy as np

from dataset import ptb, sentences
from dataset.errors import DataError, reading
from dataset.reading import vector_file
from dataset.reading.input_file import open_input


def load_corpus(path=None, window_size=1, max_vocab=None):
    """A text as word ids, as `dataset.ptb.load_data` gives it: of a file, or, without one, of `dataset.sentences`.

    max_vocab: the rarest words are read as <unk>, so that there are so many; None: as many as the text has.
    -> corpus (T,) int64, word_to_id, id_to_word. DataError: no text, or one that is too short for the window, or has
    one word only.
    """
    if path is None:
        corpus, word_to_id, id_to_word = ptb.with_vocab(sentences.load_text().split())
    else:
        corpus, word_to_id, id_to_word = ptb.load_data(path=path)
    if len(corpus) <= 2 * window_size or len(word_to_id) < 2:
        expected = f"more than {2 * window_size} words, two windows of {window_size}, and two different ones"
        got = f"{len(corpus)}, {len(word_to_id)} of them different"
        raise DataError(f"{path or 'the generated text'}: expected {expected}, got {got}")
    if max_vocab is not None and len(word_to_id) > max_vocab:
        return _of_frequent_words(corpus, id_to_word, max_vocab)
    return corpus, word_to_id, id_to_word


def _of_frequent_words(corpus, id_to_word, max_vocab):
    """The same text with <unk> for the rarest words: ids from 0, in the order of before, <unk> the last."""
    order = np.argsort(-np.bincount(corpus), kind="stable")
    kept = [i for i in np.sort(order[: max_vocab - 1]) if id_to_word[i] != ptb.UNK]
    new = np.full(len(id_to_word), len(kept))  # old id -> new id
    new[kept] = np.arange(len(kept))
    words = [*(id_to_word[i] for i in kept), ptb.UNK]
    return new[corpus], {word: i for i, word in enumerate(words)}, dict(enumerate(words))


def read_vectors(path):
    """A file of word vectors, of word2vec, GloVe or fastText -> W (V, D) float32, word_to_id, id_to_word. DataError."""
    word_to_id, rows = {}, []
    with reading(path), open_input(path) as file, vector_file.opened(file, path) as (head, stream):
        for words, numbers in vector_file.blocks(head, stream, path)[1]:
            first = []  # the rows of words that had none
            for i, word in enumerate(words):
                if word is not None and word not in word_to_id:
                    word_to_id[word] = len(word_to_id)
                    first.append(i)
            rows.append(numbers[first])
    return np.concatenate(rows), word_to_id, {i: word for word, i in word_to_id.items()}
