"""What `sentifish check-data` promises: every fault is named by its line, in a report, a table and an object, all
harmless in a terminal and a spreadsheet; what was not found or cannot be judged is said; the exit code is 0.
"""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import call, lines_of

from ch_sentiment.commands.check_report import CSV_HEAD

OTHERS = [f"w{i}" for i in range(60)]
OWN = {"pos": "good fine lovely", "neg": "bad poor awful"}


def rows(N=80, seed=0):
    """N texts that differ, whose words tell their labels."""
    rng = np.random.default_rng(seed)
    labels = ["pos", "neg"] * (N // 2)
    return [(label, f"{OWN[label]} {' '.join(rng.permutation(OTHERS)[:12])}") for label in labels]


def checked(capsys, *arguments):
    """The printed report of a check that ends with 0 and says nothing on standard error."""
    assert call("check-data", *arguments, "--folds", 4) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def faulty():
    """Lines of `rows` with a fault each: line number -> kind."""
    data = rows()
    data[10] = ("neg", data[10][1])  # line 11: was pos
    data[20] = data[4]  # line 21
    data[31] = ("pos", data[9][1])  # line 32: another label
    data[40] = (data[40][0], f"{data[6][1]} more")  # line 41
    data[50] = (data[50][0], "... --")  # line 51
    data[60] = (data[60][0], data[60][1] + " donâ€™t")  # line 61
    data[70] = (data[70][0], "очень хороший фильм")  # line 71
    return data


def test_each_fault_is_in_the_table_with_its_line_and_kind(write, capsys):
    write("r.tsv", lines_of(faulty()))
    out = checked(capsys, "r.tsv", "--csv", "found.csv")
    assert "written to found.csv: " in out
    with open("found.csv", encoding="utf-8", newline="") as file:
        head, *found = csv.reader(file)
    assert tuple(head) == CSV_HEAD and {row[0] for row in found} == {"r.tsv"}
    kinds = {(int(row[1]), row[2]) for row in found}
    assert kinds >= {
        *((11, "label error"), (21, "duplicate of line 5"), (32, "duplicate of line 10 (label neg)")),
        *((41, "near duplicate of line 7"), (51, "no word"), (61, "mojibake (UTF-8 read otherwise)")),
        (71, "other script (Cyrillic)"),
    }
    wrong = next(row for row in found if row[1] == "11" and row[2] == "label error")
    assert wrong[3:5] == ["neg", "pos"] and float(wrong[5]) < 0.2 < 0.8 < float(wrong[6])


def test_the_report_says_what_to_mend_first_and_shows_the_first_rows(write, capsys):
    write("r.tsv", lines_of(faulty()))
    out = checked(capsys, "r.tsv", "--show", "1")
    assert out.startswith("r.tsv: 80 texts, 2 labels\n")
    mend = [line for line in out.splitlines() if line[:2] in {f"{i}." for i in range(1, 9)}]
    assert "1 of 80 texts repeats another under another label" in mend[0]
    assert "suspected to be wrong" in mend[1] and "1 of 80 texts holds mojibake" in mend[2]
    assert "2 of 80 texts repeat another under the same label" in mend[3] and "1 of 80 texts uses a script" in mend[4]
    assert "1 of 80 rows lacks words or a label" in mend[5]
    assert "Texts that repeat another\n2 exactly, 1 nearly; 1 of them under another label\n" in out
    assert "... and 2 more (--csv FILE has all)" in out
    assert "Latin 78, Cyrillic 1, none 1 (none: no letter)" in out


def test_one_object_holds_it_all(write, capsys):
    write("r.tsv", lines_of(faulty()))
    found = json.loads(checked(capsys, "r.tsv", "--json"))
    assert found["data"] == "r.tsv" and found["texts"] == 80 and found["unit"] == "line"
    assert [c["texts"] for c in found["classes"]] == [40, 40] or sum(c["texts"] for c in found["classes"]) == 80
    assert found["label_errors"]["judged"] == 79 and found["label_errors"]["accuracy"] > 0.9
    assert {s["kind"] for s in found["suspects"]} == {
        *("label error", "duplicate", "near duplicate", "no word", "mojibake", "other script")
    }
    near = next(s for s in found["suspects"] if s["kind"] == "near duplicate")
    assert near["line"] == 41 and near["other"] == 7 and 0.7 <= near["similarity"] < 1


def test_clean_data_has_nothing_to_mend_and_each_kind_is_named_once(write, capsys):
    write("r.tsv", lines_of(rows()))
    out = checked(capsys, "r.tsv")
    assert "Nothing to mend was found." in out
    assert out.splitlines()[-1] == (
        "Nothing found: suspected labels, texts that repeat another, texts without a word, mojibake, "
        "texts in another script"
    )


def test_texts_of_the_test_data_that_stand_in_the_file_are_named(write, capsys):
    data = rows()
    write("train/r.tsv", lines_of(data))
    write("test/r.tsv", lines_of([*rows(10, seed=9), data[3], ("neg", data[6][1].upper())]))
    out = checked(capsys, "train/r.tsv", "--test-data", "test/r.tsv", "--csv", "found.csv")
    assert "1. 2 of 12 texts of test/r.tsv also stand in train/r.tsv" in out
    assert "1 exactly, 1 nearly; 1 of them under another label" in out
    with open("found.csv", encoding="utf-8", newline="") as file:
        found = [row[:4] for row in csv.reader(file)][1:]
    assert found == [
        ["test/r.tsv", "11", "duplicate of line 4 of train/r.tsv", "neg"],
        ["test/r.tsv", "12", "near duplicate of line 7 of train/r.tsv (label pos)", "neg"],
    ]
    assert "texts of test/r.tsv in train/r.tsv" not in out
    write("other.tsv", lines_of(rows(10, seed=9)))
    assert "texts of other.tsv in r.tsv" in checked(capsys, "train/r.tsv", "--test-data", "other.tsv")


def test_rows_are_named_by_their_line_in_the_file(write, capsys):
    data = rows()
    records = [("label", "review"), *data[:3], ("pos", "a text\nof two lines"), *data[3:], data[0]]
    content = io.StringIO()
    csv.writer(content, lineterminator="\n").writerows(records)
    write("r.csv", content.getvalue())
    found = json.loads(checked(capsys, "r.csv", "--json"))
    (again,) = (s for s in found["suspects"] if s["kind"] == "duplicate")
    assert (again["line"], again["other"]) == (84, 2)  # the record of two lines stands between


def test_nothing_in_a_text_or_a_label_is_run_by_a_terminal_or_a_spreadsheet(write, capsys):
    data = [
        ("=pos", "=cmd|' /C calc'!A0 \x1b[31m red \u202e"),
        *rows(20),
        ("=pos", "=cmd|' /C calc'!A0 \x1b[31m red \u202e"),
    ]
    write("r.tsv", lines_of(data))
    out = checked(capsys, "r.tsv", "--csv", "found.csv")
    written = Path("found.csv").read_text(encoding="utf-8")
    assert not {"\x1b", "\u202e"} & set(out + written)
    assert "'=pos" in written and "'=cmd" in written and ",=" not in written


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lines_of([*rows(20)[:18:2], ("neg", "w")]), "expected two different texts or more of each of two labels"),
        (lines_of([*rows(40)[::2][:18], *rows(40)[1::2][:2]]), "by its words a label is told no better than by chance"),
        (lines_of([("a", "x"), ("b", "y")]), "expected two different texts or more of each of two labels"),
        (lines_of([("a", "..."), ("b", "!")]), "expected two different texts or more"),
    ],
)
def test_small_data_is_judged_or_it_is_said_why_not(content, said, write, capsys):
    write("r.tsv", content)
    assert f"Label errors\nnot judged: {said}" in checked(capsys, "r.tsv")


