"""Which words made a decision: integrated gradients, occlusion, and what the model thought after every word.

All three speak of one number, the margin: how far the score of the answer stands above the others. For two classes
that is the log odds of the answer; for more, its logit less the mean of the other logits.
"""

from dataclasses import dataclass

import numpy as np

from ch_sentiment.model import SentimentNet, to_probabilities
from common.pooling import TimeAttentionPooling
from dataset.errors import DataError
from dataset.text import KEEPS, UNK, tokenize

TOLERANCE = 0.01  # of the difference that the attributions must add up to
FEWEST, MOST = 32, 1024  # steps from the baseline to the text: doubled until the tolerance is kept
BATCH = 32  # steps that are computed together
LEVELS = 5  # of strength, on each side of 0


@dataclass
class Path:
    """Integrated gradients of one text. attributions: (T,), one a word. margin: of the text. baseline: that of zero
    vectors in the place of its words. steps: how many points of the way between them were looked at.
    """

    attributions: np.ndarray
    margin: float
    baseline: float
    steps: int

    @property
    def gap(self):
        """What the sum of the attributions is short of margin - baseline."""
        return self.margin - self.baseline - float(self.attributions.sum())

    def complete(self):
        """Whether the gap is within the tolerance."""
        return abs(self.gap) <= TOLERANCE * abs(self.margin - self.baseline)


@dataclass
class Explanation:
    """What `explain` finds. label_names, probabilities: (C,), of the whole text. answer: the class id explained.

    text: as it came. words: list of T str, as the model reads them. total: how many words the text has, T or more.
    known: (T,) bool. path: Path, or None where the model is not read along word vectors. occlusion: (T,) how much the
    margin falls when a word is left out. so_far: (T,) probability of the answer after each word. attention: (T,)
    weights, or None.
    """

    label_names: list
    probabilities: np.ndarray
    answer: int
    text: str
    words: list
    total: int
    known: np.ndarray
    path: Path | None
    occlusion: np.ndarray
    so_far: np.ndarray
    attention: np.ndarray | None

    @property
    def label(self):
        return self.label_names[self.answer]

    @property
    def probability(self):
        return float(self.probabilities[self.answer])

    @property
    def strength(self):
        """(T,), above 0 where a word speaks for the answer: the attributions, or without them the occlusion."""
        return self.occlusion if self.path is None else self.path.attributions

    def levels(self):
        """(T,) the strength as whole numbers from -LEVELS to LEVELS; the strongest word has one of these two."""
        top = np.abs(self.strength).max()
        return np.rint(LEVELS * self.strength / (top if top > 0 else 1)).astype(int)

    def strongest(self, most):
        """Positions of at most `most` words, the strongest first."""
        return np.argsort(-np.abs(self.strength), kind="stable")[:most]


def explain(model, text):
    """model: Classifier; text: str, cut as in training -> Explanation.

    DataError for a text without words, or without one that the model knows; ValueError where the scores are not finite.
    """
    words = tokenize(text, model.cleaning)
    if not words:
        raise DataError("expected words in the text, got none")
    total = len(words)
    words = KEEPS[model.keep](words, model.max_len)
    ids = model.vocab.encode(words)
    if (ids == UNK).all():
        raise DataError(
            f"expected a word that the model knows, got {len(ids)} unknown ones: the answer would rest on nothing"
        )
    scores = model.scores([ids])
    pool = getattr(model.net, "pool", None)
    attention = pool.attention_weight[0] if isinstance(pool, TimeAttentionPooling) else None
    probabilities = to_probabilities(model.calibrated(scores))[0]
    answer = int(probabilities.argmax())
    weight = margin_weight(answer, scores)
    return Explanation(
        label_names=model.label_names,
        probabilities=probabilities,
        answer=answer,
        text=text,
        words=words,
        total=total,
        known=ids != UNK,
        path=integrated_gradients(model.net, ids, weight) if isinstance(model.net, SentimentNet) else None,
        occlusion=occlusion(model, ids, weight),
        so_far=model.probabilities_of_ids([ids[: t + 1] for t in range(len(ids))])[:, answer],
        attention=attention,
    )


def margin_weight(answer, scores):
    """What the scores, (N,) or (N, C), are weighted with to give the margin of a class: (1,) or (C,)."""
    if scores.ndim == 1:
        return np.array([1.0 if answer == 1 else -1.0], scores.dtype)
    C = scores.shape[1]
    weight = np.full(C, -1 / (C - 1), scores.dtype)
    weight[answer] = 1
    return weight


def margins(scores, weight):
    """Scores, (N,) or (N, C), -> (N,)."""
    return scores.reshape(len(scores), len(weight)) @ weight


def integrated_gradients(net, ids, weight):
    """The gradient of the margin by each word vector, averaged on the straight way from the zero vector to it, times
    the vector. Sundararajan et al. 2017.

    net: SentimentNet. ids: (T,). weight: of `margin_weight`. -> Path. What the text gains over zero vectors is shared
    out among its words: but for the gap, the attributions add up to margin - baseline.
    """
    training = net.training
    net.train(False)
    try:
        vectors, mask = net.vectors(ids[None])  # (1, T, D), (1, T)
        baseline, margin = map(float, _along(net, vectors, mask, np.array([0, 1]), weight)[0])
        steps = FEWEST
        while True:
            shares = (np.arange(steps) + 0.5) / steps
            parts = np.split(shares, range(BATCH, steps, BATCH))
            gradient = sum(_along(net, vectors, mask, part, weight)[1].sum(axis=0) for part in parts) / steps
            path = Path((vectors[0] * gradient).sum(axis=1), margin, baseline, steps)  # (T, D) -> (T,)
            if path.complete() or steps >= MOST:
                return path
            steps *= 2
    finally:
        net.train(training)


def _along(net, vectors, mask, shares, weight):
    """At shares (S,) of the way to the vectors (1, T, D): the margin (S,), and its gradient by them (S, T, D)."""
    S = len(shares)
    points = shares.astype(vectors.dtype)[:, None, None] * vectors  # (S, 1, 1) * (1, T, D)
    scores = net.score(points, np.repeat(mask, S, axis=0))
    return margins(scores, weight), net.score_backward(np.tile(weight, (S, 1)).reshape(scores.shape))


def occlusion(model, ids, weight):
    """How much the margin falls when a word is left out: (T,). model: Classifier. The text without its only word is one
    unknown word. Li et al. 2016.
    """
    without = [np.delete(ids, t) for t in range(len(ids))] if len(ids) > 1 else [np.array([UNK], ids.dtype)]
    return margins(model.scores([ids]), weight) - margins(model.scores(without), weight)
