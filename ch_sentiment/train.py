"""Train a sentiment model and keep it: load, split, build, train, score, write. `sentifish train` runs this.

What the Trainer hides is written out in `train_custom_loop.py`.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

from ch_sentiment.classifier import Classifier
from ch_sentiment.corpus import limited, load_test, load_train, tokenized
from ch_sentiment.model import SentimentNet
from ch_sentiment.options import OPTIMIZERS, add_options, as_dict
from ch_sentiment.predict import answer_line
from common.batches import stratified_split
from common.callbacks import EarlyStopping, EpochTable, LearningRate, Progress, warm_up
from common.trainer import Trainer
from dataset import phrases
from dataset.errors import DataError
from dataset.text import Vocab

HELP = "train a model on labelled text and keep it in a folder"
SHOWN = 4  # predictions printed at the end, where the data has no samples of its own


def add_arguments(parser):
    """All of `TrainOptions`."""
    add_options(parser)


def run(options):
    """Train as told by `options` (TrainOptions); -> exit code: 0, or 130 after Ctrl-C. Raises as `Trainer.fit` and
    the loaders.
    """
    check(options)
    say = (lambda line: None) if options.quiet else print
    split_rng, model_rng, order_rng = np.random.default_rng(options.seed).spawn(3)

    data = limited(load_train(options.data, options.classes), options.limit, split_rng)
    test_name = options.test_data or ("phrases" if options.data == "phrases" else None)
    test = None if test_name is None else load_test(test_name, data.label_names)
    tokens = tokenized(data, options.data, options.quiet)
    test_tokens = None if test is None else tokenized(test, test_name, options.quiet)

    train_part, val_part = stratified_split(data.t, options.validation, split_rng)
    vocab = Vocab.build((tokens[i] for i in train_part), options.vocab_size)  # of the training part alone
    net = build_net(options, len(vocab), len(data.label_names), model_rng)
    model = Classifier(net, vocab, data.label_names, options.max_len)
    x = [model.encode_tokens(words) for words in tokens]
    x_train, t_train = [x[i] for i in train_part], data.t[train_part]
    x_val, t_val = [x[i] for i in val_part], data.t[val_part]
    del tokens

    folder = make_folder(options)
    best = EarlyStopping(options.patience, "val_loss", on_best=lambda trainer: keep(model, folder, trainer))
    callbacks = [LearningRate(warm_up(0.02)), best]
    if not options.quiet:
        callbacks += [Progress(), EpochTable()]
    trainer = Trainer(net, OPTIMIZERS[options.optimizer](lr=options.lr), callbacks, order_rng)
    say(
        f"{len(x_train):,} texts to train on, {len(x_val):,} to validate, {len(vocab):,} words, "
        f"{sum(p.size for p in net.params):,} parameters"
    )
    try:
        trainer.fit(x_train, t_train, options.epochs, options.batch_size, options.clip, None, validation=(x_val, t_val))
    finally:  # also when the loss is no longer finite: what there is, is kept
        write_json(folder / "history.json", trainer.history)
        write_json(
            folder / "config.json", {**as_dict(options), "data_labels": data.label_names, "best_epoch": best.best_epoch}
        )
    if trainer.stop_reason == "SIGINT":
        return interrupted(model, folder, best)

    part = "validation" if test is None else "test"
    report = (
        model.report(x_val, t_val)
        if test is None
        else model.report(list(map(model.encode_tokens, test_tokens)), test.t)
    )
    model.metrics[part] = report
    model.save(folder / "model.npz")
    draw(folder, trainer.history, best.best_epoch, report["confusion"], data.label_names)

    of = f"on {report['n']:,} texts" + (
        f", best epoch {best.best_epoch}" if part == "validation" else " that played no part in training"
    )
    print(f"{part} accuracy {report['accuracy']:.2%} {of}")
    shown = phrases.SAMPLES if options.data == "phrases" else [data.texts[i] for i in val_part[:SHOWN]]
    for text, probabilities in zip(shown, model.probabilities(shown)):
        print("  " + answer_line(model.label_names, probabilities, text, longest=80))
    print(f"written to {folder}: {', '.join(sorted(os.listdir(folder)))}")
    return 0


def build_net(options, vocab_size, num_classes, rng):
    """The network that the options name."""
    return SentimentNet(
        vocab_size,
        options.wordvec,
        options.hidden,
        cell=options.cell,
        bidirectional=options.bidirectional,
        num_layers=options.layers,
        pool=options.pool,
        num_classes=num_classes,
        dropout=options.dropout,
        word_dropout=options.word_dropout,
        rng=rng,
    )


def check(options):
    """What can be known to be wrong before anything is read. DataError."""
    if options.vocab_size < 3:
        raise DataError(f"--vocab-size: expected at least 3 (padding, unknown and a word), got {options.vocab_size}")
    if not options.validation > 0:
        raise DataError(f"--validation: expected a share above 0, got {options.validation}")
    if options.out is not None:
        out = Path(options.out)
        if out.exists() and not out.is_dir():
            raise DataError(f"--out: expected a folder, {out} is a file")
        if out.is_dir() and any(out.iterdir()) and not options.overwrite:
            raise DataError(f"--out: expected a new or empty folder, {out} holds files (--overwrite writes into it)")


def make_folder(options):
    """--out, or the first of runs/NAME-1, runs/NAME-2 ... that is not there yet."""
    if options.out is not None:
        folder = Path(options.out)
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    name = f"{Path(options.data).stem}-{'bi' if options.bidirectional else ''}{options.cell}"
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
    model.metrics = {"best": trainer.history[-1]}
    model.save(folder / "model.npz")


def interrupted(model, folder, best):
    """After Ctrl-C: the best epoch stays; without one, the weights as they are."""
    if best.best_epoch is None:
        model.save(folder / "model.npz")
        kept = "no epoch was finished; the model as it stands"
    else:
        kept = f"the model of epoch {best.best_epoch}"
    print(f"interrupted: {kept} is in {folder}", file=sys.stderr)
    return 130


def write_json(path, content):
    """Readable JSON."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def draw(folder, history, best_epoch, matrix, label_names):
    """learning_curve.png and confusion.png."""
    from matplotlib.figure import Figure

    from common import plot

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot.learning_curve(history, best_epoch, left)
    plot.accuracy_curve(history, best_epoch, right)
    figure.savefig(folder / "learning_curve.png", dpi=150)
    plot.confusion(matrix, label_names).figure.savefig(folder / "confusion.png", dpi=150)


if __name__ == "__main__":
    from ch_sentiment.__main__ import main

    raise SystemExit(main(["train", *sys.argv[1:]]))
