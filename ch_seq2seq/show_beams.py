"""Beam search: the five best sums that a half-trained model can think of, and how often wider beams are right.

python -m ch_seq2seq.show_beams
"""

import argparse

import numpy as np

from ch_seq2seq.answers import as_text
from ch_seq2seq.model import seq2seq
from ch_seq2seq.pairs import load_pairs
from ch_seq2seq.search import beam_search
from common.optimizer import Adam
from common.trainer import Trainer
from common.training.callbacks import EpochTable, Progress
from dataset.errors import one_line_errors

DECODER = "peeky"
WORDVEC_SIZE = 16
HIDDEN_SIZE = 64
MAX_EPOCH = 3
BATCH_SIZE = 128
MAX_GRAD = 5.0
LEARNING_RATE = 0.006
WIDTHS = (1, 2, 5, 10)
SCORED = 1000  # questions that the widths are compared on
SHOWN = 3
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_seq2seq.show_beams", description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", default="addition.txt", help="lines question_answer (default: generated)")
    with one_line_errors(parser):
        run(parser.parse_args().file)


def run(path):
    # load
    (x_train, t_train), (x_test, t_test), char_to_id, id_to_char = load_pairs(path)
    x_train, x_test, t_test = x_train[:, ::-1], x_test[:SCORED, ::-1], t_test[:SCORED]

    # build, train
    model_rng, order_rng = np.random.default_rng(SEED).spawn(2)
    model = seq2seq(len(char_to_id), WORDVEC_SIZE, HIDDEN_SIZE, DECODER, rng=model_rng)
    trainer = Trainer(model, Adam(LEARNING_RATE), [Progress(), EpochTable()], order_rng)
    trainer.fit(x_train, t_train, MAX_EPOCH, BATCH_SIZE, MAX_GRAD)

    # show
    start_id, length, end_id = t_test[0, 0], t_test.shape[1] - 1, char_to_id.get(" ")
    print("width  best right  any right  mean log p of the best")
    for width in WIDTHS:
        answers, log_p = beam_search(model, x_test, start_id, length, width, end_id)
        found = (answers == t_test[:, None, 1:]).all(axis=2)  # (N, K, T) -> (N, K)
        print(f"{width:5}  {found[:, 0].mean():10.1%}  {found.any(axis=1).mean():9.1%}  {log_p[:, 0].mean():22.4f}")
    for x, t, best, log_ps in zip(x_test[:SHOWN], t_test, answers, log_p):
        print(f"{as_text(x[::-1], id_to_char)} = {as_text(t[1:], id_to_char)}")
        for answer, log_prob in zip(best[:5], log_ps):
            print(f"    {as_text(answer, id_to_char)} {np.exp(log_prob):.3f}")


if __name__ == "__main__":
    main()
