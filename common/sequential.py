"""A model that is a row of layers and a loss: the shortest way from layers to something that the Trainer trains.

Without a loss it is a layer itself, for another model to hold. Whatever is no straight line (two inputs, tied weights,
a skip) is a child of `BaseModel` instead.
"""

import inspect

import numpy as np

from common.base_model import BaseModel


class Sequential(BaseModel):
    """layers: in the order in which they read, each fed by the one before. loss: a layer with forward(scores, ts).

    As a model, `forward(xs, ts)` -> mean loss and `backward()`. xs (N, T) ids, where `pad` stands for padding (None:
    for nothing): every layer, and the loss, whose `forward` takes a mask gets it. xs (N, ...) floats: there is none.
    A single score for each text, or step, loses its last axis: (N, 1) -> (N,). `scores`: of the last forward, for the
    Trainer's accuracy; None where the loss takes a mask.

    As a layer of another model, `forward(xs, mask=None)` -> the output of the last layer and `backward(dout)` -> the
    gradient of xs. Parameters are named by their layer's position: "0.W", "1.Wx"; of a Sequential in another, "1.0.W".
    """

    def __init__(self, *layers, loss=None, pad=0):
        super().__init__()
        self.collect(**{str(i): layer for i, layer in enumerate(layers)})
        self.loss_layer, self.pad = loss, pad
        self.takes_mask = [_takes_mask(layer) for layer in layers]
        self.loss_takes_mask = loss is not None and _takes_mask(loss)
        self.scores = self.shape = None  # shape: of the output of the last layer, where a loss was made of it

    def predict(self, xs):
        """xs -> scores, without dropout; backward is not available after it."""
        with self.predicting():
            return self.score(xs)

    def forward(self, xs, ts=None, mask=None):
        """With ts -> mean loss; without -> the output of the last layer."""
        if ts is None:
            self.shape = None
            return self._through_layers(xs, mask)
        if self.loss_layer is None:
            raise ValueError("Sequential: expected a loss= to compare with labels, got none")
        scores = self.score(xs)
        self.scores = None if self.loss_takes_mask else scores
        return self.loss_layer.forward(scores, ts, **({"mask": self.mask_of(xs)} if self.loss_takes_mask else {}))

    def backward(self, dout=1):
        """Fills all `grads`; -> the gradient of xs, or None where xs are ids. dout: of what `forward` returned."""
        if self.shape is not None:
            dout = self.loss_layer.backward(dout).reshape(self.shape)  # (N,) -> (N, 1) for a single score
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout

    def score(self, xs):
        """xs -> scores, with the layers as they are set."""
        scores = self._through_layers(xs, self.mask_of(xs))
        self.shape = scores.shape
        return scores[..., 0] if scores.shape[-1] == 1 else scores  # (N, 1) -> (N,)

    def mask_of(self, xs):
        """(N, T) bool, True where a real token stands; None where xs are no ids, or none of them is padding."""
        ids = np.asanyarray(xs)
        return ids != self.pad if ids.dtype.kind in "iu" and self.pad is not None else None

    def _through_layers(self, xs, mask):
        for layer, takes_mask in zip(self.layers, self.takes_mask):
            xs = layer.forward(xs, mask=mask) if takes_mask else layer.forward(xs)
        return xs


def _takes_mask(layer):
    return "mask" in inspect.signature(layer.forward).parameters
