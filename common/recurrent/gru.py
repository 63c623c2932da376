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

from common.arrays.checks import as_floats, check_weights, kept
from common.functions import sigmoid
from common.recurrent.base import CHUNK, TimeRecurrent, carry, in_order_of_text


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
    -> hs (N, T, H). After forward `h` (N, H) is the last state; after backward `dh` (N, H) is the gradient of the one
    before step 0.
    """

    gates = 3

    def __init__(self, Wx, Wh, b, stateful=False, reset_after=False):
        self.reset_after = reset_after
        super().__init__(Wx, Wh, b, stateful)

    def check(self, Wx, Wh, b):
        _check_gru(self, Wx, Wh, b, self.reset_after)

    def forward(self, xs, mask=None):
        Wx, Wh, _ = self.params
        ins, dead = self.begin(xs, mask)
        T, N = len(dead), ins.shape[2]
        D, H = len(Wx), len(Wh)
        hs = ins[:, D + 1 :]  # (T + 1, H, N); hs[t]: the state before step t
        hs[0] = self.start("h", N).T
        steps = self.steps_kept(T)  # in `pasts` and `gates`, where step t stands at t modulo their length
        pasts = self.array("pasts", steps, H, N)  # what h~ sees of h: r h (before), or h Wh + b_h (after)
        gates = self.array("gates", steps, 3 * H, N)
        product = self.array("product", H, N)
        W_zr, W_past, W_input = self.turned_weights()

        with np.errstate(over="ignore"):  # exp(-a) = inf: the gate is shut
            for t in range(T):
                h, past = hs[t], pasts[t % steps]
                z, r, h_hat = _split(gates[t % steps])
                zr = gates[t % steps, : 2 * H]
                np.matmul(W_zr, ins[t], out=zr)  # (2H, D + 1 + H) @ (D + 1 + H, N) -> (2H, N)
                np.exp(zr, out=zr)
                zr += 1
                np.reciprocal(zr, out=zr)
                np.matmul(W_input, ins[t, : D + 1], out=h_hat)  # (H, D + 1) @ (D + 1, N) -> (H, N)
                if self.reset_after:
                    np.matmul(W_past, ins[t, D:], out=past)  # (H, 1 + H) @ (1 + H, N) -> (H, N)
                    h_hat += np.multiply(r, past, out=product)
                else:
                    np.multiply(r, h, out=past)
                    h_hat += np.matmul(W_past, past, out=product)
                np.tanh(h_hat, out=h_hat)
                # h' = (1 - z) h + z h~ = h + z (h~ - h)
                h_next = np.subtract(h_hat, h, out=hs[t + 1])
                h_next *= z
                h_next += h
                carry(h_next, h, dead[t])

        self.keep(ins, dead, pasts, gates)
        self.h, self.given = hs[T].T.copy(), False
        return in_order_of_text(hs[1:])

    def turned_weights(self):
        """What meets the inputs, columns made rows: of z and r (2H, D + 1 + H), with the minus of
        sigmoid(a) = 1 / (1 + exp(-a)) put in; of h~ for the past, (H, H) or with b_h (H, 1 + H), and for x, (H, D + 1).
        """
        Wx, Wh, b = self.params
        b, b_h = _biases(b)
        H = len(Wh)
        hat = slice(2 * H, None)
        W_past = np.concatenate((b_h[None, hat], Wh[:, hat])) if self.reset_after else Wh[:, hat]
        W_input = np.concatenate((Wx[:, hat], b[None, hat]))
        return (-self.stacked()[:, : 2 * H]).T.copy(), W_past.T.copy(), W_input.T.copy()

    def backward(self, dhs):
        """dhs (N, T, H) -> dxs (N, T, D)."""
        Wx, Wh, _ = self.params
        ins, dead, pasts, gates = kept(self)
        T, N = len(dead), ins.shape[2]
        D, H = len(Wx), len(Wh)
        dhs, dxs = self.begin_backward(dhs, T, N)
        hs = ins[:, D + 1 :]
        # Four blocks of rows: h~, z, r are the gates that x meets; z, r, past (after) those that h meets.
        das = self.array("das", CHUNK, 4 * H, N)
        to_x = np.concatenate((Wx[:, 2 * H :], Wx[:, : 2 * H]), axis=1)
        to_h = Wh if self.reset_after else Wh[:, : 2 * H]
        dWx = np.zeros((3 * H, D + 1), Wx.dtype, like=Wx)
        dWh = np.zeros((3 * H, 1 + H), Wx.dtype, like=Wx)
        dh, dh_prev, part = (self.array(name, H, N) for name in ("dh", "dh_prev", "part"))
        dh_prev[...] = 0

        for t in reversed(range(T)):
            h, past = hs[t], pasts[t]
            z, r, h_hat = _split(gates[t])
            da = das[t % CHUNK]
            dah, daz, dar, dpast = da.reshape(4, H, N)
            np.add(dh_prev, dhs[t], out=dh)
            # dah = dh z (1 - h~^2)
            np.multiply(h_hat, h_hat, out=dah)
            np.subtract(1, dah, out=dah)
            dah *= np.multiply(dh, z, out=part)
            # daz = dh (h~ - h) z (1 - z), and dh (1 - z) is what h' hands on to h
            np.subtract(dh, part, out=part)
            np.subtract(h_hat, h, out=daz)
            daz *= z
            daz *= part
            np.subtract(1, r, out=dar)
            dar *= r
            if self.reset_after:
                np.multiply(dah, r, out=dpast)
                dar *= dah
                dar *= past
                carry(da, 0, dead[t])
                np.matmul(to_h, da[H:], out=dh_prev)  # (H, 3H) @ (3H, N) -> (H, N)
            else:
                np.matmul(Wh[:, 2 * H :], dah, out=dpast)
                dar *= h
                dar *= dpast
                part += np.multiply(dpast, r, out=dpast)
                carry(da, 0, dead[t])
                np.matmul(to_h, da[H : 3 * H], out=dh_prev)  # (H, 2H) @ (2H, N) -> (H, N)
            dh_prev += part
            carry(dh_prev, dh, dead[t])
            if t % CHUNK == 0:
                chunk = slice(t, min(t + CHUNK, T))
                left = self.side_by_side("left", das[: chunk.stop - t])
                self.hand_down(left[: 3 * H], to_x, dxs[:, chunk])
                self.add_products(left[: 3 * H], ins[chunk, : D + 1], dWx)
                if self.reset_after:
                    self.add_products(left[H:], ins[chunk, D:], dWh)
                else:
                    self.add_products(left[H : 3 * H], hs[chunk], dWh[: 2 * H, 1:])
                    self.add_products(left[:H], pasts[chunk], dWh[2 * H :, 1:])

        self.dh = dh_prev.T.copy()
        dWx = np.concatenate((dWx[H:], dWx[:H]))  # h~, z, r -> z, r, h~
        db = self.grads[2]
        self.grads[0][...], self.grads[1][...] = dWx[:, :D].T, dWh[:, 1:].T
        (db if db.ndim == 1 else db[0])[...] = dWx[:, D]
        if db.ndim == 2:
            db[1] = dWh[:, 0]
        return dxs


def _check_gru(layer, Wx, Wh, b, reset_after):
    two = reset_after and getattr(b, "ndim", 1) == 2
    check_weights(layer, Wh=(Wh, ("H", "3H")), Wx=(Wx, ("D", "3H")), b=(b, (2, "3H") if two else ("3H",)))


def _biases(b):
    """What is added to x Wx and to h Wh."""
    return (b, np.zeros_like(b)) if b.ndim == 1 else b


def _split(a):
    """(3H, N) -> views z, r, h~ of (H, N)."""
    return a.reshape(3, len(a) // 3, a.shape[1])
