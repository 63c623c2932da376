"""What a run's last.npz says beside the training itself, so that it can go on: settings, network, words and data."""

import hashlib
import json
import os
from dataclasses import dataclass

from ch_sentiment.experiment.build import MODELS, rebuild
from ch_sentiment.experiment.load import NAMES
from ch_sentiment.experiment.option import check_saved, flag
from ch_sentiment.experiment.options import FIELDS, MAY_CHANGE, Config
from common.arrays.checks import described
from common.files.checkpoint import CheckpointError
from common.files.resume import WEIGHT, read_about, resume_training
from common.files.saved_training import ROW
from common.training.callbacks import LearningRate, WeightAveraging
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
    return sealed(
        {
            "options": with_absolute_paths(config.by_name()),
            "model": type(net).__name__,
            "net": net.config,
            "words": data.vocab.words,
            "data": data.fingerprint,
        }
    )


def sealed(about):
    """The same and, as "settings", a sha256 of it: most settings leave no other trace in a training, so that without it
    another value, written there by hand, would go unnoticed.
    """
    return {**about, "settings": digest(about)}


def check_sealed(path, about):
    """CheckpointError for settings that are not those that were written. Older versions wrote no sha256 of them."""
    settings = {name: value for name, value in about.items() if name != "settings"}
    if about.get("settings", digest(settings)) != digest(settings):
        raise CheckpointError(f"{path}: expected the settings that the training began with, got others")


def digest(settings):
    """sha256 of what JSON can hold."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def saved_config(options):
    """The Config of options by name as a file holds them. DataError for a name or a value that none can have."""
    if not isinstance(options, dict):
        raise DataError(f"expected options by name, got {described(options)}")
    for name, value in options.items():
        if name not in FIELDS:
            raise DataError(f"expected options of {', '.join(FIELDS)}, got {name!a}")
        check_saved(FIELDS[name], value)
    return Config.of(options)


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
        model, net, words, texts = (saved[name] for name in ("model", "net", "words", "data"))
        options = {"keep_epoch": "best", "average": 0.0, **saved["options"]}  # older versions knew nothing else
        names = [(entry, entry["name"].removeprefix(WEIGHT)) for entry in manifest]
        weights = [{**entry, "name": name} for entry, name in names if name != entry["name"]]
        config = saved_config(options)
        _check_net(config, model, net)
        if weights and weights[0]["dtype"] not in ("<f4", "<f8"):
            raise ValueError(f"expected weights in float32 or float64, got {weights[0]['dtype']}")
        state = RunState(config, rebuild(model, net, weights), words, texts)
        check_sealed(path, saved)
        return state
    except DataError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else error
        raise CheckpointError(f"{path}: expected a training by `sentifish train` of this version: {why}") from None


def _check_net(config, model, net):
    """ValueError unless a class and its configuration are those of the net that the options describe."""
    options = config.model
    named = {"bow": "BagOfWords", "nbsvm": "NBSVM"}.get(options.model, "WideNet" if options.wide else "SentimentNet")
    wanted = {"BagOfWords": {"wordvec_size": options.wordvec}, "NBSVM": {"ngrams": options.ngrams or 2}}.get(named, {})
    if options.model == "recurrent":
        net = net["net"] if options.wide else net
        same = ("cell", "bidirectional", "pool", "softmax", "dropout", "embed_dropout", "word_dropout")
        wanted = {name: getattr(options, name) for name in (*same, "freeze_embedding")}
        wanted |= {"hidden_size": options.hidden, "num_layers": options.layers, "pair_size": options.pairvec}
        wanted |= {"type_dropout": options.type_dropout} if "type_dropout" in net else {}  # not of version 0.1.0
        if options.embedding is None and config.unlabelled.init_from is None:
            wanted["wordvec_size"] = options.wordvec
    if "num_pairs" in net and named == "NBSVM":  # of version 0.1.0
        wanted = {}
    if model != named and model in MODELS:
        raise ValueError(f"expected a model {named}, as its options say, got {model}")
    for name, value in wanted.items() if model == named else ():
        if type(net[name]) is not type(value) or net[name] != value:
            raise ValueError(f"expected a net with {name} {value!r}, as its options say, got {described(net[name])}")


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
    sizes = (state.net.config["vocab_size"], state.net.config["num_classes"])
    if sizes != (len(data.vocab), len(data.label_names)):
        expected = f"{len(data.vocab):,} words and {len(data.label_names)} labels"
        raise DataError(f"--resume: expected a net of {expected}, as {began}, got one of {sizes[0]:,} and {sizes[1]}")


def resume_run(path, trainer, num_examples, batch_size):
    """`resume_training` of what one command began, which only its resumptions went on with: then nothing but the number
    of epochs is free. CheckpointError.
    """
    built = dict(vars(trainer.optimizer))
    resume_training(path, trainer)
    optimizer, running, done = trainer.optimizer, trainer.running, trainer.epochs_done
    steps = running.steps if running else 0  # of the unfinished epoch
    found = {
        "steps": (done * -(-num_examples // batch_size) + steps, trainer.step),
        "epochs in the history": (done, len(trainer.history)),
        "steps of the optimizer": (trainer.step, optimizer.iter),
    }
    if running:
        found["examples of the unfinished epoch"] = (num_examples, running.num_examples)
        found["batch size of the unfinished epoch"] = (batch_size, running.batch_size)
    elif trainer.history:
        found["learning rate of the last step"] = (trainer.history[-1]["lr"], optimizer.lr)
    for name, value in built.items():
        if type(value) in (int, float) and name not in ("lr", "iter"):
            found[name] = (value, getattr(optimizer, name))
    columns = {}  # beside those of every history
    for callback in trainer.callbacks:
        if isinstance(callback, LearningRate):
            found |= {"initial learning rate": (built["lr"], callback.base), "first step": (0, callback.first)}
        if isinstance(callback, WeightAveraging):
            found["steps in the averages"] = (trainer.step, callback.steps)
            columns["average"] = callback.decay
    more = [{name: row[name] for name in row if name not in ROW} for row in trainer.history]
    found["further columns of the history"] = ([columns] * len(more), more)
    for name, (expected, got) in found.items():
        if expected != got:
            raise CheckpointError(f"{path}: expected {name}: {expected}, as its settings and texts say, got {got}")
