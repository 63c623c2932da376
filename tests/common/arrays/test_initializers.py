"""Initial values: the right spread, reproducible, and nothing drawn from the global generator."""

import numpy as np
import pytest

from common.arrays.initializers import forget_bias_one, gate_blocks, normal, orthogonal, xavier

DRAWS = {
    "normal": lambda **kw: normal(30, 40, 0.1, **kw),
    "xavier": lambda **kw: xavier(30, 40, **kw),
    "orthogonal": lambda **kw: orthogonal(30, **kw),
    "gate_blocks": lambda **kw: gate_blocks(xavier, 3, 30, 40, **kw),
}


@pytest.mark.parametrize("name", DRAWS)
def test_one_seed_gives_the_same_bits_and_the_global_generator_rests(name):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    a, b, other = DRAWS[name](rng=1), DRAWS[name](rng=np.random.default_rng(1)), DRAWS[name](rng=2)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, other)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert a.dtype == np.float32
    assert DRAWS[name](rng=1, dtype=np.float64).dtype == np.float64
    assert not np.array_equal(DRAWS[name](), DRAWS[name]())


def test_xavier_fills_its_interval_evenly():
    W, limit = xavier(200, 100, rng=0, dtype=np.float64), np.sqrt(6 / 300)
    assert np.abs(W).max() <= limit
    assert np.abs(W).max() > 0.99 * limit
    assert W.var() == pytest.approx(limit**2 / 3, rel=0.03)


def test_normal_has_the_standard_deviation_that_was_asked_for():
    assert normal(200, 100, 0.3, rng=0).std() == pytest.approx(0.3, rel=0.02)


def test_orthogonal_keeps_lengths_and_is_not_always_the_same_reflection():
    Q = orthogonal(30, rng=0, dtype=np.float64)
    np.testing.assert_allclose(Q.T @ Q, np.eye(30), atol=1e-13)
    corner = [orthogonal(2, rng=seed)[0, 0] for seed in range(200)]
    assert abs(np.mean(corner)) < 0.2  # QR alone has a sign that it prefers


def test_each_gate_is_initialized_by_itself():
    W = gate_blocks(orthogonal, 4, 5, rng=0, dtype=np.float64)
    assert W.shape == (5, 20)
    blocks = np.split(W, 4, axis=1)
    for block in blocks:
        np.testing.assert_allclose(block @ block.T, np.eye(5), atol=1e-13)
    assert not np.allclose(blocks[0], blocks[1])


def test_the_forget_gate_starts_open():
    assert forget_bias_one(2).tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert forget_bias_one(2).dtype == np.float32
