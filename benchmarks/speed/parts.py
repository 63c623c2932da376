"""What is compared with what, and the ratios that were to be reached."""

import statistics
from dataclasses import dataclass, replace

from benchmarks.speed.jobs import Job


@dataclass(frozen=True)
class Ratio:
    """A figure of one job over that of another, round by round. least, most: what was to be reached, if anything."""

    what: str
    above: Job
    below: Job
    figure: str = "seconds"
    least: float | None = None
    most: float | None = None

    def jobs(self):
        return [self.above, self.below]

    def of(self, results):
        """-> the ratio of every round."""
        return [a[self.figure] / b[self.figure] for a, b in zip(results[self.above], results[self.below])]


@dataclass(frozen=True)
class Growth:
    """How a step's time grows with one letter: the slope of a line through (log size, log seconds), round by round."""

    what: str
    letter: str
    points: tuple  # of jobs that differ in this letter alone
    most: float | None = None

    least = None

    def jobs(self):
        return list(self.points)

    def of(self, results):
        """-> the slope of every round."""
        import numpy as np

        sizes = np.log([getattr(job, self.letter) for job in self.points])
        rounds = zip(*(results[job] for job in self.points))
        return [float(np.polyfit(sizes, np.log([r["seconds"] for r in some]), 1)[0]) for some in rounds]


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


@dataclass(frozen=True)
class Sizes:
    """What the jobs are made of: in full, or in seconds (a trial of the command, its numbers mean nothing)."""

    step: Job
    small: dict
    twice: int  # N of the larger batch on two ranks
    many_words: int
    growth: dict
    epoch_texts: int
    answers: int


FULL = Sizes(
    step=Job("step", "ours", threads=2),
    small={"N": 32, "D": 50, "H": 64},
    twice=128,
    many_words=200_000,
    growth={
        "T": (50, 100, 200, 400, 800),
        "N": (16, 32, 64, 128, 256),
        "H": (32, 64, 128, 256, 512),
        "V": (20_000, 50_000, 100_000, 200_000, 400_000),
    },
    epoch_texts=5_000,
    answers=25_000,
)
QUICK = Sizes(
    step=Job("step", "ours", threads=2, N=6, T=8, D=5, H=4, V=300, words=300, steps=2),
    small={"N": 4, "D": 3, "H": 3},
    twice=8,
    many_words=900,
    growth={"T": (4, 8), "N": (3, 6), "H": (4, 8), "V": (300, 600)},
    epoch_texts=40,
    answers=60,
)


def by(side, job, **changes):
    """The same job, done by another side."""
    return replace(job, side=side, **changes)


def over(what, job, **bound):
    """PyTorch's time over ours."""
    return Ratio(what, by("PyTorch", job), job, **bound)


def step(sizes):
    """One training step: forward, backward, clipping, update; texts of one length."""
    two = sizes.step
    one, large = replace(two, threads=1), replace(two, V=sizes.many_words)
    cells = {name: replace(two, cell=cell) for name, cell in (("RNN", "rnn"), ("GRUResetAfter", "gru_after"))}
    return [
        over("LSTM step, 1 thread each: PyTorch / ours", one, least=1.1),
        over("LSTM step, 2 threads each: PyTorch / ours", two, least=0.95),
        *(over(f"{name} step, 2 threads each: PyTorch / ours", job, least=1.0) for name, job in cells.items()),
        over("small LSTM step, 2 threads each: PyTorch / ours", replace(two, **sizes.small), least=0.6),
        Ratio("LSTM step, 2 threads each: the book's way / ours", by("the book's way", two), two, least=8),
        Ratio(f"LSTM step at V={large.V:,} / at V={two.V:,}, ours", large, two, most=1.1),
        Ratio(f"LSTM step at V={large.V:,} / at V={two.V:,}, PyTorch", by("PyTorch", large), by("PyTorch", two)),
        Ratio("LSTM step, 2 threads each: PyTorch with SparseAdam / ours", by("PyTorch, SparseAdam", two), two),
        Ratio("peak memory of the LSTM step's process: ours / PyTorch", two, by("PyTorch", two), "peak", most=0.7),
    ]


