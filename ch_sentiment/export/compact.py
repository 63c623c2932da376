"""A small copy of a model: the words that matter most, and its weights in 8 or 16 bits.

A word matters as often as it comes times what it does: 1 / (its place in the vocabulary, which begins with the
frequent words) times how far a text of this word alone is scored from one of an unknown word. Words that go become
unknown, and so the vector of the unknown word becomes the mean of what it now stands for.
"""

from bisect import bisect_right
from dataclasses import replace

import numpy as np

from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.experiment.build import rebuild
from ch_sentiment.experiment.packing import ids_of_keys, keys_of_ids, pack, packed_like, unpack
from ch_sentiment.model import SentimentNet
from ch_sentiment.wide.wide_net import WideNet
from common.arrays.unfilled import shape_only
from common.files.checkpoint import checkpoint_size
from dataset.errors import DataError
from dataset.text import PAD, UNK, Vocab

SPECIAL = UNK + 1  # ids before the first word
UNKNOWN = 1.5  # what the words that never had an id count, where a word counts 1 / its place
RARER = 0.25  # an n-gram counts as the product of its words' frequencies to this power, times what it does
FOR_WORDS = 0.7  # of the room, where there are n-grams
# class -> names of the vectors of words; of the weights of words and n-grams, by their keys; of the vectors of n-grams
# alone, by their keys, after one row for those that are not known
LINEAR = {"pairs": ("1.W", "ratios")}
PARTS = {
    SentimentNet: ("embed.W", {}, {"pair_embed.pairs": "pair_embed.W"}),
    BagOfWords: ("0.W", {}, {}),
    NBSVM: (None, LINEAR, {}),
    WideNet: (
        "embed.W",
        {f"linear.{keys}": tuple(f"linear.{name}" for name in names) for keys, names in LINEAR.items()},
        {"pair_embed.pairs": "pair_embed.W"},
    ),
}


def compact(model, dtype="int8", words=None, size=None):
    """Classifier -> a smaller one, which answers as its file will.

    dtype: of `packing.DTYPES`. words: how many to keep; size: bytes that the file may have; with both, what `words`
    leave of `size` is for n-grams. DataError where nothing of this size can be made of it.
    """
    if model.packed is not None:
        way_out = "give the model that it was made from"
        raise DataError(f"expected a model that is not compact yet, got one in {model.packed}: {way_out}")
    if type(model.net) not in PARTS:
        known = ", ".join(kind.__name__ for kind in PARTS)
        raise DataError(f"expected a model of {known} to make small, got {type(model.net).__name__}")
    most = len(model.vocab) - SPECIAL
    if words is not None and not 1 <= words <= most:
        raise DataError(f"--words: expected from 1 to {most:,}, which the model has, got {words:,}")
    return _Plan(model, dtype).of(words, size)


