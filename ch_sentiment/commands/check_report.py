"""The report of `check-data`: what to mend first, and the first rows of each kind."""

from pathlib import Path

from ch_sentiment.commands.formatting import table
from ch_sentiment.console import printable, shorten, shorten_name
from ch_sentiment.data_check.check import (
    DUPLICATE,
    LABEL_ERROR,
    MOJIBAKE,
    NEAR_DUPLICATE,
    OTHER_SCRIPT,
    WORDLESS,
)
from dataset.scripts import NONE

CSV_HEAD = ("file", "line", "kind", "label", "suggested", "p_label", "p_suggested", "text")
TEXT, LABEL = 60, 20  # characters that are shown
FEW = 20  # texts of a label, below which it can hardly be learned
UNEVEN = 0.8  # share of the most frequent label, from which on accuracy says little


def report_lines(found, notes, shown):
    """A Report for reading. notes: lines on how the data was read. shown: rows of each kind, at most."""
    yield f"{printable(found.name)}: {_count(found.texts, 'text')}, {len(found.classes)} labels"
    yield from map(printable, notes)
    yield ""
    mend = to_mend(found)
    yield "To mend, what matters most first" if mend else "Nothing to mend was found."
    yield from (f"{i}. {line}" for i, line in enumerate(mend, start=1))
    yield "\nLabels"
    rows = [[_label(c.label), f"{c.texts:,}", f"{c.share:.1%}", f"{c.median_words:g}"] for c in found.classes]
    yield table(("label", "texts", "share", "median words"), rows)
    n = found.lengths
    yield f"words of a text: {n.shortest:,} to {n.longest:,}, median {n.median:,g}, 5 % above {n.percentile_95:,.0f}"
    scripts = ", ".join(f"{name} {count:,}" for name, count in found.scripts.items())
    yield f"script of most words: {scripts}" + (f" ({NONE}: no letter)" if NONE in found.scripts else "")
    if found.vectors is not None:
        yield from _vectors(found.vectors)
    yield from _label_errors(found, shown)
    yield from _duplicates(found, shown)
    for title, kind in (
        ("Texts without a word", WORDLESS),
        ("Mojibake", MOJIBAKE),
        ("In another script", OTHER_SCRIPT),
    ):
        yield from _rows_of_kind(found, title, kind, shown)
    if nothing := _kinds_not_found(found):
        yield f"\nNothing found: {', '.join(nothing)}"


def to_mend(found):
    """Lines on what to mend, ordered by how much it falsifies results: list of str, [] where nothing was found."""
    (name, test_name), errors, lines = _names(found), found.label_errors, []
    if shared := found.of(DUPLICATE, NEAR_DUPLICATE, in_test=True):
        what = f"{_of(shared, found.test_texts)} of {test_name} also {_are(shared, 'stand')} in {name}"
        lines.append(f"{what}: a score on them is no test; remove them from {name}")
    again = found.of(DUPLICATE, NEAR_DUPLICATE)
    if unlike := [s for s in again if s.other_label != s.label]:
        what = f"{_of(unlike, found.texts)} {_are(unlike, 'repeat')} another under another label"
        lines.append(f"{what}: decide which label is right")
    if errors.accuracy is not None and errors.reason:
        lines.append(f"{errors.reason}: is another column the label, or are these too few texts?")
    if suspected := found.of(LABEL_ERROR):
        what = f"{_of(suspected, found.texts, 'label')} {'is' if len(suspected) == 1 else 'are'} suspected to be wrong"
        lines.append(f"{what}: read the first of them, and correct those that are")
    if few := [c for c in found.classes if c.texts < FEW]:
        names = ", ".join(f"{_label(c.label)} ({c.texts})" for c in few[:5]) + (", ..." if len(few) > 5 else "")
        what = f"{_of(few, len(found.classes), 'label')} {'has' if len(few) == 1 else 'have'} fewer than {FEW} texts"
        lines.append(f"{what}, {names}: collect more, or merge labels")
    most = max(found.classes, key=lambda c: c.share)
    if most.share >= UNEVEN:
        what = f"{most.share:.1%} of the texts are labelled {_label(most.label)}"
        lines.append(f"{what}: compare every accuracy with that, and try train --class-weight balanced")
    if broken := found.of(MOJIBAKE):
        what = f"{_of(broken, found.texts)} {_are(broken, 'hold')} mojibake"
        lines.append(f"{what}: export the file again as UTF-8, or name its --encoding")
    if alike := [s for s in again if s.other_label == s.label]:
        what = f"{_of(alike, found.texts)} {_are(alike, 'repeat')} another under the same label"
        lines.append(f"{what}: remove {_them(alike)}, or a validation part holds what was learnt by heart")
    if foreign := found.of(OTHER_SCRIPT):
        what = f"{_of(foreign, found.texts)} {_are(foreign, 'use')} a script that few do"
        lines.append(f"{what}: {'does it' if len(foreign) == 1 else 'do they'} belong here?")
    left_out = sum(map(len, found.left_out.values()))
    if lost := len(found.of(WORDLESS)) + left_out:
        what = (
            f"{lost:,} of {_count(found.texts + left_out, 'row')} {'lacks' if lost == 1 else 'lack'} words or a label"
        )
        lines.append(f"{what}: a training leaves {_them(range(lost))} out")
    return lines


def csv_cells(suspect, found):
    """The cells of a Suspect under CSV_HEAD."""
    s = suspect
    numbers = ["" if p is None else f"{p:.4f}" for p in (s.p_label, s.p_suggested)]
    return (s.name, s.line, _kind(s, found), s.label, s.suggested or "", *numbers, s.text)


