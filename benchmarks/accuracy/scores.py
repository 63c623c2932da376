"""From trained models to figures: which validation texts each answers rightly, and how the runs compare on them."""

import statistics
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy.fingerprint import of_training
from benchmarks.accuracy.trainings import Cost, options_in, whole_cost
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.corpus import encode
from ch_sentiment.experiment.ensemble import mean
from ch_sentiment.experiment.load import load
from common.checking.metrics import Comparison, paired_bootstrap
from dataset.errors import DataError


@dataclass
class Scored:
    """probabilities: (N, C), of the texts of the validation or test part. t: (N,) their class ids. numbers: (N,) which
    texts of the data these are. parameters: how many the model has. settings: the training's `fingerprint`.
    """

    probabilities: np.ndarray
    t: np.ndarray
    numbers: np.ndarray
    parameters: int
    cost: Cost
    settings: str = ""

    @property
    def right(self):
        """(N,) bool: which texts are answered rightly."""
        return self.probabilities.argmax(axis=1) == self.t


@dataclass
class Row:
    """A run over all splits. accuracy, texts: of each split. sd: None for one split. against_best: None for the best.
    settings: the `fingerprint` of what it was trained with.
    """

    run: str
    arguments: str
    accuracy: list
    texts: list
    mean: float
    sd: float | None
    minutes: float
    parameters: int
    peak_mb: float
    against_best: Comparison | None
    settings: str


def score(training):
    """Let the model answer its validation part once more, or the part of --test-data; -> Scored.

    DataError where the share of right answers is not the one that the training reported.
    """
    config = options_in(training.folder)
    corpus = encode(load(config.data), config, cached=True)
    name, part = ("validation", corpus.val) if config.data.test_data is None else corpus.scored
    model = Classifier.load(training.folder)
    nets = [model.net, *([model.net.linear] if hasattr(model.net, "linear") else [])]  # with --wide
    parameters = sum(p.size for net in nets for p in net.params)
    probabilities, cost = model.predict_proba(part.texts), whole_cost(training)  # a self-trained one has its own words
    found = Scored(probabilities, part.t, part.numbers, parameters, cost, of_training(training))
    right, reported = found.right, reported_accuracy(model.metrics, name)
    if round(reported * len(right)) != right.sum():
        wanted = f"{training.folder}: expected the {name} accuracy that the training reported, {reported:.4%}"
        raise DataError(f"{wanted}, got {right.mean():.4%} on {len(right):,} texts; have the data or the code changed?")
    return found


def averaged(members):
    """List of Scored, of one run and one split -> Scored of their mean probabilities, at the cost of them all."""
    first = members[0]
    seconds, peak = sum(m.cost.seconds for m in members), max(m.cost.peak_bytes for m in members)
    probabilities = mean([m.probabilities for m in members])
    parameters = sum(m.parameters for m in members)
    return Scored(probabilities, first.t, first.numbers, parameters, Cost(seconds, peak), first.settings)


def reported_accuracy(metrics, name):
    """That of the part; of a validation part that was not scored at the end, because there was a test part, that of the
    best epoch.
    """
    return metrics[name]["accuracy"] if name in metrics else metrics["best"]["val_accuracy"]


def compare(scored, arguments):
    """-> list of Row, the best mean first. DataError where runs were not scored on the same texts.

    scored: {name of a run: list of Scored, by split}. arguments: {name: str}. Each run is compared with the best on the
    texts of all splits, pooled.
    """
    reference, first = next(iter(scored.items()))
    for run, found in scored.items():
        if not all(np.array_equal(a.numbers, b.numbers) for a, b in zip(found, first)):
            raise DataError(f"{run}: expected the validation texts of {reference}, got others")
    rows = [summary(run, found, arguments[run]) for run, found in scored.items()]
    rows.sort(key=lambda row: -row.mean)
    pooled = {run: np.concatenate([s.right for s in found]) for run, found in scored.items()}
    for row in rows[1:]:
        row.against_best = paired_bootstrap(pooled[row.run], pooled[rows[0].run], rng=0)
    return rows


def summary(run, found, arguments):
    """A Row, not compared yet."""
    accuracy = [float(s.right.mean()) for s in found]
    return Row(
        run,
        arguments,
        accuracy,
        texts=[len(s.right) for s in found],
        mean=statistics.mean(accuracy),
        sd=statistics.stdev(accuracy) if len(accuracy) > 1 else None,
        minutes=statistics.median(s.cost.seconds for s in found) / 60,
        parameters=max(s.parameters for s in found),
        peak_mb=max(s.cost.peak_bytes for s in found) / 1e6,
        against_best=None,
        settings=found[0].settings,
    )
