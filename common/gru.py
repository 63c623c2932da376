"""The GRU cell: gates z (how much to renew) and r (how much of the past to look at). Cho et al. 2014.

    z, r = sigmoid(x Wx + h Wh + b),  h~ = tanh(...),  h' = (1 - z) h + z h~

in three blocks of columns in the order z, r, h~. The reset gate acts in one of two places, and weights trained with
one do not fit the other:

    before the product:  h~ = tanh(x Wx + (r h) Wh + b)             the book's, chapter 6 and appendix C
    after the product:   h~ = tanh(x Wx + b + r (h Wh + b_h))       `reset_after=True`: PyTorch's, Keras's, cuDNN's

The second has one product per step instead of two. Its b may be (2, 3H): b[0] is added to x Wx, b[1] to h Wh.
GRU is one step, written to be read; TimeGRU is a whole sequence, written to be fast. The tests hold them equal.
"""

import numpy as np

from common.checks import as_floats, check_weights
from common.functions import sigmoid
from common.recurrent import TimeRecurrent, carry, sum_of_products


class GRU:
    """One step. Wx: (D, 3H), Wh: (H, 3H), b: (3H,) or (2, 3H). forward: x (N, D), h_prev (N, H) -> h_next (N, H)."""

    param_names = ("Wx", "Wh", "b")

    def __init__(self, Wx, Wh, b, reset_after=False):
        _check_gru(self, Wx, Wh, b, reset_after)
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.reset_after = reset_after
        self.cache = None

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        H = len(Wh)
        x = as_floats(self, "x", x, ("N", len(Wx)), Wx.dtype)
        h_prev = as_floats(self, "h_prev", h_prev, (len(x), H), Wx.dtype)
        b, b_h = _biases(b)
        az, ar, ah = np.split(x @ Wx + b, 3, axis=1)  # (N, D) @ (D, 3H) -> (N, 3H) -> 3 of (N, H)
        z = sigmoid(az + h_prev @ Wh[:, :H] + b_h[:H])
        r = sigmoid(ar + h_prev @ Wh[:, H : 2 * H] + b_h[H : 2 * H])
        past = h_prev @ Wh[:, 2 * H :] + b_h[2 * H :] if self.reset_after else None
        h_hat = np.tanh(ah + r * past) if self.reset_after else np.tanh(ah + (r * h_prev) @ Wh[:, 2 * H :])
        self.cache = x, h_prev, z, r, h_hat, past
        return (1 - z) * h_prev + z * h_hat

    def backward(self, dh_next):
        """dh_next (N, H) -> dx (N, D), dh_prev (N, H)."""
        Wx, Wh, _ = self.params
        dWx, dWh, db = self.grads
        x, h_prev, z, r, h_hat, past = self.cache
        H = len(Wh)
        dh_next = as_floats(self, "dh_next", dh_next, h_prev.shape, Wx.dtype)
        dah = dh_next * z * (1 - h_hat**2)
        daz = dh_next * (h_hat - h_prev) * z * (1 - z)
        dh_prev = dh_next * (1 - z)
        if self.reset_after:
            dr, dpast = dah * past, dah * r
            dh_prev += dpast @ Wh[:, 2 * H :].T
            dWh[:, 2 * H :] = h_prev.T @ dpast
        else:
            drh = dah @ Wh[:, 2 * H :].T
            dr, dpast = drh * h_prev, dah
            dh_prev += drh * r
            dWh[:, 2 * H :] = (r * h_prev).T @ dah
        dar = dr * r * (1 - r)
        da = np.hstack((daz, dar, dah))  # of x Wx + b
        dazr = da[:, : 2 * H]
        dh_prev += dazr @ Wh[:, : 2 * H].T
        dWh[:, : 2 * H] = h_prev.T @ dazr
        dWx[...] = x.T @ da
        if db.ndim == 1:
            db[...] = da.sum(axis=0)
        else:
            db[0] = da.sum(axis=0)
            db[1] = np.hstack((dazr, dpast)).sum(axis=0)
        return da @ Wx.T, dh_prev


