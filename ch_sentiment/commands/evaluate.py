"""Score a trained model on labelled texts: accuracy, loss, F1, ROC AUC, calibration error, confusion matrix."""

import json
from pathlib import Path

from ch_sentiment.commands.arguments import add_model_argument, load_model
from ch_sentiment.commands.formatting import table
from ch_sentiment.console import printable, say, warn
from ch_sentiment.experiment import answering, output
from ch_sentiment.experiment.load import load_cached_test
from common.checking.calibration import reliability
from common.checking.metrics import roc_curve
from dataset.errors import DataError

HELP = "score a trained model on labelled text"


def add_arguments(parser):
    add_model_argument(parser)
    data = "labelled text as for train; 'phrases': their test part (default)"
    parser.add_argument("--data", default="phrases", metavar="FILE_OR_FOLDER", help=data)
    parser.add_argument("--no-cache", action="store_true", help="do not store the tokens of long data for later runs")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    figures = "write figures: confusion, reliability, lengths of the texts, ROC of two labels"
    parser.add_argument("--figures", metavar="FOLDER", help=figures)


def run(options):
    """Print the report; -> exit code 0. DataError, CheckpointError."""
    model = load_model(options)
    part, lengths = load_cached_test(options, model)
    if options.figures is not None:
        folder = Path(options.figures)
        if not options.figures or (folder.exists() and not folder.is_dir()):
            got = f"{folder}, a file" if options.figures else "an empty name"
            raise DataError(f"--figures: expected a folder, got {got}")
        folder.mkdir(parents=True, exist_ok=True)  # before the texts are scored, which may take minutes
    probabilities = answering.predict_proba(model, part.texts)  # (N, C)
    report = answering.report(probabilities, part.t)
    say(json.dumps(report) if options.json else report_lines(report, model.label_names))
    if options.figures is not None:
        write_figures(folder, report["confusion"], model, probabilities, part.t, lengths)
    return 0


def write_figures(folder, confusion, model, probabilities, t, lengths):
    """confusion.png, reliability.png, lengths.png and, for two labels, roc.png; what cannot be drawn is said.

    probabilities (N, C); t, lengths (N,).
    """
    draws = {
        "confusion.png": lambda plot: plot.confusion(confusion, model.label_names),
        "reliability.png": lambda plot: plot.reliability_diagram(*reliability(probabilities, t)),
        "lengths.png": lambda plot: plot.length_histogram(lengths, getattr(model, "max_len", None)),
    }
    if len(model.label_names) == 2 and len(set(t.tolist())) == 2:
        draws["roc.png"] = lambda plot: plot.roc({model.label_names[1]: roc_curve(t, probabilities[:, 1])[:2]})
    output.write_figures({folder / name: draw for name, draw in draws.items()}, warn)


def report_lines(report, label_names):
    """The report for reading."""
    measures = {"accuracy": "accuracy", "loss": "loss", "f1": "F1", "roc_auc": "ROC AUC", "ece": "ECE"}
    numbers = [[shown, "-" if report[key] is None else f"{report[key]:.4f}"] for key, shown in measures.items()]
    numbers.insert(0, ["texts", f"{report['n']:,}"])
    names = list(map(printable, label_names))
    confusion = [[name, *(f"{count:,}" for count in row)] for name, row in zip(names, report["confusion"])]
    return f"{table((), numbers)}\n\nconfusion (row: true, column: predicted)\n{table(['', *names], confusion)}"
