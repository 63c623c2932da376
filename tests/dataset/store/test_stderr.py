"""Standard error may be a terminal, a log, closed, or none at all; whatever it is, data are read."""

import io
import sys

import pytest

from dataset.store import stderr, token_cache


class OnlyWrite:
    def __init__(self):
        self.written = ""

    def write(self, text):
        self.written += text


class Terminal(OnlyWrite):
    def isatty(self):
        return True


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize(
    "make",
    [lambda: None, OnlyWrite, io.StringIO, closed, object],
    ids=["None", "write alone", "StringIO", "closed", "object"],
)
def test_on_what_is_no_terminal_nothing_is_drawn(make, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", make())
        assert stderr.is_terminal() is False
        assert len(token_cache.tokenize_texts(["a b", "c"], progress=True).words) == 3
        stderr.write("a remark")
        assert getattr(sys.stderr, "written", "") in ("", "a remark\n")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_is_one(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert stderr.is_terminal() is True
