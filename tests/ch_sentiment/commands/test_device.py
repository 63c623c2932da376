"""`sentifish train --device gpu`: as on the CPU, from the first step to the file; refused in one line otherwise."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, TWO, call

from benchmarks.gpu.kernels_in_c import compiler
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.corpus import LabelledTexts
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.run import run_experiment

# Without a C compiler no kernel runs: Adam then moves all rows of an embedding at every step.
CLOSE, LOOSE = (1e-5, 1e-6) if compiler() else (0.1, 0.1)
pytestmark = pytest.mark.usefixtures("no_figures")


def history(folder):
    return [row["loss"] for row in json.loads(Path(folder, "history.json").read_text())]


def test_a_training_there_is_that_of_the_cpu_and_its_model_answers_without_a_gpu(two, cupy, monkeypatch, capsys):
    for device in ("cpu", "gpu"):
        assert call("train", "--data", two, *TINY, "--device", device, "--out", device) == 0
    np.testing.assert_allclose(history("gpu"), history("cpu"), rtol=CLOSE)
    for a, b in zip(*(Classifier.load(folder).net.params for folder in ("gpu", "cpu")), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=LOOSE)
    monkeypatch.setitem(sys.modules, "cupy", None)
    capsys.readouterr()
    answers = []
    for folder in ("gpu", "cpu"):
        assert call("predict", folder, "a good fine thing") == 0
        answers.append(float(capsys.readouterr().out.split("\t")[1]))
    assert abs(answers[0] - answers[1]) < 1000 * LOOSE


def test_it_is_resumed_there_or_on_the_cpu(two, cupy, capsys):
    assert call("train", "--data", two, *TINY[:-3], "--epochs", "4", "--device", "gpu", "--out", "straight") == 0
    assert "parameters; on the GPU\n" in capsys.readouterr().out
    for device in ("gpu", "cpu"):
        assert call("train", "--data", two, *TINY, "--device", "gpu", "--out", device) == 0
        assert call("train", "--resume", device, "--epochs", "4", "--quiet", "--device", device) == 0
        assert json.loads(Path(device, "config.json").read_text())["device"] == device
    np.testing.assert_allclose(history("gpu"), history("cpu"), rtol=CLOSE)


def test_what_it_cannot_do_is_said_in_one_line(two, said, cupy, monkeypatch):
    gpu = "train", "--data", two, "--device", "gpu"
    assert "--processes: expected 1 beside --device gpu, got 2" in said(*gpu, "--processes", "2")
    assert "nbsvm" in said(*gpu, "--model", "nbsvm")
    with monkeypatch.context() as patch:
        patch.setenv("PMI_SIZE", "2")
        patch.setenv("PMI_RANK", "0")
        assert "--device gpu: expected one process, got 2 ranks of mpiexec" in said(*gpu)
    module = cupy.module()
    module.cuda.is_available = lambda: False
    monkeypatch.setitem(sys.modules, "cupy", module)
    assert "--device gpu: expected a GPU that CUDA finds, got none" in said(*gpu)
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert "--device gpu: expected CuPy (pip install 'sentifish[gpu]'), got: " in said(*gpu)


OPTIONS = {
    "two layers, both ways": {"bidirectional": True, "layers": 2},
    "gru": {"cell": "gru", "pool": "attention", "optimizer": "adamw"},
    "gru after": {"cell": "gru-reset-after", "softmax": True, "pool": "last"},
    "transformer": {"cell": "transformer"},
    "words dropped": {"word_dropout": 0.3, "embed_dropout": 0.2},
    "types dropped": {"type_dropout": True, "bidirectional": True},
    "pairs and types dropped": {"type_dropout": True, "pairvec": 4},
    "frozen and types dropped": {"type_dropout": True, "embedding": "ppmi", "freeze_embedding": True},
    "pairs": {"pairvec": 4, "naive_bayes": True},
    "wide": {"wide": True},
    "frozen": {"embedding": "ppmi", "freeze_embedding": True},
    "adversarial": {"adversarial": 1.0},
    "virtual adversarial": {"virtual_adversarial": 1.0, "entropy": 0.5},
    "weights": {"class_weight": "balanced", "clip_value": 0.01, "average": 0.9, "layer_decay": 0.5},
    "sgd": {"optimizer": "sgd", "calibrate": True},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_kind_of_training_runs_there_as_on_the_cpu(options, cupy):
    config = Config.of(**{"epochs": 2, "keep_epoch": "last", "hidden": 4, "wordvec": 4, "batch_size": 16, **options})
    labels, texts = zip(*TWO)
    data = LabelledTexts.of(list(texts), list(labels))
    cpu, gpu = (run_experiment(config.with_(device=device), data) for device in ("cpu", "gpu"))
    for name in ("loss", "val_loss", "val_accuracy"):
        np.testing.assert_allclose([row[name] for row in gpu.history], [row[name] for row in cpu.history], rtol=CLOSE)
    assert all(isinstance(p, np.ndarray) for p in gpu.model.net.params)
    np.testing.assert_allclose(
        gpu.model.predict_proba(texts[:5]), cpu.model.predict_proba(texts[:5]), atol=1000 * LOOSE
    )
