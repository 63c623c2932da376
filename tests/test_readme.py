"""What README shows is run as it stands: its Python, and the chapter's scripts. Its commands: see test_docs.py."""

import re
import subprocess
import sys

import pytest
from conftest import ROOT, fenced

PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md")}
README = PAGES["README.md"]
PYTHON = {name: fenced(page, "python") for name, page in PAGES.items()}
every_language = pytest.mark.parametrize("page", PAGES)


def run(*command, cwd):
    done = subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


@every_language
def test_the_model_composed_of_layers_learns_its_task(page, tmp_path):
    (composed,) = [block for block in PYTHON[page] if "Trainer(" in block]
    loss, accuracy = map(float, run("-c", composed, cwd=tmp_path).split())
    assert loss < 0.05 and accuracy == 1


@pytest.mark.parametrize(("page", "labels"), [("README.md", ("blame", "praise")), ("README.zh.md", ("好评", "差评"))])
def test_the_classifier_fitted_on_two_lists_in_five_lines_learns_them(page, labels, tmp_path):
    (fitted,) = [block for block in PYTHON[page] if "fit(texts" in block]
    assert len([line for line in fitted.splitlines() if line]) == 5
    printed = run("-c", fitted, cwd=tmp_path)
    not_bad, not_good = re.fullmatch(rf"{re.escape(str(list(labels)))} \[\[(.*)\]\n \[(.*)\]\]\n", printed).groups()
    good = labels.index("praise" if page == "README.md" else "好评")
    assert float(not_bad.split()[good]) > 0.5 > float(not_good.split()[good])
    assert not list(tmp_path.iterdir())


def test_the_estimator_answers_as_is_said_beside_it(tmp_path):
    (fitted,) = [block for block in PYTHON["README.md"] if "ch_sentiment.estimator" in block]
    assert run("-c", fitted, cwd=tmp_path) == fitted.rpartition("# ")[2]


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


@every_language
def test_the_gradient_check_prints_the_table_that_is_shown(page, tmp_path):
    (checked,) = [block for block in PYTHON[page] if "check_layer(" in block]
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
