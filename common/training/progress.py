"""Callbacks that show a training: a table of its epochs, and a progress bar."""

import sys
import time

from common.arrays.checks import as_number, described
from common.checking.intervals import wilson_interval
from common.training.callback import Callback
from common.training.terminal import Bar, above_bars, is_terminal, write_line


class EpochTable(Callback):
    """A header, then one line per epoch, with a column for each metric of the trainer, in training and validation.

    validation_size: of how many examples the validation accuracy is; then the distance to the farther end of its 95 %
    interval stands beside it (Wilson 1927): "0.8333 ±0.40" of 6.
    """

    TITLES = ("epoch", "loss", "accuracy", "val loss", "val accuracy", "tokens/s", "seconds")
    FORMS = ("d", ".4f", ".4f", ".4f", ".4f", ",.0f", ".1f")

    def __init__(self, sink=print, validation_size=None):
        self.sink, self.validation_size = as_sink(self, sink), validation_size

    def on_fit_start(self, trainer):
        self.header_due = True

    def on_epoch_end(self, trainer):
        own = [f"{part}{name}" for name in trainer.metrics for part in ("", "val ")]
        titles, forms = [*self.TITLES[:-2], *own, *self.TITLES[-2:]], [*self.FORMS[:-2], *[".4f"] * len(own)]
        row = trainer.history[-1]
        keys = [title if title in row else title.replace("val ", "val_", 1) for title in titles]
        values = [row[key.replace("/", "_per_") if key not in row else key] for key in keys]
        cells = [
            "-" if value is None else format(value, form) for value, form in zip(values, [*forms, *self.FORMS[-2:]])
        ]
        if self.validation_size and row["val_accuracy"] is not None:
            cells[titles.index("val accuracy")] += f" ±{self._off_by(row['val_accuracy']):.2f}"
        for line in [titles, cells] if self.header_due else [cells]:
            text = "  ".join(f"{cell:>{max(len(title), 8)}}" for cell, title in zip(line, titles))
            say_above(self.sink, trainer, text)
        self.header_due = False

    def _off_by(self, share):
        return max(abs(end - share) for end in wilson_interval(share, self.validation_size))


class Progress(Callback):
    """The progress of training, on stderr: a bar in a terminal, else a plain line every `interval` seconds.

    file: another stream, with `write`. Where there is none, or it fails, nothing is shown.
    """

    def __init__(self, interval=10.0, file=None):
        self.interval = as_number(self, "interval", interval, least=0, finite=False)
        if file is not None and not hasattr(file, "write"):
            raise ValueError(f"Progress: expected a stream with write as file, or None, got {described(file)}")
        self.file, self.bar = file, None

    @property
    def stream(self):
        return sys.stderr if self.file is None else self.file

    def on_fit_start(self, trainer):
        self.start = self.last = time.perf_counter()
        self.steps_before = trainer.step
        total = trainer.total_steps - trainer.step
        self.bar = Bar(total, self.stream) if is_terminal(self.stream) else None

    def on_step_end(self, trainer):
        if self.bar is not None:
            self.bar.step(f"epoch {trainer.epoch}/{trainer.max_epoch}", self._figures(trainer))
            return
        now = time.perf_counter()
        if now - self.last >= self.interval:
            self.last = now
            done = trainer.step - self.steps_before
            left = round((now - self.start) / done * (trainer.total_steps - trainer.step))
            place = f"epoch {trainer.epoch}/{trainer.max_epoch}, step {trainer.step}/{trainer.total_steps}"
            write_line(self.stream, f"{place}: {', '.join(self._figures(trainer))}, {left // 60}:{left % 60:02} left")

    def on_fit_end(self, trainer):
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    @staticmethod
    def _figures(trainer):
        now = trainer.running.figures()
        accuracy = [] if now["accuracy"] is None else [f"accuracy {now['accuracy']:.3f}"]
        return [f"loss {now['loss']:.3f}", *accuracy, f"{now['tokens_per_s']:,.0f} tokens/s"]


def as_sink(owner, sink):
    """A function of a line of text, such as print. ValueError for anything else."""
    if not callable(sink):
        hint = ": lambda line: print(line, file=...) writes to it" if hasattr(sink, "write") else ""
        expected = "expected a function of a line, such as print, as sink"
        raise ValueError(f"{type(owner).__name__}: {expected}, got {described(sink)}{hint}")
    return sink


def say_above(sink, trainer, line):
    """Hand a line to a sink, above the bar of a Progress, which is then drawn again."""
    callbacks = [callback for callback in trainer.callbacks or () if isinstance(callback, Progress)]
    with above_bars(*(callback.file for callback in callbacks if callback.bar and callback.file is not None)):
        sink(line)
