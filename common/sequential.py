"""A model that is a row of layers and a loss: the shortest way from layers to something that the Trainer trains.

Whatever is no straight line (two inputs, tied weights, a skip) is a child of `BaseModel` instead.
"""

import inspect

import numpy as np

from common.base_model import BaseModel


class Sequential(BaseModel):
    """layers: in the order in which they read, each fed by the one before. loss: a layer with forward(scores, ts).

    forward: xs, ts -> mean loss. xs (N, T) ids, where `pad` stands for padding (None: for nothing): every layer whose
    `forward` takes a mask gets it, and so does the loss. xs (N, ...) floats: there is no mask. A single score for each
    text, or step, is handed on without its last axis: (N, 1) -> (N,).
    `scores`: those of the last forward, for the Trainer's accuracy; None where the loss takes a mask, for then they are
    of steps, of which some do not count.
    Parameters are named by their layer's place, from 0: "0.W", "1.Wx".
    """

    def __init__(self, *layers, loss, pad=0):
        super().__init__()
        self.collect(**{str(i): layer for i, layer in enumerate(layers)})
        self.loss_layer, self.pad = loss, pad
        self.masked = [layer for layer in (*layers, loss) if "mask" in inspect.signature(layer.forward).parameters]
        self.scores, self.shape = None, None  # shape: in which the scores left the last layer

    def predict(self, xs):
        """xs -> scores, without dropout, or a way back."""
        with self.predicting():
            return self.score(xs)

    def forward(self, xs, ts):
        """-> mean loss."""
        scores = self.score(xs)
        self.scores = None if self.loss_layer in self.masked else scores
        return self.loss_layer.forward(scores, ts, *self.mask_for(self.loss_layer, xs))

    def backward(self, dout=1):
        """Fills all `grads`; -> the gradient of xs, or None where xs are ids."""
        dout = self.loss_layer.backward(dout).reshape(self.shape)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout

    def score(self, xs):
        """xs -> scores, with the layers as they are set."""
        hs = xs
        for layer in self.layers:
            hs = layer.forward(hs, *self.mask_for(layer, xs))
        self.shape = hs.shape
        return hs[..., 0] if hs.shape[-1] == 1 else hs

    def mask_for(self, layer, xs):
        """The mask as a tuple of one, or of none for a layer that takes no mask."""
        if layer not in self.masked:
            return ()
        ids = np.asanyarray(xs)
        return (ids != self.pad if ids.dtype.kind in "iu" and self.pad is not None else None,)
