"""A language model first, then a classifier with few labels: what does it know before it has seen one of them?

python -m ch_language.pretrain

Is a sentence about a man or a woman? The words that say so by themselves are left out, and the labelled sentences know
two couples; those about the others, kings and mothers of whom no label tells, are the test.
"""

import numpy as np

from ch_language.corpus import load_corpus
from ch_language.model import LanguageModel
from common.arrays.initializers import normal, xavier
from common.layers import Affine, SigmoidWithLoss
from common.optimizer import Adam
from common.pooling import TimeMax
from common.sequential import Sequential
from common.time_layers import TimeEmbedding, TimeLSTM
from common.trainer import RnnlmTrainer, Trainer
from dataset.sentences import WORD_PAIRS

TELLING = {"he": 0, "his": 0, "she": 1, "her": 1}
COUPLES, LABELLED = WORD_PAIRS["man : woman"], 2  # so many couples are in the labelled sentences
LABELS, SIZE = (4, 16, 64), 50  # how many labelled sentences; size of word vectors and of states
LM_EPOCH, LM_BATCH, TIME_SIZE = 3, 20, 35
EPOCH, BATCH_SIZE, SEED = 30, 4, 0


def main():
    # load
    corpus = load_corpus(window=LM_BATCH * TIME_SIZE)
    ids, V = corpus.train + 1, len(corpus.words) + 1  # 0 is the padding
    known, unknown = labelled(ids, ["<pad>", *corpus.words])
    print(f"{len(ids):,} words without labels; {len(known)} labelled sentences, {len(unknown)} about other people")

    # pretrain
    model = LanguageModel(V, SIZE, SIZE, rng=SEED)
    RnnlmTrainer(model, Adam(0.01), []).fit(ids[:-1], ids[1:], LM_EPOCH, LM_BATCH, TIME_SIZE, 0.25)
    print(f"perplexity of the language model on the validation text: {model.perplexity(corpus.valid + 1):.2f}")

    # train from each start, show
    random_W, random_lstm = normal(V, SIZE, SIZE**-0.5, rng=SEED), TimeLSTM.init_params(SIZE, SIZE, rng=SEED)
    W, lstm = model.parts[0].params[0], model.recurrent[0].params
    starts = {"random": (random_W, random_lstm), "its vectors": (W, random_lstm), "vectors and LSTM": (W, lstm)}
    print(f"\nright about other people, {'labelled sentences:':>31}" + "".join(f"{count:7}" for count in LABELS))
    for name, start in starts.items():
        accuracies = [accuracy(start, known[:count], unknown) for count in LABELS]
        print(f"{name:>57}" + "".join(f"{share:7.1%}" for share in accuracies))


def labelled(ids, words):
    """-> lists of (ids of a sentence, label) about the first couples, and about the others, in random order."""
    end, label_of = words.index("<eos>"), {words.index(word): label for word, label in TELLING.items()}
    people = [{words.index(word) for word in np.ravel(part)} for part in (COUPLES[:LABELLED], COUPLES[LABELLED:])]
    found = [], []
    for sentence in np.split(ids, np.flatnonzero(ids == end) + 1):
        labels = {label_of[i] for i in sentence.tolist() if i in label_of}
        for part, of_part in zip(found, people):
            if len(labels) == 1 and of_part & set(sentence.tolist()):
                part.append((sentence[~np.isin(sentence, list(label_of))], labels.pop()))
    return [[part[i] for i in np.random.default_rng(SEED).permutation(len(part))] for part in found]


def accuracy(start, train, test):
    """Of a classifier whose embedding and LSTM begin at `start`."""
    W, lstm = start[0].copy(), [p.copy() for p in start[1]]
    head = Affine(xavier(SIZE, 1, rng=SEED), np.zeros(1, np.float32))
    net = Sequential(TimeEmbedding(W), TimeLSTM(*lstm), TimeMax(), head, loss=SigmoidWithLoss())
    (xs, ts), (xs_test, ts_test) = (map(list, zip(*part)) for part in (train, test))
    Trainer(net, Adam(0.003), [], rng=SEED).fit(xs, np.array(ts), EPOCH, BATCH_SIZE)
    return float(np.mean((net.predict(xs_test) > 0) == ts_test))


if __name__ == "__main__":
    main()
