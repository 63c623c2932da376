"""Recurrent layers on top of each other, with their first and last states at hand: for encoders and decoders.

In the encoder the last state of every layer is handed on, and its gradient comes back; in the decoder it is the first.
"""

import numpy as np

from common.base_model import BaseModel
from common.time_layers import TimeBidirectional


class RecurrentStack(BaseModel):
    """layers: list of recurrent layers, or `TimeBidirectional`s of two. residual: from the second layer on, the input
    is added to the output (a skip connection; book, chapter 8), where the gradient passes unchanged.

    forward: xs (N, T, D), mask (N, T) bool or None, states -> hs (N, T, H). states: a tuple for each layer of what it
    starts from, (h,) or (h, c), (N, H) each; None: zero. After it `states` are the last ones, in the same form.
    """

    def __init__(self, layers, residual=False):
        super().__init__()
        self.residual = residual
        self.collect(**{str(i): layer for i, layer in enumerate(layers)})
        self.states = self.dstates = None

    def forward(self, xs, mask=None, states=None):
        self.states = []
        for i, layer in enumerate(self.layers):
            if states is not None:
                layer.set_state(*states[i])
            hs = layer.forward(xs, mask)  # (N, T, D) -> (N, T, H)
            self.states.append(_last_state(layer))
            xs = hs + xs if self.residual and i > 0 else hs
        return xs

    def backward(self, dhs, dlast=None):
        """dhs (N, T, H) -> dxs (N, T, D). dlast: of the last h of each layer, a list of (N, H), or None.

        After it `dstates` are the gradients of the first h of each layer, None for a bidirectional one.
        """
        self.dstates = [None] * len(self.layers)
        for i, layer in reversed(list(enumerate(self.layers))):
            dout = dhs if dlast is None else _with_last(layer, dhs, dlast[i])
            dxs = layer.backward(dout)
            self.dstates[i] = getattr(layer, "dh", None)
            dhs = dxs + dhs if self.residual and i > 0 else dxs
        return dhs


def _last_state(layer):
    """(h,) or (h, c); of both directions (h,), theirs side by side."""
    if isinstance(layer, TimeBidirectional):
        return (np.concatenate((layer.forward_layer.h, layer.backward_layer.h), axis=1),)  # 2 of (N, H) -> (N, 2H)
    return tuple(getattr(layer, name) for name in layer.states)


def _with_last(layer, dhs, dh):
    """dhs (N, T, H), dh added where the last state stands: at the last step, of a backward direction at the first."""
    dhs = dhs.copy(order="K")
    H = dhs.shape[2]
    if isinstance(layer, TimeBidirectional):
        H = len(layer.forward_layer.params[1])
        dhs[:, 0, H:] += dh[:, H:]
    dhs[:, -1, :H] += dh[:, :H]
    return dhs
