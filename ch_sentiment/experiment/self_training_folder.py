"""A self-training in a folder: every model and every round's labels in a folder of their own, so that it can go on.

FOLDER/self_training.json: what it began with, and which trainings are done. FOLDER/round-1/net: the folder of a
training, as `sentifish train` writes it. FOLDER/round-1/labels.npz: the texts that the round learns from. At the end,
FOLDER/model.npz is the model that is kept.
"""

import functools
import itertools
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from ch_sentiment.experiment import epoch_choice
from ch_sentiment.experiment.classifier import MODEL, Classifier, model_path
from ch_sentiment.experiment.final_scores import score_kept
from ch_sentiment.experiment.option import flag
from ch_sentiment.experiment.options import MAY_CHANGE
from ch_sentiment.experiment.output import write_json
from ch_sentiment.experiment.run import Result, new_net
from ch_sentiment.experiment.run_folder import LAST, STATE, in_folder, train_in_folder
from ch_sentiment.experiment.run_state import (
    check_same,
    digest,
    read_run_state,
    resume_run,
    saved_config,
    with_absolute_paths,
)
from ch_sentiment.experiment.self_training import Round, Stopped, Teacher, kinds_of, knows_validation, rounds_of
from common.arrays.forms import COUNT, FROM_ONE, SHARE, Number, check_form, check_range
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
from common.files.held_folder import check_stays
from common.files.saved_training import ROW
from dataset.errors import DataError, reading
from dataset.reading.input_file import read_text
from dataset.store.fetch import sha256

LABELS = "labels.npz"
ROUND = {  # what `self_training.labelled` fills in
    **{"number": FROM_ONE, "n": FROM_ONE, "teachers": dict, "accuracy": SHARE, "always": SHARE, "sure": COUNT},
    **{"sure_right": (SHARE, None), "texts": COUNT, "chosen": dict, "unsure": COUNT, "surplus": COUNT},
    **{"reference": (str, None), "before": (SHARE, None), "after": None, "change": None, "kept": None},
}


@dataclass
class State:
    """options: by name. data: `Corpus.fingerprint`. teachers: file -> its sha256. done: names of the trainings that
    came to their end. settings: sha256 of options, data and teachers (`run_state.sealed`); None: of an older version.
    """

    options: dict
    data: str
    teachers: dict
    done: list = field(default_factory=list)
    settings: str | None = None

    @classmethod
    def read(cls, folder):
        """DataError where the file is damaged."""
        path = Path(folder) / STATE
        try:
            with reading(path):
                found = json.loads(read_text(path))
            forms = {"options": dict, "data": str, "teachers": dict, "done": [str], "settings": (str, None)}
            check_form("self-training", {"settings": None, **found} if isinstance(found, dict) else found, forms)
            check_form("teachers", list(found["teachers"].values()), [str])
            state = cls(**found)
            if state.settings not in (None, state.digest):
                raise ValueError("other settings than those that it began with")
            return state
        except (ValueError, TypeError, RecursionError) as error:
            raise DataError(f"{path}: expected the state of a self-training, got another file ({error})") from None

    @property
    def digest(self):
        return digest([self.options, self.data, self.teachers])

    @property
    def config(self):
        try:
            return saved_config(self.options)
        except DataError as error:
            raise DataError(f"{STATE}: expected a self-training of this version: {error}") from None


def is_self_training(folder):
    """Whether this is the folder of one."""
    return (Path(folder) / STATE).is_file()


def load_teachers(config, data):
    """-> list of Teacher that --teacher names. CheckpointError; DataError for a model of other labels."""
    teachers, names = [], set()
    for path in config.unlabelled.teacher or ():
        model = Classifier.load(path)
        whole = Path(path).resolve()
        name = base = (whole.parent if whole.name == MODEL else whole).name  # alike from any working folder
        for number in itertools.count(2):
            if name not in names:
                break
            name = f"{base} ({number})"
        names.add(name)
        if model.label_names != data.label_names:
            wanted, came = ", ".join(data.label_names), ", ".join(model.label_names)
            raise DataError(f"--teacher {path}: expected a model of the labels {wanted}, got {came}")
        teachers.append(Teacher(name, model, knows_validation(model, data), path))
    return teachers


