"""CBOW on one sentence, the loop written out: which word stands between two others? Chapter 3. Read before `train`.

python -m ch_words.train_custom_loop
"""

import numpy as np

from ch_words.model import CBOW, with_full_softmax
from common.optimizer import Adam
from common.training.batches import shuffled_batches
from common.util import create_contexts_target, preprocess
from dataset.errors import run_script

TEXT = "the cat drinks milk and the dog drinks water."
WINDOW_SIZE = 1
HIDDEN_SIZE = 5
MAX_EPOCH = 300
BATCH_SIZE = 4
LEARNING_RATE = 0.01
SEED = 0


def main():
    # load: ids (T,) -> the two words beside each (T - 2, 2), and itself (T - 2,)
    corpus, word_to_id, id_to_word = preprocess(TEXT)
    contexts, target = create_contexts_target(corpus, WINDOW_SIZE)

    # build
    model_rng, order_rng = np.random.default_rng(SEED).spawn(2)
    model = with_full_softmax(CBOW, len(word_to_id), HIDDEN_SIZE, model_rng)
    optimizer = Adam(lr=LEARNING_RATE)

    # train
    for epoch in range(MAX_EPOCH):
        losses = []
        for index in shuffled_batches(contexts, BATCH_SIZE, order_rng):
            losses.append(model.forward(contexts[index], target[index]))
            model.backward()
            optimizer.update(model.params, model.grads)
        if (epoch + 1) % (MAX_EPOCH // 6 or 1) == 0:
            print(f"| epoch {epoch + 1} | loss {np.mean(losses):.4f}")

    # show
    model.forward(contexts, target)
    for pair, y in zip(contexts, model.loss.softmax.y):  # (N, V) probabilities
        first, second = (id_to_word[i] for i in pair)
        best = [f"{id_to_word[i]} {y[i]:.2f}" for i in np.argsort(-y)[:2]]
        print(f"{first:>7} ___ {second:<7} {', '.join(best)}")


if __name__ == "__main__":
    run_script(main, __doc__)
