"""What is trained: runs x seeds, each `sentifish train` with its arguments, in a folder where it is found again."""

import itertools
import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from ch_sentiment.commands.arguments import add_options, typed
from ch_sentiment.console import OneLineParser
from ch_sentiment.experiment.options import FIELDS, Config
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.experiment.run_folder import write_json
from dataset.errors import DataError

RUNS = {  # name: arguments of `sentifish train`
    "rnn": "--cell rnn",
    "gru": "--cell gru",
    "lstm": "--cell lstm",
    "bilstm": "--cell lstm --bidirectional",
    "best": "--recipe best",
    "bow": "--recipe bow",
    "nbsvm": "--recipe nbsvm",
}
SHARED = ("data", "classes", "group_file", "group_column", "validation", "limit", "epochs", "hidden")
MEMBER_SEED = 1000  # so much is added to the seed of each further member
COST = "cost.json"  # in the folder of a training that came to its end


@dataclass
class Training:
    """One run with one seed. own: the arguments of the run alone. options: what all arguments mean (Config).

    member: 0, or from 1 a further training on the same split, for the average of them.
    """

    run: str
    seed: int
    member: int
    own: str
    folder: Path
    arguments: list
    options: Config

    def __str__(self):
        return f"{self.run}, seed {self.seed}" + (f", member {self.member}" if self.member else "")


def plan(told, runs, seeds, out, members=1):
    """-> list of Training, run by run. DataError for a recipe that there is not.

    told: the options of `SHARED` that hold for every run, by name. runs: {name: arguments}. out: folder of them all.
    members: how many trainings of each run and seed, alike in all but what the seed draws besides the split.
    """
    # Data and share are always told, so that no recipe brings its own: all are scored on the same texts.
    told = {"data": FIELDS["data"].default, "validation": FIELDS["validation"].default, **told}
    shared = [f"--{name.replace('_', '-')}={value}" for name, value in told.items()]
    trainings = []
    for (run, own), seed, member in itertools.product(runs.items(), seeds, range(members)):
        folder = out / (f"{run}-seed{seed}" + (f"-member{member}" if member else ""))
        # No cache of tokens: what a training takes must not depend on which one came before it.
        drawn = [f"--seed={MEMBER_SEED * member + seed}", f"--split-seed={seed}"] if member else [f"--seed={seed}"]
        arguments = [*shlex.split(own), *shared, *drawn, f"--out={folder}", "--overwrite", "--no-cache", "--quiet"]
        trainings.append(Training(run, seed, member, own, folder, arguments, meaning(arguments)))
    return trainings


def meaning(arguments):
    """The Config that `sentifish train` takes from these arguments. DataError."""
    parser = OneLineParser(prog="sentifish train")
    add_options(parser)
    return config_of(typed(parser.parse_args(arguments)))


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
        return Config.of({name: value for name, value in content.items() if name not in ("labels", "best_epoch")})
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
