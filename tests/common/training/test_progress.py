"""What callbacks show of a training: the table of its epochs, and its progress, on any stream."""

import contextlib
import io
import os
import re
import sys
import time

import numpy as np
import pytest
from nets_to_train import fit_ladder as run

from common.training.callbacks import BookLog, Callback, EpochTable, Progress
from common.training.terminal import is_terminal, write_line


def test_the_table_has_a_header_and_a_line_per_epoch_in_columns():
    lines = []
    run([1.25, 0.5], EpochTable(lines.append))
    assert " ".join(lines[0].split()) == ("epoch loss accuracy val loss val accuracy tokens/s seconds")
    assert len(lines) == 3 and len({len(line) for line in lines}) == 1
    assert lines[1].split()[:5] == ["1", "1.0000", "-", "1.2500", "-"] and lines[2].split()[3] == "0.5000"


def test_the_table_prints_to_stdout_and_progress_to_stderr(capsys):
    run([1.0], EpochTable(), Progress(interval=0.0))
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 2 and len(captured.err.splitlines()) == 2


def test_progress_is_plain_lines_where_there_is_no_terminal():
    file = io.StringIO()
    run([1.0, 1.0], Progress(interval=0.0, file=file))
    lines = file.getvalue().splitlines()
    assert len(lines) == 4 and "\r" not in file.getvalue() and "\x1b" not in file.getvalue()
    form = r"epoch \d/2, step \d/4: loss 1\.000, [\d,]+ tokens/s, \d+:\d\d left"
    assert all(re.fullmatch(form, line) for line in lines)
    assert lines[2].startswith("epoch 2/2, step 3/4")


def test_progress_is_silent_between_its_intervals():
    file = io.StringIO()
    run([1.0], Progress(interval=1e9, file=file))
    assert file.getvalue() == ""


@pytest.mark.parametrize(
    ("seconds", "n", "left"),
    [(45.0, 4, ["2:15 left", "1:30 left", "0:45 left", "0:00 left"]), (59.7, 2, ["1:00 left", "0:00 left"])],
    ids=["from the steps done", "never sixty seconds"],
)
def test_progress_shows_the_time_left(monkeypatch, seconds, n, left):
    import common.training.callbacks

    now = [0.0]
    monkeypatch.setattr(common.training.callbacks.time, "perf_counter", lambda: now[0])
    tick = Callback()
    tick.on_step_start = lambda trainer: now.__setitem__(0, now[0] + seconds)
    file = io.StringIO()
    run([1.0], tick, Progress(interval=1.0, file=file), n=n)
    assert [line[-9:] for line in file.getvalue().splitlines()] == left


# ---- a terminal

needs_terminal = pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")


class Slow(Callback):
    def on_step_start(self, trainer):
        time.sleep(0.11)  # a bar is drawn at most ten times a second


def drawn(columns, fit):
    """What fit(terminal) writes to a terminal of so many columns."""
    import fcntl
    import struct
    import termios

    leader, follower = os.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(follower, "w") as terminal:
        fit(terminal)
    written = b""
    with contextlib.suppress(OSError):  # how Linux says that the other end is closed
        while part := os.read(leader, 1 << 16):
            written += part
    os.close(leader)
    return written.decode()


def shown(written):
    """The lines that stand on the screen in the end, as a terminal overwrites them."""
    lines = []
    for line in written.split("\n"):
        screen = ""
        for part in line.split("\r"):
            screen = part + screen[len(part) :]
        lines.append(screen.rstrip())
    return lines


@needs_terminal
def test_progress_is_a_bar_on_a_terminal_and_leaves_it_clean():
    written = drawn(100, lambda terminal: run([1.0], Slow(), Progress(file=terminal), n=5))
    assert "%|" in written and "epoch 1/1" in written and "loss 1.000" in written and "/5 [" in written
    assert "\n" not in written and written.rsplit("\r", 2)[-2].strip() == "" == written.rsplit("\r", 2)[-1]


@needs_terminal
@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        (120, r"epoch 1/1: +\d+%\|.{6,}\| \d/8 \[\d\d:\d\d<\d\d:\d\d, .*step/s, FIGURES, [\d,]+ tokens/s\]"),
        (80, r"epoch 1/1: +\d+%\|.{6,}\| \d\d:\d\d left, FIGURES, [\d,]+ tokens/s"),
        (65, r"epoch 1/1: +\d+%\|.{6,}\| \d\d:\d\d left, FIGURES *"),
        (55, r"epoch 1/1: +\d+%, FIGURES *"),
        (30, r"epoch 1/1: +\d+%, loss 1\.000 *"),
    ],
)
def test_the_bar_fits_its_terminal_and_says_what_matters_most(columns, wanted):
    class Scored(Callback):
        def on_step_start(self, trainer):
            trainer.model.scores = np.ones(2)

    written = drawn(
        columns, lambda file: run([1.0], Slow(), Scored(), Progress(file=file), n=16, batch_size=2, validation=False)
    )
    frames = [frame for frame in written.split("\r") if "epoch" in frame]
    form = wanted.replace("FIGURES", r"loss 1\.000, accuracy 0\.000")
    assert frames and all(re.fullmatch(form, frame) and len(frame) < columns for frame in frames), frames


