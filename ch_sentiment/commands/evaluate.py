"""Score a trained model on labelled texts: accuracy, loss, F1, ROC AUC, calibration error, each class, confusions."""

import contextlib
import json
import os
from pathlib import Path

import numpy as np

from ch_sentiment.commands.arguments import (
    add_abstain_argument,
    add_data_argument,
    add_model_argument,
    add_reading_options,
    data_options,
    load_model,
    threshold_of,
)
from ch_sentiment.commands.scores import score_lines
from ch_sentiment.console import say, warn
from ch_sentiment.experiment import answering, output
from ch_sentiment.experiment.load import NAMES, POLAR_NAMES, load_cached_test
from ch_sentiment.experiment.parts import has_known_word
from ch_sentiment.experiment.run_folder import made_folder
from common.checking.calibration import reliability
from common.checking.metrics import roc_curve
from dataset.errors import DataError

HELP = "score a trained model on labelled text"


def add_arguments(parser):
    add_model_argument(parser)
    add_data_argument(parser, "the test part of the phrases, for a model that was trained on them")
    add_reading_options(parser)
    parser.add_argument("--no-cache", action="store_true", help="do not store the tokens of long data for later runs")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    add_abstain_argument(parser)
    figures = "write figures: confusion and scores by class, reliability, lengths of the texts, ROC of two labels"
    parser.add_argument("--figures", metavar="FOLDER", help=figures)


def run(options):
    """Print the report; -> exit code 0. DataError, CheckpointError."""
    model = load_model(options)
    data = data_options(options, data=None)
    data.data = default_data(model) if data.data is None else data.data
    part, tokens = load_cached_test(data, model, not options.no_cache, not options.json)
    lengths = tokens.lengths()
    if options.figures is not None:
        folder = Path(options.figures)
        if not options.figures or (folder.exists() and not folder.is_dir()):
            got = f"{folder}, a file" if options.figures else "an empty name"
            raise DataError(f"--figures: expected a folder, got {got}")
    about = subject_of(part, tokens, model, data.data)
    # made before the texts are scored, which may take minutes
    with contextlib.nullcontext() if options.figures is None else made_folder(options.figures):
        (warn if options.json else say)(*about["notes"])
        probabilities = answering.predict_proba(model, part.texts)  # (N, C)
        below = threshold_of(options, model)
        report = answering.report(probabilities, part.t, model.label_names, below or None)
        say(*[json.dumps({**report, "data": about})] if options.json else score_lines(report).split("\n"))
        if options.figures is not None:
            write_score_figures(folder, report, model, probabilities, part.t, lengths)
    return 0


def default_data(model):
    """The name of the data to score a model on where none is given: that of the built-in data that it was trained on.
    DataError for a model of other data.
    """
    trained_on = answering.trained_on(model)
    if trained_on and trained_on[0] in NAMES and list(model.label_names) == POLAR_NAMES[0]:
        return trained_on[0]
    known = f"; the model was trained on {trained_on[0]}" if trained_on else ""
    raise DataError(f"expected labelled text to score the model on, as in --data FILE, got none{known}")


def subject_of(part, tokens, model, name):
    """What is scored, as a dict for JSON: name, texts, labels, without_known_word, and "notes", the same in lines.

    part: Part. tokens: its TokenizedTexts.
    """
    counts = {label: int(np.sum(part.t == i)) for i, label in enumerate(model.label_names)}
    unread = np.sum(~has_known_word(model, tokens))
    listed = ", ".join(f"{label} ({count:,})" for label, count in counts.items())
    notes = [*part.notes, f"scored: {name}, {len(part):,} texts: {listed}"]
    if unread:
        notes.append(f"{unread:,} of {len(part):,} texts hold no known word: the answers to them rest on nothing")
    if name not in NAMES and os.path.basename(os.path.normpath(name)) in answering.trained_on(model):
        notes.append(f"the model was trained on a file of this name: if it is {name}, this is no test")
    return {"name": name, "texts": len(part), "labels": counts, "without_known_word": int(unread), "notes": notes}


def write_score_figures(folder, report, model, probabilities, t, lengths):
    """Write confusion.png with the scores of each class, reliability.png, lengths.png and, for two labels, roc.png. A
    figure that cannot be drawn is a warning.

    report: of `answering.report`. probabilities: (N, C). t: (N,) class ids. lengths: (N,) tokens of each text.
    """
    draws = {
        "confusion.png": lambda plot: plot.confusion_and_scores(report["confusion"], report["per_class"])[0],
        "reliability.png": lambda plot: plot.reliability_diagram(*reliability(probabilities, t)),
        "lengths.png": lambda plot: plot.length_histogram(lengths, getattr(model, "max_len", None)),
    }
    if len(model.label_names) == 2 and len(set(t.tolist())) == 2:
        draws["roc.png"] = lambda plot: plot.roc({model.label_names[1]: roc_curve(t, probabilities[:, 1])[:2]})
    output.write_figures({folder / name: draw for name, draw in draws.items()}, warn)
