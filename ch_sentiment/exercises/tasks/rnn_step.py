"""RNN, one step: the smallest cell that has a memory.

forward     a = x Wx + h_prev Wh + b        x (N, D), h_prev (N, H), Wx (D, H), Wh (H, H), b (H,)
            h_next = tanh(a)                h_next (N, H)

backward    da = dh_next (1 - h_next^2)     since tanh'(a) = 1 - tanh(a)^2
            dWx = x^T da                    dx = da Wx^T
            dWh = h_prev^T da               dh_prev = da Wh^T
            db = the sum of da over N

It is a MatMul twice, with one tanh around both: undo the tanh first, then each product by itself.
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case
from common.recurrent.rnn import RNN as Reference


# --- the learner's file ---
class RNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, x, h_prev):
        """x (N, D), h_prev (N, H) -> h_next (N, H)."""
        Wx, Wh, b = self.params
        h_next = np.tanh(x @ Wx + h_prev @ Wh + b)  # (N, D) @ (D, H) + (N, H) @ (H, H) -> (N, H)
        self.cache = x, h_prev, h_next
        return h_next

    def backward(self, dh_next):
        """dh_next (N, H) -> dx (N, D), dh_prev (N, H)."""
        Wx, Wh, _ = self.params
        dWx, dWh, db = self.grads
        x, h_prev, h_next = self.cache
        # --- your part: dWx[...], dWh[...], db[...]; return dx, dh_prev ---
        da = dh_next * (1 - h_next**2)  # (N, H)
        dWx[...] = x.T @ da  # (D, N) @ (N, H) -> (D, H)
        dWh[...] = h_prev.T @ da  # (H, N) @ (N, H) -> (H, H)
        db[...] = da.sum(axis=0)  # (N, H) -> (H,)
        return da @ Wx.T, da @ Wh.T  # (N, D), (N, H)
        # --- end ---


# --- the judge ---
def cases(rng):
    for name, N, D, H in (("as many inputs as units", 3, 4, 4), ("D = 5, H = 2", 7, 5, 2)):
        weights = {"Wx": (D, H), "Wh": (H, H), "b": (H,)}
        weights = {letter: 0.7 * rng.standard_normal(shape) for letter, shape in weights.items()}
        inputs = {"x": rng.standard_normal((N, D)), "h_prev": rng.standard_normal((N, H))}
        douts = {"dh_next": rng.standard_normal((N, H))}
        yield layer_case(name, "RNN", weights, inputs, ("h_next",), douts, ("dx", "dh_prev"), {"N": N, "D": D, "H": H})


EXERCISE = Exercise(
    chapter=5,
    after=("matmul",),
    reference={"RNN": Reference},
    cases=cases,
    hints=(
        "Begin with da, the gradient of what stands inside the tanh. Its shape is that of dh_next.",
        "tanh is applied to each element, so da = dh_next * (1 - h_next**2), element by element, without a product.",
        "From da on it is MatMul twice: x and Wx give dWx and dx, h_prev and Wh give dWh and dh_prev; b was added to "
        "each row, so db is the sum of the rows of da.",
    ),
    mistakes=(
        Mistake("the derivative of tanh is missing: da = dh_next * (1 - h_next**2)", " * (1 - h_next**2)", ""),
        Mistake("the derivative of a sigmoid, where there is a tanh", "(1 - h_next**2)", "h_next * (1 - h_next)"),
        Mistake("dWh needs the state before the step, h_prev, not h_next", "h_prev.T @ da", "h_next.T @ da"),
        Mistake("Wh is not transposed in dh_prev", "da @ Wh.T", "da @ Wh"),
        Mistake("Wx is not transposed in dx", "da @ Wx.T", "da @ Wx"),
        Mistake("transposed: dWx is x.T @ da", "x.T @ da", "da.T @ x"),
        Mistake("a mean for a sum over the batch", "da.sum(axis=0)", "da.mean(axis=0)"),
        Mistake("added to what was in the gradient: dWh[...] = ..., not +=", "dWh[...] = h", "dWh += h"),
    ),
)
