"""The model that a command asks: a folder or a file, and with `--with` several whose probabilities are averaged."""

from ch_sentiment.experiment.cells import own_cell
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.ensemble import Ensemble
from dataset.errors import DataError


def add_model_argument(parser, help="the folder of a training, or its model.npz"):
    """MODEL, and `--with MODEL` any number of times."""
    parser.add_argument("model", help=help)
    parser.add_argument(
        "--with",
        dest="others",
        action="append",
        default=[],
        metavar="MODEL",
        help="ask this model, too, and take the mean of the probabilities (any number of times)",
    )
    parser.add_argument(
        "--cell",
        metavar="PACKAGE.MODULE:CLASS",
        help="the cell or encoder of one's own that the model was trained with",
    )


def load_model(options):
    """-> Classifier, or Ensemble of it and the others. CheckpointError; DataError where their labels differ."""
    if options.cell is not None:
        own_cell(options.cell)
    model, *others = map(Classifier.load, [options.model, *options.others])
    for path, other in zip(options.others, others):
        if list(other.label_names) != list(model.label_names):
            wanted, came = ", ".join(model.label_names), ", ".join(other.label_names)
            raise DataError(f"--with {path}: expected a model of the labels {wanted}, got {came}")
    return Ensemble([model, *others]) if others else model
