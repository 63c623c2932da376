"""The arguments that several commands have: the options of a training, and the model that is asked."""

import argparse
import sys

from ch_sentiment.experiment import answering
from ch_sentiment.experiment.cells import own_cell
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.ensemble import Ensemble
from ch_sentiment.experiment.options import FIELDS, PROBABILITY, REFUSED
from ch_sentiment.experiment.recipes import config_of
from dataset.errors import DataError


def add_options(parser, names=FIELDS):
    """An argument for every option of `names`: --vocab-size for vocab_size. What is not typed is absent from argparse's
    answer, so that `typed` can tell it from what is.
    """
    for name in names:
        f = FIELDS[name]
        argument = {**f.metadata["argument"], "default": argparse.SUPPRESS}
        if "type" in argument:
            argument.setdefault("metavar", "X" if f.type is float else "N")
        if f.default is False:
            argument["action"] = "store_true" if f.metadata["switch"] else argparse.BooleanOptionalAction
        elif f.default is not None:
            argument["help"] += f" (default: {f.default})"
        parser.add_argument("--" + name.replace("_", "-"), **argument)


def typed(arguments):
    """The options that were typed, by name, of what argparse returned."""
    return {name: getattr(arguments, name) for name in FIELDS if hasattr(arguments, name)}


def chosen(options, varied=()):
    """The Config of the options that were typed, and of the recipe among them. DataError where one of them, or of those
    that are `varied`, is refused by the baseline that they name.
    """
    config = config_of(options)
    if config.model.model != "recurrent" and "model" not in varied:
        for name in (*options, *varied):
            if FIELDS[name].metadata["baselines"] == REFUSED:
                raise DataError(f"--{name.replace('_', '-')}: expected a recurrent model, got {config.model.model}")
    return config


def add_model_argument(parser, help="the folder of a training, or its model.npz"):
    """MODEL; `--with MODEL` and `--cell`, any number of times."""
    parser.add_argument("model", help=help)
    also = "ask this model, too, and take the mean of the probabilities (any number of times)"
    parser.add_argument("--with", dest="others", action="append", default=[], metavar="MODEL", help=also)
    own = "the cell or encoder of one's own that a model was trained with (any number of times)"
    parser.add_argument("--cell", dest="cells", action="append", default=[], metavar="PACKAGE.MODULE:CLASS", help=own)


def add_abstain_argument(parser):
    """`--abstain-below P`."""
    sure = "answer 'unsure' where no probability is P or more (default: what `train --abstain` chose; 0: never)"
    parser.add_argument("--abstain-below", type=PROBABILITY, metavar="P", help=sure)


def threshold_of(options, model):
    """The confidence below which a model is unsure: what was typed, else what the model has, else 0 (never). What a
    person should know of it is printed to stderr.
    """
    below, own = options.abstain_below, answering.abstain_below(model)
    if below is None and isinstance(model, Ensemble) and any(map(answering.abstain_below, model.members)):
        line = "the thresholds of single models are not those of their mean: every text is answered (--abstain-below)"
        print(line, file=sys.stderr)
    below = (own or 0.0) if below is None else below
    word = answering.word_for_unsure(model.label_names)
    if below > 0 and word != "unsure":
        print(f"a class is called 'unsure': what is less sure than {below:.4g} is answered {word!r}", file=sys.stderr)
    return below


def load_model(options):
    """-> Classifier, or Ensemble of it and the others. CheckpointError; DataError where their labels differ."""
    for cell in options.cells:
        own_cell(cell)
    model, *others = map(Classifier.load, [options.model, *options.others])
    for path, other in zip(options.others, others):
        if other.label_names != model.label_names:
            wanted, came = ", ".join(model.label_names), ", ".join(other.label_names)
            raise DataError(f"--with {path}: expected a model of the labels {wanted}, got {came}")
    return Ensemble([model, *others]) if others else model
