"""The intervals contain what they should, and are as wide as theory says."""

import numpy as np
import pytest

from common.checking.intervals import two_way_bootstrap, wilson_interval


def test_the_interval_of_a_share_is_that_of_wilson_and_stays_between_0_and_1():
    assert wilson_interval(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson_interval(1.0, 5)[0] < 0.6 and wilson_interval(1.0, 5)[1] == pytest.approx(1)


def test_the_interval_of_a_mean_resamples_both_rows_and_columns():
    values = np.random.default_rng(0).standard_normal((400, 1))
    low, high = two_way_bootstrap(values, 1, 4000)
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)
    wide = two_way_bootstrap(np.array([[1.0, -1.0]] * 50), 1)
    assert wide == pytest.approx((-1, 1))
