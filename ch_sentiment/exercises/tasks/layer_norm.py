"""LayerNorm: mean 0 and variance 1 in each row, then a scale and a shift.

forward     mean, variance of each row                       x (N, D); the variance divides by D
            n = (x - mean) / sqrt(variance + eps)            n (N, D)
            y = gamma n + beta                               gamma, beta (D,)

backward    dgamma = the sum of dout n over N,  dbeta = the sum of dout over N
            dn = dout gamma
            dx = (dn - mean(dn) - n mean(dn n)) / sqrt(variance + eps)         means over a row

x reaches n in three ways: by itself, through the mean, and through the variance. These are the three parts of dx: what
would only shift or stretch a row changes nothing, so it is taken out of the gradient.
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case
from common.layers import LayerNorm as Reference


# --- the learner's file ---
class LayerNorm:
    def __init__(self, gamma, beta, eps=1e-5):
        self.params = [gamma, beta]
        self.grads = [np.zeros_like(gamma), np.zeros_like(beta)]
        self.eps = eps

    def forward(self, x):
        """x (N, D) -> (N, D)."""
        gamma, beta = self.params
        std = np.sqrt(x.var(axis=1, keepdims=True) + self.eps)  # (N, 1)
        n = (x - x.mean(axis=1, keepdims=True)) / std
        self.cache = x, n, std
        return gamma * n + beta

    def backward(self, dout):
        """dout (N, D) -> dx (N, D)."""
        gamma, _ = self.params
        dgamma, dbeta = self.grads
        _, n, std = self.cache
        # --- your part: dgamma[...], dbeta[...]; return dx ---
        dgamma[...] = (dout * n).sum(axis=0)  # (N, D) -> (D,)
        dbeta[...] = dout.sum(axis=0)
        dn = dout * gamma
        along = (dn * n).mean(axis=1, keepdims=True)  # (N, 1)
        return (dn - dn.mean(axis=1, keepdims=True) - n * along) / std
        # --- end ---


# --- the judge ---
def cases(rng):
    sizes = ("N = D = 4", 4, 4, 1.0), ("rows of large numbers", 3, 5, 30.0), ("so small that eps counts", 2, 3, 0.01)
    for name, N, D, size in sizes:
        weights = {"gamma": 1 + 0.5 * rng.standard_normal(D), "beta": rng.standard_normal(D)}
        inputs = {"x": size * (1 + rng.standard_normal((N, D)))}
        douts = {"dout": rng.standard_normal((N, D))}
        yield layer_case(name, "LayerNorm", weights, inputs, ("y",), douts, ("dx",), {"N": N, "D": D})


EXERCISE = Exercise(
    chapter=8,
    after=("matmul",),
    reference={"LayerNorm": Reference},
    cases=cases,
    hints=(
        "dgamma and dbeta have the shape (D,): they are sums over the batch, axis 0. Everything else goes along a row, "
        "axis 1, with keepdims=True.",
        "dn = dout * gamma. Without mean and variance dx would be dn / std; each of them takes one part away from dn.",
        "dx = (dn - dn.mean(axis=1, keepdims=True) - n * (dn * n).mean(axis=1, keepdims=True)) / std.",
    ),
    mistakes=(
        Mistake(
            "x reaches n through the mean as well: the mean of dn is missing",
            "dn - dn.mean(axis=1, keepdims=True) - n",
            "dn - n",
        ),
        Mistake("x reaches n through the variance as well: n mean(dn n) is missing", " - n * along)", ")"),
        Mistake(
            "mean and std are treated as constants",
            "(dn - dn.mean(axis=1, keepdims=True) - n * along) / std",
            "dn / std",
        ),
        Mistake(
            "eps is missing in std: the one of forward is sqrt(variance + eps)",
            "along) / std",
            "along) / self.cache[0].std(axis=1, keepdims=True)",
        ),
        Mistake("gamma is left out of dx", "dn = dout * gamma", "dn = dout"),
        Mistake(
            "dgamma is the sum of dout n, not of dout x", "(dout * n).sum(axis=0)", "(dout * self.cache[0]).sum(axis=0)"
        ),
        Mistake("a mean for a sum over the batch", "dout.sum(axis=0)", "dout.mean(axis=0)"),
        Mistake("the means go along a row, axis 1", "dn.mean(axis=1, keepdims=True)", "dn.mean(axis=0, keepdims=True)"),
        Mistake("a sum for a mean along a row", "(dn * n).mean(axis=1,", "(dn * n).sum(axis=1,"),
        Mistake("the division by std is missing", "n * along) / std", "n * along)"),
        Mistake("added to what was in the gradient: dbeta[...] = ..., not +=", "dbeta[...] = d", "dbeta += d"),
    ),
)
