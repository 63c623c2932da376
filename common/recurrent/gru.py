"""The GRU cell with the reset gate before the product: z says how much to renew, r how much of the past to read.

    z, r = sigmoid(x Wx + h Wh + b),  h~ = tanh(x Wx + (r h) Wh + b),  h' = (1 - z) h + z h~

in three blocks of columns in the order z, r, h~. Book, chapter 6 and appendix C; Cho et al. 2014. PyTorch, Keras and
cuDNN apply the reset gate after the product: `gru_reset_after`; weights trained with one form do not fit the other.
GRU is one step, written to be read; TimeGRU is a whole sequence, written to be fast. The tests hold them equal.
"""

import numpy as np

from common.arrays.checks import as_floats
from common.functions import sigmoid
from common.recurrent.base import FLUSH, TimeRecurrent, overwrite_masked, sigmoid_of_negated, steps_at_once
from common.recurrent.contract import RecurrentWeights, blocks


class GRU(RecurrentWeights):
    """One step. Wx: (D, 3H), Wh: (H, 3H), b: (3H,). forward: x (N, D), h_prev (N, H) -> h_next (N, H)."""

    gates = 3

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        H = len(Wh)
        x = as_floats(self, "x", x, ("N", len(Wx)), Wx.dtype)
        h_prev = as_floats(self, "h_prev", h_prev, (len(x), H), Wx.dtype)
        az, ar, ah = blocks(x @ Wx + b, 3)  # (N, D) @ (D, 3H) -> (N, 3H) -> 3 of (N, H)
        z = sigmoid(az + h_prev @ Wh[:, :H])
        r = sigmoid(ar + h_prev @ Wh[:, H : 2 * H])
        h_hat = np.tanh(ah + (r * h_prev) @ Wh[:, 2 * H :])
        self.cache = x, h_prev, z, r, h_hat
        return (1 - z) * h_prev + z * h_hat

    def backward(self, dh_next):
        """dh_next (N, H) -> dx (N, D), dh_prev (N, H)."""
        Wx, Wh, _ = self.params
        dWx, dWh, db = self.grads
        x, h_prev, z, r, h_hat = self.cached()
        H = len(Wh)
        dh_next = as_floats(self, "dh_next", dh_next, h_prev.shape, Wx.dtype)
        dah = dh_next * z * (1 - h_hat**2)
        daz = dh_next * (h_hat - h_prev) * z * (1 - z)
        drh = dah @ Wh[:, 2 * H :].T  # of r h
        dar = drh * h_prev * r * (1 - r)
        da = np.hstack((daz, dar, dah))  # 3 of (N, H) -> (N, 3H)
        dWx[...] = x.T @ da  # (D, N) @ (N, 3H) -> (D, 3H)
        dWh[:, : 2 * H] = h_prev.T @ da[:, : 2 * H]
        dWh[:, 2 * H :] = (r * h_prev).T @ dah
        db[...] = da.sum(axis=0)
        return da @ Wx.T, dh_next * (1 - z) + drh * r + da[:, : 2 * H] @ Wh[:, : 2 * H].T


