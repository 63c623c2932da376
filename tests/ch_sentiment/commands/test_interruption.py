"""Trainings that do not come to their end: numbers that are not finite, signals, kills, full disks; and going on."""

import errno
import json
import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, call, start

import ch_sentiment.commands.train
import ch_sentiment.experiment.run_folder
from benchmarks.torture.kills import kill_one_training
from benchmarks.torture.training import training as read_training
from ch_sentiment.experiment.classifier import Classifier
from common.files.atomic_write import SUFFIX
from common.trainer import Trainer

pytestmark = pytest.mark.usefixtures("here")


# ---- numbers that are not finite


def test_a_loss_that_is_not_finite_is_exit_3_one_line_that_names_a_gradient(two, capsys, monkeypatch):
    from common.layers import SigmoidWithLoss

    seen = []

    def forward(self, x, t, plain=SigmoidWithLoss.forward):
        seen.append(1)
        loss = plain(self, x, t)
        if len(seen) > 10:  # two steps and a validation make an epoch of this data
            self.y = self.y * np.nan
            return np.nan
        return loss

    monkeypatch.setattr(SigmoidWithLoss, "forward", forward)
    assert call("train", "--data", two, *TINY, "--batch-size", "20", "--epochs", "9", "--out", "r") == 3
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert re.match(r"sentifish train: step \d+: the loss is nan; .* gradient .* is that of \w+(\.\w+)+", err)
    assert err.endswith("; try a lower --lr or a smaller --clip\n")
    model, history = Classifier.load("r"), json.loads(Path("r/history.json").read_text())
    best = min(history, key=lambda row: row["val_loss"])
    assert len(history) == 3 and model.metrics["best"]["val_loss"] == best["val_loss"]


@pytest.mark.parametrize("limit", ["40", "400"])
def test_a_rate_that_overflows_is_exit_3_and_one_line(limit, capsys):
    assert call("train", *TINY, "--limit", limit, "--lr", "1e38", "--epochs", "9", "--out", "r") == 3
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and err.startswith("sentifish train: step ")
    for row in json.loads(Path("r/history.json").read_text()):
        assert np.isfinite(row["val_loss"])
    if Path("r/model.npz").exists():
        Classifier.load("r")


# ---- signals


SMALL = ["--hidden", "4", "--wordvec", "4", "--limit", "80", "--batch-size", "16", "--epochs", "3", "--quiet"]

STEPS = 5  # an epoch


def at_step(monkeypatch, number, do):
    """Do something in the middle of step `number` of the trainings to come, counted from now on."""
    calls, plain = [], Trainer._train_step

    def step(*arguments):
        calls.append(1)
        if len(calls) == number:
            do()
        return plain(*arguments)

    monkeypatch.setattr(Trainer, "_train_step", step)


