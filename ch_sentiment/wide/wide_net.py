"""WideNet: a net, and beside it a linear model on words and n-grams; its scores are the sum of both. Cheng et al. 2016.

    f(x) = a net(x) + b linear(x)

The two are trained apart, each to be right by itself, and then a and b are chosen on texts that neither has seen. A net
that is trained to correct the linear part learns less: docs/wide.md has the figures.
"""

import numpy as np

from ch_sentiment.model import SentimentNet
from common.checking.integrated_gradients import Path
from common.layers import SigmoidWithLoss, SoftmaxWithLoss
from common.np import to_cpu
from common.training.batches import pad
from common.training.lbfgs import minimize
from dataset.text import KEEPS, PAD

EVEN = 0.5  # a and b where nothing else is known
PRIOR = 20.0  # texts: so strongly are a and b drawn to EVEN


class WideNet(SentimentNet):
    """A SentimentNet made of the parts of another, `net`, and of an NBSVM, `linear`, of which nothing is trained.

    max_len, keep: what the net reads of a longer text (`dataset.text.KEEPS`); the linear part reads all of it.
    `shares`: (2,) a and b; 1 and 0, which is the net alone, until `join`. Else as SentimentNet.
    """

    def __init__(self, net, linear, max_len, keep="head-and-tail"):
        super().__init__(net.words, net.encoder, net.head, net.head_dropout)
        self.linear, self.max_len, self.keep = linear, max_len, keep
        self.shares = np.array([1, 0], net.head.params[0].dtype)
        self.linear_scores = None
        self.frozen = {**self.frozen, "shares": self.shares}
        self.frozen |= {f"linear.{name}": weights for name, weights in linear.weights().items()}
        sizes = {name: linear.config[name] for name in ("vocab_size", "num_classes")}
        self.config = {**sizes, "max_len": max_len, "keep": keep, "net": net.config, "linear": linear.config}

    def join(self, x, t, sample_weight=None):
        """Choose a and b on N texts that neither part was trained on (`best_shares`); -> which of them the net, the
        linear part and both together answer rightly: list of three (N,) bool.

        x: list of N id arrays. t: (N,) class ids. sample_weight: (N,) or None.
        """
        self.shares[...] = 1, 0
        net, linear = (scores.astype(np.float64) for scores in (self.predict(x), self._linear_scores(x)))
        a, b = self.shares[...] = best_shares(net, linear, t, sample_weight)
        return [_answers(scores) == t for scores in (net, linear, a * net + b * linear)]

    def vectors(self, xs):
        """xs (N, T) ids -> the vectors that the encoder reads (N, T', D), and the mask (N, T')."""
        xs = to_cpu(xs)
        self.linear_scores = self._linear_scores(xs) if self.shares[1] else None
        return super().vectors(self.cut(xs))

    def score(self, vectors, mask):
        """Vectors (N, T', D), mask (N, T') of the last `vectors` -> the sum of both scores, (N,) or (N, C)."""
        scores = super().score(vectors, mask)
        a, b = self.shares
        return scores if self.linear_scores is None else a * scores + b * self.linear_scores

    def score_backward(self, dscores):
        """As of SentimentNet: the linear part has no gradient."""
        return super().score_backward(dscores if self.linear_scores is None else self.shares[0] * dscores)

    def _linear_scores(self, xs):
        """(N, T) ids, or a list of N id arrays, -> scores of the linear part, of the shape of the net's."""
        scores = self.linear.predict(xs)
        if scores.ndim == 1 and len(self.head.params[1]) == 2:  # two logits (--softmax): the first of them stays
            scores = np.stack((np.zeros_like(scores), scores), axis=1)  # (N,) -> (N, 2)
        return scores

    def cut(self, ids):
        """(N, T) ids -> (N, T') ids, T' <= max_len: what the net reads."""
        if ids.ndim != 2 or ids.shape[1] <= self.max_len:
            return ids
        sizes = (ids != PAD).sum(axis=1)  # (N,)
        return pad([row[self.places(size)] for row, size in zip(ids, sizes)])

    def places(self, size):
        """(T',) the positions that the net reads in a text of so many words."""
        return KEEPS[self.keep](np.arange(size), self.max_len)

    def along_both(self, along, ids, weight):
        """From a line through the net's part alone, shares (S,) -> Path, that through both: a share of the linear part
        is that share of each feature. ids: (T,) of a text. weight: of the scores, as many as there are.
        """
        by_word = self.shares[1] * self.linear.by_word(ids)  # (T, K)
        by_word = by_word @ weight[-by_word.shape[1] :]  # (T,); one logit of two is that of the last class

        def both(shares):
            path = along(shares)
            slopes = np.repeat(by_word[None], len(shares), axis=0)  # (T,) -> (S, T)
            slopes[:, self.places(len(ids))] += path.slopes
            return Path(shares, path.margins - (1 - shares) * by_word.sum(), slopes)

        return both


def best_shares(net, linear, t, sample_weight=None):
    """-> (2,) a and b, at least 0, of the least loss of the scores a net + b linear on N texts.

    It is the sum of their losses plus PRIOR / 2 ((a - EVEN)^2 + (b - EVEN)^2), so that a few texts change little. net,
    linear: scores (N,) or (N, C). t: (N,) class ids. sample_weight: (N,) or None.
    """
    loss_layer = SigmoidWithLoss() if net.ndim == 1 else SoftmaxWithLoss()

    def loss_and_gradient(roots):  # of the roots of a and b, so that neither is below 0
        a, b = shares = roots**2
        loss = loss_layer.forward(a * net + b * linear, t, sample_weight) * len(t)
        dscores = loss_layer.backward(len(t))
        slopes = np.array([(dscores * scores).sum() for scores in (net, linear)])
        away = shares - EVEN
        return loss + PRIOR / 2 * float(away @ away), 2 * roots * (slopes + PRIOR * away)

    return minimize(loss_and_gradient, np.full(2, EVEN**0.5), tolerance=1e-6) ** 2


def _answers(scores):
    return (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
