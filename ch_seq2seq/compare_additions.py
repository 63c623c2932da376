"""What helps in learning to add: the question reversed, a decoder that peeks, attention. A row of accuracies for each.

python -m ch_seq2seq.compare_additions
"""

import argparse

import numpy as np

from ch_seq2seq.answers import AnswerAccuracy
from ch_seq2seq.model import seq2seq
from ch_seq2seq.pairs import load_pairs
from common.optimizer import Adam
from common.trainer import Trainer
from common.training.callbacks import LearningRate, Progress
from common.training.schedules import cosine
from dataset.errors import one_line_errors

VARIANTS = {  # name: reversed, decoder
    "plain": (False, "plain"),
    "reversed": (True, "plain"),
    "reversed, peeky": (True, "peeky"),
    "attention": (False, "attention"),
}
WORDVEC_SIZE = 16
HIDDEN_SIZE = 64
MAX_EPOCH = 5
BATCH_SIZE = 128
MAX_GRAD = 5.0
LEARNING_RATE = 0.006
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_seq2seq.compare_additions", description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", default="addition.txt", help="lines question_answer (default: generated)")
    with one_line_errors(parser):
        run(parser.parse_args().file)


def run(path):
    # load
    (x_train, t_train), (x_test, t_test), char_to_id, _ = load_pairs(path)

    print(f"{'answers right after epoch':26}" + "".join(f"{epoch:>7}" for epoch in range(1, MAX_EPOCH + 1)))
    for name, (reverse, decoder) in VARIANTS.items():
        # build
        x, x_held_out = (x_train[:, ::-1], x_test[:, ::-1]) if reverse else (x_train, x_test)
        model_rng, order_rng = np.random.default_rng(SEED).spawn(2)
        model = seq2seq(len(char_to_id), WORDVEC_SIZE, HIDDEN_SIZE, decoder, rng=model_rng)
        callbacks = [Progress(), LearningRate(cosine), AnswerAccuracy(x_held_out, t_test)]

        # train
        trainer = Trainer(model, Adam(LEARNING_RATE), callbacks, order_rng)
        history = trainer.fit(x, t_train, MAX_EPOCH, BATCH_SIZE, MAX_GRAD)
        if trainer.stop_reason:  # Ctrl-C has ended this one: the others are not trained, either
            raise KeyboardInterrupt

        # show
        print(f"{name:26}" + "".join(f"{row['val_accuracy']:>7.1%}" for row in history), flush=True)


if __name__ == "__main__":
    main()
