"""`sentifish compact`: the copy, what is said of it, and what is refused in one line."""

import json
import shutil

import pytest

from ch_sentiment.experiment.classifier import Classifier
from tests.conftest import call

PHRASES = ("--data", "phrases")


@pytest.fixture
def model(phrases_model, here):
    """A folder of its own with the model of the phrases."""
    (here / "run").mkdir()
    shutil.copy(phrases_model / "model.npz", here / "run")
    return here / "run"


@pytest.fixture
def few(write):
    return write("few.tsv", "negative\tit was very bad\npositive\tit was very good\n")


@pytest.fixture
def small(model, few, capsys):
    assert call("compact", model, few) == 0
    capsys.readouterr()
    return model / "model.compact.npz"


def test_the_copy_lies_beside_the_model_and_both_are_scored(model, capsys):
    before = (model / "model.npz").read_bytes()
    assert call("compact", model) == 0
    told = capsys.readouterr().out.splitlines()
    assert (model / "model.npz").read_bytes() == before
    size = (model / "model.compact.npz").stat().st_size
    assert told[0] == "scored: phrases, 770 texts: negative (385), positive (385)"
    assert told[1].split() == ["before", "after"]
    assert told[2].split() == ["bytes", f"{len(before):,}", f"{size:,}"]
    assert [line.split()[0] for line in told[3:6]] == ["words", "accuracy", "loss"]
    assert "points on 770 texts: " in told[6] and "answers became right and" in told[6]
    assert told[7] == f"written to {model / 'model.compact.npz'}" and len(told) == 8


def test_json_says_the_same_and_the_file_remembers_it(model, capsys):
    out = model / "small.npz"
    assert call("compact", model, "--json", "--words", 30, "--dtype", "float16", "--out", out) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == str(out) and told["dtype"] == "float16" and told["data"] == "phrases"
    assert told["bytes"] == [(model / "model.npz").stat().st_size, out.stat().st_size]
    assert told["words"][1] == 30 and told["ngrams"] == [0, 0] and told["texts"] == 770
    loaded = Classifier.load(out)
    assert len(loaded.vocab.words) == 30 and loaded.packed == "float16"
    found = loaded.metrics.pop("compact")
    assert found["accuracy"] == told["accuracy"] and found["of_bytes"] == told["bytes"][0]
    assert loaded.metrics == Classifier.load(model).metrics
    assert call("evaluate", out, *PHRASES, "--json") == 0
    scores = json.loads(capsys.readouterr().out)
    assert [round(scores[name], 6) for name in ("accuracy", "loss")] == [told[name][1] for name in ("accuracy", "loss")]
    right = told["became_right"] - told["became_wrong"]
    assert round(770 * (told["accuracy"][1] - told["accuracy"][0])) == right


def test_a_size_is_kept(model, few):
    whole = (model / "model.npz").stat().st_size
    assert call("compact", model, "--size", "5.8kB", few) == 0
    size = (model / "model.compact.npz").stat().st_size
    assert 5700 < size <= 5800 < whole


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "SMALL", "it was very good"),
        ("predict", "run", "--with", "SMALL", "it was very good"),
        ("predict", "SMALL", "--with", "SMALL", "it was very good"),
        ("explain", "SMALL", "it was very good"),
        ("evaluate", "SMALL", "few.tsv"),
        ("inspect", "SMALL"),
        ("audit", "SMALL"),
    ],
)
def test_a_copy_is_taken_wherever_a_model_is(arguments, small, model, here, monkeypatch, capsys):
    monkeypatch.chdir(here)
    assert call(*(small if word == "SMALL" else word for word in arguments)) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, told",
    [
        (("--words", "100000"), "--words: expected from 1 to 6"),
        (("--words", "0"), "argument --words: expected a whole number above 0"),
        (("--words", "ten"), "argument --words: expected a whole number above 0"),
        (("--size", "9"), "--size: expected room for 1 word and the rest of the model, "),
        (("--size", "9XB"), "argument --size: expected bytes, as in 900000, 900kB or 1.5MB, got '9XB'"),
        (("--size", "0"), "argument --size: expected bytes"),
        (("--size", "nan"), "argument --size: expected bytes"),
        (("--dtype", "int4"), "argument --dtype: invalid choice: 'int4'"),
        (("two.tsv",), "two.tsv, line 1: unknown label"),
        (("missing.tsv",), "missing.tsv"),
        (("--data", ""), "expected the name of labelled text, got an empty one"),
        (("--out", "run/model.npz"), "--out run/model.npz: expected another file than "),
        (("--out", "run"), "--out run: expected the name of a file, got a folder"),
        (("--out", ""), "--out : expected the name of a file, got an empty one"),
        (("--out", "nowhere/small.npz"), "got one in a folder that is not there"),
        (("two.tsv", "--out", "two.tsv"), "--out two.tsv: expected another file than two.tsv, which is read"),
    ],
)
def test_bad_input_gets_one_line(arguments, told, model, said, write, here, monkeypatch):
    monkeypatch.chdir(here)
    write("two.tsv", "0\tbad\n1\tgood\n")
    assert told in said("compact", "run", *arguments)


def test_a_model_of_other_data_asks_for_texts(model, said):
    loaded = Classifier.load(model)
    loaded.metrics["trained_on"]["name"] = "mine.csv"
    loaded.save(model / "model.npz")
    assert "expected labelled text to score the model on, as in --data FILE, got none" in said("compact", model)


def test_a_small_model_is_not_made_small_again(small, said):
    assert "expected a model that is not compact yet, got one in int8" in said("compact", small, *PHRASES)


def test_a_damaged_copy_is_named_with_its_defect(small, said):
    content = bytearray(small.read_bytes())
    content[-2000] ^= 4
    small.write_bytes(content)
    assert f"{small}: " in said("predict", small, "very good")


def test_the_model_card_tells_of_both(small):
    assert call("audit", small) == 0
    told = (small.parent / "model_card.md").read_text()
    assert "a small copy of a model, whose figures stand below" in told and "few.tsv" in told


def test_a_copy_is_exported_as_other_models_are(small, here, capsys):
    assert call("export", small, "--onnx", here / "small.onnx") == 0
    assert (here / "small.onnx").stat().st_size > 0
