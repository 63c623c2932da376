"""Train a model that knows no order of words, to see what order is worth. `sentifish baseline` runs this.

Data, split, metrics and results are those of `train`, so that two figures from one seed can be compared.
"""

import sys
from dataclasses import dataclass, fields

from ch_sentiment.bag_of_words import BagOfWords
from ch_sentiment.nbsvm import NBSVM
from ch_sentiment.options import COUNT, TrainOptions, add_options, option
from ch_sentiment.train import fit

HELP = "train a bag of words to compare with: the same data, split and results as train"
TRAIN_OPTIONS = {f.name: f for f in fields(TrainOptions)}


def as_in_train(name, default=None):
    """The option of `train` of this name, with its default or another one."""
    f = TRAIN_OPTIONS[name]
    told = dict(f.metadata)
    return option(f.default if default is None else default, told.pop("help"), **told)


def bow(options, data, rng, tell):
    """A BagOfWords for the data."""
    return BagOfWords(len(data.vocab), options.wordvec, len(data.label_names), rng=rng)


def nbsvm(options, data, rng, tell):
    """An NBSVM with the pairs and the ratios of the training part."""
    net = NBSVM.of_texts(data.train.x, data.train.t, len(data.vocab), len(data.label_names), options.max_pairs)
    tell(f"{len(net.pairs):,} pairs of words")
    return net


KINDS = {"bow": bow, "nbsvm": nbsvm}


@dataclass
class BaselineOptions:
    """The defaults suit both kinds, on phrases and on film reviews. Texts are read whole."""

    kind: str = option(
        "nbsvm",
        "bow: the mean of word vectors; nbsvm: words and pairs of words, weighted by naive Bayes",
        choices=list(KINDS),
    )
    data: str = as_in_train("data")
    test_data: str = as_in_train("test_data")
    classes: int = as_in_train("classes")
    wordvec: int = as_in_train("wordvec")
    max_pairs: int = option(2_000_000, "nbsvm: at most so many pairs of words, those in the most texts", type=COUNT)
    vocab_size: int = as_in_train("vocab_size")
    max_len: int = as_in_train("max_len", 10_000)
    remove_stopwords: bool = as_in_train("remove_stopwords")
    remove_punctuation: bool = as_in_train("remove_punctuation")
    optimizer: str = as_in_train("optimizer")
    lr: float = as_in_train("lr")
    batch_size: int = as_in_train("batch_size")
    epochs: int = as_in_train("epochs")
    patience: int = as_in_train("patience", 1)
    clip: float = as_in_train("clip")
    validation: float = as_in_train("validation")
    group_file: str = as_in_train("group_file")
    group_column: str = as_in_train("group_column")
    seed: int = as_in_train("seed")
    split_seed: int = as_in_train("split_seed")
    limit: int = as_in_train("limit")
    out: str = as_in_train("out")
    overwrite: bool = as_in_train("overwrite")
    no_cache: bool = as_in_train("no_cache")
    quiet: bool = as_in_train("quiet")


def add_arguments(parser):
    """All of `BaselineOptions`."""
    add_options(parser, BaselineOptions)


def run(options):
    """Train as told by `options` (BaselineOptions); -> exit code, as `train.run`, which see for what it raises."""
    return fit(options, KINDS[options.kind], options.kind)


if __name__ == "__main__":
    from ch_sentiment.__main__ import main

    raise SystemExit(main(["baseline", *sys.argv[1:]]))
