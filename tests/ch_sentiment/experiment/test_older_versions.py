"""Models and trainings of version 0.1.0 load, answer and go on; `tests/fixtures/v0.1.0` was written by that version.

expected.json holds the probabilities that its `predict --json` gave, and the history of a training like that in
`stopped/` which was not interrupted.
"""

import json
import shutil

import numpy as np
import pytest
from conftest import ROOT, call

from ch_sentiment.experiment.classifier import Classifier

FOLDER = ROOT / "tests" / "fixtures" / "v0.1.0"
EXPECTED = json.loads((FOLDER / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("name", EXPECTED["probabilities"])
def test_a_model_answers_as_it_did(name):
    model = Classifier.load(FOLDER / f"{name}.npz")
    wanted = [[answer[label] for label in model.label_names] for answer in EXPECTED["probabilities"][name]]
    np.testing.assert_allclose(model.predict_proba(EXPECTED["texts"]), wanted, rtol=1e-5)


def test_a_training_resumes_as_if_it_had_not_been_interrupted(here, old_phrases, capsys):
    shutil.copytree(FOLDER / "stopped", "stopped")
    assert call("train", "--resume", "stopped") == 0
    assert "test accuracy" in capsys.readouterr().out
    with open("stopped/history.json", encoding="utf-8") as file:
        history = json.load(file)
    assert len(history) == len(EXPECTED["history"]) == 3
    for row, wanted in zip(history, EXPECTED["history"]):
        assert {name: row[name] for name in wanted} == pytest.approx(wanted, rel=1e-4)
