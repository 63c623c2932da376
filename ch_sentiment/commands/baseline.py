"""Train a model that ignores the order of words, to measure what that order contributes.

It is `train` with the recipe of that name: the same data, split, metrics and results, so that scores of one seed can be
compared.
"""

from ch_sentiment.commands.arguments import add_options
from ch_sentiment.commands.train import run  # noqa: F401  (part of every command)
from ch_sentiment.experiment.options import FIELDS

HELP = "train a bag of words to compare with: the same data, split and results as train"


def add_arguments(parser):
    """The kind, and the options of `train` that mean something to it."""
    kinds = "nbsvm: words and pairs of words, weighted by naive Bayes (default); bow: the mean of word vectors"
    parser.add_argument("--kind", dest="recipe", choices=("nbsvm", "bow"), default="nbsvm", help=kinds)
    own = ("recipe", "model", "resume")
    add_options(parser, [name for name, f in FIELDS.items() if not f.metadata["baselines"] and name not in own])
