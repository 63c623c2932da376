"""Figures without pyplot, under fixed settings: the user's backend, matplotlibrc and style have no influence."""

import contextlib
import io
import logging
import os
import sys
import warnings

DPI = 150
KEPT = ("backend", "backend_fallback")  # settings that no figure of ours depends on


@contextlib.contextmanager
def plotting():
    """-> the module common.plot. Inside the block matplotlib, which is loaded here and not before, has its own default
    settings, and reports neither its cache folder nor letters that its font lacks; after it, the user's settings.
    """
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            matplotlib = _matplotlib()
            from common import plot

            with matplotlib.rc_context():
                matplotlib.rcParams.update({k: v for k, v in matplotlib.rcParamsDefault.items() if k not in KEPT})
                yield plot
    finally:
        logger.setLevel(level)


def png(draw, form="png"):
    """A figure as the bytes of a file of this form, in fonts that have its letters, where they are there; and these.

    draw: function of the module common.plot -> Figure, or Axes of one; called again where the default font lacks a
    letter. -> bytes, set of str. Raises what the import of matplotlib or `draw` raises.
    """
    with plotting() as plot:
        from matplotlib import rcParams

        from common.figures.fonts import families_for, letters_of

        figure = _figure(draw(plot))
        letters = letters_of(figure)
        if families := families_for(letters):
            rcParams["font.family"] = [*rcParams["font.family"], *families]  # each letter in the first that has it
            figure = _figure(draw(plot))
        content = io.BytesIO()
        figure.savefig(content, format=form, dpi=DPI)
        return content.getvalue(), letters


def _figure(drawn):
    return drawn.figure or drawn  # of a Figure, `figure` is itself or None


def _matplotlib():
    """The module matplotlib. MPLBACKEND, as a notebook sets it, may name what is not installed, and a matplotlibrc may
    not be UTF-8: either stops an import.
    """
    if "matplotlib" in sys.modules:
        import matplotlib

        return matplotlib
    backend = os.environ.get("MPLBACKEND")
    with _environment(MPLBACKEND=None):
        try:
            import matplotlib
        except ImportError:
            raise
        except Exception:
            for name in [name for name in sys.modules if name.startswith("matplotlib.")]:
                del sys.modules[name]  # of the import that broke off
            with _environment(MATPLOTLIBRC=os.devnull):
                import matplotlib
    if backend:
        with contextlib.suppress(ValueError):
            matplotlib.rcParams["backend"] = backend  # as the import would have done: for pyplot, later
    return matplotlib


@contextlib.contextmanager
def _environment(**values):
    """Environment variables inside the block; None: absent."""
    before = {name: os.environ.pop(name, None) for name in values}
    os.environ.update({name: value for name, value in values.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
