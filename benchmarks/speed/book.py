"""The book's way: an object per step for the embedding and for the cell, sums of dense gradients, dense Adam.

The steps are our own `Embedding` and `LSTM`; each Embedding has a dense gradient (V, D) of its own, as the book's has,
and writes all of it. Chapters 4 to 6.
"""

import numpy as np

from benchmarks.speed.ours import Ours
from common.layers import Embedding
from common.recurrent.lstm import LSTM


class Book(Ours):
    """An LSTM's training step, with the weights, head and loss of `Ours`; the texts of a batch have one length."""

    def __init__(self, job):
        super().__init__(job)
        self.net.grads[0] = np.zeros_like(self.net.params[0])  # dense: Adam and clipping work on all of its V rows

    def forward(self, xs, ts):
        embed_W, *weights = self.net.params[:4]
        N, T = xs.shape
        H = len(weights[1])
        h, c = np.zeros((N, H), np.float32), np.zeros((N, H), np.float32)
        vectors = np.empty((N, T, embed_W.shape[1]), np.float32)
        self.embeddings, self.cells = [], []
        for t in range(T):
            self.embeddings.append(Embedding(embed_W))
            self.embeddings[t].grads = [np.zeros_like(embed_W)]
            vectors[:, t] = self.embeddings[t].forward(xs[:, t])
        for t in range(T):
            self.cells.append(LSTM(*weights))
            h, c = self.cells[t].forward(vectors[:, t], h, c)
        return self.net.loss_layer.forward(self.net.head.forward(h)[:, 0], ts)

    def backward(self):
        embed_W, *weights = self.net.params[:4]
        sums = [np.zeros_like(W) for W in weights]
        dh = self.net.head.backward(self.net.loss_layer.backward()[:, None])
        dc = np.zeros_like(dh)
        dvectors = np.empty((len(dh), len(self.cells), embed_W.shape[1]), np.float32)
        for t in reversed(range(len(self.cells))):
            dvectors[:, t], dh, dc = self.cells[t].backward(dh, dc)
            for total, grad in zip(sums, self.cells[t].grads):
                total += grad
        embed_sum = self.net.grads[0]
        embed_sum[...] = 0
        for t, embedding in enumerate(self.embeddings):
            embedding.backward(dvectors[:, t])
            embed_sum += embedding.grads[0]
        for grad, total in zip(self.net.grads[1:4], sums):
            grad[...] = total
