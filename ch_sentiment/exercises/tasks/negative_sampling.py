"""Negative sampling: a few yes-or-no questions in place of one choice of all.

For each of N contexts h: is `target` the word (yes), is each of K sampled words the word (no)?

forward     s[n, 0] = h[n] . W[target[n]],   s[n, k] = h[n] . W[negatives[n, k - 1]]      h (N, H), W (V, H)
            loss = (1 / N) x the sum over n of  -log y[n, 0] - the sum over k >= 1 of log(1 - y[n, k]),  y = sigmoid(s)

backward    ds = dout (y - label) / N                        label: 1 for the target, 0 for the others
            dh[n] = the sum over k of ds[n, k] W[its word]
            dW[v] = the sum of ds[n, k] h[n] wherever word v was asked for, several times maybe; 0 elsewhere

The words are given, so that nothing is random here. It is Embedding, a product of rows, and SigmoidWithLoss.
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case
from common import negative_sampling


# --- the learner's file ---
class NegativeSamplingLoss:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]

    def forward(self, h, target, negatives):
        """h (N, H), target (N,) ids, negatives (N, K) ids -> loss, a number."""
        # --- your part: the loss, without overflow for s of hundreds, and what backward will need ---
        (W,) = self.params
        words = np.concatenate((target[:, None], negatives), axis=1)  # (N, 1), (N, K) -> (N, 1 + K)
        s = np.einsum("nh,nkh->nk", h, W[words])
        label = np.zeros_like(s)
        label[:, 0] = 1
        z = np.exp(-np.abs(s))
        y = np.where(s >= 0, 1, z) / (1 + z)  # the sigmoid, without overflow
        self.cache = h, words, y - label
        return (np.maximum(s, 0) - s * label + np.log1p(z)).sum() / len(h)
        # --- end ---

    def backward(self, dout=1):
        """dout: a number -> dh (N, H)."""
        # --- your part: dW, into self.grads, and dh ---
        (W,), (dW,) = self.params, self.grads
        h, words, difference = self.cache
        ds = dout * difference / len(h)  # (N, 1 + K)
        dW[...] = 0
        np.add.at(dW, words, ds[:, :, None] * h[:, None])  # (N, 1 + K, 1) * (N, 1, H) -> (N, 1 + K, H)
        return np.einsum("nk,nkh->nh", ds, W[words])
        # --- end ---


# --- the judge ---
class Reference(negative_sampling.NegativeSamplingLoss):
    """That of `common`, on words that are given."""

    def __init__(self, W):
        super().__init__(W, counts=np.ones(len(W)))

    def forward(self, h, target, negatives):
        return super().forward(h, target, negative_sample=negatives)


def cases(rng):
    several = "words that come several times"
    sizes = ("no word twice", 2, 3, 11, 4, 1), (several, 5, 4, 6, 3, 1), (f"{several}, s of hundreds", 5, 4, 6, 3, 1000)
    for name, N, K, V, H, size in sizes:
        weights = {"W": rng.standard_normal((V, H))}
        once = rng.permutation(V)
        target = once[:N] if N * (K + 1) < V else rng.integers(0, V - 1, N)
        negatives = once[N : N * (K + 1)].reshape(N, K) if N * (K + 1) < V else rng.integers(0, V - 1, (N, K))
        if N * (K + 1) >= V:
            negatives[0, :2] = negatives[1, 0] = target[1]  # twice in a row of its own, and as a target
        other = (np.roll(target, 1) + 1) % V
        hs = [size * rng.standard_normal((N, H)) for _ in range(2)]
        inputs = [{"h": h, "target": t, "negatives": negatives} for h, t in zip(hs, (other, target))]
        douts = [{"dout": float(rng.uniform(0.3, 0.7))} for _ in range(2)]
        letters = {"N": N, "K": K, "V": V, "H": H}
        yield layer_case(name, "NegativeSamplingLoss", weights, inputs, ("loss",), douts, ("dh",), letters)


EXERCISE = Exercise(
    chapter=4,
    after=("embedding", "sigmoid_with_loss"),
    reference={"NegativeSamplingLoss": Reference},
    cases=cases,
    hints=(
        "Put target and negatives side by side, (N, 1 + K), and a label beside them: 1 in the first column, else 0. "
        "Then all of them are treated alike.",
        "s is the sum of h[:, None] * W[words] over the last axis. The loss is that of sigmoid_with_loss, summed over "
        "the questions and divided by N, not by their number.",
        "ds = dout * (y - label) / N. dh is the sum of ds[:, :, None] * W[words] over axis 1; the products "
        "ds[:, :, None] * h[:, None] go into dW by np.add.at, after dW[...] = 0.",
    ),
    mistakes=(
        Mistake("negatives have the label 0, the target alone has 1", "label[:, 0] = 1", "label[:] = 1"),
        Mistake("the label of the target is 1", "label[:, 0] = 1", "label[:, 0] = 0"),
        Mistake(
            "divided by the number of all questions, expected by N",
            "np.log1p(z)).sum() / len(h)",
            "np.log1p(z)).mean()",
        ),
        Mistake(
            "exp overflows: use the form with max(s, 0), as in sigmoid_with_loss",
            "np.maximum(s, 0) - s * label + np.log1p(z)",
            "np.log1p(np.exp(s)) - s * label",
        ),
        Mistake(
            "an eps in the logarithm puts a ceiling on the loss: use the form with max(s, 0), as in sigmoid_with_loss",
            "(np.maximum(s, 0) - s * label + np.log1p(z)).sum()",
            "-(label * np.log(y + 1e-7) + (1 - label) * np.log(1 - y + 1e-7)).sum()",
        ),
        Mistake("ds is not divided by N", "dout * difference / len(h)", "dout * difference"),
        Mistake("dout is left out", "dout * difference", "difference"),
        Mistake(
            "a word that was asked for twice keeps one of its gradients: np.add.at",
            "np.add.at(dW, words, ds[:, :, None] * h[:, None])",
            "dW[words] += ds[:, :, None] * h[:, None]",
        ),
        Mistake("dW still holds the gradient of the batch before: dW[...] = 0 first", "        dW[...] = 0\n", ""),
        Mistake(
            "dh comes from the target alone, expected from all questions",
            'np.einsum("nk,nkh->nh", ds, W[words])',
            "ds[:, :1] * W[words[:, 0]]",
        ),
        Mistake(
            "dW has the rows of the targets alone",
            "np.add.at(dW, words, ds[:, :, None] * h[:, None])",
            "np.add.at(dW, words[:, 0], ds[:, :1] * h)",
        ),
        Mistake(
            "the sign is turned: y - label", "self.cache = h, words, y - label", "self.cache = h, words, label - y"
        ),
    ),
)
