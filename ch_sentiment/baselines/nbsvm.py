"""NBSVM: the linear model on words and n-grams that a recurrent net has to beat. Wang and Manning 2012.

ids -> the distinct words and n-grams of a text -> sum of their weights, each times its log-count ratio -> loss.
"""

import numpy as np

from common.arrays.checks import as_floats, as_ids, as_number, as_sizes, check_weights
from common.arrays.examples import Examples, as_inputs
from common.arrays.initializers import zeros
from common.arrays.layer import WithGrads
from common.arrays.row_grad import RowGrad
from common.layers import SigmoidWithLoss, SoftmaxWithLoss, write_rows
from common.ngrams import check_ngrams, find, frequent_ngrams, ngram_keys
from common.sequential import Sequential
from common.training.batches import sorted_batches, take
from dataset.text import PAD


class NBSVM(Sequential):
    """Logistic regression on the words and n-grams (runs of words) that a text holds, scaled by naive Bayes.

    vocab_size V, num_ngrams P: a text has V + P features, present or absent. num_classes: 2 (one logit,
    SigmoidWithLoss) or more (a logit each, SoftmaxWithLoss). ngrams: words of the longest run. rng: nothing here is
    random (but see `common.arrays.unfilled`). dtype: of the weights. The n-grams and the ratios are those of a training
    part (`NBSVM.of_texts`), or come out of a file.

    forward: xs (N, T) ids, PAD = 0 after the end of each text, and ts (N,) class ids -> mean loss. The paper's solver
    is the `Trainer` with Adam here, and its penalty on large weights is early stopping.
    """

    def __init__(self, vocab_size, num_ngrams, num_classes=2, ngrams=2, *, rng=None, dtype=np.float32):
        vocab_size, num_classes, ngrams = as_sizes(self, vocab_size=vocab_size, num_classes=num_classes, ngrams=ngrams)
        num_ngrams = as_number(self, "num_ngrams", num_ngrams, least=0, whole=True)
        check_ngrams(vocab_size, ngrams)
        shape = vocab_size + num_ngrams, 1 if num_classes == 2 else num_classes  # (F, C)
        self.keys = zeros((num_ngrams,), rng, np.int64)  # sorted, see `common.ngrams.ngram_keys`
        self.ratios = zeros(shape, rng, dtype)
        super().__init__(
            DistinctFeatures(self.keys, vocab_size, ngrams),  # (N, T) words -> (N, K) features
            ScaledSum(zeros(shape, rng, dtype), zeros(shape[1:], rng, dtype), self.ratios),  # -> (N, C)
            loss=SigmoidWithLoss() if num_classes == 2 else SoftmaxWithLoss(),
        )
        sizes = {"vocab_size": vocab_size, "num_ngrams": num_ngrams, "num_classes": num_classes, "ngrams": ngrams}
        self.config = sizes
        self.frozen = {"pairs": self.keys, "ratios": self.ratios}  # "pairs": in files of version 0.1.0, too

    @classmethod
    def of_texts(cls, x, t, vocab_size, num_classes=2, max_ngrams=None, dtype=np.float32, sample_weight=None, ngrams=2):
        """With the n-grams and ratios of a training part: x list of N (T,) id arrays, t (N,) class ids, or (N, C)
        soft labels.

        max_ngrams: at most so many are known, those that stand in the most texts. sample_weight: as of
        `log_count_ratios`. ngrams: words of the longest run; with more than 2, each run stands in two texts at least.
        """
        owner = "NBSVM.of_texts"
        x = [as_ids(owner, "x", ids, ("T",), vocab_size) for ids in as_inputs(owner, x)]
        examples = Examples.of(owner, x, t, sample_weight)
        t, sample_weight = examples.t, examples.sample_weight
        if np.ndim(t) == 1:
            t = as_ids(owner, "t", t, ("N",), num_classes)
        else:
            as_floats(owner, "t", t, ("N", num_classes), np.float64)
        keys = frequent_ngrams(x, vocab_size, ngrams, max_ngrams, min_texts=1 if ngrams <= 2 else 2)
        net = cls(vocab_size, len(keys), num_classes, ngrams, dtype=dtype)
        net.keys[...] = keys
        net.ratios[...] = log_count_ratios(x, t, keys, vocab_size, num_classes, sample_weight, ngrams)
        return net

    def by_word(self, ids):
        """(T,) ids of a text -> (T, K): what each word adds to the scores, K = 1 or C; they add up to score - b.

        What a feature adds is divided among the places where it stands, and at each of them among its words.
        """
        (W, _), r = self.params, self.ratios
        V, ngrams = self.config["vocab_size"], self.config["ngrams"]
        added = np.zeros((len(ids), W.shape[1]), W.dtype)
        runs = [feature_ids(run[0], self.keys, V) for run in ngram_keys(ids[None], V, ngrams)]
        for n, features in enumerate((ids, *runs), start=1):  # (T - n + 1,)
            _, which, times = np.unique(features, return_inverse=True, return_counts=True)
            share = W[features] * r[features] / (n * times[which.reshape(-1)])[:, None]
            for i in range(n):
                added[i : i + len(share)] += share
        return added


