"""The pure functions: exact in both tails, any number of axes, never a NaN from a finite input."""

import numpy as np
import pytest
from conftest import normal

from common.functions import cross_entropy_error, log_softmax, relu, sigmoid, softmax


def test_sigmoid_is_exact_in_both_tails():
    x = np.array([-1e4, -700.0, -40.0, 0.0, 40.0, 1e4])
    np.testing.assert_allclose(sigmoid(x), [0, np.exp(-700), np.exp(-40.0), 0.5, 1, 1], rtol=1e-14)
    np.testing.assert_allclose(sigmoid(normal(50)), 1 / (1 + np.exp(-normal(50))), rtol=1e-14)


@pytest.mark.parametrize("function", [sigmoid, relu, softmax, log_softmax])
def test_a_function_keeps_the_dtype_and_the_input(function):
    x = normal(3, 4, dtype=np.float32)
    kept = x.copy()
    assert function(x).dtype == np.float32
    assert function(x.astype(np.float64)).dtype == np.float64
    assert np.array_equal(x, kept)


def test_sigmoid_takes_integers_and_scalars():
    assert sigmoid(0) == 0.5
    np.testing.assert_allclose(sigmoid(np.array([0, 1])), [0.5, 1 / (1 + np.exp(-1))])


def test_relu_cuts_below_zero():
    assert relu(np.array([-2.0, 0.0, 3.0])).tolist() == [0, 0, 3]


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_softmax_sums_to_one_along_any_axis(axis):
    x = normal(2, 3, 4)
    np.testing.assert_allclose(softmax(x, axis), np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(log_softmax(x, axis), np.log(softmax(x, axis)), rtol=1e-12)


def test_softmax_works_on_one_axis_as_in_the_book():
    np.testing.assert_allclose(softmax(np.array([1.0, 1.0])), [0.5, 0.5])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits_give_finite_numbers(dtype):
    x = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4]], dtype)
    np.testing.assert_allclose(softmax(x), [[1, 0, 0], [1 / 3] * 3], rtol=1e-6)
    np.testing.assert_allclose(log_softmax(x), [[0, -2e4, -1e4], [-np.log(3)] * 3], rtol=1e-6)


def test_cross_entropy_error_takes_ids_one_hot_and_a_single_row():
    y = np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    expected = -(np.log(0.25) + np.log(0.8)) / 2
    assert cross_entropy_error(y, np.array([1, 2])) == pytest.approx(expected)
    assert cross_entropy_error(y, np.eye(3, dtype=int)[[1, 2]]) == pytest.approx(expected)
    assert cross_entropy_error(y[0], np.array([1])) == pytest.approx(-np.log(0.25))
    assert cross_entropy_error(y[0], np.array([0, 1, 0])) == pytest.approx(-np.log(0.25))


def test_a_true_class_of_probability_zero_costs_infinity():
    assert cross_entropy_error(np.array([[0.0, 1.0]]), np.array([0])) == np.inf
