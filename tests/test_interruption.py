"""Trainings that do not come to their end: numbers that are not finite, signals, kills, full disks; and going on."""

import json
import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, call, start

from ch_sentiment.classifier import Classifier

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


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_ends_training_with_a_model_that_can_be_used(here):
    small = ["--hidden", "4", "--wordvec", "4", "--limit", "200"]
    process = start("train", *small, "--epochs", "100000", "--patience", "100000", "--out", "r", cwd=here)
    try:
        while not process.stdout.readline().strip().startswith("2 "):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "Traceback" not in err and re.search(
        r"^interrupted: the model of epoch \d+, the best so far, is in r$", err, re.M
    )
    history = json.loads((here / "r" / "history.json").read_text())
    assert len(history) >= 2 and Classifier.load(here / "r").metrics["best"]["epoch"] <= len(history)
    assert not list((here / "r").glob("*.tmp"))


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_before_the_first_epoch_is_done_keeps_the_model_as_it_stands(two, capsys, monkeypatch):
    from common.trainer import Trainer

    step = Trainer._train_step
    monkeypatch.setattr(Trainer, "_train_step", lambda *a: (signal.raise_signal(signal.SIGINT), step(*a))[1])
    assert call("train", "--data", two, *TINY, "--batch-size", "5", "--out", "r") == 130
    assert "no epoch was finished" in capsys.readouterr().err
    Classifier.load("r")
