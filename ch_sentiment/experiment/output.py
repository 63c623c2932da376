"""Writes JSON and figures, each as a whole file or not at all."""

import json
import textwrap
from pathlib import Path

from common.figures.drawing import plotting, png
from common.files.atomic_write import write_atomically


def write_json(path, content):
    """Write readable JSON. OSError."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, [text.encode("utf-8", "backslashreplace")])


def write_figures(draws, say):
    """Write the figures of `drawn` as PNG files; an older file of one that cannot be drawn is removed. OSError."""
    images = drawn(draws, say)
    for path in draws:
        if path in images:
            write_atomically(path, [images[path]])
        else:
            Path(path).unlink(missing_ok=True)


def drawn(draws, say):
    """-> dict path -> bytes of the PNG, of all figures that can be drawn. A figure that fails is a line, not an error,
    so that no training or score is lost for it.

    draws: path -> function of the module common.plot -> Figure, or Axes of one. say: called with each line, on figures
    that are not drawn and letters that no installed font has.
    """
    images, letters, failed = {}, set(), {}
    for path, draw in draws.items():
        try:
            images[path], found = png(draw)
            letters |= found
        except Exception as error:  # of matplotlib, of what it needs, or of its files
            reason = textwrap.shorten(f"{type(error).__name__}: {error}", 200)
            failed.setdefault(reason, []).append(Path(path).name)
    for reason, names in failed.items():
        say(f"{', '.join(names)}: not drawn ({reason})")
    if letters:
        with plotting():
            from common.figures.fonts import remarks

            lines = remarks(letters)
        for line in lines:
            say(line)
    return images
