"""Commands whose standard streams are no files: those of a notebook, a service, a test."""

import io
import sys

import pytest
from conftest import TINY, call


class Reads:
    """Lines, and nothing else that a file can do."""

    def __iter__(self):
        return iter(["a good thing\n", "a bad thing\n"])


class Writes:
    def __init__(self):
        self.written = ""

    def write(self, text):
        self.written += text

    def flush(self):
        pass


@pytest.mark.parametrize("command", ["predict", "explain"])
def test_a_text_is_read_from_what_only_has_lines(command, phrases_model, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", Reads())
    assert call(command, phrases_model) == 0
    assert "good" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("stdout", Writes),
        ("stderr", Writes),
        ("stdout", io.StringIO),
        ("stderr", io.StringIO),
        ("stderr", lambda: None),
    ],
)
def test_a_training_and_its_answers_are_written_to_what_only_writes(name, make, here, two, no_figures, monkeypatch):
    options = [option for option in TINY if option != "--quiet"]
    stream = make()
    with monkeypatch.context() as patch:
        patch.setattr(sys, name, stream)
        assert call("train", "--data", two, *options, "--out", "r") == 0
        assert call("predict", "r", "a good thing") == 0
        assert call("explain", "r", "a good thing") == 0
    if isinstance(stream, Writes) and name == "stdout":
        assert "good thing" in stream.written and "val accuracy" in stream.written
