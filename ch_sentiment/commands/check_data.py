"""Report the faults of labelled text, and which to mend first: docs/check_data.md."""

import json
from dataclasses import asdict

from tqdm import tqdm

from ch_sentiment.commands.arguments import add_reading_options, check_output, data_options
from ch_sentiment.commands.check_report import CSV_HEAD, csv_cells, report_lines, to_mend
from ch_sentiment.commands.formatting import csv_row
from ch_sentiment.console import say, show
from ch_sentiment.data_check.check import check
from ch_sentiment.data_check.label_errors import FOLDS
from ch_sentiment.experiment.load import load
from ch_sentiment.experiment.option import SEED, SIZE
from ch_sentiment.experiment.options import TEXTS
from common.files.atomic_write import write_atomically
from dataset.errors import DataError
from dataset.labelled_text import left_out_line

HELP = "find wrong labels, duplicates and other faults of labelled text"


def add_arguments(parser):
    parser.add_argument("file", metavar="FILE_OR_FOLDER", help=f"labelled text: {TEXTS}")
    add_reading_options(parser)
    test = "labelled text of which nothing should stand in FILE, too"
    parser.add_argument("--test-data", metavar="FILE_OR_FOLDER", help=test)
    vectors = "say how many of the words these have: a file of word vectors, or glove.50 to glove.300"
    parser.add_argument("--embedding", metavar="FILE_OR_NAME", help=vectors)
    parser.add_argument("--csv", metavar="FILE", help="write every suspected row")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the report")
    parser.add_argument("--show", type=SIZE, default=10, metavar="N", help="rows of each kind (default: %(default)s)")
    folds = "models of the cross-validation; 0: do not look for label errors (default: %(default)s)"
    parser.add_argument("--folds", type=SIZE, default=FOLDS, metavar="N", help=folds)
    parser.add_argument("--seed", type=SEED, default=0, metavar="N", help="draws the folds (default: %(default)s)")
    parser.add_argument("--no-cache", action="store_true", help="do not store the tokens of long data for later runs")


def run(options):
    """Print the report and write --csv; -> exit code 0, whatever is found. DataError, OSError."""
    if not options.file:  # Path("") would be the working folder
        raise DataError("expected the name of labelled text, got an empty one")
    if options.csv is not None:
        check_output("--csv", options.csv, (options.file, options.test_data, options.embedding))
    data = load(data_options(options, test_data=options.test_data))
    found = check(data, options.embedding, options.folds, options.seed, not options.no_cache, with_bar)
    notes = [*reading_notes(data.texts, data.name), *reading_notes(data.test, data.test_name)]
    if options.json:
        show(json.dumps(as_json(found, notes)))  # before a write can fail
    else:
        show(*"\n".join(report_lines(found, notes, options.show)).split("\n"))
    if options.csv is not None:
        rows = [CSV_HEAD, *(csv_cells(suspect, found) for suspect in found.suspects)]
        write_atomically(options.csv, [f"{csv_row(row)}\n".encode("utf-8", "backslashreplace") for row in rows])
        if not options.json:
            say(f"written to {options.csv}: {len(found.suspects):,} suspected rows")
    return 0


def reading_notes(part, name):
    """Lines on how a Part was read, and which rows were left out; none for None."""
    if part is None:
        return
    for line in part.notes:
        yield line if line.startswith(f"{name}:") else f"{name}: {line}"
    line = left_out_line(name, part.left_out, len(part) + sum(map(len, part.left_out.values())), part.unit)
    if line is not None:
        yield line


def with_bar(items, doing):
    """The items with a bar on standard error, if that is a terminal."""
    return tqdm(items, desc=doing, leave=False, disable=None)


def as_json(found, notes):
    """A Report as a dict that JSON can hold: suspects without their texts."""
    errors = found.label_errors
    about = {"judged": errors.judged, "accuracy": errors.accuracy, "majority": errors.majority, "reason": errors.reason}
    suspects = [{k: v for k, v in asdict(s).items() if k != "text" and v is not None} for s in found.suspects]
    return {
        "data": found.name,
        "texts": found.texts,
        "unit": found.unit,
        "notes": notes,
        "left_out": found.left_out,
        "to_mend": to_mend(found),
        "classes": [asdict(c) for c in found.classes],
        "words": asdict(found.lengths),
        "scripts": found.scripts,
        "label_errors": about,
        "word_vectors": None if found.vectors is None else asdict(found.vectors),
        "test": None if found.test_name is None else {"data": found.test_name, "texts": found.test_texts},
        "suspects": suspects,
    }
