"""`--tokenizer words`: an option like others, kept with the model; without its package one line, nothing written."""

import functools
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, call, same_weights

from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.run import fit
from common.processes import map_on_cores
from dataset.chinese_words import cutter
from dataset.errors import DataError
from dataset.store.token_cache import tokenize_texts
from dataset.text import Cleaning

PAIRS = [("我很喜欢这家的{}", "我不喜欢这家的{}"), ("{}很好吃！", "{}不好吃！"), ("{}值得推荐", "{}不推荐")]
NOUNS = ("菜", "饭", "汤", "饼", "米饭", "牛肉", "鱼")
TEXTS = [pair[i].format(noun) for pair in PAIRS for noun in NOUNS for i in (0, 1)]
WORDS = ["--tokenizer", "words"]


@pytest.fixture
def zh(write):
    return write("zh.csv", "label,text\n" + "".join(f"{('好', '差')[i % 2]},{text}\n" for i, text in enumerate(TEXTS)))


@pytest.fixture
def without_rjieba(monkeypatch):
    monkeypatch.setitem(sys.modules, "rjieba", None)
    cutter.cache_clear()
    yield
    cutter.cache_clear()


def test_the_tokenizer_is_kept_with_the_model_and_the_training(zh, no_figures, capsys):
    assert call("train", zh, *TINY, *WORDS, "--out", "w") == 0
    assert json.loads(Path("w/config.json").read_text("utf-8"))["tokenizer"] == "words"
    model = Classifier.load("w")
    assert model.cleaning.tokenizer == "words" and {"不", "喜欢", "好吃", "推荐"} <= set(model.vocab.words)
    assert call("train", zh, *TINY, *WORDS, "--epochs", "1", "--out", "r") == 0
    assert call("train", "--resume", "r", "--epochs", "2", "--quiet") == 0
    assert same_weights("w", "r")


@pytest.mark.parametrize("kind", ["nbsvm", "bow"])
def test_the_baselines_have_the_option(kind, zh, no_figures):
    assert call("baseline", zh, "--kind", kind, "--epochs", "1", "--quiet", *WORDS, "--out", "o") == 0
    assert Classifier.load("o").cleaning.tokenizer == "words"


def test_a_recipe_that_is_chosen_by_the_texts_and_a_search_take_it(zh, no_figures, capsys):
    assert call("train", zh, "--recipe", "auto", *WORDS, "--epochs", "1", "--quiet", "--out", "a") == 0
    assert Classifier.load("a").cleaning.tokenizer == "words"
    vary = ["--vary", "tokenizer=characters,words", "--vary", "hidden=2,4"]
    assert call("tune", zh, *vary, "--trials", "2", "--epochs", "1", "--out", "t") == 0
    assert call("tune", zh, "--vary", "tokenizer=jieba", "--out", "u") == 2
    assert "expected one of characters, words, got 'jieba'" in capsys.readouterr().err


AUTO = ["train", "--recipe", "auto"]


@pytest.mark.parametrize("command", [["train"], AUTO, ["baseline"], ["compare"], ["lr-find"], ["tune"], ["pretrain"]])
def test_without_rjieba_nothing_begins(command, zh, said, without_rjieba):
    assert "tokenizer words: expected the package rjieba, got none (pip install 'sentifish[zh]')" in said(
        command[0], zh, *command[1:], *WORDS, "--out", "o"
    )


def test_without_rjieba_a_model_of_words_is_inspected_but_not_asked(zh, no_figures, said, capsys, monkeypatch):
    assert call("train", zh, *TINY, *WORDS, "--out", "w") == 0
    monkeypatch.setitem(sys.modules, "rjieba", None)
    cutter.cache_clear()
    capsys.readouterr()
    of_a_text = [[command, "w", "不好吃"] for command in ("predict", "explain")]
    for command in (*of_a_text, ["evaluate", "w", zh], ["train", "--resume", "w"]):
        assert "pip install 'sentifish[zh]'" in said(*command)
    assert call("inspect", "w") == 0
    cutter.cache_clear()


def test_word_vectors_of_chinese_words_are_found(zh, write, no_figures, capsys):
    vectors = write("zh.vec", "4 3\n不 1 2 3\n喜欢 2 3 4\n好吃 3 4 5\n推荐 4 5 6\n")
    small = ["--hidden", "4", "--epochs", "1", "--embedding", vectors, "--freeze-embedding"]
    assert call("train", zh, *small, *WORDS, "--out", "o") == 0
    words = len(Classifier.load("o").vocab.words)
    assert f"and {4 / words:.1%} of the words" in capsys.readouterr().out


def test_fit_takes_it_and_refuses_another():
    model = fit(TEXTS, ["good", "bad"] * (len(TEXTS) // 2), tokenizer="words", epochs=1)
    assert model.words("我不喜欢") == (["我", "不", "喜欢"], 3)
    for wrong in ("jieba", 1, None):
        with pytest.raises(DataError, match="tokenizer: expected "):
            fit(TEXTS, ["good", "bad"] * (len(TEXTS) // 2), tokenizer=wrong)


def on(n, f, items):
    return map_on_cores(f, items, n)


def test_several_processes_find_the_same_words():
    texts = [f"{text} {i}" for i in range(40) for text in TEXTS]
    words, processes = Cleaning(tokenizer="words"), (1, 2)
    alone, together = (tokenize_texts(texts, words, False, False, functools.partial(on, n)) for n in processes)
    assert alone.words == together.words and np.array_equal(alone.ids, together.ids)


def test_a_pretraining_of_characters_is_none_of_words(write, zh, no_figures, said, capsys):
    plain = write("plain.txt", "".join(f"{text}{i}\n" for i in range(9) for text in TEXTS))
    small = ["--task", "skip-gram", "--epochs", "1", "--wordvec", "4", "--quiet"]
    for name, how in (("c", []), ("w", WORDS)):
        assert call("pretrain", plain, *small, *how, "--out", name) == 0
    assert call("train", zh, *TINY, *WORDS, "--init-from", "w", "--out", "o") == 0
    capsys.readouterr()
    expected = "expected --tokenizer characters, as it was pretrained, got --tokenizer words"
    assert expected in said("train", zh, *TINY, *WORDS, "--init-from", "c", "--out", "n")
