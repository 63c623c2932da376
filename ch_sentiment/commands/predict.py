"""Classify texts with a trained model: from the command line, a file, or the lines of standard input."""

import contextlib
import itertools
import json
import sys
import time
from collections import Counter

from ch_sentiment.commands.arguments import (
    READING,
    add_abstain_argument,
    add_model_argument,
    add_reading_options,
    add_text_argument,
    data_options,
    load_model,
    refuse_names_of_files,
    threshold_of,
    typed,
)
from ch_sentiment.commands.formatting import csv_row
from ch_sentiment.console import InputLines, printable, shorten, show, warn
from ch_sentiment.experiment import answering
from ch_sentiment.experiment.parts import CachedTexts, has_known_word
from common.cores import most_processes
from common.processes import PAUSE, WORTH, map_in_order
from common.training.terminal import is_terminal
from dataset.errors import DataError

HELP = "ask a trained model about texts"
FIRST, CHUNK = 32, 2048  # texts that are answered together: at first, and at most; twice as many each time
CHARACTERS = 1 << 21  # or fewer, once they hold so many characters
AWAITED = 0.1  # seconds that the first of them waits for others to be read
# what is said of such answers -> what their texts lack
REMARKS = {"they have no answer": ["text"], "their answers rest on nothing": ["word", "known word"]}


def add_arguments(parser):
    add_model_argument(parser)
    add_text_argument(parser, nargs="*", default=[], help="texts; without any, every line of standard input is one")
    of_file = "the texts of a file instead: .csv, .tsv, .jsonl, or one text a line; labels in it are ignored"
    parser.add_argument("--data", metavar="FILE", help=of_file)
    add_reading_options(parser)
    forms = parser.add_mutually_exclusive_group()
    forms.set_defaults(form=answer_line)
    in_json = "one JSON object a line instead of label<TAB>probability<TAB>text"
    forms.add_argument("--json", dest="form", action="store_const", const=answer_object, help=in_json)
    in_csv = "comma-separated, with a header; with --data all columns of the file, and label and probability after them"
    forms.add_argument("--csv", dest="form", action="store_const", const=answer_row, help=in_csv)
    add_abstain_argument(parser)


def run(options):
    """Print an answer for every text, in order; -> exit code 0.

    CheckpointError; DataError for no text at all, and for a line that cannot be read, after the answers to the lines
    before it.
    """
    refuse_names_of_files(options, options.text, "--data {} for the texts in it")
    if options.data is None and (given := typed(options, READING)):
        option = "--" + next(iter(given)).replace("_", "-")
        raise DataError(f"{option}: expected --data FILE, which it says how to read, got none")
    if options.data is not None and options.text:
        raise DataError(f"expected texts or --data {options.data}, got both")
    processes = most_processes(options.processes)
    model = load_model(options)
    below = threshold_of(options, model)
    keyboard = options.data is None and not options.text and is_terminal(sys.stdin)
    if keyboard:
        warn("reading texts from the keyboard, one a line; Ctrl-D ends")
    shown = is_terminal(sys.stderr) and not (options.text or keyboard or is_terminal(sys.stdout))
    header, source, within = rows_asked(options)
    of_file, form = options.data is not None, options.form

    def answered(rows):
        """-> how many rows these are, and the head of a CSV file and their answers, in lines; Counter of `answers`."""
        counts = Counter()
        probabilities = answers(model, rows, of_file, counts)
        if of_file:
            pairs = zip(rows, probabilities)
            lines = [line_of_row(form, header, row, model.label_names, found, below) for row, found in pairs]
        else:
            lines = [form(model.label_names, found, row[1], below=below) for row, found in zip(rows, probabilities)]
        return len(rows), csv_head(header, rows[0][2]) if of_file else "label,probability,text", lines, counts

    counts = Counter()
    unit = "rows" if of_file else "texts" if options.text else "lines"
    parts = chunks(source, 1 if keyboard else CHUNK, lambda row: len(row[1]), FIRST, None if keyboard else within)
    with progress_bar(unit, shown) as advance:
        for number, head, lines, found in map_in_order(answered, parts, processes, WORTH):
            if not counts and form is answer_row:
                show(head, kept="\t")
            show(*lines, kept="\t")
            counts += found
            advance(number)
    if not counts:
        raise DataError(f"expected texts {f'in {options.data}' if options.data else 'on standard input'}, got none")
    for remark in remarks(counts, unit):
        warn(remark)
    return 0


@contextlib.contextmanager
def progress_bar(unit, shown):
    """-> a function that takes how many more there are."""
    if not shown:
        yield lambda number: None
        return
    from tqdm import tqdm  # here: its import takes a third of NumPy's

    with tqdm(unit=f" {unit}", leave=False) as bar:
        yield bar.update


def rows_asked(options):
    """-> header of a file (list of str) or None; iterator of (line number, text, cells), where there is no file of
    (None, text, None); `InputLines.within`, or None where nothing is waited for. DataError.
    """
    if options.data is None:
        lines = InputLines()
        return None, ((None, text, None) for text in options.text or lines), None if options.text else lines.within
    from ch_sentiment.experiment.load import read_options  # here, since a text on the command line is no file
    from dataset.labelled_text import read_texts

    header, rows = read_texts(options.data, read_options(data_options(options)))
    for note in rows.notes:
        warn(f"{options.data}: {note}")
    return header, _with_texts(rows, options.data) if getattr(options, "strict", False) else rows, None


def _with_texts(rows, name):
    """The rows; DataError at one without a text."""
    for number, text, cells in rows:
        if not text.strip():
            raise DataError(f"{name}, line {number}: expected a text, got none, which --strict refuses")
        yield number, text, cells


