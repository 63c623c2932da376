"""Attention pooling: a mean in which the net decides what counts.

forward     u = tanh(hs W + b)                               hs (N, T, H), W (H, A), b (A,), u (N, T, A)
            s = u v                                          v (A,), s (N, T): how much a word matters
            a = softmax(s) over the real steps               a (N, T): 0 at the padding, each row adds up to 1
            c = the sum of a[t] hs[t] over t                 c (N, H)

backward    hs reaches c in two ways: as what is averaged, and through the weights a
            da[t] = dout . hs[t]                             dout (N, H)
            ds = a (da - the sum of a da over t)             the softmax: each weight takes from the others
            du, then back through tanh, then as in MatMul; dv, dW and db are summed over N and T

np.einsum says such sums as they are: np.einsum("nh,nth->nt", dout, hs) is da.
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case
from common.pooling import TimeAttentionPooling as Reference


# --- the learner's file ---
class AttentionPooling:
    def __init__(self, W, b, v):
        self.params = [W, b, v]
        self.grads = [np.zeros_like(W), np.zeros_like(b), np.zeros_like(v)]

    def forward(self, hs, mask):
        """hs (N, T, H), mask (N, T) bool -> c (N, H)."""
        W, b, v = self.params
        u = np.tanh(hs @ W + b)  # (N, T, H) @ (H, A) -> (N, T, A)
        s = np.where(mask, u @ v, -np.inf)  # (N, T, A) @ (A,) -> (N, T)
        e = np.exp(s - s.max(axis=1, keepdims=True))
        a = e / e.sum(axis=1, keepdims=True)
        self.cache = hs, u, a
        return np.einsum("nt,nth->nh", a, hs)

    def backward(self, dout):
        """dout (N, H) -> dhs (N, T, H)."""
        W, _, v = self.params
        dW, db, dv = self.grads
        hs, u, a = self.cache
        # --- your part: dW[...], db[...], dv[...]; return dhs ---
        da = np.einsum("nh,nth->nt", dout, hs)
        ds = a * (da - (a * da).sum(axis=1, keepdims=True))  # (N, T)
        dv[...] = np.einsum("nt,nta->a", ds, u)
        du = ds[:, :, None] * v * (1 - u**2)  # (N, T, 1) * (A,) -> (N, T, A), through tanh
        dW[...] = np.einsum("nth,nta->ha", hs, du)
        db[...] = du.sum(axis=(0, 1))  # (N, T, A) -> (A,)
        return a[:, :, None] * dout[:, None] + du @ W.T  # (N, T, H), in both ways
        # --- end ---


# --- the judge ---
def cases(rng):
    for name, lengths, T, H, A in (("nothing is masked", (3, 3), 3, 4, 5), ("lengths 2, 6, 1", (2, 6, 1), 6, 3, 4)):
        N = len(lengths)
        weights = {"W": rng.standard_normal((H, A)), "b": rng.standard_normal(A), "v": rng.standard_normal(A)}
        inputs = {"hs": rng.standard_normal((N, T, H)), "mask": np.arange(T) < np.array(lengths)[:, None]}
        douts = {"dout": rng.standard_normal((N, H))}
        sizes = {"N": N, "T": T, "H": H, "A": A}
        yield layer_case(name, "AttentionPooling", weights, inputs, ("c",), douts, ("dhs",), sizes)


EXERCISE = Exercise(
    chapter=8,
    after=("softmax_with_loss", "rnn_step"),
    reference={"AttentionPooling": Reference},
    cases=cases,
    hints=(
        "Go line by line from the end. c gives two gradients: da, and a first part of dhs, which is a[:, :, None] * "
        "dout[:, None].",
        "ds = a * (da - (a * da).sum(axis=1, keepdims=True)). Where a is 0 it is 0: the padding takes care of itself.",
        "du = ds[:, :, None] * v * (1 - u**2); dv is the sum of ds u, dW of hs du, db of du, over N and T. The second "
        "part of dhs is du @ W.T.",
    ),
    mistakes=(
        Mistake(
            "a softmax, not a product: ds = a (da - the sum of a da)",
            "a * (da - (a * da).sum(axis=1, keepdims=True))",
            "a * da",
        ),
        Mistake(
            "the derivative of a sigmoid, where a softmax ties all steps together",
            "a * (da - (a * da).sum(axis=1, keepdims=True))",
            "a * (1 - a) * da",
        ),
        Mistake("dhs lacks the way through the weights, du W^T", " + du @ W.T", ""),
        Mistake("dhs lacks the direct way, a dout", "a[:, :, None] * dout[:, None] + du", "du"),
        Mistake("the derivative of tanh is missing: 1 - u^2", " * (1 - u**2)", ""),
        Mistake(
            "dv needs u, what v was multiplied by",
            'np.einsum("nt,nta->a", ds, u)',
            'np.einsum("nt,nta->a", ds, 1 - u**2)',
        ),
        Mistake("a mean for a sum over the steps", "du.sum(axis=(0, 1))", "du.mean(axis=1).sum(axis=0)"),
        Mistake("a mean for a sum over the batch", "du.sum(axis=(0, 1))", "du.sum(axis=1).mean(axis=0)"),
        Mistake("v is left out of du", "ds[:, :, None] * v *", "ds[:, :, None] *"),
        Mistake("added to what was in the gradient: dv[...] = ..., not +=", "dv[...] = np", "dv += np"),
    ),
)
