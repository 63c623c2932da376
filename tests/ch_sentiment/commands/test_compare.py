"""`sentifish compare`: all kinds, one budget, the same texts; what the table tells is what each training reached."""

import json
import os
import signal
from pathlib import Path

import pytest
from conftest import TINY as SMALL
from conftest import TWO, call, lines_of, same_weights

import ch_sentiment.commands.compare
from ch_sentiment.commands.compare import KINDS, RESULTS, curves, learning_curves
from ch_sentiment.experiment.classifier import Classifier
from common.plot import new_axes
from common.trainer import Trainer

TINY = ["--data", "phrases-small", *SMALL, "--processes", "1"]
BASELINES = ("bow", "nbsvm")


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A folder with a comparison of all kinds; nobody writes to it."""
    folder = tmp_path_factory.mktemp("compared") / "out"
    assert call("compare", *TINY, "--max-len", 5, "--out", folder, "--processes", 2) == 0
    return folder


@pytest.fixture
def two_kinds(monkeypatch, no_figures):
    """The first baseline and the RNN only."""
    monkeypatch.setattr(ch_sentiment.commands.compare, "KINDS", {kind: KINDS[kind] for kind in ("bow", "rnn")})


def rows(folder):
    return json.loads(Path(folder, "compare.json").read_text())["kinds"]


def test_every_kind_has_a_row_and_a_folder_with_its_training(compared):
    assert [row["kind"] for row in rows(compared)] == list(KINDS)
    assert sorted(os.listdir(compared)) == sorted([*RESULTS, *KINDS])
    for row in rows(compared):
        model = Classifier.load(compared / row["kind"])
        assert {key: model.metrics["test"][key] for key in ("accuracy", "loss")} == {
            key: row[key] for key in ("accuracy", "loss")
        }
        assert row["parameters"] == sum(p.size for p in model.net.params) and row["error"] is None
        history = json.loads(Path(compared, row["kind"], "history.json").read_text())
        assert row["epochs"] == len(history) <= 2
        assert row["minutes"] == pytest.approx(sum(epoch["seconds"] for epoch in history) / 60)
        seen = [epoch["tokens_per_s"] for epoch in history]
        assert min(seen) <= row["tokens_per_s"] <= max(seen)
    told = json.loads(Path(compared, "compare.json").read_text())
    assert (told["scored_on"], told["texts"]) == ("test", 20)


def test_the_kinds_are_what_they_are_called_and_all_else_is_the_same(compared):
    told = {kind: json.loads(Path(compared, kind, "config.json").read_text()) for kind in KINDS}
    nets = {kind: Classifier.load(compared / kind).net for kind in KINDS}
    for kind in BASELINES:
        assert told[kind]["recipe"] == told[kind]["model"] == kind
    for kind in set(KINDS) - set(BASELINES):
        assert nets[kind].config["cell"] == kind.removeprefix("bi")
        assert nets[kind].config["bidirectional"] == kind.startswith("bi")
    own = ("recipe", "model", "cell", "bidirectional", "out", "best_epoch")
    shared = [{name: value for name, value in each.items() if name not in own} for each in told.values()]
    assert all(each == shared[0] for each in shared) and shared[0]["hidden"] == 4 and shared[0]["max_len"] == 5


def test_a_kind_is_the_training_that_train_does(compared, here):
    tiny = TINY[: TINY.index("--processes")]
    assert call("train", *tiny, "--max-len", 5, "--cell", "gru", "--bidirectional", "--out", "alone") == 0
    assert same_weights("alone", compared / "bigru")


def test_all_kinds_are_validated_on_the_same_texts(two_kinds, here, monkeypatch):
    seen = []

    def fit(self, x, t, *arguments, validation, **others):
        seen.append([ids.tolist() for ids in validation[0]])
        return original(self, x, t, *arguments, validation=validation, **others)

    original = Trainer.fit
    monkeypatch.setattr(Trainer, "fit", fit)
    assert call("compare", *TINY) == 0
    assert len(seen) == 2 and seen[0] == seen[1] and len(seen[0]) == 6


def test_the_table_is_the_same_on_the_screen_and_in_the_file(two_kinds, here, capsys):
    assert call("compare", *TINY) == 0
    out, folder = capsys.readouterr().out, Path("runs", "phrases-small-compare-1")
    text = (folder / "compare.md").read_text()
    assert text in out and "52 texts to train on, 6 to validate" in text and "20 texts of the test part" in text
    head, rule, *lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(line) for line in (head, rule, *lines)}) == 1
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    for cell, row in zip(cells, rows(folder)):
        assert [cell[0], cell[1], cell[3]] == [row["kind"], f"{row['accuracy']:.2%}", f"{row['loss']:.4f}"]
        assert cell[5] == f"{row['parameters']:,}" and cell[7] == f"{row['best_epoch']} of {row['epochs']}"
    assert "test accuracy" not in out  # the trainings themselves are silent


def test_ones_own_text_is_scored_on_its_validation_part(two_kinds, two):
    assert call("compare", *TINY, "--data", two, "--out", "out") == 0
    told = json.loads(Path("out/compare.json").read_text())
    assert (told["scored_on"], told["texts"]) == ("validation", 4) and all(row["loss"] > 0 for row in told["kinds"])


def test_a_loss_that_is_no_longer_finite_is_a_row_and_the_rest_is_trained(here, monkeypatch, capsys):
    kinds = {"bow": KINDS["bow"], "rnn": {**KINDS["rnn"], "lr": 1e38, "schedule": "constant"}, "gru": KINDS["gru"]}
    monkeypatch.setattr(ch_sentiment.commands.compare, "KINDS", kinds)
    assert call("compare", *TINY, "--out", "out") == 0
    bow, rnn, gru = rows("out")
    assert rnn["accuracy"] is None and "step" in rnn["error"] and bow["error"] is gru["error"] is None
    table = Path("out/compare.md").read_text()
    assert "| rnn   | not finite |" in table and f"\nrnn: {rnn['error']}\n" in table
    assert table in capsys.readouterr().out and Path("out/compare.png").exists()


def test_where_no_loss_stays_finite_the_exit_code_says_so(two_kinds, here):
    assert call("compare", *TINY, "--lr", 1e38, "--out", "out") == 3
    assert all(row["error"] for row in rows("out"))


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_ends_with_what_is_done(two_kinds, here, monkeypatch, capsys, presses):
    step = Trainer._train_step

    def pressed(self, *arguments):
        if type(self.model).__name__ == "SentimentNet":
            for _ in range(presses):
                signal.raise_signal(signal.SIGINT)
        return step(self, *arguments)

    monkeypatch.setattr(Trainer, "_train_step", pressed)
    assert call("compare", *TINY, "--out", "out") == 130
    assert [row["kind"] for row in rows("out")] == ["bow"]
    out, err = capsys.readouterr()
    assert "| bow " in out and Path("out/compare.png").exists()
    said = "interrupted: 1 of 2 kinds are trained" if presses == 1 else "sentifish compare: interrupted"
    assert said in err.splitlines()


def test_progress_is_shown_throughout(two_kinds, here, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    loud = [argument for argument in TINY if argument != "--quiet"]
    assert call("compare", *loud, "--out", "out") == 0
    out, err = capsys.readouterr()
    assert "1 of 2: bow" in out and "2 of 2: rnn" in out
    assert err.count(" 0/2 [") == 2  # a bar of two epochs of one step for each


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--data", "nowhere.tsv"], "nowhere.tsv"),
        (["--cell", "gru"], "--cell"),
        (["--resume", "somewhere"], "--resume"),
        (["--vocab-size", 2], "--vocab-size"),
        (["--processes", 0], "--processes"),
    ],
)
def test_bad_input_is_one_line(said, arguments, expected):
    assert expected in said("compare", *TINY, *arguments)


def test_a_folder_with_files_is_left_alone(two_kinds, write, said):
    write("full/rnn/model.npz", "precious")
    assert "--out: expected a new or empty folder" in said("compare", *TINY, "--out", "full")


# ---- the figure


def test_the_curves_hold_the_column_of_every_kind_and_no_two_look_alike():
    histories = {
        kind: [{"epoch": 1, "val_loss": 0.5 + i}, {"epoch": 2, "val_loss": 0.25}] for i, kind in enumerate(KINDS)
    }
    ax = curves(histories, "val_loss", new_axes())
    assert [line.get_label() for line in ax.lines] == list(KINDS)
    assert [list(line.get_ydata()) for line in ax.lines] == [[0.5 + i, 0.25] for i in range(len(KINDS))]
    assert all(list(line.get_xdata()) == [1, 2] for line in ax.lines)
    looks = {(line.get_marker(), line.get_linestyle()) for line in ax.lines}
    assert len(looks) == len(KINDS)  # without their colours
    ax.figure.canvas.draw()
    assert all(tick == round(tick) for tick in ax.get_xticks())


def test_the_figure_has_loss_and_accuracy_with_one_legend():
    history = [{"epoch": 1, "val_loss": 0.5, "val_accuracy": 0.75}]
    left, right = learning_curves({"rnn": history, "gru": history})
    assert list(left.lines[0].get_ydata()) == [0.5] and list(right.lines[1].get_ydata()) == [0.75]
    (legend,) = left.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["rnn", "gru"]


# ---- what is written of it


def test_the_commands_of_the_page_run(two_kinds, write, capsys):
    write("reviews.tsv", lines_of(TWO))
    page = Path(__file__).parents[3].joinpath("docs", "compare.md").read_text("utf-8")
    commands = [line.split() for line in page.splitlines() if line.startswith("sentifish compare")]
    assert len(commands) == 2
    for _, name, *others in commands:
        assert call(name, "--data", "phrases-small", *others, *SMALL) == 0
        assert "| rnn " in capsys.readouterr().out