def begin(folder, config, data):
    """-> State of a new self-training, written."""
    options = with_absolute_paths(config.by_name())
    state = State(options, data.fingerprint, _digests(options["teacher"]))
    state.settings = state.digest
    write_json(folder / STATE, asdict(state))
    return state


def check_goes_on(state, folder, config, data):
    """DataError unless data and teachers are those that the self-training began with."""
    began = f"that the self-training in {folder} began with"
    if state.data != data.fingerprint:
        raise DataError(f"--resume: expected the data {began}, {state.data}, got {data.fingerprint}")
    if state.teachers != _digests(config.unlabelled.teacher):
        raise DataError(f"--resume: expected the teachers {began}, got others of the same names")
    kinds, rounds = kinds_of(config, state.teachers), range(bool(state.teachers), rounds_of(config) + 1)
    names = [name for number in rounds for name in (f"round-{number}/{kind}" for kind in kinds)]
    if state.done != names[: len(state.done)]:
        expected = f"expected trainings of {', '.join(names)} in this order, none left out, as done"
        raise DataError(f"{folder / STATE}: {expected}, got {', '.join(map(ascii, state.done))}")
    for name in state.done:
        _history(folder / name)


def read_labels(path, number, data, models):
    """-> arrays, Round of the labels of a round, as `labelled` made them. models: names of those that there are.
    CheckpointError for what cannot be.
    """
    arrays, meta = load_checkpoint(path)
    C, N, M = len(data.label_names), len(data.val), len(data.unlabelled_texts)
    try:
        check_form("round", meta, ROUND | {"chosen": dict.fromkeys(data.label_names, COUNT)})
        check_form("round: teachers", list(meta["teachers"].values()), [SHARE])
        if (
            not meta["teachers"]
            or not models.issuperset(meta["teachers"])
            or meta["reference"] not in (None, *meta["teachers"])
        ):
            raise ValueError(f"expected teachers of {', '.join(sorted(models))}, one of them as reference, got others")
        K = sum(meta["chosen"].values())
        of_reference = N if meta["reference"] is not None else 0
        wanted = {"index": (("i", "u"), (K,)), "targets": (("f",), (K, C)), "before": (("i",), (of_reference,))}
        found = {name: (a.dtype.kind, a.shape) for name, a in arrays.items()}
        for name in {**wanted, **found}:
            kinds, shape = wanted.get(name, ((), None))
            if name not in found or found[name][0] not in kinds or found[name][1] != shape:
                raise ValueError(f"array {name}: expected one of shape {shape}, got {found.get(name, 'none')}")
        check_range("array index", arrays["index"], Number(0, M - 1))
        check_range("array targets", arrays["targets"], SHARE)
        check_range("array before", arrays["before"], SHARE)
        counts = np.bincount(arrays["targets"].argmax(axis=1), minlength=C).tolist()
        in_file = [meta["number"], meta["n"], meta["texts"], *(meta["chosen"][label] for label in data.label_names)]
        known = in_file == [number, N, M, *counts] and len(np.unique(arrays["index"])) == K
        if not known or not np.allclose(arrays["targets"].sum(axis=1), 1, atol=1e-3):
            raise ValueError(f"expected round {number} of {N:,} and {M:,} texts, each chosen once, got other numbers")
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from None
    return arrays, Round(**meta)


def _history(folder):
    """The rows of history.json. DataError where they are none."""
    path = folder / "history.json"
    try:
        with reading(path):
            rows = json.loads(path.read_text(encoding="utf-8"))
        check_form("history", rows, [dict])
        for i, row in enumerate(rows):
            check_form(f"history[{i}]", {name: row[name] for name in ROW if name in row}, ROW)
    except (ValueError, RecursionError) as error:
        raise error if isinstance(error, DataError) else DataError(f"{path}: {error}") from None
    return rows


