"""Softmax with loss: one class out of several, and what a wrong answer costs.

forward     y = exp(x) / sum of exp(x) along a row           x (N, C): any numbers, t (N,): the true class of each row
            loss = the mean over N of -log y[n, t[n]]

backward    dx = dout (y - one_hot(t)) / N                   dout: a number, usually 1

A row's y stays the same when one number is taken from all of its x. With the largest taken away, no exp overflows:

            s = x - max(x),     log y = s - log(sum of exp(s))
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case
from common.layers import SoftmaxWithLoss as Reference


# --- the learner's file ---
class SoftmaxWithLoss:
    def __init__(self):
        self.params, self.grads = [], []

    def forward(self, x, t):
        """x (N, C), t (N,) class ids -> loss, a number."""
        # --- your part: the loss, without overflow for x of 800, and what backward will need ---
        s = x - x.max(axis=1, keepdims=True)  # (N, C) - (N, 1)
        log_y = s - np.log(np.exp(s).sum(axis=1, keepdims=True))  # (N, C)
        self.y, self.t = np.exp(log_y), t
        return -log_y[np.arange(len(t)), t].mean()
        # --- end ---

    def backward(self, dout=1):
        """dout: a number -> dx (N, C)."""
        # --- your part: dx ---
        N = len(self.t)
        dx = self.y.copy()
        dx[np.arange(N), self.t] -= 1  # y - one_hot(t)
        return dout * dx / N
        # --- end ---


# --- the judge ---
def cases(rng):
    for name, N, C, size in (("moderate x", 5, 3, 1.0), ("x of hundreds", 4, 7, 800.0)):
        x = size * rng.permuted(np.linspace(-1, 1, N * C)).reshape(N, C)
        x[0, 0] = 4 * size  # far above the mean of its row
        x[-1] -= 3 * size  # a row far below the others: each has a largest of its own
        t = rng.integers(0, C, N)
        t[0], t[1] = x[0].argmin(), x[1].argmax()  # one that is wrong by far, one that is right
        sizes = {"N": N, "C": C}
        dout = float(rng.uniform(0.3, 0.7))
        yield layer_case(name, "SoftmaxWithLoss", {}, {"x": x, "t": t}, ("loss",), {"dout": dout}, ("dx",), sizes)


EXERCISE = Exercise(
    chapter=1,
    after=("sigmoid_with_loss",),
    reference={"SoftmaxWithLoss": Reference},
    cases=cases,
    hints=(
        "Take the largest x of each row away first (keepdims=True keeps a column); never compute the log of a y.",
        "log_y = s - log(sum(exp(s))). The loss picks one element of each row: log_y[np.arange(N), t].",
        "backward: a copy of y, of which 1 is taken at [np.arange(N), t], times dout / N.",
    ),
    mistakes=(
        Mistake("not divided by N: the loss is a mean, so is its gradient", "dout * dx / N", "dout * dx"),
        Mistake("the loss is a sum, expected the mean", ", t].mean()", ", t].sum()"),
        Mistake("the largest x of a row is not taken away: exp overflows", " - x.max(axis=1, keepdims=True)", ""),
        Mistake(
            "the largest of all x is taken away, expected that of each row",
            "x.max(axis=1, keepdims=True)",
            "x.max()",
        ),
        Mistake(
            "the logarithm of 0: never compute the log of a y, log y = s - log(sum of exp(s))",
            "-log_y[np.arange(len(t)), t].mean()",
            "-np.log(self.y[np.arange(len(t)), t]).mean()",
        ),
        Mistake(
            "the mean of a row is taken away, expected the largest: exp still overflows",
            "x.max(axis=1, keepdims=True)",
            "x.mean(axis=1, keepdims=True)",
        ),
        Mistake("1 is taken from the y that forward has kept: copy it before", "self.y.copy()", "self.y"),
        Mistake("1 is not taken at the true class", "] -= 1", "] -= 0"),
        Mistake("dout is left out", "dout * dx / N", "dx / N"),
        Mistake("the sign is turned: y - one_hot(t)", "dout * dx / N", "-dout * dx / N"),
        Mistake("summed over the rows: softmax goes along a row, axis 1", ".sum(axis=1,", ".sum(axis=0,"),
        Mistake(
            "an eps in the logarithm puts a ceiling on the loss: use log y = s - log(sum of exp(s))",
            "-log_y[np.arange(len(t)), t].mean()",
            "-np.log(self.y[np.arange(len(t)), t] + 1e-7).mean()",
        ),
    ),
)
