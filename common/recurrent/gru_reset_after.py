"""The GRU cell with the reset gate after the product: PyTorch's, Keras's, cuDNN's, ONNX's `linear_before_reset=1`.

    z, r = sigmoid(x Wx + h Wh + b),  h~ = tanh(x Wx + b + r (h Wh + b_h)),  h' = (1 - z) h + z h~

in three blocks of columns in the order z, r, h~. b may be (2, 3H): b[0] is added to x Wx, b[1] to h Wh. One product
with the state is enough, where the book's GRU (`gru`) needs two.
"""

import numpy as np

from common.arrays.checks import as_floats
from common.functions import sigmoid
from common.recurrent.contract import RecurrentWeights, blocks
from common.recurrent.gru import TimeGRUBase


class GRUResetAfter(RecurrentWeights):
    """One step. Wx: (D, 3H), Wh: (H, 3H), b: (3H,) or (2, 3H). forward: x (N, D), h_prev (N, H) -> h_next (N, H)."""

    gates = 3

    def bias_shape(self, b):
        return (2, "3H") if getattr(b, "ndim", 1) == 2 else ("3H",)

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        x = as_floats(self, "x", x, ("N", len(Wx)), Wx.dtype)
        h_prev = as_floats(self, "h_prev", h_prev, (len(x), len(Wh)), Wx.dtype)
        b, b_h = b if b.ndim == 2 else (b, 0)
        az, ar, ah = blocks(x @ Wx + b, 3)  # (N, D) @ (D, 3H) -> (N, 3H) -> 3 of (N, H)
        pz, pr, past = blocks(h_prev @ Wh + b_h, 3)  # (N, H) @ (H, 3H) -> (N, 3H) -> 3 of (N, H)
        z = sigmoid(az + pz)
        r = sigmoid(ar + pr)
        h_hat = np.tanh(ah + r * past)
        self.cache = x, h_prev, z, r, h_hat, past
        return (1 - z) * h_prev + z * h_hat

    def backward(self, dh_next):
        """dh_next (N, H) -> dx (N, D), dh_prev (N, H)."""
        Wx, Wh, _ = self.params
        dWx, dWh, db = self.grads
        x, h_prev, z, r, h_hat, past = self.cached()
        dh_next = as_floats(self, "dh_next", dh_next, h_prev.shape, Wx.dtype)
        dah = dh_next * z * (1 - h_hat**2)
        daz = dh_next * (h_hat - h_prev) * z * (1 - z)
        dar = dah * past * r * (1 - r)
        da = np.hstack((daz, dar, dah))  # of x Wx + b: 3 of (N, H) -> (N, 3H)
        dp = np.hstack((daz, dar, dah * r))  # of h Wh + b_h
        dWx[...] = x.T @ da  # (D, N) @ (N, 3H) -> (D, 3H)
        dWh[...] = h_prev.T @ dp
        for row, d in zip(np.atleast_2d(db), (da, dp)):
            row[...] = d.sum(axis=0)
        return da @ Wx.T, dh_next * (1 - z) + dp @ Wh.T


class TimeGRUResetAfter(TimeGRUBase):
    """A whole sequence of GRUResetAfter steps. Wx: (D, 3H), Wh: (H, 3H), b: (3H,) or (2, 3H)."""

    cell_class, bias_shape = GRUResetAfter, GRUResetAfter.bias_shape

    def past_weights(self):
        _, Wh, b = self.params
        H = len(Wh)
        b_h = b[1:, -H:] if b.ndim == 2 else np.zeros((1, H), b.dtype, like=b)
        return np.concatenate((b_h, Wh[:, -H:])).T  # (1 + H, H) -> (H, 1 + H)

    def state_weights(self):
        return self.params[1]

    def add_past(self, h_hat, r, ones_and_h, past, W_past, product):
        """h_hat += r past, and past = h Wh + b_h."""
        np.matmul(W_past, ones_and_h, out=past)  # (H, 1 + H) @ (1 + H, N) -> (H, N)
        h_hat += np.multiply(r, past, out=product)

    def past_backward(self, dah, dar, dpast, r, h, past, direct):
        np.multiply(dah, r, out=dpast)
        dar *= dah
        dar *= past

    def add_state_grad(self, da, ones_and_hs, pasts, dWh, first):
        self.add_weight_grad(da[len(dWh) - 1 :], ones_and_hs, dWh, first)
