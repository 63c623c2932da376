"""Logistic regression with an L2 penalty on features that a text has or has not, fitted to the end: no epochs, no rate.

loss(W, b) = mean of the texts' losses + (|W|^2 + |b|^2) / (2 C N), as of LIBLINEAR (Fan et al. 2008)
"""

from dataclasses import dataclass

import numpy as np

from common.layers import SigmoidWithLoss, SoftmaxWithLoss
from common.threads import one_blas_thread
from common.training.lbfgs import minimize

C = 1.0  # the smaller, the smaller are the weights
TOLERANCE = 0.01  # of the gradient's norm: a third of it took a third longer, and texts not seen lost 0.2 %


@dataclass
class Rows:
    """N texts as rows of an (N, F) matrix of zeros and ones. ids: (M,) the features of each, one text after the other;
    sizes: (N,) how many, at least one. num_features: F.
    """

    ids: np.ndarray
    sizes: np.ndarray
    num_features: int

    @classmethod
    def of(cls, features, num_features):
        """features: list of N id arrays."""
        ids = np.concatenate([np.zeros(0, np.intp), *features], dtype=np.intp, casting="unsafe")
        return cls(ids, np.array([len(of_text) for of_text in features], np.intp), num_features)

    def __len__(self):
        return len(self.sizes)

    def times(self, W):
        """(N, F) @ (F, K) -> (N, K) float64."""
        if len(self) == 0:
            return np.zeros((0, W.shape[1]))
        starts = np.cumsum(self.sizes) - self.sizes
        return np.stack([np.add.reduceat(w[self.ids], starts, dtype=np.float64) for w in W.T], axis=1)

    def transposed_times(self, g):
        """(F, N) @ (N, K) -> (F, K) float64."""
        return np.stack([np.bincount(self.ids, np.repeat(c, self.sizes), self.num_features) for c in g.T], axis=1)


@one_blas_thread()
def fit(rows, t, ratios, sample_weight=None, progress=iter):
    """-> W (F, K), b (K,) of the least loss. rows: Rows of N texts. t: (N,) class ids, or (N, C) probabilities. ratios:
    (F, K), what a feature counts (`baselines.nbsvm`), K = 1 logit of class 1 of two, or C. sample_weight: (N,) or None.
    progress: wraps the steps.
    """
    (F, K), N = ratios.shape, len(rows)
    if N == 0:
        return np.zeros_like(ratios), np.zeros(K, ratios.dtype)
    loss_layer = SigmoidWithLoss() if K == 1 else SoftmaxWithLoss()
    t = t[:, 1] if K == 1 and t.ndim == 2 else t
    penalty = 1 / (C * N)

    def loss_and_gradient(point):
        W = point.reshape(F + 1, K)  # the last row is b
        scores = rows.times(ratios * W[:F]) + W[F]  # (N, K)
        loss = loss_layer.forward(scores[:, 0] if K == 1 else scores, t, sample_weight)
        dscores = loss_layer.backward().reshape(N, K)
        gradient = penalty * W
        gradient[:F] += ratios * rows.transposed_times(dscores)  # (F, K) * (F, N) @ (N, K)
        gradient[F] += dscores.sum(axis=0)
        return loss + penalty / 2 * float(point @ point), gradient.reshape(-1)

    start = np.zeros((F + 1) * K, ratios.dtype)
    found = minimize(loss_and_gradient, start, tolerance=TOLERANCE, progress=progress).reshape(F + 1, K)
    return found[:F], found[F]
