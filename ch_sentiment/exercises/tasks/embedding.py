"""Embedding: a row for each word, and gradients that add up.

forward     y[n] = W[idx[n]]                                 idx (N,): ids, W (V, D), y (N, D)

backward    dW[v] = the sum of dout[n] over all n with idx[n] = v        dout (N, D), dW (V, D)
            dW[v] = 0 for every word that does not occur

It is MatMul with one-hot rows, without the multiplications by 0. Ids have no gradient: backward returns None.
"""

import numpy as np

from ch_sentiment.exercises.exercise import Case, Exercise, Mistake, Step
from common.layers import Embedding as Reference


# --- the learner's file ---
class Embedding:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]

    def forward(self, idx):
        """idx (N,) integers -> (N, D)."""
        # --- your part: the rows, and what backward will need ---
        (W,) = self.params
        self.idx = idx
        return W[idx]  # (N,) -> (N, D)
        # --- end ---

    def backward(self, dout):
        """dout (N, D) -> None."""
        # --- your part: dW, into self.grads ---
        (dW,) = self.grads
        dW[...] = 0
        np.add.at(dW, self.idx, dout)  # adds up equal ids, which dW[idx] += dout does not
        # --- end ---


# --- the judge ---
def cases(rng):
    V, D, N = 7, 3, 5
    W = rng.standard_normal((V, D))
    words = rng.permutation(V)
    once = words[:N]
    twice = np.concatenate((words[1:3], words[2:4], words[2:3]))  # one word three times, and other words than before
    douts = [rng.standard_normal((N, D)) for _ in range(2)]
    for name, ids in (("every word once", [once]), ("a word three times, after another batch", [once, twice])):
        steps = [Step("make", "Embedding", (W,))]
        for i, (idx, dout) in enumerate(zip(ids, douts)):
            batch = ", next batch" if i else ""
            steps += [Step("call", "forward", (idx,), (f"y{batch}",)), Step("call", "backward", (dout,))]
            steps.append(Step("grads", "grads", (), (f"dW{batch}",)))
        steps += [Step("call", "backward", (dout,)), Step("grads", "grads", (), ("dW, backward called twice",))]
        steps.append(Step("unchanged", "inputs", (W, idx, dout), ("W as it was", "idx as it was", "dout as it was")))
        yield Case(name, steps, {"N": N, "V": V, "D": D})


EXERCISE = Exercise(
    chapter=4,
    after=("matmul",),
    reference={"Embedding": Reference},
    cases=cases,
    hints=(
        "forward is one line: NumPy takes an array of ids as an index. In backward, think of equal ids.",
        "dW[idx] = dout keeps only the last of equal ids, and dW[idx] += dout adds only one of them. Look for "
        "np.add.at, or write a loop over n.",
        "First dW[...] = 0, so that nothing of the batch before is left; then np.add.at(dW, idx, dout).",
    ),
    mistakes=(
        Mistake(
            "a word that occurs twice keeps one of its gradients: dW[idx] += dout adds only one of them (np.add.at)",
            "np.add.at(dW, self.idx, dout)",
            "dW[self.idx] += dout",
        ),
        Mistake("dW still holds the gradient of the batch before: dW[...] = 0 first", "        dW[...] = 0\n", ""),
        Mistake(
            "only the rows of this batch are set to 0: those of the batch before stay",
            "dW[...] = 0",
            "dW[self.idx] = 0",
        ),
        Mistake(
            "the mean over the places of a word, expected the sum",
            "np.add.at(dW, self.idx, dout)",
            "np.add.at(dW, self.idx, dout / (self.idx[:, None] == self.idx).sum(axis=1, keepdims=True))",
        ),
        Mistake(
            "never written: write into the array in grads", "(dW,) = self.grads", "dW = np.zeros_like(self.params[0])"
        ),
    ),
)
