"""A figure as a file: a name that cannot be used is found before the work that the figure shows."""

import io
import sys
from pathlib import Path

from common.figures.drawing import plotting, png
from common.files.atomic_write import write_atomically


def check_figure(path):
    """-> path. OSError, in one line, where no figure can be written there: no matplotlib, no such folder or format."""
    try:
        with plotting() as plot:
            plot.Figure(figsize=(1, 1)).savefig(io.BytesIO(), format=_format(path))
    except (ImportError, ValueError) as error:
        raise _not_written(path, " ".join(str(error).split())) from None
    if Path(path).is_dir() or not Path(path).parent.is_dir():
        raise _not_written(path, "a folder" if Path(path).is_dir() else "no such folder")
    return path


def write_figure(path, draw):
    """Write what `draw` draws, in fonts that have its letters, as a file of the format that its name ends in.

    draw: function of the module common.plot -> Figure, or Axes of one; may be called twice. OSError as above.
    Letters that no installed font has are a line on standard error.
    """
    content, letters = png(draw, _format(check_figure(path)))
    try:
        write_atomically(path, [content])
    except OSError as error:
        raise _not_written(path, error.strerror) from None
    with plotting():
        from common.figures.fonts import remarks

        for line in remarks(letters):
            print(line, file=sys.stderr)


def _format(path):
    return Path(path).suffix[1:].lower() or "png"


def _not_written(path, why):
    return OSError(f"{path}: cannot be written ({why})")
