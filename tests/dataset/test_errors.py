"""What a script was given and cannot use ends it with one line; what is the program's own fault does not."""

import argparse
import subprocess
import sys

import pytest
from conftest import ROOT

from dataset.errors import DataError, one_line_errors

PARSER = argparse.ArgumentParser(prog="python -m chapter.script")


@pytest.mark.parametrize(
    ("error", "others", "line", "code"),
    [
        (DataError("t.txt: expected words"), (), "t.txt: expected words", 2),
        (OSError("t.png: cannot be written"), (), "t.png: cannot be written", 2),
        (FileNotFoundError(2, "No such file or directory", "t.txt"), (), "t.txt: No such file or directory", 2),
        (KeyError("k"), (KeyError,), "'k'", 2),
        (KeyboardInterrupt(), (), "interrupted", 130),
    ],
)
def test_one_line_and_an_exit_code(error, others, line, code, capsys):
    with pytest.raises(SystemExit) as left, one_line_errors(PARSER, *others):
        raise error
    assert left.value.code == code
    assert capsys.readouterr().err.strip() == f"python -m chapter.script: {line}"


@pytest.mark.parametrize("error", [ValueError("shapes"), KeyError("k"), TypeError("t")])
def test_a_fault_of_the_program_is_not_hidden(error):
    with pytest.raises(type(error)), one_line_errors(PARSER):
        raise error


@pytest.mark.parametrize(
    "script",
    [
        *("ch_words.count_words", "ch_words.train_custom_loop", "ch_words.compare"),
        *("ch_sentiment.train", "ch_sentiment.train_custom_loop", "ch_sentiment.gradient_check"),
    ],
)
@pytest.mark.parametrize(("argument", "code", "says"), [("--help", 0, "usage: python -m {}"), ("my.tsv", 2, "my.tsv")])
def test_a_script_without_arguments_does_not_begin_to_train_when_it_is_given_one(script, argument, code, says, here):
    command = [sys.executable, "-m", script, argument]
    done = subprocess.run(  # noqa: S603
        command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == code and says.format(script) in done.stdout + done.stderr
    assert "epoch" not in done.stdout and "Traceback" not in done.stderr
