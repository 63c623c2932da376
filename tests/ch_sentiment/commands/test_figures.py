"""No figure stops a command: its numbers are printed and saved first, and what is wrong with a figure is one line."""

import json
import os
from pathlib import Path

import pytest
from conftest import call

from ch_sentiment.commands import compare
from ch_sentiment.experiment import output

ROWS = [f"{'np'[i % 2]}\tmy {('poor', 'fine')[i % 2]} mother and father word{i % 3}\n" for i in range(40)]
SMALL = ("--data", "some.tsv", "--quiet", "--hidden", 4, "--wordvec", 4, "--epochs", 1)
SPEECHES = "speaker,speech,source\n安,It was fine. It was poor.,radio\n"


@pytest.fixture
def data(write):
    write("speeches.csv", SPEECHES)
    return write("some.tsv", "".join(ROWS))


@pytest.fixture
def model(data, capsys):
    assert call("train", *SMALL, "--out", "model") == 0
    capsys.readouterr()
    return "model"


COMMANDS = {  # command -> arguments, its figures, what it prints
    "train": (SMALL, ["out/confusion.png", "out/learning_curve.png"], "validation accuracy "),
    "lr-find": ((*SMALL[:-2], "--steps", 4), ["out/lr_find.png"], "4 of 4 steps"),
    "evaluate": (
        ("model", "--data", "some.tsv", "--figures", "out"),
        ["out/confusion.png", "out/lengths.png", "out/reliability.png", "out/roc.png"],
        "accuracy",
    ),
    "explain": (("model", "a fine mother", "--png", "out/a.png"), ["out/a.png"], "+ for the answer"),
    "audit": (("model",), ["model/audit.png"], "gap: "),
    "speeches": (("model", "speeches.csv"), ["out/lines.png", "out/shares.png"], "speaker"),
}


def run(command, *more):
    arguments = COMMANDS[command][0]
    out = ("--out", "out") if command in ("train", "lr-find", "speeches") else ()
    if command == "explain":
        os.mkdir("out")
    return call(command, *arguments, *out, *more)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_draws_its_figures_and_says_nothing_of_them(command, model, capsys, own_fonts):
    assert run(command) == 0
    out, err = capsys.readouterr()
    _, figures, shown = COMMANDS[command]
    assert shown in out and all(Path(name).read_bytes().startswith(b"\x89PNG") for name in figures)
    assert len(err.splitlines()) == (command == "speeches")  # its speaker's name is Chinese


@pytest.mark.parametrize("command", COMMANDS)
def test_a_figure_that_fails_is_one_line_after_the_numbers(command, model, capsys, monkeypatch):
    written = []

    def failing(draw):
        written.append(capsys.readouterr().out)
        raise RuntimeError("broken")

    monkeypatch.setattr(output, "png", failing)
    assert run(command) == 0
    rest, err = capsys.readouterr()
    _, figures, shown = COMMANDS[command]
    names = {Path(name).name for name in figures}
    assert shown in written[0]  # before the first figure was begun
    assert len(err.splitlines()) == 1 and err.endswith(": not drawn (RuntimeError: broken)\n")
    assert set(err.partition(":")[0].split(", ")) == names
    assert not any(Path(name).exists() for name in figures) and not any(name in rest for name in names)
    if command == "audit":
        assert "audit.png" not in Path("model/model_card.md").read_text("utf-8")
        assert "<img" not in Path("model/model_card.html").read_text("utf-8")
    if command == "train":
        assert Path("out/model.npz").exists() and Path("out/config.json").exists()


@pytest.mark.parametrize("command", ["evaluate", "explain", "audit", "speeches"])
def test_json_is_alone_on_standard_output_whatever_becomes_of_the_figures(command, model, capsys, monkeypatch):
    monkeypatch.setattr(output, "png", lambda draw: 1 / 0)
    assert run(command, "--json") == 0
    out, err = capsys.readouterr()
    assert isinstance(json.loads(out), dict)
    assert ["not drawn" in line for line in err.splitlines()].count(True) == 1


def test_compare_says_of_all_its_trainings_once_what_is_wrong(data, here, capsys, monkeypatch, own_fonts):
    Path(data).write_text("".join(ROWS).replace("n\t", "差评\t").replace("p\t", "好评\t"), "utf-8")
    kinds = dict(list(compare.KINDS.items())[:2])
    monkeypatch.setattr(compare, "KINDS", kinds)
    assert call("compare", *SMALL, "--out", "out") == 0
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 1 and "characters of Chinese" in err and "compare.png" in out
    monkeypatch.setattr(output, "png", lambda draw: 1 / 0)
    assert call("compare", *SMALL, "--out", "out", "--overwrite") == 0
    out, err = capsys.readouterr()
    assert [line.partition(":")[0] for line in err.splitlines()] == ["learning_curve.png, confusion.png", "compare.png"]
    assert "| bow " in out and "compare.png" not in out and not Path("out/compare.png").exists()
