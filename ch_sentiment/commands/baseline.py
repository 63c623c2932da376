"""Train a model that knows no order of words, to see what order is worth.

It is `train` with the recipe of that name: the same data, split, metrics and results, so that two figures from one seed
can be compared.
"""

from ch_sentiment.commands.arguments import add_options
from ch_sentiment.commands.train import run  # noqa: F401  (a command has it)
from ch_sentiment.experiment.options import FIELDS

HELP = "train a bag of words to compare with: the same data, split and results as train"


def add_arguments(parser):
    """The kind, and the options of `train` that mean something to it."""
    kinds = "nbsvm: words and pairs of words, weighted by naive Bayes (default); bow: the mean of word vectors"
    parser.add_argument("--kind", dest="recipe", choices=("nbsvm", "bow"), default="nbsvm", help=kinds)
    own = ("recipe", "model", "resume")
    add_options(parser, [name for name, f in FIELDS.items() if not f.metadata["baselines"] and name not in own])
