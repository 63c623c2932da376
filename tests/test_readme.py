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


def test_the_classifier_fitted_on_two_lists_in_five_lines_learns_them(tmp_path):
    (fitted,) = [block for block in PYTHON if "fit(texts" in block]
    assert len([line for line in fitted.splitlines() if line]) == 5
    not_bad, not_good = re.fullmatch(
        r"\['blame', 'praise'\] \[\[(.*)\]\n \[(.*)\]\]\n", run("-c", fitted, cwd=tmp_path)
    ).groups()
    assert float(not_bad.split()[1]) > 0.5 > float(not_good.split()[1])
    assert not list(tmp_path.iterdir())


def test_the_map_shows_what_is_there_and_every_room():
    (block,) = [block for block in fenced(README) if block.startswith("common/")]
    folders, top = set(), None
    for line in block.splitlines():
        indent, entry = re.match(r"( *)((?:\w+/ *)*)", line).groups()
        for name in entry.replace("/", "/ ").split():
            top = name if not indent else top
            folder = name if not indent else top + name
            assert (ROOT / folder).is_dir(), folder
            folders.add(folder)
    rooms = [path.parent.relative_to(ROOT) for path in ROOT.glob("[cd]*/*/__init__.py")]
    assert rooms and {f"{room.as_posix()}/" for room in rooms} <= folders
    for folder, names in re.findall(r"^    (recurrent|training|checking)/ +(.*)$", block, re.M):
        for name in re.findall(r"\b[a-z_]{3,}\b", re.sub(r"\(.*?\)", "", names)):
            assert (ROOT / "common" / folder / f"{name}.py").exists(), name


def test_the_gradient_check_prints_the_table_that_is_shown(tmp_path):
    (checked,) = [block for block in PYTHON if "check_layer(" in block]
    printed = run("-c", checked, cwd=tmp_path).splitlines()
    shown = [line for line in printed if line in README.splitlines()]
    assert printed[0] in shown and len(printed) == 5
    for line in printed[1:]:  # the errors are rounding: their size differs between machines
        name, error, verdict = line.split()
        assert re.search(rf"^  {name} +\S+  ok$", README, re.M)
        assert float(error) < 1e-6 and verdict == "ok"


@pytest.mark.parametrize("script", ["train_custom_loop", "gradient_check"])
def test_the_chapters_scripts_run_from_any_folder(tmp_path, script):
    printed = run("-m", f"ch_sentiment.{script}", cwd=tmp_path)
    assert ("test accuracy" if script == "train_custom_loop" else "worst relative error") in printed
    assert "WRONG" not in printed and not list(tmp_path.iterdir())
