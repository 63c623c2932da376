"""LSTM, one step: a memory c beside the state h, and gates around it.

forward     a = x Wx + h_prev Wh + b                         x (N, D), h_prev, c_prev (N, H), a (N, 4H)
            a is four blocks of H columns, in this order:
                f = sigmoid(a[:, :H])     how much of the memory stays
                g = tanh(the second)      what may be written
                i = sigmoid(the third)    how much of it is written
                o = sigmoid(the fourth)   how much is shown
            c_next = f c_prev + g i,      h_next = o tanh(c_next)

backward    c_next reaches the loss in two ways, by itself and through h_next:
                dc = dc_next + dh_next o (1 - tanh(c_next)^2)
            from dc and dh_next the gradient of each gate, then through its own function:
                sigmoid: times y (1 - y), tanh: times 1 - y^2
            these four side by side are da (N, 4H); from there it is the MatMul of the RNN step
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case
from common.recurrent.lstm import LSTM as Reference


# --- the learner's file ---
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class LSTM:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, x, h_prev, c_prev):
        """x (N, D), h_prev, c_prev (N, H) -> h_next, c_next (N, H)."""
        Wx, Wh, b = self.params
        f, g, i, o = np.split(x @ Wx + h_prev @ Wh + b, 4, axis=1)  # (N, 4H) -> 4 of (N, H)
        f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
        c_next = f * c_prev + g * i
        h_next = o * np.tanh(c_next)
        self.cache = x, h_prev, c_prev, f, g, i, o, c_next
        return h_next, c_next

    def backward(self, dh_next, dc_next):
        """dh_next, dc_next (N, H) -> dx (N, D), dh_prev, dc_prev (N, H)."""
        Wx, Wh, _ = self.params
        dWx, dWh, db = self.grads
        x, h_prev, c_prev, f, g, i, o, c_next = self.cache
        # --- your part: dWx[...], dWh[...], db[...]; return dx, dh_prev, dc_prev ---
        tanh_c = np.tanh(c_next)
        dc = dc_next + dh_next * o * (1 - tanh_c**2)
        df = dc * c_prev * f * (1 - f)
        dg = dc * i * (1 - g**2)
        di = dc * g * i * (1 - i)
        do = dh_next * tanh_c * o * (1 - o)
        da = np.hstack((df, dg, di, do))  # 4 of (N, H) -> (N, 4H)
        dWx[...] = x.T @ da  # (D, N) @ (N, 4H) -> (D, 4H)
        dWh[...] = h_prev.T @ da  # (H, N) @ (N, 4H) -> (H, 4H)
        db[...] = da.sum(axis=0)  # (N, 4H) -> (4H,)
        return da @ Wx.T, da @ Wh.T, dc * f
        # --- end ---


# --- the judge ---
def cases(rng):
    for name, N, D, H in (("D = 3, H = 5", 2, 3, 5), ("D = 5, H = 2", 7, 5, 2)):
        weights = {"Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,)}
        weights = {letter: 0.6 * rng.standard_normal(shape) for letter, shape in weights.items()}
        inputs = {"x": (N, D), "h_prev": (N, H), "c_prev": (N, H)}
        inputs = {letter: rng.standard_normal(shape) for letter, shape in inputs.items()}
        douts = {"dh_next": rng.standard_normal((N, H)), "dc_next": rng.standard_normal((N, H))}
        outputs, dinputs = ("h_next", "c_next"), ("dx", "dh_prev", "dc_prev")
        yield layer_case(name, "LSTM", weights, inputs, outputs, douts, dinputs, {"N": N, "D": D, "H": H})


EXERCISE = Exercise(
    chapter=6,
    after=("rnn_step",),
    reference={"LSTM": Reference},
    cases=cases,
    gates=tuple("fgio"),
    hints=(
        "Begin with dc. h_next = o tanh(c_next) gives it a second part: dh_next * o * (1 - tanh(c_next)**2).",
        "c_next = f c_prev + g i: the gradient of f is dc * c_prev, that of c_prev is dc * f, and so on. o stands in "
        "h_next alone. Then each gate through its own function: * f * (1 - f), for g * (1 - g**2).",
        "da = np.hstack((df, dg, di, do)), in the order of the blocks; then everything else as in rnn_step.",
    ),
    mistakes=(
        Mistake(
            "the gates are in another order than in forward: f, g, i, o",
            "np.hstack((df, dg, di, do))",
            "np.hstack((df, di, dg, do))",
        ),
        Mistake("dc_next is left out: the memory has a gradient of its own", "dc_next + dh_next * o", "dh_next * o"),
        Mistake(
            "the part of dc that comes through h_next is left out", "dc_next + dh_next * o * (1 - tanh_c**2)", "dc_next"
        ),
        Mistake("dc goes through tanh(c_next): its derivative 1 - tanh(c)^2 is missing", " * (1 - tanh_c**2)", ""),
        Mistake("1 - c^2, where 1 - tanh(c)^2 belongs", "(1 - tanh_c**2)", "(1 - c_next**2)"),
        Mistake("dc_prev is dc f, not dc", "dc * f\n", "dc\n"),
        Mistake("g has a tanh, so its derivative is 1 - g^2", "dc * i * (1 - g**2)", "dc * i * g * (1 - g)"),
        Mistake("i has a sigmoid, so its derivative is i (1 - i)", "dc * g * i * (1 - i)", "dc * g * (1 - i**2)"),
        Mistake("do needs tanh(c_next), not c_next", "dh_next * tanh_c * o", "dh_next * c_next * o"),
        Mistake("df needs the memory before the step, c_prev", "dc * c_prev * f", "dc * c_next * f"),
        Mistake("a mean for a sum over the batch", "da.sum(axis=0)", "da.mean(axis=0)"),
        Mistake("added to what was in the gradient: dWx[...] = ..., not +=", "dWx[...] = x", "dWx += x"),
    ),
)
