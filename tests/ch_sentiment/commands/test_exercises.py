"""`sentifish exercises`: from the first file to a folder of submissions."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, call, fenced

from ch_sentiment.exercises.catalogue import all_names, load

pytestmark = pytest.mark.usefixtures("here")
PAGE = (ROOT / "docs" / "exercises.md").read_text(encoding="utf-8")


@pytest.fixture
def sentifish(capsys):
    """Run `sentifish exercises ...`: -> exit code, standard output, standard error."""

    def run(*arguments):
        code = call("exercises", *arguments)
        return code, *capsys.readouterr()

    return run


def test_a_learner_begins_is_told_what_is_wrong_and_passes(sentifish):
    code, out, _ = sentifish("start", "lstm-step")
    file = Path("exercises/lstm_step.py")
    assert code == 0 and file.read_text() == load("lstm_step").stub
    assert out.startswith("exercises/lstm_step.py: LSTM, one step")
    code, out, _ = sentifish("check", "lstm_step")
    assert code == 1 and "not written yet: line" in out and "ok    h_next" in out and "hint lstm_step" in out
    solution = load("lstm_step").solution
    file.write_text(solution.replace("(df, dg, di, do)", "(df, di, dg, do)"))
    code, out, _ = sentifish("check", "lstm_step")
    assert code == 1
    assert re.search(r"WRONG dWx\[\d, \d+\]: yours -?[\d.]+, right -?[\d.]+\n", out)
    assert out.count("likely: the gates are in another order than in forward: f, g, i, o\n") == 1
    assert len(re.findall("WRONG dWx", out)) == 2  # once in each of two cases
    file.write_text(solution)
    code, out, _ = sentifish("check")
    assert code == 0 and "WRONG" not in out and out.endswith("passed: 44 of 44 arrays are right\n")
    code, out, _ = sentifish("status")
    assert re.search(r"lstm_step +passed +0\n", out) and f"passed: 1 of {len(all_names())}" in out


def test_what_is_there_is_never_overwritten(sentifish):
    sentifish("start", "matmul")
    mine = Path("exercises/matmul.py")
    mine.write_text("mine")
    code, out, err = sentifish("start", "matmul")
    assert (code, out) == (2, "") and err.count("\n") == 1 and "is there already; --again" in err
    assert mine.read_text() == "mine"
    for number in (1, 2):
        code, out, _ = sentifish("start", "matmul", "--again")
        assert code == 0 and f"the old one: exercises/matmul.{number}.py" in out
    assert Path("exercises/matmul.1.py").read_text() == "mine" and mine.read_text() == load("matmul").stub
    code, out, _ = sentifish("start", "matmul", "--folder", "my place")
    assert code == 0 and out.endswith("then: sentifish exercises check matmul --folder 'my place'\n")
    assert Path("my place/matmul.py").exists()


def test_hints_come_one_after_the_other_and_are_counted(sentifish):
    hints = load("matmul").hints
    sentifish("start", "matmul")
    for number in (1, 2, 3, 3):
        code, out, _ = sentifish("hint", "matmul")
        assert code == 0 and out.startswith(f"matmul, hint {number} of 3: {hints[number - 1]}\n")
    assert "solution matmul" in out
    assert re.search(r"matmul +begun +3\n", sentifish("status", "matmul")[1])
    assert sentifish("hint", "adam", "--folder", "not-there")[0] == 0
    assert not Path("not-there").exists()


def test_a_solution_is_printed_as_a_file_that_passes(sentifish):
    code, out, _ = sentifish("solution", "matmul")
    Path("exercises").mkdir()
    Path("exercises/matmul.py").write_text(out)
    assert code == 0 and sentifish("check", "matmul")[0] == 0


def test_json_is_an_object_a_line_with_both_values_and_the_diagnosis(sentifish):
    sentifish("start", "matmul", "adam")
    Path("exercises/matmul.py").write_text(load("matmul").solution.replace("dout @ W.T", "-dout @ W.T"))
    code, out, _ = sentifish("check", "matmul", "adam", "--json")
    matmul, adam = map(json.loads, out.splitlines())
    assert code == 1 and (matmul["passed"], adam["passed"]) == (False, False)
    assert matmul["exercise"] == "matmul" and matmul["file"] == os.path.join("exercises", "matmul.py")
    (wrong, *_) = [found for found in matmul["checks"] if not found["passed"]]
    assert wrong["name"] == "dx" and wrong["got"] == pytest.approx(-wrong["expected"])
    assert wrong["diagnosis"] == "of the opposite sign" and len(wrong["at"]) == 2
    assert adam["problem"].startswith("not written yet") and adam["checks"][0]["passed"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["start"], "start: expected a name, at least one of matmul"),
        (["hint"], "hint: expected a name"),
        (["check"], "expected a file that `start` has written, found none"),
        (["check", "matmul"], "is not there; `sentifish exercises start matmul` writes it"),
        (["check", "nothing"], "expected an exercise, one of adam"),
        (["start", "lstm"], "got 'lstm'; do you mean lstm_step or time_lstm?"),
        (["start", "Sofmax-with-los"], "do you mean softmax_with_loss"),
        (["check", "../matmul"], "expected an exercise, one of adam"),
        (["check", "matmul", "--time-limit", "0"], "--time-limit: expected seconds above 0 and below a million, got 0"),
        (["check", "matmul", "--time-limit", "nan"], "--time-limit: expected seconds above 0"),
        (["start", "matmul", "--folder", "file"], "file"),
        (["check", "matmul", "--folder", "folders"], "folders/matmul.py: expected a file of Python, found a folder"),
        (["grade"], "invalid choice: 'grade'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, said, sentifish):
    Path("file").write_text("")
    Path("folders/matmul.py").mkdir(parents=True)
    code, out, err = sentifish(*arguments)
    assert (code, out) == (2, "") and err.count("\n") == 1 and said in err


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"matmul": 5, "adam": {"passed": 1, "hints": "x"}}', "\0"])
def test_a_damaged_record_of_progress_stands_in_no_ones_way(text, sentifish):
    sentifish("start", "matmul")
    Path("exercises/progress.json").write_text(text)
    assert sentifish("status")[0] == 0
    Path("exercises/matmul.py").write_text(load("matmul").solution)
    assert sentifish("check", "matmul")[0] == 0
    assert re.search(r"matmul +passed", sentifish("status")[1])


def test_a_folder_that_cannot_be_written_is_judged_all_the_same(sentifish):
    sentifish("start", "matmul", "adam")
    for name in ("matmul", "adam"):
        Path(f"exercises/{name}.py").write_text(load(name).solution)
    Path("exercises/progress.json").mkdir()  # as in a read-only folder, whoever runs this
    code, out, err = sentifish("check", "--json")
    assert code == 0 and [json.loads(line)["passed"] for line in out.splitlines()] == [True, True]
    assert err.count("\n") == 2 and "not kept" in err
    assert sentifish("hint", "matmul")[0] == 0


def test_a_time_limit_is_kept(sentifish):
    sentifish("start", "matmul")
    Path("exercises/matmul.py").write_text("while True: pass")
    code, out, _ = sentifish("check", "matmul", "--time-limit", "1.5")
    assert code == 1 and "still running after 1.5 seconds, while it was imported" in out


def test_what_a_file_prints_cannot_write_into_the_terminal(sentifish):
    sentifish("start", "matmul")
    Path("exercises/matmul.py").write_text("print('\\x1b[2J' * 3, 'debug')\n" + load("matmul").solution)
    code, out, _ = sentifish("check", "matmul")
    assert code == 0 and "debug" in out and "\x1b" not in out


def test_the_pytest_file_of_the_page_judges_a_folder_of_submissions(here):
    (code,) = fenced(PAGE, "python")
    (here / "test_submissions.py").write_text(code)
    right = load("lstm_step").solution
    turned = right.replace("dg, di, do)", "do, di, dg)")
    for student, text in (("ann", right), ("bob", load("lstm_step").stub), ("eve", turned)):
        (here / "submissions" / student).mkdir(parents=True)
        (here / "submissions" / student / "lstm_step.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_submissions.py"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=here, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert "2 failed, 1 passed" in done.stdout, done.stdout
    gates = "dWx is wrong (the blocks of the gates are in the order f o i g"
    for student, why in (("bob", "not written yet: line"), ("eve", gates)):
        assert re.search(rf"{student}.lstm_step.py: {re.escape(why)}", done.stdout), done.stdout
