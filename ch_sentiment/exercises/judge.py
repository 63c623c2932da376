"""Judges a learner's file: what it computes on inputs drawn for this one time, beside what is right.

The file runs in a process of its own, which returns arrays and nothing else; what is right is computed here.
"""

import os
import re
import secrets
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from ch_sentiment.exercises.catalogue import load
from ch_sentiment.exercises.diagnosis import by_mistakes, close, in_general
from ch_sentiment.exercises.exercise import encoded, expected_of
from ch_sentiment.exercises.process import TIME_LIMIT, run_submissions
from dataset.errors import DataError

PATIENCE = 60.0  # seconds for the mistakes, which are ours and end
BEGINNING = 2  # answers before the first step: begun, imported


@dataclass
class Check:
    """One array. passed: None where the file did not get there. says: the likely mistake, "" where none is known."""

    case: str
    name: str
    verb: str
    want: np.ndarray
    got: np.ndarray | None = None
    says: str = ""

    @property
    def passed(self):
        if self.got is None:
            return None
        exactly = self.verb == "unchanged"
        return np.array_equal(self.got, self.want) if exactly else close(self.got, self.want)

    @property
    def worst(self):
        """The index of the element that is furthest from what is right; None where the shape is not right."""
        if self.got is None or self.got.shape != self.want.shape or not self.got.size:
            return None
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.abs(self.got.astype(np.float64) - self.want)
        distance = np.where(np.isnan(distance), np.inf, distance)
        return tuple(map(int, np.unravel_index(distance.argmax(), distance.shape)))

    def as_dict(self):
        """For JSON."""
        at = None if self.passed or self.worst is None else self.worst
        values = {} if at is None else {"got": _number(self.got[at]), "expected": _number(self.want[at])}
        place = {"at": None if at is None else list(at), **values}
        return {"case": self.case, "name": self.name, "passed": self.passed, **place, "diagnosis": self.says}


@dataclass(repr=False)
class Verdict:
    """What was found of a file. problem: one line on why it could not be run to its end, "" where it could."""

    exercise: str
    path: str
    seed: int
    problem: str = ""
    checks: list[Check] = field(default_factory=list)
    printed: str = ""
    unwritten: bool = False

    @property
    def passed(self):
        """Whether every array came and is right."""
        return not self.problem and bool(self.checks) and all(check.passed for check in self.checks)

    def as_dict(self):
        """For JSON."""
        head = {"exercise": self.exercise, "file": self.path, "passed": self.passed, "problem": self.problem or None}
        return {
            **head,
            "checks": [check.as_dict() for check in self.checks],
            "printed": self.printed,
            "seed": self.seed,
        }

    def __str__(self):
        """In one line."""
        wrong = [check for check in self.checks if check.passed is False]
        wrong.sort(key=lambda check: not check.says)  # what can be explained first
        first = f"{wrong[0].name} is wrong ({wrong[0].says or wrong[0].case})" if wrong else ""
        said = "; ".join(filter(None, (first, self.problem))) or "passed"
        return f"{self.exercise}: {self.path}: {said}"

    __repr__ = __str__  # what pytest shows


