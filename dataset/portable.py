"""The rules of `dataset.text.tokenize` as data, for programs that have nothing of ours: docs/onnx.md has one."""

import re
import unicodedata

from dataset import signs, text
from dataset.token_patterns import marks_and_unspaced, unicode_token


def token_rules():
    """A dict that JSON can hold. Regular expressions are Python's, with their flags inside; the order is that in which
    they are applied (`dataset.text.clean`), and where "<" and "&" do not occur the first two change nothing.

    html: list of what becomes a space. entity: what `html.unescape` reads. marks: after its group 1, what goes. signs:
    what becomes its entry in `becomes`, or nothing without one. dots: what goes from lower-case text. backtick: what
    becomes "'". token: finds the tokens. unicode: the version of the character classes.
    """
    pattern, becomes = signs._table()
    marks, most = marks_and_unspaced()[0], text._MAX_MARKS
    return {
        "html": [_with_flags(found) for found in (text._COMMENT, text._SCRIPT, text._TAG)],
        "entity": text._ENTITY.pattern,
        "marks": f"([{marks}]{{{most}}})[{marks}]+",
        "signs": pattern.pattern,
        "becomes": becomes,
        "dots": text._DOT_ABOVE.pattern,
        "backtick": text._BACKTICK.pattern,
        "token": unicode_token().pattern,
        "unicode": unicodedata.unidata_version,
    }


def _with_flags(pattern):
    flags = "".join(letter for letter, flag in (("s", re.DOTALL), ("i", re.IGNORECASE)) if pattern.flags & flag)
    return f"(?{flags}){pattern.pattern}" if flags else pattern.pattern
