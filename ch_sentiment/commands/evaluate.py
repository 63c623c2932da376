"""Score a trained model on labelled texts: accuracy, loss, F1, ROC AUC, calibration error, confusion matrix."""

import json
from pathlib import Path

from ch_sentiment.console import drawing, printable
from ch_sentiment.experiment import ensemble as average
from ch_sentiment.experiment.corpus import encoded, tokens_of
from ch_sentiment.experiment.load import load_test
from common.checking.calibration import reliability
from common.checking.metrics import roc_curve
from dataset.errors import DataError

HELP = "score a trained model on labelled text"


def add_arguments(parser):
    parser.add_argument("model", help="the folder of a training, or its model.npz")
    average.add_argument(parser)
    parser.add_argument(
        "--data",
        default="phrases",
        metavar="FILE_OR_FOLDER",
        help="labelled text as for train; 'phrases': their test part (default)",
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="do not keep the tokens of long data for the next start"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument(
        "--figures",
        metavar="FOLDER",
        help="write figures of what was found: confusion, reliability, lengths of the texts, ROC of two labels",
    )


def run(options):
    """Print the report; -> exit code 0. DataError, CheckpointError."""
    model = average.load(options.model, options.others)
    test = load_test(options.data, model.label_names)
    if options.figures is not None:
        folder = new_or_old(options.figures)  # before the texts are scored, which may take minutes
    report, probabilities, lengths = score(model, test, options)
    print(json.dumps(report) if options.json else table(report, model.label_names))
    if options.figures is not None:
        draw(folder, report["confusion"], model, probabilities, test.t, lengths)
    return 0


def new_or_old(name):
    """-> Path of the folder, made where it is missing. DataError, OSError."""
    folder = Path(name)
    if not name or (folder.exists() and not folder.is_dir()):
        raise DataError(f"--figures: expected a folder, got {f'{name}, a file' if name else 'an empty name'}")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def score(model, part, options):
    """-> report (dict), probabilities (N, C) of the texts of a part, and their lengths (N,) in tokens."""
    members = model.members if isinstance(model, average.Average) else [model]
    how = {"cached": not options.no_cache, "progress": not options.json}
    tokens = [tokens_of(part, options.data, member.cleaning, **how) for member in members]
    x = [encoded(some, member.vocab, member.max_len, member.keep) for some, member in zip(tokens, members)]
    found = [member.probabilities_of_ids(ids) for member, ids in zip(members, x)]
    if len(members) == 1:
        return model.report(x[0], part.t), found[0], tokens[0].lengths()
    probabilities = average.mean(found)
    return average.report(probabilities, part.t), probabilities, tokens[0].lengths()


def draw(folder, matrix, model, probabilities, t, lengths):
    """confusion.png, reliability.png, lengths.png and, for two labels, roc.png.

    probabilities (N, C); t, lengths (N,).
    """
    with drawing():
        from common import plot

        axes = {
            "confusion": plot.confusion(matrix, model.label_names),
            "reliability": plot.reliability_diagram(*reliability(probabilities, t)),
            "lengths": plot.length_histogram(lengths, model.max_len),
        }
        if len(model.label_names) == 2 and len(set(t.tolist())) == 2:
            axes["roc"] = plot.roc({printable(model.label_names[1]): roc_curve(t, probabilities[:, 1])[:2]})
        for name, ax in axes.items():
            ax.figure.savefig(folder / f"{name}.png", dpi=150)


def table(report, label_names):
    """The report for reading."""
    area = "-" if report["roc_auc"] is None else f"{report['roc_auc']:.4f}"
    lines = [
        f"texts     {report['n']:,}",
        f"accuracy  {report['accuracy']:.4f}",
        f"loss      {report['loss']:.4f}",
        f"F1        {report['f1']:.4f}",
        f"ROC AUC   {area}",
        f"ECE       {report['ece']:.4f}",
        "",
        "confusion (row: true, column: predicted)",
    ]
    label_names = list(map(printable, label_names))
    width = max(8, *map(len, label_names))
    lines.append(" ".join(f"{name:>{width}}" for name in ["", *label_names]))
    for name, row in zip(label_names, report["confusion"]):
        lines.append(" ".join([f"{name:>{width}}", *(f"{count:>{width},}" for count in row)]))
    return "\n".join(lines)
