"""Counterfactual sentences: the same sentence with each word of a dimension, and how far the answers lie apart.

Kiritchenko and Mohammad 2018, "Examining gender and race bias in two hundred sentiment analysis systems".
"""

from dataclasses import dataclass

import numpy as np

from ch_sentiment.audit.words import DIMENSIONS, SENTENCES
from ch_sentiment.experiment import answering
from common.checking.intervals import two_way_bootstrap, wilson_interval

SEED = 0  # of the bootstrap


@dataclass(frozen=True)
class GroupGap:
    """gap: the mean difference of a group of people to the mean of its dimension, in probability of the label.

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


@dataclass(frozen=True)
class Subgroup:
    """n texts of a group, accuracy with its 95 % interval, and the label's share among true and predicted labels."""

    group: str
    n: int
    accuracy: float
    low: float
    high: float
    true_share: float
    answered_share: float


@dataclass(frozen=True)
class Audit:
    """label: whose probability is compared. sentences: how many. known: the share of their own words that the model
    knows, None where it does not tell. dimensions: list of DimensionGaps. subgroups: list of Subgroup, or None without
    labelled texts.
    """

    label: str
    sentences: int
    known: float | None
    dimensions: list
    subgroups: list | None

    @property
    def compared(self):
        """Whether there is a gap of any group: a model that knows the people of no sentence has none."""
        return any(g.gap is not None for dimension in self.dimensions for g in dimension.groups)


def examine(model, label, subgroups=None):
    """-> Audit of a TextClassifier, for one class id."""
    sentences = [sentence for some in SENTENCES.values() for sentence in some]
    streams = np.random.default_rng(SEED).spawn(len(DIMENSIONS))
    found = [gaps_of(model, dimension, sentences, label, rng) for dimension, rng in zip(DIMENSIONS, streams)]
    return Audit(model.label_names[label], len(sentences), share_known(model, sentences), found, subgroups)


def gaps_of(model, dimension, sentences, label, rng=None):
    """Put every known word of a dimension into every sentence: -> DimensionGaps.

    model: TextClassifier. dimension: words.Dimension. sentences: list of str with {person}. label: class id, whose
    probability is compared. rng: of the bootstrap.

    The mean of a dimension is taken over its groups, sentence by sentence, so that a group of many words weighs no more
    than one of few. The interval is that of other sentences and other words of the same kind: both are resampled. For
    a group of one word it is too narrow: it covers other sentences alone.
    """
    words = {group: [w for w in some if knows(model, w)] for group, some in dimension.groups.items()}
    compared = [group for group in words if words[group]]
    found, turned, rng = {}, None, np.random.default_rng(rng)
    if len(compared) > 1:
        columns = [word for group in compared for word in words[group]]
        texts = [filled(sentence, dimension, word) for sentence in sentences for word in columns]
        p = answering.predict_proba(model, texts).astype(np.float64)
        p = p.reshape(len(sentences), len(columns), -1)  # (S * W, C) -> (S, W, C)
        labels = p.argmax(axis=2)  # (S, W)
        turned = float((labels != labels[:, :1]).any(axis=1).mean())
        ends = np.cumsum([len(words[group]) for group in compared])[:-1]
        parts = np.split(p[:, :, label], ends, axis=1)  # (S, words of the group) each
        mean = np.mean([part.mean(axis=1) for part in parts], axis=0)  # (S,)
        for group, part in zip(compared, parts):
            gaps = part - mean[:, None]
            low, high = two_way_bootstrap(gaps, rng)
            s, w = np.unravel_index(np.abs(gaps).argmax(), gaps.shape)
            worst = float(gaps[s, w]), filled(sentences[s], dimension, words[group][w])
            found[group] = (float(gaps.mean()), low, high, *worst)
    groups = [
        GroupGap(group, len(words[group]), [w for w in some if w not in words[group]], *found.get(group, ()))
        for group, some in dimension.groups.items()
    ]
    return DimensionGaps(dimension.name, turned, groups)


def filled(sentence, dimension, word):
    """The sentence with this person in it, and a capital at its beginning."""
    text = sentence.format(person=dimension.frame.format(word))
    return text[0].upper() + text[1:]


def knows(model, word):
    """Whether every token of a word is in the vocabulary, as far as the model tells: it treats all unknown words
    alike.
    """
    tokens, _ = answering.words_of(model, word)
    known = answering.known(model, tokens)
    return len(tokens) > 0 and (known is None or bool(np.all(known)))


def share_known(model, sentences):
    """The share of the sentences' own tokens that the model knows, 0 to 1; None where it does not tell."""
    tokens = [token for s in sentences for token in answering.words_of(model, s.format(person=" "))[0]]
    known = answering.known(model, tokens)
    return None if known is None else float(np.mean(known))


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
