"""A random search draws the same settings whenever it goes on, keeps what is done, and never sees a test text."""

import dataclasses
import json
import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest

import ch_sentiment.commands.tune
from ch_sentiment.__main__ import main
from ch_sentiment.experiment.search_space import Range
from common.trainer import Trainer
from dataset.errors import DataError

TINY = ["tune", "--data", "phrases-small", "--wordvec", "4", "--epochs", "2", "--quiet", "--processes", "1"]
VARY = ["--vary", "lr=0.001..0.1", "--vary", "hidden=3,5"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def rows(folder):
    trials = [json.loads(line) for line in Path(folder, "trials.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in trials]


def drawn(text, count=300):
    rng = np.random.default_rng(0)
    return [Range.parse(text).sample(rng) for _ in range(count)]


def test_every_value_to_choose_from_occurs_and_an_interval_is_obeyed():
    assert set(drawn("hidden=32,64,128")) == {32, 64, 128}
    assert set(drawn("bidirectional=true,false")) == {True, False}
    assert set(drawn("cell=gru,lstm")) == {"gru", "lstm"}
    rates, shares, sizes = drawn("lr=1e-4..1e-2"), drawn("dropout=0..0.6"), drawn("batch-size=8..64")
    assert min(rates) >= 1e-4 and max(rates) <= 1e-2 and 8e-4 < np.median(rates) < 1.5e-3  # by the logarithm
    assert min(shares) >= 0 and max(shares) <= 0.6 and 0.25 < np.median(shares) < 0.35
    assert {type(size) for size in sizes} == {int} and min(sizes) >= 8 and max(sizes) <= 64


@pytest.mark.parametrize(
    "text",
    [
        *("foo=1", "lr", "lr=", "lr=0..0.1", "lr=0.1..0.01", "lr=1..2..3", "cell=gru..lstm", "cell=tree", "hidden=1.5"),
        *("bidirectional=yes", "seed=1,2", "data=a,b", "validation=0.1,0.2"),
    ],
)
def test_what_cannot_be_drawn_is_one_error_that_names_it(text):
    with pytest.raises(DataError, match=r"--vary"):
        Range.parse(text)


def test_what_is_shown_of_a_range_is_what_was_typed():
    for text in ("hidden=3,5", "dropout=0.0..0.6"):
        assert str(Range.parse(text)) == text


def test_a_resumed_search_equals_an_uninterrupted_one(capsys):
    assert main([*TINY, *VARY, "--trials", "3", "--out", "once"]) == 0
    assert main([*TINY, *VARY, "--trials", "1", "--out", "parts"]) == 0
    with Path("parts/trials.jsonl").open("a") as file:
        file.write('{"trial": 2, "sett')  # a machine that stopped in the middle of a line
    capsys.readouterr()
    assert main([*TINY, *VARY, "--trials", "3", "--out", "parts"]) == 0
    assert rows("once") == rows("parts") and len(rows("once")) == 3
    out = capsys.readouterr().out
    assert "3 trials, 1 done" in out and "validation part" in out
    assert len({str(row["settings"]) for row in rows("once")}) == 3
    assert main([*TINY, *VARY, "--seed", "1", "--trials", "1", "--out", "other"]) == 0
    assert rows("other")[0]["settings"] != rows("once")[0]["settings"]


def test_trials_beside_each_other_are_those_one_after_the_other(capsys):
    assert main([*TINY, *VARY, "--trials", "3", "--out", "one"]) == 0
    assert main([*TINY, *VARY, "--trials", "3", "--out", "two", "--processes", "2"]) == 0
    assert rows("one") == rows("two") and [row["trial"] for row in rows("two")] == [1, 2, 3]
    begun, done = re.findall(r"^trial (\d)/3", capsys.readouterr().out, re.M), [1, 2, 3]
    assert begun == [str(number) for number in done] * 2


def test_a_search_of_a_version_with_fewer_options_goes_on(capsys):
    assert main([*TINY, *VARY, "--trials", "1", "--out", "r"]) == 0
    search = json.loads(Path("r/search.json").read_text())
    for name in ("text_column", "label_column", "weight_column", "encoding", "strict"):
        assert search["options"].pop(name) in (None, False)
    search["options"]["classes"] = 2  # which was the default
    Path("r/search.json").write_text(json.dumps(search))
    assert main([*TINY, *VARY, "--trials", "2", "--out", "r"]) == 0 and len(rows("r")) == 2
    assert main([*TINY, *VARY, "--trials", "3", "--strict", "--out", "r"]) == 2


def test_the_table_has_the_best_first(capsys):
    assert main([*TINY, *VARY, "--trials", "3", "--out", "r"]) == 0
    table = capsys.readouterr().out.split("\n\n")[1].splitlines()[:3]
    best_first = sorted(rows("r"), key=lambda row: (-row["val_accuracy"], row["val_loss"]))
    assert [int(line.split()[0]) for line in table] == [row["trial"] for row in best_first]


def test_no_test_text_is_scored(monkeypatch):
    assert main([*TINY, *VARY, "--trials", "1", "--out", "r"]) == 0
    load = ch_sentiment.commands.tune.load
    monkeypatch.setattr(ch_sentiment.commands.tune, "load", lambda *a: dataclasses.replace(load(*a), test=None))
    assert main([*TINY, *VARY, "--trials", "1", "--out", "without"]) == 0
    assert rows("r") == rows("without") and rows("r")[0]["val_accuracy"] * 6 % 1 == 0  # 6 texts to validate


def test_a_trial_that_overflows_is_a_row_with_its_error():
    assert main([*TINY, "--vary", "lr=1e38,0.01", "--trials", "4", "--out", "r"]) == 0
    found = rows("r")
    lost = [row for row in found if row["error"] is not None]
    assert 0 < len(lost) < 4 and all("step" in row["error"] for row in lost)


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_keeps_the_trials_that_are_done(monkeypatch, capsys):
    trial, count, step = ch_sentiment.commands.tune.trial, [], Trainer._train_step

    def counted(*arguments):
        count.append(1)
        return trial(*arguments)

    def pressed(self, *arguments):
        if len(count) == 2:
            signal.raise_signal(signal.SIGINT)
        return step(self, *arguments)

    monkeypatch.setattr(ch_sentiment.commands.tune, "trial", counted)
    monkeypatch.setattr(Trainer, "_train_step", pressed)
    assert main([*TINY, *VARY, "--trials", "3", "--out", "r"]) == 130
    out, err = capsys.readouterr()
    assert [row["trial"] for row in rows("r")] == [1] and "    1  accuracy" in out
    assert "interrupted: 1 of 3 trials are done; the same command goes on\n" in err


def test_another_search_in_the_same_folder_is_refused(capsys):
    assert main([*TINY, *VARY, "--trials", "1", "--out", "r"]) == 0
    before = Path("r/trials.jsonl").read_bytes()
    for other in (["--vary", "lr=0.001..0.2"], [*VARY, "--batch-size", "9"]):
        assert main([*TINY, *other, "--trials", "2", "--out", "r"]) == 2
        assert "--out: expected the search that r holds" in capsys.readouterr().err
    assert Path("r/trials.jsonl").read_bytes() == before
    Path("full").mkdir()
    Path("full/mine").write_text("precious")
    assert main([*TINY, *VARY, "--out", "full"]) == 2 and os.listdir("full") == ["mine"]
    assert main([*TINY, *VARY, "--test-data", "phrases"]) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--vary", "lr=0.1", "--vary", "lr=0.2"], "--vary: expected each name once, got lr 2 times"),
        (["--vary", "model=bow", "--adversarial", "0.1"], "--adversarial: expected a recurrent model, got bow"),
        (["--recipe", "bow", "--vary", "cell=gru,rnn"], "--cell: expected a recurrent model, got bow"),
        (["--out", ""], "--out: expected a folder, got an empty name"),
        (["--vary", "vocab_size=2"], "--vocab-size: expected at least 3"),
        (["--vary", "freeze-embedding=true"], "--freeze-embedding: expected word vectors"),
        (["--resume", "x"], "--resume: expected none, the same command goes on"),
        (["--overwrite"], "--overwrite: expected none"),
        (["--calibrate"], "--calibrate: expected none"),
        (["--save-every", "1"], "--save-every: expected none"),
        (["--device", "gpu"], "--device: expected none"),
    ],
)
def test_what_no_trial_could_be_is_said_before_anything_is_written(arguments, said, capsys):
    assert main([*TINY, "--trials", "1", *arguments]) == 2
    out, err = capsys.readouterr()
    assert said in err and not out and not os.listdir(".")


@pytest.mark.parametrize("content", ["pos\tgood\npos\tfine\n", "pos\tgood\nneg\tbad\n", "no label\n", ""])
def test_data_that_no_trial_could_use_are_said_before_anything_is_written(content, capsys):
    Path("one.tsv").write_text(content)
    for more in ([], ["--embedding", "not_there.txt"]):
        assert main(["tune", "--data", "phrases-small" if more else "one.tsv", *more, "--trials", "1", "--quiet"]) == 2
        out, err = capsys.readouterr()
        assert not out and len(err.splitlines()) == 1 and os.listdir(".") == ["one.tsv"]


def test_a_search_that_came_to_nothing_leaves_its_folder_to_the_next(monkeypatch, capsys):
    Path("one.tsv").write_text("pos\tgood\nneg\tbad\n")
    slip = ["one.tsv" if argument == "phrases-small" else argument for argument in TINY]
    with monkeypatch.context() as patch:
        patch.setattr(ch_sentiment.commands.tune, "check_trials", lambda *a: None)
        assert main([*slip, *VARY, "--trials", "1", "--out", "r"]) == 2
    assert json.loads(Path("r/search.json").read_text())["options"]["data"] == "one.tsv"
    assert main([*TINY, *VARY, "--trials", "1", "--out", "r"]) == 0 and len(rows("r")) == 1
    assert json.loads(Path("r/search.json").read_text())["options"]["data"] == "phrases-small"


@pytest.mark.parametrize(
    "line", ["{}", "5", "null", '{"trial": 1, "val_loss": "low"}', "no JSON", pytest.param("[" * 100_000, id="deep")]
)
def test_a_file_of_trials_that_holds_something_else_is_one_line(line, capsys):
    assert main([*TINY, *VARY, "--trials", "1", "--out", "r"]) == 0
    Path("r/trials.jsonl").write_text(line + "\n")
    assert main([*TINY, *VARY, "--trials", "2", "--out", "r"]) == 2
    assert "trials.jsonl: expected a trial in every line" in capsys.readouterr().err
