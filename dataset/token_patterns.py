"""Regular expressions that find the tokens of a clean text: of ASCII, with accents, of any script.

All of them find the same in a text that they are for: each is the next one without what cannot occur there.
"""

import functools
import re
import unicodedata

import numpy as np

from dataset.smileys import EMOJI, letter_faces, sign_faces

# What most tokens are is tried first: a word of ASCII that is no face, such as "o_o", and has no other letter in it.
PLAIN_WORD = r"[a-z](?![_-])[a-z0-9]*+(?:'[a-z0-9]++)*+(?!'?[^\x00-\x7f])"
_END = r"(?![a-z0-9_])"
_NUMBER, _WORD = r"[0-9]+(?:[.,/][0-9]+)+", r"[a-z0-9]+(?:'[a-z0-9]+)*"
ASCII_TOKEN = re.compile(f"{PLAIN_WORD}|{letter_faces(_END)}|{_NUMBER}|{_WORD}|[!?]|{sign_faces(_END, False)}")
# Combining marks, and letters of scripts written without spaces, stand here alone; else there are accents and signs.
_BEYOND_ACCENTS = re.compile("[\u0300-\u1fff\u20d0-\u20ff\u2c00-\U0010ffff]")
_PLANES = range(0x40000), range(0xE0000, 0xF0000)  # of Unicode with characters; the others are private, or empty
_MARKS, _LETTERS = {"Mn", "Mc", "Me"}, {"Lo", "Lm", "Nl"}  # categories; of letters without case, and of "\u3007"
_HAN = ("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH", "IDEOGRAPHIC ")
_UNSPACED_SCRIPTS = (  # prefixes of the Unicode names of their characters
    *_HAN,
    *("HIRAGANA", "HENTAIGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR"),
)


def token_pattern(text):
    """The pattern for a text that is clean."""
    if text.isascii():
        return ASCII_TOKEN
    return unicode_token() if _BEYOND_ACCENTS.search(text) else accents_token()


@functools.cache
def accents_token():
    """The pattern for texts without marks and unspaced scripts: one of each stands for all, which takes no time."""
    return _compiled("\u0300", "\u4e00")


@functools.cache
def unicode_token():
    """The pattern for all scripts."""
    return _compiled(*marks_and_unspaced())


@functools.cache
def han_token():
    """`unicode_token`, but that Han characters in a row, which have no marks, are one token, the group "han"."""
    return _compiled(*marks_and_unspaced(), _character_class(han_letters()))


def han_letters():
    """The code points of all Han characters, ascending."""
    return _named(_HAN, _marks_and_letters()[1])


@functools.cache
def marks_and_unspaced():
    """The combining marks, which `\\w` does not match, and the letters of unspaced scripts, as the content of [...]."""
    marks, letters = _marks_and_letters()
    return _character_class(marks), _character_class(_named(_UNSPACED_SCRIPTS, letters))


def _marks_and_letters():
    """Two lists of code points."""
    codes = [code for plane in _PLANES for code in plane]
    categories = list(map(unicodedata.category, map(chr, codes)))
    return tuple([c for c, category in zip(codes, categories) if category in of] for of in (_MARKS, _LETTERS))


def _named(names, codes):
    return [code for code in codes if unicodedata.name(chr(code), "").startswith(names)]


def _compiled(m, u, han=None):
    """m: the marks, u: the letters of unspaced scripts, han: those of runs that are one token, each as the content of
    [...].
    """
    letter = rf"[^\W_{u}]"  # or a digit
    # A joiner (ZWNJ, ZWJ) belongs to a word only between two of its characters.
    word = rf"{letter}+(?:[\u200c\u200d]*[{m}]+{letter}*|[\u200c\u200d]+{letter}+)*"
    runs = "" if han is None else rf"(?P<han>[{han}]+)(?![{m}])|"
    numbers, words = r"\d+(?:[.,/]\d+)+", rf"{word}(?:'{word})*|{runs}[{u}][{m}]*"
    end = rf"(?![^\W{u}]|[{m}])"
    return re.compile(f"{PLAIN_WORD}|{letter_faces(end)}|{numbers}|{words}|[!?]|{EMOJI}|{sign_faces(end, True)}")


def _character_class(codes):
    """Ascending code points as the content of [...] in a regular expression: runs become "first-last"."""
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in runs_of(codes))


def runs_of(codes):
    """N ascending ints -> (R, 2), the first and the last one of each run of neighbours."""
    codes = np.array(codes)
    first = np.flatnonzero(np.diff(codes, prepend=-2) != 1)  # of each run
    last = np.append(first[1:], len(codes)) - 1
    return np.stack((codes[first], codes[last]), axis=1)  # 2 (R,) -> (R, 2)
