"""Train a sentiment model with the Trainer: load, build, train, show. `train_custom_loop.py` is the loop inside it.

python -m ch_sentiment.train
"""

import numpy as np

from ch_sentiment.model import sentiment_net
from common.optimizer import Adam
from common.trainer import Trainer
from common.training.batches import pad
from common.training.callbacks import EarlyStopping, EpochTable
from dataset import phrases
from dataset.errors import run_script
from dataset.text import Vocab, tokenize

CELL = "lstm"  # or "rnn", "gru"
BIDIRECTIONAL = True
WORDVEC_SIZE = 32
HIDDEN_SIZE = 64
DROPOUT = 0.3
MAX_EPOCH = 8
BATCH_SIZE = 32
MAX_GRAD = 1.0
LEARNING_RATE = 0.005
SEED = 0


def main():
    # load: texts -> tokens -> ids
    (texts, t_train), (test_texts, t_test) = phrases.load_data()
    tokens = [tokenize(text) for text in texts]
    vocab = Vocab.build(tokens)
    x_train = [vocab.encode(words) for words in tokens]
    x_test = [vocab.encode(tokenize(text)) for text in test_texts]

    # build
    model_rng, order_rng = np.random.default_rng(SEED).spawn(2)
    model = sentiment_net(
        len(vocab), WORDVEC_SIZE, HIDDEN_SIZE, CELL, BIDIRECTIONAL, pool="max", dropout=DROPOUT, rng=model_rng
    )
    callbacks = [EpochTable(), EarlyStopping(patience=2)]

    # train
    trainer = Trainer(model, Adam(lr=LEARNING_RATE), callbacks, order_rng)
    trainer.fit(x_train, t_train, MAX_EPOCH, BATCH_SIZE, MAX_GRAD, validation=(x_test, t_test))

    # show
    for text in phrases.SAMPLES:
        positive = model.probabilities(pad([vocab.encode(tokenize(text))]))[0, 1]  # (1, T) -> (1, 2)
        print(f"{positive:.3f} positive: {text}")


if __name__ == "__main__":
    run_script(main, __doc__)
