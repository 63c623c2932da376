"""TimeRNN: the same cell at every step, and a gradient through all of them.

forward     h[t] = tanh(x[t] Wx + h[t - 1] Wh + b)           xs (N, T, D), hs (N, T, H); the state before step 0 is 0

backward    from the last step to the first: the gradient of h[t] comes from two sides,
                dh = dhs[t] + what step t + 1 gave for its h_prev            (nothing, at the last step)
            and goes through the cell: dx[t] and, for step t - 1, dh_prev
            the weights are the same at each step, so their gradients are added up over the steps

The cell is finished (it is that of the exercise rnn_step). Keep one cell a step: each remembers its own x and h.
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case
from common.time_layers import TimeRNN as Reference


# --- the learner's file ---
class RNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, x, h_prev):
        """x (N, D), h_prev (N, H) -> h_next (N, H)."""
        Wx, Wh, b = self.params
        h_next = np.tanh(x @ Wx + h_prev @ Wh + b)
        self.cache = x, h_prev, h_next
        return h_next

    def backward(self, dh_next):
        """dh_next (N, H) -> dx (N, D), dh_prev (N, H)."""
        Wx, Wh, _ = self.params
        dWx, dWh, db = self.grads
        x, h_prev, h_next = self.cache
        da = dh_next * (1 - h_next**2)
        dWx[...] = x.T @ da
        dWh[...] = h_prev.T @ da
        db[...] = da.sum(axis=0)
        return da @ Wx.T, da @ Wh.T


class TimeRNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, xs):
        """xs (N, T, D) -> hs (N, T, H)."""
        # --- your part: hs, from a cell for each step ---
        N, T, _ = xs.shape
        self.cells = [RNN(*self.params) for _ in range(T)]
        h = np.zeros((N, len(self.params[1])), xs.dtype)
        hs = []
        for t, cell in enumerate(self.cells):
            h = cell.forward(xs[:, t], h)  # (N, D), (N, H) -> (N, H)
            hs.append(h)
        return np.stack(hs, axis=1)  # T of (N, H) -> (N, T, H)
        # --- end ---

    def backward(self, dhs):
        """dhs (N, T, H) -> dxs (N, T, D)."""
        # --- your part: dxs, and the sums over the steps in self.grads ---
        N, T, _ = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])), dhs.dtype)
        for grad in self.grads:
            grad[...] = 0
        dh = 0
        for t in reversed(range(T)):
            dxs[:, t], dh = self.cells[t].backward(dhs[:, t] + dh)  # (N, H) -> (N, D), (N, H)
            for grad, of_step in zip(self.grads, self.cells[t].grads):
                grad += of_step
        return dxs
        # --- end ---


# --- the judge ---
def cases(rng):
    for name, N, T, D, H in (("three steps", 2, 3, 4, 5), ("one step", 3, 1, 5, 4), ("six steps", 5, 6, 3, 4)):
        weights = {"Wx": (D, H), "Wh": (H, H), "b": (H,)}
        weights = {letter: 0.6 * rng.standard_normal(shape) for letter, shape in weights.items()}
        batches = N + (T == 1), N  # of different sizes, once
        inputs = [{"xs": rng.standard_normal((n, T, D))} for n in batches]
        douts = [{"dhs": rng.standard_normal((n, T, H))} for n in batches]
        sizes = {"N": N, "T": T, "D": D, "H": H}
        yield layer_case(name, "TimeRNN", weights, inputs, ("hs",), douts, ("dxs",), sizes)


EXERCISE = Exercise(
    chapter=5,
    after=("rnn_step",),
    reference={"TimeRNN": Reference},
    cases=cases,
    hints=(
        "forward is a loop: h = cell.forward(xs[:, t], h), with a new cell for each t, and h of zeros to begin with.",
        "backward: for t in reversed(range(T)). What goes into cell t is dhs[:, t] plus the dh_prev of cell t + 1.",
        "Set self.grads to 0 first, and after each cell.backward add cell.grads to them.",
    ),
    mistakes=(
        Mistake(
            "nothing comes back through time: what goes into cell t is dhs[:, t] plus the dh_prev of cell t + 1",
            "dhs[:, t] + dh)",
            "dhs[:, t])",
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
            "backward goes from the first step to the last, expected from the last to the first",
            "reversed(range(T))",
            "range(T)",
        ),
        Mistake(
            "the gradients of the weights are a mean over the steps, expected the sum",
            "grad += of_step",
            "grad += of_step / T",
        ),
        Mistake(
            "the state of an earlier call is still there: each forward begins with zeros",
            "        self.cells = [RNN(*self.params) for _ in range(T)]\n"
            "        h = np.zeros((N, len(self.params[1])), xs.dtype)\n",
            "        zeros = np.zeros((N, len(self.params[1])))\n"
            "        h = self.cells[-1].cache[2][:N] if hasattr(self, 'cells') else zeros\n"
            "        self.cells = [RNN(*self.params) for _ in range(T)]\n",
        ),
        Mistake(
            "the steps do not see each other: h goes from each to the next",
            "            h = cell.forward(xs[:, t], h)",
            "            h = cell.forward(xs[:, t], 0 * h)",
        ),
    ),
)
