"""The LSTM cell: a memory c that gates f, i, o forget, fill and show. Book, chapter 6; Gers et al. 2000.

    f, i, o = sigmoid(x Wx + h Wh + b),  g = tanh(the same),  c' = f c + i g,  h' = o tanh(c')

in four blocks of columns in the order f, g, i, o. LSTM is one step, written to be read; TimeLSTM is a whole
sequence, written to be fast. The tests hold them equal.
"""

import numpy as np

from common.checks import as_floats, check_weights
from common.functions import sigmoid
from common.initializers import forget_bias_one
from common.recurrent import TimeRecurrent, carry, sum_of_products


class LSTM:
    """One step. Wx: (D, 4H), Wh: (H, 4H), b: (4H,). forward: x (N, D), h_prev, c_prev (N, H) -> h_next, c_next (N,
    H).
    """

    param_names = ("Wx", "Wh", "b")

    def __init__(self, Wx, Wh, b):
        check_weights(self, Wh=(Wh, ("H", "4H")), Wx=(Wx, ("D", "4H")), b=(b, ("4H",)))
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.cache = None

    def forward(self, x, h_prev, c_prev):
        Wx, Wh, b = self.params
        x = as_floats(self, "x", x, ("N", len(Wx)), Wx.dtype)
        h_prev = as_floats(self, "h_prev", h_prev, (len(x), len(Wh)), Wx.dtype)
        c_prev = as_floats(self, "c_prev", c_prev, h_prev.shape, Wx.dtype)
        f, g, i, o = np.split(x @ Wx + h_prev @ Wh + b, 4, axis=1)  # (N, D) @ (D, 4H) -> (N, 4H) -> 4 of (N, H)
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
        dh_next = as_floats(self, "dh_next", dh_next, c_next.shape, Wx.dtype)
        dc_next = as_floats(self, "dc_next", dc_next, c_next.shape, Wx.dtype)
        tanh_c = np.tanh(c_next)
        dc = dc_next + dh_next * o * (1 - tanh_c**2)
        df = dc * c_prev * f * (1 - f)
        dg = dc * i * (1 - g**2)
        di = dc * g * i * (1 - i)
        do = dh_next * tanh_c * o * (1 - o)
        da = np.hstack((df, dg, di, do))  # 4 of (N, H) -> (N, 4H)
        dWx[...] = x.T @ da
        dWh[...] = h_prev.T @ da
        db[...] = da.sum(axis=0)
        return da @ Wx.T, da @ Wh.T, dc * f