def answers(model, rows, may_be_blank, counts):
    """The (C,) probabilities of each row, in a list; None for one without a text, if that `may_be_blank`. counts:
    Counter of "all" and of those that hold no "text", "word" and "known word".
    """
    has_answer = [not may_be_blank or bool(text.strip()) for _, text, _ in rows]
    given = [text for (_, text, _), has in zip(rows, has_answer) if has]
    texts = CachedTexts(given, cached=False, processes=answering.processes_of(model))
    found = iter(answering.predict_proba(model, texts) if texts else ())  # (N, C)
    unknown = ~has_known_word(model, texts.tokens(answering.cleaning_of(model)))  # (N,)
    tells = answering.known(model, []) is not None
    wordless = sum(not answering.has_word(model, text) for text, of in zip(texts, unknown) if of or not tells)
    counts.update({"all": len(rows), "text": len(rows) - len(texts), "word": wordless})
    counts["known word"] += max(int(unknown.sum()) - wordless, 0)
    return [next(found) if has else None for has in has_answer]


def remarks(counts, unit):
    """Lines on texts whose answers mean nothing. counts: of `answers`. unit: what was counted, in the plural."""
    for follows, reasons in REMARKS.items():
        if found := [f"{counts[reason]:,} {{}}no {reason}" for reason in reasons if counts[reason]]:
            yield f"{', '.join(found)}: {follows}".format(f"of {counts['all']:,} {unit} hold ", *[""] * len(found))


def csv_head(header, cells):
    """The header of a file, extended by the two columns of the answer; column names are made up where it has none."""
    header = header or (["text"] if len(cells) == 1 else [f"column_{i}" for i in range(1, len(cells) + 1)])
    added, taken = ["label", "probability"], {name.strip().casefold() for name in header}
    while taken.intersection(added):
        added = [f"predicted_{name}" for name in added]
    return csv_row([*header, *added])


def line_of_row(form, header, row, label_names, probabilities, below=0.0):
    """The answer to a row of a file, with all its cells in CSV and JSON. probabilities: (C,), or None for no answer."""
    number, text, cells = row
    cells = [*cells, *[""] * (len(header or ()) - len(cells))]
    blank = probabilities is None
    if form is answer_row:
        return csv_row([*map(_plain, cells), *(("", "") if blank else answer_cells(label_names, probabilities, below))])
    if form is answer_object:
        none = {"label": None, "probability": None, "probabilities": None, "text": text}
        answer = none if blank else object_of(label_names, probabilities, text, below)
        names = distinct(header or map(str, range(1, len(cells) + 1)))
        return json.dumps({"line": int(number), **answer, "columns": dict(zip(names, _finite(cells)))})
    return f"\t\t{printable(text)}" if blank else form(label_names, probabilities, text, below=below)


def distinct(names):
    """The names, with a number behind one that stands before it already: "text", "text_2"."""
    found = {}
    for name in names:
        numbered = itertools.chain([name], (f"{name}_{i}" for i in itertools.count(2)))
        found[next(other for other in numbered if other not in found)] = True
    return list(found)


def _finite(cells):
    """Cells of JSON, null for NaN and Infinity: they are no JSON, though Python writes and reads them."""
    try:
        json.dumps(cells, allow_nan=False)
    except ValueError:
        return json.loads(json.dumps(cells), parse_constant=lambda _: None)
    return cells


def _plain(cell):
    """A cell of JSON as text: "" for null, JSON for anything else that is not a str."""
    return "" if cell is None else cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)


def chunks(items, most, size=len, first=None, within=None):
    """Lists of at most `first` items, then of twice as many each time, up to `most`; of fewer where they are long, or
    where the next one is awaited: PAUSE follows them. Those before a DataError are yielded before it.

    within: a function of seconds that tells whether the next item comes in this time; None: they are all there.
    """
    items, room = iter(items), most if first is None else min(first, most)
    chunk, characters, deadline = [], 0, None  # deadline: until which the next item is waited for; None: for ever
    while True:
        item = PAUSE
        if within is None or within(deadline and max(0.0, deadline - time.monotonic())):
            try:
                item = next(items)
            except StopIteration:
                break
            except DataError:
                if chunk:
                    yield chunk
                raise
            deadline = deadline if chunk else time.monotonic() + AWAITED
            chunk.append(item)
            characters += size(item)
            if len(chunk) < room and characters < CHARACTERS:
                continue
        if chunk:
            yield chunk
        chunk, characters, room = [], 0, min(2 * room, most)
        deadline = time.monotonic() + AWAITED
        if item is PAUSE:
            yield PAUSE
            deadline = None
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
    return csv_row([*answer_cells(label_names, probabilities, below), text])


def answer_cells(label_names, probabilities, below=0.0):
    """Label and probability."""
    label, probability, _ = best_of(label_names, probabilities, below)
    return label, f"{probability:.4f}"


def answer_object(label_names, probabilities, text, below=0.0):
    """The same as a JSON object, with the probability of every label; with a threshold also "unsure": true or false."""
    return json.dumps(object_of(label_names, probabilities, text, below))


def object_of(label_names, probabilities, text, below=0.0):
    """The same as a dict."""
    label, probability, unsure = best_of(label_names, probabilities, below)
    every = {name: float(p) for name, p in zip(label_names, probabilities)}
    answer = {"label": label, "probability": probability, **({"unsure": unsure} if below > 0 else {})}
    return {**answer, "probabilities": every, "text": text}
