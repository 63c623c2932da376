"""The exercises by name, each a module in `tasks`, and the learner's file that is cut out of it."""

import difflib
import importlib
import pkgutil
import re
from functools import cache
from pathlib import Path

from ch_sentiment.exercises import tasks
from ch_sentiment.exercises.exercise import Exercise
from dataset.errors import DataError

HEAD = '"""{}"""\n\nimport numpy as np\n\n\n'
FILE = re.compile(r"^# --- the learner's file ---\n(.*?)^# --- the judge ---\n", re.MULTILINE | re.DOTALL)
PART = re.compile(r"^( *)# --- your part: (.*?) ---\n.*?^ *# --- end ---\n", re.MULTILINE | re.DOTALL)
MARKS = re.compile(r"^ *# --- .* ---\n", re.MULTILINE)


def all_names():
    """The names of all exercises, each after those that are to be done before it, by chapter."""
    exercises = {name: load(name) for name in _modules()}

    def depth(name):
        return max((depth(other) + 1 for other in exercises[name].after), default=0)

    return sorted(exercises, key=lambda name: (exercises[name].chapter, depth(name), name))


@cache
def load(name):
    """-> Exercise. DataError where there is none of this name."""
    name = name.replace("-", "_").lower()
    if name not in _modules():
        near = [n for n in _modules() if name and name in n] or difflib.get_close_matches(name, _modules())
        meant = f"; do you mean {' or '.join(near)}?" if near else ""
        raise DataError(f"expected an exercise, one of {', '.join(_modules())}, got {name!r}{meant}")
    module = importlib.import_module(f"{tasks.__name__}.{name}")
    exercise: Exercise = module.EXERCISE
    exercise.name, exercise.title = name, module.__doc__.partition("\n")[0].rstrip(".")
    (code,) = FILE.findall(Path(module.__file__).read_text(encoding="utf-8"))
    head = HEAD.format(module.__doc__)
    exercise.solution = head + MARKS.sub("", code).strip() + "\n"
    exercise.stub = head + PART.sub(r"\1# Your part: \2.\n\1raise NotImplementedError\n", code).strip() + "\n"
    return exercise


def _modules():
    return sorted(module.name for module in pkgutil.iter_modules(tasks.__path__))
