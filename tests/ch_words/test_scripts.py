"""The chapter's scripts run from any folder, and say in one line what is wrong with what they are given."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, everything

from ch_words import compare, count_vectors, count_words, nearest_words, train, train_custom_loop, update_time
from ch_words.model import CBOW, SkipGram
from ch_words.reading import load_corpus, read_vectors
from dataset import sentences
from dataset.errors import DataError
from dataset.ptb import UNK

TEXT = "the king and the queen sit . the man and the woman walk . you see a car this year\n" * 6


@pytest.fixture
def main(here, monkeypatch):
    """main(script, arguments...) -> exit code; with few sentences and epochs."""
    text = sentences.load_text(800)
    monkeypatch.setattr(sentences, "load_text", lambda: text)
    monkeypatch.setattr(train, "MAX_EPOCH", 1)
    monkeypatch.setattr(train_custom_loop, "MAX_EPOCH", 60)
    monkeypatch.setattr(compare, "MAX_EPOCH", {CBOW: 1, SkipGram: 1})
    monkeypatch.setattr(compare, "SEEDS", (0,))
    monkeypatch.setattr(compare, "WORDVEC_SIZE", 8)
    monkeypatch.setattr(update_time, "SIZES", (100, 200))
    monkeypatch.setattr(update_time, "UPDATES", dict.fromkeys(update_time.UPDATES, 2))

    def run_main(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script.__name__, *arguments])
        try:
            script.main()
        except SystemExit as left:
            return left.code
        return 0

    return run_main


def test_counting_one_sentence_brings_words_of_equal_company_together(main, here, capsys):
    assert main(count_words) == 0
    out = capsys.readouterr().out
    assert "[query] cat\n dog: 1.0" in out and "cosine of milk and water by counts: 0.500" in out
    assert everything(here) == {}


def test_the_custom_loop_learns_which_word_stands_between_two(main, here, capsys):
    assert main(train_custom_loop) == 0
    assert everything(here) == {}
    lines = capsys.readouterr().out.splitlines()
    losses = [float(line.split()[-1]) for line in lines if line.startswith("| epoch")]
    assert len(losses) == 6 and losses[-1] < 0.8 * losses[0]
    assert sum("___" in line for line in lines) == 8


@pytest.mark.parametrize(
    ("script", "vectors", "image"),
    [(count_vectors, "count_vectors.txt", "count_vectors.png"), (train, "word_vectors.txt", "word_map.png")],
)
@pytest.mark.parametrize("own", [False, True])
def test_vectors_of_the_default_and_of_ones_own_text_are_shown_and_written(
    script, vectors, image, own, main, here, capsys
):
    (here / "own.txt").write_text(TEXT)
    assert main(script, *(["own.txt"] if own else [])) == 0
    out, err = capsys.readouterr()
    assert err == "" and "[query] king" in out and "[analogy] man:king = woman:?" in out
    assert ("[query] paris" in out) != own  # words that a text lacks are not asked for
    assert out.endswith(f"written: {vectors}, {image}\n")
    assert (here / image).read_bytes().startswith(b"\x89PNG")
    W, word_to_id, _ = read_vectors(vectors)
    assert len(W) == len(word_to_id) == (16 if own else 191)
    np.testing.assert_allclose(np.linalg.norm(W, axis=1), 1, rtol=1e-4)
    assert main(nearest_words, vectors, "king") == main(nearest_words, vectors, "man", "king", "woman") == 0
    out = capsys.readouterr().out
    assert out.count("[query] king") == out.count("[analogy] man:king = woman:?") == 1 and out.count(": ") == 10


def test_ways_are_compared_and_updates_timed(main, here, capsys):
    assert main(compare) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line[:28].strip() for line in lines] == list(compare.WAYS)
    assert all(0 <= float(line.split("%")[0].split()[-1]) <= 100 for line in lines)
    assert main(update_time) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and lines[-1] == "written: word_updates.png"
    assert (here / "word_updates.png").read_bytes().startswith(b"\x89PNG")


def test_a_script_runs_as_a_program_from_any_folder(here):
    command = [sys.executable, "-W", "error", "-m", "ch_words.count_words"]
    done = subprocess.run(  # noqa: S603
        command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "") and "[query] cat" in done.stdout


@pytest.mark.parametrize(
    ("script", "arguments", "says"),
    [
        (
            train,
            ["short.txt"],
            "short.txt: expected more than 10 words, two windows of 5, and two different ones, got 4",
        ),
        (count_vectors, ["short.txt"], "short.txt: expected more than 10 words"),
        (train, ["one.txt"], "two different ones, got 30, 1 of them different"),
        (train, ["none.txt"], "none.txt: "),
        (count_vectors, ["empty.txt"], "empty.txt: "),
        (update_time, ["no/such/folder.png"], "no/such/folder.png: cannot be written"),
        (nearest_words, ["none.txt", "king"], "none.txt: cannot be read"),
        (nearest_words, ["v.txt", "kin"], "v.txt: expected a word of its 2, got 'kin'"),
        (nearest_words, ["v.txt", "king", "man"], "expected one word, or three for an analogy, got 2"),
        (nearest_words, ["short.txt", "king"], "short.txt: expected"),
        (train, ["a", "b"], "unrecognized arguments: b"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(script, arguments, says, main, here, capsys):
    (here / "short.txt").write_text("too short a text")
    (here / "one.txt").write_text("word " * 30)
    (here / "empty.txt").write_text("")
    (here / "v.txt").write_text("2 2\nking 1 2\nman 2 1\n")
    before = everything(here)
    assert main(script, *arguments) == 2
    err = capsys.readouterr().err
    assert says in err and "Traceback" not in err
    assert len([line for line in err.splitlines() if not line.startswith("usage")]) == 1
    assert err.splitlines()[-1].startswith(f"python -m {script.__name__}: ")
    assert everything(here) == before


def test_a_folder_that_cannot_be_written_to_is_one_line(main, here, monkeypatch, capsys):
    monkeypatch.setattr(train, "VECTORS", "no/folder/vectors.txt")
    assert main(train) == 2
    assert capsys.readouterr().err == "python -m ch_words.train: no/folder/vectors.txt: No such file or directory\n"


def test_the_rarest_words_become_unk_where_there_are_too_many(here):
    (here / "t.txt").write_text("a a a b b <unk> c d e a b")
    corpus, word_to_id, id_to_word = load_corpus("t.txt", max_vocab=3)
    assert id_to_word == {0: "a", 1: "b", 2: UNK} and word_to_id == {"a": 0, "b": 1, UNK: 2}
    assert [id_to_word[i] for i in corpus] == [*"aaabb", *4 * ["<unk>"], *"ab"]
    assert len(load_corpus("t.txt", max_vocab=9)[1]) == 6


def test_a_word_that_stands_twice_in_a_file_of_vectors_has_its_first_row(here):
    (here / "v.txt").write_text("3 2\nking 1 2\nman 2 1\nking 9 9\n")
    W, word_to_id, _ = read_vectors("v.txt")
    assert W.tolist() == [[1, 2], [2, 1]] and word_to_id == {"king": 0, "man": 1}


def test_the_generated_text_is_long_enough_for_no_window_beyond_it():
    with pytest.raises(DataError, match="generated"):
        load_corpus(window_size=10**6)
