"""What a training can be told: one dataclass, from which the command line is made."""

import argparse
import math
from dataclasses import dataclass, field, fields

from ch_sentiment.model import CELLS, POOLS
from common.optimizer import SGD, AdaDelta, AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSprop
from common.training.schedules import constant, cosine
from dataset.errors import DataError
from dataset.text import KEEPS

SCHEDULES = {"constant": constant, "cosine": cosine}
OPTIMIZERS = {c.__name__.lower(): c for c in (SGD, Momentum, Nesterov, AdaGrad, AdaDelta, RMSprop, Adam, AdamW)}


def number(kind, expected, fits):
    """A converter for argparse: text -> a number of `kind` that `fits`, or an error that says what was expected."""

    def convert(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not fits(value):
            raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
        return value

    return convert


MODELS = ("recurrent", "bow", "nbsvm")
COUNT = number(int, "a whole number above 0 (and below 2^31)", lambda n: 1 <= n < 2**31)
SIZE = number(int, "a whole number, 0 or above", lambda n: 0 <= n < 2**31)
CLASSES = number(int, "a whole number above 1", lambda n: n >= 2)
SEED = number(int, "a whole number, 0 or above", lambda n: n >= 0)
NOT_NEGATIVE = number(float, "a number, 0 or above", lambda x: 0 <= x < math.inf)
POSITIVE = number(float, "a number above 0", lambda x: 0 < x < math.inf)
SHARE = number(float, "a number from 0 up to, but not including, 1", lambda x: 0 <= x < 1)


def option(default, told, **argument):
    """A field with its help text and what else argparse should know of it."""
    return field(default=default, metadata={"help": told, **argument})


@dataclass
class TrainOptions:
    """The defaults train an LSTM on the phrases in seconds, and on 25,000 film reviews in minutes."""

    recipe: str = option(None, "start from the settings of a recipe (`sentifish recipes` lists them)", metavar="NAME")
    data: str = option(
        "phrases",
        "labelled text: a .tsv or .csv file, a folder of class folders, 'imdb', 'phrases' or 'phrases-small'",
        metavar="FILE_OR_FOLDER",
    )
    test_data: str = option(None, "labelled text that is scored once, after training", metavar="FILE_OR_FOLDER")
    classes: int = option(2, "how many labels the data has", type=CLASSES)
    model: str = option(
        "recurrent",
        "what is trained: a recurrent net, or one of the baselines (see `sentifish baseline`)",
        choices=MODELS,
    )
    cell: str = option("lstm", "the recurrent cell", choices=list(CELLS))
    bidirectional: bool = option(False, "read every text in both directions")
    layers: int = option(1, "recurrent layers on top of each other", type=COUNT)
    pool: str = option("max", "how the steps of a text become one vector", choices=POOLS)
    softmax: bool = option(False, "a score for each class, where there are two classes, too")
    hidden: int = option(64, "size of the recurrent state, in each direction", type=COUNT)
    wordvec: int = option(64, "size of a word vector", type=COUNT)
    pairvec: int = option(0, "size of a second vector at each word, of its pair with the word before", type=SIZE)
    max_pairs: int = option(2_000_000, "at most so many pairs of words, those in the most texts", type=COUNT)
    naive_bayes: bool = option(False, "start an element of each of these vectors at its naive-Bayes log-count ratio")
    vocab_size: int = option(20000, "at most so many words, the most frequent ones", type=COUNT)
    max_len: int = option(400, "longer texts are cut to so many words", type=COUNT)
    keep: str = option("head-and-tail", "what is kept of a text that is cut", choices=list(KEEPS))
    drop_longer: int = option(None, "leave out training texts of more than N words", type=COUNT)
    embedding: str = option(
        None,
        "start from word vectors (their size counts): glove.50, glove.100, glove.200, glove.300, a file of such, or "
        "one-hot",
        metavar="FILE_OR_NAME",
    )
    freeze_embedding: bool = option(False, "leave the word vectors as they are")
    remove_stopwords: bool = option(False, "leave out function words, though no negation")
    remove_punctuation: bool = option(False, "leave out ! and ?, too")
    dropout: float = option(0.5, "share dropped of embeddings, between layers and before the head", type=SHARE)
    embed_dropout: float = option(None, "share dropped of embeddings, if another (default: --dropout)", type=SHARE)
    word_dropout: float = option(0.0, "share of words read as unknown while training", type=SHARE)
    adversarial: float = option(
        0.0,
        "read each batch again with its vectors moved by such a step, to where the loss is larger",
        type=NOT_NEGATIVE,
    )
    optimizer: str = option("adam", "how gradients become steps", choices=list(OPTIMIZERS))
    lr: float = option(0.003, "learning rate", type=POSITIVE)
    schedule: str = option("constant", "what becomes of it after the warm-up", choices=list(SCHEDULES))
    batch_size: int = option(64, "texts per step", type=COUNT)
    epochs: int = option(15, "at most so many passes over the data", type=COUNT)
    patience: int = option(2, "stop after so many epochs without a better validation loss", type=COUNT)
    clip: float = option(1.0, "largest common norm of the gradients", type=POSITIVE)
    clip_value: float = option(None, "largest size of each element of a gradient", type=POSITIVE)
    validation: float = option(0.1, "share of the data on which the best epoch is chosen", type=SHARE)
    group_file: str = option(
        None, "what each text belongs to (a film, an author), a line for each: no group is split", metavar="FILE"
    )
    group_column: str = option(None, "the same from --data: the name of a further column in its header", metavar="NAME")
    calibrate: bool = option(
        False, "after training, fit a temperature on the validation part, so that the model is as sure as it is right"
    )
    seed: int = option(0, "one seed, one result", type=SEED)
    split_seed: int = option(None, "draw the validation part by this seed (default: --seed)", type=SEED)
    limit: int = option(None, "train on so many texts only, drawn at random", type=COUNT, metavar="N")
    resume: str = option(
        None,
        "go on with the training in this folder, with its own settings; of all others --epochs (so many in all), "
        "--save-every, --no-cache and --quiet may stand beside it. With another number of epochs the learning rate "
        "follows, from the next step on, the schedule of that number",
        metavar="RUN_FOLDER",
    )
    save_every: float = option(
        10.0,
        "save the training, to go on with it, at least so often within an epoch",
        type=NOT_NEGATIVE,
        metavar="MINUTES",
    )
    out: str = option(None, "folder for the result (default: a new one below runs/)", metavar="FOLDER")
    overwrite: bool = option(False, "write into --out even if it is not empty")
    no_cache: bool = option(False, "do not keep the tokens of long data for the next start")
    quiet: bool = option(False, "no table and no progress: only the result")


# What a baseline does not have. Sizes and shares are let pass: runs of all models may be told the same.
NET_ONLY = ("cell", "bidirectional", "layers", "pool", "pairvec", "naive_bayes", "embedding", "freeze_embedding")
RUN_ONLY = ("overwrite", "no_cache", "quiet")  # switches that no recipe sets, and that nobody needs to unset


def add_options(parser, names=None):
    """An argument for every field, or for those of `names`: --vocab-size for vocab_size. What is not typed is absent
    from argparse's answer, so that `typed` can tell it from what is.
    """
    for f in fields(TrainOptions):
        if names is not None and f.name not in names:
            continue
        told = {**f.metadata, "default": argparse.SUPPRESS}
        if "type" in told:
            told.setdefault("metavar", "X" if f.type is float else "N")
        if f.default is False:
            told["action"] = "store_true" if f.name in RUN_ONLY else argparse.BooleanOptionalAction
        elif f.default is not None:
            told["help"] += f" (default: {f.default})"
        parser.add_argument("--" + f.name.replace("_", "-"), **told)


def typed(options):
    """What was typed, by name, of what argparse returned; of a TrainOptions, all that is not its default."""
    values = {f.name: getattr(options, f.name) for f in fields(TrainOptions) if hasattr(options, f.name)}
    if isinstance(options, TrainOptions):
        return {f.name: values[f.name] for f in fields(TrainOptions) if values[f.name] != f.default}
    return values


def check_told(told, model):
    """DataError for what was typed (`told`, by name) where a baseline would pass over it."""
    for name in NET_ONLY:
        if model != "recurrent" and name in told:
            raise DataError(f"--{name.replace('_', '-')}: expected a recurrent model, got {model}")
