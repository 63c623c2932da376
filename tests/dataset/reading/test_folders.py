"""Folders of texts are read as people have them: a level too high, in folders of folders, a file for each class."""

import gzip
import re

import pytest

from dataset.errors import DataError
from dataset.labelled_text import ReadOptions, read_labelled, read_texts

FIVE = "neg (5), pos (5)"
LINES = "neg (12), pos (12)"


@pytest.fixture
def tree(tmp_path):
    def make(*names):
        """Files of one text each, `{i}` in a name standing for 1 to 5."""
        for name in names:
            for i in range(1, 6) if "{i}" in name else [0]:
                path = tmp_path / name.format(i=i)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"text {i} of {name}\n", encoding="utf-8")
        return tmp_path

    return make


@pytest.mark.parametrize(
    "names",
    [
        ["pos/{i}.txt", "neg/{i}.txt", "README.txt"],
        ["reviews/pos/{i}.txt", "reviews/neg/{i}.txt", "README.md", "LICENSE.txt"],
        ["a/b/pos/{i}.txt", "a/b/neg/{i}.txt"],
        ["pos/2020/{i}.txt", "neg/x/y/{i}.TXT"],
        ["pos/{i}", "neg/{i}"],
        ["pos/{i}.md", "neg/{i}.md", "pos/README.md", "neg/LICENSE.txt"],
        ["reviews-main/data/pos/{i}.txt", "reviews-main/data/neg/{i}.txt", "reviews-main/src/a.py"],
        ["pos/{i}.7c53336b37003a9286aba55d2945844c", "neg/{i}.eml"],
        ["pos/{i}.txt", "neg/{i}.txt", "__MACOSX/._x/{i}.txt", ".git/{i}.txt", "pos/.DS_Store"],
        ["train/pos/{i}.txt", "train/neg/{i}.txt", "test/pos/{i}.txt", "test/neg/{i}.txt"],
        ["pos_{i}.txt", "neg_{i}.txt"],
        ["{i}-pos.txt", "{i}-neg.txt", "readme.txt"],
        ["pos{i}.txt", "neg{i}.txt"],
    ],
)
def test_classes_are_found_in_the_names_of_folders_or_files(tree, names):
    found = read_labelled(tree(*names))
    assert len(found.texts) == 10 and found.notes[0].endswith(FIVE)
    assert found.numbers.tolist() == list(range(1, 11)) and len(set(found.texts)) == 10
    split = [note for note in found.notes if "train" in note]
    assert split == (["the texts are those of train/, test is not read"] if "train" in names[0] else [])


@pytest.mark.parametrize(
    ("names", "give"),
    [
        (["rt-polarity.pos", "rt-polarity.neg"], ["", "rt-polarity.pos", "rt-polarity.neg"]),
        (["pos.txt", "neg.txt"], ["", "pos.txt"]),
        (["reviews_pos.txt", "reviews_neg.txt"], ["", "reviews_neg.txt"]),
        (["pos/all.txt", "neg/all.txt"], [""]),
    ],
)
def test_a_file_of_lines_for_each_class_is_read_by_any_of_its_names(tmp_path, rows, names, give):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(rows("{t}") + "\n" + name.replace("/", " ") + "\n", encoding="utf-8")
    for name in give:
        found = read_labelled(tmp_path / name)
        assert found.label_names == ["neg", "pos"] and len(found.texts) == 26
        assert found.t[[text.startswith(names[0].split("/")[0]) for text in found.texts]].tolist() == [1]


def test_other_classes_may_have_a_file_of_lines_each(tmp_path, rows):
    for name in ("ham.txt", "spam.txt"):
        (tmp_path / name).write_text(rows("{t}"), encoding="utf-8")
    assert read_labelled(tmp_path).notes[0].endswith("ham (12), spam (12)")


def test_the_only_table_of_a_folder_is_read(tree, tmp_path, rows):
    (tree("readme.md") / "reviews.csv").write_text("text,label\n" + rows("{t},{l}"), encoding="utf-8")
    assert len(read_labelled(tmp_path).texts) == 12


@pytest.mark.parametrize(
    ("names", "give", "said"),
    [
        (["pos/{i}.txt", "neg/{i}.txt"], "pos", "only texts, as in the folder of one class: give the folder above, "),
        (["{i}.txt"], "", "5 files whose names say no class, 1.txt the first; put them into one folder for each class"),
        (["{i}_7.txt"], "", "5 files whose names say no class"),
        (["a.csv", "b.csv"], "", "expected one sub-folder per class, got files; give the one to read: "),
        (["reviews.xlsx"], "", "got reviews.xlsx; save as CSV UTF-8, or unpack, and give the file"),
        (["pos/{i}.txt", "neg/a.pdf"], "", "neg: expected .txt files, got none but a.pdf"),
        (["dev/pos/{i}.txt", "test/pos/{i}.txt"], "", "got dev, test; give the one to read: "),
    ],
)
def test_what_a_folder_has_instead_of_classes_is_said(tree, names, give, said):
    folder = tree(*names) / give
    with pytest.raises(DataError, match=re.escape(said)) as caught:
        read_labelled(folder)
    assert "\n" not in str(caught.value)


