"""Figures in the pages are those of the settings that they stand beside; what changes trainings is noticed."""

import numpy as np
import pytest
from conftest import ROOT

from benchmarks.accuracy import fingerprint as marks
from benchmarks.accuracy.fingerprint import arguments_of, fingerprint, of_arguments, of_training, stale
from benchmarks.accuracy.trainings import RUNS, plan, splits_of
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.recipes import RECIPES, Recipe
from ch_sentiment.experiment.run import fit
from common.training.callbacks import Callback

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_no_figure_of_a_page_is_older_than_its_settings(page):
    assert "\n".join(stale(page.name, page.read_text(encoding="utf-8"))) == ""


def test_every_row_of_the_page_on_accuracy_has_its_fingerprint():
    text = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|") and "`--" in line and "±" in line]
    assert len(rows) >= 7 and all(marks.MARK.search(row) for row in rows)


def test_every_recipe_with_a_figure_has_its_fingerprint():
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `") and " %" in line]
    assert len(rows) >= 10 and all(marks.MARK.search(row) for row in rows)


def test_a_recipe_that_changed_since_it_was_measured_is_named_with_the_command_that_measures_it(monkeypatch):
    page = (
        f"python -m benchmarks.accuracy --runs best\n\n| `--recipe best`<!-- {of_arguments('--recipe best')} --> | 1 |"
    )
    page += f"\n| `sentifish train a.tsv --recipe bow`<!-- {of_arguments('--recipe bow')} --> |"
    assert stale("page.md", page) == []
    monkeypatch.setitem(RECIPES, "best", Recipe("", **{**RECIPES["best"].settings, "epochs": 5}))
    [line] = stale("page.md", page)
    assert line.startswith("page.md: the settings of `--recipe best` are others than its figures were measured with (")
    assert line.endswith("; measure it anew: python -m benchmarks.accuracy --runs best")
    [alone] = stale("page.md", page.partition("\n")[2])
    again = '--data train.tsv --group-file train.movies.txt --runs --run "recipe-best=--recipe best"'
    assert alone.endswith(f"; measure it anew: python -m benchmarks.accuracy {again}")


def test_what_does_not_change_a_training_does_not_change_its_fingerprint():
    config = Config.of(RECIPES["best"].settings)
    same = fingerprint(config)
    assert fingerprint(config.with_(data="x.tsv", seed=4, out="r", quiet=True, limit=5, recipe="best")) == same
    assert fingerprint(config.with_(unlabelled="x.txt")) == fingerprint(config.with_(unlabelled="y.txt")) != same
    for change in ({"lr": 0.002}, {"bidirectional": False}, {"pool": "max"}, {"dropout": 0.0}):
        assert fingerprint(config.with_(**change)) != same


def test_a_default_that_changes_changes_every_fingerprint_that_rests_on_it(monkeypatch):
    before, of_baseline = fingerprint(Config()), fingerprint(Config.of(model="nbsvm"))
    assert fingerprint(Config.of(hidden=65)) != before
    assert fingerprint(Config.of(model="nbsvm", cell="gru")) == of_baseline  # which a baseline does not have
    monkeypatch.setattr(marks, "NUMERICS", marks.NUMERICS + 1)
    assert fingerprint(Config()) != before and fingerprint(Config.of(model="nbsvm")) != of_baseline


def test_a_run_that_reads_others_is_as_old_as_they_are(tmp_path, monkeypatch):
    monkeypatch.setitem(RUNS, "pupil", "--recipe bow --embedding={gru}")
    before = of_arguments(RUNS["pupil"])
    [_, training] = plan({"pupil": RUNS["pupil"]}, splits_of([0], {}), tmp_path)
    assert of_training(training) == of_arguments(arguments_of("pupil")) == before
    monkeypatch.setitem(RUNS, "gru", "--cell gru --hidden 65")
    assert of_arguments(RUNS["pupil"]) != before


def test_what_a_page_may_name():
    assert arguments_of("best") == "--recipe best" and arguments_of("bilstm") == RUNS["bilstm"]
    assert arguments_of("sentifish baseline train.tsv") == "--recipe nbsvm"
    assert arguments_of("sentifish baseline train.tsv --ngrams 3") == "--recipe nbsvm --ngrams 3"
    assert arguments_of("sentifish train train.tsv --recipe best") == "--recipe best"
    assert arguments_of("sentifish train --recipe best") == "--recipe best" and arguments_of("sentifish train") == ""
    assert arguments_of("--cell gru") == "--cell gru"


class Losses(Callback):
    def __init__(self):
        self.found = []

    def on_epoch_end(self, trainer):
        self.found.append(trainer.history[-1]["loss"])


# A training's loss in its third epoch, by settings. Where one differs, look at what changed: if trainings of the same
# settings now come out otherwise in more than the draw of random numbers, raise NUMERICS, so that figures are measured
# anew; then enter the loss that is found. Defaults are not tested here: they are part of a fingerprint.
SIZES = {"hidden": 8, "wordvec": 8, "batch_size": 8, "epochs": 3, "schedule": "cosine", "patience": None, "lr": 0.02}
NET = {"pool": "max", "dropout": 0.2, "word_dropout": 0.1, "optimizer": "adam", "clip": 1.0, "average": 0.9}
LEVERS = {"bidirectional": True, "pairvec": 4, "naive_bayes": True, "adversarial": 0.3, "wide": True}
LOSSES = {
    "net": (NET, 0.581554),
    "levers": ({**NET, "pool": "max-mean", **LEVERS}, 0.314771),
    "transformer": ({**NET, "cell": "transformer", "pool": "mean", "layers": 1}, 0.668919),
    "nbsvm": ({"model": "nbsvm", "ngrams": 3}, 0.470618),
    "bow": ({"model": "bow"}, 0.569781),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_change_of_what_trainings_come_to_is_noticed(name):
    options, wanted = LOSSES[name]
    rng = np.random.default_rng(0)
    words = np.array(["good", "fine", "bad", "poor", "not", "very", "film", "plot"])
    drawn = rng.integers(8, size=(96, 7))
    labels = (drawn < 2).sum(axis=1) > (drawn // 2 == 1).sum(axis=1)  # more praise than blame
    seen = Losses()
    fit([" ".join(words[row]) for row in drawn], labels.astype(int), callbacks=[seen], **{**SIZES, **options})
    assert seen.found[-1] == pytest.approx(wanted, rel=1e-4)
