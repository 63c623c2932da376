"""The LSTM cell: a memory c that gates f, i, o forget, fill and show. Book, chapter 6; Gers et al. 2000.

    f, i, o = sigmoid(x Wx + h Wh + b),  g = tanh(the same),  c' = f c + i g,  h' = o tanh(c')

in four blocks of columns in the order f, g, i, o. LSTM is one step, written to be read; TimeLSTM is a whole
sequence, written to be fast. The tests hold them equal.
"""

import numpy as np

from common.arrays.checks import as_floats
from common.arrays.initializers import forget_bias_one
from common.functions import sigmoid
from common.recurrent.base import FLUSH, TimeRecurrent, overwrite_masked, sigmoid_of_negated, steps_at_once
from common.recurrent.contract import RecurrentWeights, blocks


class LSTM(RecurrentWeights):
    """One step. Wx: (D, 4H), Wh: (H, 4H), b: (4H,). forward: x (N, D), h_prev, c_prev (N, H) -> h_next, c_next."""

    gates = 4
    states = ("h", "c")

    @classmethod
    def init_params(cls, wordvec_size, hidden_size, rng=None, dtype=np.float32):
        """Wx, Wh, b to start from: Xavier, orthogonal, and a forget bias of 1."""
        Wx, Wh, _ = super().init_params(wordvec_size, hidden_size, rng, dtype)
        return Wx, Wh, forget_bias_one(hidden_size, dtype, rng)

    def forward(self, x, h_prev, c_prev):
        Wx, Wh, b = self.params
        x = as_floats(self, "x", x, ("N", len(Wx)), Wx.dtype)
        h_prev = as_floats(self, "h_prev", h_prev, (len(x), len(Wh)), Wx.dtype)
        c_prev = as_floats(self, "c_prev", c_prev, h_prev.shape, Wx.dtype)
        a = x @ Wx + h_prev @ Wh + b  # (N, D) @ (D, 4H) -> (N, 4H)
        (f, _, i, o), g = blocks(sigmoid(a), 4), np.tanh(blocks(a, 4)[1])  # (N, 4H) -> 4 of (N, H)
        c_next = f * c_prev + g * i
        h_next = o * np.tanh(c_next)
        self.cache = x, h_prev, c_prev, f, g, i, o, c_next
        return h_next, c_next

    def backward(self, dh_next, dc_next):
        """dh_next, dc_next (N, H) -> dx (N, D), dh_prev, dc_prev (N, H)."""
        Wx, Wh, _ = self.params
        dWx, dWh, db = self.grads
        x, h_prev, c_prev, f, g, i, o, c_next = self.cached()
        dh_next = as_floats(self, "dh_next", dh_next, c_next.shape, Wx.dtype)
        dc_next = as_floats(self, "dc_next", dc_next, c_next.shape, Wx.dtype)
        tanh_c = np.tanh(c_next)
        dc = dc_next + dh_next * o * (1 - tanh_c**2)
        df = dc * c_prev * f * (1 - f)
        dg = dc * i * (1 - g**2)
        di = dc * g * i * (1 - i)
        do = dh_next * tanh_c * o * (1 - o)
        da = np.hstack((df, dg, di, do))  # 4 of (N, H) -> (N, 4H)
        dWx[...] = x.T @ da  # (D, N) @ (N, 4H) -> (D, 4H)
        dWh[...] = h_prev.T @ da
        db[...] = da.sum(axis=0)
        return da @ Wx.T, da @ Wh.T, dc * f


