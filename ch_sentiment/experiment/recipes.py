"""Named settings: the systems that this one descends from, each trained by `sentifish train --recipe NAME`.

A recipe's settings take the place of the defaults, and what is typed beside it takes the place of the recipe's.
docs/recipes.md tells what the originals do, and what ours reach.
"""

from dataclasses import dataclass

from ch_sentiment.experiment.options import Config
from dataset.errors import DataError


@dataclass(frozen=True)
class Recipe:
    """about: one sentence on what it is. settings: options by name, in place of the defaults."""

    about: str
    settings: dict


def recipe(about, **settings):
    """-> Recipe."""
    return Recipe(about, settings)


RECIPES = {
    "best": recipe(
        "what was found most accurate on long reviews: both directions, words and pairs of words, adversarial training",
        data="imdb",
        cell="lstm",
        bidirectional=True,
        pool="max-mean",
        pairvec=16,
        max_pairs=30_000,
        naive_bayes=True,
        adversarial=0.3,
        schedule="cosine",
        epochs=4,
    ),
    "victor-zhou": recipe(
        "a plain RNN on one-hot words, one phrase at a time, after Victor Zhou's introduction to RNNs",
        data="phrases-small",
        cell="rnn",
        pool="last",
        softmax=True,
        hidden=64,
        embedding="one-hot",
        freeze_embedding=True,
        dropout=0.0,
        optimizer="sgd",
        lr=0.05,
        clip=None,
        clip_value=1.0,
        batch_size=1,
        epochs=100,
        patience=100,
    ),
    "numpy-speeches": recipe(
        "an LSTM on GloVe vectors without stop words, after the NumPy tutorial on notable speeches",
        data="imdb",
        cell="lstm",
        pool="last",
        hidden=64,
        embedding="glove.50",
        freeze_embedding=True,
        remove_stopwords=True,
        remove_punctuation=True,
        dropout=0.0,
        optimizer="adam",
        lr=0.001,
        epochs=10,
    ),
    "theano-lstm": recipe(
        "an LSTM, the mean of its states and AdaDelta on short reviews, after the Theano deep learning tutorials",
        data="imdb",
        cell="lstm",
        pool="mean",
        softmax=True,
        hidden=128,
        wordvec=128,
        vocab_size=10000,
        max_len=2500,
        drop_longer=100,
        dropout=0.5,
        embed_dropout=0.0,
        optimizer="adadelta",
        lr=1.0,
        batch_size=16,
        epochs=100,
        patience=10,
        validation=0.05,
    ),
    "csdn-bilstm": recipe(
        "a bidirectional LSTM on frozen GloVe vectors, first and last step, after a PyTorch tutorial on CSDN",
        data="imdb",
        cell="lstm",
        bidirectional=True,
        layers=2,
        pool="first-last",
        softmax=True,
        hidden=64,
        max_len=400,
        embedding="glove.50",
        freeze_embedding=True,
        dropout=0.3,
        embed_dropout=0.1,
        optimizer="adam",
        lr=0.005,
        schedule="cosine",
        batch_size=32,
        epochs=4,
    ),
    "keras-bilstm": recipe(
        "two bidirectional LSTM layers on the last 200 words, after the Keras example",
        data="imdb",
        cell="lstm",
        bidirectional=True,
        layers=2,
        pool="last",
        hidden=64,
        wordvec=128,
        vocab_size=20000,
        max_len=200,
        keep="tail",
        dropout=0.0,
        optimizer="adam",
        lr=0.001,
        batch_size=32,
        epochs=2,
    ),
    "bow": recipe(
        "the mean of a text's word vectors and a linear layer: what is known once the order of words is lost",
        model="bow",
        max_len=10_000,
        patience=1,
    ),
    "nbsvm": recipe(
        "logistic regression on words and pairs of words scaled by naive Bayes, after Wang and Manning 2012",
        model="nbsvm",
        max_len=10_000,
        patience=1,
    ),
}


def chosen(typed):
    """-> Config: what `typed` holds (options by name), else what its recipe says, else the default. DataError for a
    recipe that there is not.
    """
    name = typed.get("recipe")
    return Config.of({} if name is None else named(name).settings, **typed)


def named(name):
    """The Recipe of a name. DataError where there is none."""
    if name not in RECIPES:
        raise DataError(f"--recipe: expected one of {', '.join(RECIPES)}, got {name!r}")
    return RECIPES[name]
