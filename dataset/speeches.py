"""Eight speeches, each with speaker and source, and how to split a speech into paragraphs.
A model that was trained on reviews can classify them paragraph by paragraph."""

import bisect
import itertools
import re
from dataclasses import dataclass
from pathlib import Path

from dataset.errors import DataError, reading
from dataset.lines import read_csv, unlimited_csv_fields
from dataset.mojibake import repair
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
    """The speeches of a file in the format of `load_csv`; path None: the eight of the NumPy tutorials, downloaded if
    they are missing.

    -> list of Speech. DataError: as `load_csv`, or they cannot be downloaded.
    """
    return load_csv(fetch("speeches.csv") if path is None else path)


def load_csv(path):
    """The speeches of a .csv file with the columns "speaker", "speech" (or "text") and "source", in any order.

    Other columns are ignored, and "source" is optional. Mojibake is repaired, and spaces around a field are removed.

    -> list of Speech in the order of the file. DataError, naming file and line: missing, unreadable, no UTF-8, no CSV,
    a missing column, a row of another width, a speech without a speaker or a word, no speeches.
    """
    path = Path(path)
    with reading(path), unlimited_csv_fields():
        if not path.exists():
            raise DataError(f"{path}: expected a file, there is none of this name")
        rows = read_csv(path)
        number, header = next(rows, (1, []))
        names = [cell.strip().lower() for cell in header]
        columns = _columns(names, f"{path}, line {number}")
        speeches = [_speech(cells, columns, len(names), f"{path}, line {i}") for i, cells in rows]
    if not speeches:
        raise DataError(f"{path}: expected speeches below the header, got none")
    return speeches


def _columns(names, where):
    """The positions of speaker, text and source (None if there is none) among the names of a header."""
    text = next((name for name in _TEXT_COLUMNS if name in names), None)
    if "speaker" not in names or text is None:
        got = ", ".join(repr(name[:40]) for name in names[:5]) or "none"
        raise DataError(f"{where}: expected columns 'speaker' and 'speech' (or 'text'), got {got}")
    return names.index("speaker"), names.index(text), names.index("source") if "source" in names else None


def _speech(cells, columns, width, where):
    if len(cells) != width:
        raise DataError(f"{where}: expected {width} columns with a comma between them, got {len(cells)}")
    speaker, text, source = ("" if i is None else repair(cells[i]).strip() for i in columns)
    if not speaker or not text:
        raise DataError(f"{where}: expected a speaker and a speech, got an empty {'speech' if speaker else 'speaker'}")
    return Speech(speaker, text, source)


def paragraphs(text, words=100):
    """The text in paragraphs of about `words` words: whole sentences, as equal in length as these allow.

    A sentence ends at a blank line, and with . ! ? (or the like in other scripts) and closing quotes, unless that is
    an abbreviation or a small letter follows. A sentence of more than twice `words` words, such as a transcript
    without any full stop, is split after the last comma, semicolon, colon or dash in the second half of `words`
    words, or else after exactly `words`.

    text: str, whose words are separated by white space. -> list of str without line breaks that have exactly the
    words of the text, in order; empty if it has none. ValueError for words < 1.
    """
    if words < 1:
        raise ValueError(f"paragraphs: expected words >= 1, got {words}")
    all_words, ends = [], [0]  # of the text; positions where a paragraph may end
    for block in _BLANK_LINE.split(text):
        for sentence in _sentences(block.split()):
            for piece in _pieces(sentence, words):
                all_words += piece
                ends.append(len(all_words))
    count = max(1, round(len(all_words) / words))
    cuts = sorted({_nearest(ends, i * len(all_words) / count) for i in range(count + 1)})
    return [" ".join(all_words[start:end]) for start, end in itertools.pairwise(cuts)]


def _sentences(words):
    """The words of a text -> a list of words for each sentence."""
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
    """The sentence, or pieces of it if it is too long, see `paragraphs`."""
    while len(sentence) > 2 * words:
        clauses = (i for i in range(words, words // 2, -1) if sentence[i - 1].rstrip(_CLOSING).endswith(_CLAUSE_ENDS))
        end = next(clauses, words)
        yield sentence[:end]
        sentence = sentence[end:]
    yield sentence


def _nearest(ascending, target):
    """The entry nearest to the target; of two equally near ones the lower."""
    i = bisect.bisect_left(ascending, target)
    return min(ascending[max(i - 1, 0) : i + 1], key=lambda end: abs(end - target))
