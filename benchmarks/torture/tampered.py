"""A saved training with one value changed and every checksum corrected: refused in one line, or the same training.

Each leaf of its meta.json, and each array, is changed in turn, and the command goes on with it in this process. A
refusal is one line and exit code 2, and no file of the folder is touched. What is accepted must come to the model and
the history of the untouched folder, to the byte, or the value must be one of FREE.
"""

import contextlib
import io
import json
import re
import shlex
import shutil
import tempfile
import time
import warnings
from pathlib import Path
from unittest import mock

import numpy as np

import ch_sentiment.commands.pretrain
import ch_sentiment.commands.train
import ch_sentiment.experiment.run_folder
from benchmarks.torture.tampering import changed_files
from ch_sentiment.__main__ import main
from common.training.callbacks import Callback

# Another value, in its range, is another training that might have been: nothing within the file or outside of it says
# what it was. (A file's author can have it trained with any of them.)
FREE = {
    r"running/(loss_sum|norm|tokens|right|seconds|scored|examples)": "sums of the unfinished epoch",
    r"history/\d+/(loss|accuracy|grad_norm|tokens_per_s|seconds|val_loss|val_accuracy|lr)": "figures of an epoch",
    r"history/\d+ reversed": "the order of its columns",
    r"loss_list.*": "the book's log",
    r"(streams/.*|running/stream)/(state|inc|has_uint32|uinteger)": "a random stream at another place",
    r"streams/.* swapped": "two random streams, each in the place of the other",
    r"callbacks/\d+/memory/(counted|steps|best|best_epoch)": "the best epoch, and the steps that the average knows of",
    r"(accuracy|always|sure|sure_right|teachers/.*|unsure|surplus|before|reference)$": "figures of a round's labels",
    r"about/(options|net)/.*": "settings, their sha256 corrected, of a training that can be",
    r"array (weight|optimizer|callback)\..*": "finite numbers of the right shape",
}
TRAIN = shlex.split("--hidden 4 --wordvec 4 --epochs 3 --batch-size 16 --patience 9 --recipe default --validation 0.2")
AGAIN = ["--quiet", "--save-every", "10"]
SELF = ["--unlabelled", "unlabelled.txt", "--confidence", "0.5", "--model", "bow"]
PRETRAIN = shlex.split("--wordvec 4 --epochs 3 --batch-size 16 --steps 5 --validation 0.2")
# name -> command, further options, and the step before which it stops
TRAININGS = {
    "lstm": ("train", ["--keep-epoch", "best"], 7),
    "before the first step": ("train", ["--calibrate"], 1),
    "between two epochs": ("train", ["--optimizer", "adamw", "--weight-column", "weight"], 9),
    "gru": ("train", ["--cell", "gru", "--bidirectional", "--optimizer", "rmsprop", "--average", "0"], 6),
    "rnn": ("train", ["--cell", "rnn", "--optimizer", "momentum", "--schedule", "cosine", "--abstain", "0.9"], 7),
    "transformer": ("train", ["--cell", "transformer", "--optimizer", "adadelta", "--layer-decay", "0.5"], 7),
    "bow": ("train", ["--model", "bow", "--optimizer", "adagrad", "--class-weight", "balanced"], 7),
    "wide": ("train", ["--wide", "--adversarial", "1", "--pairvec", "2"], 7),
    "self-training": ("train", SELF, 7),
    "language model": ("pretrain", ["--hidden", "4", "--bidirectional", "--dropout", "0.1"], 5),
    "skip-gram": ("pretrain", ["--task", "skip-gram"], 5),
}


class StopBefore(Callback):
    """Ends the process's training as kill -9 would, but for what `Checkpoint` saved after the step before."""

    def __init__(self, step):
        self.step = step

    def on_step_start(self, trainer):
        if trainer.step == self.step:
            raise KeyboardInterrupt


