"""TimeLSTM with a mask: texts of different lengths in one batch.

mask (N, T) is True where a real token stands, False at the padding. A masked step changes nothing: the state stays,
and in backward its gradient stays, too. That is the carry rule, for h and for c alike, wherever such a step stands:

            a real step                                      a masked step
forward     h[t], c[t] = cell(x[t], h[t - 1], c[t - 1])      h[t], c[t] = h[t - 1], c[t - 1]
backward    dx[t], dh, dc = through the cell                 dx[t] = 0, dh and dc pass on as they are;
                                                             nothing is added to the gradients of the weights

In both, dh is dhs[t] plus what came from step t + 1; dc comes from step t + 1 alone; both are 0 behind the last step,
and h and c are 0 before the first. The cell is finished. Its gradients are products over the rows of the batch, so a
row adds nothing where its dh_next and dc_next are 0. np.where(real, a, b) with real = mask[:, t, None] chooses by row.
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case
from common.time_layers import TimeLSTM as Reference


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
        f, g, i, o = np.split(x @ Wx + h_prev @ Wh + b, 4, axis=1)
        f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
        c_next = f * c_prev + g * i
        self.cache = x, h_prev, c_prev, f, g, i, o, np.tanh(c_next)
        return o * np.tanh(c_next), c_next

    def backward(self, dh_next, dc_next):
        """dh_next, dc_next (N, H) -> dx (N, D), dh_prev, dc_prev (N, H)."""
        Wx, Wh, _ = self.params
        dWx, dWh, db = self.grads
        x, h_prev, c_prev, f, g, i, o, tanh_c = self.cache
        dc = dc_next + dh_next * o * (1 - tanh_c**2)
        df, dg, di = dc * c_prev * f * (1 - f), dc * i * (1 - g**2), dc * g * i * (1 - i)
        do = dh_next * tanh_c * o * (1 - o)
        da = np.hstack((df, dg, di, do))
        dWx[...] = x.T @ da
        dWh[...] = h_prev.T @ da
        db[...] = da.sum(axis=0)
        return da @ Wx.T, da @ Wh.T, dc * f


class TimeLSTM:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, xs, mask):
        """xs (N, T, D), mask (N, T) bool -> hs (N, T, H)."""
        # --- your part: hs; a masked step keeps h and c ---
        N, T, _ = xs.shape
        self.cells, self.mask = [LSTM(*self.params) for _ in range(T)], mask
        h = c = np.zeros((N, len(self.params[1])), xs.dtype)
        hs = []
        for t, cell in enumerate(self.cells):
            real = mask[:, t, None]  # (N, 1)
            h_next, c_next = cell.forward(xs[:, t], h, c)  # (N, D), 2 of (N, H) -> 2 of (N, H)
            h, c = np.where(real, h_next, h), np.where(real, c_next, c)
            hs.append(h)
        return np.stack(hs, axis=1)  # T of (N, H) -> (N, T, H)
        # --- end ---

    def backward(self, dhs):
        """dhs (N, T, H) -> dxs (N, T, D)."""
        # --- your part: dxs, and the sums over the steps in self.grads; a masked step hands dh and dc on ---
        N, T, _ = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])), dhs.dtype)
        for grad in self.grads:
            grad[...] = 0
        dh = dc = np.zeros_like(dhs[:, 0])
        for t in reversed(range(T)):
            real = self.mask[:, t, None]  # (N, 1)
            dh = dhs[:, t] + dh
            into_h, into_c = np.where(real, dh, 0), np.where(real, dc, 0)
            dxs[:, t], dh_prev, dc_prev = self.cells[t].backward(into_h, into_c)
            dh, dc = np.where(real, dh_prev, dh), np.where(real, dc_prev, dc)
            for grad, of_step in zip(self.grads, self.cells[t].grads):
                grad += of_step
        return dxs
        # --- end ---


# --- the judge ---
def cases(rng):
    gap = [[1, 0, 1, 1, 0], [0, 1, 1, 0, 1]]
    masks = ("nothing is masked", np.ones((2, 4))), ("lengths 5, 1, 3", np.arange(5) < [[5], [1], [3]]), ("gaps", gap)
    for (name, mask), (D, H) in zip(masks, ((3, 5), (4, 2), (2, 3))):
        mask = np.array(mask, bool)
        N, T = mask.shape
        weights = {"Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,)}
        weights = {letter: 0.7 * rng.standard_normal(shape) for letter, shape in weights.items()}
        inputs = [{"xs": rng.standard_normal((N, T, D)), "mask": m} for m in (mask[::-1], mask)]
        douts = [{"dhs": rng.standard_normal((N, T, H))} for _ in range(2)]
        sizes = {"N": N, "T": T, "D": D, "H": H}
        yield layer_case(name, "TimeLSTM", weights, inputs, ("hs",), douts, ("dxs",), sizes)


EXERCISE = Exercise(
    chapter=6,
    after=("lstm_step", "time_rnn"),
    reference={"TimeLSTM": Reference},
    cases=cases,
    gates=tuple("fgio"),
    hints=(
        "Without the mask it is the loop of time_rnn with two states. Write that first: the first case masks nothing.",
        "forward: h = np.where(real, h_next, h), and the same for c. Both must be what they were at a masked step.",
        "backward: give the cell 0 for dh and dc in the masked rows, so that they add nothing; afterwards "
        "dh = np.where(real, dh_prev, dh), where the dh on the right has dhs[:, t] in it already. The same for dc.",
    ),
    mistakes=(
        Mistake(
            "a masked step does not keep the state: the carry is missing in forward",
            "np.where(real, h_next, h), np.where(real, c_next, c)",
            "np.where(real, h_next, 0), np.where(real, c_next, 0)",
        ),
        Mistake(
            "the mask is that of the first call: keep that of each",
            "for _ in range(T)], mask",
            "for _ in range(T)], getattr(self, 'mask', mask)",
        ),
        Mistake(
            "forward does not look at the mask",
            "np.where(real, h_next, h), np.where(real, c_next, c)",
            "h_next, c_next",
        ),
        Mistake(
            "the carry of dh is missing: a masked step hands it on as it is",
            "np.where(real, dh_prev, dh), np",
            "np.where(real, dh_prev, 0), np",
        ),
        Mistake(
            "the carry of dc is missing: a masked step hands it on as it is",
            "np.where(real, dc_prev, dc)",
            "np.where(real, dc_prev, 0)",
        ),
        Mistake(
            "masked steps add to the gradients: give the cell 0 for their dh and dc",
            "np.where(real, dh, 0), np.where(real, dc, 0)",
            "dh, dc",
        ),
        Mistake(
            "nothing comes back through time: dh is dhs[:, t] plus what step t + 1 gave",
            "dh = dhs[:, t] + dh",
            "dh = dhs[:, t]",
        ),
        Mistake(
            "the memory is cut off: dc_prev of step t + 1 is dc of step t",
            "dh, dc = np.where(real, dh_prev, dh), np.where(real, dc_prev, dc)",
            "dh = np.where(real, dh_prev, dh)",
        ),
        Mistake(
            "the gradients of the weights are those of the first step alone: add them up",
            "grad += of_step",
            "grad[...] = of_step",
        ),
        Mistake(
            "the gradients of an earlier call are still in it: set them to 0 first",
            "            grad[...] = 0\n",
            "            pass\n",
        ),
        Mistake(
            "dhs is masked as well: the state that stays is an output, too",
            "dh = dhs[:, t] + dh",
            "dh = np.where(real, dhs[:, t], 0) + dh",
        ),
    ),
)
