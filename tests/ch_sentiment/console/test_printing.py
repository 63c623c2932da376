"""What reaches the terminal: one place prints, and it makes everything printable."""

import ast
import io
import sys

import pytest
from conftest import ROOT, call
from tqdm import tqdm

from benchmarks.torture import messages
from ch_sentiment.console import say, show, warn
from dataset.printable import PrintableStream

PRINTS = [*(ROOT / "ch_sentiment").glob("*/**/*.py"), ROOT / "ch_sentiment" / "program.py"]


def test_no_other_place_of_the_commands_prints():
    found = []
    for path in PRINTS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("print", "sys.stdout.write", "sys.stderr.write", "os.write"):
                found.append(str(path.relative_to(ROOT)))
    # `_Named` of trainings.py writes numbers behind names of its own
    assert sorted(found) == ["ch_sentiment/console/streams.py", "ch_sentiment/experiment/trainings.py"]


def test_a_line_is_one_line_whatever_it_holds(capsys):
    say("a\nb\x1b[2J", "c\td")
    show("e\tf", "g\u2028", kept="\t")
    warn("h\ri\n")
    out, err = capsys.readouterr()
    assert (out, err) == ("a b [2J\nc d\ne\tf\ng \n", "h i \n")
    show()
    assert capsys.readouterr().out == "\n"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_what_others_print_in_the_program_is_harmless_and_bars_are_drawn():
    stream = PrintableStream(Terminal())
    print("\x1b[31m\r\x9b\u202e\na\tb", file=stream)
    print("\rname\x1b[2J", file=stream)
    assert stream.unfiltered.getvalue() == " [31m   \na\tb\n name [2J\n"
    for _ in tqdm(range(2), file=stream, desc="a", mininterval=0):
        for _ in tqdm(range(2), file=stream, desc="b\x1b[2J", mininterval=0, leave=False):
            pass
    drawn = stream.unfiltered.getvalue()
    assert "\ra: 100%" in drawn and "\x1b[A" in drawn and "[2J" in drawn and "\x1b[2J" not in drawn
    log = PrintableStream(io.StringIO())
    assert log.write("\ra\x1b[A") == 5 and log.unfiltered.getvalue() == " a [A"


@pytest.fixture
def asked(here, capsys, monkeypatch, no_figures):
    def ask(arguments, name):
        monkeypatch.setattr(sys, "stdin", io.StringIO(name.encode("utf-8", "replace").decode()))
        return call(*arguments), *capsys.readouterr()

    return ask


def test_every_command_with_hostile_names_prints_nothing_that_acts_on_a_terminal(asked, here, monkeypatch):
    monkeypatch.setenv("SENTIFISH_DATA", f"cache {messages.ALL}")
    for arguments in messages.commands(messages.ALL, here):
        messages.check(arguments, *asked(arguments, messages.ALL))
