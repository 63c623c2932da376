"""A person's own files on the command line: which columns are read and said, what is left out, answers beside rows."""

import csv
import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, THREE, TINY, TWO, call, lines_of, same_weights

from ch_sentiment.experiment.classifier import Classifier

pytestmark = pytest.mark.usefixtures("here", "no_figures")
CHOSEN = '{}: text from "Review Text", labels from "airline_sentiment": neg (20), pos (20)'


@pytest.fixture
def reviews(write):
    """The 40 texts of TWO with further columns, after names that people give them."""
    rows = "".join(f"{i},{label},film{i // 4},{1 + i % 2},{text}\n" for i, (label, text) in enumerate(TWO))
    return write("reviews.csv", f"id,airline_sentiment,film,weight,Review Text\n{rows}")


@pytest.fixture
def loud(capsys):
    """loud(arguments) -> lines of standard output of a command that must succeed; its errors must be `err`."""

    def run(*arguments, err=""):
        assert call(*arguments) == 0
        out, said = capsys.readouterr()
        assert said == err if isinstance(err, str) else err(said)
        return out.splitlines()

    return run


LOUD = [argument for argument in TINY if argument != "--quiet"]


# ---- which texts


def test_the_file_may_stand_without_data_before_it_and_not_twice(two, said, capsys):
    assert call("train", two, *TINY, "--out", "a") == call("train", "--data", two, *TINY, "--out", "b") == 0
    assert same_weights("a", "b")
    capsys.readouterr()
    for command in ("train", "baseline", "lr-find", "tune", "compare"):
        line = said(command, two, "--data", "other.tsv", "--quiet")
        assert "expected the texts to be named once, got two.tsv and --data other.tsv" in line
    assert "got two.tsv and --data other.tsv" in said("evaluate", "a", two, "--data", "other.tsv")
    assert "nowhere.tsv" in said("train", "nowhere.tsv") and "got an empty one" in said("train", "")


@pytest.mark.parametrize("command", [["baseline"], ["lr-find", "--steps", "3"], ["tune", "--trials", "1"], ["compare"]])
def test_every_training_takes_a_file_and_columns_and_says_what_it_read(command, reviews, loud):
    small = ["--epochs", "1"] if command == ["baseline"] else ["--hidden", "4", "--wordvec", "4"]
    small += [] if command[0] in ("lr-find", "baseline") else ["--epochs", "1"]
    out = loud(*command, reviews, *small, "--out", "r", err=lambda said: True)
    assert CHOSEN.format(reviews) in out
    out = loud(*command, reviews, "--label-column", "film", *small, "--out", "films", err=lambda said: True)
    assert any('labels from "film": film0 (4), film1 (4)' in line for line in out)


def test_what_was_chosen_is_said_but_for_quiet(reviews, loud):
    assert CHOSEN.format(reviews) == loud("train", reviews, *LOUD, "--out", "r", err=lambda said: True)[0]
    assert not any("Review Text" in line for line in loud("train", reviews, *TINY, "--out", "q"))
    hostile = Path("odd.csv")
    hostile.write_text(Path(reviews).read_text().replace("Review Text", "text\x1b[31m").replace("neg", "n\x1b[2J"))
    out = loud("train", "odd.csv", "--text-column", "5", *LOUD, "--out", "o", err=lambda said: True)
    assert [line for line in out if not line.replace("\t", "").isprintable()] == []


def test_a_single_empty_review_among_many_does_not_stop_a_training(write, two, loud, said, capsys):
    rows = Path(two).read_text().splitlines(keepends=True)
    more = write("more.tsv", "".join([*rows[:6], "pos\t\n", *rows[6:9], "\tno label\n", *rows[9:], "neg\t...\n"]))
    left_out = "more.tsv: 3 of 43 rows are left out (no label 1, no text 1, no word 1): lines 7, 11, 43"
    out = loud("train", more, *LOUD, "--out", "more", err=lambda said: True)
    assert sorted(out[1].split()) == sorted(left_out.split())
    assert call("train", two, *TINY, "--out", "plain") == 0 and same_weights("plain", "more")
    capsys.readouterr()
    assert "more.tsv, line 7: expected a row that can be used" in said("train", more, *TINY, "--strict")
    write("word.tsv", "".join([*rows, "neg\t...\n"]))
    assert "word.tsv: 1 of 41 rows is left out (no word 1): line 41, which --strict" in said(
        "train", "word.tsv", "--strict"
    )
    assert left_out.split(": ")[2] in loud("evaluate", "more", more)[1]
    assert loud("evaluate", "more", two)[2:] == loud("evaluate", "more", more)[4:]  # below the notes