class TimeGRUBase(TimeRecurrent):
    """What TimeGRU and TimeGRUResetAfter share: all but what the reset gate acts on, in five methods of each.

    forward: xs (N, T, D), mask (N, T) bool or None -> hs (N, T, H). The state is `h`, its gradient `dh`, (N, H) each.
    """

    gates = 3

    def forward_steps(self, xs, mask):
        Wx, Wh, b = self.params
        ins, masked = self.prepare_inputs(xs, mask)
        T, N = len(masked), ins.shape[2]
        D, H = len(Wx), len(Wh)
        hs = ins[:, D + 1 :]  # (T + 1, H, N); hs[t]: the state before step t
        hs[0] = self.initial_state("h", N).T
        steps = self.cached_steps(T)  # length of `pasts` and `gates`: step t stands at t modulo their length
        pasts = self.buffer("pasts", steps, H, N)  # what h~ reads of the state, see `add_past`
        gates = self.buffer("gates", steps, 3 * H, N)
        product = self.buffer("product", H, N)
        out = np.empty((N, T, H), Wx.dtype, like=Wx)
        # z and r are 1 / (1 + exp(-a)): the minus is in the weights.
        W_zr = -self.stacked_weights()[:, : 2 * H].T  # (D + 1 + H, 2H) -> (2H, D + 1 + H)
        W_input = np.concatenate((Wx[:, 2 * H :], np.atleast_2d(b)[:1, 2 * H :])).T  # (D + 1, H) -> (H, D + 1)
        W_past = self.past_weights()

        with np.errstate(over="ignore"):
            for t in range(T):
                h, past = hs[t], pasts[t % steps]
                z, r, h_hat = _split(gates[t % steps])
                zr = gates[t % steps, : 2 * H]
                np.matmul(W_zr, ins[t], out=zr)  # (2H, D + 1 + H) @ (D + 1 + H, N) -> (2H, N)
                sigmoid_of_negated(zr)
                np.matmul(W_input, ins[t, : D + 1], out=h_hat)  # (H, D + 1) @ (D + 1, N) -> (H, N)
                self.add_past(h_hat, r, ins[t, D:], past, W_past, product)
                np.tanh(h_hat, out=h_hat)
                # h' = (1 - z) h + z h~ = h + z (h~ - h)
                h_next = np.subtract(h_hat, h, out=hs[t + 1])
                h_next *= z
                h_next += h
                overwrite_masked(h_next, h, masked[t])
                out[:, t] = h_next.T  # (H, N) -> (N, H)

        self.cache = None if self.inference else (ins, masked, pasts, gates)
        self.save_state(hs[T].T.copy())
        return out

    def backward_steps(self, dhs):
        Wx, Wh, _ = self.params
        ins, masked, pasts, gates = self.cached()
        T, N = len(masked), ins.shape[2]
        D, H = len(Wx), len(Wh)
        dhs, dxs = self.prepare_backward(dhs, T, N)
        hs = ins[:, D + 1 :]
        # Blocks of H rows: h~, z, r are what x meets; from z on, as many as W_state has, what the state meets.
        steps = steps_at_once(T, N)
        das, dhs_chunk = self.buffer("das", steps, 4 * H, N), self.buffer("dhs_chunk", steps, H, N)
        W_x = np.concatenate((Wx[:, 2 * H :], Wx[:, : 2 * H]), axis=1)  # (D, 3H) in the order h~, z, r
        W_state = self.state_weights()
        state_rows = slice(H, H + W_state.shape[1])
        dWx, dWh = self.buffer("dWx", D + 1, 3 * H), self.buffer("dWh", 1 + H, 3 * H)
        dh_prev, direct = self.buffer("dh_prev", H, N), self.buffer("direct", H, N)
        dh_prev[...] = 0

        for t in reversed(range(T)):
            if t == T - 1 or (t + 1) % steps == 0:
                self.read_chunk(dhs, t, dhs_chunk)
            h = hs[t]
            z, r, h_hat = _split(gates[t])
            da = das[t % steps]
            dah, daz, dar, dpast = da.reshape(4, H, N)
            dh = dhs_chunk[t % steps]
            dh += dh_prev
            # dah = dh z (1 - h~^2)
            np.multiply(h_hat, h_hat, out=dah)
            np.subtract(1, dah, out=dah)
            dah *= np.multiply(dh, z, out=direct)
            # daz = dh (h~ - h) z (1 - z); direct = dh (1 - z), the gradient of h in (1 - z) h
            np.subtract(dh, direct, out=direct)
            np.subtract(h_hat, h, out=daz)
            daz *= z
            daz *= direct
            np.subtract(1, r, out=dar)
            dar *= r
            self.past_backward(dah, dar, dpast, r, h, pasts[t], direct)
            overwrite_masked(da, 0, masked[t])
            np.matmul(W_state, da[state_rows], out=dh_prev)  # (H, 2H or 3H) @ (2H or 3H, N) -> (H, N)
            dh_prev += direct
            overwrite_masked(dh_prev, dh, masked[t])
            if t % FLUSH == 0:
                self.flush(dh_prev)
            if t % steps == 0:
                chunk = slice(t, min(t + steps, T))
                da_chunk = self.merge_steps("da_chunk", das[: chunk.stop - t])  # (steps, 4H, N) -> (4H, steps N)
                self.write_input_grad(da_chunk[: 3 * H], W_x, dxs[:, chunk])
                first = chunk.stop == T
                self.add_weight_grad(da_chunk[: 3 * H], ins[chunk, : D + 1], dWx, first)
                self.add_state_grad(da_chunk, ins[chunk, D:], pasts[chunk], dWh, first)

        self.dh = dh_prev.T.copy()
        dWx = np.concatenate((dWx[:, H:], dWx[:, :H]), axis=1)  # h~, z, r -> z, r, h~
        self.grads[0][...], self.grads[1][...] = dWx[:D], dWh[1:]
        for grad, row in zip(np.atleast_2d(self.grads[2]), (dWx[D], dWh[0])):
            grad[...] = row
        return dxs


class TimeGRU(TimeGRUBase):
    """A whole sequence of GRU steps. Wx: (D, 3H), Wh: (H, 3H), b: (3H,)."""

    cell_class = GRU

    def past_weights(self):
        return self.params[1][:, -len(self.params[1]) :].T  # (H, H) -> (H, H)

    def state_weights(self):
        return self.params[1][:, : 2 * len(self.params[1])]

    def add_past(self, h_hat, r, ones_and_h, past, W_past, product):
        """h_hat += W_past (r h), and past = r h."""
        np.multiply(r, ones_and_h[1:], out=past)
        h_hat += np.matmul(W_past, past, out=product)  # (H, H) @ (H, N) -> (H, N)

    def past_backward(self, dah, dar, dpast, r, h, past, direct):
        np.matmul(self.params[1][:, -len(h) :], dah, out=dpast)  # (H, H) @ (H, N) -> (H, N)
        dar *= h
        dar *= dpast
        direct += np.multiply(dpast, r, out=dpast)

    def add_state_grad(self, da, ones_and_hs, pasts, dWh, first):
        H = len(dWh) - 1
        self.add_weight_grad(da[H : 3 * H], ones_and_hs[:, 1:], dWh[1:, : 2 * H], first)
        self.add_weight_grad(da[:H], pasts, dWh[1:, 2 * H :], first)


def _split(a):
    """(3H, N) -> views z, r, h~ of (H, N)."""
    return a.reshape(3, len(a) // 3, a.shape[1])
