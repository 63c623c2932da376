"""Emoji and smileys as tokens: regular expressions for `dataset.text` of sequences of signs that are faces or hearts.
docs/words.md says what counts, and why "10:30", "http://", "(note):" and "8)" do not."""

_PICTURES = (
    "\u231a\u231b\u23e9-\u23fa\u25fd\u25fe\u2600-\u275a\u2761-\u2767\u2794-\u27bf"
    "\u2b1b\u2b1c\u2b50\u2b55\U0001f000-\U0001faff"
)
_PICTURE = rf"[{_PICTURES}][\u20e3\U000e0020-\U000e007f]*"
EMOJI = rf"[\U0001f1e6-\U0001f1ff]{{2}}|{_PICTURE}(?:\u200d{_PICTURE})*"  # a flag is two letters

# A row of signs is a smiley only with nothing beside it that would make it something else: what stands before the first
# character is asked by a look-behind over both, so that each expression can begin with the characters that it needs.
_LETTER_EYES = {"[o0]": "[o0]", **{eye: eye for eye in "tuxq"}}  # o_O, T_T, u_u, x_x, q_q
_EYES = {  # what stands on the left -> what may stand between, and on the right
    r"\^": (r"_{1,3}|[.,\-*ow0uv3\u03c9\u0434\u25bd\u25bf\u2207\u2200\u25c7\u25a1\u203f\u1d17\u1173\u1106]?", r"[\^~]"),
    ">": (r"_{1,3}|[.ow\u0434]", "(?:<(?!/)|>)"),  # not in a tag that stays
    "<": (r"_{1,3}|\.", "<"),
    r"\-": (r"_{1,3}|[.\u03c9\u0434\u76ca]", "-"),
    "=": (r"_{1,3}|\.", "="),
    "~": ("_{1,3}", r"[~\^]"),
    ";": ("_{1,3}|[-\u0434\u1109]", ";"),
    r"\*": ("_{1,3}|-", r"\*"),
    **{rf"\{eye}": ("_{1,3}", rf"\{eye}") for eye in "@+$."},
}
_MOUTHS = "\u03b5\u03c9\u0434\u0256\u25bd\u25bf\u2207\u2200\u25c7\u25a1\u203f\u2323\u1d17\u25e1\u1d25\u30ee\u30fc\u76ca"
_OTHER_EYES = {  # of faces that are not ASCII, after NFKC; the acute of "(´∀`)" has become an apostrophe
    **{
        eye: (rf"_{{1,3}}|[.\-owx{_MOUTHS}]", eye)
        for eye in "\u30fb\u2022\u00b0\u25d5\u2565\u2299\u00ac\u2312\u25c9\u25cf\u25cb\u2256"
    },
    **{"'": (f"[{_MOUTHS}]", "`"), "`": (f"[{_MOUTHS}]", "'"), "\u2267": (rf"_{{1,3}}|[.{_MOUTHS}]", "\u2266")},
}


def letter_faces(no_word):
    """The faces that begin like a word, to be tried before words. no_word: an expression that a letter ends."""
    pairs = "|".join(f"(?<={left})_{{1,3}}{right}" for left, right in _LETTER_EYES.items())
    return rf"[otuxq0](?<![a-z0-9_].)(?:{pairs}){no_word}|[8b](?<![a-z0-9_].)-\)"


def sign_faces(no_word, all_scripts):
    """Hearts and the faces that begin with a sign. all_scripts: those that are not ASCII, too."""
    eyes = _EYES | (_OTHER_EYES if all_scripts else {})
    east = "|".join(
        rf"(?<={left})(?<![_{left}].)(?:{mouth}){right}(?![a-z0-9_{left}])" for left, (mouth, right) in eyes.items()
    )
    return "|".join(
        [
            rf"[:;=](?:{_round(no_word)}|{_apart(no_word)})",
            rf"<(?:(?<![0-9]<)|(?<=<3<))(?<![^a-z][a-z]<)(?<!^[a-z]<)/?3+(?![%$]|[.,][0-9]){no_word}",
            r"[()](?<![^\s].)-?'?:(?![^\s.,!?])|\((?<![^\s].)-?;(?![^\s.,!?])",
            r"\((?<!\(\()\(\(|\)(?<!\)\))\)\)",
            rf"\\(?<![a-z0-9_:]\\)[om]/{no_word}",
            rf"[{''.join(eyes)}](?:{east})",
        ]
    )


def _round(no_word):
    """What follows the eyes of :) and :-( , which may stand directly after a word: "great:)". In "(^^;)" and "(-_-;)"
    the semicolon is a drop of sweat."""
    return rf"(?<![(\[{{:;=].)(?<![\^<\u30fb\u00b0];)(?<!_[->*];)-?(?:\)|\({no_word})"


def _apart(no_word):
    """What follows the eyes of all other faces, which stand apart from words: ":d" in "c:d" is none."""
    mouths = [
        rf"(?:['`,]-?|-['`,]|[o^~])(?:\)|\({no_word})",  # tears, and other noses
        rf"-?(?:d+|p+|o){no_word}",
        rf"(?<=:)-?(?:[xscbv]|[30](?![.,:/][0-9])){no_word}",
        rf"-?[\]}}](?<!\[.\])|-?[\[{{](?![\"'\[{{(]){no_word}",
        rf"-?[|/\\](?![/\\|=:]){no_word}",
        rf"(?<=:)-?[@$#*<>](?![<>=:/]){no_word}",
    ]
    return rf"(?<![a-z0-9_:;=|/\\\[{{-].)(?:{'|'.join(mouths)})"
