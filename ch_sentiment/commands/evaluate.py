"""Score a trained model on labelled texts: accuracy, loss, F1, ROC AUC, calibration error, confusion matrix."""

import json
from pathlib import Path

from ch_sentiment.commands.arguments import add_model_argument, load_model
from ch_sentiment.commands.formatting import table, write_png
from ch_sentiment.console import drawing, printable
from ch_sentiment.experiment import answering
from ch_sentiment.experiment.cached_texts import CachedTexts
from ch_sentiment.experiment.load import load_test
from common.checking.calibration import reliability
from common.checking.metrics import roc_curve
from dataset.errors import DataError
from dataset.labelled_text import check_lengths

HELP = "score a trained model on labelled text"


def add_arguments(parser):
    add_model_argument(parser)
    parser.add_argument(
        "--data",
        default="phrases",
        metavar="FILE_OR_FOLDER",
        help="labelled text as for train; 'phrases': their test part (default)",
    )
    parser.add_argument("--no-cache", action="store_true", help="do not store the tokens of long data for later runs")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument(
        "--figures",
        metavar="FOLDER",
        help="write figures: confusion, reliability, lengths of the texts, ROC of two labels",
    )


def run(options):
    """Print the report; -> exit code 0. DataError, CheckpointError."""
    model = load_model(options)
    part = load_test(options.data, model.label_names)
    if options.figures is not None:
        folder = make_folder(options.figures)  # before the texts are scored, which may take minutes
    texts = CachedTexts(part.texts, cached=not options.no_cache, progress=not options.json)
    lengths = texts.tokens(answering.cleaning_of(model)).lengths()  # (N,)
    check_lengths(lengths, options.data, part.numbers)
    probabilities = answering.predict_proba(model, texts)  # (N, C)
    report = answering.report(probabilities, part.t)
    print(json.dumps(report) if options.json else report_lines(report, model.label_names))
    if options.figures is not None:
        write_figures(folder, report["confusion"], model, probabilities, part.t, lengths)
    return 0


def make_folder(name):
    """-> Path of the folder, created where it is missing. DataError, OSError."""
    folder = Path(name)
    if not name or (folder.exists() and not folder.is_dir()):
        raise DataError(f"--figures: expected a folder, got {f'{name}, a file' if name else 'an empty name'}")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_figures(folder, confusion, model, probabilities, t, lengths):
    """confusion.png, reliability.png, lengths.png and, for two labels, roc.png.

    probabilities (N, C); t, lengths (N,).
    """
    with drawing():
        from common import plot

        axes = {
            "confusion": plot.confusion(confusion, model.label_names),
            "reliability": plot.reliability_diagram(*reliability(probabilities, t)),
            "lengths": plot.length_histogram(lengths, getattr(model, "max_len", None)),
        }
        if len(model.label_names) == 2 and len(set(t.tolist())) == 2:
            axes["roc"] = plot.roc({printable(model.label_names[1]): roc_curve(t, probabilities[:, 1])[:2]})
        for name, ax in axes.items():
            write_png(folder / f"{name}.png", ax.figure)


def report_lines(report, label_names):
    """The report for reading."""
    numbers = [
        ["texts", f"{report['n']:,}"],
        ["accuracy", f"{report['accuracy']:.4f}"],
        ["loss", f"{report['loss']:.4f}"],
        ["F1", f"{report['f1']:.4f}"],
        ["ROC AUC", "-" if report["roc_auc"] is None else f"{report['roc_auc']:.4f}"],
        ["ECE", f"{report['ece']:.4f}"],
    ]
    names = list(map(printable, label_names))
    confusion = [[name, *(f"{count:,}" for count in row)] for name, row in zip(names, report["confusion"])]
    return f"{table((), numbers)}\n\nconfusion (row: true, column: predicted)\n{table(['', *names], confusion)}"
