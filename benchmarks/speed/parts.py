"""What is compared with what, and the ratios that were to be reached."""

from dataclasses import dataclass, replace

from benchmarks.speed.comparisons import Alone, Growth, Ratio
from benchmarks.speed.jobs import BEFORE, DEFAULT, Job
from common.cores import cores

FORMS = ("PyTorch", "PyTorch, packed")
COMPILED = "PyTorch, compiled"  # takes half a minute to begin with: for one row alone


@dataclass(frozen=True)
class Sizes:
    """What the jobs are made of: in full, or in seconds (a trial of the command, its numbers mean nothing).

    step: by default, and PyTorch with a thread for each core. before: folder of an older checkout, or "". data,
    group_file, target: of the part `time_to_accuracy`. trainings: (H, D, texts, texts with two directions) of `train`.
    """

    step: Job
    small: dict
    twice: int  # N of the larger batch
    many_words: int
    growth: dict
    epoch_texts: int
    answers: int
    trainings: tuple
    before: str = ""
    data: str = ""
    group_file: str = ""
    target: float = 0.87


FULL = Sizes(
    step=Job("step", DEFAULT, threads=cores()),
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
    trainings=((64, 50, 15_000, 10_000), (128, 100, 8_000, 5_000)),
)
QUICK = Sizes(
    step=Job("step", DEFAULT, threads=cores(), N=6, T=8, D=5, H=4, V=300, words=300, steps=2),
    small={"N": 4, "D": 3, "H": 3},
    twice=8,
    many_words=900,
    growth={"T": (4, 8), "N": (3, 6), "H": (4, 8), "V": (300, 600)},
    epoch_texts=40,
    answers=60,
    trainings=((4, 3, 40, 40),),
    target=0.0,
)


def by(side, job, **changes):
    """The same job, done by another side."""
    return replace(job, side=side, **changes)


def over(what, job, forms=FORMS, **bound):
    """The time of the fastest of PyTorch's forms over that of a job of ours."""
    return Ratio(what, tuple(by(form, job, ranks=1) for form in forms), job, **bound)


def step(sizes):
    """One training step: forward, backward, clipping, update; texts of one length."""
    all_cores = sizes.step
    one, large = by("ours", all_cores, threads=1), replace(all_cores, V=sizes.many_words)
    N = f"N={sizes.twice}"
    gru, rnn = (replace(all_cores, cell=cell) for cell in ("gru_after", "rnn"))
    memory = replace(all_cores, task="memory")
    return [
        over("LSTM step: PyTorch / ours", all_cores, (*FORMS, COMPILED), least=1.4, stretch=1.8),
        over("the same, one thread each: PyTorch / ours", one, least=1.25, stretch=1.5),
        over(f"the same, {N}: PyTorch / ours", replace(all_cores, N=sizes.twice), least=1.7, stretch=2.0),
        over("GRUResetAfter step: PyTorch / ours", gru, least=1.8, stretch=2.2),
        over("RNN step: PyTorch / ours", rnn, least=1.3, stretch=1.6),
        over("small LSTM step: PyTorch / ours", replace(all_cores, **sizes.small), least=1.0, stretch=1.3),
        Ratio("LSTM step: ours, one thread / by default", one, all_cores),
        Ratio("LSTM step, one thread each: the book's way / ours", by("the book's way", one), one, least=8),
        Ratio(f"LSTM step at V={large.V:,} / at V={all_cores.V:,}, ours", large, all_cores, most=1.1),
        Ratio(
            f"LSTM step at V={large.V:,} / at V={all_cores.V:,}, PyTorch",
            by("PyTorch", large),
            by("PyTorch", all_cores),
        ),
        Ratio("LSTM step: PyTorch with SparseAdam / ours", by("PyTorch, SparseAdam", all_cores), all_cores),
        Ratio(
            "memory of all processes of the LSTM step: ours / PyTorch",
            memory,
            by("PyTorch", memory),
            "memory",
            most=0.7,
            stretch=0.5,
        ),
    ]


def ranks(sizes):
    """The same step on a process with one thread for each core, which share every batch over MPI."""
    one = by("ours", sizes.step, threads=1, ranks=max(2, sizes.step.threads))
    found = []
    for job, least in ((one, 1.25), (replace(one, N=sizes.twice), 1.5)):
        theirs = by("PyTorch", job, threads=sizes.step.threads, ranks=1)
        found.append(Ratio(f"LSTM step, N={job.N}: PyTorch / ours on {job.ranks} ranks", theirs, job, least=least))
    return found


