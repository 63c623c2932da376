"""Train a sentiment model and keep it: load, split, build, train, score, write. `sentifish train` runs this.

What the Trainer hides is written out in `train_custom_loop.py`.
"""

import json
import logging
import os
import sys
import warnings
from pathlib import Path

import numpy as np

from ch_sentiment.classifier import Classifier
from ch_sentiment.console import say
from ch_sentiment.corpus import cleaning_of, prepare, split_rng
from ch_sentiment.model import SentimentNet
from ch_sentiment.options import OPTIMIZERS, add_options, as_dict
from ch_sentiment.predict import answer_line
from common.callbacks import EarlyStopping, EpochTable, LearningRate, Progress, warm_up
from common.trainer import Trainer
from dataset.errors import DataError
from dataset.glove import load_vectors

HELP = "train a model on labelled text and keep it in a folder"
WARM_UP = 0.02  # of all steps
RESULTS = ("model.npz", "history.json", "config.json", "learning_curve.png", "confusion.png")


def add_arguments(parser):
    """All of `TrainOptions`."""
    add_options(parser)


def run(options):
    """Train as told by `options` (TrainOptions); -> exit code: 0, or 130 after Ctrl-C.

    Raises as `Trainer.fit` and the loaders; what is wrong with the input is said before anything is written.
    """
    check(options)
    return fit(options, build_net, f"{'bi' if options.bidirectional else ''}{options.cell}")


def fit(options, build, kind):
    """`run` for any model: build(options, data, rng, tell) makes it, kind names its folder below runs/."""
    check_data(options)
    tell = (lambda line: None) if options.quiet else say
    _, model_rng, order_rng = np.random.default_rng(options.seed).spawn(3)

    data = prepare(options, split_rng(options), tell)
    net = build(options, data, model_rng, tell)
    model = Classifier(net, data.vocab, data.label_names, options.max_len, cleaning=cleaning_of(options))
    folder = make_folder(options, kind)
    tell(
        f"{len(data.train):,} texts to train on, {len(data.val):,} to validate, {len(data.vocab):,} words, "
        f"{sum(p.size for p in net.params):,} parameters"
    )

    best = EarlyStopping(options.patience, "val_loss", on_best=lambda trainer: keep(model, folder, trainer))
    callbacks = [LearningRate(warm_up(WARM_UP)), best, *([] if options.quiet else [Progress(), EpochTable(say)])]
    trainer = Trainer(net, OPTIMIZERS[options.optimizer](lr=options.lr), callbacks, order_rng)
    try:
        trainer.fit(
            data.train.x,
            data.train.t,
            options.epochs,
            options.batch_size,
            options.clip,
            eval_interval=None,
            validation=(data.val.x, data.val.t),
        )
    except FloatingPointError as error:
        raise FloatingPointError(f"{error}; {kept(folder, best)}") from None
    finally:
        write_json(folder / "history.json", trainer.history)
        write_json(
            folder / "config.json", {**as_dict(options), "labels": data.label_names, "best_epoch": best.best_epoch}
        )
    if trainer.stop_reason == "SIGINT":
        if best.best_epoch is None:
            model.save(folder / "model.npz")
        print(f"interrupted: {kept(folder, best)}", file=sys.stderr)
        return 130
    report(model, data, folder, trainer.history, best.best_epoch)
    return 0


def build_net(options, data, rng, tell=print):
    """The network that the options name, for the vocabulary and the classes of the data."""
    vectors = None if options.embedding is None else load_vectors(options.embedding, data.vocab)
    if vectors is not None:
        tell(f"{options.embedding}: {vectors.coverage(data.train.x)}")
    return SentimentNet(
        len(data.vocab),
        options.wordvec if vectors is None else vectors.W.shape[1],
        options.hidden,
        cell=options.cell,
        bidirectional=options.bidirectional,
        num_layers=options.layers,
        pool=options.pool,
        num_classes=len(data.label_names),
        dropout=options.dropout,
        word_dropout=options.word_dropout,
        embed_W=None if vectors is None else vectors.W,
        freeze_embedding=options.freeze_embedding,
        rng=rng,
    )


