"""The plain recurrent cell: h' = tanh(x Wx + h Wh + b). Book, chapter 5; Elman 1990.

RNN is one step, written to be read; TimeRNN is a whole sequence, written to be fast. The tests hold them equal.
"""

import numpy as np

from common.checks import as_floats, check_weights
from common.recurrent import TimeRecurrent, carry, sum_of_products


class RNN:
    """One step. Wx: (D, H), Wh: (H, H), b: (H,). forward: x (N, D), h_prev (N, H) -> h_next (N, H)."""

    param_names = ("Wx", "Wh", "b")

    def __init__(self, Wx, Wh, b):
        check_weights(self, Wx=(Wx, ("D", "H")), Wh=(Wh, ("H", "H")), b=(b, ("H",)))
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.cache = None

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        x = as_floats(self, "x", x, ("N", len(Wx)), Wx.dtype)
        h_prev = as_floats(self, "h_prev", h_prev, (len(x), len(Wh)), Wx.dtype)
        h_next = np.tanh(x @ Wx + h_prev @ Wh + b)  # (N, D) @ (D, H) -> (N, H)
        self.cache = x, h_prev, h_next
        return h_next

    def backward(self, dh_next):
        """dh_next (N, H) -> dx (N, D), dh_prev (N, H)."""
        Wx, Wh, _ = self.params
        dWx, dWh, db = self.grads
        x, h_prev, h_next = self.cache
        dh_next = as_floats(self, "dh_next", dh_next, h_next.shape, Wx.dtype)
        da = dh_next * (1 - h_next**2)  # a: what tanh is taken of
        dWx[...] = x.T @ da
        dWh[...] = h_prev.T @ da
        db[...] = da.sum(axis=0)
        return da @ Wx.T, da @ Wh.T


class TimeRNN(TimeRecurrent):
    """A whole sequence of RNN steps.

    Wx: (D, H), Wh: (H, H), b: (H,). forward: xs (N, T, D), mask (N, T) bool or None -> hs (N, T, H).
    After forward `h` (N, H) is the last state; after backward `dh` (N, H) is the gradient of the first.
    """

    gates = 1

    def forward(self, xs, mask=None):
        Wx, Wh, b = self.params
        xs, dead = self.begin(xs, mask)
        T, N, _ = xs.shape
        hs = self.array("hs", T + 1, N, len(Wh))  # hs[t]: the state before step t
        hs[0] = self.start("h", N)
        a = self.inputs_product(xs, Wx, b)

        for t in range(T):
            h = np.matmul(hs[t], Wh, out=hs[t + 1])  # (N, H) @ (H, H) -> (N, H)
            h += a[t]
            np.tanh(h, out=h)
            carry(h, hs[t], dead[t])

        self.cache = xs, dead, hs
        self.h, self.given = hs[T].copy(), False
        return self.turn_out(hs[1:])

    def backward(self, dhs):
        """dhs (N, T, H) -> dxs (N, T, D)."""
        _, Wh, _ = self.params
        xs, dead, hs = self.cache
        T, N, _ = xs.shape
        dhs = as_floats(self, "dhs", dhs, (N, T, len(Wh)), Wh.dtype)
        da = self.array("da", T, N, len(Wh))
        dh = np.zeros_like(hs[0])

        for t in reversed(range(T)):
            dh += dhs[:, t]
            np.multiply(hs[t + 1], hs[t + 1], out=da[t])
            np.subtract(1, da[t], out=da[t])
            da[t] *= dh  # through tanh
            carry(da[t], 0, dead[t])
            dh_prev = np.matmul(da[t], Wh.T)
            carry(dh_prev, dh, dead[t])
            dh = dh_prev

        self.dh = dh
        sum_of_products(hs[:T], da, out=self.grads[1])
        return self.inputs_backward(xs, da)
