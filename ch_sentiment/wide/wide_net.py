"""WideNet: a net whose scores are added to those of a linear model on words and n-grams. Cheng et al. 2016.

The linear part is fitted first and stays as it is; the net learns what it leaves over:

    f(x) = net(x) + linear(x)
"""

import numpy as np

from ch_sentiment.model import SentimentNet
from common.arrays.checks import as_rng, check_ratio
from common.checking.integrated_gradients import Path
from common.training.batches import pad
from common.training.callback import Callback
from dataset.text import KEEPS, PAD


class WideNet(SentimentNet):
    """A SentimentNet made of the parts of another, `net`, and of an NBSVM, `linear`, of which nothing is trained.

    max_len, keep: what the net reads of a longer text (`dataset.text.KEEPS`); the linear part reads all of it.

    xs: (N, T) ids; or, in training, those and the linear scores of these texts, (N,) or (N, C), by models that have not
    seen them: the linear part itself makes fewer errors on the texts that it was fitted on than on others, and the net
    would learn to rely on it. `held_out`: these scores for all training texts, or None. Else as SentimentNet.

    score_dropout: the share of a training batch's texts that the net has to answer without the linear score. A net that
    only learns what the linear part leaves over learns little from few or short texts. rng: draws them.
    """

    def __init__(self, net, linear, max_len, keep="head-and-tail", score_dropout=0.0, rng=None):
        super().__init__(net.words, net.encoder, net.head, net.head_dropout)
        self.linear, self.max_len, self.keep = linear, max_len, keep
        self.score_dropout, self.rng = check_ratio(self, "score_dropout", score_dropout), as_rng(self, rng)
        self.held_out = self.linear_scores = None
        self.frozen = {**self.frozen, **{f"linear.{name}": w for name, w in linear.weights().items()}}
        sizes = {name: linear.config[name] for name in ("vocab_size", "num_classes")}
        self.config = {**sizes, "max_len": max_len, "keep": keep, "net": net.config, "linear": linear.config}

    def vectors(self, xs):
        """xs -> the vectors that the encoder reads (N, T, D), and the mask (N, T). `linear_scores`: those of xs."""
        ids, scores = xs if isinstance(xs, tuple) else (xs, None)
        scores = self.linear.predict(ids) if scores is None else scores
        if scores.ndim == 1 and len(self.head.params[1]) == 2:  # two logits (--softmax): the first of them stays
            scores = np.stack((np.zeros_like(scores), scores), axis=1)  # (N,) -> (N, 2)
        if self.training and self.score_dropout:
            left_out = self.rng.random(len(scores)) < self.score_dropout  # (N,)
            scores = np.where(left_out if scores.ndim == 1 else left_out[:, None], scores.dtype.type(0), scores)
        self.linear_scores = scores
        return super().vectors(self.cut(np.asanyarray(ids)))

    def score(self, vectors, mask):
        """Vectors (N, T, D), mask (N, T) of the last `vectors` -> the sum of both scores, (N,) or (N, C)."""
        return super().score(vectors, mask) + self.linear_scores

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
        by_word = self.linear.by_word(ids)  # (T, K)
        by_word = by_word @ weight[-by_word.shape[1] :]  # (T,); one logit of two is that of the last class

        def both(shares):
            path = along(shares)
            slopes = np.repeat(by_word[None], len(shares), axis=0)  # (T,) -> (S, T)
            slopes[:, self.places(len(ids))] += path.slopes
            return Path(shares, path.margins - (1 - shares) * by_word.sum(), slopes)

        return both


class HeldOutScores(Callback):
    """Keeps `WideNet.held_out` with a training that is saved: to find it again would take all fits of the folds."""

    def __init__(self, net):
        self.net = net

    def state(self):
        return {}, [self.net.held_out]

    def load_state(self, values, arrays):
        (self.net.held_out,) = arrays
