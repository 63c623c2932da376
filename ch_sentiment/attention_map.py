"""What each head of a Transformer reads in one text, trained on the built-in phrases: a map for each.

python -m ch_sentiment.attention_map docs/attention_map.png
"""

import argparse

import numpy as np

from ch_sentiment.model import sentiment_net
from common.figures.drawing import DPI, plotting
from common.optimizer import Adam
from common.trainer import Trainer
from common.training.callbacks import LearningRate
from common.training.schedules import cosine, warm_up
from dataset import phrases
from dataset.text import Vocab, tokenize

TEXT = "the plot was not charming although the show was not really tiresome"
SIZES = {"wordvec_size": 64, "hidden_size": 64, "num_layers": 2, "pool": "max", "dropout": 0.2}
MAX_EPOCH = 50
BATCH_SIZE = 64
LEARNING_RATE = 0.003
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_sentiment.attention_map", description="what heads read")
    parser.add_argument("figure", nargs="?", default="attention_map.png", help="written to (default: %(default)s)")
    options = parser.parse_args()

    # load
    (texts, t), (test_texts, test_t) = phrases.load_data()
    vocab = Vocab.build(map(tokenize, texts))
    x, x_test = ([vocab.encode(tokenize(text)) for text in part] for part in (texts, test_texts))

    # build, train
    model_rng, order_rng = np.random.default_rng(SEED).spawn(2)
    model = sentiment_net(len(vocab), cell="transformer", **SIZES, rng=model_rng)
    trainer = Trainer(model, Adam(lr=LEARNING_RATE), [LearningRate(warm_up(0.02, cosine))], order_rng)
    trainer.fit(x, t, MAX_EPOCH, BATCH_SIZE, max_grad=1.0)

    # show
    accuracy = (model.probabilities(x_test).argmax(axis=1) == test_t).mean()
    print(f"{accuracy:.2%} of {len(test_t)} held-out phrases")
    words = tokenize(TEXT)
    model.predict(vocab.encode(words)[None])  # (T,) -> (1, T)
    weights = [block.attention.attention_weight[0] for block in model.encoder.encoder.blocks]
    try:
        with plotting():
            from common.figures.heads import head_maps

            head_maps(weights, words).savefig(options.figure, dpi=DPI)
    except (ImportError, OSError, ValueError) as error:  # no matplotlib; no such folder; no such format
        parser.exit(2, f"{parser.prog}: {options.figure}: cannot be written ({error})\n")


if __name__ == "__main__":
    main()
