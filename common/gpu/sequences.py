"""Whole sequences on a GPU: a step is a product with Wh and one kernel, there and back (of the book's GRU two of each).

A GPU waits for whoever gives it work: a call of CuPy takes some 16 microseconds, in which it could do all the
arithmetic of a step. So what the steps do not need of each other is done for all of them at once: before the loop the
product of the inputs, after it the gradients of the weights. The layout is (T, N, features), each step contiguous.
"""

import numpy as np

from common.arrays.checks import as_floats, as_mask
from common.gpu.kernels import kernel, on_gpu


def is_fused(layer):
    """Whether a recurrent layer is computed here."""
    return on_gpu(layer.params[0]) and layer.cell_class.__name__ in SEQUENCES


def forward(layer, xs, mask):
    """As `TimeRecurrent.forward`."""
    sequence = SEQUENCES[layer.cell_class.__name__](layer, xs, mask)
    layer.cache = None if layer.inference else sequence
    return sequence.forward()


class Sequence:
    """One forward of a layer over a batch, and all that its backward needs. A child says what a step is."""

    def __init__(self, layer, xs, mask):
        Wx, self.Wh, b = layer.params
        xs = as_floats(layer, "xs", xs, ("N", "T", len(Wx)), Wx.dtype)
        mask = as_mask(layer, mask, xs.shape[:2])
        self.layer, self.H, (self.N, self.T, D) = layer, len(self.Wh), xs.shape
        self.real = np.ones((self.T, self.N), bool, like=Wx) if mask is None else mask.T.copy()
        self.xs = self.empty(D)
        self.xs[...] = xs.transpose(1, 0, 2)  # (N, T, D) -> (T, N, D)
        if mask is not None:
            self.xs[~self.real] = 0  # whatever stands in the padding, NaN included
        self.gates = rows(self.xs).dot(Wx)  # (T N, D) @ (D, G H) -> (T N, G H)
        self.gates += b[0] if b.ndim == 2 else b
        self.gates = self.gates.reshape(self.T, self.N, Wx.shape[1])
        self.hs = self.states("h")

    def empty(self, width, steps=None):
        """(T, N, width), or of another number of steps."""
        return np.empty((self.T if steps is None else steps, self.N, width), self.Wh.dtype, like=self.Wh)

    def states(self, name):
        """(T + 1, N, H): the state before each step, only the first of them filled in, and after the last."""
        states = self.empty(self.H, self.T + 1)
        states[0] = self.layer.initial_state(name, self.N)
        return states

    def forward(self):
        product = self.empty(self.Wh.shape[1], 1)[0]
        for t in range(self.T):
            self.step(t, self.hs[t].dot(self.Wh, product))  # (N, H) @ (H, G H) -> (N, G H)
        return self.outputs()

    def outputs(self):
        self.layer.save_state(self.hs[self.T].copy())
        out = np.empty((self.N, self.T, self.H), self.Wh.dtype, like=self.Wh)
        out[...] = self.hs[1:].transpose(1, 0, 2)  # (T, N, H) -> (N, T, H)
        return out

    def backward(self, dhs):
        layer, (Wx, Wh, _) = self.layer, self.layer.params
        dhs = as_floats(layer, "dhs", dhs, (self.N, self.T, self.H), Wh.dtype)
        self.douts = self.empty(self.H)
        self.douts[...] = dhs.transpose(1, 0, 2)  # (N, T, H) -> (T, N, H)
        self.dproduct, self.direct, self.dc = np.zeros((3, self.N, self.H), Wh.dtype, like=Wh)
        self.das = self.dps = self.empty(Wx.shape[1])  # of x Wx + b, and of h Wh
        self.backward_steps()
        layer.dh = self.dproduct + self.direct
        das, (dWx, dWh, db) = rows(self.das), layer.grads
        dWx[...] = rows(self.xs).T.dot(das)  # (D, T N) @ (T N, G H) -> (D, G H)
        self.state_grad(dWh)
        if db.ndim == 2:
            db[0], db[1] = das.sum(axis=0), rows(self.dps).sum(axis=0)
        else:
            db[...] = das.sum(axis=0)
        dxs = np.empty((self.N, self.T, len(Wx)), Wx.dtype, like=Wx)
        dxs[...] = das.dot(Wx.T).reshape(self.xs.shape).transpose(1, 0, 2)  # (T, N, D) -> (N, T, D)
        return dxs

    def backward_steps(self):
        Wh = self.Wh.T
        for t in reversed(range(self.T)):
            self.step_backward(t)
            self.dps[t].dot(Wh, self.dproduct)  # (N, G H) @ (G H, H) -> (N, H)

    def state_grad(self, dWh):
        dWh[...] = rows(self.hs[:-1]).T.dot(rows(self.dps))  # (H, T N) @ (T N, G H) -> (H, G H)


