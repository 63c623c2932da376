"""MatMul: a product and its two gradients.

forward     y = x W             x (N, D), W (D, K), y (N, K)

backward    dW = x^T dout       dout (N, K): the gradient of the loss with respect to y
            dx = dout W^T       of the same shapes as W and x

Both follow from the shapes alone: there is one product of dout and x that gives (D, K), and one of dout and W
that gives (N, D). Write dW into the array that is in `grads` already (dW[...] = ...): an optimizer holds that array.
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case
from common.layers import MatMul as Reference


# --- the learner's file ---
class MatMul:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]

    def forward(self, x):
        """x (N, D) -> (N, K)."""
        # --- your part: y, and what backward will need ---
        (W,) = self.params
        self.x = x
        return x @ W  # (N, D) @ (D, K) -> (N, K)
        # --- end ---

    def backward(self, dout):
        """dout (N, K) -> dx (N, D)."""
        # --- your part: dW, into self.grads, and dx ---
        (W,), (dW,) = self.params, self.grads
        dW[...] = self.x.T @ dout  # (D, N) @ (N, K) -> (D, K)
        return dout @ W.T  # (N, K) @ (K, D) -> (N, D)
        # --- end ---


# --- the judge ---
def cases(rng):
    for name, N, D, K in (("a square W", 3, 4, 4), ("W (5, 2)", 7, 5, 2)):
        weights = {"W": rng.standard_normal((D, K))}
        inputs = [{"x": rng.standard_normal((n, D))} for n in (N, N + 1)]
        douts = [{"dout": rng.standard_normal((n, K))} for n in (N, N + 1)]
        yield layer_case(name, "MatMul", weights, inputs, ("y",), douts, ("dx",), {"N": N + 1, "D": D, "K": K})


EXERCISE = Exercise(
    chapter=1,
    reference={"MatMul": Reference},
    cases=cases,
    hints=(
        "Write the shapes beside each other: dW must be (D, K); you have x (N, D) and dout (N, K); N has to go.",
        "A product sums over the axis that its factors share: x^T (D, N) times dout (N, K) sums over N.",
        "dW[...] = self.x.T @ dout, where forward has kept x in self.x; dx is dout times the transpose of W.",
    ),
    mistakes=(
        Mistake("transposed: dW is x.T @ dout, not dout.T @ x", "self.x.T @ dout", "dout.T @ self.x"),
        Mistake("W is not transposed: dx is dout @ W.T", "dout @ W.T", "dout @ W"),
        Mistake(
            "added to what was in the gradient: write dW[...] = ..., not dW += ...", "dW[...] = self", "dW += self"
        ),
        Mistake(
            "never written: `dW = ...` gives a name to a new array; dW[...] = ... writes into the one in grads",
            "dW[...] = self",
            "dW = self",
        ),
        Mistake("a mean for a sum: nothing is divided by N here", "self.x.T @ dout", "self.x.T @ dout / len(dout)"),
    ),
)
