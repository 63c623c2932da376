"""The space of a random search: ranges of the options of a training, written as lr=0.0001..0.01 or hidden=32,64."""

import argparse
import math
from collections import Counter
from dataclasses import dataclass

from ch_sentiment.experiment.cells import register_cell
from ch_sentiment.experiment.options import FIELDS, GROUP_OF
from dataset.errors import DataError

VARIABLE = {name: f for name, f in FIELDS.items() if GROUP_OF[name] in ("model", "training")}  # so that trials compare


@dataclass(frozen=True)
class Range:
    """name: of an option. values: those to choose from, or the two ends of an interval."""

    name: str
    values: tuple
    interval: bool

    @classmethod
    def parse(cls, text):
        """From NAME=LOW..HIGH or NAME=A,B,C; NAME as on the command line, without its dashes. DataError."""
        name, _, content = text.partition("=")
        name = name.strip().replace("-", "_")
        if name not in VARIABLE or not content:
            raise DataError(f"--vary: expected NAME=VALUES with a name of {', '.join(VARIABLE)}, got {text!r}")
        interval = ".." in content
        values = tuple(_converted(name, part.strip(), text) for part in content.split(".." if interval else ","))
        if interval and not (len(values) == 2 and VARIABLE[name].type in (int, float) and values[0] < values[1]):
            raise DataError(f"--vary: expected LOW..HIGH, two numbers in ascending order, got {text!r}")
        return cls(name, values, interval)

    def sample(self, rng):
        """One value: evenly among those to choose from, or in the interval, there evenly in the logarithm where the
        high end is at least ten times the low one.
        """
        if not self.interval:
            return self.values[rng.integers(len(self.values))]
        low, high = self.values
        logarithmic = low > 0 and high >= 10 * low
        value = math.exp(rng.uniform(math.log(low), math.log(high))) if logarithmic else rng.uniform(low, high)
        return round(value) if VARIABLE[self.name].type is int else float(f"{value:.3g}")

    def __str__(self):
        return f"{self.name}={('..' if self.interval else ',').join(map(str, self.values))}"


def parsed(texts):
    """-> list of Range. DataError for a text that is none, and for a name that comes twice."""
    ranges = [Range.parse(text) for text in texts]
    (name, times), *_ = Counter(r.name for r in ranges).most_common(1)
    if times > 1:
        raise DataError(f"--vary: expected each name once, got {name} {times} times")
    return ranges


def _converted(name, text, whole):
    """A value of an option, from its text. DataError where it cannot be one."""
    argument = VARIABLE[name].metadata["argument"]
    flag = VARIABLE[name].type is bool
    choices = ("true", "false") if flag else argument.get("choices", (text,))
    if text not in choices:
        expected = "true or false" if flag else f"one of {', '.join(choices)}"
        raise DataError(f"--vary {whole}: expected {expected}, got {text!r}")
    try:
        if name == "cell":
            register_cell(text)
        return text == "true" if flag else argument.get("type", str)(text)
    except (argparse.ArgumentTypeError, DataError) as error:
        raise DataError(f"--vary {whole}: {error}") from None