class TimeLSTM(TimeRecurrent):
    """A whole sequence of LSTM steps.

    Wx: (D, 4H), Wh: (H, 4H), b: (4H,). forward: xs (N, T, D), mask (N, T) bool or None -> hs (N, T, H).
    After forward `h` and `c` (N, H) are the last states; after backward `dh` and `dc` the gradients of the first.
    """

    gates = 4
    states = ("h", "c")

    def __init__(self, Wx, Wh, b, stateful=False):
        super().__init__(Wx, Wh, b, stateful)
        self.c, self.dc = None, None

    @classmethod
    def init_params(cls, wordvec_size, hidden_size, rng=None, dtype=np.float32):
        """Wx, Wh, b to start from: Xavier, orthogonal, and a forget bias of 1."""
        Wx, Wh, _ = super().init_params(wordvec_size, hidden_size, rng, dtype)
        return Wx, Wh, forget_bias_one(hidden_size, dtype)

    def set_state(self, h, c=None):
        """Start the next forward from h and c (N, H); c None: from zero memory."""
        super().set_state(h)
        self.c = None if c is None else as_floats(self, "c", c, self.h.shape, self.h.dtype)

    def forward(self, xs, mask=None):
        Wx, Wh, b = self.params
        xs, dead = self.begin(xs, mask)
        T, N, _ = xs.shape
        H = len(Wh)
        hs = self.array("hs", T + 1, N, H)  # hs[t], cs[t]: the states before step t
        cs = self.array("cs", T + 1, N, H)
        tanh_cs = self.array("tanh_cs", T, N, H)
        hs[0], cs[0] = self.start("h", N), self.start("c", N)
        # sigmoid(a) = (1 + tanh(a / 2)) / 2: with the halves put into the weights, one tanh serves all four gates.
        half = np.full_like(b, 0.5)
        half[H : 2 * H] = 1  # g is a tanh already
        gates = self.inputs_product(xs, Wx * half, b * half)  # (T, N, 4H), becomes f, g, i, o
        Wh = Wh * half
        product = self.array("product", N, 4 * H)

        for t in range(T):
            a = gates[t]
            a += np.matmul(hs[t], Wh, out=product)  # (N, H) @ (H, 4H) -> (N, 4H)
            np.tanh(a, out=a)
            for sigmoids in (a[:, :H], a[:, 2 * H :]):
                sigmoids += 1
                sigmoids *= 0.5
            f, g, i, o = _split(a)
            c = np.multiply(f, cs[t], out=cs[t + 1])
            c += np.multiply(g, i, out=tanh_cs[t])
            np.tanh(c, out=tanh_cs[t])
            h = np.multiply(o, tanh_cs[t], out=hs[t + 1])
            carry(c, cs[t], dead[t])
            carry(h, hs[t], dead[t])

        self.cache = xs, dead, hs, cs, tanh_cs, gates
        self.h, self.c, self.given = hs[T].copy(), cs[T].copy(), False
        return self.turn_out(hs[1:])

    def backward(self, dhs):
        """dhs (N, T, H) -> dxs (N, T, D)."""
        _, Wh, _ = self.params
        xs, dead, hs, cs, tanh_cs, gates = self.cache
        T, N, _ = xs.shape
        H = len(Wh)
        dhs = as_floats(self, "dhs", dhs, (N, T, H), Wh.dtype)
        da = self.array("da", T, N, 4 * H)
        dh, dc = np.zeros_like(hs[0]), np.zeros_like(cs[0])
        part, dc_here = self.array("part", N, H), self.array("dc_here", N, H)

        for t in reversed(range(T)):
            f, g, i, o = _split(gates[t])
            df, dg, di, do = _split(da[t])
            dh += dhs[:, t]
            # dc' = dc + dh o (1 - tanh(c)^2), written o - (o tanh(c)) tanh(c)
            np.multiply(o, tanh_cs[t], out=do)
            np.multiply(do, tanh_cs[t], out=part)
            np.subtract(o, part, out=part)
            part *= dh
            np.add(dc, part, out=dc_here)
            # do = dh tanh(c) o (1 - o)
            do *= dh
            do *= np.subtract(1, o, out=part)
            # df = dc c_prev f (1 - f)
            np.multiply(dc_here, f, out=df)  # dc_prev, too
            dc_prev = df.copy()
            df *= cs[t]
            df *= np.subtract(1, f, out=part)
            # dg = dc i (1 - g^2), di = dc i g (1 - i)
            np.multiply(dc_here, i, out=di)
            np.multiply(g, g, out=part)
            np.multiply(di, np.subtract(1, part, out=part), out=dg)
            di *= g
            di *= np.subtract(1, i, out=part)
            carry(da[t], 0, dead[t])
            dh_prev = np.matmul(da[t], Wh.T)  # (N, 4H) @ (4H, H) -> (N, H)
            carry(dh_prev, dh, dead[t])
            carry(dc_prev, dc, dead[t])
            dh, dc = dh_prev, dc_prev

        self.dh, self.dc = dh, dc
        sum_of_products(hs[:T], da, out=self.grads[1])
        return self.inputs_backward(xs, da)


def _split(a):
    """(N, 4H) -> views f, g, i, o of (N, H)."""
    H = a.shape[1] // 4
    return a[:, :H], a[:, H : 2 * H], a[:, 2 * H : 3 * H], a[:, 3 * H :]
