"""A model that is a row of layers and a loss: the shortest way from layers to something that the Trainer trains.

Without a loss it is a layer itself, for another model to hold. Whatever is no straight line (two inputs, tied weights,
a skip) is a child of `BaseModel` instead.
"""

import inspect

import numpy as np

from common.arrays.checks import as_array, described
from common.arrays.examples import IGNORED
from common.base_model import BaseModel


class Sequential(BaseModel):
    """layers: in the order in which they read, each fed by the one before. loss: a layer with forward(scores, ts).

    As a model, `forward(xs, ts)` -> mean loss and `backward()`. xs (N, T) ids, where `pad` stands for padding (None:
    for nothing): every layer, and the loss, whose `forward` takes a mask gets it. xs (N, ...) floats: there is none.
    sample_weight is given to the loss. A single score for each text, or step, loses its last axis: (N, 1) -> (N,).
    `predict(xs)` -> scores. `scores`: of the last forward, for the Trainer's accuracy; `step_mask` (N, T): the steps
    that have a score of their own, where the loss takes a mask, else None.

    As a layer of another model, `forward(xs, mask=None)` -> the output of the last layer and `backward(dout)` -> the
    gradient of xs. Parameters are named by their layer's position: "0.W", "1.Wx"; of a Sequential in another, "1.0.W".
    """

    def __init__(self, *layers, loss=None, pad=0):
        super().__init__()
        _check_layers(layers, loss)
        self.collect(**{str(i): layer for i, layer in enumerate(layers)})
        self.loss_layer, self.pad = loss, pad
        self.takes_mask = [_takes_mask(layer) for layer in layers]
        self.of_steps = None if loss is None else _takes_mask(loss)
        self.scores = self.step_mask = self.shape = None  # shape: of the last output, where a loss was made of it

    @property
    def ignore_label(self):
        """The label of a step that the loss leaves out."""
        return getattr(self.loss_layer, "ignore_label", IGNORED)

    def forward(self, xs, ts=None, mask=None, sample_weight=None):
        """With ts -> mean loss; without -> the output of the last layer."""
        if ts is None:
            self.shape = None
            return self._through_layers(xs, mask)
        if self.loss_layer is None:
            raise ValueError("Sequential: expected a loss= to compare with labels, got none")
        self.scores = self.score(xs)
        more = {} if sample_weight is None else {"sample_weight": sample_weight}
        if self.of_steps:
            more["mask"] = mask = self.mask_of(xs)
            self.step_mask = np.ones(self.scores.shape[:2], bool) if mask is None else mask
        return self.loss_layer.forward(self.scores, ts, **more)

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
        ids = as_array(self, "xs", xs)
        return ids != self.pad if ids.dtype.kind in "iu" and self.pad is not None else None

    def _through_layers(self, xs, mask):
        for layer, takes_mask in zip(self.layers, self.takes_mask):
            xs = layer.forward(xs, mask=mask) if takes_mask else layer.forward(xs)
        return xs


def _takes_mask(layer):
    return "mask" in inspect.signature(layer.forward).parameters


def _check_layers(layers, loss):
    """ValueError where a layer or the loss is a class, or stands in the other's place."""
    if len(layers) == 1 and isinstance(layers[0], (list, tuple)):
        raise ValueError(f"Sequential: expected layers one by one, Sequential(*layers), got a {described(layers[0])}")
    for i, layer in enumerate((*layers, *([] if loss is None else [loss]))):
        name = f"layer {i}" if i < len(layers) else "loss="
        missing = [method for method in ("forward", "backward") if not hasattr(layer, method)]
        if isinstance(layer, type) or missing:
            way_out = f": {layer.__name__}(...) makes one" if isinstance(layer, type) else ""
            way_out = " without backward" if missing == ["backward"] else way_out
            got = f"{described(layer)}{way_out}"
            raise ValueError(f"Sequential: expected an object with forward and backward as {name}, got {got}")
    if getattr(loss, "params", None):  # they would not be trained, and its scores are not those of the last layer
        got = f"{type(loss).__name__} with weights of its own (a child of BaseModel collects it like a layer)"
        raise ValueError(f"Sequential: expected a loss without weights, got {got}")
    for i, layer in enumerate(layers):
        needed = [p for p in inspect.signature(layer.forward).parameters.values() if p.default is p.empty]
        if len([p for p in needed if p.kind is p.POSITIONAL_OR_KEYWORD]) > 1:
            expected = "layers with forward(xs), or forward(xs, mask)"
            got = f"{type(layer).__name__}.forward{inspect.signature(layer.forward)} as layer {i}"
            raise ValueError(f"Sequential: expected {expected}, got {got} (a loss: loss={type(layer).__name__}(...))")
