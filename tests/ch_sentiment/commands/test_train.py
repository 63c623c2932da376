"""`sentifish train` as a person meets it: what it prints, what it writes, and what it says of bad input."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import THREE, TINY, TWO, call, lines_of, same_weights

from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.options import OPTIMIZERS
from dataset import phrases

pytestmark = pytest.mark.usefixtures("here")
without_figures = pytest.mark.usefixtures("no_figures")
WRITTEN = ["config.json", "confusion.png", "history.json", "last.npz", "learning_curve.png", "model.npz"]


def test_train_writes_six_files_and_says_what_it_found(here, capsys, two):
    assert call("train", "--data", two, *TINY, "--out", "a/run") == 0
    out, err = capsys.readouterr()
    assert err == "" and sorted(os.listdir("a/run")) == WRITTEN
    beside = r'\(95% interval \d+\.\d\d% to \d+\.\d\d%; always answering "neg": 50\.00%; by chance: 50\.00%\)'
    assert re.search(rf"^validation accuracy \d+\.\d\d% on 4 texts {beside}, last epoch 2$", out, re.M)
    assert "written to a/run" in out and all(name in out for name in WRITTEN)
    assert len(re.findall(r"^  (neg|pos)\t[01]\.\d{4}\t(good|bad) ", out, re.M)) == 4
    history = json.loads(Path("a/run/history.json").read_text())
    config = json.loads(Path("a/run/config.json").read_text())
    assert [row["epoch"] for row in history] == [1, 2] and history[0]["val_loss"] > 0
    assert config["hidden"] == 4 and config["data"] == two and config["labels"] == ["neg", "pos"]
    assert config["best_epoch"] == 2 and "not fitted: after 2 epochs the training loss is " in out
    for name in ("learning_curve.png", "confusion.png"):
        assert Path("a/run", name).read_bytes().startswith(b"\x89PNG")


@without_figures
def test_without_out_runs_are_numbered_and_none_is_overwritten(here, two):
    for extra in ([], [], ["--bidirectional", "--cell", "rnn"]):
        assert call("train", "--data", two, *TINY, *extra) == 0
    assert sorted(os.listdir("runs")) == ["two-birnn-1", "two-lstm-1", "two-lstm-2"]
    assert same_weights("runs/two-lstm-1", "runs/two-lstm-2")


@without_figures
def test_another_seed_is_another_model(two):
    for seed in (1, 2):
        assert call("train", "--data", two, *TINY, "--seed", seed, "--out", f"r{seed}") == 0
    assert not same_weights("r1", "r2")


@without_figures
def test_one_seed_is_one_file_to_the_byte(two):
    for name in ("r1", "r2"):
        assert call("train", "--data", two, *TINY, "--out", name) == 0
    assert Path("r1/model.npz").read_bytes() == Path("r2/model.npz").read_bytes()


@without_figures
@pytest.mark.parametrize("quiet", [True, False])
def test_there_is_a_table_line_per_epoch_unless_quiet(two, capsys, quiet):
    arguments = [a for a in TINY if a != "--quiet" or quiet]
    assert call("train", "--data", two, *arguments, "--out", "r") == 0
    out = capsys.readouterr().out
    rows = re.findall(
        r"^ +[12]  +\d\.\d{4}  +\d\.\d{4}  +\d\.\d{4}  +\d\.\d{4} ±0\.\d\d  +[\d,]+  +\d+\.\d$", out, re.M
    )
    assert len(rows) == (0 if quiet else 2)
    assert ("val accuracy" in out) is not quiet and ("parameters" in out) is not quiet


@pytest.mark.parametrize(
    "how",
    [
        *(["--cell", cell] for cell in ("rnn", "gru", "lstm")),
        ["--bidirectional"],
        ["--layers", "2"],
        *(["--pool", pool] for pool in ("mean", "max", "attention")),
        *(["--optimizer", name] for name in OPTIMIZERS),
        ["--dropout", "0.5", "--word-dropout", "0.1", "--clip", "0.5", "--batch-size", "7", "--lr", "0.01"],
        ["--bidirectional", "--layers", "2", "--cell", "gru", "--pool", "attention", "--patience", "1"],
    ],
    ids=" ".join,
)
def test_every_variant_is_one_argument(how, monkeypatch):
    import ch_sentiment.commands.train

    monkeypatch.setattr(ch_sentiment.experiment.run_folder, "write_figures", lambda *a: None)  # slow
    assert call("train", *TINY, "--limit", "40", "--out", "r", *how) == 0
    model = Classifier.load("r")
    told = dict(zip(how, [*how[1:], ""]))
    for flag, key in (("--cell", "cell"), ("--layers", "num_layers"), ("--pool", "pool"), ("--dropout", "dropout")):
        if flag in told:
            assert str(model.net.config[key]) == told[flag]
    if "--bidirectional" in how:
        assert model.net.config["bidirectional"] is True
    kept = json.loads(Path("r/config.json").read_text())
    for flag, value in told.items():
        if flag.startswith("--") and value and not value.startswith("--"):
            assert str(kept[flag[2:].replace("-", "_")]) == value


@without_figures
def test_the_phrases_are_learned_to_99_percent_by_the_default_run(capsys):
    assert call("train", "--quiet", "--out", "r") == 0
    report = json.loads(Path("r/history.json").read_text())
    assert report[-1]["accuracy"] > 0.9
    out = capsys.readouterr().out
    assert float(re.search(r"test accuracy (\d+\.\d+)%", out)[1]) >= 99
    assert sum(phrase in out for phrase in phrases.SAMPLES) == len(phrases.SAMPLES)
    assert call("evaluate", "r", "--json") == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] >= 0.99


@without_figures
def test_tsv_csv_and_folder_give_the_same_model(write, two):
    write("two.csv", lines_of([(label, f'"{text}"') for label, text in TWO], ","))
    for name in ("two.tsv", "two.csv"):
        assert call("train", "--data", name, *TINY, "--out", f"r-{name}") == 0
    assert same_weights("r-two.tsv", "r-two.csv")
    for i, (label, text) in enumerate(TWO):
        write(f"folder/{label}/{i:02}.txt", text)
    assert call("train", "--data", "folder", *TINY, "--out", "r-folder") == 0
    assert Classifier.load("r-folder").label_names == ["neg", "pos"]


@without_figures
def test_three_classes(write, capsys):
    write("three.tsv", lines_of(THREE))
    assert call("train", "--data", "three.tsv", "--classes", "3", *TINY, "--out", "r") == 0
    assert Classifier.load("r").label_names == ["a", "b", "c"]
    assert call("evaluate", "r", "--data", "three.tsv", "--json") == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert np.shape(report["confusion"]) == (3, 3) and report["n"] == 42
    assert call("predict", "--json", "r", "good thing") == 0
    assert set(json.loads(capsys.readouterr().out)["probabilities"]) == {"a", "b", "c"}


@without_figures
def test_test_data_is_scored_once_and_plays_no_part_in_training(write, two, capsys):
    write("test.tsv", lines_of([("pos", "unheard word"), ("neg", "bad"), ("neg", "poor")]))
    assert call("train", "--data", two, *TINY, "--out", "plain") == 0
    assert call("train", "--data", two, "--test-data", "test.tsv", *TINY, "--out", "scored") == 0
    assert "test accuracy" in capsys.readouterr().out
    plain, scored = Classifier.load("plain"), Classifier.load("scored")
    assert same_weights("plain", "scored")
    assert scored.vocab == plain.vocab and "unheard" not in scored.vocab and scored.metrics["test"]["n"] == 3


@without_figures
def test_the_vocabulary_is_no_larger_than_asked_and_of_the_training_part_only(write):
    write("many.tsv", lines_of([(i % 2, f"shared word{i}") for i in range(60)]))
    assert call("train", "--data", "many.tsv", *TINY, "--vocab-size", "10", "--out", "r") == 0
    model = Classifier.load("r")
    assert len(model.vocab) == 10 == len(model.net.params[0])
    assert call("train", "--data", "many.tsv", *TINY, "--validation", "0.5", "--out", "half") == 0
    assert len(Classifier.load("half").vocab) == 30 + 1 + 2


@without_figures
def test_max_len_and_limit_are_obeyed(two):
    assert call("train", "--data", two, *TINY, "--max-len", "3", "--limit", "20", "--out", "r") == 0
    model = Classifier.load("r")
    assert model.max_len == 3 and len(model.encode(["a b c d e"])[0]) == 3
    assert model.metrics["validation"]["n"] == 2


def test_overwrite_writes_into_a_folder_that_holds_files(two, write):
    write("r/mine.txt", "precious")
    assert call("train", "--data", two, *TINY, "--out", "r", "--overwrite") == 0
    assert sorted(os.listdir("r")) == sorted([*WRITTEN, "mine.txt"]) and Path("r/mine.txt").read_text() == "precious"


@without_figures
def test_the_model_saved_is_that_of_the_best_epoch(write):
    rng = np.random.default_rng(0)  # labels that mean nothing: what is learned is wrong elsewhere
    noise = [(rng.integers(2), " ".join(f"word{i}" for i in rng.integers(20, size=3))) for _ in range(60)]
    how = ["--epochs", "8", "--lr", "0.1", "--hidden", "8", "--dropout", "0", "--validation", "0.3", "--patience", "8"]
    how += ["--keep-epoch", "best"]
    assert call("train", "--data", write("n.tsv", lines_of(noise)), *TINY, *how, "--out", "r") == 0
    history, model = json.loads(Path("r/history.json").read_text()), Classifier.load("r")
    best = min(history, key=lambda row: row["val_loss"])
    assert best["epoch"] < len(history) == 8
    assert (
        model.metrics["best"]["epoch"] == best["epoch"] == json.loads(Path("r/config.json").read_text())["best_epoch"]
    )
    assert model.metrics["validation"]["loss"] == pytest.approx(best["val_loss"], rel=1e-4)


# ---- bad input


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.tsv", "", "empty.tsv: expected labelled texts"),
        ("empty.csv", "", "empty.csv: expected labelled texts"),
        ("one.tsv", "good\nbad\n", "expected a column of texts and one of labels"),
        ("class.tsv", "a\tx\na\ty\n", "1 class"),
        ("bytes.tsv", b"a\tx\nb\t\xff\xfe\n", "line 2: expected UTF-8"),
        ("clean.tsv", "a\tgood\nb\t<br/> ...\na\tx\nb\ty\n", "got 1 labelled b (line 4); clean.tsv: 1 of 4 rows is"),
        ("single.tsv", "a\tx\na\ty\nb\tz\n", "expected at least 2 texts of each label, got 1 labelled b (line 3)"),
        ("zip.tsv", b"PK\x03\x04\x00\xff\x00", "expected"),
    ],
)
def test_bad_data_is_one_line_and_exit_2(said, write, two, name, content, words):
    write(name, content)
    assert words in said("train", "--data", name, *TINY)
    assert words in said("train", "--data", name, *TINY, "--out", "r")
    line = said("train", "--data", two, "--test-data", name, *TINY, "--out", "r")
    assert name in line or words in line


def test_missing_data_and_an_empty_folder_are_one_line_and_exit_2(said, here, two):
    assert "nowhere.tsv" in said("train", "--data", "nowhere.tsv", *TINY)
    assert "no where.tsv" in said("train", "--data", "no\nwhere.tsv", *TINY)
    (here / "void").mkdir()
    assert "void: expected one sub-folder per class" in said("train", "--data", "void", *TINY)
    assert "nowhere.tsv" in said("train", "--data", two, "--test-data", "nowhere.tsv", *TINY, "--out", "r")


def test_labels_that_training_never_saw_are_one_line_and_exit_2(said, write, two):
    write("other.tsv", lines_of([("pos", "x"), ("odd", "y")]))
    assert "line 2: unknown label 'odd'" in said("train", "--data", two, "--test-data", "other.tsv", *TINY)
    write("odd.tsv", lines_of([("odd", "x"), ("even", "y")] * 20))
    assert "phrases" in said("train", "--data", "odd.tsv", "--test-data", "phrases", *TINY)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cell", "perceptron"], "perceptron"),
        (["--pool", "sum"], "sum"),
        (["--optimizer", "magic"], "magic"),
        *(
            ([f"--{name}", bad], f"--{name}")
            for name in ("hidden", "wordvec", "layers", "batch-size", "epochs", "max-len", "vocab-size", "patience")
            for bad in ("0", "-3", "1.5", "many", "")
        ),
        *(([f"--{name}", bad], f"--{name}") for name in ("lr", "clip") for bad in ("0", "-1", "nan", "inf", "x")),
        *(([f"--{n}", bad], f"--{n}") for n in ("dropout", "word-dropout", "validation") for bad in ("1", "-1", "nan")),
        (["--vocab-size", "2"], "--vocab-size"),
        (["--limit", "0"], "--limit"),
        (["--limit", "3"], "--limit"),
        (["--seed", "-1"], "--seed"),
        (["--classes", "0"], "--classes"),
        (["--classes", "3"], "3 were asked for"),
        (["--classes", "1"], "above 1"),
        (["--nonsense"], "--nonsense"),
        (["--data"], "--data"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_option_that_cannot_be_is_one_line_that_names_it_and_exit_2(arguments, words, said):
    assert words in said("train", *TINY, *arguments)


def test_a_net_larger_than_the_memory_is_one_line_and_exit_2(said):
    assert "expected a net that fits into the memory of" in said("train", *TINY, "--hidden", "10000000")


def test_an_output_that_is_not_empty_or_a_file_is_refused_before_anything_is_read(said, write, monkeypatch):
    import ch_sentiment.commands.train

    monkeypatch.setattr(ch_sentiment.commands.train, "load", lambda *a: pytest.fail("it was read"))
    write("full/model.npz", "precious")
    write("file", "precious")
    assert "full holds files (--overwrite" in said("train", *TINY, "--out", "full")
    assert "expected a folder, file is a file" in said("train", *TINY, "--out", "file")


def test_a_folder_that_cannot_be_made_is_one_line(said, write):
    write("file", "precious")
    assert "file" in said("train", *TINY, "--limit", "40", "--out", "file/below")
