"""What a script was given and cannot use ends it with one line; what is the program's own fault does not."""

import argparse

import pytest

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
