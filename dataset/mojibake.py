"""Mojibake: UTF-8 that was decoded with another encoding, as in "donâ€™t" or "don‚Äôt" for "don’t".
Text is repaired only where its own letters show that this has happened."""

import re
import unicodedata

_CONTINUATIONS = range(0x80, 0xC0)
# The first byte of a UTF-8 sequence -> how many follow. Of the two-byte sequences only those of Latin-1 letters and
# signs are repaired: others cannot be distinguished from a letter and a quotation mark.
_FOLLOWING = {0xC2: 1, 0xC3: 1, 0xE2: 2, 0xEF: 2, 0xF0: 3}
# Characters that sequences of three and four bytes may encode, as ranges: punctuation, the euro, the trade mark, the
# minus, stars, ticks, ligatures, emoji. Signs between these could be a letter and two quotation marks.
_SIGNS = [
    *(("\u2009", "\u2044"), ("\u20ac", "\u20ac"), ("\u2122", "\u2122"), ("\u2212", "\u2212")),
    *(("\u2600", "\u263f"), ("\u2700", "\u273f"), ("\ufb00", "\ufb06"), ("\U0001f300", "\U0001faff")),
]
# Signs in Mac Roman, but a German list of umlauts may start like this, too.
_UMLAUTS = ("\u201aÄä", "\u201aÄö", "\u201aÄü")
_TYPOGRAPHY = "\u2018\u2019\u201a\u201c\u201d\u201e\u2039\u203a\u00ab\u00bb\u2013\u2014\u2026\u2022"


def repair(text):
    """The text with its mojibake repaired, wherever it is certain to be mojibake.

    The wrong encodings are Windows-1252, Latin-1 and Mac Roman. A sequence is repaired if, encoded with one of them,
    it is one character of UTF-8, and

    - that is a sign of three or four bytes, such as a curly quote, a dash, a ligature or an emoji: no spelling has
      "â€™" or "‚Äô"; or
    - that is a letter of Latin-1 within a word ("cafÃ©s", "d√©j√†"), where a capital or a root sign makes no sense; or
    - that is any character of Latin-1 ("1.5¬∞C") in a text that has one of the former in the same encoding.

    Everything else is unchanged: text in any script, and mojibake of other kinds. The function is idempotent: it
    repeats until there is nothing more to repair. text: any str -> str.
    """
    while not text.isascii():
        repaired = text
        for misreading in _MISREADINGS:
            repaired = misreading.repair(repaired)
        if repaired == text:
            break
        text = repaired  # shorter than before, so this terminates
    return text


class _Misreading:
    """What UTF-8 looks like if it is decoded with another encoding."""

    def __init__(self, encoding):
        self.encoding = encoding
        # Five bytes are undefined in Windows-1252; browsers decode them as the control characters of the same number.
        self.shown = {byte: bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in range(0x80, 0x100)}
        self.byte = {character: byte for byte, character in self.shown.items()}
        following = "[" + re.escape("".join(self.shown[byte] for byte in _CONTINUATIONS)) + "]"
        sequences = (f"{re.escape(self.shown[lead])}{following}{{{n}}}" for lead, n in _FOLLOWING.items())
        self.pattern = re.compile("|".join(sequences))

    def repair(self, text):
        """The text with the sequences of this encoding repaired, if one of them is certain to be mojibake."""
        found = [(match, self.original(match[0])) for match in self.pattern.finditer(text)]
        found = [(match, original) for match, original in found if original]
        if not any(len(match[0]) > 2 or self.is_within_a_word(match, original) for match, original in found):
            return text
        pieces, end = [], 0
        for match, original in found:
            pieces += [text[end : match.start()], original]
            end = match.end()
        return "".join([*pieces, text[end:]])

    def original(self, sequence):
        """The character that the sequence encodes, or None if it is none of those that are repaired."""
        try:
            character = bytes(self.byte[shown] for shown in sequence).decode("utf-8")
        except UnicodeDecodeError:
            return None
        if len(sequence) == 2:
            return character if character >= "\u00a0" else None
        is_a_sign = any(first <= character <= last for first, last in _SIGNS) and sequence not in _UMLAUTS
        return character if is_a_sign else None

    def is_within_a_word(self, match, original):
        """Whether the original is a letter, beside a small letter, and no word has such a sequence."""
        second = match[0][1]
        if not original.isalpha() or second in _TYPOGRAPHY:
            return False  # a capital before a quotation mark is common
        if self.encoding == "mac_roman" and unicodedata.category(second) in ("Ll", "Lu", "Sm"):
            return False  # "sin√π" is mathematics
        around = match.string[max(match.start() - 1, 0) : match.start()] + match.string[match.end() : match.end() + 1]
        return any(character.isascii() and character.islower() for character in around)


_MISREADINGS = [_Misreading(encoding) for encoding in ("cp1252", "latin-1", "mac_roman")]
