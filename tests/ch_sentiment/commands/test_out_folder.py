"""A training's folder is one training's: whatever is done to its name, or to the .lock in it, while that goes on."""

import os
import shutil

import pytest
from conftest import call

from common.files.resume import Checkpoint

pytestmark = [
    pytest.mark.usefixtures("here", "no_figures"),
    pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="a path of an open folder"),
]
TRAIN = ("--epochs", 3, "--hidden", 4, "--wordvec", 4, "--quiet")


@pytest.fixture
def meanwhile(monkeypatch):
    """A function of a number and an action, which is done when a training saves its state for that time."""
    save, done = Checkpoint.save, []

    def at(number, act):
        def saved(checkpoint, trainer):
            done.append(1)
            if len(done) == number:
                act()
            save(checkpoint, trainer)

        for moment in ("save", "on_fit_start", "on_epoch_end", "on_pause"):
            monkeypatch.setattr(Checkpoint, moment, saved)

    return at


def put_another(here):
    (here / "run").rename(here / "away")
    (here / "run").mkdir()
    (here / "run" / "note").write_text("mine")


def test_a_training_whose_folder_is_replaced_stops_and_goes_on_where_it_is(two, here, meanwhile, capsys):
    meanwhile(2, lambda: put_another(here))
    assert call("train", two, *TRAIN, "--out", "run") == 2
    err = capsys.readouterr().err
    assert "run: this folder was moved" in err and f"go on with: sentifish train --resume {here / 'away'}" in err
    assert os.listdir(here / "run") == ["note"]
    assert call("train", "--resume", "away", "--quiet") == 0
    assert (here / "away" / "history.json").exists()


def test_a_training_whose_folder_is_removed_says_so(two, here, meanwhile, capsys):
    meanwhile(2, lambda: shutil.rmtree(here / "run"))
    assert call("train", two, *TRAIN, "--out", "run") == 2
    assert "run: this folder was removed" in capsys.readouterr().err
    assert not (here / "run").exists()


@pytest.mark.parametrize("command", [("train", *TRAIN), ("lr-find", "--hidden", 4, "--wordvec", 4, "--steps", 3)])
def test_nothing_is_said_to_be_written_to_a_folder_that_was_moved(two, here, monkeypatch, capsys, command):
    for module in ("experiment.run_folder", "commands.lr_find"):
        monkeypatch.setattr(f"ch_sentiment.{module}.write_figures", lambda *given: put_another(here))
    name, *options = command
    assert call(name, two, *options, "--out", "run") == 2
    out, err = capsys.readouterr()
    assert "written to" not in out and "run: this folder was moved" in err


@pytest.mark.parametrize("command", ["train", "pretrain", "tune", "lr-find", "resume", "speeches"])
def test_a_lock_removed_by_hand_lets_no_second_command_in(two, here, meanwhile, capsys, command):
    codes = []
    arguments = {
        "train": ("train", two, *TRAIN, "--overwrite", "--out", "run"),
        "resume": ("train", "--resume", "run"),
        "pretrain": ("pretrain", two, "--overwrite", "--out", "run"),
        "tune": ("tune", two, "--trials", 1, "--out", "run"),
        "lr-find": ("lr-find", two, "--overwrite", "--out", "run"),
        "speeches": ("speeches", "m", two, "--overwrite", "--out", "run"),
    }[command]

    def second():
        (here / "run" / ".lock").unlink()
        codes.append(call(*arguments))

    meanwhile(2, second)
    assert call("train", two, *TRAIN, "--out", "run") == 0
    assert codes == [2]
    assert "another training is writing into this folder" in capsys.readouterr().err
