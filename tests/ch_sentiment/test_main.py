"""How `sentifish` finds its commands: one file each, imported when it is called."""

import io
import signal
import subprocess
import sys

import pytest
from conftest import ROOT, call, fenced

from ch_sentiment import commands
from ch_sentiment.__main__ import main
from ch_sentiment.console.signals import SIGNALS
from ch_sentiment.program import all_commands

PAGE = (ROOT / "docs" / "add_a_command.md").read_text(encoding="utf-8")


@pytest.fixture
def added(tmp_path, monkeypatch):
    """The command of docs/add_a_command.md, in a folder of its own."""
    (code,) = fenced(PAGE, "python")
    (tmp_path / "count_words.py").write_text(code)
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    yield tmp_path
    sys.modules.pop("ch_sentiment.commands.count_words", None)
    vars(commands).pop("count_words", None)


def test_a_command_is_added_in_one_file(added, capsys):
    assert call("count-words", "not bad at all") == 0
    assert capsys.readouterr().out == "words  4\n"
    assert call("count-words", "not bad", "--most", 1) == 2
    assert capsys.readouterr().err == fenced(PAGE)[0]
    assert call("--help") == 0
    assert "count-words" in capsys.readouterr().out
    assert call("count-words", "--help") == 0
    assert "Count the words of a text." in capsys.readouterr().out


def test_a_module_without_help_is_no_command(added, capsys):
    (added / "nothing.py").write_text("")
    assert not {"formatting", "nothing", "count_words"} & set(all_commands())
    for name in ("formatting", "nothing", "count_words", "lr_find", "", "."):
        assert call(name) == 2
        assert f"invalid choice: {name!r}" in capsys.readouterr().err
    sys.modules.pop("ch_sentiment.commands.nothing", None)
    vars(commands).pop("nothing", None)


@pytest.fixture
def broken(added):
    """Two commands that cannot be imported, beside one with % in its help."""
    sources = {"syntax": "def f(:", "leaves": "import sys; sys.exit(5)", "none": "HELP = None"}
    sources["percent"] = "HELP = '50% of 100%(prog)s'\ndef add_arguments(parser): pass\ndef run(options): return 0\n"
    for name, source in sources.items():
        (added / f"{name}.py").write_text(source)
    yield
    for name in sources:
        sys.modules.pop(f"ch_sentiment.commands.{name}", None)
        vars(commands).pop(name, None)


def test_a_broken_command_leaves_the_others_as_they_are(broken, capsys):
    assert call("--help") == 0
    out = capsys.readouterr().out
    assert "count-words" in out and "50% of 100%(prog)s" in out
    assert "\nch_sentiment.commands.leaves cannot be imported (SystemExit: 5)\n" in out
    assert (
        "\nch_sentiment.commands.syntax cannot be imported (SyntaxError: invalid syntax (syntax.py, line 1))\n" in out
    )
    assert call("nowhere") == 2
    error = capsys.readouterr().err
    assert "invalid choice: 'nowhere'" in error and len(error.splitlines()) == 1 and "syntax" not in error
    assert call("percent") == 0
    assert call("leaves") == 2
    assert (
        capsys.readouterr().err == "sentifish leaves: ch_sentiment.commands.leaves cannot be imported (SystemExit: 5)\n"
    )


def test_a_caller_keeps_its_streams_and_the_program_prepares_its_own(monkeypatch):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="strict"))
    assert call("recipes") == 0
    assert [(s.encoding, s.errors) for s in (sys.stdout, sys.stderr)] == [("latin-1", "strict")] * 2
    monkeypatch.setattr(sys, "argv", ["sentifish", "recipes"])
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        assert main() == 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert [(s.encoding, s.errors) for s in (sys.stdout, sys.stderr)] == [("utf-8", "backslashreplace")] * 2


def test_the_version_is_printed(capsys):
    assert call("--version") == 0
    assert capsys.readouterr().out == "sentifish 0.1.0\n"


def test_options_before_the_command_are_refused_in_one_line(capsys):
    assert call("--json", "recipes") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


WATCH = """
import json, os, sys
before = dict(os.environ)
import ch_sentiment.__main__
assert dict(os.environ) == before and "numpy" not in sys.modules
code = ch_sentiment.__main__.main(sys.argv[1:])
loaded = [name for name in sys.modules if name.startswith("ch_sentiment.commands.")]
print(json.dumps([code, sorted(loaded)]))
"""


def test_only_the_command_that_is_called_is_imported_and_an_import_changes_nothing(tmp_path):
    command = [sys.executable, "-c", WATCH, "recipes"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.splitlines()[-1] == '[0, ["ch_sentiment.commands.recipes"]]'