def _kind(s, found):
    """The kind of a Suspect with what it refers to: "near duplicate of line 12 (label 0)"."""
    if s.other is None:
        return f"{s.kind} ({s.detail})" if s.detail else s.kind
    where = f" of {_names(found)[0]}" if s.in_test else ""
    other = "" if s.other_label == s.label else f" (label {s.other_label})"
    return f"{s.kind} of {found.unit} {s.other}{where}{other}"


def _label_errors(found, shown):
    errors, suspected = found.label_errors, found.of(LABEL_ERROR)
    yield "\nLabel errors"
    if errors.reason:
        yield f"not judged: {printable(errors.reason)}"
        return
    judged = f"{_count(errors.judged, 'text')} judged by models of the others, which agree with {errors.accuracy:.1%}"
    yield f"{judged} of the labels (always the most frequent label: {errors.majority:.1%})"
    if not suspected:
        return
    yield f"{_count(len(suspected), 'suspected label')}, the most probable error first"
    head = (found.unit, "label", "suggested", "p(label)", "p(suggested)", " text")
    rows = [
        [f"{s.line}", _label(s.label), _label(s.suggested), f"{s.p_label:.3f}", f"{s.p_suggested:.3f}", s.text]
        for s in suspected[:shown]
    ]
    yield from _text_table(head, rows, len(suspected))


def _duplicates(found, shown):
    name, test_name = _names(found)
    for in_test, title in (
        (False, "Texts that repeat another"),
        (True, f"Texts of {test_name} that also stand in {name}"),
    ):
        again = found.of(DUPLICATE, NEAR_DUPLICATE, in_test=in_test)
        if not again:
            continue
        exact, unlike = (sum(which) for which in zip(*((s.kind == DUPLICATE, s.other_label != s.label) for s in again)))
        yield f"\n{title}"
        yield f"{exact:,} exactly, {len(again) - exact:,} nearly; {unlike:,} of them under another label"
        head = (found.unit, f"like {found.unit}", "alike", "label", "other label", " text")
        first = sorted(again, key=lambda s: s.other_label == s.label)[:shown]  # stable: other labels come first
        rows = [
            [
                f"{s.line}",
                f"{s.other}",
                "exact" if s.kind == DUPLICATE else "-" if s.similarity is None else f"{s.similarity:.0%}",
                _label(s.label),
                _label(s.other_label),
                s.text,
            ]
            for s in first
        ]
        yield from _text_table(head, rows, len(again))


def _rows_of_kind(found, title, kind, shown):
    rows = found.of(kind)
    if rows:
        yield f"\n{title}: {_count(len(rows), 'text')}"
        cells = [[f"{s.line}", _label(s.label), s.detail or "", s.text] for s in rows[:shown]]
        yield from _text_table(
            (found.unit, "label", "script" if kind == OTHER_SCRIPT else "found" if kind == MOJIBAKE else "", " text"),
            cells,
            len(rows),
        )


def _text_table(head, rows, total):
    """A table whose last column is a text, on the left; below it how many rows it does not show."""
    texts = [shorten(f" {' '.join(row[-1].split())}", TEXT) for row in rows]
    width = max(map(len, (head[-1], *texts)), default=0)
    yield table((*head[:-1], head[-1].ljust(width)), [[*row[:-1], text.ljust(width)] for row, text in zip(rows, texts)])
    if total > len(rows):
        yield f"... and {total - len(rows):,} more (--csv FILE has all)"


def _kinds_not_found(found):
    """Names of the kinds of which nothing was found: list of str."""
    kinds = [
        (None if found.label_errors.reason else "suspected labels", (LABEL_ERROR,)),
        ("texts that repeat another", (DUPLICATE, NEAR_DUPLICATE)),
        ("texts without a word", (WORDLESS,)),
        ("mojibake", (MOJIBAKE,)),
        ("texts in another script", (OTHER_SCRIPT,)),
    ]
    nothing = [title for title, kind in kinds if title and not found.of(*kind)]
    if found.test_name is not None and not found.of(DUPLICATE, NEAR_DUPLICATE, in_test=True):
        nothing.append("texts of {1} in {0}".format(*_names(found)))
    return nothing


def _vectors(v):
    of = f"{v.tokens:.1%} of all words, {v.types:.1%} of the {v.words:,} most frequent different ones"
    yield f"{printable(v.name)} has vectors for {of}"
    if v.missing:
        yield f"the most frequent words without a vector: {', '.join(map(printable, v.missing))}"


def _names(found):
    """The data and the test data without their folders, where that tells them apart: two str."""
    names = found.name, found.test_name or ""
    short = [Path(name).name or name for name in names]
    if names[0] == names[1]:
        return printable(short[0]), f"the test part of {printable(short[0])}"
    return tuple(map(printable, names if short[0] == short[1] else short))


def _count(n, noun):
    return f"{n:,} {noun}{'s' * (n != 1)}"


def _of(rows, total, noun="text"):
    """ "3 of 20 texts"."""
    return f"{len(rows):,} of {_count(total, noun)}"


def _them(rows):
    return "it" if len(rows) == 1 else "them"


def _are(rows, verb):
    """The verb for one row or several: "1 text repeats", "2 texts repeat"."""
    return verb if len(rows) != 1 else f"{verb}s"


def _label(label):
    return shorten_name(label, LABEL)
