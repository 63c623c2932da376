"""Additions and dates: the form of the book's files, read or generated, and one line for a bad file."""

import datetime
import re

import numpy as np
import pytest

from dataset import sequence
from dataset.errors import DataError
from dataset.store import beside

LINES = ["16+75  _91  ", "52+607 _659 ", "1+2    _3   ", "75+22  _97  ", "9+9    _18  ", "10+20  _30  "] * 2


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder in place of that of the package."""
    monkeypatch.setattr(beside, "FOLDER", tmp_path)
    monkeypatch.setattr(beside, "_mentioned", set())
    return tmp_path


def text(ids):
    """(N, T) ids -> list of str."""
    id_to_char = sequence.get_vocab()[1]
    return ["".join(id_to_char[i] for i in row) for row in ids.tolist()]


def put(folder, lines, name="pairs.txt"):
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_generated_additions_have_the_books_form_and_are_right():
    (x_train, t_train), (x_test, t_test) = sequence.load_data("addition.txt")
    assert (x_train.shape, t_train.shape) == ((45_000, 7), (45_000, 5))
    assert (x_test.shape, t_test.shape) == ((5_000, 7), (5_000, 5))
    questions, answers = text(np.concatenate([x_train, x_test])), text(np.concatenate([t_train, t_test]))
    for question, answer in zip(questions, answers, strict=True):
        a, b = map(int, question.split("+"))
        assert answer == f"_{a + b:<4}" and min(a, b) >= 0 and max(a, b) < 1000
    pairs = {tuple(sorted(map(int, question.split("+")))) for question in questions}
    assert len(pairs) == 50_000, "a question of the test part, or its mirror image, occurs in training"
    assert {len(number) for question in questions for number in question.strip().split("+")} == {1, 2, 3}


def test_generated_dates_are_real_dates_in_several_forms():
    (x_train, t_train), (x_test, _) = sequence.load_data("date.txt")
    assert (x_train.shape, t_train.shape, len(x_test)) == ((45_000, 29), (45_000, 11), 5_000)
    kinds = set()
    for question, answer in zip(text(x_train[:5000]), text(t_train[:5000]), strict=True):
        date = datetime.date.fromisoformat(answer.removeprefix("_"))
        question = question.strip()
        kinds.add(re.sub("[a-z]+", "a", re.sub("[A-Z]+", "A", re.sub("[0-9]+", "9", question))))
        numbers = list(map(int, re.findall("[0-9]+", question)))
        if "/" in question:
            assert numbers == [date.month, date.day, date.year % 100]
        else:
            assert sorted(numbers) == [date.day, date.year]
            assert sequence._MONTHS[date.month - 1][:3].lower() in question.lower()
        if question.count(",") == 2:
            assert question.lower().startswith(sequence._WEEKDAYS[date.weekday()].lower())
    assert len(kinds) == 10  # forms with letters (a month is long or short), three cases each, and one without


def test_the_same_seed_gives_the_same_order_and_another_one_the_same_lines_in_another():
    first, again, other = (sequence.load_data(seed=seed)[0][0] for seed in (1984, 1984, 7))
    assert (first == again).all() and not (first == other).all()


def test_the_global_state_is_left_alone_but_for_no_seed():
    np.random.seed(3)  # noqa: NPY002
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    sequence.load_data()
    assert np.random.rand() == expected  # noqa: NPY002
    orders = []
    for _ in range(2):
        np.random.seed(3)  # noqa: NPY002
        orders.append(sequence.load_data(seed=None)[0][0])
    assert (orders[0] == orders[1]).all()
    assert not (orders[0] == sequence.load_data(seed=None)[0][0]).all()


def test_a_file_beside_the_module_is_used_as_it_is_and_that_is_said_once(folder, capsys):
    path = put(folder, LINES, "addition.txt")
    for _ in range(2):
        (x_train, t_train), (x_test, t_test) = sequence.load_data("addition.txt")
    assert capsys.readouterr().err == f"{path}: used as it is\n"
    assert (len(x_train), len(x_test)) == (11, 1)
    lines = [q + a for q, a in zip(text(x_train) + text(x_test), text(t_train) + text(t_test), strict=True)]
    assert sorted(lines) == sorted(LINES)


def test_ids_are_given_in_order_of_first_occurrence_and_lines_are_shuffled_as_by_the_legacy_generator(folder):
    path = put(folder, LINES)
    (x, _), (last, _) = sequence.load_data(path, seed=5)
    char_to_id, id_to_char = sequence.get_vocab()
    assert list(char_to_id) == list(dict.fromkeys("".join(LINES))) and list(char_to_id.values()) == list(id_to_char)
    order = np.arange(len(LINES))
    np.random.RandomState(5).shuffle(order)
    assert text(np.concatenate([x, last])) == [LINES[i][:7] for i in order]


def test_the_vocabulary_is_that_of_the_file_that_was_loaded_last(folder):
    sequence.load_data(put(folder, LINES))
    first = sequence.get_vocab()
    sequence.load_data(put(folder, ["ab_c"] * 3))
    assert sequence.get_vocab()[0] == {"a": 0, "b": 1, "_": 2, "c": 3}
    assert len(first[0]) == len(set("".join(LINES)))  # what was handed out stays as it was


def test_windows_line_ends_and_blank_lines_are_read(folder):
    path = folder / "pairs.txt"
    path.write_bytes("\r\n".join([*LINES, "", ""]).encode())
    (x, t), _ = sequence.load_data(path)
    assert (x.shape[1], t.shape[1]) == (7, 5)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "expected lines of a question, _ and its answer, got none"),
        (["1+1_2 ", "12+1_13"], "line 2: expected columns of 3 and 3 characters as in line 1"),
        (["1+1_2 ", "", "1+9_1"], "line 3: expected columns of 3 and 3 .*got 3 and 2"),
        (["1+1_2", "1+1=2"], "line 2: expected a question, then _ and its answer, got '1\\+1=2'"),
        (["_2"], "line 1: expected a question"),
    ],
)
def test_a_bad_file_is_one_line_that_names_its_line(folder, lines, words):
    with pytest.raises(DataError, match=words) as caught:
        sequence.load_data(put(folder, lines))
    assert "\n" not in str(caught.value) and "pairs.txt" in str(caught.value)


def test_a_file_that_is_not_there_is_named(folder):
    with pytest.raises(DataError, match=r"nowhere\.txt: cannot be read"):
        sequence.load_data(folder / "nowhere.txt")
    with pytest.raises(DataError, match=r"multiplication\.txt: cannot be read"):
        sequence.load_data("multiplication.txt")
