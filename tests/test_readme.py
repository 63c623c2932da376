"""What README shows is run as it stands: its Python, and its commands on small files of the names that they use."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)
COMMANDS = [
    line
    for block in re.findall(r"^```\n(.*?)^```", README, re.M | re.S)
    for line in block.splitlines()
    if line.startswith("sentifish ")
]


def run(*command, cwd, stdin=None):
    done = subprocess.run([sys.executable, *command], cwd=cwd, input=stdin, capture_output=True, text=True)  # noqa: S603
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


def test_the_commands_for_ones_own_text_run_in_their_order(tmp_path):
    lines = [
        f"{label}\ta {word} film number {i}" for i in range(20) for label, word in (("yes", "fine"), ("no", "poor"))
    ]
    for name in ("reviews.tsv", "more-reviews.tsv"):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    (tmp_path / "lines.txt").write_text("a fine film\na poor film\n")
    own = [line for line in COMMANDS if "my-model" in line]
    assert len(own) == 4
    for line in own:
        command, _, source = line.partition(" < ")
        stdin = (tmp_path / source).read_text() if source else None
        told = run("-m", "ch_sentiment", *shlex.split(command)[1:], cwd=tmp_path, stdin=stdin)
        if "predict" in command:
            assert all(re.fullmatch(r"(yes|no)\t[01]\.\d{4}\t.+", answer) for answer in told.splitlines())
            assert len(told.splitlines()) == (2 if source else 1)


@pytest.mark.parametrize("script", ["train_custom_loop", "gradient_check"])
def test_the_chapters_scripts_run_from_any_folder(tmp_path, script):
    told = run("-m", f"ch_sentiment.{script}", cwd=tmp_path)
    assert ("test accuracy" if script == "train_custom_loop" else "worst relative error") in told
    assert "WRONG" not in told and not list(tmp_path.iterdir())
