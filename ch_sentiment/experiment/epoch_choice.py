"""Which epoch is kept: that of the lowest validation loss, or the last where too few texts would choose it."""

import numpy as np

from ch_sentiment.experiment.weighting import loss_weights
from common.training.callbacks import EarlyStopping, TrainToLoss
from common.training.class_weight import effective_number

ENOUGH = 50  # texts to validate: the accuracy on fewer may be off by more than 14 points (docs/small_data.md)
FITTED = 0.02  # training loss, at which a training without a choice ends


def keeps_last(config, data):
    """Whether the last epoch is kept, not one that the validation part of a Corpus chooses."""
    kept = config.training.keep_epoch
    return kept == "last" or (kept == "auto" and texts_that_count(config, data) < ENOUGH)


def epoch_keeper(config, data, on_best=None):
    """-> the callback that ends the training and keeps an epoch's weights. on_best: as of EarlyStopping."""
    if keeps_last(config, data):
        return TrainToLoss(FITTED, on_best)
    return EarlyStopping(config.training.patience, on_best=on_best)


def texts_that_count(config, data):
    """How many texts of equal weight the validation part is worth where it chooses an epoch, a float; 0 where a class
    has no text there: of the others alone the loss is lowest for a model that answers nothing else.
    """
    _, weights = loss_weights(data, config.training.class_weight)
    weights = np.ones(len(data.val)) if weights is None else weights  # (N,)
    totals = np.bincount(data.val.t, weights, len(data.label_names))  # (C,)
    return effective_number(weights) if totals.all() else 0.0


def notes(config, data):
    """Lines on the epoch that will be kept; [] where the validation part chooses it."""
    if not keeps_last(config, data):
        return []
    how = f"training goes on to a loss of {FITTED:g}, without --patience, and the last epoch is kept"
    if config.training.keep_epoch == "last":
        return [how]
    return [f"{_too_few(config, data)} to choose an epoch by (--keep-epoch): {how}"]


def unfitted(row):
    """What a training came to that has kept its last epoch before it had fitted its texts. row: of that epoch."""
    right = "" if row["accuracy"] is None else f" and {row['accuracy']:.2%} of the answers to these texts are right"
    epochs = f"{row['epoch']} {'epoch' if row['epoch'] == 1 else 'epochs'}"
    return f"not fitted: after {epochs} the training loss is {row['loss']:.4f}, not {FITTED:g}{right}"


def doubts(config, result):
    """Lines on what a training could not do, for `fit`, which prints nothing: [] where there is nothing to doubt."""
    lines = [] if result.fitted else [f"{unfitted(result.best)} (epochs=, lr=)"]
    N = sum(result.model.metrics["trained_on"]["texts"]["validation"].values())
    chosen = {"calibrate": config.run.calibrate, "abstain": config.run.abstain is not None}
    if N < ENOUGH and any(chosen.values()):
        names = ", ".join(name for name, is_wanted in chosen.items() if is_wanted)
        lines.append(f"{names}: nothing is chosen by fewer than {ENOUGH} validation texts, got {N} (validation=)")
    return lines


def _too_few(config, data):
    """Why the validation part does not choose, as the beginning of a sentence."""
    N, counted = len(data.val), texts_that_count(config, data)
    if N == 0:
        return "no text is held out"
    if counted == 0:
        return "the texts to validate, which lack a class, are no texts"
    weighed = "" if round(counted) == N else f", which weigh as much as {counted:.0f} alike,"
    return f"{N:,} {'text' if N == 1 else 'texts'} to validate{weighed} are fewer than the {ENOUGH} it takes"
