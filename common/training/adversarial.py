"""Adversarial training: each batch is read twice, the second time with its input vectors moved along the gradient.

A model that keeps its answer under the worst small step overfits less. Miyato, Dai and Goodfellow 2017.

It works for any model whose forward and backward come in two halves, with the input vectors between them:

    vectors(xs) -> vectors (N, T, D), mask (N, T)
    read(vectors, mask, ts) -> mean loss, and `scores`; with sample_weight=, where a Trainer is given one
    read_backward(dout=1) -> the gradient of the vectors; overwrites the grads of all that `read` went through
    vectors_backward(dvectors); overwrites the grads of all that `vectors` went through

A layer belongs to one of the halves.
"""

import numpy as np

from common.arrays.checks import as_number
from common.arrays.row_grad import RowGrad
from common.base_model import WrappedModel


class AdversarialTraining(WrappedModel):
    """What a Trainer trains in place of a model that comes in two halves. Nothing is added to the model itself.

    forward: xs (N, T) ids, ts (N,) class ids -> half of the mean loss, plus half of that after each text's vectors were
    moved, together, by a step of length `epsilon` along their gradient, which `backward` takes as a constant. Outside
    of training, the plain loss. sample_weight: (N,) or None, as the model takes it. ValueError unless epsilon > 0.
    """

    def __init__(self, model, epsilon):
        super().__init__(model)
        self.epsilon = as_number(self, "epsilon", epsilon, above=0)
        self.cache = None

    def forward(self, xs, ts, sample_weight=None):
        model, weighted = self.model, {} if sample_weight is None else {"sample_weight": sample_weight}
        vectors, mask = model.vectors(xs)
        loss = model.read(vectors, mask, ts, **weighted)
        self.scores = model.scores
        if not model.training:
            return loss
        dvectors = model.read_backward(0.5)
        # The other half writes over its own grads later; those of embeddings, as large as the vocabulary, are its own.
        grads = [None if isinstance(g, RowGrad) else g.copy() for g in self.grads]
        self.cache = dvectors, grads
        length = np.sqrt((dvectors * dvectors).sum(axis=(1, 2), keepdims=True))  # (N, T, D) -> (N, 1, 1)
        step = dvectors * (self.epsilon / np.maximum(length, np.finfo(length.dtype).tiny))
        return (loss + model.read(vectors + step, mask, ts, **weighted)) / 2

    def backward(self, dout=1):
        """Fills all `grads`."""
        dvectors, grads = self.cache
        dmoved = self.model.read_backward(0.5 * dout)
        for g, first in zip(self.grads, grads):
            if first is not None:
                g += dout * first
        self.model.vectors_backward(dmoved + dout * dvectors)
