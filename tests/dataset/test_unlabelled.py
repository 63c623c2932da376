"""Texts without labels: what is read, what is left out and counted, and what is refused."""

import gzip
import json

import pytest

from dataset.errors import DataError
from dataset.unlabelled import UnlabelledTexts, all_texts, read_unlabelled

PLAIN = "The first text, which has a comma.\n\nA second\ttext.\nThe first text,  which has a comma.\n   \nNo end"
TEXTS = ["The first text, which has a comma.", "A second\ttext.", "No end"]


def test_of_a_file_of_lines_empty_ones_and_repeated_ones_are_left_out_and_counted(tmp_path):
    for name, pack in (("a.txt", bytes), ("a.txt.gz", gzip.compress), ("a", bytes)):
        (tmp_path / name).write_bytes(pack(PLAIN.encode()))
        found = read_unlabelled(tmp_path / name)
        assert found.texts == TEXTS and found.numbers == [1, 3, 6]
        first, empty, again = found.notes
        assert first == f"{tmp_path / name}: 3 texts without labels to learn from"
        assert empty.endswith("2 are left out (no text 2): lines 2, 5")
        assert again.endswith("1 is left out (the same text again 1): line 4")


def test_a_table_without_labels_has_a_column_of_texts(tmp_path):
    texts = [f"a text of five words {i}" for i in range(9)]
    (tmp_path / "a.csv").write_text("id,text\n" + "".join(f"{i},{text}\n" for i, text in enumerate(texts)))
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    for name in ("a.csv", "a.jsonl"):
        assert read_unlabelled(tmp_path / name).texts == texts


def test_a_folder_of_files_has_a_text_in_each(tmp_path):
    for i in range(3):
        (tmp_path / f"{i}.txt").write_text(f"the text number {i}\nin two lines\n")
    assert len(read_unlabelled(tmp_path)) == 3


LABELLED = {
    "a.tsv": "pos\tit was good\nneg\tit was bad\n" * 5,
    "a.txt": "pos\tit was good\nneg\tit was bad\n" * 5,
    "a.csv": "label,text\n" + "pos,it was good\nneg,it was bad\n" * 5,
    "a.jsonl": '{"text": "it was good", "label": "pos"}\n{"text": "it was bad", "label": "neg"}\n' * 5,
    "b.txt": "__label__pos it was good\n__label__neg it was bad\n" * 5,
    "c.txt": "1 it was good\n0 it was bad\n" * 5,
    "one.tsv": "".join(f"1\tit was good {i}\n" for i in range(1500)) + "0\tit was bad\n",
}


@pytest.mark.parametrize("name", LABELLED)
def test_a_file_with_labels_is_refused_in_one_line(name, tmp_path):
    (tmp_path / name).write_text(LABELLED[name])
    with pytest.raises(DataError, match="expected texts without labels, one a line, got labelled ones") as caught:
        read_unlabelled(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name)) and "\n" not in str(caught.value)


def test_a_folder_of_class_folders_is_refused(tmp_path):
    for label in ("neg", "pos"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.txt").write_text("a text\n")
    with pytest.raises(DataError, match=r"got labelled ones \(the folders neg, pos\)"):
        read_unlabelled(tmp_path)


def test_sentences_that_begin_alike_are_no_labels(tmp_path):
    (tmp_path / "a.txt").write_text("The film is good\nA film is bad\n" * 2 + "The end\nA good one\n" * 2)
    assert len(read_unlabelled(tmp_path / "a.txt")) == 4


def test_what_is_known_is_left_out_with_its_reason_whatever_its_blanks():
    found = UnlabelledTexts.of(["a  b", "c", "d", "e"]).without(
        {"in the test part": ["a b", "x"], "in f": ["d", "a b"]}
    )
    assert found.texts == ["c", "e"] and found.left_out["in the test part"] == [1] and found.left_out["in f"] == [3]
    assert "texts without labels: 1 is left out (in f 1): text 3" in found.notes


def test_nothing_that_is_left_is_one_line():
    with pytest.raises(DataError, match=r"expected texts to learn from, got none \(.*in the test part 2") as caught:
        UnlabelledTexts.of(["a", "b"]).without({"in the test part": ["a", "b"]})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_file_without_a_text_is_one_line(content, tmp_path):
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(DataError, match=r"expected texts.*, got none"):
        read_unlabelled(tmp_path / "a.txt")


def test_a_file_that_is_not_there_or_no_text_is_one_line(tmp_path):
    with pytest.raises(DataError, match="expected a file of texts, there is none of this name"):
        read_unlabelled(tmp_path / "a.txt")
    (tmp_path / "a.txt").write_bytes(bytes(range(256)) * 9)
    with pytest.raises(DataError, match="expected"):
        read_unlabelled(tmp_path / "a.txt")


def test_the_texts_to_leave_out_may_be_labelled_or_plain_lines(tmp_path):
    (tmp_path / "labelled.tsv").write_text(LABELLED["a.tsv"])
    (tmp_path / "labelled.txt").write_text(LABELLED["a.tsv"])
    (tmp_path / "plain.txt").write_text("it was good\nit was bad\n")
    for name in ("labelled.tsv", "labelled.txt", "plain.txt"):
        assert {"it was good", "it was bad"} <= set(all_texts(tmp_path / name))