class _Plan:
    """What may be kept of a model, the most important first."""

    def __init__(self, model, dtype):
        self.model, self.dtype = model, dtype
        self.weights, self.V = model.net.weights(), len(model.vocab)
        self.vectors, self.linear, self.paired = PARTS[type(model.net)]
        self.frequency = 1 / np.maximum(np.arange(self.V) - UNK, 1)  # (V,) 1 / place
        importance = effects(model) * self.frequency
        self.words = SPECIAL + np.argsort(-importance[SPECIAL:], kind="stable")  # ids
        tables = [name for name in (*self.linear, *self.paired) if name in self.weights]
        self.ids = {name: ids_of_keys(self.weights[name], self.V) for name in tables}  # (P, n)
        self.order = {name: np.argsort(-self._strength(name), kind="stable") for name in tables}
        self.total = sum(map(len, self.ids.values()))

    def _strength(self, keys):
        """(P,) how much an n-gram matters: what it does to the scores, or how far its vector is from that of unknown
        ones, times how often its words let it come.
        """
        ids = self.ids[keys]
        often = np.where(ids == PAD, 1, self.frequency[ids]).prod(axis=1) ** RARER  # (P, n) -> (P,)
        if keys in self.linear:
            W, r = (self.weights[name][self.V :] for name in self.linear[keys])
            return often * _spread(W * r)
        W = self.weights[self.paired[keys]]
        return often * np.linalg.norm(W[1:] - W[0], axis=1)

    def of(self, words, size):
        """As `compact`."""
        as_many = words is None
        if as_many:
            room = size * FOR_WORDS if self.total else size
            words = bisect_right(range(1, len(self.words) + 1), room, key=lambda n: self.size(n, 0))
        ngrams = self.total
        if size is not None:
            if words == 0 or self.size(words, 0) > size:
                least, kept = self.size(max(words, 1), 0), f"{max(words, 1):,} word{'s' * (words > 1)}"
                raise DataError(
                    f"--size: expected room for {kept} and the rest of the model, {least:,} bytes, got {size:,}"
                )
            ngrams = bisect_right(range(1, self.total + 1), size, key=lambda m: self.size(words, m))
            if as_many:  # what n-grams left
                words = bisect_right(range(1, len(self.words) + 1), size, key=lambda n: self.size(n, ngrams))
        return self.build(words, ngrams)

    def kept(self, words, ngrams):
        """-> ids that stay, ascending; keys' name -> the places of its n-grams that stay, ascending: of those whose
        words all stay the best, in all `ngrams` / total of each.
        """
        ids = np.concatenate((np.arange(SPECIAL), np.sort(self.words[:words])))
        stays = np.zeros(self.V, bool)
        stays[ids] = True
        places = {}
        for name, order in self.order.items():
            possible = order[stays[self.ids[name]].all(axis=1)[order]]
            places[name] = np.sort(possible[: len(order) * ngrams // max(self.total, 1)])
        return ids, places

    def size(self, words, ngrams):
        """Bytes of the file."""
        ids, places = self.kept(words, ngrams)
        rows = {name: len(index) for name, index in self._rows(ids, places).items()}
        weights = {n: shape_only((rows.get(n, len(w)), *w.shape[1:]), w.dtype) for n, w in self.weights.items()}
        manifest = [{"name": name, "shape": (rows[name], table.shape[1])} for name, table in self.ids.items()]
        meta = {**self.model.meta(), **self._meta(ids, places), "packed": self.dtype}
        return checkpoint_size(packed_like(weights, self.dtype, len(ids), manifest, fill=False), meta)

    def _meta(self, ids, places):
        words, counts = self.model.vocab.id_to_word, {name: len(index) for name, index in places.items()}
        return {"net": _resized(self.model.net.config, len(ids), counts), "words": [words[i] for i in ids[SPECIAL:]]}

    def _rows(self, ids, places):
        """Name of an array -> (R,) the rows of it that stay."""
        rows = {**places, **({self.vectors: ids} if self.vectors else {})}
        for keys, index in places.items():
            if keys in self.linear:
                rows |= {name: np.concatenate((ids, self.V + index)) for name in self.linear[keys]}
            else:
                rows[self.paired[keys]] = np.concatenate(([0], 1 + index))
        return rows

    def build(self, words, ngrams):
        """-> Classifier."""
        ids, places = self.kept(words, ngrams)
        meta, rows = self._meta(ids, places), self._rows(ids, places)
        kept = {name: w[rows[name]] if name in rows else w for name, w in self.weights.items()}
        new_ids = np.zeros(self.V, np.int64)
        new_ids[ids] = np.arange(len(ids))
        for name, index in places.items():
            kept[name] = keys_of_ids(name, new_ids[self.ids[name][index]], len(ids))
        if self.vectors:
            kept[self.vectors][UNK] = self._unknown(ids)
        manifest = [{"name": name, "shape": w.shape, "dtype": w.dtype.str} for name, w in kept.items()]
        net = rebuild(type(self.model.net).__name__, meta["net"], manifest)
        packed = pack(kept, self.dtype, len(ids))
        unpack(packed, net.weights(), self.dtype, len(ids))
        return replace(self.model, net=net, vocab=Vocab(meta["words"]), packed=self.dtype)

    def _unknown(self, ids):
        """(D,) the mean of the vectors that the unknown word now stands for, each as often as it comes."""
        W, counted = self.weights[self.vectors], self.frequency.copy()
        counted[ids] = 0
        counted[UNK] = UNKNOWN
        return counted @ W / counted.sum()  # (V,) @ (V, D)


def effects(model):
    """(V,) how far a text of a word alone is scored from one of an unknown word; 0 for what is no word."""
    ids = np.arange(UNK, len(model.vocab), dtype=np.int32)
    scores = model.scores(list(ids[:, None])).reshape(len(ids), -1).astype(np.float64)  # (V - 1, 1 or C)
    return np.concatenate(([0], _spread(scores - scores[0])))


def _spread(scores):
    """(N, K) -> (N,) the largest of each row; of several classes the difference to their mean, which says nothing."""
    scores = scores if scores.shape[1] == 1 else scores - scores.mean(axis=1, keepdims=True)
    return np.abs(scores).max(axis=1)


def _resized(config, V, counts):
    """The configuration of a net with so many ids and n-grams, by the names of their keys."""
    config = {**config, "vocab_size": V}
    if "net" in config:  # WideNet
        inner = {name.removeprefix("linear."): n for name, n in counts.items()}
        return {**config, "net": _resized(config["net"], V, inner), "linear": _resized(config["linear"], V, inner)}
    if "num_ngrams" in config:
        config["num_ngrams"] = counts["pairs"]
    elif "num_pairs" in config:
        config["num_pairs"] = counts.get("pair_embed.pairs", 0)
    return config
