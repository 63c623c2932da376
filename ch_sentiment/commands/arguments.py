"""The options of a training on the command line: an argument for each, and what was typed by name."""

import argparse

from ch_sentiment.experiment.options import FIELDS, REFUSED
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


def check_typed(names, model):
    """DataError for an option among `names` that a baseline does not have."""
    for name in names:
        if model != "recurrent" and FIELDS[name].metadata["baselines"] == REFUSED:
            raise DataError(f"--{name.replace('_', '-')}: expected a recurrent model, got {model}")
