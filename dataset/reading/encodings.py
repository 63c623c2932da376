"""Encodings of text: which names are known, and which one bytes that are no UTF-8 are likely to have.
The guess is small and honest: the decoding whose characters are common in its languages, or none."""

import codecs

from dataset.errors import DataError

_SHOWN = "utf-8, cp1252, latin-1, gbk, big5, shift_jis, euc-kr, cp1251 or utf-16"
_NO_TEXT = {"undefined", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape"}
_SAMPLE = 1 << 16  # bytes that are looked at

_WESTERN = "éèêëàâäáãåçñöôóõøüûúùíïîìßæœÉÈÀÄÖÜÅØÑÇ’‘“”„–—…€£°«»¿¡"
_RUSSIAN = "оеаинтсрвлкмдпуяыьгзбчйхжшю"
_CHINESE = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能子那得于着下自之年好很没吃，。！看起样多小什么感觉"
    "喜欢服务味东西买错真心点开家最些后过想快差价太用质量店员电影？"
)
_TAIWANESE = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能子那得於著下自之年好很沒吃，。！看起樣多小什麼感覺"
    "喜歡服務味東西買錯真心點開家最些後過想快差價太用質量店員電影？"
)
_JAPANESE = "のにはをたがでてとしれさいるなかすまもあっこうらりきくよそどんだみえせつわけげおめちばっーン、。"
_KOREAN = "이다는가을의에고하를지도은한어기리사아그나서로만자시들정보해영화인있없너무요대스게습니좋으면것거네라여"
_LATIN = {  # encoding -> letters and signs that are common in its languages, each among ASCII
    "cp1252": _WESTERN,
    "mac_roman": _WESTERN,
    "cp1250": "ąćęłńóśźżáčďéěíňřšťúůýžőűăâîöü",
    "cp1254": "ğüşıöçİŞĞÜÖÇ",
}
_OTHER = {  # encoding -> the commonest characters of its languages
    **{"gbk": _CHINESE, "gb18030": _CHINESE, "big5": _TAIWANESE},
    **{"shift_jis": _JAPANESE, "cp932": _JAPANESE, "euc_jp": _JAPANESE, "euc_kr": _KOREAN, "cp949": _KOREAN},
    **{"cp1251": _RUSSIAN, "koi8_r": _RUSSIAN},
    "cp1253": "αιοτεσνηυρπκμλςάέήίόύώγδθ",
    "cp1255": "יוהלאתרמבשנדעםחקפגצכטזןסףךץ",
    "cp1256": "الينمتربوهعدسفكقحجخشصطغءئىةأ",
    "cp874": "านรอกเงมยลวดทตสะปบคหแจพชขใไี่้ั",
}
_AT_LEAST = 0.6  # of the characters beyond ASCII that must be common ones
_MANY = {_CHINESE, _TAIWANESE, _JAPANESE, _KOREAN}  # of scripts with so many that half as many are common


def check_encoding(name):
    """The name of an encoding in its usual form. DataError where Python knows no such encoding of text."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        found = None
    if found is None or not found._is_text_encoding or found.name in _NO_TEXT:
        raise DataError(f"--encoding: expected the name of an encoding, such as {_SHOWN}, got {name[:40]!r}")
    return found.name


def guess_encoding(data):
    """The likely encoding of bytes that are no UTF-8, as `--encoding` takes it; None where none stands out."""
    data = data[:_SAMPLE]
    scores = {name: _score(data, name, common, latin=True) for name, common in _LATIN.items()}
    for name, common in _OTHER.items():
        scores[name] = _score(data, name, common, latin=False) * (2 if common in _MANY else 1)
    best = max(scores, key=scores.get)  # the first of equals
    return best if scores[best] >= _AT_LEAST else None


def is_damaged_utf8(data):
    """Whether most of what is beyond ASCII in these bytes is UTF-8 all the same."""
    beyond = [character for character in data[:_SAMPLE].decode("utf-8", "replace") if character > "\x7f"]
    return beyond.count("\ufffd") < 0.25 * len(beyond)


def _score(data, encoding, common, latin):
    """The share, among the characters beyond ASCII, of common ones in a neighbourhood that fits: accents stand among
    ASCII letters, letters of other scripts among their own. 0 where the bytes cannot be decoded.
    """
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data)  # the last character may be cut
    except UnicodeDecodeError:
        return 0.0
    around = f" {text} "
    beyond = fits = 0
    for before, character, after in zip(around, text, around[2:]):
        if character > "\x7f":
            beyond += 1
            neighbours = (before, after)
            alone = (
                all(c > "\x7f" for c in neighbours) if latin else any(c.isascii() and c.isalpha() for c in neighbours)
            )
            alone = alone or (before.islower() and character.isupper())  # as in other encodings' bytes
            fits += character in common and not alone
    return fits / beyond if fits >= (1 if latin else 3) else 0.0
