"""The book's way: an object per step for the embedding and for the cell, sums of dense gradients, dense Adam.

The steps are our own `Embedding` and `LSTM` (`SimpleTimeLSTM`); each Embedding has a dense gradient (V, D) of its own,
as the book's has, and writes all of it. Chapters 4 to 6.
"""

import numpy as np

from benchmarks.speed.ours import Ours
from common.layers import Embedding
from common.recurrent.simple import SimpleTimeLSTM


class Book(Ours):
    """An LSTM's training step, with the weights, head and loss of `Ours`; the texts of a batch have one length."""

    def __init__(self, job):
        super().__init__(job)
        self.net.grads[0] = np.zeros_like(self.net.params[0])  # dense: Adam and clipping work on all of its V rows
        self.recurrent = SimpleTimeLSTM(*self.net.params[1:4])
        self.recurrent.grads = self.net.grads[1:4]

    def forward(self, xs, ts):
        W = self.net.params[0]
        vectors = np.empty((*xs.shape, W.shape[1]), W.dtype)
        self.embeddings = [Embedding(W) for _ in range(xs.shape[1])]
        for t, embedding in enumerate(self.embeddings):
            embedding.grads = [np.zeros_like(W)]
            vectors[:, t] = embedding.forward(xs[:, t])  # (N,) -> (N, D)
        self.hs = self.recurrent.forward(vectors)  # (N, T, D) -> (N, T, H)
        return self.net.loss_layer.forward(self.net.head.forward(self.hs[:, -1])[:, 0], ts)

    def backward(self):
        dhs = np.zeros_like(self.hs)
        dhs[:, -1] = self.net.head.backward(self.net.loss_layer.backward()[:, None])  # (N, 1) -> (N, H)
        dvectors = self.recurrent.backward(dhs)  # (N, T, H) -> (N, T, D)
        total = self.net.grads[0]
        total[...] = 0
        for t, embedding in enumerate(self.embeddings):
            embedding.backward(dvectors[:, t])
            total += embedding.grads[0]