def test_resuming_keeps_how_the_file_is_read(reviews, said, capsys):
    how = ["--label-column", "film", "--text-column", "review_text", "--weight-column", "weight", "--strict"]
    small = ["--hidden", "4", "--wordvec", "4", "--patience", "9"]
    assert call("train", reviews, *how, *small, "--epochs", "3", "--quiet", "--out", "once") == 0
    assert call("train", reviews, *how, *small, "--epochs", "1", "--quiet", "--out", "twice") == 0
    capsys.readouterr()
    assert "got --text-column" in said("train", "--resume", "twice", "--text-column", "id")
    assert call("train", "--resume", "twice", "--epochs", "3", "--quiet") == 0 and same_weights("once", "twice")
    capsys.readouterr()
    Path(reviews).write_text(Path(reviews).read_text().replace(",2,", ",3,"))
    assert "expected the data that the training in" in said("train", "--resume", "twice", "--epochs", "4")


def test_a_training_of_an_older_version_resumes_as_one_of_two_classes(loud, old_phrases):
    shutil.copytree(ROOT / "tests" / "fixtures" / "v0.1.0" / "stopped", "stopped")
    saved = json.loads(Path("stopped/config.json").read_text()) if Path("stopped/config.json").exists() else {}
    assert "text_column" not in saved
    assert any("test accuracy" in line for line in loud("train", "--resume", "stopped", "--quiet", err=lambda s: True))


def test_classes_are_those_of_the_data_and_the_option_checks(write, said, reviews, capsys):
    write("three.tsv", lines_of(THREE))
    assert call("train", "three.tsv", *TINY, "--out", "r") == 0
    assert Classifier.load("r").label_names == ["a", "b", "c"]
    capsys.readouterr()
    assert "3 classes (a, b, c) found where 2 were asked for" in said("train", "three.tsv", *TINY, "--classes", "2")
    line = said("train", "three.tsv", *TINY, "--recipe", "best", "--epochs", "1")
    assert "--naive-bayes: expected two classes, got 3: a, b, c (--no-naive-bayes does without)" in line
    assert call("train", "three.tsv", *TINY, "--recipe", "best", "--no-naive-bayes", "--epochs", "1", "--out", "b") == 0


def test_columns_of_data_without_any_are_refused(said):
    for option in ("--text-column", "--label-column", "--weight-column", "--group-column", "--encoding"):
        line = said("train", "phrases", option, "x")
        assert f"{option}: expected a .csv or .tsv file with a header, got phrases" in line


# ---- evaluate


def test_evaluate_says_what_it_scored_and_wants_data_where_the_model_knows_none(reviews, loud, said, two, capsys):
    assert call("train", reviews, *TINY, "--out", "r") == 0
    capsys.readouterr()
    assert "got none; the model was trained on reviews.csv" in said("evaluate", "r")
    out = loud("evaluate", "r", two)
    assert out[:2] == [
        "two.tsv: text from column 2, labels from column 1: neg (20), pos (20)",
        "scored: two.tsv, 40 texts: neg (20), pos (20)",
    ]
    again = loud("evaluate", "r", "--data", reviews)
    assert "the model was trained on a file of this name: if it is reviews.csv, this is no test" in again
    assert "this is no test" in "".join(loud("evaluate", "r", reviews, "--with", "r"))
    assert call("evaluate", "r", two, "--json") == 0
    stdout, stderr = capsys.readouterr()
    assert stderr.splitlines() == out[:2] == json.loads(stdout)["data"]["notes"]
    data = json.loads(stdout)["data"]
    assert (data["name"], data["texts"], data["labels"]) == ("two.tsv", 40, {"neg": 20, "pos": 20})
    assert data["without_known_word"] == 0


def test_evaluate_counts_the_texts_of_which_no_word_is_known(phrases_model, write, loud):
    data = write("d.tsv", lines_of([("positive", "it was good"), ("negative", "xyzzy"), ("negative", "it was bad")]))
    assert "1 of 3 texts hold no known word: the answers to them rest on nothing" in loud(
        "evaluate", phrases_model, data
    )


def test_evaluate_of_a_model_of_the_phrases_still_scores_their_test_part(phrases_model, loud):
    assert loud("evaluate", phrases_model)[0] == "scored: phrases, 770 texts: negative (385), positive (385)"


