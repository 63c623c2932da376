"""Gradients that vanish over a long text end as 0, not as denormal numbers, which a processor takes ten times as long
to multiply; what has not vanished is what it would be."""

import numpy as np
import pytest
from conftest import CELLS, D, H, normal, simple_time_cell, time_cell

from common.recurrent.base import smallest_grad

N, T = 3, 400
every_cell = pytest.mark.parametrize("cell", CELLS)


def long_text(layer, dtype, mask=None):
    """-> dxs and all other gradients of a layer where only the last step has a gradient, which vanishes before it."""
    for W in layer.params:
        W *= 0.3
    hs = layer.forward(normal(N, T, D).astype(dtype), mask)
    dhs = np.zeros_like(hs)
    dhs[:, -1] = normal(N, H, seed=9)
    return layer.backward(dhs), *layer.grads, layer.dh


def denormal(a):
    return (a != 0) & (np.abs(a) < np.finfo(a.dtype).tiny)


@every_cell
def test_a_gradient_that_vanishes_ends_as_exactly_0(cell):
    dxs, *others = long_text(time_cell(cell, dtype=np.float32), np.float32)
    assert (dxs[:, 0] == 0).all() and np.abs(dxs[:, -1]).max() > 1e-3
    assert not any(denormal(a).any() for a in (dxs, *others))


@every_cell
def test_what_is_set_to_0_is_smaller_than_any_rounding(cell):
    """The plain loop in float64, where 1e-40 is a number as any other, says what a gradient is."""
    *found, dh = long_text(time_cell(cell, dtype=np.float32), np.float32)
    *expected, true_dh = long_text(simple_time_cell(cell), np.float64)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5 * np.abs(theirs).max())
    for ours, theirs in ((found[0], expected[0]), (dh, true_dh)):
        assert (np.abs(theirs[ours == 0]) < smallest_grad(np.dtype(np.float32))).all()


@every_cell
def test_a_gradient_that_is_not_a_number_stays_one(cell):
    layer = time_cell(cell)
    hs = layer.forward(normal(N, 2 * T, D))
    dhs = np.zeros_like(hs)
    dhs[0, -1] = np.nan
    dxs = layer.backward(dhs)
    assert np.isnan(dxs[0]).all() and (dxs[1:] == 0).all()
