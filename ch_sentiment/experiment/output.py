"""What is written beside a model: JSON and figures, each as a whole file or not at all."""

import contextlib
import io
import json
import logging
import warnings

from common.files.atomic_write import write_atomically


def write_json(path, content):
    """Write readable JSON. OSError."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, [text.encode("utf-8", "backslashreplace")])


@contextlib.contextmanager
def plotting():
    """-> the module common.plot. Inside the block matplotlib, which is loaded here and not before, reports neither its
    cache folder nor characters that its font lacks.
    """
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")
            from common import plot

            yield plot
    finally:
        logger.setLevel(level)


def png(figure):
    """The bytes of a matplotlib Figure as a PNG."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=150)
    return content.getvalue()


def write_png(path, figure):
    """Write a matplotlib Figure. OSError."""
    write_atomically(path, [png(figure)])