# ---- predict --data

ROWS = 'id,text,label,n\n1,"it was, good",x,-5\n2,,y,3\n3,"two\nlines, not bad",z,=1+1\n4,xyzzy,,\n'


@pytest.fixture
def ask(capsys, monkeypatch):
    def asked(*arguments, stdin=b"", code=0):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        assert call("predict", *arguments) == code
        return capsys.readouterr()

    return asked


def test_answers_in_csv_stand_beside_all_columns_a_row_for_each(phrases_model, write, ask):
    data = write("d.csv", ROWS)
    out, err = ask(phrases_model, "--data", data, "--csv")
    header, *rows = csv.reader(io.StringIO(out), strict=True)
    assert header == ["id", "text", "label", "n", "predicted_label", "predicted_probability"]
    assert [row[:4] for row in rows] == [
        ["1", "it was, good", "x", "-5"],
        ["2", "", "y", "3"],
        ["3", "two lines, not bad", "z", "'=1+1"],
        ["4", "xyzzy", "", ""],
    ]
    wanted = ask(phrases_model, "it was, good", "two\nlines, not bad")[0].splitlines()
    assert [row[4:] for row in (rows[0], rows[2])] == [line.split("\t")[:2] for line in wanted]
    assert rows[1][4:] == ["", ""] and rows[3][4] in ("negative", "positive")
    assert err.splitlines() == [
        'd.csv: text from "text"',
        "1 of 4 rows hold no text: they have no answer",
        "1 of 4 rows hold no known word: their answers rest on nothing",
    ]
    write("again.csv", out)
    assert ask(phrases_model, "--data", "again.csv", "--csv")[0].startswith(
        f"{','.join(header)},predicted_predicted_label,predicted_predicted_probability\n"
    )


def test_answers_in_json_and_in_lines_keep_the_rows_too(phrases_model, write, ask):
    data = write("d.csv", ROWS)
    found = [json.loads(line) for line in ask(phrases_model, "--data", data, "--json")[0].splitlines()]
    assert [each["line"] for each in found] == [2, 3, 4, 6]
    assert found[2]["text"] == found[2]["columns"]["text"] == "two\nlines, not bad"
    assert found[1]["label"] is None and found[1]["probability"] is None and found[1]["columns"]["n"] == "3"
    assert found[0]["probability"] == found[0]["probabilities"][found[0]["label"]]
    lines = ask(phrases_model, "--data", data)[0].split("\n")
    assert [line.split("\t")[2] for line in lines[:4]] == ["it was, good", "", "two lines, not bad", "xyzzy"]
    assert lines[1] == "\t\t" and lines[4] == ""


@pytest.mark.parametrize("option", [["--encoding", "latin-1"], ["--text-column", "2"], ["--strict"]])
def test_how_a_file_is_read_is_said_of_a_file_only(phrases_model, ask, option):
    for texts, stdin in (["good"], b""), ([], b"caf\xe9\n"):
        err = ask(phrases_model, *texts, *option, stdin=stdin, code=2).err
        assert f"{option[0]}: expected --data FILE, which it says how to read, got none" in err


def test_columns_of_one_name_are_all_in_the_object(phrases_model, write, ask):
    data = write("a.csv", "text,note,note,note_2\nnot bad,a,b,c\n")
    out, _ = ask(phrases_model, "--data", data, "--json")
    assert json.loads(out)["columns"] == {"text": "not bad", "note": "a", "note_2": "b", "note_2_2": "c"}


def test_an_object_is_json_for_every_program(phrases_model, write, ask):
    data = write("a.jsonl", '{"text": "not bad", "a": NaN, "b": [1.5, -Infinity], "c": 2}\n')
    out, _ = ask(phrases_model, "--data", data, "--json")
    found = json.loads(out, parse_constant=pytest.fail)
    assert found["columns"] == {"text": "not bad", "a": None, "b": [1.5, None], "c": 2}


FORMS = {
    "d.txt": ("it was good\n\nit was bad\n", ["it was good", "", "it was bad"]),
    "d.tsv": ("positive\tit was good\nnegative\tit was bad\nnegative\tit was not good\n", None),
    "d.jsonl": ('{"id": 1, "text": "it was good"}\n{"id": 2, "text": null}\n', ["it was good", ""]),
    "utf16.txt": ("it was good\nit was bad\n".encode("utf-16"), ["it was good", "it was bad"]),
}


