"""What README shows is run as it stands: its Python, and the chapter's scripts. Its commands: see test_docs.py."""

import re
import subprocess
import sys

import pytest
from conftest import ROOT, fenced

README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = fenced(README, "python")


def run(*command, cwd):
    done = subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_model_composed_of_layers_learns_its_task(tmp_path):
    (composed,) = [block for block in PYTHON if "Trainer(" in block]
    loss, accuracy = map(float, run("-c", composed, cwd=tmp_path).split())
    assert loss < 0.05 and accuracy == 1


def test_the_gradient_check_prints_the_table_that_is_shown(tmp_path):
    (checked,) = [block for block in PYTHON if "check_layer(" in block]
    told = run("-c", checked, cwd=tmp_path).splitlines()
    shown = [line for line in told if line in README.splitlines()]
    assert told[0] in shown and len(told) == 5
    for line in told[1:]:  # the errors are rounding: their size differs between machines
        name, error, verdict = line.split()
        assert re.search(rf"^  {name} +\S+  ok$", README, re.M)
        assert float(error) < 1e-6 and verdict == "ok"


@pytest.mark.parametrize("script", ["train_custom_loop", "gradient_check"])
def test_the_chapters_scripts_run_from_any_folder(tmp_path, script):
    told = run("-m", f"ch_sentiment.{script}", cwd=tmp_path)
    assert ("test accuracy" if script == "train_custom_loop" else "worst relative error") in told
    assert "WRONG" not in told and not list(tmp_path.iterdir())
