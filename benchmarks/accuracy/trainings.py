"""What is trained: runs x splits, each `sentifish train` with its arguments, in a folder where it is found again."""

import itertools
import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from ch_sentiment.commands.arguments import add_options, typed
from ch_sentiment.console import OneLineParser
from ch_sentiment.experiment.option import flag
from ch_sentiment.experiment.options import FIELDS, Config
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.experiment.run_folder import write_json
from dataset.errors import DataError

# name: arguments of `sentifish train`. {NAME}: the folder of that run on the same split, which is trained first, and
# whose minutes count here, too. {--unlabelled}: these texts, as they are given to the benchmark.
RUNS = {
    "rnn": "--cell rnn",
    "gru": "--cell gru",
    "lstm": "--cell lstm",
    "bilstm": "--cell lstm --bidirectional",
    "best": "--recipe best",
    "best-no-wide": "--recipe best --no-wide",
    "bow": "--recipe bow",
    "nbsvm": "--recipe nbsvm",
    "nbsvm3": "--recipe nbsvm --ngrams 3",
    "unlabelled": "--recipe unlabelled {--unlabelled} --teacher={best}",
}
SHARED = ("data", "classes", "group_file", "group_column", "validation", "limit", "epochs", "hidden")
# The options that {--NAME} stands for; the first of them must be given.
GIVEN = {"unlabelled": ("unlabelled", "leave_out"), "init_from": ("init_from",)}
MUST_BE_GIVEN = [names[0] for names in GIVEN.values()]
OF_SOME = [name for names in GIVEN.values() for name in names if name in FIELDS]  # given to the runs that ask for them
MEMBER_SEED = 1000  # so much is added to the seed of each further member
FOUND = ("labels", "best_epoch", "self_training")  # what a config.json has beside settings
COST = "cost.json"  # in the folder of a training that came to its end


@dataclass(frozen=True)
class Split:
    """Texts to train and to score on. name: of its column, "seed 0". told: options by name; all runs are given them,
    those of `OF_SOME` only if they ask for them.
    """

    name: str
    seed: int
    told: dict = field(default_factory=dict)


@dataclass
class Training:
    """One run on one split. own: the arguments of the run alone. options: what all arguments mean (Config).

    member: 0, or from 1 a further training on the same split, for the average of them. needs: Trainings that come
    first, because this one reads their models.
    """

    run: str
    split: Split
    member: int
    own: str
    folder: Path
    arguments: list
    options: Config
    needs: list

    def __str__(self):
        return f"{self.run}, {self.split.name}" + (f", member {self.member}" if self.member else "")

    @property
    def all_needs(self):
        """The Trainings that it needs, each once, and what these need."""
        found = {need.folder: need for direct in self.needs for need in (*direct.all_needs, direct)}
        return list(found.values())


def splits_of(seeds, told):
    """-> list of Split: each seed draws a validation part of its own. told: as `Split.told`, for all of them."""
    # Data and share are always told, so that no recipe brings its own: all are scored on the same texts.
    told = {"data": FIELDS["data"].default, "validation": FIELDS["validation"].default, **told}
    return [Split(f"seed {seed}", seed, told) for seed in seeds]


