"""RNN, GRU, LSTM and the better model on the same text: the perplexity of its validation part after every epoch.

python -m ch_language.compare --figure docs/ch_language.png
"""

import argparse

from ch_language.corpus import load_corpus
from ch_language.model import LanguageModel
from common.figures.figure_file import check_figure, write_figure
from common.figures.perplexity import perplexity_curves
from common.optimizer import SGD
from common.trainer import RnnlmTrainer
from dataset.errors import one_line_errors
from dataset.sentences import lowest_perplexity

MODELS = {  # each with its learning rate: that of the others makes an RNN diverge
    "RNN": (2.0, {"cell": "rnn"}),
    "GRU": (20.0, {"cell": "gru"}),
    "LSTM": (20.0, {"cell": "lstm"}),
    "two LSTMs, dropout, tied": (20.0, {"cell": "lstm", "num_layers": 2, "dropout": 0.2, "tied": True}),
}
SIZE = 100  # of word vectors and of states
MAX_EPOCH = 6
BATCH_SIZE = 20
TIME_SIZE = 35
MAX_GRAD = 0.25
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_language.compare", description=__doc__.split("\n")[0])
    parser.add_argument("text", nargs="?", help="a file, words between blanks (default: generated)")
    parser.add_argument("--figure", default="perplexity.png", help="written to (default: %(default)s)")
    with one_line_errors(parser):
        options = parser.parse_args()
        run(options.text, options.figure)


def run(path, figure):
    # load
    check_figure(figure)
    corpus = load_corpus(path, BATCH_SIZE * TIME_SIZE)

    # build, train
    curves = {}
    for name, (rate, settings) in MODELS.items():
        model, optimizer = LanguageModel(len(corpus.words), SIZE, SIZE, **settings, rng=SEED), SGD(rate)
        trainer, curves[name] = RnnlmTrainer(model, optimizer), []
        print(f"{name:26} perplexity", end="", flush=True)
        for _ in range(MAX_EPOCH):
            trainer.fit(corpus.train[:-1], corpus.train[1:], 1, BATCH_SIZE, TIME_SIZE, MAX_GRAD, eval_interval=None)
            curves[name].append(model.perplexity(corpus.valid))
            if len(curves[name]) > 1 and curves[name][-1] >= min(curves[name][:-1]):
                optimizer.lr /= 4  # no better than before
            print(f" {curves[name][-1]:6.2f}", end="", flush=True)
        print()

    # show
    write_figure(figure, lambda _: perplexity_curves(curves, lowest_perplexity() if path is None else None))
    print(f"written: {figure}")


if __name__ == "__main__":
    main()
