"""Sigmoid with loss: yes or no, and what a wrong answer costs.

forward     y = 1 / (1 + exp(-x))                            x (N,): any number, t (N,): 0 or 1
            loss = the mean over N of -t log y - (1 - t) log(1 - y)

backward    dx = dout (y - t) / N                            dout: a number, usually 1

The two derivatives cancel to y - t, which is why the sigmoid and the loss are one layer. Written as above the loss
breaks: at x = 800, exp and log give infinities. The same loss without any:

            loss of one = max(x, 0) - x t + log(1 + exp(-|x|))
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case
from common.layers import SigmoidWithLoss as Reference


# --- the learner's file ---
class SigmoidWithLoss:
    def __init__(self):
        self.params, self.grads = [], []

    def forward(self, x, t):
        """x (N,), t (N,) -> loss, a number."""
        # --- your part: the loss, without overflow for x = 800 or -800, and what backward will need ---
        z = np.exp(-np.abs(x))  # in (0, 1], never an overflow
        self.y = np.where(x >= 0, 1, z) / (1 + z)  # the sigmoid
        self.t = t
        return (np.maximum(x, 0) - x * t + np.log1p(z)).mean()
        # --- end ---

    def backward(self, dout=1):
        """dout: a number -> dx (N,)."""
        # --- your part: dx ---
        return dout * (self.y - self.t) / len(self.t)
        # --- end ---


# --- the judge ---
def cases(rng):
    for name, N, size in (("moderate x", 5, 2.0), ("x beyond 800", 7, 1600.0)):
        x = size * (0.5 + rng.random(N)) * np.where(np.arange(N) % 2 == 0, 1, -1)  # of either sign
        t = rng.permutation(np.arange(N) // 2 % 2)
        dout = float(rng.uniform(0.3, 0.7))
        inputs = {"x": x, "t": t}
        yield layer_case(name, "SigmoidWithLoss", {}, inputs, ("loss",), {"dout": dout}, ("dx",), {"N": N})


EXERCISE = Exercise(
    chapter=1,
    reference={"SigmoidWithLoss": Reference},
    cases=cases,
    hints=(
        "backward is one line. Keep the y and the t of forward in self, and do not forget that the loss is a mean.",
        "exp(-x) overflows at x = -800, exp(-|x|) never does: with z = exp(-|x|) the sigmoid is 1 / (1 + z) where "
        "x >= 0, and z / (1 + z) where x < 0 (np.where).",
        "The loss of each is max(x, 0) - x t + log(1 + z); the gradient is dout * (y - t) / N.",
    ),
    mistakes=(
        Mistake("not divided by N: the loss is a mean, so is its gradient", " / len(self.t)", ""),
        Mistake("the loss is a sum, expected the mean", ").mean()", ").sum()"),
        Mistake("the sign is turned: y - t", "(self.y - self.t)", "(self.t - self.y)"),
        Mistake(
            "y (1 - y) is in it once more: the loss has cancelled it already",
            "(self.y - self.t)",
            "(self.y - self.t) * self.y * (1 - self.y)",
        ),
        Mistake("dout is left out", "dout * (self", "(self"),
        Mistake(
            "an eps in the logarithm puts a ceiling on the loss: use the form with max(x, 0)",
            "(np.maximum(x, 0) - x * t + np.log1p(z)).mean()",
            "-(t * np.log(self.y + 1e-7) + (1 - t) * np.log(1 - self.y + 1e-7)).mean()",
        ),
        Mistake(
            "exp overflows, or the logarithm of 0: use the form with max(x, 0)",
            "(np.maximum(x, 0) - x * t + np.log1p(z)).mean()",
            "-np.log(np.where(t == 1, self.y, 1 - self.y)).mean()",
        ),
    ),
)
