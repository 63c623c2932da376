"""The scripts in which texts are written: Latin, Cyrillic, Han ... A script does not tell the language, but texts in
different scripts are in different languages.
"""

import functools
import unicodedata

import numpy as np

NONE = "none"  # of a text without a letter
_LETTERS = ("L", "Nl")
# The first word of a character's Unicode name -> its script, where they are not the same.
_CALLED = {"CJK": "Han", "IDEOGRAPHIC": "Han", "HIRAGANA": "Kana", "KATAKANA": "Kana", "HENTAIGANA": "Kana"}
_WIDTHS = ("FULLWIDTH", "HALFWIDTH", "MODIFIER", "MATHEMATICAL", "FEMININE", "MASCULINE", "MICRO", "OHM", "ANGSTROM")


def script_of(word):
    """The script of the first letter of a word that has a known one, such as "Latin"; NONE where no letter has."""
    return next((script for script in map(_script, word) if script != NONE), NONE)


@functools.cache
def _script(character):
    if character.isascii():
        return "Latin" if character.isalpha() else NONE
    if not unicodedata.category(character).startswith(_LETTERS):
        return NONE
    first, *others = unicodedata.name(character, NONE).replace("-", " ").split()
    if first in _WIDTHS:  # "FULLWIDTH LATIN SMALL LETTER A"
        first = next((word for word in others if word in ("LATIN", "KATAKANA", "HANGUL", "GREEK", "CYRILLIC")), NONE)
    return _CALLED.get(first, first.capitalize() if first != NONE else NONE)


def main_scripts(tokens):
    """The script of most words of each of N TokenizedTexts: list of N str, NONE for a text without a letter.

    Japanese is written in Kana and Han: a text with a Kana for every four Han or more counts as Kana.
    """
    of_words = [script_of(word) for word in tokens.words]
    names = sorted({*of_words, NONE, "Han", "Kana"} - {NONE})
    if not names:
        return [NONE] * len(tokens)
    place = {name: i for i, name in enumerate([*names, NONE])}  # NONE last
    script = np.array([place[name] for name in of_words], np.int64)[tokens.ids]  # (sum T,)
    text = np.repeat(np.arange(len(tokens)), tokens.lengths())
    S = len(names) + 1
    counts = np.bincount(text * S + script, minlength=len(tokens) * S).reshape(-1, S)[:, :-1]  # (N, scripts)
    kana, han = place["Kana"], place["Han"]
    japanese = 4 * counts[:, kana] >= np.maximum(counts[:, han], 1)
    counts[japanese, kana] += counts[japanese, han]
    best = np.where(counts.any(axis=1), counts.argmax(axis=1), S - 1)
    return [[*names, NONE][i] for i in best]
