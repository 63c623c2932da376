"""Several trained models as one: the mean of their probabilities, which is right more often than most of them alone.

Models that differ only in their seed make different mistakes, which the mean evens out. Hansen and Salamon 1990.
"""

from dataclasses import dataclass, fields

import numpy as np

from ch_sentiment.experiment import answering
from dataset.chinese_words import is_han_run
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
        """Removes what every member removes; words, where any member reads words."""
        all_of = [answering.cleaning_of(member) for member in self.members]
        removed = [of.name for of in fields(Cleaning) if of.type is bool]
        tokenizer = "words" if any(each.tokenizer == "words" for each in all_of) else "characters"
        return Cleaning(**{name: all(getattr(each, name) for each in all_of) for name in removed}, tokenizer=tokenizer)

    def predict_proba(self, texts):
        """N texts -> (N, C) probabilities."""
        return mean([answering.predict_proba(member, texts) for member in self.members])

    def predict_proba_of_parts(self, words, parts):
        """As of `answering.TextClassifier`."""
        parts = list(parts)
        return mean(
            [answering.predict_proba_of_parts(member, *self._as_read(member, words, parts)) for member in self.members]
        )

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
        each, found = [[i] for i in range(len(words))], []
        for member in self.members:
            read, of_words = self._as_read(member, words, each)
            mask = answering.known(member, read)
            if mask is None:
                return None
            found.append([np.asarray(mask)[of_word].any() for of_word in of_words])
        return np.any(found, axis=0)  # (members, T) -> (T,)

    def _as_read(self, member, words, parts):
        """Words and parts for a member that reads Chinese as characters, where another one reads words."""
        if answering.cleaning_of(member).tokenizer == self.cleaning.tokenizer:
            return words, parts
        pieces = [list(word) if is_han_run(word) else [word] for word in words]
        places = np.split(np.arange(sum(map(len, pieces))), np.cumsum([len(of_word) for of_word in pieces])[:-1])
        at = np.arange(len(words))
        parts = [np.concatenate([np.zeros(0, int), *(places[i] for i in at[part])]) for part in parts]
        return [piece for of_word in pieces for piece in of_word], parts


def mean(probabilities):
    """List of (N, C) arrays -> (N, C), the mean of them."""
    return np.mean(probabilities, axis=0, dtype=np.float64)
