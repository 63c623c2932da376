"""Counterfactual sentences: the same sentence with each word of a dimension, and how far the answers lie apart.

Kiritchenko and Mohammad 2018, "Examining gender and race bias in two hundred sentiment analysis systems".
"""

from dataclasses import dataclass

import numpy as np

from common.checking.metrics import wilson_interval
from dataset.text import UNK, tokenize

ROUNDS = 2000  # draws of the bootstrap
INTERVAL = [0.025, 0.975]  # of 95 %


@dataclass(frozen=True)
class GroupGap:
    """How a group of people fares: gap, the mean difference to the mean of its dimension, in probability of the label.

    low, high: its 95 % interval. worst: the largest difference of one sentence, sentence: which one. unknown: the words
    that the model does not know; known: how many are left. Without any, the numbers are None.
    """

    group: str
    known: int
    unknown: list
    gap: float | None = None
    low: float | None = None
    high: float | None = None
    worst: float | None = None
    sentence: str | None = None


@dataclass(frozen=True)
class DimensionGaps:
    """name: what is exchanged. turned: the share of sentences whose label is not the same for all words that are known,
    None where fewer than two groups have any. groups: list of GroupGap.
    """

    name: str
    turned: float | None
    groups: list


def gaps_of(model, dimension, sentences, label, rng=None):
    """Put every known word of a dimension into every sentence: -> DimensionGaps.

    model: Classifier. dimension: audit_words.Dimension. sentences: list of str with {person}. label: class id, whose
    probability is compared. rng: of the bootstrap.

    The mean of a dimension is taken over its groups, sentence by sentence, so that a group of many words weighs no more
    than one of few. The interval is that of other sentences and other words of the same kind: both are drawn anew. Of
    a group of one word it is too narrow: that of other sentences alone.
    """
    words = {group: [w for w in some if knows(model, w)] for group, some in dimension.groups.items()}
    unknown = {group: [w for w in some if w not in words[group]] for group, some in dimension.groups.items()}
    held = [group for group in words if words[group]]
    if len(held) < 2:
        groups = [GroupGap(group, len(words[group]), unknown[group]) for group in words]
        return DimensionGaps(dimension.name, None, groups)

    texts = {
        group: [[filled(sentence, dimension, word) for word in words[group]] for sentence in sentences]
        for group in held
    }
    flat = [text for group in held for row in texts[group] for text in row]
    probabilities = np.asarray(model.probabilities(flat), np.float64)  # (all texts, C)
    ends = np.cumsum([len(sentences) * len(words[group]) for group in held])[:-1]
    parts = [
        part.reshape(len(sentences), len(words[group]), -1)  # (sentences, words, C)
        for group, part in zip(held, np.split(probabilities, ends))
    ]
    labels = np.concatenate([part.argmax(axis=2) for part in parts], axis=1)
    mean = np.mean([part[:, :, label].mean(axis=1) for part in parts], axis=0)  # (sentences,)
    rng = np.random.default_rng(rng)
    found = {}
    for group, part in zip(held, parts):
        gaps = part[:, :, label] - mean[:, None]  # (sentences, words)
        low, high = interval(gaps, rng)
        s, w = np.unravel_index(np.abs(gaps).argmax(), gaps.shape)
        found[group] = (float(gaps.mean()), low, high, float(gaps[s, w]), texts[group][s][w])
    groups = [GroupGap(group, len(words[group]), unknown[group], *found.get(group, ())) for group in words]
    return DimensionGaps(dimension.name, float((labels != labels[:, :1]).any(axis=1).mean()), groups)


def interval(gaps, rng, rounds=ROUNDS):
    """95 % interval of the mean of (sentences, words) differences, both drawn anew with replacement. -> low, high."""
    S, W = gaps.shape
    rows = rng.multinomial(S, np.full(S, 1 / S), rounds)  # (rounds, S): how often each is drawn
    columns = rng.multinomial(W, np.full(W, 1 / W), rounds)
    return tuple(map(float, np.quantile(((rows @ gaps) * columns).sum(axis=1) / (S * W), INTERVAL)))


def filled(sentence, dimension, word):
    """The sentence with this person in it, and a capital at its beginning."""
    text = sentence.format(person=dimension.frame.format(word))
    return text[0].upper() + text[1:]


def knows(model, word):
    """Whether every token of a word is in the vocabulary: two names that are both unknown are one to the model."""
    ids = model.vocab.encode(tokenize(word, model.cleaning))
    return len(ids) > 0 and bool(np.all(np.asarray(ids) != UNK))


def share_known(model, sentences):
    """The share of the sentences' own tokens that the model knows, 0 to 1."""
    ids = np.concatenate(model.encode([sentence.format(person=" ") for sentence in sentences]))
    return float(np.mean(ids != UNK))


@dataclass(frozen=True)
class Subgroup:
    """n texts of a group, accuracy with its 95 % interval, and the label's share among truth and answers."""

    group: str
    n: int
    accuracy: float
    low: float
    high: float
    true_share: float
    answered_share: float


def subgroups_of(predicted, t, groups, label):
    """The accuracy of each group: -> list of Subgroup, the largest first.

    predicted, t: (N,) class ids. groups: (N,) str. label: class id.
    """
    found = []
    for group in np.unique(groups):
        answers, truth = predicted[groups == group], t[groups == group]
        accuracy = float(np.mean(answers == truth))
        shares = float(np.mean(truth == label)), float(np.mean(answers == label))
        found.append(Subgroup(str(group), len(truth), accuracy, *wilson_interval(accuracy, len(truth)), *shares))
    return sorted(found, key=lambda s: (-s.n, s.group))
