"""The chapter's scripts run from any folder, and nothing imports them."""

import ast
import os
import subprocess
import sys

import pytest
from conftest import ROOT

from ch_sentiment import attention_map, train, train_custom_loop
from dataset import phrases

LESSONS = ("train_custom_loop", "train", "gradient_check", "gradient_norms", "word_vectors", "attention_map")


@pytest.mark.parametrize("lesson", [train_custom_loop, train])
def test_a_training_script_trains_and_shows_what_the_model_thinks(lesson, here, monkeypatch, capsys):
    monkeypatch.setattr(lesson, "MAX_EPOCH", 1)
    lesson.main()
    lines = capsys.readouterr().out.splitlines()
    assert any("loss" in line for line in lines) and list(here.iterdir()) == []
    assert [line.split(": ", 1)[1] for line in lines[-len(phrases.SAMPLES) :]] == list(phrases.SAMPLES)


def test_no_module_imports_a_lesson():
    for path in (ROOT / "ch_sentiment").glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
            module = getattr(node, "module", None) or ""
            for name in (f"{module}.{name}" if module else name for name in names):
                assert name.removeprefix("ch_sentiment.").split(".")[0] not in LESSONS, path


@pytest.mark.parametrize("lesson", ["gradient_norms", "word_vectors"])
def test_a_figure_is_drawn_whatever_a_persons_matplotlib_is_set_to(lesson, here):
    (here / "rc").write_text("text.usetex: True\nfont.family: No Such Font\n")
    env = {**os.environ, "MPLBACKEND": "nonsense", "MATPLOTLIBRC": str(here / "rc")}
    command = [sys.executable, "-m", f"ch_sentiment.{lesson}", "figure.png"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")
    assert (here / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_maps_of_a_trained_transformer_are_drawn_and_a_wrong_name_is_one_line(here, monkeypatch, capsys):
    monkeypatch.setattr(attention_map, "MAX_EPOCH", 1)
    monkeypatch.setattr(sys, "argv", ["attention_map", "map.png"])
    attention_map.main()
    assert capsys.readouterr().out.endswith("% of 770 held-out phrases\n")
    assert (here / "map.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr(sys, "argv", ["attention_map", "nowhere/map.png"])
    with pytest.raises(SystemExit, match="2"):
        attention_map.main()
    assert "nowhere/map.png: cannot be written (" in capsys.readouterr().err


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_is_read_at_one_sitting(lesson):
    assert len((ROOT / "ch_sentiment" / f"{lesson}.py").read_text(encoding="utf-8").splitlines()) <= 60
