"""What a run's last.npz says beside the training itself, so that it can go on: settings, network, words and data."""

import hashlib
import json
import os
from dataclasses import asdict, replace

from ch_sentiment.options import TrainOptions
from common.checkpoint import CheckpointError
from dataset.errors import DataError

MAY_CHANGE = ("epochs", "save_every", "no_cache", "quiet")


def about(options, data, net):
    """What `options_of` and `check_same` need to know: a dict that JSON can hold."""
    settings = {**asdict(options), "data": _absolute(options.data), "test_data": _absolute(options.test_data)}
    return {"options": settings, "net": net.config, "words": data.vocab.words, "data": fingerprint(data)}


def options_of(folder, saved):
    """The TrainOptions of a run. CheckpointError where `saved` is not what `about` made."""
    try:
        return TrainOptions(**saved["options"])
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{folder}: expected a training of `sentifish train` of this version, {error}") from None


def changed(options, told):
    """The options with those of `told`, what was typed, that may change in the middle of a training. DataError."""
    fixed = [name for name in told if name != "resume" and name not in MAY_CHANGE]
    if fixed:
        names, free = (", ".join("--" + name.replace("_", "-") for name in some) for some in (fixed, MAY_CHANGE))
        raise DataError(f"--resume: expected nothing beside it but {free}, got {names}: a training keeps its settings")
    return replace(options, **{name: value for name, value in told.items() if name != "resume"})


def check_same(folder, saved, data):
    """DataError unless these are the texts, the labels and the words that the training began with."""
    wanted, came = saved["data"], fingerprint(data)
    began = f"the training in {folder} began with"
    if wanted != came:
        wanted, came = (f"{found['texts']:,} texts of sha256 {found['sha256'][:12]}" for found in (wanted, came))
        raise DataError(f"--resume: expected the data that {began}, {wanted}, got {came}")
    if saved["words"] != data.vocab.words:
        raise DataError(f"--resume: expected the words that {began}, got others: another version cut the texts up")


def fingerprint(data):
    """How many texts there are, and the sha256 of texts, labels and names of classes in the order of the parts."""
    digest = hashlib.sha256(json.dumps(data.label_names).encode())
    parts = [part for part in (data.train, data.val, data.test) if part is not None]
    for part in parts:
        digest.update(part.t.astype("<i8").tobytes())
        for text in part.texts:
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little"))
            digest.update(encoded)
    return {"texts": sum(map(len, parts)), "sha256": digest.hexdigest()}


def _absolute(name):
    """A path that is found from any working folder; the name of a data set, or none, as it is."""
    is_path = name is not None and name not in ("phrases", "imdb") and os.path.exists(name)
    return os.path.abspath(name) if is_path else name