def begin(name, folder):
    """Train what TRAININGS says of a name, in the folder "run" of a new folder, until it stops. AssertionError."""
    command, more, step = TRAININGS[name]
    folder.mkdir()
    size = 80 if command == "train" else 300
    texts = [f"{'good fine' if i % 2 else 'bad poor'} thing number{i % 5} text{i % 97}" for i in range(size)]
    rows = [f"{'np'[i % 2]}\t{text}\t{1 + i % 3}\n" for i, text in enumerate(texts)]
    (folder / "two.tsv").write_text("label\ttext\tweight\n" + "".join(rows), encoding="utf-8")
    (folder / "unlabelled.txt").write_text("".join(f"{text} unseen{i}\n" for i, text in enumerate(texts)), "utf-8")

    def callbacks_of(config, data=None):
        stops = command == "pretrain" or data.unlabelled_texts is None or data.labelled is not None
        callbacks = [StopBefore(step)] if stops else []
        return callbacks if command == "pretrain" else (callbacks, None)

    how = {
        "train": ["--data", "two.tsv", *TRAIN, "--processes", "1"],
        "pretrain": ["two.tsv", *PRETRAIN],
    }
    with contextlib.chdir(folder), mock.patch.object(MODULES[command], "callbacks_of", callbacks_of):
        code, line = call([command, *how[command], "--out", "run", "--save-every", "0", "--quiet", *more])
    assert code == 130, f"{name}: expected it to stop, got {code}: {line}"


MODULES = {"train": ch_sentiment.commands.train, "pretrain": ch_sentiment.commands.pretrain}


def call(arguments):
    """-> exit code, what was printed to stderr."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            code = main(arguments)
        except SystemExit as left:
            code = left.code
    return code, err.getvalue()


def result(folder):
    """What a finished training has come to, to the byte: model.npz, and the history without times."""
    rows = json.loads((folder / "history.json").read_text("utf-8"))
    rows = [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in rows]
    return (folder / "model.npz").read_bytes(), json.dumps(rows)


def contents(folder):
    """Each file with its bytes and its time of change."""
    return {str(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(folder.rglob("*")) if p.is_file()}


def judge(command, folder, path, place, content, wanted):
    """-> "refused", "the same" or "free". AssertionError for anything else. wanted: result of the untouched folder."""
    work = folder.parent / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(folder, work)
    target = work / "run" / path.relative_to(folder / "run")
    target.write_bytes(content())
    before = contents(work)
    which = f"{folder.name}: {target.relative_to(work)}: {place}"
    try:
        with contextlib.chdir(work):
            code, err = call([command, "--resume", "run", *AGAIN])
    except BaseException as error:
        raise AssertionError(f"{which}: {type(error).__name__}: {error}") from error
    is_free = any(re.match(free, place) for free in FREE)
    if code == 3 and is_free:  # a loss that is no longer finite, as with such a value from the start
        return "free"
    if code:
        assert code == 2, f"{which}: exit code {code}: {err}"
        *warned, line = err.splitlines()
        assert line.startswith(f"sentifish {command}: ") and line.isprintable(), f"{which}: {err!r}"
        assert not warned or folder.name == "self-training", f"{which}: {err!r}"
        assert contents(work) == before, f"{which}: files changed: {err}"
        return "refused"
    if result(work / "run") == wanted:
        return "the same"
    assert is_free, f"{which}: a silent difference"
    return "free"


def run(minutes, say, names=TRAININGS, seed=0, count=None):
    """All changes of all trainings, at most `count` of each, in random order, as far as the time goes."""
    rng, figures = np.random.default_rng(seed), {"changes": 0, "refused": 0, "the same": 0, "free": 0}
    end, failed = time.monotonic() + 60 * minutes, []
    with tempfile.TemporaryDirectory() as temporary, warnings.catch_warnings(), no_figures():
        warnings.simplefilter("error")
        for i, name in enumerate(names):
            folder, command = Path(temporary, name), TRAININGS[name][0]
            begin(name, folder)
            until = time.monotonic() + (end - time.monotonic()) / (len(names) - i)
            whole = Path(temporary, "whole")
            shutil.rmtree(whole, ignore_errors=True)
            shutil.copytree(folder, whole)
            with contextlib.chdir(whole):
                assert call([command, "--resume", "run", *AGAIN])[0] == 0
            wanted = result(whole / "run")
            changes = list(changed_files(folder / "run"))
            for k in rng.permutation(len(changes))[:count]:
                if time.monotonic() > until:
                    break
                figures["changes"] += 1
                try:
                    figures[judge(command, folder, *changes[k], wanted)] += 1
                except AssertionError as error:
                    failed.append(str(error))
                    say(str(error))
            say(f"tampered: {name}: {len(changes):,} changes; {figures}")
    assert not failed, f"{len(failed)} of {figures['changes']}: {failed[0]}"
    return figures


def no_figures():
    """Inside, no figure is drawn, which takes longer than everything else."""
    return mock.patch.object(ch_sentiment.experiment.run_folder, "write_figures", lambda *a: None)