def epoch(sizes):
    """A pass over the corpus with a bidirectional LSTM; texts of different lengths, like lengths together."""
    job = replace(sizes.step, task="epoch", bidirectional=True, texts=sizes.epoch_texts)
    part = replace(job, texts=sizes.epoch_texts // 5)  # packing takes its time
    theirs = by("PyTorch", job)
    return [
        over("epoch, bidirectional LSTM: PyTorch / ours", job, ("PyTorch",), least=1.4, stretch=1.7),
        Ratio("the same: ours, one process / by default", by("ours", job), job),
        Ratio(f"the same, {part.texts:,} texts: PyTorch packed / padded", by(FORMS[1], part), by(FORMS[0], part)),
        Ratio("peak memory of the epoch's first process: ours / PyTorch", job, theirs, "peak", most=0.7),
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
    """The matrix products of a step, and what part of the rate of such products, and of a large one, a step has."""
    one, all_cores = by("ours", sizes.step, threads=1), sizes.step
    found = [Alone(by("ours", sizes.step, task="products", threads=n)) for n in dict.fromkeys((1, sizes.step.threads))]
    return found + [Alone(job) for job in (one, by("PyTorch", one), all_cores, by("PyTorch", all_cores))]


def predict(sizes):
    """Answers: texts a second from ids, by length, in inference mode; and the time from nothing to the first answer."""
    job = replace(sizes.step, task="predict", bidirectional=True, N=2 * sizes.step.N, texts=sizes.answers)
    first = replace(sizes.step, task="first_answer", threads=1)
    return [
        over(f"prediction of {job.texts:,} texts: PyTorch / ours", job, least=1.6, stretch=2.0),
        Ratio("the same: ours, one process / by default", by("ours", job), job),
        Ratio("from nothing to the first answer: PyTorch / `sentifish predict`", by("PyTorch", first), first, "wall"),
        Ratio(
            "from nothing to the first answer of `sentifish predict`: before / now",
            by(BEFORE, first, tree=sizes.before),
            first,
            "wall",
            least=1.5,
            stretch=2.0,
        ),
        Alone(by("ours", first, task="read_texts", texts=sizes.answers)),
    ]


def train(sizes):
    """`sentifish train` from its start to its end, an epoch; an older checkout, and this one."""
    found = []
    for directions, (least, stretch) in ((1, (1.7, 2.0)), (2, (1.25, 1.5))):
        for H, D, *texts in sizes.trainings:
            sized = {"H": H, "D": D, "texts": texts[directions - 1], "bidirectional": directions == 2}
            job = replace(sizes.step, task="train", **sized)
            flags = f"--hidden {H} --wordvec {D}{' --bidirectional' * (directions - 1)}"
            older = by(BEFORE, job, tree=sizes.before)
            found.append(Ratio(f"`sentifish train {flags}`: before / now", older, job, "wall", least, stretch=stretch))
    return found


def time_to_accuracy(sizes):
    """Training until so many of the texts held out are answered rightly; the same net and batches, one round alone."""
    job = replace(sizes.step, task="time_to_accuracy", bidirectional=True, H=64, D=64, target=sizes.target)
    job = replace(job, data=sizes.data, group_file=sizes.group_file)
    what = f"`sentifish train --bidirectional` until {sizes.target:.0%} of the validation part: PyTorch / ours"
    return [over(what, job, ("PyTorch",))]


PARTS = {f.__name__: f for f in (step, ranks, epoch, growth, products, predict, train, time_to_accuracy)}
ONCE = ("time_to_accuracy",)  # takes minutes: one round


def preparations(chosen, sizes):
    """Jobs that come first: sides that are compared must do the same work, and predictions need a saved model."""
    if set(chosen) <= {"train", "time_to_accuracy"}:  # which measure whole commands, or compare for themselves
        return []
    short = replace(sizes.step, task="agree", N=min(sizes.step.N, 8), T=min(sizes.step.T, 30))
    one = replace(short, threads=1)
    cells = [replace(one, cell=cell) for cell in ("rnn", "gru_after", "lstm")]
    two = replace(one, bidirectional=True)
    jobs = [by(form, job) for job in (*cells, two) for form in FORMS]
    jobs += [by("PyTorch, SparseAdam", one), by("the book's way", one), replace(short, threads=max(2, short.threads))]
    if "ranks" in chosen:
        jobs.append(by("ours", one, ranks=2))
    if "predict" in chosen:
        jobs += [by(side, sizes.step, task="save_model") for side in ("ours", "PyTorch")]
    return jobs
