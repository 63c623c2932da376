"""Signs of which Unicode form NFKC would make another word, or a part of the one beside them."""

import functools
import re
import unicodedata

_SIGNS = [*range(0xBC, 0xBF), *range(0x20A0, 0x2500), *range(0x3200, 0x3400), *range(0x1F100, 0x1F300)]
_VARIATIONS = "\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef"


def _is_word(sign):
    """Whether a sign is letters or a number in NFKC, and no part of a word, as of "m\u00b2": a trade mark, say."""
    form, category = unicodedata.normalize("NFKC", sign), unicodedata.category(sign)
    number = category == "No" and unicodedata.decomposition(sign).startswith(("<circle>", "<compat>", "<fraction>"))
    return number or (category[0] == "S" and len(form) > 1 and any(map(str.isalnum, form)))


def replace_signs(text):
    """The text before NFKC, which would decompose the acute into a space and an accent, and make "31/2" of three and a
    half. Soft hyphens go, which mark line breaks; variation selectors, how a sign is drawn; skin tones, whose it is.
    """
    found, becomes = _table()
    return found.sub(lambda sign: becomes.get(sign[0], ""), text)


@functools.cache
def _table():
    """What finds the signs, and what each becomes; those that go are not in it. Made where a text is not ASCII."""
    becomes = (
        dict.fromkeys("\u2018\u2019\u201b\u02bc\u00b4\u1ffd\u2032", "'")
        | {"\u2033": 2 * "'", "\u2034": 3 * "'", "\u2057": 4 * "'", "\u0149": "'n"}
        | {"\uff9e": "\u3099", "\uff9f": "\u309a", "\u2044": "/"}  # two combining marks in NFKC
        | {s: f" {unicodedata.normalize('NFKC', s)} ".replace("\u2044", "/") for s in map(chr, _SIGNS) if _is_word(s)}
    )
    return re.compile(f"[\u00ad{_VARIATIONS}{''.join(becomes)}]"), becomes
