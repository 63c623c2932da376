"""The options that `fit` takes by name, and their values as people give them in Python."""

import argparse
import numbers

from ch_sentiment.experiment.option import MAY_BE_NONE
from ch_sentiment.experiment.options import FIELDS, GROUP_OF
from common.arrays.checks import plain_number
from dataset.errors import DataError

OF_FIT = [name for name, group in GROUP_OF.items() if group in ("model", "training")]
OF_FIT += ["recipe", "seed", "calibrate", "abstain", "validation", "split_seed", "limit", "strict", "processes"]
OF_FIT += ["rounds", "student_epochs", "confidence", "class_balance", "unlabelled_weight"]
TYPES = {int: (numbers.Integral, "an int"), float: (numbers.Real, "a float")}
TYPES |= {bool: (bool, "a bool"), str: (str, "a str")}


def checked_options(options):
    """The options of OF_FIT by name, as Python numbers. TypeError for another name; DataError for a wrong value."""
    options = {name: plain_number(value) for name, value in options.items()}
    for name, value in options.items():
        if name not in OF_FIT:
            raise TypeError(f"fit: expected options of {', '.join(OF_FIT)}, got {name}")
        f, argument = FIELDS[name], FIELDS[name].metadata["argument"]
        if value is None and (f.default is None or name in MAY_BE_NONE):
            continue
        kind, called = TYPES[f.type]
        if not isinstance(value, kind) or isinstance(value, bool) != (f.type is bool):
            raise DataError(f"{name}: expected {called}, got {value!r}")
        if value not in argument.get("choices", [value]):
            raise DataError(f"{name}: expected one of {', '.join(argument['choices'])}, got {value!r}")
        try:
            argument.get("type", str)(str(value))
        except argparse.ArgumentTypeError as error:
            raise DataError(f"{name}: {error}") from None
    return options
