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

from ch_sentiment.experiment import epoch_choice
from ch_sentiment.experiment.classifier import MODEL, Classifier, model_path
from ch_sentiment.experiment.final_scores import score_kept
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.output import write_json
from ch_sentiment.experiment.run import Result, new_net
from ch_sentiment.experiment.run_folder import LAST, STATE, in_folder, train_in_folder
from ch_sentiment.experiment.run_state import check_same, read_run_state, with_absolute_paths
from ch_sentiment.experiment.self_training import Round, Stopped, Teacher, knows_validation
from common.files.checkpoint import load_checkpoint, save_arrays
from common.files.held_folder import check_stays
from common.files.resume import resume_training
from dataset.errors import DataError, reading
from dataset.reading.input_file import read_text
from dataset.store.fetch import sha256

LABELS = "labels.npz"


@dataclass
class State:
    """options: by name. data: `Corpus.fingerprint`. teachers: file -> its sha256. done: names of the trainings that
    came to their end.
    """

    options: dict
    data: str
    teachers: dict
    done: list = field(default_factory=list)

    @classmethod
    def read(cls, folder):
        """DataError where the file is damaged."""
        path = Path(folder) / STATE
        try:
            with reading(path):
                return cls(**json.loads(read_text(path)))
        except (ValueError, TypeError) as error:
            raise DataError(f"{path}: expected the state of a self-training, got another file ({error})") from None

    @property
    def config(self):
        try:
            return Config.of(self.options)
        except TypeError as error:
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
    write_json(folder / STATE, asdict(state))
    return state


def check_goes_on(state, folder, config, data):
    """DataError unless data and teachers are those that the self-training began with."""
    began = f"that the self-training in {folder} began with"
    if state.data != data.fingerprint:
        raise DataError(f"--resume: expected the data {began}, {state.data}, got {data.fingerprint}")
    if state.teachers != _digests(config.unlabelled.teacher):
        raise DataError(f"--resume: expected the teachers {began}, got others of the same names")


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
            net = saved.net
        else:
            net, notes = new_net(config, data, functools.partial(self.wrapped, doing="linear part"))
        self.on_train(name, data, [*notes, *epoch_choice.notes(config, data)])
        callbacks, comm = self.callbacks_of(config, data)
        experiment = in_folder(config, data, net, folder, callbacks, comm)
        if goes_on:
            resume_training(folder / LAST, experiment.trainer)
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
            arrays, meta = load_checkpoint(path)
            return arrays, Round(**meta)
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
            history = json.loads(read_text(source / "history.json"))
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
