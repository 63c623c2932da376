"""A model: from options and data, untrained, or from what a checkpoint says, to be filled."""

import math

import numpy as np

from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM, log_count_ratios
from ch_sentiment.model import sentiment_net
from common.pair_embedding import frequent_pairs
from dataset.errors import DataError
from dataset.glove import load_vectors

PAIR_TEXTS = 5  # that must hold a pair: the ratio of a rarer one would tell the labels of the training part
MOST_ONE_HOT = 5000  # words: their vectors take 100 MB


def build(options, data, rng, tell=print):
    """The model that `options` (TrainOptions) name, for the vocabulary and the classes of `data` (corpus.Data).

    tell: gets a line on what the model was started from. DataError where word vectors cannot be had.
    """
    if options.model == "bow":
        return BagOfWords(len(data.vocab), options.wordvec, len(data.label_names), rng=rng)
    if options.model == "nbsvm":
        net = NBSVM.of_texts(data.train.x, data.train.t, len(data.vocab), len(data.label_names), options.max_pairs)
        tell(f"{len(net.pairs):,} pairs of words")
        return net
    W = _starting_vectors(options, data, tell)
    pairs = _pairs(options, data)
    net = sentiment_net(
        len(data.vocab),
        options.wordvec if W is None else W.shape[1],
        options.hidden,
        cell=options.cell,
        bidirectional=options.bidirectional,
        num_layers=options.layers,
        pool=options.pool,
        num_classes=len(data.label_names),
        pair_size=options.pairvec,
        num_pairs=len(pairs),
        softmax=options.softmax,
        dropout=options.dropout,
        embed_dropout=options.embed_dropout,
        word_dropout=options.word_dropout,
        embed_W=W,
        freeze_embedding=options.freeze_embedding,
        rng=rng,
    )
    if net.words.pair_embed is not None:
        net.words.pair_embed.pairs[...] = pairs
        tell(f"{len(pairs):,} pairs of words")
    if options.naive_bayes:
        _start_at_ratios(net, pairs, data)
    return net


def _pairs(options, data):
    """(P,) sorted keys of the pairs of words that are to have a vector."""
    if options.pairvec == 0:
        return np.zeros(0, np.int64)
    return frequent_pairs(data.train.x, len(data.vocab), options.max_pairs, PAIR_TEXTS)


def _start_at_ratios(net, pairs, data):
    """The first element of the vector of each word, and pair, becomes its log-count ratio for class 1 of two."""
    ratios = log_count_ratios(data.train.x, data.train.t, pairs, len(data.vocab), 2)[:, 0]
    net.words.embed.params[0][:, 0] = ratios[: len(data.vocab)]
    if net.words.pair_embed is not None:
        net.words.pair_embed.params[0][1:, 0] = ratios[len(data.vocab) :]


def _starting_vectors(options, data, tell):
    """(V, D) word vectors that --embedding names, or None. DataError."""
    if options.embedding is None:
        return None
    if options.embedding == "one-hot":
        if len(data.vocab) > MOST_ONE_HOT:
            raise DataError(
                f"--embedding one-hot: expected at most {MOST_ONE_HOT:,} words (--vocab-size), got {len(data.vocab):,}"
            )
        return np.eye(len(data.vocab), dtype=np.float32)
    vectors = load_vectors(options.embedding, data.vocab)
    tell(f"{options.embedding}: {vectors.coverage(data.train.x)}")
    return vectors.W


def rebuild(name, config, manifest):
    """The model that a file describes, its weights still to be filled; no name in the file is ever imported.

    name: of its class. config: its sizes and switches. manifest: name, shape and dtype of each array of the file.
    KeyError, TypeError or ValueError where they do not fit each other, before memory is taken for what the file lacks.
    """
    if name not in MODELS:
        raise ValueError(f"expected a model of {', '.join(MODELS)}, got {name!r}")
    return MODELS[name](config, manifest)


def _elements(manifest):
    return sum(math.prod(entry["shape"]) for entry in manifest)


def _sizes(config, *names):
    """These entries of the configuration, which must be whole numbers above 0."""
    sizes = [config[name] for name in names]
    if not all(type(size) is int and size > 0 for size in sizes):
        raise ValueError(f"expected whole numbers above 0 as {', '.join(names)}, got {sizes}")
    return sizes


def _sentiment_net(config, manifest):
    V, D, H, layers, classes = _sizes(config, "vocab_size", "wordvec_size", "hidden_size", "num_layers", "num_classes")
    D2, P = config["pair_size"], config["num_pairs"]
    if not all(type(size) is int and size >= 0 for size in (D2, P)):
        raise ValueError(f"expected whole numbers as pair_size and num_pairs, got {D2} and {P}")
    elements = _elements(manifest)
    largest = max(V * D, P * D2, P, (D + D2) * H, layers * H**2, H * classes // 2)
    if largest > elements or 3 * layers > len(manifest):
        raise ValueError(f"expected a network of {elements:,} numbers in {len(manifest)} arrays, got {config}")
    if not all(type(config[name]) is bool for name in ("bidirectional", "softmax", "freeze_embedding")):
        raise ValueError(f"expected bidirectional, softmax and freeze_embedding to be true or false, got {config}")
    return sentiment_net(**config, rng=0, dtype=manifest[0]["dtype"])


def _bag_of_words(config, manifest):
    V, D, classes = _sizes(config, "vocab_size", "wordvec_size", "num_classes")
    if max(V * D, D * classes // 2) > _elements(manifest):
        raise ValueError(f"expected a network of {_elements(manifest):,} numbers, got {config}")
    return BagOfWords(**config, rng=0, dtype=manifest[0]["dtype"])


def _nbsvm(config, manifest):
    V, classes = _sizes(config, "vocab_size", "num_classes")
    pairs = config["num_pairs"]
    if type(pairs) is not int or pairs < 0 or (V + pairs) * classes // 2 > _elements(manifest):
        raise ValueError(f"expected a model of {_elements(manifest):,} numbers, got {config}")
    return NBSVM(**config, dtype=manifest[0]["dtype"])


# What a file may hold: the name of a class -> a function of configuration and manifest that builds it.
MODELS = {"SentimentNet": _sentiment_net, "BagOfWords": _bag_of_words, "NBSVM": _nbsvm}
