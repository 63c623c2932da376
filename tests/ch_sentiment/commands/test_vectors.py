"""`sentifish vectors`: answers of a model, a pretraining and files; what cannot be answered is one line."""

import gzip
import json
import os

import numpy as np
import pytest
from conftest import call, lines_of, start
from gensim.models import FastText
from gensim.models.fasttext import load_facebook_vectors, save_facebook_model

from ch_sentiment.experiment.classifier import Classifier
from dataset.text import UNK

ROWS = "man 1 0 0\nking 1 1 0\nwoman 0 0 1\nqueen 0 1 1\n\u5973\u738b -1 -1 -1\n"


def asked(capsys, *arguments):
    capsys.readouterr()
    assert call("vectors", *arguments) == 0
    return capsys.readouterr().out


def test_the_answers_are_lines_of_a_word_and_its_similarity(write, capsys):
    write("v.txt", ROWS)
    assert asked(capsys, "nearest", "v.txt", "king", "man", "--top", "2") == (
        "king\n  man    0.7071\n  queen  0.5000\nman\n  king   0.7071\n  woman  0.0000\n"
    )
    assert asked(capsys, "analogy", "v.txt", "man", "king", "woman") == (
        "man : king = woman : ?\n  queen   0.9586\n  \u5973\u738b     -0.6484\n"
    )
    found = json.loads(asked(capsys, "analogy", "v.txt", "man", "king", "woman", "--json"))
    assert found["analogy"] == ["man", "king", "woman"] and found["answers"][0]["word"] == "queen"
    assert found["notes"] == ["5 rows of 3 numbers"]


@pytest.mark.parametrize("recipe", ["default", "short", "bow"])
def test_a_trained_model_answers_by_its_own_vectors(recipe, two, no_figures, capsys):
    how = ["--epochs", "1", "--hidden", "4", "--wordvec", "4", "--quiet", "--out", "run"]
    assert call("train", two, "--recipe", recipe, *how) == 0
    found = json.loads(asked(capsys, "nearest", "run", "good", "--top", "1", "--json"))["nearest"]["good"]
    model = Classifier.load("run")
    W = next(weights for weights in model.net.weights().values() if weights.shape == (len(model.vocab), 4))[UNK + 1 :]
    W = W / np.linalg.norm(W, axis=1, keepdims=True)
    cosines = dict(zip(model.vocab.words, W @ W[model.vocab.words.index("good")]))
    del cosines["good"]
    assert found[0]["word"] == max(cosines, key=cosines.get)
    assert found[0]["similarity"] == pytest.approx(max(cosines.values()), abs=1e-5)
    assert asked(capsys, "nearest", os.path.join("run", "model.npz"), "good").startswith("good\n")
    assert call("compact", "run", two, "--out", "small") == 0
    assert asked(capsys, "nearest", "small", "good").startswith("good\n")


def test_a_pretraining_answers(write, capsys):
    write("texts.txt", "".join(f"a good film number{i} is a good thing\n" for i in range(150)))
    how = ["--task", "skip-gram", "--wordvec", "4", "--epochs", "1", "--quiet", "--out", "pre"]
    assert call("pretrain", "texts.txt", *how) == 0
    assert asked(capsys, "nearest", "pre", "film", "--top", "1").startswith("film\n  ")


@pytest.mark.parametrize("packed", [False, True])
def test_a_model_of_fasttext_answers_for_a_word_that_it_does_not_know(packed, here, capsys):
    texts = [["good", "film", "bad", "movie", "\u4e0d\u559c\u6b22"], ["</s>", "films"]]
    save_facebook_model(FastText(texts, vector_size=5, min_count=1, bucket=300, epochs=1), "ft.bin")
    theirs = load_facebook_vectors("ft.bin")
    name = "ft.bin"
    if packed:
        name = "ft.bin.gz"
        (here / name).write_bytes(gzip.compress((here / "ft.bin").read_bytes()))
    found = json.loads(asked(capsys, "nearest", name, "filming", "--top", "3", "--json"))
    right = [pair for pair in theirs.most_similar("filming", topn=7) if pair[0] != "</s>"]
    ours = [pair for pair in found["nearest"]["filming"] if pair["word"] != "</s>"]
    assert [pair["word"] for pair in ours] == [word for word, _ in right][: len(ours)]
    np.testing.assert_allclose([pair["similarity"] for pair in ours], [s for _, s in right][: len(ours)], atol=1e-6)
    assert found["notes"][1] == "filming: not in the dictionary, and made of its n-grams"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["nearest", "v.txt", "kng", "nobody"],
            "v.txt: expected words that it has vectors for, got 'kng' (near: king)",
        ),
        (["analogy", "v.txt", "man", "king"], "analogy: expected three words, A is to B as C is to ..., got 2"),
        (["nearest", "none.txt", "man"], "none.txt: expected a file, or one of glove.50"),
        (["nearest", "empty", "man"], "model.npz: expected a checkpoint, got No such file"),
        (["nearest", "r.tsv", "man"], "r.tsv: expected"),
        (["nearest", "v.txt", "man", "--top", "0"], "--top: expected a whole number above 0"),
        (["farthest", "v.txt", "man"], "invalid choice: 'farthest'"),
        (["nearest", os.devnull, "man"], "expected a file, which is read twice, got a pipe or a device"),
    ],
)
def test_what_cannot_be_answered_is_one_line(arguments, line, write, here, said):
    write("v.txt", ROWS)
    write("r.tsv", "pos\ta good film\n")
    (here / "empty").mkdir()
    assert line in said("vectors", *arguments)


