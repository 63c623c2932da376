"""Negative sampling: which of a few words is the right one, in the place of a softmax over all V of them.

A step costs the same at V = 1,000 and V = 1,000,000. Mikolov et al. 2013 (b). Book, chapter 4.
"""

import numpy as np

from common.arrays.checks import as_floats, as_ids, as_number, as_rng, as_sample_weight
from common.arrays.layer import Layer
from common.arrays.row_grad import RowGrad
from common.functions import sigmoid
from common.layers import write_rows

TOTAL = 2**50  # of the integer weights: far above any V, and a product with it is exact enough in float64


class UnigramSampler:
    """Draws words w with the probabilities counts[w]^power / sum, but never the positive word of the row.

    counts: (V,) how often each word occurs; one of 0 is never drawn. power: below 1, rare words are drawn more often
    than they occur. rng: Generator, int or None. ValueError where fewer than two words occur.
    """

    def __init__(self, counts, power=0.75, rng=None):
        counts = as_floats(self, "counts", counts, ("V",), np.float64)
        power = as_number(self, "power", power, least=0)
        wrong = ~(np.isfinite(counts) & (counts >= 0))
        if wrong.any():
            raise ValueError(f"{type(self).__name__}: expected finite counts, 0 or above, got {counts[wrong][0]}")
        occurs = counts > 0
        if occurs.sum() < 2:
            expected = "at least two words that occur, since one of them is the positive one"
            raise ValueError(f"{type(self).__name__}: expected {expected}, got {occurs.sum()} among V = {len(counts)}")
        weight = np.where(occurs, counts / counts.max(), 0) ** power * occurs  # 0 ** 0 is 1
        # Integers: their sums are exact, so that no rounding leads to the positive word, or beyond the last one.
        weight = np.maximum(np.rint(weight * (TOTAL / weight.sum())), occurs).astype(np.int64)
        self.edges = np.concatenate(([0], np.cumsum(weight)))  # (V + 1,): word w has the numbers edges[w:w + 2]
        self.rng = as_rng(self, rng)

    def draw(self, target, sample_size):
        """target (N,) ids -> (N, sample_size) ids, none of them that of its row; independent, so some may be equal."""
        target = as_ids(self, "target", target, ("N",), len(self.edges) - 1)
        sample_size = as_number(self, "sample_size", sample_size, least=0, whole=True)
        edges = np.asarray(self.edges, like=target)
        start, end = edges[target][:, None], edges[target + 1][:, None]  # (N, 1) each
        share = np.asarray(self.rng.random((len(target), sample_size)), like=target)
        number = (share * (edges[-1] - (end - start))).astype(np.int64)
        number += np.where(number < start, 0, end - start)  # leap over the positive word
        return np.searchsorted(edges, number, side="right") - 1


class NegativeSamplingLoss(Layer):
    """Mean over N of -log sigmoid(h W[target]) - sum over the negative words w of log sigmoid(-h W[w]), from logits.

    W: (V, H), a row for each word. corpus: (T,) ids, whose counts are those of the sampler; or counts=(V,) without it.
    sample_size: negative words of each row, drawn anew in each forward; `negative_sample` (N, sample_size) holds them.
    forward: h (N, H), target (N,) ids -> loss; with negative_sample=(N, K) ids nothing is drawn. backward: (N, H).
    sample_weight: what each example counts, (N,) or None, as in `SoftmaxWithLoss`. power, rng: see `UnigramSampler`.
    """

    def __init__(self, W, corpus=None, power=0.75, sample_size=5, rng=None, *, counts=None):
        super().__init__(W=(W, ("V", "H")))
        if (corpus is None) == (counts is None):
            got = "neither" if corpus is None else "both"
            raise ValueError(f"{type(self).__name__}: expected a corpus or counts=..., got {got}")
        if counts is None:
            counts = np.bincount(as_ids(self, "corpus", corpus, ("T",), len(W)), minlength=len(W))
        counts = as_floats(self, "counts", counts, (len(W),), np.float64)
        self.sample_size = as_number(self, "sample_size", sample_size, least=1, whole=True)
        self.sampler = UnigramSampler(counts, power, rng)
        if isinstance(W, np.ndarray):  # an array of another kind (CuPy's, say) keeps a dense gradient
            self.grads = [RowGrad.zeros_like(W)]
        self.negative_sample = None

    def forward(self, h, target, sample_weight=None, *, negative_sample=None):
        (W,) = self.params
        h = as_floats(self, "h", h, ("N", W.shape[1]), W.dtype)
        target = as_ids(self, "target", target, (len(h),), len(W))
        sample_weight = as_sample_weight(self, sample_weight, (len(h),), W.dtype)
        if negative_sample is None:
            negative_sample = self.sampler.draw(target, self.sample_size)
        self.negative_sample = as_ids(self, "negative_sample", negative_sample, (len(h), "K"), len(W))
        ids = np.column_stack((target, self.negative_sample))  # (N,), (N, K) -> (N, 1 + K)
        rows = W.take(ids, axis=0)  # (N, 1 + K, H)
        score = np.matmul(rows, h[:, :, None])[:, :, 0]  # (N, 1 + K, H) @ (N, H, 1) -> (N, 1 + K)
        score[:, 0] *= -1  # of each word, what it costs is now log(1 + exp(score))
        loss = np.maximum(score, 0) + np.log1p(np.exp(-np.abs(score)))
        self.cache = h, ids, rows, score, sample_weight
        loss = loss.sum(axis=1)  # (N, 1 + K) -> (N,)
        return float((loss if sample_weight is None else loss * sample_weight).mean())

    def backward(self, dout=1):
        h, ids, rows, score, sample_weight = self.cached()
        dscore = sigmoid(score) * (float(dout) / len(h))
        dscore[:, 0] *= -1
        if sample_weight is not None:
            dscore *= sample_weight[:, None]  # (N, 1 + K) * (N, 1)
        write_rows(self.grads[0], ids, dscore[:, :, None] * h[:, None, :])  # (N, 1 + K, H), added where ids are equal
        return np.matmul(dscore[:, None, :], rows)[:, 0, :]  # (N, 1, 1 + K) @ (N, 1 + K, H) -> (N, H)
