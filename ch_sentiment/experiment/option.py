"""An option of a training: a field of a dataclass that knows its help text, its range and where it may be used."""

import argparse
import functools
import math
from dataclasses import field

from common.arrays.checks import described
from dataset.errors import DataError


def flag(name):
    """The name of an option on the command line: "--vocab-size" for "vocab_size"."""
    return "--" + name.replace("_", "-")


def number(kind, expected, fits):
    """A converter for argparse: text -> a number of `kind` that `fits`, or an error that says what was expected."""

    def convert(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not fits(value):
            raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
        return value

    return convert


COUNT = number(int, "a whole number above 0 (and below 2^31)", lambda n: 1 <= n < 2**31)
SIZE = number(int, "a whole number, 0 or above", lambda n: 0 <= n < 2**31)
LAYERS = number(int, "a whole number from 1 to 256", lambda n: 1 <= n <= 256)
TRIAL_COUNT = number(int, "a whole number from 1 to 100,000", lambda n: 1 <= n <= 100_000)
CLASSES = number(int, "a whole number above 1", lambda n: n >= 2)
SEED = number(int, "a whole number, 0 or above", lambda n: n >= 0)
NOT_NEGATIVE = number(float, "a number, 0 or above", lambda x: 0 <= x < math.inf)
POSITIVE = number(float, "a number above 0", lambda x: 0 < x < math.inf)
PROBABILITY = number(float, "a number from 0 to 1", lambda x: 0 <= x <= 1)
CORRECT = number(float, "a share above 0, up to 1", lambda x: 0 < x <= 1)
SHARE = number(float, "a number from 0 up to, but not including, 1", lambda x: 0 <= x < 1)

MAY_BE_NONE = ("clip", "patience")  # though that is not the default
KINDS = {int: (int, "a whole number"), float: ((int, float), "a number"), bool: (bool, "true or false")}
KINDS |= {str: (str, "a text"), tuple: (list, "a list of texts")}

REFUSED, IGNORED = "refused", "ignored"  # what happens to options of recurrent models where a baseline is trained


def option(default, text, *, baselines=None, may_change=False, switch=False, **argument):
    """A field with its help text and what else argparse should know of it.

    baselines: REFUSED or IGNORED for an option that they do not have; sizes and shares are ignored, because `compare`
    gives all models the same. may_change: whether a resumed training may have another value. switch: a flag that no
    recipe sets, so that it needs no --no- form.
    """
    more = {"baselines": baselines, "may_change": may_change, "switch": switch}
    return field(default=default, metadata={"argument": {"help": text, **argument}, **more})


def check_saved(f, value):
    """DataError unless the value of an option (its field), as a file holds it, is one that can be given."""
    kind, called = KINDS[f.type]
    argument = f.metadata["argument"]
    if value is None and (f.default is None or f.name in MAY_BE_NONE):
        return
    fits = isinstance(value, kind) and isinstance(value, bool) == (f.type is bool)
    if not fits or (f.type is tuple and not all(isinstance(one, str) for one in value)):
        raise DataError(f"{flag(f.name)}: expected {called}, got {described(value)}")
    if value not in argument.get("choices", [value]):
        raise DataError(f"{flag(f.name)}: expected one of {', '.join(argument['choices'])}, got {described(value)}")
    if f.type in (int, float):
        try:
            argument.get("type", str)(str(value))
        except argparse.ArgumentTypeError as error:
            raise DataError(f"{flag(f.name)}: {error}") from None


share = functools.partial(option, type=SHARE, baselines=IGNORED)
