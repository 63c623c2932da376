"""The Penn Treebank, or another text in its place: words as ids, from a file beside the module, a path, or fetched."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from dataset import ptb
from dataset.errors import DataError
from dataset.store import beside, registry

TRAIN = " no it was n't black monday \n but <unk> was it \n"
VALID = " but it was monday \n no \n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder in place of that of the package, and an empty cache."""
    monkeypatch.setattr(beside, "FOLDER", tmp_path)
    monkeypatch.setattr(beside, "_mentioned", set())
    monkeypatch.setenv("SENTIFISH_DATA", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def files(folder):
    for name, content in (("train", TRAIN), ("valid", VALID), ("test", VALID * 2)):
        (folder / f"ptb.{name}.txt").write_text(content)
    return folder


def test_words_get_ids_in_order_of_first_occurrence_and_a_newline_is_eos(files):
    corpus, word_to_id, id_to_word = ptb.load_data("train")
    assert corpus.dtype == np.int64 and corpus.shape == (12,)
    words = ["no", "it", "was", "n't", "black", "monday", "<eos>", "but", "<unk>"]
    assert list(word_to_id) == words and id_to_word == dict(enumerate(words))
    assert [id_to_word[i] for i in corpus.tolist()] == TRAIN.replace("\n", "<eos>").split()
    assert ptb.load_vocab() == (word_to_id, id_to_word)


@pytest.mark.parametrize(("name", "length"), [("valid", 7), ("val", 7), ("test", 14)])
def test_the_other_parts_have_the_vocabulary_of_the_training_part(files, name, length):
    corpus, word_to_id, id_to_word = ptb.load_data(name)
    assert len(corpus) == length and len(word_to_id) == 9
    assert [id_to_word[i] for i in corpus[:7].tolist()] == ["but", "it", "was", "monday", "<eos>", "no", "<eos>"]


def test_files_beside_the_module_are_used_and_that_is_said_once_each(files, capsys):
    for _ in range(2):
        ptb.load_data("val")
    expected = [f"{files / f'ptb.{name}.txt'}: used as it is" for name in ("train", "valid")]
    assert capsys.readouterr().err.splitlines() == expected


def test_files_that_are_not_there_are_fetched_and_verified(folder, monkeypatch):
    cache = folder / "cache"
    cache.mkdir()
    for name, content in (("ptb.train.txt", TRAIN), ("ptb.valid.txt", VALID)):
        (cache / name).write_text(content)  # put there by hand, as somebody without a network does
        sha256 = hashlib.sha256((cache / name).read_bytes()).hexdigest()
        entry = replace(registry.ENTRIES[name], sha256=sha256, url=f"http://127.0.0.1:1/{name}")
        monkeypatch.setitem(registry.ENTRIES, name, entry)
    assert len(ptb.load_data("val")[0]) == 7


def test_the_registry_knows_the_three_parts():
    for name, size in (("train", 5_101_618), ("valid", 399_782), ("test", 449_945)):
        entry = registry.ENTRIES[f"ptb.{name}.txt"]
        assert entry.size == size and "/3b312e3601f5af0d9eb46e99e65e1ddd587a8a05/" in entry.url


def test_any_text_can_stand_in_with_a_vocabulary_of_its_own(folder):
    path = folder / "mine.txt"
    path.write_bytes("\ufeffto be or\r\nnot to be".encode())  # no newline at the end
    corpus, word_to_id, _ = ptb.load_data(path=path)
    assert list(word_to_id) == ["to", "be", "or", "<eos>", "not"]
    assert corpus.tolist() == [0, 1, 2, 3, 4, 0, 1]
    assert ptb.load_data(path=str(path))[1] == ptb.load_data(path)[1] == ptb.load_data(str(path))[1] == word_to_id


def test_a_word_that_the_training_text_lacks_is_unk_and_that_is_said(files, capsys):
    (files / "ptb.test.txt").write_text("no zebra was black \n")
    corpus, word_to_id, id_to_word = ptb.load_data("test")
    assert [id_to_word[i] for i in corpus.tolist()] == ["no", "<unk>", "was", "black", "<eos>"]
    assert "zebra" not in word_to_id
    assert "1 of 5 words are not in the training text, read as <unk>" in capsys.readouterr().err


def test_without_unk_a_word_that_the_training_text_lacks_is_named(files):
    (files / "ptb.train.txt").write_text("no it was \n")
    with pytest.raises(DataError, match=r"ptb\.valid\.txt: .*got 'but', and no <unk> stands for it"):
        ptb.load_data("valid")


@pytest.mark.parametrize("content", [b"", b"\n\n \n", b"\x00\x01\x02\xff"])
def test_a_file_without_words_is_one_line(folder, content):
    (folder / "empty.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"empty\.txt") as caught:
        ptb.load_data(path=folder / "empty.txt")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["un été à la mer".encode("latin-1"), b"what \xff is it"])
def test_another_encoding_is_not_answered_with_an_option_that_no_script_has(folder, content):
    (folder / "t.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"t\.txt, line 1: expected UTF-8, got byte .*save it as UTF-8$"):
        ptb.load_data(path=folder / "t.txt")


def test_another_part_and_a_missing_file_are_named(folder):
    with pytest.raises(DataError, match=r"expected train, valid \(or val\), test or a file of text, got 'dev'"):
        ptb.load_data("dev")
    with pytest.raises(DataError, match=r"nowhere\.txt: cannot be read"):
        ptb.load_data(path=folder / "nowhere.txt")
