"""What a stream allows: a bar that is drawn again and again, or plain lines; and lines above a bar.

A stream may be anything with `write`: a log, a notebook's, none at all (`sys.stderr` is None in a process without a
console). It never ends a training that its progress cannot be shown.
"""

import contextlib
import sys
import time

INTERVAL = 0.1  # seconds between two drawings
SPARE = 4  # of tqdm's 10 columns of bar that may be missing
FORMS = (  # of a bar, from the longest to the shortest: what is drawn, how many of the figures may be left out
    (None, 0),
    ("{desc}{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]", 0),
    ("{desc}{percentage:3.0f}%|{bar}| {remaining} left{postfix}", 0),
    ("{desc}{percentage:3.0f}%|{bar}| {remaining} left{postfix}", 1),
    ("{desc}{percentage:3.0f}%{postfix}", 1),
    ("{desc}{percentage:3.0f}%{postfix}", 2),
)


def is_terminal(stream):
    """Whether a stream can be drawn on: False also for None, a closed one, and one that does not know."""
    try:
        return bool(stream.isatty())
    except Exception:  # of whatever a stream of somebody's own raises
        return False


def write_line(stream, line):
    """Write a line to a stream that may be None, closed or broken: then nowhere."""
    if stream is not None and not getattr(stream, "closed", False):
        stream = _Unfailing(stream)
        stream.write(f"{line}\n")
        stream.flush()


class _Unfailing:
    """A stream whose `write` and `flush` raise nothing; else it is the stream itself, for tqdm too."""

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def __eq__(self, other):
        return self.stream == getattr(other, "stream", other)

    __hash__ = object.__hash__

    def write(self, text):
        with contextlib.suppress(Exception):
            self.stream.write(text)

    def flush(self):
        with contextlib.suppress(Exception):
            getattr(self.stream, "flush", lambda: None)()


@contextlib.contextmanager
def above_bars(*files):
    """Inside, lines are printed above the bars on stdout and stderr, and on these files, instead of into them."""
    tqdm = getattr(sys.modules.get("tqdm"), "tqdm", None)  # imported where there is a bar: it takes as long as NumPy
    if not getattr(tqdm, "_instances", ()):  # no bar: `external_write_mode` would take as long as a small net's step
        yield
        return
    with contextlib.ExitStack() as stack:
        stack.enter_context(tqdm.external_write_mode())
        for file in files:
            stack.enter_context(tqdm.external_write_mode(file, nolock=True))
        yield


class Bar:
    """A tqdm bar of `total` steps that fits its terminal: where columns are few, what matters least is left out."""

    def __init__(self, total, file):
        from tqdm import tqdm

        self.bar = tqdm(total=total, file=_Unfailing(file), unit="step", leave=False, dynamic_ncols=True)
        self.drawn, self.form, self.columns = -INTERVAL, 0, None

    def step(self, place, figures):
        """One step more. place: stands before the bar. figures: list of str behind it, what matters most first."""
        now = time.perf_counter()
        if now - self.drawn >= INTERVAL:
            self.drawn = now
            self._fit(place, figures)
        self.bar.update()

    def _fit(self, place, figures):
        bar = self.bar
        bar.set_description(place, refresh=False)
        columns = bar.format_dict["ncols"]
        if columns != self.columns:
            self.form, self.columns = 0, columns
        for form in range(self.form, len(FORMS)):  # never back: a form must not come and go with a digit
            self.form = form
            bar.bar_format, fewer = FORMS[form]
            bar.set_postfix_str(", ".join(figures[: max(len(figures) - fewer, 1)]), refresh=False)
            text = bar.format_meter(**{**bar.format_dict, "ncols": None})
            spare = SPARE if "{bar}" in (bar.bar_format or "{bar}") and bar.n else 0  # at first the time left is a "?"
            if not columns or len(text) - spare < columns:
                return

    def close(self):
        self.bar.close()
