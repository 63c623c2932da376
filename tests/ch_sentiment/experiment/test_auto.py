"""`--recipe auto` looks at number and length of the texts, takes a recipe, and says which and what it costs."""

import json
from pathlib import Path

import pytest
from conftest import call

import ch_sentiment.experiment.run_folder
from ch_sentiment.experiment import auto
from ch_sentiment.experiment.auto import choose, in_words, is_left_open, lengths, minutes_for, recipe_for
from ch_sentiment.experiment.corpus import LabelledTexts
from ch_sentiment.experiment.recipes import RECIPES
from ch_sentiment.experiment.run import fit

AUTO = {"recipe": "auto"}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ch_sentiment.experiment.run_folder, "write_figures", lambda *a: None)  # slow


def sentences(N, words=6, classes=2):
    """LabelledTexts."""
    names = ["bad", "good", "fair"][:classes]
    return LabelledTexts.of(
        [f"{names[i % classes]} {i} " + "film " * (words - 2) for i in range(N)], [names[i % classes] for i in range(N)]
    )


# ---- which


@pytest.mark.parametrize(
    ("N", "length", "unlabelled", "name"),
    [
        (999, 20, False, "nbsvm"),
        (999, 200, True, "nbsvm"),
        (1000, 20, False, "short"),
        (1000, 49.9, True, "short"),
        (1000, 50, False, "nbsvm"),
        (10000, 50, False, "best"),
        (1000, 50, True, "unlabelled"),
        (25000, 230, False, "best"),
        (25000, 230, True, "unlabelled"),
    ],
)
def test_the_recipe_follows_from_number_and_length_of_the_texts(N, length, unlabelled, name):
    assert recipe_for(N, length, unlabelled)[0] == name and name in RECIPES


def test_the_line_says_what_was_seen_what_is_taken_what_it_takes_and_what_else_there_is():
    typed, said = choose({**AUTO, "epochs": 2}, sentences(1000))
    assert typed == {"recipe": "short", "epochs": 2}
    wanted = "1,000 texts of about 6 words: the settings of --recipe short, less than a minute (else --recipe default)"
    assert said == wanted
    assert choose({**AUTO, "limit": 500}, sentences(1000))[1].startswith("500 texts of about 6 words")


def test_what_takes_hours_is_not_begun_unless_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(auto, "MANY_LONG", 1000)
    texts = sentences(1000, words=60)
    assert choose(AUTO, texts)[0] == {"recipe": "best"}
    monkeypatch.setitem(auto.MINUTES, "best", 1e4)
    typed, said = choose(AUTO, texts)
    assert typed == {"recipe": "nbsvm"} and "(best takes about 10 hours, default" in said


def test_more_classes_than_two_do_without_naive_bayes():
    assert choose(AUTO, sentences(1000, classes=3))[0] == {"recipe": "short", "naive_bayes": False}
    typed = {**AUTO, "naive_bayes": True}
    assert choose(typed, sentences(1000, classes=3))[0] == {**typed, "recipe": "short"}
    assert choose(AUTO, sentences(20, classes=3))[0] == {"recipe": "nbsvm"}


def test_minutes_follow_from_the_words_that_are_read():
    assert lengths(["a b c", "a " * 900]) == (451.5, 201.5)
    assert minutes_for("best", 2e6) == 2 * minutes_for("best", 1e6)
    assert minutes_for("unlabelled", 1e6, 1e6) > minutes_for("best", 3e6)
    assert in_words(0.5) == "less than a minute" and in_words(1.2) == "about 1 minute on two cores"
    assert in_words(10.4) == "about 10 minutes on two cores"


# ---- when


def test_a_training_is_left_open_where_no_recipe_and_no_option_of_model_or_training_is_typed():
    for typed in ({}, {"data": "a.tsv"}, {"epochs": 3, "seed": 1, "unlabelled": "b.txt"}, {"limit": 5}):
        assert is_left_open(typed)
    for typed in ({"cell": "gru"}, {"lr": 0.1}, {"recipe": "default"}, {"bidirectional": False}, {"init_from": "p"}):
        assert not is_left_open(typed)
    assert choose({"cell": "gru"}, None) == ({"cell": "gru"}, None)


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ([], "short"),
        (["--recipe", "auto"], "short"),
        (["--recipe", "auto", "--hidden", "3"], "short"),
        (["--hidden", "3"], None),
        (["--recipe", "default"], "default"),
    ],
)
def test_train_chooses_where_nothing_says_how_to_train_and_where_it_is_told_to(more, taken, capsys, monkeypatch):
    monkeypatch.setattr(auto, "MANY", 40)
    texts = sentences(40)
    names = [texts.label_names[i] for i in texts.texts.t]
    Path("own.tsv").write_text("".join(f"{name}\t{text}\n" for name, text in zip(names, texts.texts.texts)))
    assert call("train", "own.tsv", *more, "--epochs", "1", "--out", "r") == 0
    said = "40 texts of about 6 words: the settings of --recipe short"
    assert (said in capsys.readouterr().out) == (taken == "short")
    used = json.loads(Path("r/config.json").read_text())
    assert (used["recipe"], used["bidirectional"]) == (taken, taken == "short")
    assert used["hidden"] == (3 if "--hidden" in more else 64)


def test_the_phrases_are_trained_as_the_pages_say(capsys):
    assert call("train", "--epochs", "1", "--limit", "1200", "--out", "r") == 0
    assert "--recipe" not in capsys.readouterr().out


def test_fit_chooses_where_it_is_told_to(monkeypatch):
    monkeypatch.setattr(auto, "MANY", 40)
    texts = sentences(40)
    model = fit(texts.texts.texts, texts.texts.t, recipe="auto", epochs=1, hidden=3)
    assert RECIPES["short"].settings["wide"] and model.net.config["net"]["bidirectional"]
    assert not fit(texts.texts.texts, texts.texts.t, epochs=1, hidden=3).net.config["bidirectional"]


def test_commands_that_do_not_choose_say_so(capsys):
    assert call("lr-find", "--recipe", "auto") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "got 'auto', which `train` and `fit` alone know" in said


def test_the_recipe_unlabelled_asks_for_texts_without_labels(capsys):
    assert call("train", "--recipe", "unlabelled", "--data", "phrases", "--out", "r") == 2
    wanted = "--recipe unlabelled: expected texts without labels, --unlabelled FILE, got none"
    assert wanted in capsys.readouterr().err and not Path("r").exists()
