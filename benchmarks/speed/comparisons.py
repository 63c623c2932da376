"""Figures of one job over those of another, how a figure grows, and what was to be reached."""

import statistics
from collections import Counter
from dataclasses import dataclass, replace

from benchmarks.speed.jobs import Job


@dataclass(frozen=True)
class Ratio:
    """A figure of one job over that of another, round by round. least, most: what was to be reached, if anything;
    stretch: what would be better still. above: forms of the same work, of which the fastest of a round counts.
    """

    what: str
    above: Job | tuple
    below: Job
    figure: str = "seconds"
    least: float | None = None
    most: float | None = None
    stretch: float | None = None

    @property
    def forms(self):
        """The Jobs above."""
        return self.above if isinstance(self.above, tuple) else (self.above,)

    def jobs(self):
        return [*self.forms, self.below]

    def without(self, skipped):
        """The same over the forms that are not among `skipped`; None where none is left, or nothing to compare with."""
        forms = tuple(job for job in self.forms if job not in skipped)
        return replace(self, above=forms) if forms and self.below not in skipped else None

    def fastest(self, results):
        """The form of every round that counts: list of Job."""
        rounds = range(len(results[self.below]))
        return [min(self.forms, key=lambda job: results[job][i].get("seconds", 0)) for i in rounds]

    def of(self, results):
        """-> the ratio of every round."""
        below = results[self.below]
        best = enumerate(self.fastest(results))
        return [results[job][i][self.figure] / below[i][self.figure] for i, job in best]

    def form(self, results):
        """In words, which form was the fastest in most rounds; "" where there is but one."""
        if len(self.forms) == 1:
            return ""
        return Counter(job.form for job in self.fastest(results)).most_common(1)[0][0]


@dataclass(frozen=True)
class Growth:
    """How a step's time grows with one letter: the slope of a line through (log size, log seconds), round by round."""

    what: str
    letter: str
    points: tuple  # of jobs that differ in this letter alone
    most: float | None = None

    least = stretch = None

    def jobs(self):
        return list(self.points)

    def without(self, skipped):
        return None if any(job in skipped for job in self.points) else self

    def of(self, results):
        """-> the slope of every round."""
        import numpy as np

        sizes = np.log([getattr(job, self.letter) for job in self.points])
        rounds = zip(*(results[job] for job in self.points))
        return [float(np.polyfit(sizes, np.log([r["seconds"] for r in some]), 1)[0]) for some in rounds]

    def form(self, results):
        return ""


@dataclass(frozen=True)
class Alone:
    """A job that is compared with nothing: its figures are in the tables of times."""

    job: Job

    def jobs(self):
        return [self.job]


def reached(comparison, values):
    """Whether the median is within the bound; None where there is no bound."""
    middle = statistics.median(values)
    if comparison.least is not None:
        return middle >= comparison.least
    return None if comparison.most is None else middle <= comparison.most


def verdict(comparison, values):
    """`reached` in words: what was to be reached, the stretch, or neither; "" where there is no bound."""
    if reached(comparison, values) is None:
        return ""
    middle, stretch = statistics.median(values), comparison.stretch
    if stretch is not None and (middle >= stretch if comparison.least is not None else middle <= stretch):
        return "reached, and the stretch"
    return "reached" if reached(comparison, values) else "not reached"
