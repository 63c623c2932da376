"""Scripts print names and words of anybody's files: what acts on a terminal does not reach it."""

import argparse
import sys

import pytest
from tqdm import tqdm

from dataset.errors import DataError, one_line_errors
from dataset.printable import PrintableStream
from dataset.store import stderr

HOSTILE = "a\x1b[2J\r\x9b\u202eb"


@pytest.mark.parametrize("error", [DataError(f"x\n{HOSTILE}"), OSError(2, "none", f"x\n{HOSTILE}")])
def test_a_script_prints_only_what_can_be_printed(error, capsys):
    before = sys.stdout, sys.stderr
    with pytest.raises(SystemExit) as left, one_line_errors(argparse.ArgumentParser(prog="p")):
        print(f"written: {HOSTILE}\tb")
        tqdm.write(HOSTILE, file=sys.stderr)
        raise error
    assert left.value.code == 2 and (sys.stdout, sys.stderr) == before
    out, err = capsys.readouterr()
    assert out == "written: a [2J   b\tb\n" and err.startswith("a [2J   b\np: x a [2J   b") and err.count("\n") == 2


def test_what_a_script_is_asked_is_said_in_one_printable_line(capsys):
    parser = argparse.ArgumentParser(prog="p")
    with pytest.raises(SystemExit), one_line_errors(parser):
        parser.parse_args([HOSTILE])
    assert "\x1b" not in capsys.readouterr().err


def test_a_process_without_a_console_has_nothing_to_print_to(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with one_line_errors(argparse.ArgumentParser()):
        print("nowhere")
        assert sys.stdout is None


def test_a_line_of_the_store_is_one_line(capsys):
    stderr.write(f"x\n{HOSTILE}")
    assert capsys.readouterr().err == "x a [2J   b\n"


def test_a_stream_that_does_not_know_what_it_is_is_no_terminal(capsys):
    class Odd:
        def write(self, text):
            print(text, end="")

    PrintableStream(Odd()).write("\r\x1b[A")
    assert capsys.readouterr().out == "  [A"