@pytest.mark.parametrize("name", FORMS)
def test_any_form_of_file_is_answered_labelled_or_not(name, phrases_model, write, ask):
    content, texts = FORMS[name]
    texts = texts or [line.split("\t")[1] for line in content.splitlines()]
    out, _ = ask(phrases_model, "--data", write(name, content))
    assert [line.split("\t")[2] for line in out.splitlines()] == texts
    out, _ = ask(phrases_model, "--data", name, "--csv")
    assert all(row[-1] or not text for row, text in zip(list(csv.reader(io.StringIO(out)))[1:], texts, strict=True))


def test_cells_of_json_are_written_as_json_and_nothing_as_nothing(phrases_model, write, ask):
    data = write("d.jsonl", '{"text": "good", "a": null, "b": [1, {"c": 2}], "d": true, "e": 1.5}\n' * 2)
    rows = list(csv.reader(io.StringIO(ask(phrases_model, "--data", data, "--csv")[0])))
    assert rows[1][1:5] == ["", '[1, {"c": 2}]', "true", "1.5"]


def test_the_text_column_can_be_named_and_rows_without_a_text_refused(phrases_model, write, ask, capsys):
    data = write("d.csv", "title,body,n\ngood,it was bad,1\nbad,it was good,2\n")
    assert "it was bad" in ask(phrases_model, "--data", data, "--text-column", "Body")[0]
    assert "\tgood\n" in ask(phrases_model, "--data", data, "--text-column", "1")[0]
    out, err = ask(phrases_model, "--data", write("e.csv", ROWS), "--strict", code=2)
    assert out.count("\n") == 1 and "e.csv, line 3: expected a text, got none, which --strict refuses" in err


def test_rows_are_answered_in_chunks_in_order_the_same_as_lines(phrases_model, write, ask, monkeypatch):
    monkeypatch.setattr("ch_sentiment.commands.predict.CHUNK", 7)
    texts = [f"it was {'good' if i % 3 else 'bad'} {'and so ' * (i % 5)}" for i in range(50)]
    lines = "".join(f"{text}\n" for text in texts)
    out, _ = ask(phrases_model, "--data", write("d.txt", lines))
    wanted, _ = ask(phrases_model, stdin=lines.encode())
    assert [line.split("\t")[::2] for line in out.splitlines()] == [
        line.split("\t")[::2] for line in wanted.splitlines()
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "none.csv"], "none.csv: expected a file or a folder"),
        (["--data", "empty.csv"], "empty.csv: expected texts, got none"),
        (["--data", "d.csv", "a text"], "expected texts or --data d.csv, got both"),
        (["--data", "d.csv", "--text-column", "body"], "--text-column: expected the name or number of a column"),
    ],
)
def test_what_cannot_be_answered_is_one_line(arguments, words, phrases_model, write, said):
    write("d.csv", ROWS)
    write("empty.csv", "")
    assert words in said("predict", phrases_model, *arguments)


# ---- what is a text and what is not


def test_the_name_of_a_file_is_no_text_unless_dashes_stand_before_it(phrases_model, write, said, ask):
    write("reviews.txt", "it was good\n")
    write("good", "it was bad\n")
    Path("folder").mkdir()
    for name, kind in (("reviews.txt", "a file"), ("good", "a file"), ("folder", "a folder")):
        line = said("predict", phrases_model, "fine", name)
        assert f"got the name of {kind}, {name}: give --data {name} for the texts in it, or -- {name} for this" in line
        assert f"give < {name} for the text in it, or -- {name}" in said("explain", phrases_model, name)
    assert "a file that is not there, Reviews.CSV: -- Reviews.CSV" in said("predict", phrases_model, "Reviews.CSV")
    assert ask(phrases_model, "--", "good")[0].endswith("\tgood\n")
    assert call("explain", phrases_model, "--", "good") == 0
    assert ask(phrases_model, "a file like reviews.txt")[0].endswith("\ta file like reviews.txt\n")
    assert ask(phrases_model, stdin=b"good\nreviews.txt\n")[0].count("\n") == 2


@pytest.mark.parametrize("text", ["--boring--", "-boring", "--boring", "-horrible", "-horrible film", "-hm", "--no-"])
def test_a_text_that_begins_with_a_dash_gets_a_hint(text, phrases_model, said, ask):
    for command in ("predict", "explain"):
        line = said(command, phrases_model, text)
        assert 'a text that begins with a dash stands behind --, as in: -- "-text"' in line
    assert ask(phrases_model, "--", text)[0].endswith(f"\t{text}\n")


