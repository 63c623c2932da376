"""Learn to add, character by character: "16+75" -> "91". With REVERSE and DECODER "peeky" it is learned best.

python -m ch_seq2seq.train_addition
"""

import argparse

import numpy as np

from ch_seq2seq.answers import AnswerAccuracy, as_text
from ch_seq2seq.model import seq2seq
from ch_seq2seq.pairs import load_pairs
from common.optimizer import Adam
from common.trainer import Trainer
from common.training.callbacks import EpochTable, LearningRate, Progress
from common.training.schedules import cosine
from dataset.errors import one_line_errors

REVERSE = True  # the question from its last character to its first: its beginning is then nearer to the answer's
DECODER = "peeky"  # or "plain", "attention"
CELL = "lstm"  # or "gru", "rnn"
WORDVEC_SIZE = 16
SMALL = {"hidden_size": 64, "max_epoch": 8, "lr": 0.006}
BOOK = {"hidden_size": 128, "max_epoch": 25, "lr": 0.001}
BATCH_SIZE = 128
MAX_GRAD = 5.0
SHOWN = 5
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_seq2seq.train_addition", description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", default="addition.txt", help="lines question_answer (default: generated)")
    parser.add_argument("--book", action="store_true", help="the book's size, epochs and learning rate")
    with one_line_errors(parser):
        options = parser.parse_args()
        run(options.file, BOOK if options.book else SMALL)


def run(path, settings):
    # load
    (x_train, t_train), (x_test, t_test), char_to_id, id_to_char = load_pairs(path)
    if REVERSE:
        x_train, x_test = x_train[:, ::-1], x_test[:, ::-1]

    # build
    model_rng, order_rng = np.random.default_rng(SEED).spawn(2)
    model = seq2seq(len(char_to_id), WORDVEC_SIZE, settings["hidden_size"], DECODER, CELL, rng=model_rng)
    callbacks = [Progress(), LearningRate(cosine), AnswerAccuracy(x_test, t_test), EpochTable()]

    # train
    trainer = Trainer(model, Adam(settings["lr"]), callbacks, order_rng)
    trainer.fit(x_train, t_train, settings["max_epoch"], BATCH_SIZE, MAX_GRAD)

    # show
    answers = model.generate(x_test[:SHOWN], t_test[0, 0], t_test.shape[1] - 1)
    for x, t, answer in zip(x_test, t_test, answers):
        question = as_text(x[::-1] if REVERSE else x, id_to_char)
        print(f"{question} {as_text(answer, id_to_char)} {'right' if (answer == t[1:]).all() else 'wrong'}")


if __name__ == "__main__":
    main()
