"""Train a model that knows no order of words, to see what order is worth.

It is `train` with the recipe of that name: the same data, split, metrics and results, so that two figures from one seed
can be compared.
"""

from ch_sentiment.commands import train
from ch_sentiment.commands.arguments import add_options
from ch_sentiment.experiment.options import FIELDS

HELP = "train a bag of words to compare with: the same data, split and results as train"
KINDS = ("nbsvm", "bow")


def add_arguments(parser):
    """The kind, and the options of `train` that mean something to it."""
    parser.add_argument(
        "--kind",
        dest="recipe",
        choices=KINDS,
        default=KINDS[0],
        help="nbsvm: words and pairs of words, weighted by naive Bayes (default); bow: the mean of word vectors",
    )
    own = ("recipe", "model", "resume")
    add_options(parser, [name for name, f in FIELDS.items() if not f.metadata["baselines"] and name not in own])


def run(arguments):
    """-> exit code, as `train.run`, which see for what it raises."""
    return train.run(arguments)
