"""Named settings, such as those of the systems that this one descends from: `sentifish train --recipe NAME`.

A recipe's settings take the place of the defaults, and what is typed beside it takes the place of the recipe's.
docs/recipes.md tells what the originals do, and what ours reach.
"""

import os

from ch_sentiment.experiment.options import Config
from dataset.errors import DataError

OWN_VECTORS = ("one-hot", "ppmi")  # of --embedding: made, not read
AUTO = "auto"  # the name that stands for one of the recipes, chosen by the texts (auto.py)


class Recipe:
    """about: one sentence on what it is. settings: options by name; an option that is not there has its default."""

    def __init__(self, about, **settings):
        self.about, self.settings = about, settings


PLAIN = {"average": 0.0}  # what the originals know nothing of
BEST = {
    "data": "imdb",
    "bidirectional": True,
    "pairvec": 16,
    "max_pairs": 30_000,
    "naive_bayes": True,
    "hidden": 128,
    "embedding": "ppmi",
    "adversarial": 0.3,
    "schedule": "cosine",
    "average": 0.998,
    "epochs": 2,
    "wide": True,
}
RECIPES = {
    "default": Recipe("the defaults: one LSTM, the largest and the mean of its states, averaged weights"),
    "short": Recipe(
        "sentences: both directions, word vectors that start from naive Bayes, adversarial training, and a linear part",
        bidirectional=True,
        naive_bayes=True,
        word_dropout=0.1,
        adversarial=0.3,
        schedule="cosine",
        average=0.99,
        epochs=5,
        wide=True,
    ),
    "best": Recipe(
        "what was found most accurate on long reviews: both directions, words and pairs of words, adversarial "
        "training, and a linear part",
        **BEST,
    ),
    "unlabelled": Recipe(
        "long reviews and texts without labels, which models of the labelled ones label: best with a linear part",
        **BEST,
        student_epochs=1,
    ),
    "transformer": Recipe(
        "a Transformer encoder of two blocks: more epochs, and less dropout, than a recurrent net takes",
        cell="transformer",
        layers=2,
        dropout=0.2,
        schedule="cosine",
        epochs=50,
        patience=15,
        pool="max",
        **PLAIN,
    ),
    "victor-zhou": Recipe(
        "a plain RNN on one-hot words, one phrase at a time, after Victor Zhou's introduction to RNNs",
        data="phrases-small",
        cell="rnn",
        pool="last",
        softmax=True,
        embedding="one-hot",
        freeze_embedding=True,
        dropout=0.0,
        hidden=128,
        optimizer="sgd",
        lr=0.03,
        clip=None,
        clip_value=1.0,
        batch_size=1,
        epochs=200,
        validation=0.0,
        **PLAIN,
    ),
    "numpy-speeches": Recipe(
        "an LSTM on GloVe vectors without stop words, after the NumPy tutorial on notable speeches",
        data="imdb",
        pool="last",
        embedding="glove.50",
        freeze_embedding=True,
        remove_stopwords=True,
        remove_punctuation=True,
        dropout=0.0,
        lr=0.001,
        epochs=10,
        **PLAIN,
    ),
    "theano-lstm": Recipe(
        "an LSTM, the mean of its states and AdaDelta on short reviews, after the Theano deep learning tutorials",
        data="imdb",
        pool="mean",
        softmax=True,
        hidden=128,
        wordvec=128,
        vocab_size=10000,
        max_len=2500,
        drop_longer=100,
        embed_dropout=0.0,
        optimizer="adadelta",
        lr=1.0,
        batch_size=16,
        epochs=100,
        patience=10,
        validation=0.05,
        **PLAIN,
    ),
    "csdn-bilstm": Recipe(
        "a bidirectional LSTM on frozen GloVe vectors, first and last step, after a PyTorch tutorial on CSDN",
        data="imdb",
        bidirectional=True,
        layers=2,
        pool="first-last",
        softmax=True,
        embedding="glove.50",
        freeze_embedding=True,
        dropout=0.3,
        embed_dropout=0.1,
        lr=0.005,
        schedule="cosine",
        batch_size=32,
        epochs=4,
        **PLAIN,
    ),
    "keras-bilstm": Recipe(
        "two bidirectional LSTM layers on the last 200 words, after the Keras example",
        data="imdb",
        bidirectional=True,
        layers=2,
        pool="last",
        wordvec=128,
        max_len=200,
        keep="tail",
        dropout=0.0,
        lr=0.001,
        batch_size=32,
        epochs=2,
        **PLAIN,
    ),
    "bow": Recipe(
        "the mean of a text's word vectors and a linear layer: what is known once the order of words is lost",
        model="bow",
        max_len=10_000,
        patience=1,
        **PLAIN,
    ),
    "nbsvm": Recipe(
        "logistic regression on words and pairs of words scaled by naive Bayes, after Wang and Manning 2012",
        model="nbsvm",
        max_len=10_000,
        patience=1,
        **PLAIN,
    ),
}
OF_CELLS = {"transformer": "transformer"}  # cell: the recipe that it starts from where none is named


def config_of(typed):
    """-> Config of the options `typed` (by name) over the settings of their recipe, or that of their cell, over the
    defaults. DataError, also for "auto": which one that is can only be said of texts (`auto.choose`).
    """
    typed, _ = suited_to_cell(typed)
    name = typed.get("recipe")
    if name == AUTO:
        known = ", ".join(RECIPES)
        raise DataError(f"--recipe: expected one of {known}, got 'auto', which `train` and `fit` alone know")
    settings = {} if name is None else recipe_named(name).settings
    if typed.get("init_from") is not None:
        settings = {**settings, "embedding": None}  # which vectors to start from is said already
    config = Config.of(settings, **typed)
    if typed.get("wordvec") is not None:
        check_size(config.model)
    return config


def check_size(options):
    """DataError where --embedding names vectors of another size than --wordvec. options: ModelOptions. A pipe, which
    can be read once, is not looked at.
    """
    from dataset.glove import MEMBERS, vector_size  # here: hardly any command needs it

    name = options.embedding
    if name is None or name in OWN_VECTORS or not (name in MEMBERS or os.path.isfile(name) or ".zip" in name):
        return
    if (D := vector_size(name)) != options.wordvec:
        way_out = "leave out --wordvec, or give the same"
        raise DataError(f"--wordvec: expected {D}, the size of the vectors of {name}, got {options.wordvec}: {way_out}")


def suited_to_cell(typed):
    """Choose the recipe of the cell, where it has one and none is typed. -> `typed` with it, and a line that says so;
    else `typed` unchanged, and None.
    """
    name = OF_CELLS.get(typed.get("cell"))
    if name is None or typed.get("recipe") is not None:
        return typed, None
    return {**typed, "recipe": name}, f"--cell {typed['cell']}: the settings of --recipe {name} (else --recipe default)"


def recipe_named(name):
    """The Recipe of a name. DataError where there is none."""
    if name not in RECIPES:
        raise DataError(f"--recipe: expected one of {', '.join(RECIPES)}, got {name!r}")
    return RECIPES[name]
