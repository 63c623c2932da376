"""A person's own texts are read right, or refused with one line that names the place."""

import csv
import os
import re
import sys

import numpy as np
import pytest

from dataset.errors import DataError
from dataset.labelled_text import load_data, load_groups


@pytest.fixture
def write(tmp_path):
    def write_file(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def read(path, **how):
    texts, t, names = load_data(path, **how)
    assert t.dtype == np.int64 and t.shape == (len(texts),)
    return texts, t.tolist(), names


# ---- lines of label<TAB>text


def test_a_tsv_is_split_at_the_first_tab_and_its_lines_end_at_newline_only(write):
    path = write("a.tsv", "\ufeffpos\tgood\tfilm\u0085yes\r\n\n  \nneg\tbad \u2028 one\rhere\npos\tlast")
    assert read(path) == (["good\tfilm\u0085yes", "bad \u2028 one\rhere", "last"], [1, 0, 1], ["neg", "pos"])


@pytest.mark.parametrize("name", ["a.txt", "a.tsv", "noending"])
def test_any_other_ending_is_read_as_tsv(write, name):
    assert read(write(name, "1\tx\n0\ty\n"))[1] == [1, 0]


def test_a_header_may_name_the_columns_in_either_order(write):
    assert read(write("a.tsv", "Label\tText\nb\tx\ty\na\tz\n"))[0] == ["x\ty", "z"]
    assert read(write("b.tsv", "review\tsentiment\nx\ty\tb\nz\ta\n")) == (["x\ty", "z"], [1, 0], ["a", "b"])


def test_a_header_may_name_two_of_more_columns(write):
    assert read(write("a.tsv", "id\tsentiment\treview\n7\t1\tgood\n8\t0\tbad\n"))[0] == ["good", "bad"]
    path = write("a.csv", 'id,rating,text,label\n1,9,"good, yes",p\n2,3,bad,n\n')
    assert read(path) == (["good, yes", "bad"], [1, 0], ["n", "p"])


def test_without_a_header_the_column_with_few_short_values_is_the_label(write):
    assert read(write("a.tsv", "good\tfilm\tp\nbad\tn\nfine\tp\n"))[0] == ["good\tfilm", "bad", "fine"]
    assert read(write("b.csv", "good film,p\nbad film,n\nfine,p\n"))[1] == [1, 0, 1]
    assert read(write("c.tsv", "p\tgood\nn\tbad\n"))[0] == ["good", "bad"]


# ---- csv, folders


def test_csv_fields_may_hold_newlines_quotes_commas_and_any_length(write):
    long = "word " * 60_000
    limit = csv.field_size_limit()
    path = write("a.csv", f'1,"two\nlines, ""quoted"""\r\n\r\n0, "{long}"\n')
    assert read(path)[0] == ['two\nlines, "quoted"', long]
    with pytest.raises(DataError):
        load_data(path, label_names=["other"])
    assert csv.field_size_limit() == limit


def test_a_folder_holds_one_folder_per_class_read_in_alphabetical_order(tmp_path):
    for name in ("pos/b.txt", "pos/a.txt", "neg/c.TXT", "neg/.hidden.txt", "neg/notes.md", ".git/x.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"text of {name}\n", encoding="utf-8")
    (tmp_path / "readme.txt").write_text("not a class", encoding="utf-8")
    texts, t, names = read(tmp_path)
    assert texts == ["text of neg/c.TXT\n", "text of pos/a.txt\n", "text of pos/b.txt\n"]
    assert t == [0, 1, 1] and names == ["neg", "pos"]


# ---- classes


def test_integer_labels_are_sorted_by_number(write):
    path = write("a.tsv", "10\tx\n9\ty\n-1\tz\n")
    assert read(path, num_classes=None)[1:] == ([2, 1, 0], ["-1", "9", "10"])


@pytest.mark.parametrize("limit", [0, 4300])
def test_labels_of_very_many_digits_are_sorted_as_text_whatever_the_interpreter_reads(write, limit):
    many = "1" + "0" * 5000
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(limit)
    try:
        assert read(write("a.tsv", f"9\tx\n{many}\ty\n"))[2] == [many, "9"]
    finally:
        sys.set_int_max_str_digits(before)


def test_given_label_names_fix_the_ids_and_classes_may_be_missing(write):
    path = write("a.tsv", "c\tx\nb\ty\n")
    assert read(path, label_names=["b", "c", "a"])[1:] == ([1, 0], ["b", "c", "a"])
    assert read(write("b.tsv", "c\tx\n"), label_names=["b", "c"])[1] == [1]


# ---- errors


@pytest.mark.parametrize(
    ("name", "content", "how", "said"),
    [
        ("a.tsv", "", {}, "a.tsv: expected labelled texts, got none"),
        ("a.tsv", "label\ttext\n\n", {}, "got none"),
        ("a.csv", "", {}, "got none"),
        (
            "a.tsv",
            "1\tx\n\nno tab\n",
            {},
            "a.tsv: 1 class (1) found where at least 2 are needed; left out: another num",
        ),
        ("a.csv", '1,"x\ny"\n0,a,b\n', {}, "at least 2 are needed; left out: another number of columns 1"),
        ("a.tsv", "1\tx\n \ty\n", {}, "at least 2 are needed; left out: no label 1"),
        ("a.tsv", "1\tx\n1\ty\n", {}, "1 class (1) found where at least 2 are needed"),
        ("a.tsv", "1\tx\n1\ty\n", {"num_classes": None}, "1 class (1) found where at least 2 are needed"),
        ("a.tsv", "c\tx\nb\ty\na\tz\n", {"num_classes": 2}, "3 classes (a, b, c) found where 2 were asked for"),
        ("a.tsv", "a\tx\nb\ty\n", {"num_classes": 3}, "2 classes (a, b) found where 3 were asked for"),
        (
            "a.tsv",
            "a\tx\nq\ty\n",
            {"label_names": ["a", "b"]},
            "line 2: unknown label 'q', expected one of a, b",
        ),
        ("a.tsv", b"1\tx\n0\tcaf\xe9\n", {}, "a.tsv, line 2: expected UTF-8, got byte 0xe9"),
        ("a.csv", b'1,"x\ny"\n0,caf\xe9\n', {}, "a.csv, line 3: expected UTF-8, got byte 0xe9"),
        ("a.csv", '1,x\n0,"never closed\n1,y\n', {}, "left out: a quote that is never closed 1"),
        ("a.csv", 'a,x\n"b\nb",y\nc,z\n', {"num_classes": 2}, "3 classes (a, b b, c)"),
    ],
)
def test_defects_of_a_file_are_one_line_that_names_the_place(write, name, content, how, said):
    with pytest.raises(DataError, match=re.escape(said)) as caught:
        load_data(write(name, content), **how)
    assert "\n" not in str(caught.value)


def test_defects_of_folders_and_paths_are_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.tsv: expected a file or a folder, there is none"):
        load_data(tmp_path / "nowhere.tsv")
    with pytest.raises(DataError, match="expected one sub-folder per class, got none"):
        load_data(tmp_path)
    (tmp_path / "pos").mkdir()
    with pytest.raises(DataError, match=r"pos: expected \.txt files, got none"):
        load_data(str(tmp_path))
    (tmp_path / "pos" / "a.txt").write_bytes(b"fine\n\xff\n")
    with pytest.raises(DataError, match=r"a\.txt, line 2: expected UTF-8, got byte 0xff"):
        load_data(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(write):
    path = write("a.tsv", "1\tx\n0\ty\n")
    path.chmod(0)
    with pytest.raises(DataError, match=r"a\.tsv: cannot be read \(Permission denied\)"):
        load_data(path)


def test_an_error_of_the_disk_becomes_one_line(write, monkeypatch):
    path = write("a.tsv", "1\tx\n0\ty\n")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("dataset.lines.open_input", refuse)
    with pytest.raises(DataError, match=r"a\.tsv: cannot be read \(Permission denied\)"):
        load_data(path)


# ---- groups


def test_groups_are_the_lines_of_a_file_or_a_further_column(write):
    assert load_groups(write("films.txt", "\ufefftt1\r\n tt 2 \ntt1")) == ["tt1", "tt 2", "tt1"]
    path = write("a.tsv", "id\tLabel\tFilm \tText\n1\tp\tup\tgood\n\n2\tn\tit\tbad\n")
    assert load_groups(path, "film") == load_groups(path, " FILM") == ["up", "it"] and load_groups(path, "id") == [
        "1",
        "2",
    ]
    assert load_groups(write("a.csv", 'text,film,label\n"a\nb","up, down",p\nc,it,n\n'), "film") == ["up, down", "it"]


@pytest.mark.parametrize(
    ("name", "content", "column", "said"),
    [
        ("films.txt", "a\n \nb\n", None, "films.txt, line 2: expected a group, got an empty one"),
        ("films.txt", b"a\ncaf\xe9\n", None, "films.txt, line 2: expected UTF-8"),
        ("a.tsv", "label\tfilm\ttext\np\t\tgood\n", "film", "a.tsv, line 2: expected a group, got an empty one"),
        (
            "a.tsv",
            "film\tlabel\ttext\nup\tp\tgood\nx\n",
            "text",
            'a.tsv: expected weights and groups in further columns, got "text"',
        ),
        (
            "a.tsv",
            "label\ttext\tfilm\np\tgood\n",
            "film",
            "a.tsv: expected labelled texts, got none (left out: another",
        ),
        (
            "a.csv",
            "label,text,film,year\np,good,up,1\n",
            "actor",
            'there are the columns "label", "text", "film", "year"',
        ),
        (
            "a.csv",
            "label,text\np,good\n",
            "film",
            "a.csv: --group-column: expected the name or number of a column, got",
        ),
        ("a.tsv", "p\tgood\n", "film", "there are the columns column 1, column 2 and no header"),
        ("a.tsv", "", "film", "a.tsv: expected labelled texts, got none"),
    ],
)
def test_defects_of_groups_are_one_line_that_names_the_place(write, name, content, column, said):
    with pytest.raises(DataError, match=re.escape(said)) as caught:
        load_groups(write(name, content), column)
    assert "\n" not in str(caught.value)


def test_groups_of_a_folder_or_of_nothing_are_named(tmp_path):
    with pytest.raises(DataError, match="--group-column film: expected a file with columns, got a folder"):
        load_groups(tmp_path, "film")
    with pytest.raises(DataError, match=r"none\.txt: cannot be read \(No such file"):
        load_groups(tmp_path / "none.txt")
