"""Adversarial training: each batch is read twice, the second time with its word vectors pushed where it hurts.

A net that keeps its answer under the worst small step has learned less by heart. Miyato, Dai and Goodfellow 2017.
"""

import numpy as np


class AdversarialTraining:
    """What a Trainer trains in place of a SentimentNet. Nothing is added to the net, which predicts as ever.

    forward: xs (N, T) ids, ts (N,) class ids -> half of the mean loss, plus half of that after the vectors of each text
    (N, T, D) were moved, together, by a step of length `epsilon` along their gradient. The step counts as constant in
    `backward`. While not training, the plain loss. ValueError unless epsilon > 0.
    """

    def __init__(self, net, epsilon):
        if not epsilon > 0:
            raise ValueError(f"AdversarialTraining: expected epsilon > 0, got {epsilon}")
        self.net, self.epsilon = net, epsilon
        self.params, self.grads, self.param_names = net.params, net.grads, net.param_names
        self.layers, self.frozen, self.weights, self.train = net.layers, net.frozen, net.weights, net.train
        self.scores = None
        self.cache = None

    def forward(self, xs, ts):
        net = self.net
        if not net.training:
            loss = net.forward(xs, ts)
            self.scores = net.scores
            return loss
        vectors, mask = net.vectors(xs)
        loss = net.read(vectors, mask, ts)
        self.scores = net.scores
        dvectors = net.read_backward(0.5)
        self.cache = dvectors, [g.copy() for g in self._read_grads()]
        length = np.sqrt((dvectors * dvectors).sum(axis=(1, 2), keepdims=True))  # (N, 1, 1)
        step = dvectors * (self.epsilon / np.maximum(length, np.finfo(length.dtype).tiny))
        return (loss + net.read(vectors + step, mask, ts)) / 2

    def backward(self, dout=1):
        """Fills all `grads`."""
        dvectors, grads = self.cache
        net = self.net
        dmoved = net.read_backward(0.5 * dout)
        for g, plain in zip(self._read_grads(), grads):
            g += dout * plain
        net.vectors_backward(dmoved + dout * dvectors)

    def _read_grads(self):
        """All but the embeddings'."""
        embeddings = self.net.words.embed, self.net.words.pair_embed
        return [g for layer in self.net.layers if layer not in embeddings for g in layer.grads]
