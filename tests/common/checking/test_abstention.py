"""The threshold is the smallest that does what it says, and what is counted is what is answered."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.checking.abstention import abstention_threshold, answered


def of(confidence, right):
    """(N, 2) probabilities and (N,) labels with these confidences, right or wrong."""
    confidence, right = np.array(confidence, float), np.array(right, bool)
    return np.stack((1 - confidence, confidence), axis=1), right.astype(int)


examples = st.lists(st.tuples(st.integers(10, 20), st.booleans()), min_size=1, max_size=30)


@given(examples, st.sampled_from([0.05, 0.5, 0.8, 0.95, 1.0]))
def test_it_is_the_smallest_confidence_that_reaches_the_accuracy(drawn, accuracy):
    probabilities, t = of(*zip(*((n / 20, right) for n, right in drawn)))
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == t
    reach = [p for p in [0.0, *confidence] if np.mean(right[confidence >= p]) >= accuracy]
    found = abstention_threshold(probabilities, t, accuracy)
    assert found == (min(reach) if reach else None)
    if found is not None:
        report = answered(probabilities, t, found)
        assert report["accuracy"] >= accuracy and report["answered"] == np.sum(confidence >= found)


def test_by_hand():
    p, t = of([0.9, 0.6, 0.8, 0.7, 0.55], [True, False, True, True, False])
    assert abstention_threshold(p, t, 1.0) == 0.7
    assert abstention_threshold(p, t, 0.75) == 0.6  # 3 of 4
    assert abstention_threshold(p, t, 0.6) == 0.0  # all together are right in 60 %
    assert abstention_threshold(*of([0.9, 0.8], [False, True]), 0.6) is None
    assert abstention_threshold(*of([0.9, 0.9, 0.8], [True, False, False]), 1.0) is None  # equally sure, one is wrong
    many = [True] * 7 + [False] * 93  # 7 / 100 is 0.07, though 0.07 * 100 is not 7
    assert abstention_threshold(*of([0.9] * 100, many), 0.07) == 0.0


def test_more_classes():
    p = np.array([[0.5, 0.3, 0.2], [0.2, 0.6, 0.2], [0.1, 0.2, 0.7], [0.4, 0.3, 0.3]])
    assert abstention_threshold(p, [1, 1, 2, 0], 1.0) == 0.6


def test_what_is_answered_is_counted_and_json_can_hold_it():
    p, t = of([0.9, 0.6, 0.8], [True, False, True])
    found = json.loads(json.dumps(answered(p, t, 0.8)))
    assert found == {"below": 0.8, "n": 3, "answered": 2, "coverage": pytest.approx(2 / 3), "accuracy": 1.0}
    assert answered(p, t, 0)["answered"] == 3 and answered(p, t, 0)["accuracy"] == pytest.approx(2 / 3)
    nothing = answered(p, t, 0.95)
    assert (nothing["answered"], nothing["coverage"], nothing["accuracy"]) == (0, 0, None)
    assert answered(np.zeros((0, 2)), np.zeros(0, int), 0.5)["coverage"] == 0


@pytest.mark.parametrize("accuracy", [0, -1, 1.01, 95, np.nan])
def test_an_accuracy_that_is_no_share_is_refused(accuracy):
    with pytest.raises(ValueError, match="abstention_threshold: expected an accuracy above 0, up to 1, got"):
        abstention_threshold(*of([0.9], [True]), accuracy)


@pytest.mark.parametrize("p, t", [((3,), (3,)), ((3, 2), (2,)), ((3, 2), (3, 1))])
def test_other_shapes_nan_and_no_examples_are_refused(p, t):
    for ask in (abstention_threshold, answered):
        with pytest.raises(ValueError, match=rf"{ask.__name__}: expected \(N, C\) probabilities"):
            ask(np.zeros(p), np.zeros(t, int), 0.9)
        with pytest.raises(ValueError, match=f"{ask.__name__}: .*nan"):
            ask(np.full((1, 2), np.nan), [0], 0.9)
    with pytest.raises(ValueError, match="abstention_threshold: expected at least one example"):
        abstention_threshold(np.zeros((0, 2)), [], 0.9)