class RNNSequence(Sequence):
    def step(self, t, product):
        kernel("rnn")(self.gates[t], product, self.hs[t], self.real[t], self.H, self.hs[t + 1])

    def step_backward(self, t):
        kernel("rnn_backward")(
            self.douts[t], self.dproduct, self.hs[t + 1], self.real[t], self.H, self.direct, self.das[t]
        )


class LSTMSequence(Sequence):
    def forward(self):
        self.cs = self.states("c")
        return super().forward()

    def step(self, t, product):
        h, c, h_next, c_next = self.hs[t], self.cs[t], self.hs[t + 1], self.cs[t + 1]
        kernel("lstm")(product, h, c, self.real[t], self.H, h_next, c_next, self.gates[t])

    def outputs(self):
        out = super().outputs()
        self.layer.c = self.cs[self.T].copy()
        return out

    def step_backward(self, t):
        read = self.douts[t], self.dproduct, self.cs[t], self.cs[t + 1], self.gates[t], self.real[t], self.H
        kernel("lstm_backward")(*read, self.direct, self.dc, self.das[t])

    def backward_steps(self):
        super().backward_steps()
        self.layer.dc = self.dc.copy()


class GRUResetAfterSequence(Sequence):
    def forward(self):
        b = self.layer.params[2]
        self.b, self.pasts = b[1] if b.ndim == 2 else np.zeros_like(b), self.empty(self.H)
        return super().forward()

    def step(self, t, product):
        read = product, self.b, self.hs[t], self.real[t], self.H
        kernel("gru_reset_after")(*read, self.hs[t + 1], self.pasts[t], self.gates[t])

    def step_backward(self, t):
        read = self.douts[t], self.dproduct, self.hs[t], self.pasts[t], self.gates[t], self.real[t], self.H
        kernel("gru_reset_after_backward")(*read, self.direct, self.das[t], self.dps[t])

    def backward_steps(self):
        self.dps = self.empty(3 * self.H)
        super().backward_steps()


class GRUSequence(Sequence):
    """The book's: the product of h~ is with r h, so that two products and two kernels take turns."""

    def forward(self):
        H = self.H
        self.W_zr, self.W_hat = self.Wh[:, : 2 * H].copy(), self.Wh[:, 2 * H :].copy()  # (H, 2H), (H, H)
        self.pasts = self.empty(H)  # r h
        product_zr, product = self.empty(2 * H, 1)[0], self.empty(H, 1)[0]
        for t in range(self.T):
            h, past, gates = self.hs[t], self.pasts[t], self.gates[t]
            kernel("gru_gates")(h.dot(self.W_zr, product_zr), h, H, past, gates)
            kernel("gru_state")(past.dot(self.W_hat, product), h, self.real[t], H, self.hs[t + 1], gates)
        return self.outputs()

    def backward_steps(self):
        H, dpast = self.H, self.empty(self.H, 1)[0]
        self.dahs, self.dzrs = self.empty(H), self.empty(2 * H)
        for t in reversed(range(self.T)):
            h, gates, dah, dzr = self.hs[t], self.gates[t], self.dahs[t], self.dzrs[t]
            read = self.douts[t], self.dproduct, h, gates, self.real[t], H
            kernel("gru_state_backward")(*read, self.direct, dah, dzr)
            kernel("gru_gates_backward")(dah.dot(self.W_hat.T, dpast), h, gates, H, self.direct, dzr)
            dzr.dot(self.W_zr.T, self.dproduct)  # (N, 2H) @ (2H, H) -> (N, H)
        self.das = np.concatenate((self.dzrs, self.dahs), axis=2)  # (T, N, 3H)

    def state_grad(self, dWh):
        H = self.H
        dWh[:, : 2 * H] = rows(self.hs[:-1]).T.dot(rows(self.dzrs))
        dWh[:, 2 * H :] = rows(self.pasts).T.dot(rows(self.dahs))


def rows(a):
    """(T, N, K) -> (T N, K)."""
    return a.reshape(-1, a.shape[-1])


SEQUENCES = {"RNN": RNNSequence, "LSTM": LSTMSequence, "GRU": GRUSequence, "GRUResetAfter": GRUResetAfterSequence}
