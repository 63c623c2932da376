"""What a run's last.npz says beside the training itself, so that it can go on: settings, network, words and data."""

import os
from dataclasses import dataclass

from ch_sentiment.experiment.build import rebuild
from ch_sentiment.experiment.load import NAMES
from ch_sentiment.experiment.option import flag
from ch_sentiment.experiment.options import MAY_CHANGE, Config
from common.files.checkpoint import CheckpointError
from common.files.resume import WEIGHT, read_about
from dataset.errors import DataError

PATHS = ("data", "test_data", "group_file", "init_from", "unlabelled", "leave_out")  # options that may be paths


@dataclass
class RunState:
    """config: Config. net: the model, before any training. words: of its vocabulary. data: `Corpus.fingerprint`."""

    config: Config
    net: object
    words: list
    data: str


def about(config, data, net):
    """What `read_run_state` reads back from a checkpoint: a dict that JSON can hold."""
    return {
        "options": with_absolute_paths(config.by_name()),
        "model": type(net).__name__,
        "net": net.config,
        "words": data.vocab.words,
        "data": data.fingerprint,
    }


def with_absolute_paths(options):
    """The options (by name) with the files that they name as they are found from any working folder."""

    def absolute(path):
        named = path is not None and path not in NAMES and os.path.exists(path)
        return os.path.abspath(path) if named else path

    options = {**options, **{name: absolute(options[name]) for name in PATHS}}
    return {**options, "teacher": options["teacher"] and [absolute(path) for path in options["teacher"]]}


def read_run_state(path):
    """-> RunState of the training that is saved there. CheckpointError where the file does not hold one."""
    saved, manifest = read_about(path)
    try:
        options = {"keep_epoch": "best", "average": 0.0, **saved["options"]}  # older versions knew nothing else
        names = [(entry, entry["name"].removeprefix(WEIGHT)) for entry in manifest]
        weights = [{**entry, "name": name} for entry, name in names if name != entry["name"]]
        config, net = Config.of(options), rebuild(saved["model"], saved["net"], weights)
        return RunState(config, net, saved["words"], saved["data"])
    except DataError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else error
        raise CheckpointError(f"{path}: expected a training by `sentifish train` of this version: {why}") from None


def with_changes(config, typed):
    """The Config with the options of `typed` (by name), which must be of those that may change in the middle of a
    training, or the training's own custom cell: naming it imports it. DataError for any other.
    """
    fixed = [name for name in typed if name != "resume" and name not in MAY_CHANGE]
    if ":" in typed.get("cell", "") and typed["cell"] == config.model.cell:
        fixed.remove("cell")
    if fixed:
        names, free = (", ".join(map(flag, some)) for some in (fixed, MAY_CHANGE))
        raise DataError(f"--resume: expected nothing beside it but {free}, got {names}: a training keeps its settings")
    return config.with_(**{name: value for name, value in typed.items() if name != "resume"})


def check_same(state, folder, data):
    """DataError unless these are the texts, the labels and the words that the training began with."""
    began = f"the training in {folder} began with"
    if state.data != data.fingerprint:
        raise DataError(f"--resume: expected the data that {began}, {state.data}, got {data.fingerprint}")
    if state.words != data.vocab.words:
        raise DataError(f"--resume: expected the words that {began}, got others: another version cut the texts up")
