"""Show what a checkpoint of any kind holds, without trusting it: no model is built, and text is printed harmlessly."""

import json
import os

from ch_sentiment.console import shorten, show
from ch_sentiment.experiment.classifier import model_path
from common.files.checkpoint import CheckpointError, load_checkpoint, nowhere

HELP = "show what is in a model's file, without trusting it"
WIDTH = 300  # characters of a value that are shown


def add_arguments(parser):
    parser.add_argument("model", help="the folder of a training, or a checkpoint (.npz)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines to read")


def run(options):
    """Print what is found; -> exit code 0. CheckpointError, after what can be printed of a damaged file."""
    found, defect = survey(model_path(options.model))
    if found is not None:
        show(*[json.dumps(found)] if options.json else checkpoint_lines(found))
    if defect is not None:
        raise defect
    return 0


def survey(path):
    """-> contents of the file (None where not even its header can be read), its CheckpointError (or None).

    The arrays are read and checked, and not kept.
    """
    found, defect = {}, None
    try:
        load_checkpoint(path, lambda content: found.update(content) or nowhere(content["arrays"]))
    except CheckpointError as error:
        defect = error
    if not found:
        return None, defect
    meta = found.pop("meta")
    meta = meta if isinstance(meta, dict) else {"meta": meta}
    if isinstance(meta.get("words"), list):
        meta = {**meta, "words": len(meta["words"])}
    state = "every checksum fits" if defect is None else str(defect).removeprefix(f"{path}: ")
    return {"bytes": os.path.getsize(path), **found, "meta": meta, "state": state}, defect


def checkpoint_lines(found):
    """The same for reading, one value a line."""
    yield f"checkpoint of format {found['format']}, {found['bytes']:,} bytes, by sentifish {shown(found['library'])}"
    for name, value in found["meta"].items():
        yield f"{shown(name)}:" if isinstance(value, dict) else f"{shown(name)}: {shown(value)}"
        if isinstance(value, dict):
            yield from (f"  {shown(key)}: {shown(part)}" for key, part in value.items())
    yield f"arrays: {len(found['arrays'])}"
    for array in found["arrays"]:
        yield f"  {array['name']}: {array['dtype']} of shape {tuple(array['shape'])}, sha256 {shown(array['sha256'])}"
    yield f"state: {found['state']}"


def shown(value):
    """Text unchanged, anything else as JSON; on one line, shortened."""
    return shorten(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), WIDTH)
