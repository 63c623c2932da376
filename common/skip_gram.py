"""Skip-gram with negative sampling, of whole texts at once: each word's vector predicts the words around it.

Word by word, a step gathers a few rows, multiplies vectors of D numbers and writes the rows back. Here the scores of
all pairs of a batch are two products of matrices: of each text with itself, of which the pairs within a window are a
band, and of all words with the drawn words, which a batch has in common. Mikolov et al. 2013 (b); Ji et al. 2016.
"""

import numpy as np

from common.arrays.checks import as_floats, as_ids, as_mask, as_number
from common.arrays.layer import Layer
from common.arrays.row_grad import RowGrad
from common.functions import filled, sigmoid
from common.layers import write_rows
from common.negative_sampling import UnigramSampler

KEPT = 1000  # drawn words that stand for all where nothing is trained: the same ones every time


class TimeSkipGramLoss(Layer):
    """Mean over the words i of sum_j a_ij (-log sigmoid(h_i W[x_j]) - sample_size mean_k log sigmoid(-h_i W[w_k])).

    W: (V, D), a row for each predicted word. counts: (V,) how often each occurs; one of 0 is never drawn. window: j is
    at most so many places from i, with a weight a_ij that falls from 1 beside it to 1 / window, which is how often it
    is in the window where that is drawn from 1 to `window`, as in word2vec. sample_size: negative words of a pair.
    num_drawn: words w_k that are drawn for a batch, and stand for the negative words of all its pairs. power, rng: see
    `UnigramSampler`. forward: hs (N, T, D), xs (N, T) ids, mask (N, T) bool or None -> loss; with
    negative_sample=(K,) ids nothing is drawn. backward: (N, T, D). Time and memory grow with T^2: long texts are cut.
    `train_flg`: true while training.
    """

    def __init__(self, W, counts, window=5, sample_size=5, num_drawn=64, power=0.75, rng=None):
        super().__init__(W=(W, ("V", "D")))
        counts = as_floats(self, "counts", counts, (len(W),), np.float64)
        self.window = as_number(self, "window", window, least=1, whole=True)
        self.sample_size = as_number(self, "sample_size", sample_size, least=1, whole=True)
        self.num_drawn = as_number(self, "num_drawn", num_drawn, least=1, whole=True)
        self.sampler = UnigramSampler(counts, power, rng)
        self.rare = np.argmin(counts, keepdims=True)  # (1,): leaving this word out changes the others' shares least
        if isinstance(W, np.ndarray):  # an array of another kind (CuPy's, say) keeps a dense gradient
            self.grads = [RowGrad.zeros_like(W)]
        distance = np.abs(np.arange(2 * self.window + 1) - self.window)
        self.weight_by_place = np.where(distance > 0, (self.window + 1 - distance) / self.window, 0).astype(W.dtype)
        self.train_flg, self.kept = True, self.draw(KEPT)

    def draw(self, count):
        """-> (count,) ids."""
        return self.sampler.draw(self.rare, count)[0]

    def forward(self, hs, xs, mask=None, *, negative_sample=None):
        (W,), w = self.params, self.window
        hs = as_floats(self, "hs", hs, ("N", "T", W.shape[1]), W.dtype)
        N, T, D = hs.shape
        mask = as_mask(self, mask, (N, T))
        xs = as_ids(self, "xs", xs, (N, T), len(W), where=mask)
        hs, real = filled(hs, mask), np.ones((N, T), bool) if mask is None else mask
        if negative_sample is None:
            negative_sample = self.draw(self.num_drawn) if self.train_flg else self.kept
        drawn = as_ids(self, "negative_sample", negative_sample, ("K",), len(W))

        contexts = np.zeros((N, T + 2 * w, D), W.dtype)  # with an empty window before and after each text
        contexts[:, w : w + T] = filled(W.take(np.where(real, xs, 0), axis=0), mask)  # (N, T) -> (N, T, D)
        scores = band(np.matmul(hs, contexts.transpose(0, 2, 1)), w)  # (N, T, T + 2w) -> (N, T, 2w + 1)
        known = np.zeros((N, T + 2 * w), W.dtype)
        known[:, w : w + T] = real
        weight = np.lib.stride_tricks.sliding_window_view(known, 2 * w + 1, axis=1) * self.weight_by_place
        weight *= real[:, :, None] / W.dtype.type(max(real.sum(), 1))  # (N, T, 2w + 1) * (N, T, 1)
        rows = W.take(drawn, axis=0)  # (K, D)
        drawn_scores = np.matmul(hs.reshape(N * T, D), rows.T)  # (N T, D) @ (D, K) -> (N T, K)
        drawn_weight = weight.sum(axis=2).reshape(-1, 1) * W.dtype.type(self.sample_size / len(drawn))  # (N T, 1)
        self.cache = hs, xs, mask, contexts, scores, weight, drawn, rows, drawn_scores, drawn_weight
        right, wrong = softplus(-scores) * weight, softplus(drawn_scores).sum(axis=1, keepdims=True) * drawn_weight
        return float(right.sum(dtype=np.float64) + wrong.sum(dtype=np.float64))

    def backward(self, dout=1):
        """-> dhs (N, T, D)."""
        hs, xs, mask, contexts, scores, weight, drawn, rows, drawn_scores, drawn_weight = self.cached()
        (N, T, D), w = hs.shape, self.window
        weight, drawn_weight = weight * float(dout), drawn_weight * float(dout)
        dscores = np.zeros((N, T, T + 2 * w), hs.dtype)
        band(dscores, w)[...] = -weight * sigmoid(-scores)
        ddrawn = sigmoid(drawn_scores)
        ddrawn *= drawn_weight  # (N T, K) * (N T, 1)
        dhs = np.matmul(dscores, contexts)  # (N, T, T + 2w) @ (N, T + 2w, D) -> (N, T, D)
        dhs += np.matmul(ddrawn, rows).reshape(N, T, D)  # (N T, K) @ (K, D)
        dcontexts = np.matmul(dscores.transpose(0, 2, 1), hs)[:, w : w + T]  # (N, T + 2w, T) @ (N, T, D)
        drows = np.matmul(ddrawn.T, hs.reshape(N * T, D))  # (K, N T) @ (N T, D) -> (K, D)
        counted = slice(None) if mask is None else mask
        ids = np.concatenate((xs[counted].reshape(-1), drawn))
        write_rows(self.grads[0], ids, np.concatenate((dcontexts[counted].reshape(-1, D), drows)))
        return dhs


def band(scores, window):
    """(N, T, T + 2w) -> a view (N, T, 2w + 1): row i of it the scores of the places i to i + 2w, which are those of the
    words at most w from word i where the places begin w before the first word.
    """
    N, T, _ = scores.shape
    of_text, of_row, of_place = scores.strides
    shape, strides = (N, T, 2 * window + 1), (of_text, of_row + of_place, of_place)
    return np.lib.stride_tricks.as_strided(scores, shape, strides)


def softplus(x):
    """log(1 + exp(x)), without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