def plan(runs, splits, out, members=1):
    """-> list of Training, run by run, and before a run those that it needs. DataError for a recipe that there is not.

    runs: {name: arguments}; those that others need and that are not among them are taken from `RUNS`. out: folder of
    them all. members: how many trainings of each run and split, alike in all but what the seed draws besides the split.
    """
    known = {**RUNS, **runs}
    order = {}  # name: None, those that are needed before those that need them

    def add(run, needed_by=()):
        if run in needed_by:
            raise DataError(f"run {run}: expected no run that needs itself, got {' -> '.join([*needed_by, run])}")
        if run not in known:
            raise DataError(f"run {needed_by[-1]}: expected runs of {', '.join(known)} in braces, got {run}")
        for need in needs_of(known[run]):
            add(need, (*needed_by, run))
        order.setdefault(run)

    for run in runs:
        add(run)
    trainings = {}
    for run, split, member in itertools.product(order, splits, range(members)):
        if member and run not in runs:
            continue
        needs = {need: trainings[need, split.name, 0] for need in needs_of(known[run])}
        folder = folder_of(out, run, split, member)
        own = filled(known[run], split.told, run, {need: training.folder for need, training in needs.items()})
        shared = [f"{flag(name)}={value}" for name, value in split.told.items() if name not in OF_SOME]
        drawn = [f"--seed={MEMBER_SEED * member + split.seed}", *([f"--split-seed={split.seed}"] if member else [])]
        # No cache of tokens: what a training takes must not depend on which one came before it.
        arguments = [*own, *shared, *drawn, f"--out={folder}", "--overwrite", "--no-cache", "--quiet"]
        options = meaning(arguments)
        trainings[run, split.name, member] = Training(
            run, split, member, known[run], folder, arguments, options, list(needs.values())
        )
    return list(trainings.values())


def folder_of(out, run, split, member=0):
    return out / (f"{run}-{split.name.replace(' ', '')}" + (f"-member{member}" if member else ""))


def needs_of(arguments):
    """-> list of the names of runs in the arguments of a run."""
    return list(dict.fromkeys(re.findall(r"\{(\w[^{}]*)\}", arguments)))


def filled(arguments, told, run, folders):
    """The arguments of a run as a list, with options in the place of {--NAME}, and a folder in that of {RUN}. DataError
    where such an option is not told.
    """

    def value(found):
        if not found[1].startswith("--"):
            return shlex.quote(str(folders[found[1]]))
        names = GIVEN.get(found[1][2:].replace("-", "_"))
        if names is None:
            raise DataError(f"run {run}: expected {' or '.join(f'{{{flag(name)}}}' for name in GIVEN)}, got {found[0]}")
        if names[0] not in told:
            raise DataError(f"run {run}: expected {flag(names[0])}, which it needs, got none")
        return " ".join(shlex.quote(f"{flag(name)}={told[name]}") for name in names if name in told)

    return shlex.split(re.sub(r"\{([^{}]*)\}", value, arguments))


def meaning(arguments):
    """The Config that `sentifish train` takes from these arguments. DataError."""
    parser = OneLineParser(prog="sentifish train")
    add_options(parser)
    return config_of(typed(parser.parse_args(arguments)))


def meaning_of_run(arguments):
    """The Config of the arguments of a run, whichever files and folders stand in the place of what is in braces."""
    return meaning(
        filled(arguments, dict.fromkeys(MUST_BE_GIVEN, "FILE"), arguments, dict.fromkeys(needs_of(arguments), "FOLDER"))
    )


def is_done(training):
    """Whether its folder holds this training, come to its end. DataError where that was one with other settings."""
    if not (training.folder / COST).is_file():
        return False
    found, wanted = options_in(training.folder).by_name(), training.options.by_name()
    for name in FIELDS:
        if name != "out" and found[name] != wanted[name]:
            came = f"{found[name]!r}, asked for is {wanted[name]!r}"
            raise DataError(f"{training.folder}: expected a training with the same settings, its {name} is {came}")
    return True


def options_in(folder):
    """The Config of a training. DataError."""
    path = folder / "config.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Config.of({name: value for name, value in content.items() if name not in FOUND})
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path}: expected the settings of a training by this version, got {error}") from None


@dataclass
class Cost:
    """What a training took: wall-clock seconds of its process, and the most memory that it held."""

    seconds: float
    peak_bytes: int


def write_cost(folder, cost):
    """The last that is written to a folder: with it the training is done."""
    write_json(folder / COST, vars(cost))


def cost_in(folder):
    """The Cost of a training that is done."""
    return Cost(**json.loads((folder / COST).read_text(encoding="utf-8")))


def whole_cost(training):
    """The Cost of a training that is done, and of all that it needs: the seconds of all, the largest memory."""
    costs = [cost_in(one.folder) for one in (*training.all_needs, training)]
    return Cost(sum(cost.seconds for cost in costs), max(cost.peak_bytes for cost in costs))
