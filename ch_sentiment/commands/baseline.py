"""Train a model that knows no order of words, to see what order is worth. `sentifish baseline` runs this.

It is `train` with the recipe of that name: the same data, split, metrics and results, so that two figures from one seed
can be compared.
"""

from ch_sentiment.commands import train
from ch_sentiment.experiment.options import add_options

HELP = "train a bag of words to compare with: the same data, split and results as train"
KINDS = ("nbsvm", "bow")
OPTIONS = (
    *("data", "test_data", "classes", "wordvec", "max_pairs", "vocab_size", "max_len"),
    *("remove_stopwords", "remove_punctuation", "optimizer", "lr", "batch_size", "epochs", "patience", "clip"),
    *("validation", "group_file", "group_column", "calibrate", "seed", "split_seed", "limit"),
    *("out", "overwrite", "no_cache", "quiet"),
)


def add_arguments(parser):
    """The kind, and those of `TrainOptions` that mean something to it."""
    parser.add_argument(
        "--kind",
        dest="recipe",
        choices=KINDS,
        default=KINDS[0],
        help="nbsvm: words and pairs of words, weighted by naive Bayes (default); bow: the mean of word vectors",
    )
    add_options(parser, OPTIONS)


def run(options):
    """-> exit code, as `train.run`, which see for what it raises."""
    return train.run(options)
