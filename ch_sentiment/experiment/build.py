"""Builds models: untrained from options and a corpus, or from the description in a checkpoint, to be filled."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM, log_count_ratios
from ch_sentiment.experiment.cells import check_cell, is_custom_name, made_net, try_cell
from ch_sentiment.experiment.packing import packed_like
from ch_sentiment.experiment.weighting import loss_weights
from ch_sentiment.model import CELLS, sentiment_net
from ch_sentiment.wide.wide_net import WideNet
from common.arrays.unfilled import ShapesOnly, Unfilled, unfilled
from common.files.checkpoint import check_fit
from common.ngrams import frequent_ngrams
from common.ppmi_vectors import ppmi_vectors
from dataset.errors import DataError
from dataset.text import KEEPS, UNK

PAIR_TEXTS = 5  # that must hold a pair of words: the ratio of a rarer pair would give away training labels
PPMI_STD = 0.2  # of the elements of vectors by PPMI to start from
MOST = 2**31 - 1  # of a size in a file
MOST_ONE_HOT = 5000  # words: their vectors take 100 MB


def build(options, data, rng):
    """-> the model that `options` (ModelOptions) describe, for vocabulary and classes of `data` (Corpus), and lines on
    its initial word vectors and pairs: list of str. DataError where word vectors or the cell cannot be loaded.
    """
    V, C = len(data.vocab), len(data.label_names)
    if options.model == "bow":
        return BagOfWords(V, options.wordvec, C, rng=rng), []
    if options.model == "nbsvm":
        weights = loss_weights(data, None)[0]
        n = options.ngrams or 2
        net = NBSVM.of_texts(data.train.x, data.train.learnt, V, C, options.max_pairs, sample_weight=weights, ngrams=n)
        return net, [f"{len(net.keys):,} {'pairs of words' if n == 2 else f'n-grams of 2 to {n} words'}"]
    if options.naive_bayes and C != 2:
        got = f"{C}: {', '.join(data.label_names)} (--no-naive-bayes does without)"
        raise DataError(f"--naive-bayes: expected two classes, got {got}")
    check_cell(options)
    W, notes = _starting_vectors(options, data, rng)
    pairs = np.zeros(0, np.int64)  # (P,) sorted keys of the pairs of words that are to have a vector
    same = ("cell", "bidirectional", "pool", "softmax", "dropout", "embed_dropout", "type_dropout", "word_dropout")
    same += ("freeze_embedding",)
    if options.pairvec:
        pairs = frequent_ngrams(data.train.x, V, 2, options.max_pairs, PAIR_TEXTS)
        notes.append(f"{len(pairs):,} pairs of words")
    arguments = {
        "wordvec_size": options.wordvec if W is None else W.shape[1],
        "hidden_size": options.hidden,
        "num_layers": options.layers,
        "num_classes": C,
        "pair_size": options.pairvec,
        **{name: getattr(options, name) for name in same},
    }
    try_cell(arguments)
    net = sentiment_net(V, **arguments, num_pairs=len(pairs), embed_W=W, rng=rng)
    if options.pairvec:
        net.words.pair_embed.pairs[...] = pairs
    if options.naive_bayes:
        _start_at_ratios(net.words, pairs, data)
    return net, notes


def _start_at_ratios(words, pairs, data):
    """Set the first element of each vector, of words and pairs, to its log-count ratio for class 1 of two."""
    V = len(data.vocab)
    ratios = log_count_ratios(data.train.x, data.train.learnt, pairs, V, 2, loss_weights(data, None)[0])[:, 0]
    words.embed.params[0][:, 0] = ratios[:V]
    if words.pair_embed is not None:
        words.pair_embed.params[0][1:, 0] = ratios[V:]


def _starting_vectors(options, data, rng):
    """(V, D) word vectors that --init-from or --embedding names, or None, and a list of lines on them. DataError."""
    if data.pretrained is not None:
        return data.pretrained.vectors(data.vocab, rng.spawn(1)[0]), []
    if options.embedding is None:
        return None, []
    if options.embedding == "one-hot":
        V, most = len(data.vocab), f"{MOST_ONE_HOT:,} words (--vocab-size)"
        if V > MOST_ONE_HOT:
            raise DataError(f"--embedding one-hot: expected at most {most}, got {V:,}")
        return np.eye(V, dtype=np.float32), []
    if options.embedding == "ppmi":
        texts = [*data.train.x, *(data.unlabelled or [])]
        W = ppmi_vectors(texts, len(data.vocab), options.wordvec, skipped=UNK + 1, rng=0)
        # The last of the directions comes first, since naive Bayes may take the place of the first element.
        return PPMI_STD * np.roll(W, 1, axis=1), [f"vectors by PPMI and SVD of {len(texts):,} texts"]
    from dataset.glove import load_vectors  # here, since whoever asks a model has no need of it

    vectors = load_vectors(options.embedding, data.vocab)
    lines = [f"{vectors.notes[0]}, {vectors.coverage(data.train.x)}", *vectors.notes[1:]]
    return vectors.W, [f"{options.embedding}: {line}" for line in lines]


@dataclass
class Room:
    """What a file says beside the configuration of its model: how many numbers and arrays it has, and their dtype.

    rng: with which its model is to be built.
    """

    numbers: int
    arrays: int
    dtype: str
    rng: Unfilled = field(default_factory=lambda: unfilled(ShapesOnly))


def rebuild(name, config, manifest, packed=None, fill=True):
    """The model that a file describes, its weights still to be filled; no name in the file is ever imported.

    name: of its class. config: its sizes and switches. manifest: name, shape and dtype of each array of the file.
    packed: how the file keeps them, of `packing.DTYPES` or None. fill: else the weights have no memory to be filled.
    KeyError, TypeError or ValueError where names, shapes and dtypes are not those of such a model, before memory is
    taken for it; DataError where a custom cell is not known or fails.
    """
    if name not in MODELS:
        raise ValueError(f"expected a model of {', '.join(MODELS)}, got {name!r}")
    dtype = "<f4" if packed is not None or not manifest else manifest[0]["dtype"]
    numbers = sum(math.prod(entry["shape"]) for entry in manifest if packed is not None or entry["dtype"] == dtype)
    room = Room(numbers, len(manifest), dtype)
    net = MODELS[name](config, room)
    check_fit(manifest, packed_like(net.weights(), packed, config["vocab_size"], manifest, fill=False))
    if not fill:
        return net
    inner = net.config.get("net", net.config)
    if "cell" in inner:
        try_cell({**inner, "dtype": dtype, "rng": unfilled(Unfilled)})
    return MODELS[name](config, replace(room, rng=unfilled(Unfilled)))


def _sizes(config, *names):
    """-> list of these entries of the configuration. ValueError unless all are ints from 1 to MOST."""
    sizes = [config[name] for name in names]
    if not all(type(size) is int and 0 < size <= MOST for size in sizes):
        raise ValueError(f"expected whole numbers from 1 to {MOST} as {', '.join(names)}, got {sizes}")
    return sizes


def _sentiment_net(config, room):
    _, D, H, layers, _ = _sizes(config, "vocab_size", "wordvec_size", "hidden_size", "num_layers", "num_classes")
    D2, P = config["pair_size"], config["num_pairs"]
    if not all(type(size) is int and 0 <= size <= MOST for size in (D2, P)) or (P and not D2):
        raise ValueError(f"expected whole numbers as pair_size and num_pairs, got {D2} and {P}")
    if (cell := config["cell"]) not in CELLS:
        if type(cell) is str and is_custom_name(cell):
            raise DataError(f"expected its cell {cell!r} to be named: --cell {cell}")
        raise ValueError(f"expected a cell of {', '.join(CELLS)}, or one of your own, got {cell!r}")
    # Each layer takes memory without its weights, too, and a cell of one's own may take it whatever it is asked for.
    largest = max((D + D2) * H, layers * H**2 if hasattr(CELLS[cell], "init_params") else 0)
    arrays = 3 * layers
    if layers > 2 and not is_custom_name(cell):
        one, two = (len(made_net({**config, "num_layers": n}, rng=unfilled(ShapesOnly)).params) for n in (1, 2))
        arrays = one + (layers - 1) * (two - one)
    if arrays > room.arrays or (is_custom_name(cell) and largest > room.numbers):
        raise ValueError(f"expected a network of {room.numbers:,} numbers in {room.arrays} arrays, got {config}")
    config = {"type_dropout": False, **config}  # which came after version 0.1.0
    switches = ("bidirectional", "softmax", "freeze_embedding", "type_dropout")
    if not all(type(config[name]) is bool for name in switches):
        raise ValueError(f"expected {', '.join(switches)} to be true or false, got {config}")
    return made_net(config, embed_W=None, rng=room.rng, dtype=room.dtype)  # none of which may stand in the file


def _bag_of_words(config, room):
    _sizes(config, "vocab_size", "wordvec_size", "num_classes")
    return BagOfWords(**config, rng=room.rng, dtype=room.dtype)


def _nbsvm(config, room):
    if "num_pairs" in config:  # of version 0.1.0
        config = {**config, "num_ngrams": config["num_pairs"], "ngrams": 2}
        del config["num_pairs"]
    _sizes(config, "vocab_size", "num_classes", "ngrams")
    if type(config["num_ngrams"]) is not int or config["num_ngrams"] < 0:
        raise ValueError(f"expected a whole number as num_ngrams, got {config['num_ngrams']!r}")
    return NBSVM(**config, rng=room.rng, dtype=room.dtype)


def _wide_net(config, room):
    V, C, max_len = _sizes(config, "vocab_size", "num_classes", "max_len")
    for part in ("net", "linear"):
        if [config[part]["vocab_size"], config[part]["num_classes"]] != [V, C]:
            raise ValueError(f"expected a {part} of {V} words and {C} classes, got {config[part]}")
    if config["keep"] not in KEEPS:
        raise ValueError(f"expected keep to be one of {', '.join(KEEPS)}, got {config['keep']!r}")
    net, linear = (make(config[part], room) for part, make in (("net", _sentiment_net), ("linear", _nbsvm)))
    return WideNet(net, linear, max_len, config["keep"])


# What a file may hold: the name of a class -> a function of configuration and Room that builds it.
MODELS = {"SentimentNet": _sentiment_net, "BagOfWords": _bag_of_words, "NBSVM": _nbsvm, "WideNet": _wide_net}