class TimeGRU(TimeRecurrent):
    """A whole sequence of GRU steps.

    Wx: (D, 3H), Wh: (H, 3H), b: (3H,), or (2, 3H) with `reset_after`. forward: xs (N, T, D), mask (N, T) bool or None
    -> hs (N, T, H). After forward `h` (N, H) is the last state; after backward `dh` (N, H) is the gradient of the
    first.
    """

    gates = 3

    def __init__(self, Wx, Wh, b, stateful=False, reset_after=False):
        self.reset_after = reset_after
        super().__init__(Wx, Wh, b, stateful)

    def check(self, Wx, Wh, b):
        _check_gru(self, Wx, Wh, b, self.reset_after)

    def forward(self, xs, mask=None):
        Wx, Wh, b = self.params
        xs, dead = self.begin(xs, mask)
        T, N, _ = xs.shape
        H = len(Wh)
        b, b_h = _biases(b)
        hs = self.array("hs", T + 1, N, H)  # hs[t]: the state before step t
        pasts = self.array("pasts", T, N, H)  # what h~ sees of h: r h (before), or h Wh + b_h (after)
        hs[0] = self.start("h", N)
        gates = self.inputs_product(xs, Wx, b)  # (T, N, 3H), becomes z, r, h~
        product = self.array("product", N, 3 * H)

        for t in range(T):
            h, a, past = hs[t], gates[t], pasts[t]
            z, r, h_hat = _split(a)
            if self.reset_after:
                np.matmul(h, Wh, out=product)  # (N, H) @ (H, 3H) -> (N, 3H)
                product += b_h
            else:
                np.matmul(h, Wh[:, : 2 * H], out=product[:, : 2 * H])
            zr = a[:, : 2 * H]
            zr += product[:, : 2 * H]
            _sigmoid_in_place(zr)
            if self.reset_after:
                past[...] = product[:, 2 * H :]
                h_hat += np.multiply(r, past, out=product[:, 2 * H :])
            else:
                np.multiply(r, h, out=past)
                h_hat += np.matmul(past, Wh[:, 2 * H :], out=product[:, 2 * H :])
            np.tanh(h_hat, out=h_hat)
            # h' = (1 - z) h + z h~ = h + z (h~ - h)
            h_next = np.subtract(h_hat, h, out=hs[t + 1])
            h_next *= z
            h_next += h
            carry(h_next, h, dead[t])

        self.cache = xs, dead, hs, pasts, gates
        self.h, self.given = hs[T].copy(), False
        return self.turn_out(hs[1:])

    def backward(self, dhs):
        """dhs (N, T, H) -> dxs (N, T, D)."""
        _, Wh, _ = self.params
        _, dWh, db = self.grads
        xs, dead, hs, pasts, gates = self.cache
        T, N, _ = xs.shape
        H = len(Wh)
        dhs = as_floats(self, "dhs", dhs, (N, T, H), Wh.dtype)
        da = self.array("da", T, N, 3 * H)  # of x Wx + b
        dpasts = self.array("dpasts", T, N, H) if self.reset_after else da[:, :, 2 * H :]  # of what meets Wh in h~
        dh = np.zeros_like(hs[0])

        for t in reversed(range(T)):
            h, past = hs[t], pasts[t]
            z, r, h_hat = _split(gates[t])
            daz, dar, dah = _split(da[t])
            dh += dhs[:, t]
            np.multiply(dh, z, out=dah)
            dah *= 1 - h_hat * h_hat
            np.multiply(dh, h_hat - h, out=daz)
            daz *= z
            daz *= 1 - z
            dh_prev = dh * (1 - z)
            if self.reset_after:
                np.multiply(dah, past, out=dar)
                np.multiply(dah, r, out=dpasts[t])
                dh_prev += np.matmul(dpasts[t], Wh[:, 2 * H :].T)
            else:
                drh = np.matmul(dah, Wh[:, 2 * H :].T)  # of past = r h
                np.multiply(drh, h, out=dar)
                dh_prev += np.multiply(drh, r, out=drh)
            dar *= r
            dar *= 1 - r
            dh_prev += np.matmul(da[t, :, : 2 * H], Wh[:, : 2 * H].T)
            carry(da[t], 0, dead[t])
            carry(dpasts[t], 0, dead[t])
            carry(dh_prev, dh, dead[t])
            dh = dh_prev

        self.dh = dh
        sum_of_products(hs[:T], da[:, :, : 2 * H], out=dWh[:, : 2 * H])
        sum_of_products(hs[:T] if self.reset_after else pasts, dpasts, out=dWh[:, 2 * H :])
        if db.ndim == 2:
            db[1, : 2 * H] = da[:, :, : 2 * H].sum(axis=(0, 1))
            db[1, 2 * H :] = dpasts.sum(axis=(0, 1))
        return self.inputs_backward(xs, da)


def _check_gru(layer, Wx, Wh, b, reset_after):
    two = reset_after and getattr(b, "ndim", 1) == 2
    check_weights(layer, Wh=(Wh, ("H", "3H")), Wx=(Wx, ("D", "3H")), b=(b, (2, "3H") if two else ("3H",)))


def _biases(b):
    """What is added to x Wx and to h Wh."""
    return (b, np.zeros_like(b)) if b.ndim == 1 else b


def _split(a):
    """(N, 3H) -> views z, r, h~ of (N, H)."""
    H = a.shape[1] // 3
    return a[:, :H], a[:, H : 2 * H], a[:, 2 * H :]


def _sigmoid_in_place(a):
    """sigmoid(a) = (1 + tanh(a / 2)) / 2."""
    a *= 0.5
    np.tanh(a, out=a)
    a += 1
    a *= 0.5
