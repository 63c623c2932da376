"""Which words made a decision: integrated gradients, occlusion, and what the model thought after every word.

All three speak of one number, the margin: how far the score of the answer stands above the others. For two classes
that is the log odds of the answer; for more, its logit less the mean of the other logits.
"""

from dataclasses import dataclass

import numpy as np

from ch_sentiment.model import SentimentNet, to_probabilities
from common.checking.integrated_gradients import Path, integrated_gradients
from common.pooling import TimeAttentionPooling
from dataset.errors import DataError
from dataset.text import KEEPS, UNK, tokenize

LEVELS = 5  # of strength, on each side of 0


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
    pool = getattr(getattr(model.net, "encoder", None), "pool", None)
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
        path=path_to_words(model.net, ids, weight) if isinstance(model.net, SentimentNet) else None,
        occlusion=occlusion(model, ids, scores, weight),
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


def path_to_words(net, ids, weight, **accuracy):
    """What every word adds to the margin on the straight way from zero vectors to those of the words.

    net: SentimentNet. ids: (T,). weight: of `margin_weight`. accuracy: `tolerance` and `most`, of
    `integrated_gradients`. -> Path: its attributions add up to margin - baseline.
    """
    training = net.training
    net.train(False)
    try:
        vectors, mask = net.vectors(ids[None])  # (1, T, D), (1, T)

        def along(shares):
            S = len(shares)
            points = shares.astype(vectors.dtype)[:, None, None] * vectors  # (S, 1, 1) * (1, T, D)
            scores = net.score(points, np.repeat(mask, S, axis=0))
            with np.errstate(over="ignore", invalid="ignore"):  # Path sees to gradients that are not finite
                gradient = net.score_backward(np.tile(weight, (S, 1)).reshape(scores.shape))
                return Path(shares, margins(scores, weight), (vectors * gradient).sum(axis=2))  # (S, T, D) -> (S, T)

        return integrated_gradients(along, **accuracy)
    finally:
        net.train(training)


def occlusion(model, ids, scores, weight):
    """How much the margin falls when a word is left out: (T,). model: Classifier. scores: of the whole text, (1,) or
    (1, C). The text without its only word is one unknown word. Li et al. 2016.
    """
    without = [np.delete(ids, t) for t in range(len(ids))] if len(ids) > 1 else [np.array([UNK], ids.dtype)]
    return margins(scores, weight) - margins(model.scores(without), weight)
