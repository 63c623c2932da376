"""Word vectors by prediction: CBOW, a word from its neighbours, and skip-gram, the neighbours from the word.

Either is an Embedding and a loss. Mikolov et al. 2013 (a). Book, chapters 3 and 4.
"""

import numpy as np

from common.arrays.checks import as_floats, as_ids, as_rng, as_sizes
from common.arrays.initializers import normal
from common.base_model import BaseModel
from common.layers import Embedding, MatMul, SoftmaxWithLoss
from common.negative_sampling import NegativeSamplingLoss

STD = 0.01  # of the first weights, which are normal


class CBOW(BaseModel):
    """Continuous bag of words: predicts the target from the mean of its contexts' vectors.

    embed: an Embedding of W_in (V, H), the word vectors. loss: a layer of forward(h (N, H), target (N,)) -> loss.
    forward: contexts (N, C) ids, target (N,) ids, as `common.word_counts.create_contexts_target` makes them.
    """

    def __init__(self, embed, loss):
        super().__init__()
        self.embed, self.loss = embed, loss
        self.collect(embed=embed, loss=loss)

    def forward(self, contexts, target):
        contexts = as_ids(self, "contexts", contexts, ("N", "C"), np.inf)
        self.num_contexts = contexts.shape[1]
        h = self.embed.forward(contexts).mean(axis=1)  # (N, C, H) -> (N, H)
        return self.loss.forward(h, target)

    def backward(self, dout=1):
        dh = self.loss.backward(dout) / self.num_contexts
        self.embed.backward(np.repeat(dh[:, None, :], self.num_contexts, axis=1))  # (N, H) -> (N, C, H)


class SkipGram(BaseModel):
    """Predicts each of the contexts from the target's vector; the loss is the sum of theirs. Arguments as of `CBOW`."""

    def __init__(self, embed, loss):
        super().__init__()
        self.embed, self.loss = embed, loss
        self.collect(embed=embed, loss=loss)

    def forward(self, contexts, target):
        contexts = as_ids(self, "contexts", contexts, ("N", "C"), np.inf)
        target = as_ids(self, "target", target, (len(contexts),), np.inf)
        self.num_contexts = C = contexts.shape[1]
        h = np.repeat(self.embed.forward(target), C, axis=0)  # (N, H) -> (N C, H)
        return C * self.loss.forward(h, contexts.reshape(-1))  # the mean over N C of them, times C

    def backward(self, dout=1):
        dh = self.loss.backward(self.num_contexts * dout)  # (N C, H)
        self.embed.backward(dh.reshape(-1, self.num_contexts, dh.shape[1]).sum(axis=1))  # (N, C, H) -> (N, H)


class FullSoftmaxLoss(BaseModel):
    """Which of all V words is the target? From a score h W for each. W: (H, V). A step costs V times H products."""

    def __init__(self, W):
        super().__init__()
        self.scores, self.softmax = MatMul(W), SoftmaxWithLoss()
        self.collect(scores=self.scores, softmax=self.softmax)

    def forward(self, h, target):
        return self.softmax.forward(self.scores.forward(h), target)  # (N, H) -> (N, V) -> loss

    def backward(self, dout=1):
        return self.scores.backward(self.softmax.backward(dout))


def with_full_softmax(Model, vocab_size, hidden_size, rng=None, dtype=np.float32):
    """A CBOW or SkipGram whose loss looks at all words. rng: Generator, int or None."""
    sizes = as_sizes("with_full_softmax", vocab_size=vocab_size, hidden_size=hidden_size)
    W_in, W_out = _weights(*sizes, as_rng("with_full_softmax", rng), dtype)
    return Model(Embedding(W_in), FullSoftmaxLoss(W_out.T))


def with_negative_sampling(Model, counts, hidden_size, sample_size=5, rng=None, dtype=np.float32):
    """A CBOW or SkipGram whose loss looks at the right word and `sample_size` others. counts: (V,), of each word."""
    rng = as_rng("with_negative_sampling", rng)
    counts = as_floats("with_negative_sampling", "counts", counts, ("V",), np.float64)
    (hidden_size,) = as_sizes("with_negative_sampling", hidden_size=hidden_size)
    W_in, W_out = _weights(len(counts), hidden_size, rng, dtype)
    return Model(Embedding(W_in), NegativeSamplingLoss(W_out, counts=counts, sample_size=sample_size, rng=rng))


def _weights(vocab_size, hidden_size, rng, dtype):
    return [normal(vocab_size, hidden_size, STD, rng, dtype) for _ in range(2)]  # (V, H) each
