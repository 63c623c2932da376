"""Small models of every kind that is trained, with weights drawn large enough for answers to differ."""

import numpy as np

from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.model import sentiment_net
from ch_sentiment.wide.wide_net import WideNet
from common.ngrams import frequent_ngrams
from common.pooling import POOLS
from dataset.text import Vocab

V, LONGEST = 40, 30
CELLS = ("rnn", "gru", "gru-reset-after", "lstm", "transformer")
RECURRENT = CELLS[:4]


def texts(N=200, seed=0, longest=LONGEST):
    """N id arrays of 1 to `longest` words, some of them unknown."""
    rng = np.random.default_rng(seed)
    return [rng.integers(1, V, n).astype(np.int32) for n in rng.integers(1, longest + 1, N)]


def net(cell="lstm", pairs=0, C=2, **options):
    """A SentimentNet."""
    options = {"pair_size": 3, "num_pairs": pairs} | options if pairs else options
    found = sentiment_net(V, 8, 8, cell=cell, num_classes=C, rng=1, **options)
    if pairs:
        found.words.pair_embed.pairs[...] = frequent_ngrams(texts(), V, 2, pairs)
    return _drawn(found)


def nbsvm(ngrams=2, C=2, most=400):
    rng = np.random.default_rng(2)
    return _drawn(NBSVM.of_texts(texts(), rng.integers(0, C, 200), V, C, most, ngrams=ngrams))


def wide(keep="head-and-tail", C=2, max_len=7, shares=(0.75, 0.5), **options):
    found = WideNet(net(C=C, **options), nbsvm(3, C), max_len, keep)
    found.shares[...] = shares
    return found


def _drawn(model):
    rng = np.random.default_rng(3)
    for param in model.params:
        param[...] = rng.standard_normal(param.shape) * 0.7
    return model


def classifier(model, C=2, **more):
    words = [f"word{i}" for i in range(2, V)]
    return Classifier(model, Vocab(words), [f"class {i}" for i in range(C)], LONGEST, **more)


# name: a function that makes a Classifier
VARIANTS = {
    **{f"{cell}": lambda cell=cell: classifier(net(cell)) for cell in CELLS},
    **{f"{cell}, both ways": lambda cell=cell: classifier(net(cell, bidirectional=True)) for cell in RECURRENT},
    **{f"{cell}, stacked, {p}": lambda c=cell, p=p: classifier(net(c, num_layers=2, pool=p))
       for cell, p in zip(CELLS, POOLS[1:])},
    **{f"both ways, {pool}": lambda pool=pool: classifier(net("gru", bidirectional=True, num_layers=2, pool=pool))
       for pool in POOLS},
    **{f"transformer, {pool}": lambda pool=pool: classifier(net("transformer", pool=pool)) for pool in POOLS[:3]},
    "pairs": lambda: classifier(net(pairs=150, pool="max")),
    "one pair": lambda: classifier(net(pairs=1)),
    "three classes": lambda: classifier(net("gru", C=3), 3),
    "softmax": lambda: classifier(net("rnn", softmax=True, pool="attention")),
    "temperature": lambda: classifier(net(), calibration={"temperature": 1.7}),
    "temperature, three classes": lambda: classifier(net(C=3), 3, calibration={"temperature": 0.6}),
    "bag of words": lambda: classifier(_drawn(BagOfWords(V, 8, rng=0))),
    "bag of words, three classes": lambda: classifier(_drawn(BagOfWords(V, 8, 3, rng=0)), 3),
    "nbsvm": lambda: classifier(nbsvm()),
    "nbsvm of 3": lambda: classifier(nbsvm(3)),
    "nbsvm of 1, three classes": lambda: classifier(nbsvm(1, 3), 3),
    "nbsvm without n-grams": lambda: classifier(nbsvm(most=0)),
    **{f"wide, {keep}": lambda keep=keep: classifier(wide(keep)) for keep in ("head-and-tail", "head", "tail")},
    "wide, softmax": lambda: classifier(wide(softmax=True)),
    "wide, three classes": lambda: classifier(wide(C=3), 3),
    "wide, the net alone": lambda: classifier(wide(shares=(1, 0))),
}  # fmt: skip
