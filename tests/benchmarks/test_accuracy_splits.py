"""`python -m benchmarks.accuracy`: runs that read other runs, folds, few labels, and levers left out one at a time."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, TWO, lines_of

from benchmarks.accuracy.__main__ import main, parser, runs_of
from benchmarks.accuracy.ablation import without_each
from benchmarks.accuracy.parts import _few_labels, _folds, evenly
from benchmarks.accuracy.processes import train_all
from benchmarks.accuracy.trainings import RUNS, Cost, meaning_of_run, plan, splits_of, whole_cost, write_cost
from ch_sentiment.experiment.corpus import encode
from ch_sentiment.experiment.load import load
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.recipes import RECIPES
from dataset.errors import DataError

GROUPS = "".join(f"film {i // 4}\n" for i in range(len(TWO)))
SMALL = ["--epochs", "2", "--hidden", "4", "--validation", "0.3"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)
    Path("two.tsv").write_text(lines_of(TWO))
    Path("films.txt").write_text(GROUPS)
    return tmp_path


def csv_rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# ---- a run that reads others

CHAIN = {
    "pupil": "--recipe bow --embedding={teacher}",
    "teacher": "--cell rnn --embedding={first}",
    "first": "--cell gru",
}


def test_a_run_comes_after_those_that_it_needs_and_reads_their_folders_of_the_same_split():
    found = plan(CHAIN, splits_of([0, 1], {}), Path("out"))
    assert [str(t) for t in found] == [f"{run}, seed {s}" for run in ("first", "teacher", "pupil") for s in (0, 1)]
    first, teacher, pupil = found[1::2]
    assert pupil.options.model.embedding == str(teacher.folder) and teacher.options.model.embedding == str(first.folder)
    assert pupil.needs == [teacher] and pupil.all_needs == [first, teacher]


def test_what_is_needed_is_trained_though_only_what_needs_it_is_asked_for(monkeypatch):
    monkeypatch.setitem(RUNS, "first", "--cell gru")
    found = plan({"teacher": CHAIN["teacher"]}, splits_of([0], {}), Path("out"), members=2)
    assert [str(t) for t in found] == ["first, seed 0", "teacher, seed 0", "teacher, seed 0, member 1"]
    with pytest.raises(DataError, match=r"run a: expected runs of .* in braces, got nobody"):
        plan({"a": "--embedding={nobody}"}, splits_of([0], {}), Path("out"))
    with pytest.raises(DataError, match="run a: expected no run that needs itself, got a -> b -> a"):
        plan({"a": "--embedding={b}", "b": "--embedding={a}"}, splits_of([0], {}), Path("out"))


def test_the_cost_of_a_run_is_that_of_all_that_it_needs_and_its_own(tmp_path):
    trainings = plan(CHAIN, splits_of([0], {}), tmp_path)
    for training, seconds in zip(trainings, (100.0, 10.0, 1.0)):
        training.folder.mkdir()
        write_cost(training.folder, Cost(seconds, int(seconds)))
    assert [whole_cost(t) for t in trainings] == [Cost(100.0, 100), Cost(110.0, 100), Cost(111.0, 100)]


def test_a_run_whose_teacher_fails_is_not_trained(here):
    said = []
    runs = {
        "pupil": "--recipe bow --wordvec=5 --embedding={bad}",
        "bad": "--embedding no-such-file.txt",
        "bow": "--recipe bow",
    }
    trainings = plan(runs, splits_of([0], {"data": "two.tsv", "epochs": 1}), here)
    assert train_all(trainings, 2, said.append) == {"bad", "pupil"}
    assert "pupil: not trained, because it needs bad" in said
    assert [t.run for t in trainings if (t.folder / "cost.json").exists()] == ["bow"]


def test_options_for_texts_without_labels_reach_only_the_runs_that_ask_for_them():
    runs = {"plain": "--cell gru", "more": "--cell gru {--unlabelled}"}
    plain, more = plan(runs, splits_of([0], {"unlabelled": "a file.txt"}), Path("out"))
    assert plain.options.unlabelled.unlabelled is None and more.options.unlabelled.unlabelled == "a file.txt"
    with pytest.raises(DataError, match="run more: expected --unlabelled, which it needs, got none"):
        plan(runs, splits_of([0], {}), Path("out"))
    with pytest.raises(DataError, match=r"run odd: expected \{--unlabelled\} or \{--init-from\}, got \{--seed\}"):
        plan({"odd": "{--seed}"}, splits_of([0], {}), Path("out"))


def test_the_run_unlabelled_learns_from_the_models_that_other_runs_trained(here, monkeypatch):
    monkeypatch.setitem(RUNS, "unlabelled", RUNS["unlabelled"] + " --confidence 0")
    Path("more.txt").write_text("".join(f"{text} {i}\n" for i, (_, text) in enumerate(TWO * 2)))
    more = ["--unlabelled", "more.txt", "--data", "two.tsv", *SMALL]
    assert main(["--runs", "unlabelled", "--seeds", "0", *more, "--out", "o"]) == 0
    [table] = json.loads(Path("o/accuracy.json").read_text())["tables"]
    [row] = table["runs"]  # its teachers are not asked for, so they have no row
    costs = [json.loads(path.read_text())["seconds"] for path in Path("o").glob("*/cost.json")]
    assert row["run"] == "unlabelled" and len(costs) == 2 and row["minutes"] == pytest.approx(sum(costs) / 60)
    config = json.loads(Path("o/unlabelled-seed0/config.json").read_text())
    assert config["teacher"] == ["o/best-seed0"] and config["unlabelled"] == "more.txt"


def test_a_run_of_ones_own_is_named_on_the_command_line(capsys):
    options = parser().parse_args(["--runs", "--run", "half=--cell gru --hidden 8", "--run", "a=--lr=0.1"])
    assert runs_of(options) == {"half": "--cell gru --hidden 8", "a": "--lr=0.1"}
    assert main(["--run", "--cell gru"]) == 2
    assert "--run: expected NAME=ARGUMENTS" in capsys.readouterr().err


# ---- folds


def test_each_text_is_held_out_once_with_every_class_in_its_share_and_no_group_cut(here):
    told = {"data": "two.tsv", "group_file": "films.txt", "validation": 0.3}
    splits = _folds(told, 3, 0, here)
    held_out = [csv_rows(split.told["test_data"]) for split in splits]
    texts = [row["text"] for rows in held_out for row in rows]
    assert sorted(texts) == sorted(text for _, text in TWO) and [s.name for s in splits] == [
        "fold 1",
        "fold 2",
        "fold 3",
    ]
    films = [{row["group"] for row in rows} for rows in held_out]
    assert not films[0] & films[1] and not films[0] & films[2] and not films[1] & films[2]
    for split, rows in zip(splits, held_out):
        kept = csv_rows(split.told["data"])
        assert len(kept) + len(rows) == len(TWO) and not {row["group"] for row in kept} & {row["group"] for row in rows}
        assert split.told["group_column"] == "group" and split.told["validation"] == 0.3
    with pytest.raises(DataError, match=f"--folds: expected 2 to {len(TWO):,} parts of two.tsv, got 500"):
        _folds({"data": "two.tsv"}, 500, 0, here)


def test_folds_are_scored_on_texts_that_chose_nothing(here, capsys):
    assert main(["--runs", "bow", "--data", "two.tsv", "--folds", "2", *SMALL, "--out", "o"]) == 0
    [table] = json.loads(Path("o/accuracy.json").read_text())["tables"]
    [row] = table["runs"]
    assert table["splits"] == ["fold 1", "fold 2"] and sum(row["texts"]) == len(TWO)
    config = json.loads(Path("o/bow-fold1/config.json").read_text())
    assert config["test_data"].endswith("fold1/held-out.csv") and config["validation"] == 0.3
    assert "on texts that were not used for anything before" in capsys.readouterr().out


# ---- few labels


def test_few_labels_are_scored_on_the_validation_part_of_the_seed_and_the_fewer_are_among_the_more(here):
    told = {"data": "two.tsv", "group_file": "films.txt", "validation": 0.3}
    Path("more.txt").write_text("a text of no label")
    found = _few_labels({**told, "unlabelled": "more.txt"}, [8, 16, None], [5], here)
    ours = encode(load(Config.of(told).data), Config.of(told, seed=5))
    rest = len(ours.train)
    assert list(found) == ["8 labels", "16 labels", f"{rest} labels"]
    few, more, everything = (split.told for [split] in found.values())
    for own in (few, more, everything):
        assert sorted(row["text"] for row in csv_rows(own["test_data"])) == sorted(ours.val.texts)
    of_few, of_more, of_all = ([row["text"] for row in csv_rows(own["data"])] for own in (few, more, everything))
    assert of_few == of_more[:8] and of_more == of_all[:16] and sorted(of_all) == sorted(ours.train.texts)
    unused = Path(few["unlabelled"]).read_text().splitlines()
    assert unused[0] == "a text of no label" and sorted(unused[1:]) == sorted(of_all[8:])
    assert Path(everything["unlabelled"]).read_text() == "a text of no label\n"
    with pytest.raises(DataError, match=f"--labels: expected at most {rest}, so many are left to train on, got 1,000"):
        _few_labels(told, [1000], [5], here)


def test_every_beginning_has_the_classes_in_their_share():
    t = np.array([0] * 30 + [1] * 10)
    order = evenly(np.random.default_rng(0).permutation(40), t)
    assert sorted(order) == list(range(40))
    assert all(abs((t[order[:n]] == 1).mean() - 0.25) <= 1 / n for n in range(4, 41))


def test_a_learning_curve_has_a_table_for_each_number_of_labels(here):
    runs = ["--runs", "bow", "rnn", "--seeds", "0"]
    assert main([*runs, "--data", "two.tsv", "--labels", "8", "all", *SMALL, "--out", "o"]) == 0
    page = Path("o/accuracy.md").read_text()
    tables = json.loads(Path("o/accuracy.json").read_text())["tables"]
    assert [table["heading"] for table in tables] == ["8 labels", f"{len(TWO) * 7 // 10} labels"]
    assert all(f"## {table['heading']}\n" in page and len(table["runs"]) == 2 for table in tables)
    assert Path("o/accuracy.png").stat().st_size > 1000 and Path("o/8-labels/bow-seed0/cost.json").exists()


# ---- without one lever


def test_each_lever_of_a_recipe_is_put_back_to_its_default():
    found = without_each("best", "--recipe best")
    recipe = Config.of(RECIPES["best"].settings)
    for name, arguments in found.items():
        lever = name.removeprefix("best-without-").replace("-", "_")
        config = meaning_of_run(arguments)
        assert config.by_name()[lever] == Config().by_name()[lever] != recipe.by_name()[lever]
        changed = [n for n, v in config.by_name().items() if v != recipe.by_name()[n] and n not in ("recipe", "data")]
        assert set(changed) <= {lever, "max_pairs", "epochs"}
    assert "--recipe" not in found["best-without-embedding"]  # of which no argument says: none
    assert {"best-without-pairvec", "best-without-adversarial", "best-without-schedule"} <= set(found)
    assert not {"best-without-data", "best-without-epochs", "best-without-max-pairs"} & set(found)
    with pytest.raises(DataError, match="--ablate default: expected a run with settings of its own"):
        without_each("default", "--recipe default")


def test_ablate_adds_a_run_for_each_lever():
    options = parser().parse_args(["--runs", "--ablate", "bilstm"])
    assert runs_of(options) == {
        "bilstm": "--cell lstm --bidirectional",
        "bilstm-without-bidirectional": "--cell lstm --bidirectional --no-bidirectional",
    }
