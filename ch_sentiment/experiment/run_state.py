"""What a run's last.npz says beside the training itself, so that it can go on: settings, network, words and data."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace

from ch_sentiment.experiment.build import rebuild
from ch_sentiment.experiment.options import TrainOptions
from common.files.checkpoint import CheckpointError
from common.files.resume import read_about
from dataset.errors import DataError

MAY_CHANGE = ("epochs", "save_every", "no_cache", "quiet")


@dataclass
class Origin:
    """options: TrainOptions. net: the model, before any training. words: of its vocabulary. data: `fingerprint`."""

    options: TrainOptions
    net: object
    words: list
    data: str


def about(options, data, net):
    """What `read_origin` needs to find in a checkpoint: a dict that JSON can hold."""
    paths = {name: _absolute(getattr(options, name)) for name in ("data", "test_data", "group_file")}
    return {
        "options": {**asdict(options), **paths},
        "model": type(net).__name__,
        "net": net.config,
        "words": data.vocab.words,
        "data": fingerprint(data),
    }


def read_origin(path):
    """-> Origin of the training that is saved there. CheckpointError where the file does not hold one."""
    saved, manifest = read_about(path)
    try:
        options, net = TrainOptions(**saved["options"]), rebuild(saved["model"], saved["net"], manifest)
        return Origin(options, net, saved["words"], saved["data"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: expected a training by `sentifish train` of this version: {error!r}") from None


def changed(options, told):
    """The options with those of `told`, what was typed, that may change in the middle of a training. DataError."""
    fixed = [name for name in told if name != "resume" and name not in MAY_CHANGE]
    if fixed:
        names, free = (", ".join("--" + name.replace("_", "-") for name in some) for some in (fixed, MAY_CHANGE))
        raise DataError(f"--resume: expected nothing beside it but {free}, got {names}: a training keeps its settings")
    return replace(options, **{name: value for name, value in told.items() if name != "resume"})


def check_same(origin, folder, data):
    """DataError unless these are the texts, the labels and the words that the training began with."""
    began = f"the training in {folder} began with"
    wanted, came = origin.data, fingerprint(data)
    if wanted != came:
        raise DataError(f"--resume: expected the data that {began}, {wanted}, got {came}")
    if origin.words != data.vocab.words:
        raise DataError(f"--resume: expected the words that {began}, got others: another version cut the texts up")


def fingerprint(data):
    """In words: how many texts, and the beginning of the sha256 of texts, labels and names of classes, in order."""
    digest = hashlib.sha256(json.dumps(data.label_names).encode())
    parts = [part for part in (data.train, data.val, data.test) if part is not None]
    for part in parts:
        digest.update(part.t.astype("<i8").tobytes())
        for text in part.texts:
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little"))
            digest.update(encoded)
    return f"{sum(map(len, parts)):,} texts of sha256 {digest.hexdigest()[:16]}"


def _absolute(name):
    """A path that is found from any working folder; the name of a data set, or none, as it is."""
    is_path = name is not None and name not in ("phrases", "phrases-small", "imdb") and os.path.exists(name)
    return os.path.abspath(name) if is_path else name