def test_a_label_of_most_texts_and_one_of_few_are_said(write, capsys):
    data = rows(200)
    write("r.tsv", lines_of([*data[::2], *data[1:20:2]]))
    out = checked(capsys, "r.tsv")
    assert "1 of 2 labels has fewer than 20 texts, neg (10)" in out and "90.9% of the texts are labelled pos" in out


def test_the_words_that_vectors_lack_are_named(write, capsys):
    write("r.tsv", lines_of(rows()))
    write("v.txt", "".join(f"{word} 0.5 -1\n" for word in [*OTHERS, "good", "fine", "lovely", "bad", "poor"]))
    out = checked(capsys, "r.tsv", "--embedding", "v.txt")
    assert "v.txt has vectors for 96.7% of all words, 98.5% of the 66 most frequent different ones" in out
    assert "the most frequent words without a vector: awful\n" in out


def test_control_characters_and_replacement_characters_are_mojibake(write, capsys):
    data = rows()
    data[0], data[1] = ("pos", data[0][1] + " it\x92s"), ("neg", data[1][1] + " caf\ufffd")
    write("r.tsv", lines_of(data))
    found = json.loads(checked(capsys, "r.tsv", "--json"))
    details = {s["line"]: s["detail"] for s in found["suspects"] if s["kind"] == "mojibake"}
    assert details == {1: "control characters of Latin-1", 2: "replacement characters"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["none.tsv"],
        [""],
        ["r.tsv", "--embedding", "none.txt"],
        ["r.tsv", "--test-data", "none.tsv"],
        ["r.tsv", "--folds", "-1"],
    ],
)
def test_bad_input_is_one_line(arguments, write, said):
    write("r.tsv", lines_of(rows(20)))
    said("check-data", *arguments)


def test_a_table_that_cannot_be_written_leaves_the_report(write, capsys, monkeypatch):
    def full(path, parts):
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr("ch_sentiment.commands.check_data.write_atomically", full)
    write("r.tsv", lines_of(rows(20)))
    assert call("check-data", "r.tsv", "--csv", "found.csv") == 2
    out, err = capsys.readouterr()
    assert out.startswith("r.tsv: 20 texts") and len(err.splitlines()) == 1


def test_what_is_read_is_not_written_over_and_a_place_that_cannot_be_is_said_before_the_work(write, capsys):
    write("r.tsv", lines_of(faulty()))
    write("t.tsv", lines_of(rows(8, seed=1)))
    before = Path("r.tsv").read_bytes()
    for csv_name, came in (
        ("r.tsv", r"another file than r.tsv, which is read"),
        ("./t.tsv", r"another file than t.tsv, which is read"),
        (".", "the name of a file, got a folder"),
        ("none/found.csv", "the name of a file, got one in a folder that is not there"),
    ):
        assert call("check-data", "r.tsv", "--test-data", "t.tsv", "--csv", csv_name) == 2
        out, err = capsys.readouterr()
        assert out == "" and f"--csv {csv_name}: expected {came}" in err
    assert Path("r.tsv").read_bytes() == before


def test_long_labels_that_begin_alike_are_told_apart(write, capsys):
    names = [f"a label with a long name, number {i}" for i in range(2)]
    write("r.tsv", lines_of([(names[label == "neg"], text) for label, text in rows(8)]))
    out = checked(capsys, "r.tsv")
    assert "a label w…, number 0   " in out and "a label w…, number 1   " in out
