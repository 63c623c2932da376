"""`python -m benchmarks.accuracy`: what it trains, what it does not train again, what it counts, how it fails."""

import json
import os
import re
import shutil
import statistics
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.processes import last_line, time_left
from benchmarks.accuracy.report import draw, table, write_report
from benchmarks.accuracy.scores import Scored, averaged, compare, reported_accuracy
from benchmarks.accuracy.trainings import OF_SOME, RUNS, SHARED, Cost, Split, plan, splits_of
from ch_sentiment.experiment.classifier import Classifier
from common.checking.metrics import paired_bootstrap
from dataset.errors import DataError

SMALL = ["--limit", "60", "--validation", "0.5", "--epochs", "2", "--hidden", "4"]


@pytest.fixture(autouse=True)
def our_packages_in_every_process(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("MPLBACKEND", "Agg")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with two runs of two seeds, which the tests read."""
    folder = tmp_path_factory.mktemp("accuracy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        assert bench(folder) == 0
    return folder


def bench(folder, *more, runs=("bow", "rnn")):
    return main(["--runs", *runs, "--seeds", "0", "1", *SMALL, "--out", str(folder), "--jobs", "1", *more])


def no_process(*_, **__):
    raise AssertionError("a process was started")


def rows_of(markdown):
    """The lines of the table as lists of cells, without the rule."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line]


# ---- what is trained


def test_every_run_is_planned_with_every_seed_on_the_same_data():
    told = {"data": "a.tsv", "group_file": "films.txt"}
    runs = {"gru": "--cell gru", "theano": "--recipe theano-lstm"}
    found = plan(runs, splits_of([0, 3], told), Path("out"))
    assert [str(t) for t in found] == ["gru, seed 0", "gru, seed 3", "theano, seed 0", "theano, seed 3"]
    assert [t.folder for t in found] == [
        Path("out", n) for n in ("gru-seed0", "gru-seed3", "theano-seed0", "theano-seed3")
    ]
    for t in found:
        data, seed = t.options.data, t.options.run.seed
        assert (data.data, data.group_file, data.validation) == ("a.tsv", "films.txt", 0.1)
        assert (seed, data.split_seed) == (t.split.seed, None)
        run = t.options.run
        assert run.out == str(t.folder) and run.no_cache and run.quiet
    assert [t.options.model.cell for t in found] == ["gru", "gru", "lstm", "lstm"]
    assert found[2].options.training.drop_longer == 100  # the recipe's own, though data and share are not
    assert found[0].arguments[:4] == ["--cell", "gru", "--data=a.tsv", "--validation=0.1"]


def test_a_recipe_that_there_is_not_is_said_before_anything_is_trained(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", no_process)
    assert bench(tmp_path / "new", "--recipe", "nope") == 2
    said = capsys.readouterr()
    assert said.err.startswith("python -m benchmarks.accuracy: --recipe: expected one of ") and "'nope'" in said.err
    assert said.err.count("\n") == 1 and said.out == "" and not (tmp_path / "new").exists()


def test_every_shared_option_and_every_run_is_one_of_train():
    values = dict(zip(SHARED, ("x.tsv", 2, "g", "c", 0.2, 50, 2, 8), strict=True))
    of_some = dict.fromkeys(OF_SOME, "texts.txt")
    for training in plan(RUNS, splits_of([0], {**values, **of_some}), Path("out")):
        options = training.options.by_name()
        assert {name: options[name] for name in SHARED} == values


# ---- the figures, of real trainings


def test_the_table_has_a_line_for_each_run_and_a_column_for_each_seed(trained):
    head, *rows = rows_of((trained / "accuracy.md").read_text(encoding="utf-8"))
    assert head[:5] == ["run", "what it is", "seed 0", "seed 1", "mean ± sd"]
    assert head[5:] == ["minutes", "parameters", "peak MB", "difference to best [95 %]", "p"]
    assert sorted(row[0] for row in rows) == ["bow", "rnn"] and all(len(row) == len(head) for row in rows)
    assert rows[0][8:] == ["best", ""] and "[" in rows[1][8] and 0 < float(rows[1][9]) <= 1
    assert {row[0]: row[1].split("`")[1] for row in rows} == {"bow": "--recipe bow", "rnn": "--cell rnn"}


def test_the_figures_are_those_of_the_models_and_of_their_processes(trained):
    found = json.loads((trained / "accuracy.json").read_text())
    [of_seeds] = found["tables"]
    assert of_seeds["splits"] == ["seed 0", "seed 1"] and of_seeds["heading"] == ""
    assert found["command"].startswith("python -m benchmarks.accuracy --runs bow rnn")
    for row in of_seeds["runs"]:
        models = [Classifier.load(trained / f"{row['run']}-seed{seed}") for seed in (0, 1)]
        assert row["accuracy"] == pytest.approx([m.metrics["best"]["val_accuracy"] for m in models])
        assert row["mean"] == pytest.approx(np.mean(row["accuracy"]))
        assert row["sd"] == pytest.approx(np.std(row["accuracy"], ddof=1))
        assert row["parameters"] == max(sum(p.size for p in m.net.params) for m in models)
        assert row["texts"] == [30, 30] and 20 < row["peak_mb"] < 2000 and row["minutes"] > 0
        costs = [json.loads((trained / f"{row['run']}-seed{seed}" / "cost.json").read_text()) for seed in (0, 1)]
        assert row["minutes"] == statistics.median(c["seconds"] for c in costs) / 60
    assert (trained / "accuracy.png").stat().st_size > 1000


def test_what_is_done_is_not_trained_again(trained, monkeypatch, capsys):
    before = (trained / "accuracy.md").read_text(encoding="utf-8")
    monkeypatch.setattr(subprocess, "Popen", no_process)
    assert bench(trained) == 0
    said = capsys.readouterr()
    assert said.out == before + "\n" and (trained / "accuracy.md").read_text(encoding="utf-8") == before
    assert "4 of 4 trainings are there already" in said.err and said.err.count("scoring") == 4


def test_an_interrupted_training_is_trained_again(trained, tmp_path, capsys):
    shutil.copytree(trained / "bow-seed0", tmp_path / "bow-seed0")
    (tmp_path / "bow-seed0" / "cost.json").unlink()
    (tmp_path / "bow-seed1").symlink_to(trained / "bow-seed1")
    assert bench(tmp_path, runs=("bow",)) == 0
    said = capsys.readouterr().err
    assert re.search(r"1 of 2: bow, seed 0, about \d+ minutes left", said) and "2 of 2" not in said
    assert (tmp_path / "bow-seed0" / "cost.json").exists()


def test_a_training_with_other_settings_is_neither_taken_nor_overwritten(trained, monkeypatch, capsys):
    monkeypatch.setattr(subprocess, "Popen", no_process)
    assert bench(trained, "--epochs", "3") == 2
    said = capsys.readouterr().err
    wanted = f"{trained / 'bow-seed0'}: expected a training with the same settings, its epochs is 2, asked for is 3"
    assert said == f"python -m benchmarks.accuracy: {wanted}\n"


def test_an_accuracy_that_is_not_the_reported_one_is_said(trained, capsys):
    path = trained / "rnn-seed1" / "model.npz"
    content, model = path.read_bytes(), Classifier.load(path)
    model.metrics["best"]["val_accuracy"] += 1 / 30
    try:
        model.save(path)
        assert bench(trained) == 2
    finally:
        path.write_bytes(content)
    last = capsys.readouterr().err.splitlines()[-1]
    assert "rnn-seed1: expected the validation accuracy that the training reported" in last and "30 texts" in last


def test_the_validation_figure_counts_where_there_is_no_test_part():
    assert reported_accuracy({"validation": {"accuracy": 0.5}, "best": {"val_accuracy": 0.6}}, "validation") == 0.5
    assert reported_accuracy({"test": {"accuracy": 0.5}, "best": {"val_accuracy": 0.6}}, "validation") == 0.6
    assert reported_accuracy({"test": {"accuracy": 0.5}, "best": {"val_accuracy": 0.6}}, "test") == 0.5


# ---- failures


def test_a_run_that_fails_is_named_and_the_others_are_reported(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(RUNS, "bad", "--cell gru --embedding no-such-file.txt")
    (tmp_path / "bow-seed0").symlink_to(trained / "bow-seed0")
    (tmp_path / "bow-seed1").symlink_to(trained / "bow-seed1")
    assert bench(tmp_path, runs=("bad", "bow")) == 2
    said = capsys.readouterr()
    [failure] = [line for line in said.err.splitlines() if "exit code" in line]
    assert failure.startswith("bad, seed 0: sentifish train: ") and failure.endswith("(exit code 2)")
    assert "no-such-file.txt" in failure and "bad, seed 1" not in said.err
    assert [row[0] for row in rows_of(said.out)] == ["run", "bow"]
    assert (tmp_path / "accuracy.md").exists() and not (tmp_path / "bad-seed0" / "cost.json").exists()


def test_ctrl_c_ends_the_processes_that_train(tmp_path, monkeypatch, capsys):
    started, real = [], subprocess.Popen

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", lambda *a, **how: started.append(real(*a, **how)) or started[-1])
    monkeypatch.setattr(os, "wait4", interrupted)
    assert bench(tmp_path / "new", "--jobs", "2", runs=("bow",)) == 130
    assert len(started) == 2 and all(process.returncode not in (None, 0) for process in started)
    assert capsys.readouterr().err.splitlines()[-1].startswith("stopped: the finished trainings are kept")


def test_the_last_line_is_the_last_that_says_something(tmp_path):
    path = tmp_path / "errors"
    for content, wanted in (
        (b"first\nlast \x1b[1m\xff\n\n", "last  [1m\ufffd"),
        (b"", "no word of why"),
        (b"one", "one"),
    ):
        path.write_bytes(content)
        with path.open("rb") as file:
            assert last_line(file) == wanted


def test_the_time_left_is_the_mean_so_far_times_what_remains():
    assert (
        time_left([60, 180], 3, 1) == ", about 6 minutes left"
        and time_left([60, 180], 3, 2) == ", about 3 minutes left"
    )
    assert time_left([], 3, 1) == ""


# ---- comparing


COST = 10, Cost(60.0, 5_000_000), "0badcafe"  # parameters, and the rest


def scored(*right, numbers=None):
    """A Scored for each seed, from texts that are answered rightly (1) or not (0)."""
    arrays = [np.array(r, bool) for r in right]
    return [
        Scored(np.eye(2)[r.astype(int)], np.ones(len(r), int), np.arange(len(r)) if numbers is None else numbers, *COST)
        for r in arrays
    ]


ARGUMENTS = {"good": "--cell gru", "bad": "--cell rnn", "worst": "--recipe bow"}


def three_runs():
    rng = np.random.default_rng(0)
    return {
        name: scored(*(rng.random((2, 400)) < share)) for name, share in (("bad", 0.7), ("good", 0.9), ("worst", 0.5))
    }


def test_runs_are_ordered_by_mean_and_compared_with_the_best_on_all_texts():
    runs = three_runs()
    best, second, third = compare(runs, ARGUMENTS)
    assert [r.run for r in (best, second, third)] == ["good", "bad", "worst"] and best.against_best is None
    pooled = {name: np.concatenate([s.right for s in found]) for name, found in runs.items()}
    assert second.against_best == paired_bootstrap(pooled["bad"], pooled["good"], rng=0)
    assert third.against_best.difference == pytest.approx(pooled["worst"].mean() - pooled["good"].mean())
    assert third.against_best.high < 0 and (best.minutes, best.peak_mb, best.parameters) == (1, 5, 10)


def test_runs_that_were_scored_on_other_texts_are_not_compared():
    numbers = np.array([0, 1, 3])
    runs = {"good": scored([1, 1, 1], numbers=numbers - 1), "bad": scored([1, 0, 1], numbers=numbers)}
    with pytest.raises(DataError, match="bad: expected the validation texts of good, got others"):
        compare(runs, ARGUMENTS)


def test_minutes_are_the_median_and_memory_and_parameters_the_largest():
    right = np.eye(2), np.arange(2), np.arange(2)
    found = [Scored(*right, n, Cost(60.0 * n, 10**6 * n)) for n in (1, 2, 9)]
    [row] = compare({"good": found}, ARGUMENTS)
    assert (row.minutes, row.parameters, row.peak_mb) == (2, 9, 9)


def test_the_average_is_of_probabilities_and_costs_what_all_cost():
    t, numbers = np.array([1, 1, 0]), np.arange(3)
    sure = np.array([[0.4, 0.6], [0.9, 0.1], [0.8, 0.2]])
    unsure = np.array([[0.5, 0.5], [0.2, 0.8], [0.3, 0.7]])
    found = averaged([Scored(p, t, numbers, 7, Cost(60.0 * n, n)) for n, p in enumerate((sure, unsure), start=1)])
    assert np.allclose(found.probabilities, [[0.45, 0.55], [0.55, 0.45], [0.55, 0.45]])
    assert found.right.tolist() == [True, False, True]
    assert (found.parameters, found.cost) == (14, Cost(180.0, 2))


def test_members_share_the_split_and_nothing_else_that_is_drawn():
    found = plan({"gru": "--cell gru"}, splits_of([0, 3], {"data": "a.tsv"}), Path("out"), members=2)
    assert [str(t) for t in found] == ["gru, seed 0", "gru, seed 0, member 1", "gru, seed 3", "gru, seed 3, member 1"]
    assert [(t.options.run.seed, t.options.data.split_seed) for t in found] == [
        (0, None),
        (1000, 0),
        (3, None),
        (1003, 3),
    ]
    assert len({t.folder for t in found}) == 4


def test_members_add_a_row(trained, tmp_path):
    for first in ("rnn-seed0", "rnn-seed1"):  # what is there already is one of the two
        shutil.copytree(trained / first, tmp_path / first)
    assert bench(tmp_path, "--members", "2", runs=["rnn"]) == 0
    rows = {row[0]: row for row in rows_of((tmp_path / "accuracy.md").read_text(encoding="utf-8"))[1:]}
    assert set(rows) == {"rnn", "rnn, mean of 2"}
    alone, together = (int(rows[name][6].replace(",", "")) for name in ("rnn", "rnn, mean of 2"))
    assert together == 2 * alone and rows["rnn"][1] == rows["rnn, mean of 2"][1]


SEED_7 = [Split("seed 7", 7)]


def test_one_seed_has_no_deviation(tmp_path):
    rows = compare({"good": scored([1, 1, 1, 0])}, ARGUMENTS)
    assert rows[0].sd is None and rows_of(table(rows, SEED_7))[1][2:4] == ["75.00", "75.00"]
    assert "4 texts" in write_report(tmp_path, {"": (rows, SEED_7)}, "command")


def test_the_table_shows_differences_with_their_sign():
    rows = compare({"good": scored([1] * 99 + [0]), "bad": scored([1] * 49 + [0] * 51)}, ARGUMENTS)
    row = rows_of(table(rows, SEED_7))[2]
    assert row[:4] == ["bad", "`--cell rnn`<!-- 0badcafe -->", "49.00", "49.00"] and row[4:7] == ["1.0", "10", "5"]
    assert row[7].startswith("-50.00 [-") and row[8] == "0.0001"


def test_the_figure_has_a_marker_of_its_own_for_each_seed_and_the_best_above():
    rows = compare(three_runs(), ARGUMENTS)
    ax = draw(rows, splits_of([0, 1], {}))
    mean, first, second = ax.lines
    assert list(mean.get_xdata()) == pytest.approx([100 * row.mean for row in rows])
    assert list(second.get_xdata()) == pytest.approx([100 * row.accuracy[1] for row in rows])
    assert len({line.get_marker() for line in ax.lines}) == 3 and first.get_label() == "seed 0"
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["good", "bad", "worst"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1] and draw(rows, splits_of([0, 1], {}), ax) is ax
