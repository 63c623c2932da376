"""The chapter's scripts: they learn, show what was learned, and run from any folder, on a person's own file too."""

import os
import signal
import subprocess
import sys

import pytest
from conftest import ROOT

from ch_seq2seq import compare_additions, show_beams, train_addition, train_date
from dataset import sequence

SCRIPTS = (train_addition, train_date, show_beams, compare_additions)
ADDITIONS = "".join(f"{f'{a}+{b}':5}_{a + b:<3}\n" for a in range(20) for b in range(20))


@pytest.fixture
def run(monkeypatch, capsys):
    """run(script, arguments) -> exit code, output, errors; with few examples, small models and one epoch."""

    def run_small(script, *arguments):
        load = sequence.load_data

        def load_few(*args):
            (x, t), (x_test, t_test) = load(*args)
            return (x[:300], t[:300]), (x_test[:40], t_test[:40])

        with monkeypatch.context() as patch:
            patch.setattr(sequence, "load_data", load_few)
            patch.setattr(sys, "argv", [script.__name__, *arguments])
            if script in (show_beams, compare_additions):
                patch.setattr(script, "HIDDEN_SIZE", 8)
                patch.setattr(script, "MAX_EPOCH", 2)
            else:
                patch.setattr(script, "SMALL", {**script.SMALL, "hidden_size": 8, "max_epoch": 1})
            try:
                code = script.main() or 0
            except SystemExit as left:
                code = left.code
        return code, *capsys.readouterr()

    return run_small


def test_additions_are_trained_and_shown(here, run):
    code, out, _ = run(train_addition)
    lines = out.splitlines()
    assert code == 0 and len(lines) == 2 + train_addition.SHOWN and list(here.iterdir()) == []
    assert all("+" in line and line.endswith(("right", "wrong")) for line in lines[2:])


@pytest.mark.parametrize(("name", "value"), [("DECODER", "plain"), ("DECODER", "attention"), ("REVERSE", False)])
def test_a_constant_makes_it_another_model(name, value, here, run, monkeypatch):
    monkeypatch.setattr(train_addition, name, value)
    assert run(train_addition)[0] == 0


def test_dates_are_trained_and_their_maps_drawn(here, run):
    code, out, _ = run(train_date, "--figure", "maps.png")
    assert code == 0 and len(out.splitlines()) == 3 + train_date.SHOWN and out.endswith("written: maps.png\n")
    assert (here / "maps.png").read_bytes().startswith(b"\x89PNG") and len(list(here.iterdir())) == 1


def test_beams_are_shown_with_their_probabilities(here, run):
    code, out, _ = run(show_beams)
    lines = out.splitlines()
    top = next(i for i, line in enumerate(lines) if line.startswith("width"))
    rows = [line.split() for line in lines[top + 1 : top + 1 + len(show_beams.WIDTHS)]]
    assert code == 0 and [int(row[0]) for row in rows] == list(show_beams.WIDTHS)
    found = [float(row[2].rstrip("%")) for row in rows]
    assert found == sorted(found)


def test_variants_are_compared_in_one_table(here, run):
    code, out, _ = run(compare_additions)
    lines = out.splitlines()
    assert code == 0 and len(lines) == 1 + len(compare_additions.VARIANTS)
    assert all(line.count("%") == 2 for line in lines[1:])


def test_ctrl_c_ends_the_comparison_and_not_only_one_of_its_trainings(here, run, monkeypatch):
    monkeypatch.setattr(
        compare_additions.AnswerAccuracy, "on_epoch_end", lambda *_: os.kill(os.getpid(), signal.SIGINT)
    )
    code, out, err = run(compare_additions)
    assert code == 130 and len(out.splitlines()) == 1
    assert err.strip().endswith("python -m ch_seq2seq.compare_additions: interrupted")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_file_of_ones_own_is_learned(script, here, run, write):
    write("my.txt", ADDITIONS)
    code, out, _ = run(script, "my.txt")
    assert code == 0 and ("+" in out or script is compare_additions)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "my.txt: cannot be read"),
        ("1+1 _2 \n10+10 _20\n", "my.txt, line 2: expected columns of"),
        ("1+1 2\n", "my.txt, line 1: expected a question"),
        ("", "my.txt: expected lines"),
        ("1+1_2\n", "my.txt: expected at least 10 lines"),
        ("1+1_\n" * 10, "my.txt: expected an answer"),
        ("1+1_2\n" * 10 + "   _3\n", "my.txt: expected a question in every line"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(script, content, message, here, run, write):
    if content is not None:
        write("my.txt", content)
    code, out, err = run(script, "my.txt")
    assert (code, out) == (2, "") and len(err.splitlines()) == 1 and message in err
    assert err.startswith(f"python -m ch_seq2seq.{script.__name__.split('.')[1]}: ")


def test_a_figure_that_cannot_be_written_is_one_line(here, run):
    code, out, err = run(train_date, "--figure", "nowhere/maps.png")
    assert (code, out) == (2, "") and "nowhere/maps.png: cannot be written" in err and len(err.splitlines()) == 1


def test_a_script_runs_as_a_program_from_another_folder(here, write):
    write("my.txt", ADDITIONS)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "nonsense"}
    command = [sys.executable, "-W", "error", "-m", "ch_seq2seq.train_date", "my.txt"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "") and (here / "attention_maps.png").exists()
