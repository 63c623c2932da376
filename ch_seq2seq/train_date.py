"""Dates into one form, with attention: "September 27, 1994" -> "1994-09-27", and a figure of where the model looked.

python -m ch_seq2seq.train_date
"""

import argparse

import numpy as np

from ch_seq2seq.answers import AnswerAccuracy, as_text, attention_maps
from ch_seq2seq.model import seq2seq
from ch_seq2seq.pairs import load_pairs
from common.figures.alignment import alignment_maps
from common.figures.figure_file import check_figure, write_figure
from common.optimizer import Adam
from common.trainer import Trainer
from common.training.callbacks import EpochTable, LearningRate, Progress
from common.training.schedules import cosine
from dataset.errors import one_line_errors

BIDIRECTIONAL = True  # the encoder reads both ways: nothing need be reversed
NUM_LAYERS = 1
RESIDUAL = False  # with more layers: skip connections between them
WORDVEC_SIZE = 16
SMALL = {"hidden_size": 64, "max_epoch": 2, "lr": 0.01}
BOOK = {"hidden_size": 256, "max_epoch": 3, "lr": 0.004}
BATCH_SIZE = 128
MAX_GRAD = 5.0
SHOWN = 4
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_seq2seq.train_date", description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", default="date.txt", help="lines question_answer (default: generated)")
    parser.add_argument("--figure", default="attention_maps.png", help="written to (default: %(default)s)")
    parser.add_argument("--book", action="store_true", help="the book's size")
    with one_line_errors(parser):
        options = parser.parse_args()
        run(options.file, BOOK if options.book else SMALL, options.figure)


def run(path, settings, figure):
    # load
    check_figure(figure)
    (x_train, t_train), (x_test, t_test), char_to_id, id_to_char = load_pairs(path)

    # build
    model_rng, order_rng = np.random.default_rng(SEED).spawn(2)
    sizes = len(char_to_id), WORDVEC_SIZE, settings["hidden_size"]
    how = {"num_layers": NUM_LAYERS, "residual": RESIDUAL, "pad": char_to_id.get(" "), "rng": model_rng}
    model = seq2seq(*sizes, "attention", "lstm", BIDIRECTIONAL, **how)
    callbacks = [Progress(), LearningRate(cosine), AnswerAccuracy(x_test, t_test), EpochTable()]

    # train
    trainer = Trainer(model, Adam(settings["lr"]), callbacks, order_rng)
    trainer.fit(x_train, t_train, settings["max_epoch"], BATCH_SIZE, MAX_GRAD)

    # show
    answers, weights = attention_maps(model, x_test[:SHOWN], t_test[0, 0], t_test.shape[1] - 1)
    questions, answers = ([as_text(row, id_to_char) for row in ids] for ids in (x_test[:SHOWN], answers))
    for question, answer in zip(questions, answers):
        print(question, answer)
    write_figure(figure, lambda _: alignment_maps(weights, questions, answers))
    print(f"written: {figure}")


if __name__ == "__main__":
    main()
