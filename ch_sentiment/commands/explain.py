"""Which words made a decision: a text, each of its words marked for or against the answer; as a page and a figure."""

import io
import json
import os
import shutil
import sys
import textwrap

from ch_sentiment.console import drawing, input_lines, printable
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.explain.attribution import explain
from ch_sentiment.explain.page import page
from common.files.atomic_write import write_atomically

HELP = "show which words made a model's decision"
SHOWN = 10  # words in the table
LONGEST = 24  # characters of a word there
WIDTH = 79  # columns, where there is no terminal
PATH_NUMBERS = ("margin", "baseline", "gap", "doubt", "steps")
FOR = (195, 153, 117, 75, 39)  # backgrounds of a terminal with 256 colours, light to dark, under black letters
AGAINST = (230, 223, 222, 216, 214)


def add_arguments(parser):
    parser.add_argument("model", help="the folder of a training, or its model.npz")
    parser.add_argument("text", nargs="?", help="the text; without it, all of standard input is one")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of words to read")
    parser.add_argument("--html", metavar="FILE", help="write a page that needs nothing but itself")
    parser.add_argument("--png", metavar="FILE", help="write a figure")


def run(options):
    """Print the explanation and write what was asked for; -> exit code 0. CheckpointError, DataError, OSError."""
    model = Classifier.load(options.model)
    text = options.text
    if text is None:
        if sys.stdin.isatty():
            print("reading the text from the keyboard; Ctrl-D ends", file=sys.stderr)
        text = "\n".join(input_lines())
    found = explain(model, text)
    if options.html is not None:
        told = page(found, remarks(found), columns(found), "" if found.path is None else total(found.path))
        write_atomically(options.html, [told.encode("utf-8", "xmlcharrefreplace")])
    if options.png is not None:
        write_atomically(options.png, [png(found)])
    for remark in remarks(found):
        print(remark, file=sys.stderr)
    if options.json:
        print(json.dumps(as_object(found)))
    else:
        print("\n".join(lines(found, coloured(sys.stdout))))
    return 0


def coloured(stream):
    """Whether this is a terminal whose reader has nothing against colours (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def remarks(found):
    """What a reader has to know before believing the explanation: list of str."""
    told = []
    if len(found.words) < found.total:
        told.append(f"cut as in training: {len(found.words):,} of {found.total:,} words are read")
    if found.path is None:
        told.append("this model is not read along word vectors: occlusion alone")
    elif not found.path.complete():
        told.append(f"after {found.path.steps} steps the attributions are not exact to 1 %: see gap and doubt")
    return told


def lines(found, colours):
    """The explanation to read: the answer, the text with its words marked, the strongest words, the sum."""
    mark = _colour if colours else _sign
    marked = map(mark, found.words, found.levels())
    width = shutil.get_terminal_size((WIDTH, 24)).columns if colours else WIDTH
    plain = " ".join(map(_sign, found.words, found.levels()))
    rows = textwrap.wrap(plain, width, break_long_words=False, break_on_hyphens=False)
    yield f"{printable(found.label)}\t{found.probability:.4f}"
    yield ""
    yield from (" ".join(next(marked) for _ in row.split(" ")) for row in rows)
    yield ""
    yield "\t".join(["word".ljust(LONGEST), *(name.rjust(9) for name in columns(found))])
    for t in found.strongest(SHOWN):
        numbers = (form.format(column[t]).rjust(9) for column, form in columns(found).values())
        yield "\t".join([shortened(found.words[t]).ljust(LONGEST), *numbers])
    yield ""
    if found.path is not None:
        yield total(found.path)
    yield "for the answer: bold; against it: underlined" if colours else "+ for the answer, - against it"


def columns(found):
    """name -> (numbers (T,), format) of each column there is."""
    named = {} if found.path is None else {"gradients": (found.path.attributions, "{:+.3f}")}
    named |= {"occlusion": (found.occlusion, "{:+.3f}"), "so far": (found.so_far, "{:.4f}")}
    return named if found.attention is None else named | {"attention": (found.attention, "{:.4f}")}


def total(path):
    """Completeness in one line."""
    difference = path.margin - path.baseline
    share = f", {abs(path.gap / difference):.2%}" if difference else ""
    how = f"gap {abs(path.gap):.4f}{share}; doubt {path.doubt:.2%}; {path.steps} steps"
    return (
        f"margin {path.margin:.3f}, of zero vectors {path.baseline:.3f}; the gradients add up to "
        f"{path.attributions.sum():.3f} of {difference:.3f} ({how})"
    )


def shortened(word):
    """At most LONGEST characters of it."""
    return word if len(word) <= LONGEST else word[: LONGEST - 1] + "…"


def _sign(word, level):
    return f"{'+' if level > 0 else '-' if level < 0 else ''}{word}"


def _colour(word, level):
    if level == 0:
        return word
    how, tints = (1, FOR) if level > 0 else (4, AGAINST)  # bold, underlined: the colour is not alone
    return f"\x1b[{how};38;5;16;48;5;{tints[abs(level) - 1]}m{word}\x1b[0m"


def as_object(found):
    """The same as what JSON can hold."""
    path = found.path
    words = [{"word": word, "known": bool(known)} for word, known in zip(found.words, found.known)]
    for name, (column, _) in columns(found).items():
        for word, number in zip(words, column):
            word[name.replace(" ", "_")] = float(number)
    return {
        "label": found.label,
        "probability": found.probability,
        "probabilities": {name: float(p) for name, p in zip(found.label_names, found.probabilities)},
        "words_in_text": found.total,
        "words_read": len(found.words),
        **{name: None if path is None else getattr(path, name) for name in PATH_NUMBERS},
        "words": words,
    }


def png(found):
    """The figure as the bytes of a PNG."""
    content = io.BytesIO()
    with drawing():
        from ch_sentiment.explain.figure import figure

        figure(found).savefig(content, format="png", dpi=150)
    return content.getvalue()
