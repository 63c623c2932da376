"""The chapter's scripts run from any folder, and say in one line what is wrong with what they are given."""

import sys

import numpy as np
import pytest

from ch_language import compare, generate_text, pretrain, train, train_better, train_custom_loop
from ch_language.corpus import ids_of, load_corpus
from ch_language.model import LanguageModel
from ch_language.saved import load_model, save_model
from dataset import sentences
from dataset.errors import DataError
from dataset.ptb import EOS

TEXT = "the king and the queen sit\nthe man and the woman walk\nyou see a car this year\n" * 60
TRAININGS = (train_custom_loop, train, train_better, compare)


@pytest.fixture
def main(here, monkeypatch):
    """main(script, arguments...) -> exit code; with a small text, few epochs and small models."""
    text = sentences.load_text(150)
    monkeypatch.setattr(sentences, "load_text", lambda: text)
    for script in TRAININGS:
        monkeypatch.setattr(script, "MAX_EPOCH", 2)
        monkeypatch.setattr(script, "BATCH_SIZE", 5)
        monkeypatch.setattr(script, "TIME_SIZE", 8)
        for name in ("SIZE", "WORDVEC_SIZE", "HIDDEN_SIZE"):
            if hasattr(script, name):
                monkeypatch.setattr(script, name, 12)

    def run_main(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script.__name__, *arguments])
        try:
            script.main()
        except SystemExit as left:
            return left.code
        return 0

    return run_main


def perplexities(out):
    return [float(line.split()[-1]) for line in out.splitlines() if line.startswith("| epoch")]


def test_the_custom_loop_learns_and_writes_nothing(main, here, capsys):
    assert main(train_custom_loop) == 0
    out = capsys.readouterr().out
    assert perplexities(out)[1] < perplexities(out)[0] and "perplexity of the validation text" in out
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("script", [train, train_better])
@pytest.mark.parametrize("text", [(), ("text.txt",)], ids=["generated", "file"])
def test_generation_finds_what_training_wrote(script, text, main, here, capsys):
    (here / "text.txt").write_text(TEXT)
    assert main(script, *text) == 0
    out = capsys.readouterr().out
    assert "written: language_model.npz" in out and {path.name for path in here.iterdir()} == {
        "text.txt",
        "language_model.npz",
    }
    assert main(generate_text, "the", "king", "--temperature", "0.5", "--top-k", "5") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("language_model.npz: ") and "perplexity of its validation text" in lines[0]
    assert len(lines) == 6 and all(line.startswith("the king") and EOS not in line for line in lines[1:])
    assert main(generate_text) == 0 == main(generate_text)
    halves = capsys.readouterr().out.splitlines()
    assert halves[:6] == halves[6:]  # the same seed


def test_the_better_model_keeps_its_best_epoch_and_then_takes_smaller_steps(main, monkeypatch, capsys):
    found = iter([9.0, 5.0, 7.0, 4.0, 4.0])
    monkeypatch.setattr(train_better, "MAX_EPOCH", 5)
    monkeypatch.setattr(LanguageModel, "perplexity", lambda self, corpus: next(found))
    assert main(train_better) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| epoch")]
    assert [line.split("|")[2].strip() for line in lines] == ["lr 20", "lr 20", "lr 20", "lr 5", "lr 5"]
    assert load_model("language_model.npz")[2] == 4.0


@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_a_constant_chooses_the_cell_and_another_the_sampled_softmax(cell, main, monkeypatch):
    monkeypatch.setattr(train, "CELL", cell)
    monkeypatch.setattr(train, "NUM_SAMPLED", 20)
    monkeypatch.setattr(train, "LEARNING_RATE", 1.0)
    assert main(train) == 0
    assert load_model("language_model.npz")[0].settings["cell"] == cell


def test_models_are_compared_in_a_figure(main, here, capsys):
    assert main(compare, "--figure", "curves.png") == 0
    assert (here / "curves.png").read_bytes().startswith(b"\x89PNG")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" perplexity ")[0].strip() for line in lines[:-1]] == list(compare.MODELS)


