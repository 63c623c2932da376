"""Several trained models as one: the mean of their probabilities, which is right more often than most of them alone.

Models that differ only in their seed make different mistakes, which the mean evens out. Hansen and Salamon 1990.
"""

from dataclasses import dataclass, fields

import numpy as np

from ch_sentiment.experiment import answering
from dataset.text import Cleaning, head_and_tail, tokenize


@dataclass
class Ensemble:
    """An `answering.TextClassifier` of several. members: list of them; ValueError unless all have the same labels in
    the same order.
    """

    members: list

    def __post_init__(self):
        labels = [list(member.label_names) for member in self.members]
        if not labels or any(names != labels[0] for names in labels):
            raise ValueError(f"Ensemble: expected models of the same labels, got {labels}")

    @property
    def label_names(self):
        return self.members[0].label_names

    @property
    def max_len(self):
        """Of the member that reads most, or None where one reads all."""
        lengths = [getattr(member, "max_len", None) for member in self.members]
        return None if None in lengths else max(lengths)

    @property
    def processes(self):
        return answering.processes_of(self.members[0])

    @property
    def cleaning(self):
        """Removes what every member removes."""
        all_of = [answering.cleaning_of(member) for member in self.members]
        return Cleaning(**{of.name: all(getattr(each, of.name) for each in all_of) for of in fields(Cleaning)})

    def predict_proba(self, texts):
        """N texts -> (N, C) probabilities."""
        return mean([answering.predict_proba(member, texts) for member in self.members])

    def predict_proba_of_parts(self, words, parts):
        """As of `answering.TextClassifier`."""
        parts = list(parts)
        return mean([answering.predict_proba_of_parts(member, words, parts) for member in self.members])

    def has_word(self, text):
        """Whether any member reads a word of the text."""
        return any(answering.has_word(member, text) for member in self.members)

    def words(self, text):
        """The first and last words of which every member reads what it reads of the text; how many the text has."""
        found, totals = zip(*(answering.words_of(member, text) for member in self.members))
        if all(words == found[0] for words in found):
            return found[0], max(totals)
        tokens, most = tokenize(text, self.cleaning), max(map(len, found))
        while 0 < most < len(tokens):
            words = head_and_tail(tokens, most)
            joined = " ".join(words)
            if all(answering.words_of(member, joined)[0] == of for member, of in zip(self.members, found)):
                return words, len(tokens)
            most *= 2
        return tokens, len(tokens)

    def known(self, words):
        """(T,) bool: known to any member; None where one does not tell."""
        found = [answering.known(member, words) for member in self.members]
        return None if any(mask is None for mask in found) else np.any(found, axis=0)  # (members, T) -> (T,)


def mean(probabilities):
    """List of (N, C) arrays -> (N, C), the mean of them."""
    return np.mean(probabilities, axis=0, dtype=np.float64)
