"""The folder of a run: what stands in it, and that one training at a time writes there."""

import contextlib
import json
from pathlib import Path

from common.files.atomic_write import remove_stale, write_atomically
from dataset.errors import DataError
from dataset.store.locks import locked_if_free

MODEL = "model.npz"  # the best epoch: all that prediction needs
LAST = "last.npz"  # where training stands: all that it needs to go on
CARD = ("model_card.md", "model_card.html", "audit.png")  # what `sentifish audit` writes beside the model
RESULTS = (MODEL, LAST, "history.json", "config.json", "learning_curve.png", "confusion.png", *CARD)
LOCK = ".lock"  # there while a training writes


def check_out(options):
    """DataError where --out is no folder that may be written into. options: with `out` and `overwrite`."""
    if options.out is None:
        return
    if not options.out:
        raise DataError("--out: expected a folder, got an empty name")
    out = Path(options.out)
    if out.exists() and not out.is_dir():
        raise DataError(f"--out: expected a folder, {out} is a file")
    if out.is_dir():
        with held(out) if (out / LOCK).exists() else contextlib.nullcontext():
            _check_empty(out, options.overwrite)


def _check_empty(folder, overwrite):
    if not overwrite and any(entry.name != LOCK for entry in folder.iterdir()):
        raise DataError(f"--out: expected a new or empty folder, {folder} holds files (--overwrite writes into it)")


@contextlib.contextmanager
def new_folder(options, name, results=RESULTS):
    """--out, or the first of runs/NAME-1, runs/NAME-2 ... that is not there yet; held while it is worked in.

    options: with `out` and `overwrite`. results: the files that will be written.
    """
    folder = _numbered(name) if options.out is None else Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):
        _check_empty(folder, options.overwrite)  # once more, now that nobody else can come in between
        for result in results:  # --overwrite: no result of the training before may stand beside those of this one
            (folder / result).unlink(missing_ok=True)
        yield folder


def name_of(config):
    """What the folder of a training is called: "reviews-bilstm"."""
    model = config.model
    cell = f"{'bi' if model.bidirectional else ''}{model.cell.rpartition(':')[2].lower()}"
    kind = config.run.recipe or (cell if model.model == "recurrent" else model.model)
    return f"{Path(config.data.data).resolve().stem}-{kind}"


def _numbered(name):
    number = 1
    while True:
        folder = Path("runs") / f"{name}-{number}"
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1


@contextlib.contextmanager
def old_folder(path):
    """The folder of a training to go on with, held while it is worked in. DataError where there is none."""
    folder = Path(path)
    if not (folder / LAST).is_file():
        raise DataError(f"--resume: expected the folder of a training, there is no {folder / LAST}")
    with held(folder):
        yield folder


@contextlib.contextmanager
def held(folder):
    """No other training writes here meanwhile, and what a dead one left half-written is gone. DataError where one does
    write; a dead process keeps no folder.
    """
    with locked_if_free(folder / LOCK) as free:
        if not free:
            raise DataError(f"{folder}: another training is writing into this folder; wait for it or choose another")
        remove_stale(folder)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                (folder / LOCK).unlink()


def write_json(path, content):
    """Readable JSON."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, [text.encode("utf-8", "backslashreplace")])