# --- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", TRAININGS)
def test_a_text_that_is_too_short_or_missing_is_one_line(script, main, here, capsys):
    (here / "short.txt").write_text("a few words of text\n")
    assert main(script, "short.txt") == 2
    err = capsys.readouterr().err
    assert "short.txt: expected at least 45 words, for a window of 40 and for validation, got 6" in err
    assert main(script, "none.txt") == 2
    err += capsys.readouterr().err
    assert "none.txt" in err and err.count("\n") == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["king"], "expected words that the model has read (the, queen, and, ...), got 'king'"),
        (["--temperature", "0"], "expected temperature > 0, got 0"),
        (["--temperature", "-1"], "expected temperature > 0, got -1"),
        (["--temperature", "nan"], "expected temperature > 0, got nan"),
        (["--top-k", "5"], "expected 1 <= top_k < 5, got 5"),
        (["--top-k", "0"], "top_k"),
        (["--model", "none.npz"], "none.npz: expected a checkpoint, got No such file"),
        (["--model", "text.txt"], "text.txt: expected a checkpoint (.npz), got"),
    ],
)
def test_what_cannot_be_generated_is_one_line(arguments, word, main, here, capsys):
    (here / "text.txt").write_text(TEXT)
    words = ["the", "queen", "and", EOS]
    save_model("language_model.npz", LanguageModel(4, 3, 3, rng=0), words, 4.0)
    assert main(generate_text, *arguments) == 2
    out, err = capsys.readouterr()
    assert word in err and err.count("\n") == 1 and len(out.splitlines()) <= 1


def test_a_model_of_a_text_of_one_line_begins_with_the_first_word_that_it_read(main, here, capsys):
    save_model("language_model.npz", LanguageModel(3, 3, 3, rng=0), ["the", "queen", "and"], 4.0)
    assert main(generate_text) == 0
    assert all(line.startswith("the ") for line in capsys.readouterr().out.splitlines()[1:])


@pytest.mark.parametrize("path", ["none/curves.png", "curves.nonsense"])
def test_a_figure_that_cannot_be_written_is_one_line(path, main, monkeypatch, capsys):
    monkeypatch.setattr(compare, "MODELS", {"RNN": (1.0, {"cell": "rnn"})})
    assert main(compare, "--figure", path) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "compare" in err


# --- the text -------------------------------------------------------------------------------------------------


def test_a_text_is_split_into_training_and_validation(here):
    (here / "text.txt").write_text(TEXT)
    corpus = load_corpus("text.txt", 100)
    whole = [corpus.words[i] for i in [*corpus.train, *corpus.valid]]
    assert whole == TEXT.replace("\n", f" {EOS} ").split() and len(corpus.valid) == len(whole) // 10
    assert corpus.counts.tolist() == np.bincount(corpus.train, minlength=len(corpus.words)).tolist()
    assert ids_of(["king", EOS], corpus.words).tolist() == [1, corpus.words.index(EOS)]


@pytest.mark.parametrize("window", [1, 40, 700])
def test_the_least_number_of_words_is_what_is_asked_for(window, here):
    def write(count):
        (here / "text.txt").write_text("word other " * (count // 2) + "word" * (count % 2))

    write(5)
    with pytest.raises(DataError) as error:
        load_corpus("text.txt", window)
    least = int(str(error.value).split("at least ")[1].split()[0].replace(",", ""))
    write(least - 1)
    with pytest.raises(DataError, match=f"got {least - 1:,}"):
        load_corpus("text.txt", window)
    write(least)
    assert len(load_corpus("text.txt", window).train) > window


def test_a_classifier_that_starts_from_a_language_model_needs_fewer_labels(monkeypatch, capsys):
    monkeypatch.setattr(pretrain, "LABELS", (64,))
    monkeypatch.setattr(pretrain, "EPOCH", 15)
    monkeypatch.setattr(pretrain, "LM_EPOCH", 2)
    pretrain.main()
    lines = capsys.readouterr().out.splitlines()[-3:]
    random, vectors, both = (float(line.split()[-1].rstrip("%")) for line in lines)
    assert lines[0].split()[0] == "random" and min(vectors, both) > random + 20


def test_the_labelled_sentences_do_not_say_the_answer_and_share_no_person_with_the_others():
    words = ["<pad>", "the", "queen", "king", "loves", "her", "his", "crown", "mother", "<eos>", "he", "she"]
    words += [word for couple in pretrain.COUPLES for word in couple if word not in words]
    ids = np.array([1, 2, 4, 5, 7, 9, 1, 3, 4, 6, 7, 9, 1, 8, 4, 5, 7, 9, 1, 7, 9])
    known, others = pretrain.labelled(ids, words)
    assert sorted((label, part.tolist()) for part, label in known) == [(0, [1, 3, 4, 7, 9]), (1, [1, 2, 4, 7, 9])]
    assert [(label, part.tolist()) for part, label in others] == [(1, [1, 8, 4, 7, 9])]
