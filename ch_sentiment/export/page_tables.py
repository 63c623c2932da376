"""What a page needs to find the same tokens as `dataset.text`: classes of characters, signs, the pattern of a token.

They are read off this Python's functions and its version of Unicode, so that the browser's own version plays no part.
"""

import functools
import re
import unicodedata

import numpy as np

from dataset.signs import replace_signs
from dataset.token_patterns import accents_token, runs_of, unicode_token

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_CHARACTERS = [chr(code) for code in (*range(0x40000), *range(0xE0000, 0xF0000))]  # the others are private, or empty
_MARK, _UNSPACED = "\u0300", "\u4e00"  # stand for all in `accents_token`
# What a browser reads otherwise, as it stands in Python's expressions -> in the page's; a longer one before its parts.
_WRITTEN = {
    rf"[^\W_{_UNSPACED}]": "[{LETTER}]",
    rf"[^\W{_UNSPACED}]": "[{LETTER}_]",
    f"[{_MARK}]": "[{MARK}]",
    f"[{_UNSPACED}]": "[{UNSPACED}]",
    r"\d": "[{DIGIT}]",
    r"[a-z0-9]*+(?:'[a-z0-9]++)*+": r"(?=([a-z0-9]*(?:'[a-z0-9]+)*))\1",  # possessive
}
_CLASS_OR_SIGN = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\.|[^\\\[]", re.DOTALL)


def tokenizer_tables(cleaning):
    """-> dict of what `makeTokenizer` of the page reads; cleaning: Cleaning.

    classes: characters that are letters (or digits), marks ...; signs: what becomes of one; token: the pattern.
    """
    return {**_of_unicode(), "removed": sorted(cleaning.removed), "removeHtml": cleaning.remove_html}


@functools.cache
def _of_unicode():
    text = "".join(_CHARACTERS)
    word = set(re.findall(r"\w", text))
    # Of two letters in a row that are no word each is a token.
    unspaced = word.intersection(unicode_token().findall("\n".join(letter + letter for letter in sorted(word))))
    categories = dict(zip(_CHARACTERS, map(unicodedata.category, _CHARACTERS)))
    signs = {c: new for c in _CHARACTERS[0x80:] if (new := replace_signs(c)) != c}
    classes = {
        "WORD": word,
        "LETTER": word - unspaced - {"_"},  # and digits
        "UNSPACED": unspaced,
        "MARK": {c for c, category in categories.items() if category[0] == "M"},
        "DIGIT": set(re.findall(r"\d", text)),
        "SPACE": set(re.findall(r"\s", text)),
        "UNASSIGNED": {c for c, category in categories.items() if category == "Cn"},
        "SIGN": set(signs),
        # A sigma is another at the end of a word: after a letter with cases, before none; between them may be marks.
        "CASED": {c for c in _CHARACTERS if ("A\u03a3" + c).lower()[1] == "\u03c3"},
    }
    ends = {c for c in _CHARACTERS if ("A\u03a3" + c + "A").lower()[1] == "\u03c2"}
    classes["IGNORABLE"] = set(_CHARACTERS) - ends - classes["CASED"]
    return {
        "classes": {name: runs(map(ord, found)) for name, found in classes.items()},
        "signs": {c: new for c, new in signs.items() if new},
        "token": for_browser(accents_token().pattern),
    }


def runs(codes):
    """Code points as the distances between the first and last of each run of them, from 0 on: numbers in base 36."""
    ends = runs_of(sorted(codes)).ravel()  # (R, 2) -> (2R,)
    return " ".join(map(_base36, np.diff(ends, prepend=0)))


def _base36(number):
    return (_base36(number // 36) if number >= 36 else "") + _DIGITS[number % 36]


def for_browser(pattern):
    """A pattern of `token_patterns` as a JavaScript one with the flag u, the classes by name: "{LETTER}"."""
    for written, becomes in _WRITTEN.items():
        pattern = pattern.replace(written, becomes)
    return _CLASS_OR_SIGN.sub(lambda found: _translated(found[0]), pattern)


def _translated(part):
    if part == ".":
        return r"[^\n]"  # a browser's leaves out more
    if part[0] == "[":
        part = part.replace(r"\s", "{SPACE}")
    # \U0001f600 -> \u{1f600}; escapes of what is no sign of an expression: by their numbers
    part = re.sub(r"\\U([0-9a-f]{8})", lambda found: rf"\u{{{int(found[1], 16):x}}}", part)
    return re.sub(r"""\\([@"'-])""", lambda found: rf"\x{ord(found[1]):02x}", part)