def test_a_slip_in_an_option_of_a_training_gets_no_hint_at_texts(said):
    assert "dash" not in said("train", "--boring")


# ---- help


@pytest.mark.parametrize("command", ["train", "baseline", "tune", "lr-find", "compare", "predict", "evaluate"])
def test_help_is_in_groups_and_fits_a_terminal_of_80_columns(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert call(command, "--help") == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    if command not in ("predict", "evaluate"):
        groups = [line for line in out.splitlines() if line.endswith("options:")]
        of_groups = ("data", "model", "training", "unlabelled", "run")
        wanted = [f"{more}{group} options:" for more in ("", "more ") for group in of_groups]
        assert groups == ["options:", *(name for name in wanted if name in groups)] and len(groups) > 7
        first = out[: out.index("more data options")]
        assert first.count("\n  --") <= 25 and "--text-column" in first and "--batch-size" in first
        assert out.startswith(f"usage: sentifish {command} [FILE_OR_FOLDER] [options]\n")


def test_the_first_help_fits_too(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert call("--help") == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


# ---- weights and groups stay with their texts


def test_weights_and_groups_stay_with_their_texts_where_rows_are_left_out(write, reviews):
    rows = Path(reviews).read_text().splitlines(keepends=True)
    bad = ["90,pos,film9,5,\n", "91,neg,film9,5,...\n"]
    write("more.csv", "".join([*rows[:3], bad[0], *rows[3:20], bad[1], *rows[20:]]))
    how = ["--group-column", "film", "--weight-column", "weight", *TINY]
    for name in ("reviews.csv", "more.csv"):
        assert call("train", name, *how, "--out", f"r-{name}") == 0
    assert same_weights("r-reviews.csv", "r-more.csv")
    assert call("train", reviews, "--group-column", "film", *TINY, "--out", "plain") == 0
    assert not same_weights("plain", "r-reviews.csv")
    assert call("audit", "plain", "--data", "more.csv", "--group-column", "film", "--json") == 0


def test_a_group_file_has_a_line_for_each_text_or_for_each_row(write, reviews, said, capsys):
    rows = Path(reviews).read_text().splitlines(keepends=True)
    write("more.csv", "".join([*rows[:3], "90,pos,x,5,\n", *rows[3:]]))
    films = [f"film{i // 4}" for i in range(40)]
    write("texts.txt", "\n".join(films))
    write("rows.txt", "\n".join([*films[:2], "odd", *films[2:]]))
    write("few.txt", "\n".join(films[:9]))
    for name in ("texts", "rows"):
        assert call("train", "more.csv", "--group-file", f"{name}.txt", *TINY, "--out", name) == 0
    assert same_weights("texts", "rows")
    capsys.readouterr()
    line = said("train", "more.csv", "--group-file", "few.txt", *TINY)
    assert "expected a line for each of the 40 texts, or of the 41 rows, got 9" in line


def test_test_data_is_read_alike_where_that_fits_and_this_is_said(write, reviews, two, loud, said, capsys):
    how = ["--text-column", "review_text", "--label-column", "airline_sentiment", *LOUD]
    out = loud("train", reviews, "--test-data", two, *how, "--out", "a", err=lambda s: True)
    assert "two.tsv: read without --text-column, --label-column, which do not fit it" in out
    assert "two.tsv: text from column 2, labels from column 1: neg (20), pos (20)" in out
    write("other.csv", Path(reviews).read_text().replace("id,", "text,"))
    out = loud("train", reviews, "--test-data", "other.csv", *how, "--out", "b", err=lambda s: True)
    assert CHOSEN.format("other.csv") in out and not any("read without" in line for line in out)
    write("bad.tsv", "x\ty\n")
    assert "bad.tsv" in said("train", reviews, "--test-data", "bad.tsv", *how)


@pytest.mark.skipif("SENTIFISH_TEST_DATA" not in __import__("os").environ, reason="SENTIFISH_TEST_DATA is not set")
@pytest.mark.parametrize(("name", "least"), [("zh/waimai_10k.csv", 0.89), ("short/rt-polarity.tsv", 0.75)])
def test_public_files_train_without_any_option(name, least, loud):
    path = Path(__import__("os").environ["SENTIFISH_TEST_DATA"], name)
    loud("baseline", path, "--quiet", "--out", "r")
    assert Classifier.load("r").metrics["validation"]["accuracy"] > least
    assert np.isfinite(Classifier.load("r").metrics["validation"]["loss"])
