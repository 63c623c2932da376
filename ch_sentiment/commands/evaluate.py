"""Score a trained model on labelled texts: accuracy, loss, F1, ROC AUC, calibration error, each class, confusions."""

import json
from pathlib import Path

from ch_sentiment.commands.arguments import add_abstain_argument, add_model_argument, load_model, threshold_of
from ch_sentiment.commands.scores import report_lines
from ch_sentiment.console import printable
from ch_sentiment.experiment import answering
from ch_sentiment.experiment.load import load_cached_test
from ch_sentiment.experiment.output import plotting, write_png
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
    add_abstain_argument(parser)
    figures = "write figures: confusion and scores by class, reliability, lengths of the texts, ROC of two labels"
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
    below = threshold_of(options, model)
    report = answering.report(probabilities, part.t, model.label_names, below or None)
    print(json.dumps(report) if options.json else report_lines(report))
    if options.figures is not None:
        write_figures(folder, report, model, probabilities, part.t, lengths)
    return 0


def write_figures(folder, report, model, probabilities, t, lengths):
    """confusion.png with the scores of each class, reliability.png, lengths.png and, for two labels, roc.png.

    probabilities (N, C); t, lengths (N,).
    """
    with plotting() as plot:
        axes = {
            "confusion": plot.confusion_and_scores(report["confusion"], report["per_class"])[0],
            "reliability": plot.reliability_diagram(*reliability(probabilities, t)),
            "lengths": plot.length_histogram(lengths, getattr(model, "max_len", None)),
        }
        if len(model.label_names) == 2 and len(set(t.tolist())) == 2:
            axes["roc"] = plot.roc({printable(model.label_names[1]): roc_curve(t, probabilities[:, 1])[:2]})
        for name, ax in axes.items():
            write_png(folder / f"{name}.png", ax.figure)
