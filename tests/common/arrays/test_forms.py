"""The form of a value from a file: what has it is let through, what has not is named with what came."""

import numpy as np
import pytest

from common.arrays.forms import COUNT, NUMBER, SHARE, Number, check_arrays, check_form, check_range

ROW = {"epoch": COUNT, "loss": (NUMBER, None), "on": bool, "inner": ({"a": [SHARE]}, None), "kind": "this"}
GOOD = {"epoch": 1, "loss": 2.5, "on": True, "inner": {"a": [0, 0.5]}, "kind": "this"}


def test_what_has_the_form_is_let_through():
    for value in (GOOD, GOOD | {"loss": None, "inner": None}, GOOD | {"loss": -3}):
        check_form("row", value, ROW)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epoch": True}, "row: epoch: expected a whole number, 0 or above, got True"),
        ({"epoch": 1.0}, "row: epoch: expected a whole number, 0 or above, got 1.0"),
        ({"epoch": 10**400}, "row: epoch: expected a whole number"),
        ({"loss": "x"}, "row: loss: expected a finite number or null, got the str 'x'"),
        ({"loss": float("nan")}, "row: loss: expected a finite number or null, got nan"),
        ({"loss": 10**400}, "row: loss: expected a finite number"),
        ({"on": 1}, "row: on: expected true or false, got 1"),
        ({"inner": []}, "row: inner: expected an object or null, got list of 0"),
        ({"inner": {"a": [0, 1.5]}}, r"row: inner: a\[1\]: expected a finite number from 0 to 1, got 1.5"),
        ({"inner": {"a": {}}}, "row: inner: a: expected a list, got dict of 0"),
        ({"kind": "that"}, "row: kind: expected 'this', got the str 'that'"),
        ({"\x1b[2J": 1}, r"row: expected 'epoch', .*, got .*'\\x1b\[2J'"),
    ],
)
def test_what_has_not_is_named_with_what_was_expected(change, words):
    with pytest.raises(ValueError, match=words):
        check_form("row", GOOD | change, ROW)


def test_arrays_have_shapes_dtypes_and_ranges():
    a, b = np.zeros(2, "f"), np.zeros((2, 3))
    check_arrays("callback", [a, b], [a + 1, b])
    for arrays in ([a], [b, a], [a.astype("f8"), b], [a, b.T], [a, b, b]):
        with pytest.raises(ValueError, match="callback: "):
            check_arrays("callback", arrays, [a, b])
    check_range("a", np.array([], "f"), SHARE)
    check_range("a", np.array([0, 3]), Number(0, 3))
    with pytest.raises(ValueError, match="a: expected a finite number from 0 to 1 in each place, got -1 to 3"):
        check_range("a", np.array([-1, 3]), SHARE)
