"""GRU, one step: a gate mixes the old state with a new one.

forward     Wx (D, 3H), Wh (H, 3H) and b (3H,) are three blocks of H columns, in the order z, r, h~:
                z = sigmoid(x Wxz + h_prev Whz + bz)         how much is renewed
                r = sigmoid(x Wxr + h_prev Whr + br)         how much of the past h~ may see
                h~ = tanh(x Wxh + (r h_prev) Whh + bh)       what is new
            h_next = (1 - z) h_prev + z h~                   x (N, D), h_prev, h_next (N, H)

backward    h_prev is used in four places: by itself, in z, in r, and inside of r h_prev. Its gradient is the sum of
            four parts. Third block of Wh: it is multiplied by r h_prev, not by h_prev.

The reset gate acts before the product, as in the book (PyTorch and Keras apply it after).
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case
from common.recurrent.gru import GRU as Reference


# --- the learner's file ---
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class GRU:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, x, h_prev):
        """x (N, D), h_prev (N, H) -> h_next (N, H)."""
        Wx, Wh, b = self.params
        Wh_z, Wh_r, Wh_h = np.split(Wh, 3, axis=1)  # (H, 3H) -> 3 of (H, H)
        a_z, a_r, a_h = np.split(x @ Wx + b, 3, axis=1)  # (N, 3H) -> 3 of (N, H)
        z = sigmoid(a_z + h_prev @ Wh_z)
        r = sigmoid(a_r + h_prev @ Wh_r)
        h_hat = np.tanh(a_h + (r * h_prev) @ Wh_h)
        self.cache = x, h_prev, z, r, h_hat
        return (1 - z) * h_prev + z * h_hat

    def backward(self, dh_next):
        """dh_next (N, H) -> dx (N, D), dh_prev (N, H)."""
        Wx, Wh, _ = self.params
        dWx, dWh, db = self.grads
        x, h_prev, z, r, h_hat = self.cache
        Wh_z, Wh_r, Wh_h = np.split(Wh, 3, axis=1)  # (H, 3H) -> 3 of (H, H)
        # --- your part: dWx[...], dWh[...], db[...]; return dx, dh_prev ---
        da_h = dh_next * z * (1 - h_hat**2)  # through the tanh of h~
        da_z = dh_next * (h_hat - h_prev) * z * (1 - z)
        d_past = da_h @ Wh_h.T  # of r h_prev: (N, H) @ (H, H) -> (N, H)
        da_r = d_past * h_prev * r * (1 - r)
        da = np.hstack((da_z, da_r, da_h))  # 3 of (N, H) -> (N, 3H)
        dWx[...] = x.T @ da  # (D, N) @ (N, 3H) -> (D, 3H)
        dWh[...] = np.hstack((h_prev.T @ da_z, h_prev.T @ da_r, (r * h_prev).T @ da_h))  # (H, 3H)
        db[...] = da.sum(axis=0)  # (N, 3H) -> (3H,)
        dh_prev = dh_next * (1 - z) + da_z @ Wh_z.T + da_r @ Wh_r.T + d_past * r
        return da @ Wx.T, dh_prev
        # --- end ---


# --- the judge ---
def cases(rng):
    for name, N, D, H in (("D = 3, H = 5", 2, 3, 5), ("D = 5, H = 2", 7, 5, 2)):
        weights = {"Wx": (D, 3 * H), "Wh": (H, 3 * H), "b": (3 * H,)}
        weights = {letter: 0.7 * rng.standard_normal(shape) for letter, shape in weights.items()}
        inputs = {"x": rng.standard_normal((N, D)), "h_prev": rng.standard_normal((N, H))}
        douts = {"dh_next": rng.standard_normal((N, H))}
        sizes = {"N": N, "D": D, "H": H}
        yield layer_case(name, "GRU", weights, inputs, ("h_next",), douts, ("dx", "dh_prev"), sizes)


EXERCISE = Exercise(
    chapter=6,
    after=("rnn_step",),
    reference={"GRU": Reference},
    cases=cases,
    gates=("z", "r", "h~"),
    hints=(
        "Begin with h_next = (1 - z) h_prev + z h~: it gives the gradients of h~ and z, a part of dh_prev.",
        "Then through the tanh to da_h, and d_past = da_h @ Wh_h.T is the gradient of r h_prev: times h_prev it is "
        "that of r, times r a part of dh_prev.",
        "The gradient of z is dh_next * (h_hat - h_prev). dh_prev = dh_next * (1 - z) + da_z @ Wh_z.T "
        "+ da_r @ Wh_r.T + d_past * r.",
    ),
    mistakes=(
        Mistake("dh_prev lacks the direct way, dh_next (1 - z)", "dh_next * (1 - z) + da_z @", "da_z @"),
        Mistake("dh_prev lacks the way through r h_prev, d_past r", " + d_past * r\n", "\n"),
        Mistake("dh_prev lacks the way through z", " + da_z @ Wh_z.T", ""),
        Mistake("dh_prev lacks the way through r", " + da_r @ Wh_r.T", ""),
        Mistake(
            "z stands in (1 - z) h_prev as well: its gradient is dh_next (h~ - h_prev)", "(h_hat - h_prev)", "h_hat"
        ),
        Mistake("the sign of the gradient of z: h~ - h_prev", "(h_hat - h_prev)", "(h_prev - h_hat)"),
        Mistake(
            "the third block of Wh is multiplied by r h_prev, not by h_prev", "(r * h_prev).T @ da_h", "h_prev.T @ da_h"
        ),
        Mistake(
            "h~ has a tanh, so its derivative is 1 - h~^2",
            "dh_next * z * (1 - h_hat**2)",
            "dh_next * z * h_hat * (1 - h_hat)",
        ),
        Mistake(
            "the blocks are in another order than in forward: z, r, h~",
            "np.hstack((da_z, da_r, da_h))",
            "np.hstack((da_r, da_z, da_h))",
        ),
        Mistake(
            "the reset gate is applied after the product, expected before",
            "d_past = da_h @ Wh_h.T",
            "d_past = da_h * r @ Wh_h.T / r",
        ),
        Mistake(
            "z and 1 - z are exchanged: h_next = (1 - z) h_prev + z h~",
            "dh_next * (1 - z) + da_z @",
            "dh_next * z + da_z @",
        ),
    ),
)
