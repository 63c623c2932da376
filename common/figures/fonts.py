"""Fonts for letters that matplotlib's default font lacks: installed ones that have them, or the name of one to install.

matplotlib draws each letter in the first font of its list `font.family` that has it.
"""

import contextlib
import functools
import unicodedata

from matplotlib import font_manager, ft2font
from matplotlib.text import Text

SHAPES = hasattr(ft2font, "__libraqm_version__")  # matplotlib >= 3.11 joins and orders letters as their script wants it
NO_FONTS = ("lastresort", "adobeblank", "color")  # names of fonts of boxes or of colour pictures
SCRIPTS = {  # first word of the Unicode name of a letter: what people call its script
    **dict.fromkeys(("CJK", "IDEOGRAPHIC", "KANGXI", "BOPOMOFO", "FULLWIDTH"), "Chinese"),
    **dict.fromkeys(("HIRAGANA", "KATAKANA", "HALFWIDTH", "KATAKANA-HIRAGANA"), "Japanese"),
    **{"HANGUL": "Korean", "DEVANAGARI": "Hindi (Devanagari)", "ORIYA": "Odia (Oriya)", "EMOJI": "emoji"},
}
FONTS = {  # what to install
    **dict.fromkeys(("Chinese", "Japanese", "Korean"), "Noto Sans CJK (Debian, Ubuntu: fonts-noto-cjk)"),
    **dict.fromkeys(("emoji", "symbols"), "Symbola (Debian, Ubuntu: fonts-symbola)"),
}
OTHER_FONTS = "Noto Sans {} (Debian, Ubuntu: fonts-noto-core)"
RIGHT_TO_LEFT = ("R", "AL")  # bidirectional classes
JOINED = (("\u0900", "\u0dff"), ("\u0f00", "\u109f"), ("\u1780", "\u17ff"))  # Devanagari to Sinhala, Tibetan, Khmer


def letters_of(figure):
    """All characters in the texts of a Figure: set of str."""
    return {letter for text in figure.findobj(Text) for letter in text.get_text()}


def families_for(letters):
    """The installed families that have the letters that the default font lacks: list of str."""
    return _search(frozenset(letters))[0]


def remarks(letters):
    """Lines on letters that a figure shows wrongly, each with its remedy: list of str, [] where all are right."""
    lines = []
    if missing := sorted(_search(frozenset(letters))[1]):
        scripts = list(dict.fromkeys(map(script_name, missing)))
        cures = " and ".join(dict.fromkeys(map(font_for, scripts)))
        shown = f"{''.join(missing[:5])}{'...' if len(missing) > 5 else ''}"
        lines.append(
            f"figures show boxes for {len(missing)} characters of {', '.join(scripts)} ({shown}), which no installed "
            f"font has; install {cures} and draw them again"
        )
    if wrong := [] if SHAPES else sorted(filter(_wants_shaping, letters)):
        scripts = ", ".join(dict.fromkeys(map(script_name, wrong)))
        lines.append(f"figures show {scripts} with letters neither joined nor ordered; matplotlib 3.11 does both")
    return lines


def script_name(letter):
    """What people call the script of a letter: "Chinese", "Hindi (Devanagari)", "Thai"; "emoji" and "symbols", too."""
    if "\U0001f000" <= letter <= "\U0001faff":
        return "emoji"
    name = unicodedata.name(letter, "")
    if unicodedata.category(letter)[0] not in "LMN" and not name.startswith(tuple(SCRIPTS)):
        return "symbols"
    first = name.partition(" ")[0]
    return SCRIPTS.get(first, first.capitalize() or "symbols")


def font_for(script):
    """A font to install for a script, and the package that holds it."""
    return FONTS.get(script) or OTHER_FONTS.format(script.rstrip(")").rpartition("(")[2])


def _wants_shaping(letter):
    joined = any(first <= letter <= last for first, last in JOINED)
    return joined or unicodedata.bidirectional(letter) in RIGHT_TO_LEFT


@functools.lru_cache(maxsize=64)
def _search(letters):
    """-> families for these letters (list), and the set of those that no font has."""
    shown = {c for c in letters if c.isprintable() and not c.isspace() and unicodedata.category(c) != "Cf"}
    lacking = shown - _letters_in(font_manager.findfont(font_manager.FontProperties()), shown)
    if not lacking:
        return [], set()
    families, missing = _cover(lacking, _regular_faces())
    if missing:  # matplotlib lists the fonts once; look at those that were installed since
        listed = {entry.fname for entry in font_manager.fontManager.ttflist}
        for path in set(font_manager.findSystemFonts()) - listed:
            with contextlib.suppress(Exception):  # a font that matplotlib cannot read
                font_manager.fontManager.addfont(path)
        families, missing = _cover(lacking, _regular_faces())
    return families, missing


def _regular_faces():
    """family -> file of its face that is nearest to upright and regular."""
    faces = {}
    for entry in font_manager.fontManager.ttflist:
        if not any(name in entry.name.lower().replace(" ", "") for name in NO_FONTS):
            faces.setdefault(entry.name, []).append(entry)
    return {family: min(entries, key=_distance).fname for family, entries in faces.items()}


def _distance(entry):
    weight = font_manager.weight_dict.get(entry.weight, entry.weight)
    return entry.style != "normal", abs(int(weight) - 400), entry.stretch != "normal", entry.fname


def _cover(letters, faces):
    """-> families that have these letters, few of them (greedy), and the set of letters that none has."""
    found = {family: _letters_in(path, letters) for family, path in sorted(faces.items())}
    chosen, rest = [], set(letters)
    while rest:
        best = max(found, key=lambda family: (len(found[family] & rest), _preference(family, letters)), default=None)
        if best is None or not found[best] & rest:
            break
        if drawn := _drawable(faces[best], found.pop(best) & rest):
            chosen.append(best)
            rest -= drawn
    return chosen, rest


def _preference(family, letters):
    """The order of fonts that have equally many letters: those of the language first, then sans serif, proportional."""
    scripts = set(map(script_name, letters))
    region = "JP" if "Japanese" in scripts else "KR" if "Korean" in scripts else "SC"
    words = family.split()
    return region in words, not {"Serif", "Mono"} & set(words), "Sans" in words


def _drawable(path, letters):
    """The letters that matplotlib can draw in a font: those with an outline, not a bitmap alone."""
    try:
        font = ft2font.FT2Font(path)
        font.set_size(12, 72)
        return {letter for letter in letters if font.load_char(ord(letter)).width}
    except Exception:
        return set()


def _letters_in(path, letters):
    """The letters that a font file has: set of str; none where it cannot be read."""
    try:
        font = ft2font.FT2Font(path)
        return {letter for letter in letters if font.get_char_index(ord(letter))}
    except Exception:  # gone, damaged, of another kind
        return set()