def _digests(paths):
    """file -> sha256 of the models."""
    digests = {}
    for path in paths or ():
        with reading(path):
            digests[path] = sha256(model_path(path))
    return digests


class FolderRun:
    """What `self_train` needs, in a folder. state: State. given: list of Teacher. callbacks_of: function of
    Config and Corpus -> callbacks of one training, communicator or None. on_train: called with name, data and notes
    before a training. tell, wrapped: as of `self_train`.
    """

    def __init__(self, folder, state, data, given, *, callbacks_of, on_train, tell, wrapped):
        self.folder, self.state, self.data, self.given = folder, state, data, given
        self.callbacks_of, self.on_train, self.tell, self.wrapped = callbacks_of, on_train, tell, wrapped

    def train(self, name, config, data):
        """-> Classifier. Stopped where a signal came; FloatingPointError where the loss is no longer finite."""
        folder = self.folder / name
        check_stays(folder)
        if name in self.state.done:
            return Classifier.load(folder)
        folder.mkdir(parents=True, exist_ok=True)
        goes_on, notes = (folder / LAST).is_file(), []
        if goes_on:
            saved = read_run_state(folder / LAST)
            check_same(saved, folder, data)
            options, own = saved.config.by_name(), with_absolute_paths(config.by_name())
            if others := [flag(name) for name in own if name not in MAY_CHANGE and options[name] != own[name]]:
                raise CheckpointError(
                    f"{folder / LAST}: expected the settings of the self-training, got other {others[0]}"
                )
            net = saved.net
        else:
            net, notes = new_net(config, data, functools.partial(self.wrapped, doing="linear part"))
        self.on_train(name, data, [*notes, *epoch_choice.notes(config, data)])
        callbacks, comm = self.callbacks_of(config, data)
        experiment = in_folder(config, data, net, folder, callbacks, comm)
        if goes_on:
            resume_run(folder / LAST, experiment.trainer, len(data.train), config.training.batch_size)
        result = train_in_folder(experiment, folder)
        if result.error is not None:
            raise FloatingPointError(f"{name}: {result.error}")
        if result.scores is None:
            raise Stopped(name, result)
        self.state.done.append(name)
        write_json(self.folder / STATE, asdict(self.state))
        return result.model

    def labels(self, number, make):
        """As of `self_train`: once made, they are read from the folder of the round."""
        path = self.folder / f"round-{number}" / LABELS
        if path.is_file():
            return read_labels(path, number, self.data, {*self.state.done, *(teacher.name for teacher in self.given)})
        arrays, found = make()
        check_stays(path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_arrays(path, arrays, asdict(found))
        return arrays, found

    def finish(self, config, kept, rounds):
        """Score the model that is kept and write it to the folder itself; -> Result."""
        check_stays(self.folder)
        paths = {teacher.name: teacher.path for teacher in self.given}
        source = self.folder / kept if kept in self.state.done else paths[kept]
        model = Classifier.load(source)
        scores = score_kept(model, self.data, config.run, kept, rounds)
        best, history = model.metrics.get("best", {}), []
        if kept in self.state.done:
            history = _history(source)
            used = {"round": 0, "unlabelled": 0}
            used |= {"round": of.number, "unlabelled": sum(of.chosen.values())} if (of := _of(kept, rounds)) else {}
            history = [{**row, **used} for row in history]
        write_json(self.folder / "history.json", history)
        found = {"labels": self.data.label_names, "best_epoch": best.get("epoch")}
        found["self_training"] = model.metrics["self_training"]
        write_json(self.folder / "config.json", {**config.by_name(), **found})
        model.save(self.folder / MODEL)
        return Result(model, history, best, self.data.scored[0], scores)


def _of(kept, rounds):
    """The Round whose student is kept, or None."""
    return next((found for found in rounds if kept.startswith(f"round-{found.number}/")), None)