def test_texts_of_a_folder_may_be_blank_compressed_or_in_another_encoding(tree):
    folder = tree("pos/{i}.txt", "neg/{i}.txt")
    (folder / "neg" / "0.txt").write_text(" \n")
    (folder / "pos" / "9.txt.gz").write_bytes(gzip.compress(b"more\n"))
    found = read_labelled(folder)
    assert found.left_out == {"no text": [1]} and len(found.texts) == 11 and found.numbers[0] == 2
    (folder / "pos" / "8.txt").write_bytes("l’été\n".encode("cp1252"))
    with pytest.raises(DataError, match=r"8\.txt, line 1: expected UTF-8, got byte 0x92; .* say --encoding cp1252"):
        read_labelled(folder)
    assert "l’été\n" in read_labelled(folder, ReadOptions(encoding="cp1252")).texts
    with pytest.raises(DataError, match="--label-column mood: expected a file with columns, got a folder"):
        read_labelled(folder, ReadOptions(label_column="mood"))


def test_two_unicode_forms_of_a_folders_name_are_one_class(tree):
    found = read_labelled(tree("ne\u0301g/{i}.txt", "n\u00e9g/{i}.txt", "pos/{i}.txt"))
    assert found.label_names == ["n\u00e9g", "pos"] and "one class" in found.notes[-1]


# ---- texts without labels


@pytest.mark.parametrize(
    ("name", "content", "header", "second"),
    [
        ("a.txt", "One, film\nTwo; films\n", None, (2, "Two; films", ["Two; films"])),
        ("a.txt", "I liked it, truly\nNo\n", None, (2, "No", ["No"])),
        ("a.csv", 'text\n"a, b"\n"c\nd"\n', ["text"], (3, "c\nd", ["c\nd"])),
        ("a.csv", "id,text\n1,so it is\n2,\n", ["id", "text"], (3, "", ["2", ""])),
        (
            "a.csv",
            "id;Review Text;label\n1;so;x\n2;no, no;\n",
            ["id", "Review Text", "label"],
            (3, "no, no", ["2", "no, no", ""]),
        ),
        ("a.tsv", "1\tso it was\n0\tno no no\n", None, (2, "no no no", ["0", "no no no"])),
        ("a.jsonl", '{"text": "so", "n": 1}\n{"text": "no", "n": 2}\n', ["text", "n"], (2, "no", ("no", 2))),
        ("a.json", '["so", "no"]', None, (2, "no", ["no"])),
        ("a.ft", "__label__1 so\n__label__2 no\n", ["label", "text"], (2, "no", ["2", "no"])),
    ],
)
def test_texts_are_read_one_after_the_other_with_or_without_labels(tmp_path, name, content, header, second):
    (tmp_path / name).write_text(content, encoding="utf-8")
    names, rows = read_texts(tmp_path / name)
    found = list(rows)
    assert names == header and found[1] == second and len(found) == 2


def test_the_column_of_the_texts_is_said_or_asked_for(tmp_path, rows, tree):
    path = tmp_path / "a.csv"
    path.write_text("id,premise,hypothesis\n" + rows("{},{t},{t}"), encoding="utf-8")
    with pytest.raises(DataError, match=r"one column of texts, got 2 that may be .* say --text-column"):
        read_texts(path)
    names, found = read_texts(path, ReadOptions(text_column="premise"))
    assert found.notes == ['text from "premise"'] and len(list(found)) == 12 and names[0] == "id"
    path.write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.csv: expected texts, got none"):
        read_texts(path)
    path.unlink()
    _, found = read_texts(tree("pos/{i}.txt", "neg/{i}.txt"))
    assert next(found)[1] == "text 1 of neg/{i}.txt\n"


def test_a_defect_is_named_when_the_reading_gets_there(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one text\n" * 20_000 + b"caf\xe9\n")
    _, rows = read_texts(tmp_path / "a.txt")
    assert next(rows)[:2] == (1, "one text")
    with pytest.raises(DataError, match=r"a\.txt, line 20001: expected UTF-8, got byte 0xe9"):
        list(rows)


def test_links_that_lead_back_up_are_not_followed(tmp_path):
    for label in ("neg", "pos"):
        (tmp_path / label / "deep").mkdir(parents=True)
        (tmp_path / label / "deep" / "1.txt").write_text(f"a {label} text")
        for name in ("here", "again", "once more"):
            (tmp_path / label / name).symlink_to(".")
        (tmp_path / label / "deep" / "up").symlink_to("..")
    assert read_labelled(tmp_path).texts == ["a neg text", "a pos text"]


def test_the_parts_of_a_data_set_are_no_classes(tree):
    folder = tree("train/{i}.txt", "test/{i}.txt")
    with pytest.raises(DataError, match="expected one sub-folder per class, got test, train without classes in them"):
        read_labelled(folder)


def test_several_pairs_of_files_are_listed_and_one_of_them_is_read(tree):
    folder = tree("train.pos", "train.neg", "test.pos", "test.neg")
    for file in folder.iterdir():
        file.write_text("so it was\nand so on\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"got several; give a file of the one to read: .*test\.neg, .*train\.neg$"):
        read_labelled(folder)
    assert read_labelled(folder / "train.neg").label_names == ["neg", "pos"]
