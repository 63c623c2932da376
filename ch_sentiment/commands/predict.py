"""Ask a trained model about texts, from the command line or one per line of standard input."""

import json
import sys

from tqdm import tqdm

from ch_sentiment.commands.arguments import add_abstain_argument, add_model_argument, load_model, threshold_of
from ch_sentiment.commands.formatting import csv_row
from ch_sentiment.console import input_lines, printable, shorten
from ch_sentiment.experiment import answering
from common.training.terminal import is_terminal
from dataset.errors import DataError

HELP = "ask a trained model about texts"
CHUNK = 1024  # lines of standard input that are answered together
CHARACTERS = 1 << 20  # or fewer lines, once they hold so many characters


def add_arguments(parser):
    add_model_argument(parser)
    parser.add_argument("text", nargs="*", default=[], help="texts; without any, every line of standard input is one")
    forms = parser.add_mutually_exclusive_group()
    forms.set_defaults(form=answer_line)
    in_json = "one JSON object a line instead of label<TAB>probability<TAB>text"
    forms.add_argument("--json", dest="form", action="store_const", const=answer_object, help=in_json)
    in_csv = "comma-separated, with a header; ' stands before what a spreadsheet would run"
    forms.add_argument("--csv", dest="form", action="store_const", const=answer_row, help=in_csv)
    add_abstain_argument(parser)


def run(options):
    """Print an answer for every text, in order; -> exit code 0.

    CheckpointError; DataError for no line at all on standard input, and for a line that is not UTF-8, after the answers
    to the lines before it.
    """
    model = load_model(options)
    below = threshold_of(options, model)
    keyboard = not options.text and is_terminal(sys.stdin)
    if keyboard:
        print("reading texts from the keyboard, one a line; Ctrl-D ends", file=sys.stderr)
    shown = is_terminal(sys.stderr) and not (options.text or keyboard or is_terminal(sys.stdout))
    count = wordless = 0
    with tqdm(unit=" lines", leave=False, disable=not shown) as progress:
        for texts in [options.text] if options.text else chunks(input_lines(), 1 if keyboard else CHUNK):
            if count == 0 and options.form is answer_row:
                print("label,probability,text")
            count += len(texts)
            wordless += sum(not answering.has_word(model, text) for text in texts)
            for text, probabilities in zip(texts, answering.predict_proba(model, texts)):
                print(options.form(model.label_names, probabilities, text, below=below))
            sys.stdout.flush()
            progress.update(len(texts))
    if count == 0:
        raise DataError("expected texts on standard input, got none")
    if wordless:
        what = "texts" if options.text else "lines"
        print(f"{wordless} of {count} {what} hold no word: their answers rest on nothing", file=sys.stderr)
    return 0


def chunks(lines, most):
    """Lists of at most `most` lines, fewer where they are long. Those before a DataError are yielded before it."""
    chunk, characters = [], 0
    try:
        for line in lines:
            chunk.append(line)
            characters += len(line)
            if len(chunk) == most or characters >= CHARACTERS:
                yield chunk
                chunk, characters = [], 0
    except DataError:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def best_of(label_names, probabilities, below):
    """-> the most probable label, or the word for unsure where its probability is less than `below`; the probability;
    whether that is so.
    """
    best = int(probabilities.argmax())
    probability = float(probabilities[best])
    unsure = probability < below
    return answering.word_for_unsure(label_names) if unsure else label_names[best], probability, unsure


def answer_line(label_names, probabilities, text, width=None, below=0.0):
    """label<TAB>probability<TAB>text, on one line whatever the text holds. width: characters of the text at most.
    below: the confidence below which the label is that of `best_of`; the probability is that of the best in any case.
    """
    label, probability, _ = best_of(label_names, probabilities, below)
    text = printable(text) if width is None else shorten(text, width)
    return f"{printable(label)}\t{probability:.4f}\t{text}"


def answer_row(label_names, probabilities, text, below=0.0):
    """The same as a row of a CSV file, in which no cell is a formula."""
    label, probability, _ = best_of(label_names, probabilities, below)
    return csv_row([label, f"{probability:.4f}", text])


def answer_object(label_names, probabilities, text, below=0.0):
    """The same as a JSON object, with the probability of every label; with a threshold also "unsure": true or false."""
    label, probability, unsure = best_of(label_names, probabilities, below)
    every = {name: float(p) for name, p in zip(label_names, probabilities)}
    answer = {"label": label, "probability": probability, **({"unsure": unsure} if below > 0 else {})}
    return json.dumps({**answer, "probabilities": every, "text": text})
