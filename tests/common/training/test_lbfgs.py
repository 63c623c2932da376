"""L-BFGS finds the minimum of smooth functions, never climbs, and stops where the gradient has become small."""

from itertools import pairwise

import numpy as np
import pytest

from common.training.lbfgs import minimize


def quadratic(A, b):
    """x -> x' A x / 2 - b x, least at A^-1 b; and a list of all values that were asked for."""
    values = []

    def function(x):
        values.append(float(x @ A @ x / 2 - b @ x))
        return values[-1], A @ x - b

    return function, values


@pytest.mark.parametrize("curvatures", [[1, 1, 1, 1], [1, 10, 100, 1000]])
def test_the_minimum_of_a_quadratic_function_is_found(curvatures):
    rng = np.random.default_rng(0)
    Q, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    A, b = Q @ np.diag(curvatures) @ Q.T, rng.standard_normal(4)
    found = minimize(quadratic(A, b)[0], np.zeros(4), tolerance=1e-8)
    np.testing.assert_allclose(found, np.linalg.solve(A, b), atol=1e-6)


def test_the_minimum_of_the_valley_of_rosenbrock_is_found():
    def valley(p):
        x, y = p
        return (1 - x) ** 2 + 100 * (y - x * x) ** 2, np.array([2 * (x - 1) - 400 * x * (y - x * x), 200 * (y - x * x)])

    np.testing.assert_allclose(minimize(valley, np.array([-1.2, 1.0]), tolerance=1e-9), [1, 1], atol=1e-6)


def test_it_stops_where_the_gradient_is_as_small_as_asked():
    A, b = np.diag([1.0, 30.0, 900.0]), np.ones(3)
    for tolerance in (0.5, 1e-3):
        found = minimize(quadratic(A, b)[0], np.zeros(3), tolerance=tolerance)
        assert 0 < np.linalg.norm(A @ found - b) <= tolerance * np.linalg.norm(b)
    start = np.ones(3)
    assert np.array_equal(minimize(quadratic(A, A @ start)[0], start), start)  # nothing to do, and start is not changed


def test_the_value_never_rises_and_the_steps_are_counted():
    A, b = np.diag([1.0, 1e4]), np.ones(2)
    reached = []
    for steps in range(6):
        function, _ = quadratic(A, b)
        reached.append(function(minimize(function, np.zeros(2), steps, tolerance=0))[0])
    assert reached[0] == 0 and all(a >= b for a, b in pairwise(reached)) and reached[-1] < reached[0]