class Trial:
    """The cases of an exercise, on inputs drawn by each of the seeds, and what is right."""

    def __init__(self, exercise, *seeds):
        self.exercise, self.seeds = exercise, seeds
        self.cases = [case for seed in seeds for case in exercise.cases(np.random.default_rng(seed))]
        self.calls, self.arrays = encoded(self.cases)
        self.expected = expected_of(self.exercise, self.calls, self.arrays)

    def run(self, paths, time_limit=TIME_LIMIT):
        return run_submissions(paths, self.calls, self.arrays, time_limit)

    def verdict(self, path, answers, printed=""):
        """-> Verdict."""
        checks = self.compare(answers)
        if any(check.passed is False for check in checks):
            self.diagnose(checks)
        unwritten = answers.error is not None and answers.error["type"] == "NotImplementedError"
        return Verdict(
            exercise=self.exercise.name,
            path=os.fspath(path),
            seed=self.seeds[0],
            problem=problem(self, answers),
            checks=checks,
            printed=printed,
            unwritten=unwritten,
        )

    def compare(self, answers):
        """-> list of Check, in the order of the calls."""
        checks, found = [], iter(answers.found[BEGINNING:])
        for case, expected in zip(self.cases, self.expected):
            for step, right in zip(case.steps, expected):
                came = next(found, {})
                checks += [Check(case.name, name, step.verb, want, came.get(name)) for name, want in right.items()]
        return checks

    @cached_property
    def mistaken(self):
        """What the mistakes of the exercise give: of each, the list of Check."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, f"mistake{i}.py") for i in range(len(self.exercise.mistakes))]
            for path, mistake in zip(paths, self.exercise.mistakes):
                path.write_text(self.exercise.solution.replace(mistake.right, mistake.wrong), encoding="utf-8")
            return [self.compare(answers) for answers in self.run(paths, PATIENCE)[0]]

    def diagnose(self, checks):
        """Write into the wrong checks what their author is likely to have done."""
        by_mistakes(checks, self.exercise.mistakes, self.mistaken, {case.name: case.arrays() for case in self.cases})
        cases = {case.name: case for case in self.cases}
        changed = {check.case for check in checks if check.verb == "unchanged" and check.passed is False}
        before = {}
        for check in checks:
            key = check.case, check.name.partition(",")[0]
            consequence = check.case in changed and check.verb != "unchanged"  # maybe: then the change is said alone
            if check.passed is False and not check.says and not consequence:
                check.says = in_general(check, cases[check.case], self.exercise.gates, before.get(key))
            if check.got is not None:
                before[key] = check.got

    def where(self, answers):
        """The call that a file did not come back from, in words."""
        number = len(answers.found)
        if number < BEGINNING:
            return "while it was imported"
        steps = [(case, step) for case in self.cases for step in case.steps]
        case, step = steps[min(number - BEGINNING, len(steps) - 1)]
        call = f"while {step.name} was made" if step.verb == "make" else f"in {step.name}"
        return f"{call} ({case.name})"


def check(name, path, time_limit=TIME_LIMIT, seed=None):
    """-> Verdict of the file at `path` as a solution of the exercise `name`. seed: of the inputs; None: a new one.

    DataError where there is no such exercise, or no such file.
    """
    seed = secrets.randbits(32) if seed is None else seed
    trial = Trial(load(name), seed)
    if not Path(path).is_file():
        raise DataError(f"{path}: expected a file of Python, found {'a folder' if Path(path).is_dir() else 'nothing'}")
    (answers,), printed = trial.run([path], time_limit)
    return trial.verdict(path, answers, printed)


def problem(trial, answers):
    """One line on why a file was not run to its end; "" where it was."""
    where = trial.where(answers)
    if answers.ended:
        return f"{answers.ended}, {where}"
    if answers.error is None:
        return ""
    kind, text, line = (answers.error[key] for key in ("type", "text", "line"))
    at = f"line {line}, {where}" if line else where
    if kind == "NotImplementedError":
        return f"not written yet: {at}"
    if kind == "SystemExit":
        return f"it ends the program: {at}"
    if kind == "MemoryError":
        return f"it needs too much memory: {at}"
    if kind == "Unsuitable":
        return f"{text}: {at}" if where not in text else text
    turned = re.search(r"mismatch in its core dimension|\((\d+),(\d+)\) (?:into shape )?\(\2,\1\)", text)
    text += " (is a transpose missing?)" if turned else ""
    return ": ".join(filter(None, (kind, text, at)))


def _number(x):
    """A number for JSON, which has neither NaN nor infinities: as text there."""
    return float(x) if np.isfinite(x) else str(x)