@needs_terminal
@pytest.mark.parametrize("table", [EpochTable, BookLog])
def test_lines_are_printed_above_the_bar_and_not_into_it(table):
    def fit(terminal):
        lines = table(lambda line: print(line, file=terminal))
        run([1.0, 2.0], Slow(), Progress(file=terminal), lines, n=4, eval_interval=2)

    lines = shown(drawn(80, fit))
    assert lines.pop() == "" and len(lines) == (3 if table is EpochTable else 4)
    form = (
        r" *(epoch|1|2)  .*" if table is EpochTable else r"\| epoch \d \|  iter \d / 4 \| time \d+\[s\] \| loss 1\.00"
    )
    assert all(re.fullmatch(form, line) for line in lines), lines


@needs_terminal
def test_lines_on_stdout_stand_above_a_bar_on_stderr_of_the_same_terminal(monkeypatch):
    def fit(terminal):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", terminal)
            patch.setattr(sys, "stderr", terminal)
            run([1.0, 2.0], Slow(), Progress(), EpochTable(lambda line: print(line)), n=4)

    lines = shown(drawn(80, fit))
    assert [line.split()[0] for line in lines[:3]] == ["epoch", "1", "2"] and lines[3:] == [""]


# ---- streams that are no file


class OnlyWrite:
    """The least that a stream can be: a log, say."""

    def __init__(self):
        self.written = ""

    def write(self, text):
        self.written += text


class Broken(OnlyWrite):
    def write(self, text):
        raise BrokenPipeError


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


def test_a_stream_that_only_writes_gets_plain_lines():
    stream = OnlyWrite()
    run([1.0], Progress(0.0, stream))
    assert len(stream.written.splitlines()) == 2 and "loss 1.000" in stream.written


@pytest.mark.parametrize("make", [lambda: None, closed, Broken], ids=["None", "closed", "broken"])
def test_a_training_goes_on_where_nothing_can_be_shown(make, monkeypatch, capsys):
    stream = make()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        trainer = run([1.0, 2.0], Progress(0.0), EpochTable())
    if stream is not None:
        run([1.0, 2.0], Progress(0.0, stream))
    assert trainer.step == 4 and len(capsys.readouterr().out.splitlines()) == 3  # nothing but the table


@needs_terminal
def test_a_terminal_that_goes_away_ends_no_training():
    leader, follower = os.openpty()
    stream = os.fdopen(follower, "w")
    hang_up = Callback()
    hang_up.on_step_start = lambda trainer: os.close(leader) if trainer.step == 3 else None
    trainer = run([1.0], Slow(), hang_up, Progress(file=stream), n=6)
    assert trainer.step == 6
    with contextlib.suppress(OSError):
        stream.close()


def test_what_is_a_terminal():
    class Says(OnlyWrite):
        def __init__(self, answer):
            self.isatty = answer

    def fail():
        raise OSError

    assert is_terminal(Says(lambda: True)) and not is_terminal(Says(lambda: False))
    for stream in (None, OnlyWrite(), closed(), io.StringIO(), Says(fail)):
        assert is_terminal(stream) is False
    for stream in (None, Broken(), closed()):
        write_line(stream, "nowhere")


class Failing(OnlyWrite):
    """A terminal of somebody's own that fails after so many calls, with an error of any kind."""

    def __init__(self, calls, error):
        super().__init__()
        self.calls, self.error = calls, error

    def isatty(self):
        return True

    def write(self, text):
        self.calls -= 1
        if self.calls < 0:
            raise self.error

    def flush(self):
        self.write("")


@pytest.mark.parametrize("error", [OSError("gone"), ValueError("closed"), RuntimeError("no")], ids=repr)
@pytest.mark.parametrize("calls", [0, 1, 4])
def test_whatever_a_stream_raises_ends_no_training(calls, error):
    stream, lines = Failing(calls, error), []
    assert run([1.0, 2.0], Progress(0.0, stream), EpochTable(lines.append)).step == 4 and len(lines) == 3
    write_line(stream, "a line")


def test_a_sink_that_is_no_function_and_a_file_that_is_no_stream_are_refused():
    for make in (EpochTable, BookLog):
        for sink, way_out in ((None, "got None$"), (io.StringIO(), "writes to it$")):
            with pytest.raises(ValueError, match=rf"^{make.__name__}: expected a function of a line.*{way_out}"):
                make(sink)
    with pytest.raises(ValueError, match=r"^Progress: expected a stream with write as file, or None, got the str"):
        Progress(file="progress.log")