class DistinctFeatures:
    """`distinct_features` as a layer: xs (N, T) ids -> (N, K) ids; backward returns None."""

    param_names = ()

    def __init__(self, keys, vocab_size, ngrams=2):
        self.params, self.grads = [], []
        self.keys, self.vocab_size, self.ngrams = keys, vocab_size, ngrams

    def forward(self, xs):
        xs = as_ids(self, "xs", xs, ("N", "T"), self.vocab_size)
        return distinct_features(xs, self.keys, self.vocab_size, self.ngrams)

    def backward(self, dout):
        return None


class ScaledSum(WithGrads):
    """y = sum over the features f of a text of r[f] * W[f], + b: an Affine on presence or absence, without its zeros.

    W: (F, C), b: (C,). r: (F, C) fixed, 0 in row PAD. forward: ids (N, K) of features, or PAD, -> (N, C); backward
    returns None, since ids have no gradient. That of W knows its rows (`common.arrays.row_grad`).
    """

    param_names = ("W", "b")

    def __init__(self, W, b, r):
        check_weights(self, W=(W, ("F", "C")), b=(b, ("C",)), r=(r, ("F", "C")))
        self.params = [W, b]
        self.r = r

    def new_grads(self):
        W, b = self.params
        return [RowGrad.zeros_like(W), np.zeros_like(b)]

    def forward(self, ids):
        W, b = self.params
        self.ids = as_ids(self, "ids", ids, ("N", "K"), len(W))
        self.scale = self.r[self.ids]  # (N, K, C)
        return (W[self.ids] * self.scale).sum(axis=1) + b  # (N, K, C) -> (N, C)

    def backward(self, dout):
        dW, db = self.grads
        dout = as_floats(self, "dout", dout, (len(self.ids), len(db)), db.dtype)
        real = self.ids != PAD
        write_rows(dW, self.ids[real], (self.scale * dout[:, None])[real])  # (N, K, C) * (N, 1, C)
        db[...] = dout.sum(axis=0)


def distinct_features(xs, keys, vocab_size, ngrams=2):
    """The features of each text, each once: its words by their ids, its n-grams by V + their place in `keys`.

    xs: (N, T) ids. keys: (P,) sorted; an n-gram that is not there is no feature. ngrams: words of the longest run. ->
    (N, K) ids, sorted, with PAD wherever there is none; K = T + (T - 1) + ... + (T - ngrams + 1).
    """
    runs = (np.sort(run, axis=1) for run in ngram_keys(xs, vocab_size, ngrams))  # so they are found in 2/3 of the time
    ids = np.concatenate((xs, *(feature_ids(run, keys, vocab_size) for run in runs)), axis=1)
    ids.sort(axis=1)
    ids[:, 1:][ids[:, 1:] == ids[:, :-1]] = PAD
    return ids


def feature_ids(run_keys, keys, vocab_size):
    """Which feature each n-gram is, by its key: V + its place in `keys`; PAD for one that is not there."""
    place, known = find(keys, run_keys)
    return np.where(known, vocab_size + place, PAD)


def features_of_texts(x, keys, vocab_size, ngrams=2):
    """`distinct_features` of a list of N (T,) id arrays, -> a list of N id arrays, without PAD."""
    features = [None] * len(x)
    for index in sorted_batches(x, 128):
        for i, ids in zip(index, distinct_features(take(x, index), keys, vocab_size, ngrams)):
            features[i] = ids[ids != PAD]
    return features


def log_count_ratios(x, t, keys, vocab_size, num_classes, sample_weight=None, ngrams=2):
    """r = log((p / |p|) / (q / |q|)): p counts the texts of a class that hold a feature, q the others, both from 1 on.

    sample_weight: (N,) of a mean of 1, or None: a text of weight 2 is counted twice. The weights of classes do not
    belong here: |p| and |q| take them out again, but for the 1, which would then smooth a rare class less than another.
    t: (N,) class ids, or (N, C) soft labels: a text that is of a class with probability p is counted p times there.
    -> (F, C); for two classes (F, 1), of class 1. 0 for PAD.
    """
    counts = np.zeros((vocab_size + len(keys), num_classes))
    t = np.eye(num_classes)[t] if np.ndim(t) == 1 else t  # (N,) -> (N, C)
    weight = np.ones(len(x)) if sample_weight is None else sample_weight
    for index in sorted_batches(x, 128):
        for ids, p, w in zip(distinct_features(take(x, index), keys, vocab_size, ngrams), t[index], weight[index]):
            counts[ids] += w * p
    return ratios_of_counts(counts)


def ratios_of_counts(counts):
    """`log_count_ratios` from counts (F, C): how much of each class holds each feature; row 0 is that of PAD."""
    p = counts[:, 1:] if counts.shape[1] == 2 else counts
    q = counts.sum(axis=1, keepdims=True) - p
    p, q = p[1:] + 1, q[1:] + 1  # without PAD
    ratios = np.zeros((len(counts), p.shape[1]))
    ratios[1:] = np.log(p / p.sum(axis=0)) - np.log(q / q.sum(axis=0))
    return ratios
