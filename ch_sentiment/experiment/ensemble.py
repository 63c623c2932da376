"""Several trained models asked as one: the mean of their probabilities, which errs less than most of them do alone.

Models that differ in their seed only make different mistakes; what they agree on is left. Hansen and Salamon 1990.
"""

from dataclasses import dataclass

import numpy as np

from ch_sentiment.experiment import answering


@dataclass
class Ensemble:
    """members: list of `answering.TextClassifier` with the same labels in the same order, else ValueError; it is one,
    too.
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
    def cleaning(self):
        """Of the member that leaves out least."""
        return min(map(answering.cleaning_of, self.members), key=lambda cleaning: len(cleaning.removed))

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
        """Those of the member that reads most, and how many the text has."""
        return max((answering.words_of(member, text) for member in self.members), key=lambda found: len(found[0]))

    def known(self, words):
        """(T,) bool: known to any member; None where one does not tell."""
        found = [answering.known(member, words) for member in self.members]
        return None if any(mask is None for mask in found) else np.any(found, axis=0)  # (members, T) -> (T,)


def mean(probabilities):
    """List of (N, C) arrays -> (N, C), the mean of them."""
    return np.mean(probabilities, axis=0, dtype=np.float64)
