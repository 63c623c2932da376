"""The texts of a pretraining: read from files of any form, tokenized, and divided into a part to train on and one that
is held out.
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from ch_sentiment.experiment.load import is_built_in, load_train
from common.processes import map_on_cores
from dataset.errors import DataError
from dataset.labelled_text import ReadOptions, read_texts
from dataset.store.token_cache import tokenize_texts, update_digest
from dataset.text import UNK, Cleaning, Vocab

LEAST_WORDS = 1000
MOST_HELD_OUT = 50_000  # words: enough to measure on, and read with a full softmax after every epoch


@dataclass
class Texts:
    """train, valid: lists of (T,) id arrays, of a Vocab whose id 0, that of the padding, also marks the end of a text.
    counts: (V,) how often each id occurs in train, ends of texts included. fingerprint: how many texts, and the
    beginning of their sha256. notes: lines for the user.
    """

    train: list
    valid: list
    vocab: Vocab
    fingerprint: str
    notes: list = field(default_factory=list)

    @property
    def counts(self):
        counts = np.bincount(np.concatenate(self.train), minlength=len(self.vocab))
        counts[0] = len(self.train)
        return counts


def load_texts(options, progress=False):
    """PretrainOptions -> Texts. DataError for files that cannot be read or that hold fewer than 1,000 words."""
    cleaning, texts, notes = Cleaning(tokenizer=options.tokenizer), [], []
    for name in options.data:
        found, columns = texts_of(name, ReadOptions(text_column=options.text_column, encoding=options.encoding))
        notes += [f"{name}: {len(found):,} texts{''.join(f', {note}' for note in columns[:1])}", *columns[1:]]
        texts += found
    distinct = list(dict.fromkeys(text for text in texts if text.strip()))
    if len(distinct) < len(texts):
        notes.append(f"{len(texts) - len(distinct):,} empty or repeated texts are left out")
    tokens = tokenize_texts(distinct, cleaning, not options.no_cache, progress, map_on_cores)
    tokens = tokens.take(np.flatnonzero(tokens.lengths()))
    lengths, words = tokens.lengths(), len(tokens.ids)
    if words < LEAST_WORDS or len(lengths) < 2:
        expected = f"expected at least {LEAST_WORDS:,} words, in several texts (lines)"
        raise DataError(f"{', '.join(options.data)}: {expected}, got {words:,} in {len(lengths):,}")
    order = np.random.default_rng(options.seed).spawn(1)[0].permutation(len(lengths))
    wanted = min(options.validation * words, MOST_HELD_OUT)
    held_out = 1 + int(np.searchsorted(lengths[order].cumsum()[:-2], wanted))  # one text at least, and one to train on
    train, valid = np.sort(order[held_out:]), np.sort(order[:held_out])
    vocab = tokens.build_vocab(train, options.vocab_size)
    ids = tokens.encode(vocab)
    train, valid = ([ids[i] for i in part] for part in (train, valid))
    known = np.mean(np.concatenate(train) != UNK)
    held = sum(map(len, valid))
    notes.append(
        f"{words - held:,} words of {len(train):,} texts to train on, {held:,} of {len(valid):,} held out; "
        f"{len(vocab):,} different ones, which are {known:.1%} of the text"
    )
    digest = hashlib.sha256()
    update_digest(digest, distinct)
    return Texts(train, valid, vocab, f"{len(distinct):,} texts of sha256 {digest.hexdigest()[:16]}", notes)


def texts_of(name, how):
    """-> list of the texts of a built-in data set (its training half), a file or a folder, and lines on it."""
    if is_built_in(name):
        return load_train(name)[0].texts, []
    _, rows = read_texts(name, how)
    return [text for _, text, _ in rows], rows.notes


def in_pieces(ids_of_texts, length):
    """List of (T,) id arrays -> (P, length) int32: each text by itself in pieces of `length`, the last one padded."""
    sizes = np.array([len(ids) for ids in ids_of_texts])
    firsts = np.concatenate(([0], np.cumsum(-(-sizes // length))))  # (N + 1,): the first piece of each text
    rows = np.zeros((firsts[-1], length), np.int32)
    for ids, first in zip(ids_of_texts, firsts * length):
        rows.reshape(-1)[first : first + len(ids)] = ids
    return rows
