"""The intervals contain what they should, and are as wide as theory says."""

import numpy as np
import pytest

from common.checking.intervals import paired_change, two_way_bootstrap, wilson_interval


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


def test_the_interval_of_a_change_is_that_of_pairs_and_says_nothing_of_a_few():
    rng = np.random.default_rng(0)
    before = rng.random(4000) < 0.8
    after = np.where(rng.random(4000) < 0.05, ~before, before)
    after[:200] = True
    change, low, high = paired_change(before, after)
    d = after.astype(float) - before
    half = 1.96 * d.std() / 4000**0.5
    assert change == pytest.approx(d.mean()) and (low, high) == pytest.approx((change - half, change + half), abs=1e-4)
    assert paired_change([False] * 3, [True] * 3)[1] < 1 and paired_change([True], [False])[2] > 0
    same = paired_change(before, before)
    assert same[0] == 0 and same[1] == -same[2] < 0