class TimeLSTM(TimeRecurrent):
    """A whole sequence of LSTM steps, with the states `h` and `c` and their gradients `dh` and `dc`, (N, H) each.

    Wx: (D, 4H), Wh: (H, 4H), b: (4H,). forward: xs (N, T, D), mask (N, T) bool or None -> hs (N, T, H).
    """

    cell_class, gates, states = LSTM, LSTM.gates, LSTM.states

    def forward_steps(self, xs, mask):
        Wx, Wh, _ = self.params
        ins, masked = self.prepare_inputs(xs, mask)
        T, N = len(masked), ins.shape[2]
        D, H = len(Wx), len(Wh)
        steps = self.cached_steps(T)  # length of all arrays below but hs: step t stands at t modulo their length
        hs = ins[:, D + 1 :]  # (T + 1, H, N); hs[t], cs[t]: the states before step t
        cs = self.buffer("cs", steps + 1, H, N)
        hs[0], cs[0] = self.initial_state("h", N).T, self.initial_state("c", N).T
        tanh_cs = self.buffer("tanh_cs", steps, H, N)
        gates = self.buffer("gates", steps, 4, H, N)
        out = np.empty((N, T, H), Wx.dtype, like=Wx)
        W = _reordered(self.stacked_weights(), out=self.buffer("W", len(ins[0]), 4 * H))
        np.negative(W[:, : 3 * H], out=W[:, : 3 * H])  # f, o and i are 1 / (1 + exp(-a)); g is a tanh

        with np.errstate(over="ignore"):
            for t in range(T):
                f, o, i, g = a = gates[t % steps]
                np.matmul(W.T, ins[t], out=a.reshape(4 * H, N))  # (4H, D + 1 + H) @ (D + 1 + H, N) -> (4H, N)
                sigmoid_of_negated(a[:3])
                np.tanh(g, out=g)
                c_prev, c, tanh_c = cs[t % len(cs)], cs[(t + 1) % len(cs)], tanh_cs[t % steps]
                np.multiply(f, c_prev, out=c)
                c += np.multiply(i, g, out=tanh_c)
                np.tanh(c, out=tanh_c)
                h = np.multiply(o, tanh_c, out=hs[t + 1])
                if masked[t] is not None:
                    overwrite_masked(c, c_prev, masked[t])
                    overwrite_masked(h, hs[t], masked[t])
                out[:, t] = h.T  # (H, N) -> (N, H)

        self.cache = None if self.inference else (ins, masked, cs, tanh_cs, gates)
        self.save_state(hs[T].T.copy(), cs[T % len(cs)].T.copy())
        return out

    def backward_steps(self, dhs):
        Wx, Wh, _ = self.params
        ins, masked, cs, tanh_cs, gates = self.cached()
        T, N = len(masked), ins.shape[2]
        D, H = len(Wx), len(Wh)
        dhs, dxs = self.prepare_backward(dhs, T, N)
        hs = ins[:, D + 1 :]
        Wx, Wh = (_reordered(W, out=self.buffer(name, *W.shape)) for name, W in (("Wx", Wx), ("Wh", Wh)))
        dW = self.buffer("dW", D + 1 + H, 4 * H)  # of the stacked Wx, b, Wh
        steps = steps_at_once(T, N)
        das, dhs_chunk = self.buffer("das", steps, 4, H, N), self.buffer("dhs_chunk", steps, H, N)
        dh_prev, dc_here, dc, dc_prev = (self.buffer(name, H, N) for name in ("dh_prev", "dc_here", "dc", "dc_prev"))
        dh_prev[...] = 0
        dc_prev[...] = 0

        for t in reversed(range(T)):
            if t == T - 1 or (t + 1) % steps == 0:
                self.read_chunk(dhs, t, dhs_chunk)
            f, o, i, g = gates[t]
            df, do, di, dg = da = das[t % steps]
            dh = dhs_chunk[t % steps]
            dh += dh_prev
            dc, dc_prev = dc_prev, dc
            # all of dc = dc + dh o (1 - tanh(c)^2), written o - h tanh(c)
            np.multiply(hs[t + 1], tanh_cs[t], out=dc_here)
            np.subtract(o, dc_here, out=dc_here)
            dc_here *= dh
            dc_here += dc
            np.multiply(dc_here, f, out=dc_prev)
            # df = dc c_prev f (1 - f), do = dh tanh(c) o (1 - o), di = dc g i (1 - i)
            np.subtract(1, gates[t, :3], out=da[:3])
            df *= cs[t]
            df *= dc_prev
            do *= hs[t + 1]
            do *= dh
            gi = np.multiply(g, i, out=dg)
            di *= gi
            # dg = dc i (1 - g^2), written i - g (g i)
            gi *= g
            np.subtract(i, gi, out=dg)
            da[2:] *= dc_here  # di and dg
            overwrite_masked(da, 0, masked[t])
            np.matmul(Wh, da.reshape(4 * H, N), out=dh_prev)  # (H, 4H) @ (4H, N) -> (H, N)
            if masked[t] is not None:
                overwrite_masked(dh_prev, dh, masked[t])
                overwrite_masked(dc_prev, dc, masked[t])
            if t % FLUSH == 0:
                self.flush(dh_prev, dc_prev)
            if t % steps == 0:
                chunk = slice(t, min(t + steps, T))
                size = chunk.stop - t
                # (steps, 4H, N) -> (4H, steps N)
                da_chunk = self.merge_steps("da_chunk", das[:size].reshape(size, 4 * H, N))
                self.write_input_grad(da_chunk, Wx, dxs[:, chunk])
                self.add_weight_grad(da_chunk, ins[chunk], dW, first=chunk.stop == T)

        self.dh, self.dc = dh_prev.T.copy(), dc_prev.T.copy()
        for grad, rows in zip(self.grads, (dW[:D], dW[D + 1 :], dW[D])):
            _reordered(rows, out=grad)
        return dxs


def _reordered(W, out):
    """W (..., 4H) into `out`: f, g, i, o -> f, o, i, g, or back: inside, the three sigmoids are one block."""
    H = W.shape[-1] // 4
    for here, there in enumerate((0, 3, 2, 1)):
        out[..., here * H : here * H + H] = W[..., there * H : there * H + H]
    return out
