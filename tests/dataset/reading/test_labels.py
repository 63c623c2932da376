"""Spellings of one class are one, and said; missing labels and texts are left out; classes are as many as there are."""

import re
import unicodedata

import pytest

from dataset.errors import DataError
from dataset.labelled_text import left_out_line
from dataset.reading.labels import MISSING, label_key, listed


def labelled(read, labels, **how):
    return read("a.tsv", "label\ttext\n" + "".join(f"{label}\ttext {i}\n" for i, label in enumerate(labels)), **how)


@pytest.mark.parametrize(
    ("labels", "names", "note"),
    [
        (["Pos", "pos", "pos", "neg"], ["neg", "pos"], "labels that are one class, pos: 'Pos' (1), 'pos' (2)"),
        (["pos ", " pos", "neg"], ["neg", "pos"], None),
        (
            ["positive.", "positive", "neg", "positive"],
            ["neg", "positive"],
            "one class, positive: 'positive.' (1), 'pos",
        ),
        (["positive.", "negative."], ["negative.", "positive."], None),
        (["1.0", "0.0", "1"], ["0", "1"], "labels that are one class, 1: '1.0' (1), '1' (1)"),
        (["1.0", "0.0", "1.0"], ["0", "1"], "labels 1.0, 0.0 are read as 1, 0"),
        (["+1", "-1"], ["-1", "+1"], None),
        (
            ["n\u00e9gatif", "ne\u0301gatif", "bon"],
            ["bon", "n\u00e9gatif"],
            "one class, n\u00e9gatif: 'n\\xe9gatif' (1), 'ne\\u0301",
        ),
        (["STRASSE", "stra\u00dfe", "x"], ["STRASSE", "x"], "one class, STRASSE"),
        (['"a"', "a", "b"], ["a", "b"], None),
        (["\u0130yi", "iyi", "iyi", "k\u00f6t\u00fc"], ["iyi", "k\u00f6t\u00fc"], "labels that are one class, iyi"),
        (["\uff11", "1", "0"], ["0", "1"], "labels that are one class, 1: '\\uff11' (1), '1' (1)"),
        (["pos\u200b", "pos", "neg\ufeff", "\u00a0neg"], ["neg", "pos"], None),
        ([":)", ":("], [":(", ":)"], None),
        (["...", "!"], ["!", "..."], None),
        (["10", "9", "-1"], ["-1", "9", "10"], None),
    ],
)
def test_spellings_of_one_class_are_one_and_said(read, labels, names, note):
    found = labelled(read, labels)
    assert found.label_names == names
    notes = found.notes[1:]
    assert note in notes[0] if note else notes == []
    for name in names:
        assert unicodedata.is_normalized("NFC", name)


def test_labels_of_a_test_file_are_those_of_the_model_in_any_spelling(read):
    found = labelled(read, ["POS", "neg.", "pos"], label_names=["neg", "pos"])
    assert found.t.tolist() == [1, 0, 1] and found.label_names == ["neg", "pos"]
    assert labelled(read, ["1.0", "0"], label_names=["0", "1"]).t.tolist() == [1, 0]
    assert labelled(read, ["ne\u0301g"], label_names=["n\u00e9g", "x"]).t.tolist() == [0]
    assert labelled(read, ["a", "A"], label_names=["A", "a"]).t.tolist() == [1, 0]  # an older model's classes
    with pytest.raises(DataError, match=r"a\.tsv, line 3: unknown label 'good', expected one of neg, pos"):
        labelled(read, ["pos", "good"], label_names=["neg", "pos"])


@pytest.mark.parametrize("missing", sorted(MISSING | {" ", " NaN "}))
def test_a_missing_label_or_text_costs_its_row(read, missing):
    found = read("a.csv", f'text,label\nfine,b\n"{missing}",a\nbad,"{missing}"\nso,a\n')
    assert found.texts == ["fine", "so"] and found.left_out == {"no label": [4], "no text": [3]}


def test_none_in_small_letters_is_a_class(read):
    assert labelled(read, ["none", "NONE", "favor"]).label_names == ["favor", "none"]


def test_rows_that_are_left_out_are_counted_on_one_line_with_the_first_numbers(read):
    left_out = {"no word": [7766, 17], "no label": [90, 1204]}
    assert left_out_line("r.csv", left_out, 7766) == (
        "r.csv: 4 of 7,766 rows are left out (no word 2, no label 2): lines 17, 90, 1,204, ..."
    )
    assert left_out_line("r.csv", {"no word": [5]}) == "r.csv: 1 is left out (no word 1): line 5"
    assert left_out_line("r.csv", {}) is None and left_out_line("r.csv", {"no word": []}) is None
    with pytest.raises(DataError, match=r"a\.tsv, line 3: expected a row that can be used, got no label \(2 such rows"):
        labelled(read, ["a", "", "b", "NaN"], strict=True)
    assert labelled(read, ["a", "b"], strict=True).left_out == {}


# ---- classes


def test_classes_are_as_many_as_there_are_and_a_number_only_checks(read):
    labels = [f"c{i % 7}" for i in range(70)]
    assert len(labelled(read, labels).label_names) == len(labelled(read, labels, num_classes=7).label_names) == 7
    with pytest.raises(DataError, match=r"7 classes \(c0, c1, c2, c3, c4, c5, c6\) found where 2 were asked for"):
        labelled(read, labels, num_classes=2)
    with pytest.raises(DataError, match=r"1 class \(a\) found where at least 2 are needed; left out: no label 1"):
        labelled(read, ["a", ""])


def test_many_rare_classes_are_suspected_texts(read):
    labels = [f"word {i // 2}" for i in range(120)]
    said = "expected labels that come again, got 60 classes ("
    with pytest.raises(DataError, match=re.escape(said) + r".*say --label-column and --text-column, or --classes 60"):
        labelled(read, labels)
    assert len(labelled(read, labels, num_classes=60).label_names) == 60


def test_a_list_of_classes_is_not_cut_before_its_odd_member(read):
    labels = [f"c{i % 20}" for i in range(400)] + ["stars"]
    note = labelled(read, labels).notes[0]
    assert note.endswith("stars (1)") and "and 11 more, the rarest" in note
    assert listed(list("abcdefghijkl")) == "a, b, c, d, e, f, g, h, i, j, k, l"
    assert listed([f"c{i}" for i in range(14)]).endswith("c10, and 2 more, c13")


def test_a_key_is_a_key_of_itself():
    for label in [" A ", "1.00", "+3", "-0.0", '"x y"', "__label__B", "x.;", "\u0130", "\u1e9e", ".", "9" * 200]:
        assert label_key(label_key(label)) == label_key(label)