def report(model, data, folder, history, best_epoch):
    """Score the best epoch's model, on the test part if there is one, and write and print what is found."""
    name, part = ("validation", data.val) if data.test is None else ("test", data.test)
    found = model.report(part.x, part.t)
    model.metrics[name] = found
    model.save(folder / "model.npz")
    draw(folder, history, best_epoch, found["confusion"], data.label_names)

    role = f"best epoch {best_epoch}" if data.test is None else "which played no part in training"
    say(f"{name} accuracy {found['accuracy']:.2%} on {found['n']:,} texts, {role}")
    for text, probabilities in zip(data.samples, model.probabilities(data.samples)):
        say("  " + answer_line(model.label_names, probabilities, text, longest=80))
    say(f"written to {folder}: {', '.join(sorted(os.listdir(folder)))}")


def check(options):
    """What can be known to be wrong with a network before anything is read. DataError."""
    if options.freeze_embedding and options.embedding is None:
        raise DataError("--freeze-embedding: expected word vectors from --embedding, got none")


def check_data(options):
    """What can be known to be wrong with data and folder before anything is read. DataError."""
    if options.vocab_size < 3:
        raise DataError(f"--vocab-size: expected at least 3 (padding, unknown and a word), got {options.vocab_size}")
    if not options.data:
        raise DataError("--data: expected a name, got an empty one")
    if not options.validation > 0:
        raise DataError(f"--validation: expected a share above 0, got {options.validation}")
    if options.out is not None:
        out = Path(options.out)
        if out.exists() and not out.is_dir():
            raise DataError(f"--out: expected a folder, {out} is a file")
        if out.is_dir() and any(out.iterdir()) and not options.overwrite:
            raise DataError(f"--out: expected a new or empty folder, {out} holds files (--overwrite writes into it)")


def make_folder(options, kind):
    """--out, or the first of runs/NAME-1, runs/NAME-2 ... that is not there yet."""
    if options.out is not None:
        folder = Path(options.out)
        folder.mkdir(parents=True, exist_ok=True)
        for name in RESULTS:  # --overwrite: no result of the training before may stand beside those of this one
            (folder / name).unlink(missing_ok=True)
        return folder
    name = f"{Path(options.data).resolve().stem}-{kind}"
    number = 1
    while True:
        folder = Path("runs") / f"{name}-{number}"
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1


def keep(model, folder, trainer):
    """Save the model of an epoch that is the best so far."""
    timeless = {key: value for key, value in trainer.history[-1].items() if key not in ("seconds", "tokens_per_s")}
    model.metrics = {"best": timeless}  # so that one seed gives the same bytes
    model.save(folder / "model.npz")


def kept(folder, best):
    """What a training that did not come to its end leaves."""
    if best.best_epoch is not None:
        return f"the model of epoch {best.best_epoch}, the best so far, is in {folder}"
    if (folder / "model.npz").exists():
        return f"no epoch was finished; the model in {folder} is the weights as they stood"
    return f"no epoch was finished, so there is no model in {folder}"


def write_json(path, content):
    """Readable JSON."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8", "backslashreplace")


def draw(folder, history, best_epoch, matrix, label_names):
    """learning_curve.png and confusion.png."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it speaks of its own cache folder
    from matplotlib.figure import Figure

    from common import plot

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot.learning_curve(history, best_epoch, left)
    plot.accuracy_curve(history, best_epoch, right)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a label in a script that the font has not
        figure.savefig(folder / "learning_curve.png", dpi=150)
        plot.confusion(matrix, label_names).figure.savefig(folder / "confusion.png", dpi=150)


if __name__ == "__main__":
    from ch_sentiment.__main__ import main

    raise SystemExit(main(["train", *sys.argv[1:]]))
