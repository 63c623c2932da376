"""Attention: each query looks at all keys and takes from the values.

forward     s = q k^T / sqrt(D)                              q (N, T, D), k (N, S, D), s (N, T, S)
            a = softmax(s) over S, where mask is True        mask (N, S), a (N, T, S)
            y = a v                                          v (N, S, E), y (N, T, E)

backward    dv = a^T dout                                    dout (N, T, E)
            da = dout v^T
            ds = a (da - the sum of a da over S)
            dq = ds k / sqrt(D),     dk = ds^T q / sqrt(D)

It is MatMul twice with a softmax between, for each text of the batch by itself: x.transpose(0, 2, 1) transposes the
last two axes, and @ multiplies text by text. The root keeps s, and with it the slope of the softmax, independent of D.
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case


# --- the learner's file ---
class Attention:
    def __init__(self):
        self.params, self.grads = [], []

    def forward(self, q, k, v, mask):
        """q (N, T, D), k (N, S, D), v (N, S, E), mask (N, S) bool -> y (N, T, E)."""
        # --- your part: y, and what backward will need ---
        s = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[2])  # (N, T, D) @ (N, D, S) -> (N, T, S)
        s = np.where(mask[:, None], s, -np.inf)  # (N, 1, S)
        e = np.exp(s - s.max(axis=2, keepdims=True))
        a = e / e.sum(axis=2, keepdims=True)
        self.cache = q, k, v, a
        return a @ v  # (N, T, S) @ (N, S, E) -> (N, T, E)
        # --- end ---

    def backward(self, dout):
        """dout (N, T, E) -> dq (N, T, D), dk (N, S, D), dv (N, S, E)."""
        # --- your part: dq, dk, dv ---
        q, k, v, a = self.cache
        dv = a.transpose(0, 2, 1) @ dout  # (N, S, T) @ (N, T, E) -> (N, S, E)
        da = dout @ v.transpose(0, 2, 1)  # (N, T, E) @ (N, E, S) -> (N, T, S)
        ds = a * (da - (a * da).sum(axis=2, keepdims=True))
        ds = ds / np.sqrt(q.shape[2])
        dq = ds @ k  # (N, T, S) @ (N, S, D) -> (N, T, D)
        dk = ds.transpose(0, 2, 1) @ q  # (N, S, T) @ (N, T, D) -> (N, S, D)
        return dq, dk, dv
        # --- end ---


# --- the judge ---
def cases(rng):
    gaps = [[1, 1, 1, 1, 1], [0, 1, 0, 0, 1], [1, 0, 1, 1, 0]]
    masks = ("as many queries as keys", np.ones((3, 4)), 4, 4, 4), ("a mask with gaps", gaps, 2, 6, 3)
    for name, mask, T, D, E in masks:
        mask = np.array(mask, bool)
        N, S = mask.shape
        q, k, v = (rng.standard_normal(shape) for shape in ((N, T, D), (N, S, D), (N, S, E)))
        inputs = {"q": q, "k": k, "v": v, "mask": mask}
        douts = {"dout": rng.standard_normal((N, T, E))}
        sizes = {"N": N, "T": T, "S": S, "D": D, "E": E}
        yield layer_case(name, "Attention", {}, inputs, ("y",), douts, ("dq", "dk", "dv"), sizes)


EXERCISE = Exercise(
    chapter=8,
    after=("attention_pooling",),
    reference={"Attention": Attention},  # of this file: the tests hold its gradients against differences
    cases=cases,
    hints=(
        "Put -inf where the mask is False before the softmax (np.where(mask[:, None], s, -np.inf)): exp makes 0 of it.",
        "dv = a^T dout and da = dout v^T are MatMul's two gradients, text by text. ds is the softmax of "
        "attention_pooling, along the last axis.",
        "Divide ds by sqrt(D) once, then dq = ds @ k and dk = ds.transpose(0, 2, 1) @ q.",
    ),
    mistakes=(
        Mistake(
            "dq and dk are not divided by sqrt(D): forward divides, so does backward",
            "        ds = ds / np.sqrt(q.shape[2])\n",
            "",
        ),
        Mistake("s is not divided by sqrt(D)", "k.transpose(0, 2, 1) / np.sqrt(q.shape[2])", "k.transpose(0, 2, 1)"),
        Mistake(
            "divided by D, expected by its root",
            "k.transpose(0, 2, 1) / np.sqrt(q.shape[2])",
            "k.transpose(0, 2, 1) / q.shape[2]",
        ),
        Mistake(
            "a softmax, not a product: ds = a (da - the sum of a da)",
            "a * (da - (a * da).sum(axis=2, keepdims=True))",
            "a * da",
        ),
        Mistake("the sum in ds goes over the keys, axis 2", "(a * da).sum(axis=2,", "(a * da).sum(axis=1,"),
        Mistake("the softmax goes over the keys, axis 2", "e / e.sum(axis=2,", "e / e.sum(axis=1,"),
        Mistake("the mask is not used: padding gets a weight", "np.where(mask[:, None], s, -np.inf)", "s"),
        Mistake(
            "the mask is read as a length: padding may stand anywhere",
            "np.where(mask[:, None], s",
            "np.where(np.arange(k.shape[1]) < mask.sum(axis=1)[:, None, None], s",
        ),
        Mistake("a is not transposed in dv", "a.transpose(0, 2, 1) @ dout", "a @ dout"),
        Mistake("ds is not transposed in dk", "ds.transpose(0, 2, 1) @ q", "ds @ q"),
        Mistake("dk is made of ds and q, dq of ds and k", "dq = ds @ k", "dq = ds @ q"),
    ),
)
