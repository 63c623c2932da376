"""`sentifish train --unlabelled`: what a self-training writes and says, how it goes on, and what is refused."""

import functools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, TWO, call, lines_of

import ch_sentiment.commands.train
import ch_sentiment.experiment.run_folder
import ch_sentiment.experiment.self_training
from ch_sentiment.experiment.classifier import Classifier
from common.files.checkpoint import load_checkpoint
from common.training.callback import Callback

pytestmark = pytest.mark.usefixtures("here")
MORE = [f"{'good fine' if i % 2 else 'bad poor'} unseen number{i % 5} text{i}" for i in range(40)]
HOW = ["--data", "two.tsv", "--unlabelled", "more.txt", *TINY, "--confidence", "0.5", "--class-balance", "none"]
HOW += ["--validation", "0.3"]


@pytest.fixture(autouse=True)
def files(two, write, monkeypatch):
    monkeypatch.setattr(ch_sentiment.experiment.run_folder, "write_figures", lambda *a: None)  # slow, not tested here
    write("more.txt", "".join(f"{text}\n" for text in [*MORE, MORE[0], "", TWO[0][1]]))


def models(folder):
    """The weights of all models of a self-training, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(Path(folder).rglob("model.npz"))}


def history(folder):
    rows = json.loads(Path(folder, "history.json").read_text())
    return [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in rows]


def test_one_command_makes_the_teachers_labels_and_student_and_says_what_each_is_worth(capsys):
    loud = [option for option in HOW if option != "--quiet"]
    assert call("train", *loud, "--rounds", "2", "--out", "r") == 0
    out, err = capsys.readouterr()
    for line in (
        "more.txt: 40 texts without labels to learn from",
        "more.txt: 1 is left out (the same text again 1): line 41",
        "round 1 of 2: validation accuracy of the teachers, on 12 texts: round-0/nbsvm ",
        "round-1/net: 68 texts to train on, 40 of them soft-labelled, ",
        "the model that is kept: round-",
        "validation accuracy ",
        "written to r: config.json, history.json, model.npz, round-0, round-1, round-2, self_training.json",
    ):
        assert line in out, line
    assert "12 validation texts cannot say whether a round helps" in err
    assert list(models("r")) == [
        "model.npz",
        *(f"round-{n}/{kind}/model.npz" for n in range(3) for kind in ("nbsvm", "net")),
    ]
    config, told = json.loads(Path("r/config.json").read_text()), Classifier.load("r").metrics["self_training"]
    assert config["self_training"] == told and config["rounds"] == 2 and config["teacher"] is None
    first, second = told["rounds"]
    assert first["reference"] == "round-0/net" and 0 <= first["before"] <= 1 and 0 <= first["after"] <= 1
    assert sum(first["chosen"].values()) + first["unsure"] + first["surplus"] == first["texts"] == 40
    number = int(told["kept"][len("round-")])
    assert {(row["round"], row["unlabelled"]) for row in history("r")} == {
        (number, 0 if number == 0 else sum(told["rounds"][number - 1]["chosen"].values()))
    }
    assert call("predict", "r", "good fine unseen") == 0
    if second["after"] is not None:
        assert "unseen" in Classifier.load("r/round-2/net").vocab.words


@pytest.mark.parametrize("kind", ["nbsvm", "bow"])
def test_a_baseline_is_a_student_too(kind):
    how = ["two.tsv", "--kind", kind, "--unlabelled", "more.txt", "--epochs", "3", "--quiet", "--confidence", "0.5"]
    assert call("baseline", *how, "--out", "r") == 0
    assert json.loads(Path("r/self_training.json").read_text())["done"][-1] == f"round-1/{kind}"


def test_models_that_are_given_are_the_teachers_of_the_first_round(capsys):
    for name, more in (("a", []), ("b", ["--cell", "rnn"])):
        assert call("train", "--data", "two.tsv", *TINY, *more, "--validation", "0.3", "--out", name) == 0
    capsys.readouterr()
    assert call("train", *HOW, "--teacher", "a", "b/model.npz", "--out", "r") == 0
    told = Classifier.load("r").metrics["self_training"]
    assert list(told["rounds"][0]["teachers"]) == ["a", "b"] and told["rounds"][0]["reference"] in ("a", "b")
    assert "round-0" not in {path.name for path in Path("r").iterdir()}
    assert "another split" not in capsys.readouterr().err
    other = ["--seed", "7", "--teacher", "a", "--teacher", "b", "--out", "s"]
    assert call("train", *HOW, *other) == 0
    assert "a was trained on another split or another version of these texts" in capsys.readouterr().err


def test_a_student_may_have_a_linear_part_and_epochs_of_its_own():
    assert call("train", *HOW, "--wide", "--student-epochs", "1", "--out", "r") == 0
    assert len(history("r/round-0/net")) == 2 and len(history("r/round-1/net")) == 1
    assert call("predict", "r", "good fine") == 0


# ---- going on


class StopAfter(Callback):
    """Stops the training with a signal after so many steps, counted over all trainings."""

    def __init__(self, steps):
        self.steps = steps

    def on_step_end(self, trainer):
        self.steps -= 1
        if self.steps == 0:
            trainer.stop("SIGINT")


def with_callback(callback, callbacks_of, *arguments):
    callbacks, comm = callbacks_of(*arguments)
    return [callback, *callbacks], comm


def test_a_self_training_that_is_stopped_anywhere_goes_on_to_the_same_bits(monkeypatch, capsys):
    how = [*HOW, "--rounds", "2", "--batch-size", "10", "--epochs", "1"]
    assert call("train", *how, "--out", "whole") == 0
    whole, done = models("whole"), json.loads(Path("whole/self_training.json").read_text())["done"]
    steps = sum(load_checkpoint(path)[1]["position"]["step"] for path in Path("whole").rglob("last.npz"))
    make = ch_sentiment.commands.train.callbacks_of
    for stop in (steps // 3, steps - 1):
        capsys.readouterr()
        with monkeypatch.context() as patch:
            stopped = functools.partial(with_callback, StopAfter(stop), make)
            patch.setattr(ch_sentiment.commands.train, "callbacks_of", stopped)
            assert call("train", *how, "--out", "cut", "--overwrite") == 130
        err = capsys.readouterr().err.splitlines()
        assert err[-1] == "go on with: sentifish train --resume cut" and "interrupted in round-" in err[-2]
        assert call("train", "--resume", "cut", "--quiet") == 0
        assert models("cut") == whole and history("cut") == history("whole")
        assert json.loads(Path("cut/self_training.json").read_text())["done"] == done


def test_a_self_training_that_is_stopped_between_trainings_goes_on(monkeypatch, capsys):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    assert call("train", *HOW, "--out", "whole") == 0
    for called in ("label", "judge", "with_soft_labels"):
        with monkeypatch.context() as patch:
            patch.setattr(ch_sentiment.experiment.self_training, called, interrupted)
            assert call("train", *HOW, "--out", called) == 130
        assert f"go on with: sentifish train --resume {called}" in capsys.readouterr().err
        assert not Path(called, "model.npz").exists()
        assert call("train", "--resume", called) == 0
        assert models(called) == models("whole")
    Path(called, "model.npz").unlink()  # one that had ended writes its result again
    assert call("train", "--resume", called) == 0
    assert models(called) == models("whole")


def test_what_another_one_left_in_the_folder_is_gone():
    assert call("train", *HOW, "--out", "r") == 0
    assert call("train", *HOW, "--rounds", "0", "--out", "r", "--overwrite") == 0
    assert not Path("r/self_training.json").exists() and not Path("r/round-1").exists()
    assert call("train", "--resume", "r", "--epochs", "3") == 0


# ---- what is refused


@pytest.mark.parametrize("file", ["labelled.tsv", "labelled.csv"])
def test_an_unlabelled_file_with_labels_is_one_line(said, write, file):
    rows = "".join(f"{label},{text}\n" for label, text in TWO)
    write("labelled.tsv", lines_of(TWO))
    write("labelled.csv", f"label,text\n{rows}")
    line = said("train", "--data", "two.tsv", "--unlabelled", file, *TINY, "--out", "r")
    assert f"{file}: expected texts without labels, one a line, got labelled ones (neg, pos in " in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--leave-out", "more.txt"], "--leave-out: expected texts without labels beside it (--unlabelled FILE)"),
        (["--teacher", "t"], "--teacher: expected texts without labels beside it (--unlabelled FILE)"),
        (["--unlabelled", "nowhere.txt"], "nowhere.txt: expected a file of texts, there is none of this name"),
        (["--unlabelled", ""], "--unlabelled: expected the name of a file, got an empty one"),
        (["--unlabelled", "two.txt", "--leave-out", "two.tsv"], "two.txt: expected texts to learn from, got none ("),
        (["--unlabelled", "more.txt", "--leave-out", "no"], "no: expected a file of texts, there is none of this name"),
        (["--unlabelled", "more.txt", "--teacher", "nowhere"], "nowhere: expected a checkpoint, got No such file"),
        (["--unlabelled", "more.txt", "--teacher", "t"], "--teacher t: expected a model of the labels neg, pos, got a"),
        (["--unlabelled", "more.txt", "--confidence", "1.5"], "expected a number from 0 to 1, got '1.5'"),
        (["--unlabelled", "more.txt", "--unlabelled-weight", "0"], "expected a number above 0, got '0'"),
        (["--unlabelled", "more.txt", "--rounds", "-1"], "expected a whole number, 0 or above, got '-1'"),
        (["--unlabelled", "more.txt", "--class-balance", "all"], "invalid choice: 'all'"),
        (["--unlabelled", "more.txt", "--embedding", "no.txt"], "no.txt"),
    ],
    ids=str,
)
def test_what_cannot_be_is_one_line_before_anything_is_written(said, write, options, message, capsys):
    write("two.txt", "".join(f"{text}\n" for _, text in TWO))
    write("three.tsv", "".join(f"{'abc'[i % 3]}\t{text}\n" for i, (_, text) in enumerate(TWO)))
    assert call("train", "--data", "three.tsv", *TINY, "--out", "t") == 0
    capsys.readouterr()
    assert message in said("train", "--data", "two.tsv", *TINY, *options, "--out", "r")


@pytest.mark.parametrize("command", ["tune", "compare", "lr-find"])
def test_other_commands_have_no_use_for_texts_without_labels(said, command):
    said(command, "--data", "two.tsv", "--unlabelled", "more.txt", "--quiet")


def test_what_cannot_go_on_is_one_line(said, write, capsys):
    assert call("train", "--data", "two.tsv", *TINY, "--validation", "0.3", "--out", "a") == 0
    assert call("train", *HOW, "--teacher", "a", "--out", "r") == 0
    capsys.readouterr()
    assert "a self-training keeps the number" in said("train", "--resume", "r", "--epochs", "9")
    assert "a training keeps its settings" in said("train", "--resume", "r", "--rounds", "9")
    shutil.copytree("a", "kept")
    shutil.rmtree("a")
    assert call("train", "--data", "two.tsv", *TINY, "--seed", "5", "--out", "a") == 0
    capsys.readouterr()
    assert "expected the teachers that the self-training in r began with" in said("train", "--resume", "r")
    write("more.txt", "another text\n")
    assert "expected the data that the self-training in r began with" in said("train", "--resume", "r")
    state = Path("r/self_training.json")
    for content in ("{", "[]", '{"options": {}}', '{"options": {"colour": 1}, "data": "", "teachers": {}}'):
        state.write_text(content)
        said("train", "--resume", "r")


def test_no_text_that_is_sure_enough_for_given_teachers_is_one_line(capsys):
    assert call("train", "--data", "two.tsv", *TINY, "--validation", "0.3", "--out", "a") == 0
    capsys.readouterr()
    assert call("train", *HOW, "--confidence", "1", "--teacher", "a", "--out", "r") == 2
    err = capsys.readouterr().err.splitlines()
    assert "--confidence 1: expected texts of which the teachers are so sure, got 0 of 40" in err[-1]


def test_what_is_left_out_is_counted(write, capsys):
    write("test.tsv", lines_of([("pos", MORE[1]), ("neg", MORE[2])]))
    loud = [option for option in HOW if option != "--quiet"]
    assert call("train", *loud, "--leave-out", "test.tsv", "--out", "r") == 0
    assert "more.txt: 2 are left out (in test.tsv 2): lines 2, 3" in capsys.readouterr().out
    assert np.isclose(sum(Classifier.load("r").metrics["self_training"]["rounds"][0]["chosen"].values()), 38, atol=38)
