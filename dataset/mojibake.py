"""Mojibake: UTF-8 that was once read in another encoding, as in "donâ€™t" or "don‚Äôt" for "don’t".
Text is changed only where its own letters show that this is what happened."""

import re
import unicodedata

_CONTINUATIONS = range(0x80, 0xC0)
# The first byte of a sequence of UTF-8 -> how many follow. Two-byte sequences beyond these two, which hold the
# letters and signs of Latin-1, are left alone: they cannot be told from a letter and a quotation mark.
_FOLLOWING = {0xC2: 1, 0xC3: 1, 0xE2: 2, 0xEF: 2, 0xF0: 3}
# What sequences of three and four bytes may stand for, first and last character: punctuation, the euro, the trade
# mark, the minus, stars, ticks, ligatures, emoji. The signs between these could be a letter and two quotation marks.
_SIGNS = [
    *(("\u2009", "\u2044"), ("\u20ac", "\u20ac"), ("\u2122", "\u2122"), ("\u2212", "\u2212")),
    *(("\u2600", "\u263f"), ("\u2700", "\u273f"), ("\ufb00", "\ufb06"), ("\U0001f300", "\U0001faff")),
]
_UMLAUTS = (
    "\u201aÄä",
    "\u201aÄö",
    "\u201aÄü",
)  # in Mac Roman signs, but also how a list of umlauts may begin in German
_TYPOGRAPHY = "\u2018\u2019\u201a\u201c\u201d\u201e\u2039\u203a\u00ab\u00bb\u2013\u2014\u2026\u2022"


def mend(text):
    """The text with its mojibake mended, wherever that can be shown to be mojibake.

    UTF-8 read as Windows-1252, as Latin-1 or as Mac Roman is known. A sequence is mended if, written back in that
    encoding, it is one character of UTF-8, and

    - that is a sign of three or four bytes, such as a curly quote, a dash, a ligature or an emoji: no spelling puts
      "â€™" or "‚Äô" together; or
    - that is a letter of Latin-1 within a word ("cafÃ©s", "d√©j√†"), where a capital or a root makes no sense; or
    - that is any character of Latin-1 ("1.5¬∞C") in a text which holds one of the former, read in the same encoding.

    Everything else stays as it is: text in any script, and mojibake of other kinds. It goes on until nothing more is
    shown, so that mending a mended text changes nothing. text: any str -> str.
    """
    while not text.isascii():
        mended = text
        for reading in _READINGS:
            mended = reading.mend(mended)
        if mended == text:
            break
        text = mended  # shorter than before, so that this comes to an end
    return text


class _Reading:
    """How UTF-8 looks when it is read in one encoding."""

    def __init__(self, encoding):
        self.encoding = encoding
        # Windows-1252 leaves five bytes open; browsers read them as the control characters of the same number.
        self.shown = {byte: bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in range(0x80, 0x100)}
        self.byte = {character: byte for byte, character in self.shown.items()}
        following = "[" + re.escape("".join(self.shown[byte] for byte in _CONTINUATIONS)) + "]"
        sequences = (f"{re.escape(self.shown[lead])}{following}{{{n}}}" for lead, n in _FOLLOWING.items())
        self.pattern = re.compile("|".join(sequences))

    def mend(self, text):
        """The text with the sequences of this reading mended, if one of them shows it."""
        found = [(match, self.meant(match[0])) for match in self.pattern.finditer(text)]
        found = [(match, meant) for match, meant in found if meant]
        if not any(len(match[0]) > 2 or self.within_a_word(match, meant) for match, meant in found):
            return text
        pieces, end = [], 0
        for match, meant in found:
            pieces += [text[end : match.start()], meant]
            end = match.end()
        return "".join([*pieces, text[end:]])

    def meant(self, sequence):
        """The character that the sequence stands for, or None where it is none of those that we mend."""
        try:
            character = bytes(self.byte[shown] for shown in sequence).decode("utf-8")
        except UnicodeDecodeError:
            return None
        if len(sequence) == 2:
            return character if character >= "\u00a0" else None
        is_a_sign = any(first <= character <= last for first, last in _SIGNS) and sequence not in _UMLAUTS
        return character if is_a_sign else None

    def within_a_word(self, match, meant):
        """Whether a letter was meant, and a small letter stands right before or after a sequence that no word holds."""
        second = match[0][1]
        if not meant.isalpha() or second in _TYPOGRAPHY:
            return False  # a capital and a quotation mark may well stand together
        if self.encoding == "mac_roman" and unicodedata.category(second) in ("Ll", "Lu", "Sm"):
            return False  # "sin√π" is mathematics
        around = match.string[max(match.start() - 1, 0) : match.start()] + match.string[match.end() : match.end() + 1]
        return any(character.isascii() and character.islower() for character in around)


_READINGS = [_Reading(encoding) for encoding in ("cp1252", "latin-1", "mac_roman")]
