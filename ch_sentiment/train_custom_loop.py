"""The training loop written out: what the Trainer hides, in one page. Read this before `train.py`.

python -m ch_sentiment.train_custom_loop
"""

import numpy as np

from ch_sentiment.model import sentiment_net
from common.optimizer import Adam, clip_grads
from common.training.batches import pad, shuffled_batches
from dataset import phrases
from dataset.errors import run_script
from dataset.text import Vocab, tokenize

CELL = "lstm"  # or "rnn", "gru"
WORDVEC_SIZE = 32
HIDDEN_SIZE = 64
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
    model = sentiment_net(len(vocab), WORDVEC_SIZE, HIDDEN_SIZE, cell=CELL, rng=model_rng)
    optimizer = Adam(lr=LEARNING_RATE)

    # train
    for epoch in range(MAX_EPOCH):
        losses = []
        for index in shuffled_batches(x_train, BATCH_SIZE, order_rng):
            xs, ts = pad([x_train[i] for i in index]), t_train[index]  # lists of (T,) -> (N, T), (N,)
            losses.append(model.forward(xs, ts))
            model.backward()
            clip_grads(model.grads, MAX_GRAD)
            optimizer.update(model.params, model.grads)
        print(f"| epoch {epoch + 1} | loss {np.mean(losses):.4f}")

    # show
    right = (model.predict(pad(x_test)) > 0) == t_test  # a logit above 0 says "positive"
    print(f"test accuracy {right.mean():.2%}")
    for text in phrases.SAMPLES:
        positive = model.probabilities(vocab.encode(tokenize(text))[None])[0, 1]  # (1, T) -> (1, 2)
        print(f"{positive:.3f} positive: {text}")


if __name__ == "__main__":
    run_script(main, __doc__)
