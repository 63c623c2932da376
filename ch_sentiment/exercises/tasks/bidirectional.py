"""Both directions: one RNN reads from the start, another from the end.

forward     hs1 = rnn1(xs)
            hs2 = rnn2(xs reversed in time), reversed back into the order of the text
            hs = hs1 and hs2 side by side                    xs (N, T, D), hs (N, T, 2H)

backward    dhs (N, T, 2H) is cut into its halves; each goes the way of its RNN, the second reversed in time
            dxs is the sum of both, in the order of the text

x[:, ::-1] reverses the second axis, time. Reversing is its own backward. The RNN is finished (it is time_rnn's).
"""

import numpy as np

from ch_sentiment.exercises.exercise import Exercise, Mistake, layer_case
from common.time_layers import TimeBidirectional
from common.time_layers import TimeRNN as ReferenceRNN


# --- the learner's file ---
class TimeRNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, xs):
        """xs (N, T, D) -> hs (N, T, H)."""
        Wx, Wh, b = self.params
        hs = np.zeros((len(xs), xs.shape[1] + 1, len(Wh)), xs.dtype)  # with the state before step 0
        for t in range(xs.shape[1]):
            hs[:, t + 1] = np.tanh(xs[:, t] @ Wx + hs[:, t] @ Wh + b)
        self.cache = xs, hs
        return hs[:, 1:]

    def backward(self, dhs):
        """dhs (N, T, H) -> dxs (N, T, D)."""
        Wx, Wh, _ = self.params
        xs, hs = self.cache
        dxs, dh = np.empty_like(xs), 0
        for grad in self.grads:
            grad[...] = 0
        for t in reversed(range(xs.shape[1])):
            da = (dhs[:, t] + dh) * (1 - hs[:, t + 1] ** 2)
            for grad, of_step in zip(self.grads, (xs[:, t].T @ da, hs[:, t].T @ da, da.sum(axis=0))):
                grad += of_step
            dxs[:, t], dh = da @ Wx.T, da @ Wh.T
        return dxs


class TimeBiRNN:
    def __init__(self, Wx1, Wh1, b1, Wx2, Wh2, b2):
        self.rnn1, self.rnn2 = TimeRNN(Wx1, Wh1, b1), TimeRNN(Wx2, Wh2, b2)
        self.params = self.rnn1.params + self.rnn2.params
        self.grads = self.rnn1.grads + self.rnn2.grads

    def forward(self, xs):
        """xs (N, T, D) -> hs (N, T, 2H)."""
        # --- your part: hs, from both RNNs ---
        hs1 = self.rnn1.forward(xs)
        hs2 = self.rnn2.forward(xs[:, ::-1])[:, ::-1]
        return np.concatenate((hs1, hs2), axis=2)  # 2 of (N, T, H) -> (N, T, 2H)
        # --- end ---

    def backward(self, dhs):
        """dhs (N, T, 2H) -> dxs (N, T, D)."""
        # --- your part: dxs, from both RNNs ---
        dhs1, dhs2 = np.split(dhs, 2, axis=2)  # (N, T, 2H) -> 2 of (N, T, H)
        dxs1 = self.rnn1.backward(dhs1)
        dxs2 = self.rnn2.backward(dhs2[:, ::-1])[:, ::-1]
        return dxs1 + dxs2
        # --- end ---


# --- the judge ---
def reference(*weights):
    return TimeBidirectional(ReferenceRNN(*weights[:3]), ReferenceRNN(*weights[3:]))


def cases(rng):
    for name, N, T, D, H in (("four steps", 3, 4, 6, 5), ("six steps", 5, 6, 4, 3)):
        shapes = {"Wx": (D, H), "Wh": (H, H), "b": (H,)}
        weights = {f"{w}{k}": 0.6 * rng.standard_normal(shape) for k in (1, 2) for w, shape in shapes.items()}
        inputs = {"xs": rng.standard_normal((N, T, D))}
        douts = {"dhs": rng.standard_normal((N, T, 2 * H))}
        sizes = {"N": N, "T": T, "D": D, "H": H}
        yield layer_case(name, "TimeBiRNN", weights, inputs, ("hs",), douts, ("dxs",), sizes)


EXERCISE = Exercise(
    chapter=8,
    after=("time_rnn",),
    reference={"TimeBiRNN": reference},
    cases=cases,
    hints=(
        "The second RNN does not know that it reads backwards: it gets xs[:, ::-1].",
        "Its outputs come in its own order. Reverse them, too, so that hs[:, t] belongs to word t in both.",
        "backward mirrors it: dhs2[:, ::-1] goes in, what comes out is reversed, and both dxs are added.",
    ),
    mistakes=(
        Mistake("the second half of hs is not reversed back", "xs[:, ::-1])[:, ::-1]", "xs[:, ::-1])"),
        Mistake("the second RNN reads from the start, too: its xs are reversed", "xs[:, ::-1])[:, ::-1]", "xs)"),
        Mistake("dhs of the second half is not reversed", "dhs2[:, ::-1])[:, ::-1]", "dhs2)[:, ::-1]"),
        Mistake("dxs of the second RNN is not reversed back", "dhs2[:, ::-1])[:, ::-1]", "dhs2[:, ::-1])"),
        Mistake("dxs of the first RNN alone: add both", "dxs1 + dxs2", "dxs1"),
        Mistake("the halves are exchanged: hs1 comes first", "(hs1, hs2)", "(hs2, hs1)"),
        Mistake("the halves of dhs are exchanged: the first is that of rnn1", "dhs1, dhs2 = np", "dhs2, dhs1 = np"),
        Mistake("reversed along the batch, expected along time", "xs[:, ::-1])[:, ::-1]", "xs[::-1])[::-1]"),
    ),
)
