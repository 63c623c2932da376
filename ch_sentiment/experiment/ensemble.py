"""Several trained models asked as one: the mean of their probabilities, which errs less than most of them do alone.

Nets that differ in their seed only make other mistakes; what they agree on is left. Hansen and Salamon 1990.
"""

from dataclasses import dataclass

import numpy as np

from ch_sentiment.experiment.classifier import Classifier
from common.checking.calibration import expected_calibration_error
from common.checking.metrics import classification_report
from dataset.errors import DataError


@dataclass
class Average:
    """members: list of Classifier with the same labels. It answers texts as one Classifier does."""

    members: list

    @property
    def label_names(self):
        return self.members[0].label_names

    @property
    def max_len(self):
        return max(member.max_len for member in self.members)

    def has_word(self, text):
        """Whether any of them finds a word in the text."""
        return any(member.has_word(text) for member in self.members)

    def probabilities(self, texts):
        """N texts -> (N, C) probabilities."""
        return mean([member.probabilities(texts) for member in self.members])


def add_argument(parser):
    """`--with MODEL`, any number of times."""
    parser.add_argument(
        "--with",
        dest="others",
        action="append",
        default=[],
        metavar="MODEL",
        help="ask this model, too, and take the mean of the probabilities (any number of times)",
    )


def load(path, others):
    """-> Classifier, or Average of it and the `others`. CheckpointError; DataError where their labels differ."""
    model = Classifier.load(path)
    if not others:
        return model
    members = [model, *map(Classifier.load, others)]
    for other, member in zip(others, members[1:]):
        if list(member.label_names) != list(model.label_names):
            wanted, came = ", ".join(model.label_names), ", ".join(member.label_names)
            raise DataError(f"--with {other}: expected a model of the labels {wanted}, got {came}")
    return Average(members)


def mean(probabilities):
    """List of (N, C) arrays -> (N, C), the mean of them."""
    return np.mean(probabilities, axis=0, dtype=np.float64)


def report(probabilities, t):
    """(N, C) probabilities and (N,) class ids -> the same keys as `Classifier.report`."""
    of_truth = probabilities[np.arange(len(t)), t]
    loss = -np.log(np.maximum(of_truth, np.finfo(np.float64).tiny)).mean()  # a finite loss, however sure and wrong
    found = classification_report(t, probabilities, float(loss))
    return {**found, "ece": expected_calibration_error(probabilities, t)}
