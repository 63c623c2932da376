"""What a training makes of its net: plain, adversarial, virtual adversarial; with unlabelled texts, and without."""

from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, TWO, call

from ch_sentiment.experiment.corpus import LabelledTexts, encode
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.run import Experiment
from ch_sentiment.model import SentimentNet
from common.trainer import Trainer
from common.training.adversarial import AdversarialTraining
from common.training.virtual_adversarial import VirtualAdversarialTraining

SMALL = {"hidden": 4, "wordvec": 4, "epochs": 2, "cell": "gru"}


def experiment(unlabelled=None, **options):
    config = Config.of({**SMALL, **options})
    data = encode(LabelledTexts.of([text for _, text in TWO], [label for label, _ in TWO]), config)
    data.unlabelled = unlabelled  # as encoded from a file of --unlabelled
    return Experiment(config, data)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, SentimentNet),
        ({"adversarial": 0.1}, AdversarialTraining),
        ({"virtual_adversarial": 0.1}, VirtualAdversarialTraining),
        ({"entropy": 0.1}, VirtualAdversarialTraining),
    ],
)
def test_options_choose_what_is_trained_and_the_model_that_is_kept_is_the_net(options, kind):
    made = experiment(**options)
    assert type(made.trainer.model) is kind and type(made.model.net) is SentimentNet
    result = made.train()
    assert result.best and np.isfinite([row["loss"] for row in result.history]).all()


def test_unlabelled_texts_change_the_training_and_one_seed_gives_one_result():
    texts = [np.array([2, 3, 4]), np.array([3, 3]), np.array([5, 2, 2, 3])] * 10

    def losses(*unlabelled, **options):
        return [row["val_loss"] for row in experiment(*unlabelled, virtual_adversarial=1.0, **options).train().history]

    assert losses(texts) == losses(texts) != losses()
    assert losses(texts) != losses(texts, entropy=0.5)


def test_ranks_and_two_kinds_of_steps_at_once_are_one_line_and_exit_2(said, monkeypatch):
    options = ["--data", "phrases-small", *TINY, "--out", "r", "--virtual-adversarial", "0.5"]
    assert "expected no --adversarial beside it, got 0.3" in said("train", *options, "--adversarial", "0.3")
    assert "--virtual-adversarial: expected a number, 0 or above" in said("train", *options[:-1], "-1")
    monkeypatch.setattr("ch_sentiment.experiment.perturbation.ranks_started", lambda: 2)
    assert "--virtual-adversarial: expected one process, got 2 ranks of mpiexec" in said("train", *options)


def test_a_net_with_a_linear_part_beside_it_reads_unlabelled_texts_too():
    texts = [np.array([2, 3, 4]), np.array([3, 3]), np.array([5, 2, 2, 3])] * 10
    made = experiment(texts, virtual_adversarial=1.0, wide=True)
    assert np.isfinite([row["loss"] for row in made.train().history]).all()
    assert made.trainer.model.unlabelled.x is texts


@pytest.mark.parametrize("wide", [[], ["--wide"]])
def test_a_run_that_was_stopped_and_resumed_is_one_that_was_not(here, write, no_figures, monkeypatch, wide):
    texts = write("more.txt", "".join(f"the {word} film is {word}\n" for word in ("good", "bad", "long", "dull")))
    options = [
        "--data",
        "phrases-small",
        *TINY,
        "--virtual-adversarial",
        "1",
        "--unlabelled",
        texts,
        "--rounds",
        "0",
        *wide,
    ]
    assert call("train", *options, "--out", "whole") == 0
    plain = Trainer._train_step

    def stopping(trainer, *batch):
        if trainer.step == 1:
            trainer.stop("SIGINT")
        return plain(trainer, *batch)

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "_train_step", stopping)
        assert call("train", *options, "--out", "cut") == 130
    assert call("train", "--resume", "cut", "--quiet") == 0
    assert Path("cut/model.npz").read_bytes() == Path("whole/model.npz").read_bytes()
