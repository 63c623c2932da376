"""Ask a trained model what it thinks of texts, from the command line or one a line on standard input."""

import csv
import io
import json
import sys

from tqdm import tqdm

from ch_sentiment.console import input_lines, printable
from ch_sentiment.experiment import ensemble as average
from dataset.errors import DataError

HELP = "ask a trained model about texts"
CHUNK = 1024  # lines of standard input that are answered together
CHARACTERS = 1 << 20  # or fewer, once they hold so many
FORMULA = tuple("=+-@＝＋－＠")  # what a spreadsheet takes for the beginning of one


def add_arguments(parser):
    parser.add_argument("model", help="the folder of a training, or its model.npz")
    parser.add_argument("text", nargs="*", default=[], help="texts; without any, every line of standard input is one")
    average.add_argument(parser)
    parser.set_defaults(form=answer_line)
    forms = parser.add_mutually_exclusive_group()
    for flag, form, told in (
        ("--json", answer_object, "one JSON object a line instead of label<TAB>probability<TAB>text"),
        ("--csv", answer_row, "comma-separated, with a header; ' stands before what a spreadsheet would run"),
    ):
        forms.add_argument(flag, dest="form", action="store_const", const=form, help=told)


def run(options):
    """Print an answer for every text, in order; -> exit code 0.

    CheckpointError; DataError for a text argument without a word, for no line at all on standard input, and for a line
    that is not UTF-8, after the answers to the lines before it.
    """
    model = average.load(options.model, options.others)
    for text in options.text:
        if not model.has_word(text):
            raise DataError(f"expected words in every text, got none in {text[:40]!r}")
    keyboard = not options.text and sys.stdin.isatty()
    if keyboard:
        print("reading texts from the keyboard, one a line; Ctrl-D ends", file=sys.stderr)
    shown = sys.stderr.isatty() and not (options.text or keyboard or sys.stdout.isatty())
    count = wordless = 0
    with tqdm(unit=" lines", leave=False, disable=not shown) as progress:
        for texts in [options.text] if options.text else parts(input_lines(), 1 if keyboard else CHUNK):
            if count == 0 and options.form is answer_row:
                print("label,probability,text")
            count += len(texts)
            wordless += sum(not model.has_word(text) for text in texts)
            answer(model, texts, options.form)
            progress.update(len(texts))
    if count == 0:
        raise DataError("expected texts on standard input, got none")
    if wordless:
        print(f"{wordless} of {count} lines hold no word: their answers rest on nothing", file=sys.stderr)
    return 0


def parts(lines, most):
    """Lists of at most `most` lines, fewer where they are long. What comes before a DataError is handed out first."""
    part, characters, defect = [], 0, None
    try:
        for line in lines:
            part.append(line)
            characters += len(line)
            if len(part) == most or characters >= CHARACTERS:
                yield part
                part, characters = [], 0
    except DataError as error:
        defect = error
    if part:
        yield part
    if defect is not None:
        raise defect


def answer(model, texts, form):
    """One line of standard output for every text."""
    for text, probabilities in zip(texts, model.probabilities(texts)):
        print(form(model.label_names, probabilities, text))
    sys.stdout.flush()


def answer_line(label_names, probabilities, text, longest=None):
    """label<TAB>probability<TAB>text, on one line whatever the text holds; a text over `longest` characters is cut."""
    best = int(probabilities.argmax())
    text = printable(text)
    if longest is not None and len(text) > longest:
        text = text[: longest - 1] + "…"
    return f"{printable(label_names[best])}\t{probabilities[best]:.4f}\t{text}"


def answer_row(label_names, probabilities, text):
    """The same as a row of a CSV file, in which no cell is a formula."""
    row = io.StringIO()
    cells = answer_line(label_names, probabilities, text).split("\t")
    csv.writer(row, lineterminator="").writerow(map(defused, cells))
    return row.getvalue()


def defused(cell):
    """A cell that a spreadsheet shows and does not compute: with an apostrophe before it where that is needed."""
    return f"'{cell}" if cell.lstrip(" \u200c\u200d").startswith(FORMULA) else cell


def answer_object(label_names, probabilities, text):
    """The same as a JSON object, with the probability of every label."""
    best = int(probabilities.argmax())
    every = {name: float(p) for name, p in zip(label_names, probabilities)}
    return json.dumps(
        {"label": label_names[best], "probability": float(probabilities[best]), "probabilities": every, "text": text}
    )