def ranks(sizes):
    """The same step on two processes with one thread each, which share every batch (MPI)."""
    one = replace(sizes.step, threads=1, ranks=2)
    jobs = [one, replace(one, N=sizes.twice)]
    return [
        Ratio(
            f"LSTM step, N={job.N}: PyTorch on 2 threads / ours on 2 ranks",
            by("PyTorch", job, threads=2, ranks=1),
            job,
            least=least,
        )
        for job, least in zip(jobs, (1.25, 1.5))
    ]


def epoch(sizes):
    """A pass over the corpus with a bidirectional LSTM; texts of different lengths, like lengths together."""
    job = replace(sizes.step, task="epoch", bidirectional=True, texts=sizes.epoch_texts)
    part = replace(job, texts=sizes.epoch_texts // 5)  # packing takes its time
    return [
        over("epoch, bidirectional LSTM, 2 threads each: PyTorch / ours", job, least=1.0),
        Ratio(f"the same, {part.texts:,} texts, PyTorch on packed sequences / ours", by("PyTorch, packed", part), part),
        Ratio("peak memory of the epoch's process: ours / PyTorch", job, by("PyTorch", job), "peak", most=0.7),
    ]


def growth(sizes):
    """How the time of an LSTM's step grows with T, N, H and V."""
    curves = []
    for letter, values in sizes.growth.items():
        points = tuple(replace(sizes.step, steps=max(2, sizes.step.steps // 4), **{letter: v}) for v in values)
        bound = {"most": 1.05} if letter in "TN" else {}
        curves.append(Growth(f"slope of the step's time in {letter}, ours", letter, points, **bound))
        theirs = tuple(by("PyTorch", job) for job in points)
        curves.append(Growth(f"slope of the step's time in {letter}, PyTorch", letter, theirs))
    return curves


def products(sizes):
    """The matrix products of our step: inside it, and alone, which no implementation can be faster than."""
    return [Alone(replace(sizes.step, task="products", threads=threads)) for threads in (1, 2)]


def predict(sizes):
    """Answers: texts a second from ids, by length, in inference mode; and the time from nothing to the first answer."""
    job = replace(sizes.step, task="predict", bidirectional=True, N=2 * sizes.step.N, texts=sizes.answers)
    first = replace(sizes.step, task="first_answer", threads=1)
    return [
        over(f"prediction of {job.texts:,} texts, 2 threads each: PyTorch / ours", job, least=1.0),
        Ratio("the same, PyTorch on packed sequences / ours", by("PyTorch, packed", job), job),
        Ratio("from nothing to the first answer: PyTorch / `sentifish predict`", by("PyTorch", first), first, "wall"),
        Alone(replace(first, task="read_texts", texts=sizes.answers)),
    ]


PARTS = {f.__name__: f for f in (step, ranks, epoch, growth, products, predict)}


def preparations(chosen, sizes):
    """Jobs that come first: sides that are compared must do the same work, and predictions need a saved model."""
    short = replace(sizes.step, task="agree", threads=1, N=min(sizes.step.N, 8), T=min(sizes.step.T, 30))
    cells = [replace(short, cell=cell) for cell in ("rnn", "gru_after", "lstm")]
    two = replace(short, bidirectional=True)
    jobs = [by("PyTorch", job) for job in (*cells, two)] + [by("PyTorch, packed", two)]
    jobs += [by("PyTorch, SparseAdam", short), by("the book's way", short)]
    if "ranks" in chosen:
        jobs.append(replace(short, ranks=2))
    if "predict" in chosen:
        jobs += [by(side, sizes.step, task="save_model") for side in ("ours", "PyTorch")]
    return jobs