def test_a_model_without_word_vectors_is_named(two, no_figures, said, capsys):
    assert call("train", two, "--recipe", "nbsvm", "--quiet", "--out", "nb") == 0
    capsys.readouterr()
    assert "nb: expected a model with word vectors, got NBSVM, which has none" in said("vectors", "nearest", "nb", "a")


def test_a_process_answers_in_any_locale(write, here):
    write("v.txt", ROWS)
    out, err = start("vectors", "nearest", "v.txt", "\u5973\u738b", "--top", "1", cwd=here).communicate()
    assert out.startswith("\u5973\u738b\n  ") and err == "v.txt: 5 rows of 3 numbers\n"


# ---- train --embedding --wordvec


def test_vectors_of_another_size_than_wordvec_are_refused_where_it_is_typed(two, write, said, here):
    write("v.txt", "good 1 2 3\nbad 3 4 5\n")
    for wordvec in ("4", "64"):
        line = said("train", two, "--embedding", "v.txt", "--wordvec", wordvec)
        assert f"--wordvec: expected 3, the size of the vectors of v.txt, got {wordvec}" in line
    assert "expected 50, the size of the vectors of glove.50, got 8" in said(
        "train", two, "--recipe", "numpy-speeches", "--wordvec", "8"
    )


def test_a_search_and_a_comparison_refuse_them_too_before_anything_is_written(two, write, said, here):
    write("v.txt", "good 1 2 3\nbad 3 4 5\n")
    before = sorted(os.listdir())
    line = "--wordvec: expected 3, the size of the vectors of v.txt, got 4"
    assert line in said("tune", two, "--recipe", "default", "--embedding", "v.txt", "--vary", "wordvec=4")
    assert line in said("tune", two, "--recipe", "default", "--wordvec", "4", "--vary", "embedding=v.txt")
    assert line in said("compare", two, "--embedding", "v.txt", "--wordvec", "4")
    assert sorted(os.listdir()) == before


def test_a_comparison_takes_the_size_of_the_file(two, write, no_figures):
    write("v.txt", "good 1 2 3\nbad 3 4 5\n")
    how = ["--hidden", "4", "--epochs", "1", "--quiet", "--processes", "1", "--out", "c"]
    assert call("compare", two, "--embedding", "v.txt", *how) == 0
    assert Classifier.load("c/lstm").net.config["wordvec_size"] == 3


@pytest.mark.parametrize("typed", [[], ["--wordvec", "3"]])
def test_without_wordvec_or_with_the_same_the_size_of_the_file_counts(typed, two, write, no_figures):
    write("v.txt", "good 1 2 3\nbad 3 4 5\n")
    how = ["--hidden", "4", "--epochs", "1", "--quiet", "--out", "run"]
    assert call("train", two, "--embedding", "v.txt", *typed, *how) == 0
    assert Classifier.load("run").net.config["wordvec_size"] == 3


def test_texts_start_from_a_model_of_fasttext_and_its_notes_are_said(write, no_figures, capsys):
    save_facebook_model(FastText([["good", "film"]], vector_size=5, min_count=1, bucket=300, epochs=1), "ft.bin")
    write("r.tsv", lines_of([("pos", "good films"), ("neg", "bad filming")] * 10))
    how = ["--hidden", "4", "--epochs", "1", "--out", "run"]
    assert call("train", "r.tsv", "--embedding", "ft.bin", *how) == 0
    out = "".join(capsys.readouterr())
    assert "ft.bin: 2 words and n-grams of 3 to 6 characters in 300 buckets, 5 numbers each, vectors for" in out
    assert "ft.bin: words that are not among them, and made of their n-grams: 3" in out
