"""Eight speeches of the last decades, each with its speaker and source, and how to cut a speech into paragraphs.
A model that has learned from reviews can read them paragraph by paragraph."""

import bisect
import itertools
import re
from dataclasses import dataclass
from pathlib import Path

from dataset.errors import DataError
from dataset.lines import any_field_size, csv_rows
from dataset.mojibake import mend
from dataset.store.fetch import fetch

_TEXT_COLUMNS = ("speech", "text")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_CLOSING = "\"')]}\u2019\u201d\u00bb\u203a\u300d\u300f"
_OPENING = "\"'([{\u2018\u201c\u00ab\u2039\u00bf\u00a1\u2026-\u2013\u2014"
_ENDS = (".", "!", "?", "\u2026", "\u3002", "\uff01", "\uff1f", "\u061f", "\u06d4", "\u0964")
_CLAUSE_ENDS = (",", ";", ":", "\u2014", "\u2013", "--", "\u060c", "\uff0c", "\u3001")
_ABBREVIATIONS = ("mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "sen.", "gov.", "gen.", "rev.", "hon.", "vs.", "cf.")
_INITIAL = re.compile(r"[^\W\d_]\.(?:[^\W\d_]\.)*")


@dataclass(frozen=True)
class Speech:
    """speaker, text, source: str."""

    speaker: str
    text: str
    source: str


def load_data(path=None):
    """The speeches of a file as `load_csv` reads it; path None: the eight of the NumPy tutorials, fetched where they
    are not here yet.

    -> list of Speech. DataError: as `load_csv`, or they cannot be fetched.
    """
    return load_csv(fetch("speeches.csv") if path is None else path)


def load_csv(path):
    """The speeches of a .csv file with the columns "speaker", "speech" (or "text") and "source", in any order.

    Other columns are ignored, and "source" may be absent. Mojibake is mended, and spaces around a field go.

    -> list of Speech in the order of the file. DataError, naming file and line: missing, unreadable, no UTF-8, no CSV,
    a column that is not there, a row of another width, a speech without a speaker or a word, no speeches.
    """
    path = Path(path)
    try:
        with any_field_size():
            rows = csv_rows(path)
            number, header = next(rows, (1, []))
            names = [cell.strip().lower() for cell in header]
            columns = _columns(names, f"{path}, line {number}")
            speeches = [_speech(cells, columns, len(names), f"{path}, line {at}") for at, cells in rows]
    except FileNotFoundError:
        raise DataError(f"{path}: expected a file, there is none of this name") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    if not speeches:
        raise DataError(f"{path}: expected speeches below the header, got none")
    return speeches


def _columns(names, where):
    """The positions of speaker, text and source (None where absent) among the names of a header."""
    text = next((name for name in _TEXT_COLUMNS if name in names), None)
    if "speaker" not in names or text is None:
        came = ", ".join(repr(name[:40]) for name in names[:5]) or "none"
        raise DataError(f"{where}: expected columns 'speaker' and 'speech' (or 'text'), got {came}")
    return names.index("speaker"), names.index(text), names.index("source") if "source" in names else None


def _speech(cells, columns, width, where):
    if len(cells) != width:
        raise DataError(f"{where}: expected {width} columns with a comma between them, got {len(cells)}")
    speaker, text, source = ("" if at is None else mend(cells[at]).strip() for at in columns)
    if not speaker or not text:
        raise DataError(f"{where}: expected a speaker and a speech, got an empty {'speech' if speaker else 'speaker'}")
    return Speech(speaker, text, source)


def paragraphs(text, words=100):
    """The text in paragraphs of about so many words: whole sentences, as even in length as these allow.

    A sentence ends with . ! ? (or the like in other scripts) and closing quotes, unless an abbreviation stands there
    or a small letter follows, and at a blank line. A sentence of more than twice `words` words, e.g. a transcript
    without any full stop, is cut: after the last comma, semicolon, colon or dash in the second half of `words` words,
    else after exactly `words`.

    text: str; words: what stands between white space. -> list of str without line breaks, whose words are those of
    the text, all of them, in order; empty where the text has none. ValueError where words < 1.
    """
    if words < 1:
        raise ValueError(f"paragraphs: expected words >= 1, got {words}")
    everything, ends = [], [0]  # words of the text; positions in it where a paragraph may end
    for block in _BLANK_LINE.split(text):
        for sentence in _sentences(block.split()):
            for piece in _pieces(sentence, words):
                everything += piece
                ends.append(len(everything))
    count = max(1, round(len(everything) / words))
    cuts = sorted({_nearest(ends, i * len(everything) / count) for i in range(count + 1)})
    return [" ".join(everything[start:end]) for start, end in itertools.pairwise(cuts)]


def _sentences(words):
    """The words of a text -> lists of them, one a sentence."""
    start = 0
    for i, (word, following) in enumerate(itertools.pairwise([*words, ""]), start=1):
        if i == len(words) or _ends_a_sentence(word, following):
            yield words[start:i]
            start = i


def _ends_a_sentence(word, following):
    bare = word.rstrip(_CLOSING)
    if not bare.endswith(_ENDS) or following.lstrip(_OPENING)[:1].islower():
        return False
    name = bare.lstrip(_OPENING)
    return name.lower() not in _ABBREVIATIONS and (name == "I." or not _INITIAL.fullmatch(name))


def _pieces(sentence, words):
    """The sentence itself, or pieces of it where it is too long: see `paragraphs`."""
    while len(sentence) > 2 * words:
        clauses = (i for i in range(words, words // 2, -1) if sentence[i - 1].rstrip(_CLOSING).endswith(_CLAUSE_ENDS))
        end = next(clauses, words)
        yield sentence[:end]
        sentence = sentence[end:]
    yield sentence


def _nearest(ascending, target):
    """The entry nearest to the target; of two equally near ones the lower."""
    i = bisect.bisect_left(ascending, target)
    around = ascending[max(i - 1, 0) : i + 1]
    return min(around, key=lambda end: abs(end - target))
