"""The plain recurrent cell: h' = tanh(x Wx + h Wh + b). Book, chapter 5; Elman 1990.

RNN is one step, written to be read; TimeRNN is a whole sequence, written to be fast. The tests hold them equal.
"""

import numpy as np

from common.arrays.checks import as_floats
from common.recurrent.base import FLUSH, TimeRecurrent, overwrite_masked, steps_at_once
from common.recurrent.contract import RecurrentWeights


class RNN(RecurrentWeights):
    """One step. Wx: (D, H), Wh: (H, H), b: (H,). forward: x (N, D), h_prev (N, H) -> h_next (N, H)."""

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
        x, h_prev, h_next = self.cached()
        dh_next = as_floats(self, "dh_next", dh_next, h_next.shape, Wx.dtype)
        da = dh_next * (1 - h_next**2)  # a: the argument of tanh
        dWx[...] = x.T @ da  # (D, N) @ (N, H) -> (D, H)
        dWh[...] = h_prev.T @ da
        db[...] = da.sum(axis=0)
        return da @ Wx.T, da @ Wh.T


class TimeRNN(TimeRecurrent):
    """A whole sequence of RNN steps, with the state `h` and its gradient `dh`, (N, H) each.

    Wx: (D, H), Wh: (H, H), b: (H,). forward: xs (N, T, D), mask (N, T) bool or None -> hs (N, T, H).
    """

    cell_class = RNN

    def forward_steps(self, xs, mask):
        Wx = self.params[0]
        ins, masked = self.prepare_inputs(xs, mask)
        T, N = len(masked), ins.shape[2]
        hs = ins[:, len(Wx) + 1 :]  # (T + 1, H, N); hs[t]: the state before step t
        hs[0] = self.initial_state("h", N).T
        out = np.empty((N, T, hs.shape[1]), Wx.dtype, like=Wx)
        W = self.stacked_weights().T  # (D + 1 + H, H) -> (H, D + 1 + H)

        for t in range(T):
            h = np.matmul(W, ins[t], out=hs[t + 1])  # (H, D + 1 + H) @ (D + 1 + H, N) -> (H, N)
            np.tanh(h, out=h)
            overwrite_masked(h, hs[t], masked[t])
            out[:, t] = h.T  # (H, N) -> (N, H)

        self.cache = None if self.inference else (ins, masked)
        self.save_state(hs[T].T.copy())
        return out

    def backward_steps(self, dhs):
        Wx, Wh, _ = self.params
        ins, masked = self.cached()
        T, N = len(masked), ins.shape[2]
        D, H = len(Wx), len(Wh)
        dhs, dxs = self.prepare_backward(dhs, T, N)
        hs = ins[:, D + 1 :]
        dW = self.buffer("dW", D + 1 + H, H)  # of the stacked Wx, b, Wh
        steps = steps_at_once(T, N)
        das, dhs_chunk = self.buffer("das", steps, H, N), self.buffer("dhs_chunk", steps, H, N)
        dh_prev = self.buffer("dh_prev", H, N)
        dh_prev[...] = 0

        for t in reversed(range(T)):
            if t == T - 1 or (t + 1) % steps == 0:
                self.read_chunk(dhs, t, dhs_chunk)
            da, dh = das[t % steps], dhs_chunk[t % steps]
            dh += dh_prev
            np.multiply(hs[t + 1], hs[t + 1], out=da)
            np.subtract(1, da, out=da)
            da *= dh  # through tanh
            overwrite_masked(da, 0, masked[t])
            np.matmul(Wh, da, out=dh_prev)  # (H, H) @ (H, N) -> (H, N)
            overwrite_masked(dh_prev, dh, masked[t])
            if t % FLUSH == 0:
                self.flush(dh_prev)
            if t % steps == 0:
                chunk = slice(t, min(t + steps, T))
                da_chunk = self.merge_steps("da_chunk", das[: chunk.stop - t])  # (steps, H, N) -> (H, steps N)
                self.write_input_grad(da_chunk, Wx, dxs[:, chunk])
                self.add_weight_grad(da_chunk, ins[chunk], dW, first=chunk.stop == T)

        self.dh = dh_prev.T.copy()
        for grad, rows in zip(self.grads, (dW[:D], dW[D + 1 :], dW[D])):
            grad[...] = rows
        return dxs
