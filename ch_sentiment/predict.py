"""Ask a trained model what it thinks of texts, from the command line or one a line on standard input."""

import itertools
import json
import sys

from ch_sentiment.classifier import Classifier
from ch_sentiment.console import input_lines, printable
from dataset.errors import DataError
from dataset.text import tokenize

HELP = "ask a trained model about texts"
CHUNK = 1024  # lines of standard input that are answered together


def add_arguments(parser):
    parser.add_argument("model", help="the folder of a training, or its model.npz")
    parser.add_argument("text", nargs="*", help="texts; without any, every line of standard input is one")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line instead of label<TAB>probability<TAB>text"
    )


def run(options):
    """Print an answer for every text; -> exit code 0. DataError where there is nothing to read, CheckpointError."""
    model = Classifier.load(options.model)
    if options.text:
        for text in options.text:
            if not tokenize(text):
                raise DataError(f"expected words in every text, got none in {text!r}")
        answer(model, options.text, options.json)
        return 0
    if sys.stdin.isatty():
        print("reading texts from the keyboard, one a line; Ctrl-D ends", file=sys.stderr)
    lines = input_lines()
    count = empty = 0
    while chunk := list(itertools.islice(lines, 1 if sys.stdin.isatty() else CHUNK)):
        count += len(chunk)
        empty += sum(not tokenize(line) for line in chunk)
        if count == empty and len(chunk) < CHUNK:
            break
        answer(model, chunk, options.json)
    if count == empty:
        raise DataError("expected words on standard input, got none")
    if empty:
        print(f"{empty} of {count} lines hold no word: their answers rest on nothing", file=sys.stderr)
    return 0


def answer(model, texts, as_json):
    """One line of standard output for every text."""
    for text, probabilities in zip(texts, model.probabilities(texts)):
        print(
            answer_object(model.label_names, probabilities, text)
            if as_json
            else answer_line(model.label_names, probabilities, text)
        )
    sys.stdout.flush()


def answer_line(label_names, probabilities, text, longest=None):
    """label<TAB>probability<TAB>text, on one line whatever the text holds; a text over `longest` characters is cut."""
    best = int(probabilities.argmax())
    text = printable(text)
    if longest is not None and len(text) > longest:
        text = text[: longest - 1] + "…"
    return f"{printable(label_names[best])}\t{probabilities[best]:.4f}\t{text}"


def answer_object(label_names, probabilities, text):
    """The same as a JSON object, with the probability of every label."""
    best = int(probabilities.argmax())
    every = {name: float(p) for name, p in zip(label_names, probabilities)}
    return json.dumps(
        {"label": label_names[best], "probability": float(probabilities[best]), "probabilities": every, "text": text}
    )


if __name__ == "__main__":
    from ch_sentiment.__main__ import main

    raise SystemExit(main(["predict", *sys.argv[1:]]))
