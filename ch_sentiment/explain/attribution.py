"""Which words made a decision: integrated gradients, occlusion, and the probability after every word.

All three describe one number, the margin: how far the answer stands above the other labels. For two labels that is the
log odds of the answer; for more, its log probability less the mean of the others', which is the same of the logits.
"""

from dataclasses import dataclass

import numpy as np

from ch_sentiment.experiment import answering
from common.checking.integrated_gradients import Path
from dataset.errors import DataError

LEVELS = 5  # of strength, on each side of 0


@dataclass
class Explanation:
    """What `explain` finds. label_names, probabilities: (C,), of the whole text. answer: the class id explained.

    text: as it was passed in. words: list of T str, as the model reads them. total: how many words the text has, T or
    more. known: (T,) bool, or None where the model does not tell. path: Path, or None where the model does not read
    along word vectors. occlusion: (T,) by how much the margin falls when a word is left out. so_far: (T,) probability
    of the answer after each word. attention: (T,) weights, or None.
    """

    label_names: list
    probabilities: np.ndarray
    answer: int
    text: str
    words: list
    total: int
    known: np.ndarray | None
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
        """(T,), above 0 where a word speaks for the answer: the attributions, or the occlusion where there are none."""
        return self.occlusion if self.path is None else self.path.attributions

    def levels(self):
        """(T,) the strength as integers from -LEVELS to LEVELS; the strongest word has one of these two."""
        top = np.abs(self.strength).max()
        return np.rint(LEVELS * self.strength / (top if top > 0 else 1)).astype(int)

    def strongest(self, most):
        """Positions of at most `most` words, the strongest first."""
        return np.argsort(-np.abs(self.strength), kind="stable")[:most]


def explain(model, text):
    """model: TextClassifier; text: str, cut as in training -> Explanation.

    DataError for a text without words, or without one that the model knows; ValueError where its answer is not finite.
    """
    words, total = answering.words_of(model, text)
    if not words:
        raise DataError("expected words in the text, got none")
    known = answering.known(model, words)
    if known is not None and not known.any():
        raise DataError(
            f"expected a word that the model knows, got {len(words)} unknown ones: the answer would rest on nothing"
        )
    (probabilities,) = answering.predict_proba(model, [text])  # (1, C) -> (C,)
    answer = int(probabilities.argmax())
    weight = margin_weight(answer, len(probabilities))
    so_far = answering.predict_proba_of_parts(model, words, beginnings(len(words)))  # (T, C)
    without = answering.predict_proba_of_parts(model, words, all_but_one(len(words)))  # (T, C)
    return Explanation(
        label_names=model.label_names,
        probabilities=probabilities,
        answer=answer,
        text=text,
        words=words,
        total=total,
        known=known,
        path=answering.word_path(model, words, weight),
        occlusion=margins(so_far[-1:], weight) - margins(without, weight),  # (1,) - (T,) -> (T,)
        so_far=so_far[:, answer],
        attention=answering.attention(model, words),
    )


def beginnings(T):
    """The positions of the first word, the first two ... all T: slices."""
    return (slice(t + 1) for t in range(T))


def all_but_one(T):
    """The positions of all T words without the first, without the second ...: (T - 1,) arrays. Li et al. 2016."""
    return (np.delete(np.arange(T), t) for t in range(T))


def margin_weight(answer, num_classes):
    """(C,) what the log probabilities are weighted with to give the margin of a class; they add up to 0."""
    weight = np.full(num_classes, -1 / (num_classes - 1))
    weight[answer] = 1
    return weight


def margins(probabilities, weight):
    """(N, C) probabilities -> (N,). Where one has underflowed to 0, the least positive float stands for it."""
    return np.log(np.maximum(probabilities, np.finfo(np.float64).tiny)) @ weight  # (N, C) @ (C,) -> (N,)