def result(folder):
    """What two runs must have in common: the model to the byte, and the history without its times."""
    rows = json.loads(Path(folder, "history.json").read_text())
    timeless = [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in rows]
    return Path(folder, "model.npz").read_bytes(), timeless


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The result of a run of three epochs that nobody stopped."""
    folder = tmp_path_factory.mktemp("whole") / "r"
    assert call("train", *SMALL, "--out", folder) == 0
    return result(folder)


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    monkeypatch.setattr(ch_sentiment.experiment.run_folder, "write_figures", lambda *a: None)  # slow, not tested here


signals = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
both = pytest.mark.parametrize(
    ("number", "word", "code"), [(signal.SIGINT, "interrupted", 130), (signal.SIGTERM, "terminated", 143)]
)


@signals
@both
def test_a_signal_ends_a_process_with_a_usable_model_and_a_training_that_can_resume(here, number, word, code):
    small = ["--hidden", "4", "--wordvec", "4", "--limit", "200"]
    process = start("train", *small, "--epochs", "100000", "--patience", "100000", "--out", "my run", cwd=here)
    try:
        while not process.stdout.readline().strip().startswith("2 "):
            assert process.poll() is None
        process.send_signal(number)
        _, err = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == code, err
    model = rf"{word}: the model of epoch \d+, the best so far, is in my run\n"
    assert re.fullmatch(model + r"go on with: sentifish train --resume 'my run'\n", err)
    history = json.loads((here / "my run" / "history.json").read_text())
    assert len(history) >= 2 and Classifier.load(here / "my run").metrics["best"]["epoch"] <= len(history)
    assert sorted(os.listdir("my run")) == ["config.json", "history.json", "last.npz", "model.npz"]
    assert call("train", "--resume", "my run", "--epochs", len(history) + 1, "--quiet") == 0
    assert len(json.loads((here / "my run" / "history.json").read_text())) == len(history) + 1


@signals
@both
@pytest.mark.parametrize("step", [1, STEPS + 2, 2 * STEPS], ids=["first", "middle of an epoch", "last of an epoch"])
def test_a_run_that_was_stopped_and_resumed_is_one_that_was_not(whole, monkeypatch, capsys, number, word, code, step):
    with monkeypatch.context() as patched:
        at_step(patched, step, lambda: signal.raise_signal(number))
        assert call("train", *SMALL, "--out", "cut") == code
    err = capsys.readouterr().err
    done = (step - 1) // STEPS
    assert f"{word}: {'no epoch was finished' if done == 0 else 'the model of epoch'}" in err
    assert "go on with: sentifish train --resume cut" in err
    assert Classifier.load("cut").metrics.get("best", {"epoch": 0})["epoch"] <= done
    assert read_training("cut")["position"] == {"epoch": done + 1, "step": step}
    assert call("train", "--resume", "cut") == 0
    assert result("cut") == whole


@signals
@pytest.mark.parametrize("step", [1, STEPS + 2, 2 * STEPS])
def test_a_run_that_keeps_averaged_weights_is_stopped_and_resumed_too(monkeypatch, step):
    averaged = [*SMALL, "--average", "0.9"]
    assert call("train", *averaged, "--out", "whole") == 0
    with monkeypatch.context() as patched:
        at_step(patched, step, lambda: signal.raise_signal(signal.SIGINT))
        assert call("train", *averaged, "--out", "cut") == 130
    assert call("train", "--resume", "cut") == 0
    assert result("cut") == result("whole")
    assert result("cut")[1][0]["average"] == Classifier.load("cut").metrics["best"]["average"] == 0.9


@signals
def test_a_second_ctrl_c_ends_it_immediately_and_it_resumes_from_the_last_save(whole, monkeypatch, capsys):
    with monkeypatch.context() as patched:
        at_step(patched, STEPS + 2, lambda: [signal.raise_signal(signal.SIGINT) for _ in range(2)])
        assert call("train", *SMALL, "--out", "cut") == 130
    err = capsys.readouterr().err
    assert err.splitlines() == ["go on with: sentifish train --resume cut", "sentifish train: interrupted"]
    assert read_training("cut")["position"] == {"epoch": 1, "step": STEPS}
    assert call("train", "--resume", "cut") == 0 and result("cut") == whole


@signals
@both
def test_a_signal_outside_of_training_is_one_line_the_same_code_and_nothing_written(
    said, monkeypatch, number, word, code
):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(ch_sentiment.commands.train, "load", lambda *a: signal.raise_signal(number))
    assert said("train", *SMALL, code=code).endswith(f": {word}\n")
    assert signal.getsignal(signal.SIGTERM) is before


# ---- kills and full disks


@signals
def test_a_training_that_is_killed_again_and_again_is_one_that_was_not(here):
    assert kill_one_training(here, np.random.default_rng(), epochs=6, most=3) <= 3


@pytest.mark.parametrize("call_of_fsync", [1, 4, 7])
def test_a_full_disk_is_one_line_and_the_checkpoint_before_is_whole(whole, monkeypatch, capsys, call_of_fsync):
    calls = []

    def full(handle):
        calls.append(1)
        if len(calls) >= call_of_fsync:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert call("train", *SMALL, "--save-every", "0", "--out", "cut") == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and "last.npz: No space left on device" in err
    if call_of_fsync == 1:
        assert "nothing of this training was saved" in err and not Path("cut").exists()
        return
    assert "go on with: sentifish train --resume cut" in err and os.listdir("cut") == ["last.npz"]
    assert 0 <= read_training("cut")["position"]["step"] < STEPS
    assert call("train", "--resume", "cut") == 0 and result("cut") == whole


def test_what_a_killed_process_left_half_written_is_removed_at_the_next_start(write):
    write(f"r/last.npz.1234{SUFFIX}", "half")
    write("r/mine.tmp", "mine")
    assert call("train", *SMALL, "--epochs", "1", "--out", "r", "--overwrite") == 0
    assert sorted(p.name for p in Path("r").iterdir() if p.suffix == ".tmp") == ["mine.tmp"]
