"""`sentifish` as a person meets it: what its commands answer, and what they say of bad input."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, TINY, call, lines_of, start

import common.files.checkpoint
from common.files.checkpoint import save_arrays
from dataset import phrases

pytestmark = pytest.mark.usefixtures("here")


def test_predict_answers_arguments_in_order_label_tab_probability_tab_text(phrases_model, capsys):
    texts = ["it was good", "it was\nbad\tat all", "never seen words"]
    assert call("predict", phrases_model, *texts) == 0
    out, err = capsys.readouterr()
    rows = [line.split("\t") for line in out.splitlines()]
    assert err == "1 of 3 texts hold no known word: their answers rest on nothing\n"
    assert [row[2] for row in rows] == ["it was good", "it was bad at all", "never seen words"]
    assert all(row[0] in ("negative", "positive") and 0.5 <= float(row[1]) <= 1 for row in rows)


def test_predict_answers_every_line_of_standard_input_alike(phrases_model, capsys, monkeypatch):
    texts = ["it was good", "it was bad", "the plot was not dull"]
    assert call("predict", phrases_model / "model.npz", *texts) == 0
    wanted = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO("\r\n".join(texts)))
    assert call("predict", phrases_model) == 0
    assert capsys.readouterr().out == wanted


def test_predict_goes_through_standard_input_in_parts(phrases_model, capsys, monkeypatch):
    import ch_sentiment.commands.predict

    monkeypatch.setattr(ch_sentiment.commands.predict, "CHUNK", 2)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\n it\nwas\n\n"))
    assert call("predict", phrases_model) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 5 and "3 of 5 lines hold no word" in err


def test_predict_json_is_an_object_a_line_with_every_probability(phrases_model, capsys):
    assert call("predict", "--json", phrases_model, "it was good", "日本\n\ud83d film") == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [o["text"] for o in objects] == ["it was good", "日本\n\ud83d film"]
    for o in objects:
        assert set(o) == {"label", "probability", "probabilities", "text"}
        assert o["probability"] == max(o["probabilities"].values()) == o["probabilities"][o["label"]]
        assert sum(o["probabilities"].values()) == pytest.approx(1)


def test_options_may_stand_anywhere(phrases_model, capsys):
    for arguments in (["--json", phrases_model, "a"], [phrases_model, "a", "--json"], [phrases_model, "--json", "a"]):
        assert call("predict", *arguments) == 0
        assert json.loads(capsys.readouterr().out)["text"] == "a"


def test_evaluate_prints_a_table_or_one_object_with_these_keys(phrases_model, write, capsys):
    data = write("d.tsv", lines_of([("positive", "it was good"), ("negative", "it was bad")] * 5))
    assert call("evaluate", phrases_model, "--data", data) == 0
    out = capsys.readouterr().out
    for word in ("accuracy", "loss", "F1", "ROC AUC", "confusion", "negative", "positive"):
        assert word in out
    assert call("evaluate", phrases_model, "--data", data, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {
        *("accuracy", "accuracy_interval", "loss", "f1", "roc_auc", "confusion", "n", "ece"),
        *("macro_f1", "balanced_accuracy", "per_class", "never_answered", "majority", "chance", "data"),
    }
    assert report["n"] == 10 and np.sum(report["confusion"]) == 10
    assert report["accuracy"] == np.trace(report["confusion"]) / 10


def test_evaluate_draws_what_it_found(phrases_model, here, capsys):
    Path("d.tsv").write_text(lines_of([("positive", "it was good"), ("negative", "it was bad")] * 5))
    assert call("evaluate", phrases_model, "--data", "d.tsv", "--figures", "found/here") == 0
    assert {p.name for p in Path("found/here").iterdir()} == {
        "confusion.png",
        "reliability.png",
        "lengths.png",
        "roc.png",
    }
    assert all(p.read_bytes()[:4] == b"\x89PNG" for p in Path("found/here").iterdir())
    Path("one.tsv").write_text(lines_of([("positive", "it was good")] * 3))
    assert call("evaluate", phrases_model, "--data", "one.tsv", "--figures", "one") == 0
    assert not Path("one/roc.png").exists()  # of one label there is no curve


@pytest.mark.parametrize("labels", [["$\\q$", "好"], ["好", "\U0001f600 $\\q$"], ["A", "_b"]])
def test_labels_of_any_letters_are_plotted_without_a_warning(labels, complaints_of):
    Path("d.tsv").write_text(lines_of([(label, text) for label, text in zip(labels, ("fine", "poor"))] * 10))
    assert complaints_of("train", "--data", "d.tsv", *TINY, "--out", "r") == ""
    assert complaints_of("evaluate", "r", "--data", "d.tsv", "--figures", "found") == ""
    assert complaints_of("evaluate", "r", "--with", "r", "--data", "d.tsv", "--figures", "found") == ""
    assert complaints_of("audit", "r") == ""
    assert len(list(Path("found").iterdir())) == 4


@pytest.fixture
def complaints_of(capsys):
    """Run a command that must succeed: -> what it wrote on standard error; a warning fails the test. That no font is
    installed for a script is no complaint.
    """

    def run(*arguments):
        assert call(*arguments) == 0
        lines = capsys.readouterr().err.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("figures show boxes"))

    return run


def test_evaluate_knows_the_test_part_of_the_phrases(phrases_model, capsys):
    assert call("evaluate", phrases_model, "--json") == 0
    _, (texts, _) = phrases.load_data()
    assert json.loads(capsys.readouterr().out)["n"] == len(texts)


def test_evaluate_answers_where_one_class_is_absent(phrases_model, write, capsys):
    data = write("d.tsv", lines_of([("positive", "it was good")] * 3))
    assert call("evaluate", phrases_model, "--data", data, "--json") == 0
    assert json.loads(capsys.readouterr().out)["roc_auc"] is None
    assert call("evaluate", phrases_model, "--data", data) == 0


@pytest.mark.parametrize("command", [[], ["train"], ["evaluate"], ["predict"]])
def test_help_is_there(command, capsys):
    assert call(*command, "--help") == 0
    assert "usage: sentifish" in capsys.readouterr().out


# ---- bad input


def test_no_command_and_an_unknown_command_are_one_line_and_exit_2(here, capsys):
    for arguments in ([], ["fly"]):
        assert call(*arguments) == 2
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1 and err.startswith("sentifish: ")


@pytest.mark.parametrize("command", [["evaluate"], ["predict"]])
def test_a_model_that_is_none_is_one_line_and_exit_2(command, said, write, here, phrases_model):
    write("text.npz", "this is no model")
    write("void.npz", "")
    np.savez("other.npz", W=np.ones(3))
    save_arrays("kind.npz", {"W": np.ones(3)}, {"kind": "another"})
    content = (phrases_model / "model.npz").read_bytes()
    write("cut.npz", content[: len(content) // 2])
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 1
    write("damaged.npz", bytes(damaged))
    (here / "empty_folder").mkdir()
    text = ["x"] if command == ["predict"] else []
    for name in ("text", "void", "other", "kind", "cut", "damaged", "missing"):
        assert f"{name}.npz: " in said(*command, f"{name}.npz", *text)
    assert "empty_folder" in said(*command, "empty_folder", *text)


def test_a_vocabulary_that_is_larger_than_the_model_is_refused(said, phrases_model, here):
    arrays, meta = common.files.checkpoint.load_checkpoint(phrases_model / "model.npz")
    meta["words"].append("more")
    save_arrays("large.npz", arrays, meta)
    assert "large.npz: " in said("predict", "large.npz", "it was good")


def test_predict_without_a_line_is_one_line_and_exit_2(said, phrases_model, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert "expected texts on standard input" in said("predict", phrases_model)


def test_evaluate_refuses_bad_data(said, phrases_model, write):
    write("other.tsv", lines_of([("positive", "x"), ("odd", "y")]))
    assert "line 2: unknown label 'odd'" in said("evaluate", phrases_model, "--data", "other.tsv")
    assert "nowhere" in said("evaluate", phrases_model, "--data", "nowhere")


def test_a_folder_for_figures_that_is_none_is_said_before_a_text_is_scored(said, phrases_model, write):
    write("file", "")
    assert "--figures: expected a folder, got file, a file" in said("evaluate", phrases_model, "--figures", "file")
    assert "--figures: expected a folder, got an empty name" in said("evaluate", phrases_model, "--figures", "")
    assert "file/deeper" in said("evaluate", phrases_model, "--figures", "file/deeper")


def test_an_empty_name_is_not_taken_for_the_folder_one_stands_in(said, phrases_model):
    assert "--out: expected a folder, got an empty name" in said("train", *TINY, "--out", "", "--overwrite")
    assert "--out: expected a folder" in said("speeches", phrases_model, "speeches.csv", "--out", "", "--overwrite")
    for arguments in (["evaluate", phrases_model, "--data", ""], ["train", "--test-data", ""]):
        assert "expected the name of labelled text, got an empty one" in said(*arguments)


def test_only_what_is_needed_is_asked_for(said):
    assert "the following arguments are required: model (see" in said("predict")
    assert "the following arguments are required: action (see" in said("data")


# ---- pipes


@pytest.mark.skipif(os.name != "posix", reason="POSIX pipes")
def test_a_reader_that_has_had_enough_gets_no_traceback(phrases_model, here):
    process = start("predict", phrases_model, "it was good", "it was bad", "so so", cwd=here)
    assert process.stdout.readline().count("\t") == 2
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait(timeout=300)
    process.stderr.close()
    process = start("predict", phrases_model, cwd=here, stdin=subprocess.PIPE)
    process.stdout.close()
    try:
        process.stdin.write("it was good\n" * 5000)
        process.stdin.close()
    except BrokenPipeError:
        pass
    assert process.stderr.read() == ""
    process.wait(timeout=300)
    process.stderr.close()


@pytest.mark.skipif(os.name != "posix", reason="POSIX pipes")
@pytest.mark.parametrize("unbuffered", ["1", ""])
def test_nobody_reading_at_all_is_no_traceback_either(phrases_model, here, monkeypatch, unbuffered):
    reader, writer = os.pipe()
    os.close(reader)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "-m", "ch_sentiment", "evaluate", str(phrases_model)]
    done = subprocess.run(command, cwd=here, env=env, stdout=writer, stderr=subprocess.PIPE, check=False)  # noqa: S603
    os.close(writer)
    assert done.stderr == b""


def test_python_m_runs_the_same_and_a_script_is_runnable_by_itself(here, phrases_model):
    process = start("predict", phrases_model, "it was good", cwd=here)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0 and err == "" and out.endswith("\tit was good\n")
    process = start("train", "--data", "none.tsv", cwd=here)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 2 and out == "" and len(err.splitlines()) == 1 and os.listdir(here) == []
