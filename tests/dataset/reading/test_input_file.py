"""What a person names as a file is a file or a pipe that is read once; nothing else is opened, and nothing waits."""

import contextlib
import os
import queue
import socket
import subprocess
import sys
import threading

import pytest
from conftest import ROOT, THREE, lines_of

from dataset.errors import DataError
from dataset.labelled_text import read_labelled
from dataset.reading import input_file
from dataset.reading.input_file import open_input, read_text
from dataset.unlabelled import read_unlabelled

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names")
LINES = lines_of(THREE)


@pytest.fixture
def pipe(tmp_path, monkeypatch):
    monkeypatch.setattr(input_file, "PATIENCE", 0.05)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def written(pipe, content):
    """A thread that writes into the pipe, as `cat` does."""

    def write():
        with contextlib.suppress(BrokenPipeError):  # nobody reads all of it
            pipe.write_bytes(content)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def test_a_pipe_is_read_as_the_file_is(pipe, tmp_path):
    file = tmp_path / "file.tsv"
    file.write_text(LINES * 3000)  # more than a pipe holds at once
    writer = written(pipe, file.read_bytes())
    expected, found = read_labelled(file), read_labelled(pipe)
    writer.join()
    assert found.texts == expected.texts and found.label_names == expected.label_names


def test_a_pipe_that_nobody_writes_to_is_refused(pipe):
    with pytest.raises(DataError, match="pipe: expected a file, got a pipe that nobody writes to"):
        read_labelled(pipe)


def test_a_pipe_of_which_something_was_read_is_refused(pipe):
    written(pipe, LINES.encode() * 3000)
    with open_input(pipe) as file:
        file.read(10)
    with pytest.raises(DataError, match="that was read before: save it as a file"):
        open_input(pipe)


def test_a_pipe_that_was_read_to_its_end_may_be_written_to_anew(pipe):
    for content in ("one", "two"):
        writer = written(pipe, content.encode())
        assert read_text(pipe) == content
        writer.join()
    with pytest.raises(DataError, match="that was read before"):
        open_input(pipe)


def test_a_line_says_that_nothing_was_written_yet(pipe, monkeypatch):
    said, found = queue.SimpleQueue(), []
    monkeypatch.setattr(input_file, "SILENCE", 0.01)
    monkeypatch.setattr(input_file, "_say", said.put)
    with open(os.open(pipe, os.O_RDWR), "wb", buffering=0) as writer, open_input(pipe) as file:
        thread = threading.Thread(target=lambda: found.append(file.read(3)))
        thread.start()
        assert "waiting for the pipe, into which nothing was written yet" in said.get(timeout=60)
        writer.write(b"abc")
        thread.join()
    assert found == [b"abc"]


def test_sockets_devices_and_folders_are_refused_without_being_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        for path, kind in (("socket", "a socket"), (os.devnull, "a device"), ("/dev/zero", "a device")):
            with pytest.raises(DataError, match=f"{path}: expected a file, got {kind}"):
                open_input(path)
    with pytest.raises(IsADirectoryError) as caught:
        open_input(tmp_path)
    assert caught.value.filename == str(tmp_path)


def test_what_reads_a_pipe_twice_says_what_to_do(pipe):
    written(pipe, b"a text\nanother\n")
    with pytest.raises(DataError, match="that was read before: save it as a file"):
        read_unlabelled(pipe)


@pytest.mark.skipif(not os.path.exists("/dev/stdin"), reason="a name of standard input")
def test_the_command_line_reads_standard_input_by_its_name(tmp_path):
    command = [sys.executable, "-m", "ch_sentiment", "check-data", "/dev/stdin"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run(command, input=LINES, capture_output=True, text=True, cwd=tmp_path, env=env)  # noqa: S603
    assert done.returncode == 0 and "Nothing found" in done.stdout
