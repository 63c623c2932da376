"""Show which words made a decision: the text with each word marked for or against the answer; as page and figure."""

import json
import os
import shutil
import sys
import textwrap

from ch_sentiment.commands.arguments import (
    add_model_argument,
    add_text_argument,
    check_output,
    load_model,
    refuse_names_of_files,
)
from ch_sentiment.commands.formatting import table
from ch_sentiment.console import input_lines, printable, say_styled, shorten, warn
from ch_sentiment.experiment.classifier import MODEL
from ch_sentiment.experiment.output import write_figures
from ch_sentiment.explain.attribution import columns, completeness, explain, remarks, rows
from ch_sentiment.explain.page import page
from common.files.atomic_write import write_atomically
from common.training.terminal import is_terminal
from dataset.errors import DataError

HELP = "show which words made a model's decision"
SHOWN = 10  # words in the table
WORD_WIDTH = 24  # characters of a word there
WIDTH = 79  # columns, where there is no terminal
PATH_NUMBERS = ("margin", "baseline", "gap", "doubt", "steps")
FOR = (195, 153, 117, 75, 39)  # backgrounds of a terminal with 256 colours, light to dark, under black letters
AGAINST = (230, 223, 222, 216, 214)


def add_arguments(parser):
    add_model_argument(parser)
    add_text_argument(parser, nargs="?", help="the text; without it, all of standard input is one")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of words to read")
    parser.add_argument("--html", metavar="FILE", help="write a self-contained page")
    parser.add_argument("--png", metavar="FILE", help="write a figure")


def run(options):
    """Print the explanation and write the files asked for; -> exit code 0. CheckpointError, DataError, OSError."""
    text = options.text
    refuse_names_of_files(options, [] if text is None else [text], "< {} for the text in it")
    models = [name for given in (options.model, *options.others) for name in (given, os.path.join(given, MODEL))]
    for option, path in (("--html", options.html), ("--png", options.png)):
        if path is not None:
            check_output(option, path, models)
    if None not in (options.html, options.png) and os.path.abspath(options.html) == os.path.abspath(options.png):
        raise DataError(f"expected two files for --html and --png, got {options.png} for both")
    model = load_model(options)
    if text is None:
        if is_terminal(sys.stdin):
            warn("reading the text from the keyboard; Ctrl-D ends")
        text = "\n".join(input_lines())
    found = explain(model, text)
    for remark in remarks(found):
        warn(remark)
    lines = [json.dumps(as_object(found))] if options.json else explanation_lines(found, use_colours(sys.stdout))
    say_styled(*lines)  # before a write can fail
    if options.html is not None:
        write_atomically(options.html, [page(found).encode("utf-8", "xmlcharrefreplace")])
    if options.png is not None:
        write_figures({options.png: lambda plot: figure_of(found)}, warn)
    return 0


def figure_of(found):
    """The figure of an Explanation; only here is matplotlib loaded."""
    from ch_sentiment.explain.figure import figure

    return figure(found)


def use_colours(stream):
    """Whether this is a terminal whose user does not refuse colours (no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def explanation_lines(found, colours):
    """The explanation to read: the answer, the text with its words marked, the strongest words, the sum."""
    marked = map(_colour if colours else _sign, found.words, found.levels())
    width = shutil.get_terminal_size((WIDTH, 24)).columns if colours else WIDTH
    plain = " ".join(map(_sign, found.words, found.levels()))
    wrapped = textwrap.wrap(plain, width, break_long_words=False, break_on_hyphens=False)
    head, strongest = rows(found, found.strongest(SHOWN))
    yield from (f"{printable(found.label)}\t{found.probability:.4f}", "")
    yield from (" ".join(next(marked) for _ in line.split(" ")) for line in wrapped)
    shown = table(head, [[shorten(word, WORD_WIDTH), *numbers] for word, *numbers in strongest])
    yield from ("", *shown.split("\n"), "")
    if found.path is not None:
        yield completeness(found.path)
    yield "for the answer: bold; against it: underlined" if colours else "+ for the answer, - against it"


def _sign(word, level):
    return f"{'+' if level > 0 else '-' if level < 0 else ''}{_shown(word)}"


def _shown(word):
    return printable(word).replace(" ", "_")  # a line of words is divided at spaces


def _colour(word, level):
    word = _shown(word)
    if level == 0:
        return word
    style, backgrounds = (1, FOR) if level > 0 else (4, AGAINST)  # bold, underlined: not by colour alone
    return f"\x1b[{style};38;5;16;48;5;{backgrounds[abs(level) - 1]}m{word}\x1b[0m"


def as_object(found):
    """The same as what JSON can hold."""
    path = found.path
    known = [None] * len(found.words) if found.known is None else found.known.tolist()
    numbers = {name.replace(" ", "_"): column.tolist() for name, (column, _) in columns(found).items()}
    named = {"word": found.words, "known": known, **numbers}
    words = [dict(zip(named, row)) for row in zip(*named.values())]
    return {
        "label": found.label,
        "probability": found.probability,
        "probabilities": {name: float(p) for name, p in zip(found.label_names, found.probabilities)},
        "words_in_text": found.total,
        "words_read": len(found.words),
        **{name: None if path is None else getattr(path, name) for name in PATH_NUMBERS},
        "words": words,
    }
