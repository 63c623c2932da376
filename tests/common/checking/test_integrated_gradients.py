"""Integrated gradients along ways whose integral is known, or cannot be: smooth ones, jumps, noise, overflow."""

import numpy as np
import pytest

from common.checking.integrated_gradients import BATCH, MOST, TOLERANCE, Path, integrated_gradients

SMOOTH = np.array([3.0, -2.0, 0.5, 0.0])  # what each of four words adds by and by: all in all 1.5
FIRST = np.array([2.0, 1.0, -1.0, 0.0])  # and in a jump: all in all 2
SECOND = np.array([0.0, -1.0, 0.5, -1.0])


def arctan(x):
    """A jump with long tails: from 0 to 1, and its slope."""
    return 0.5 + np.arctan(x) / np.pi, 1 / (np.pi * (1 + x**2))


def logistic(x):
    """A jump without."""
    rise = 1 / (1 + np.exp(-np.clip(x, -500, 500)))
    return rise, rise * (1 - rise)


def way(*jumps, shape=arctan):
    """jumps: of (place, width, what each word adds) -> (along, what each word adds in all)."""

    def along(shares):
        margins = 7 + shares**3 * SMOOTH.sum()
        slopes = 3 * shares[:, None] ** 2 * SMOOTH
        for place, width, added in jumps:
            rise, slope = shape((shares - place) / width)
            margins = margins + rise * added.sum()
            slopes = slopes + slope[:, None] / width * added
        return Path(shares, margins, slopes)

    ends = [shape((np.array([0.0, 1.0]) - place) / width)[0] for place, width, _ in jumps]
    return along, SMOOTH + sum(np.diff(end) * added for end, (_, _, added) in zip(ends, jumps))


def off(path, wanted):
    return np.abs(path.attributions - wanted).sum() / np.abs(wanted).sum()


def test_a_smooth_way_needs_one_batch():
    along, wanted = way()
    path = integrated_gradients(along)
    assert path.steps == BATCH and path.complete() and off(path, wanted) < 2e-3
    assert (path.baseline, path.margin) == (7, 8.5) and path.gap == pytest.approx(1.5 - path.attributions.sum())


@pytest.mark.parametrize("shape", [arctan, logistic])
@pytest.mark.parametrize("width", [1e-3, 1e-6, 1e-9])
def test_a_jump_goes_to_the_words_that_make_it_however_narrow(shape, width):
    along, wanted = way((0.3, width, FIRST), shape=shape)
    path = integrated_gradients(along)
    assert path.complete() and path.steps < MOST and off(path, wanted) < 2 * TOLERANCE
    even = along((np.arange(MOST) + 0.5) / MOST)  # what even steps make of it
    if width < 1e-6:
        assert np.abs(even.slopes.mean(axis=0) - wanted).sum() > 0.3 * np.abs(wanted).sum()


def test_a_jump_is_shared_out_as_its_feet_are_and_what_is_no_jump_by_its_slopes():
    width, steep = 1e-9, 1e6
    slopes = np.array([[1.0, 1.0], [0.75 * steep, 0.25 * steep], [steep, 0.0], [1.0, 1.0]])
    path = Path(np.array([0, 0.5, 0.5 + width, 1]), np.array([0.0, 1.0, 3.0, 4.0]), slopes)
    adds, wrong = path.pieces
    assert adds[1] == pytest.approx([1.75, 0.25])  # a gain of 2 by three quarters to all of it
    assert wrong[1] == pytest.approx(2 * (0.25 + 4 / steep))  # a quarter changes hands; elsewhere the way rises by 4
    assert wrong[[0, 2]] == pytest.approx([0.25 + 4 / 2, 0.5 + 4 / 2])  # one foot is no steeper than the rest
    flat = Path(path.shares, path.margins, np.array([[1.0, 1.0], [2.0, 0.0], [2.0, 0.0], [1.0, 1.0]]))
    adds, wrong = flat.pieces
    assert adds[0] == pytest.approx([0.75, 0.25]) and adds[1] == pytest.approx([2e-9, 0])
    assert wrong == pytest.approx([0, 2, 0], abs=1e-8)


def test_jumps_that_cancel_are_not_taken_for_none():
    along, wanted = way((0.2, 1e-7, FIRST), (0.201, 1e-8, SECOND), (0.8, 1e-9, -FIRST), (0.9, 1e-8, -SECOND))
    path = integrated_gradients(along)
    assert path.complete() and off(path, wanted) < 2 * TOLERANCE


def test_a_tolerance_is_met():
    along, wanted = way((0.3, 1e-2, FIRST), (0.31, 1e-2, SECOND))
    coarse, fine = (integrated_gradients(along, tolerance, 10**5) for tolerance in (1e-2, 1e-4))
    assert fine.complete(1e-4) and fine.doubt <= 1e-4 < coarse.doubt and fine.steps > coarse.steps
    assert off(fine, wanted) < 1e-3


def test_points_are_added_in_order_and_where_they_are_needed():
    along, _ = way((0.3, 1e-9, FIRST))
    path = integrated_gradients(along)
    assert (np.diff(path.shares) >= 0).all() and path.shares[[0, -1]].tolist() == [0, 1]
    assert np.median(np.abs(path.shares[BATCH:-BATCH] - 0.3)) < 1e-3
    again = along(path.shares)
    np.testing.assert_allclose(path.margins, again.margins, rtol=1e-12)
    np.testing.assert_allclose(path.slopes, again.slopes, rtol=1e-12)


def test_new_points_are_as_dense_as_the_pieces_are_wrong():
    path = Path(np.array([0, 0.5, 1]), np.array([0.0, 1.0, 4.0]), np.zeros((3, 1)))  # wrong by 1 and by 3
    few, many = (np.arange(count) + 0.5 for count in (BATCH // 4, BATCH * 3 // 4))
    wanted = np.concatenate((few / len(few), 1 + many / len(many))) / 2
    assert path.next_shares() == pytest.approx(wanted)


def test_what_no_points_can_resolve_ends_and_is_not_called_complete():
    rng = np.random.default_rng(0)

    def noise(shares):
        return Path(shares, rng.standard_normal(len(shares)), rng.standard_normal((len(shares), 3)))

    path = integrated_gradients(noise)
    assert path.steps == MOST and not path.complete() and path.doubt > TOLERANCE


@pytest.mark.filterwarnings("error")
def test_a_flat_way_gives_nothing_to_anybody():
    path = integrated_gradients(lambda shares: Path(shares, 0 * shares + 3, np.zeros((len(shares), 2))))
    assert path.complete() and path.attributions.tolist() == [0, 0] and path.doubt == path.gap == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("worst", [np.inf, np.nan])
def test_a_gradient_that_is_not_finite_is_not_counted(worst):
    along, wanted = way()

    def broken(shares):
        path = along(shares)
        path.slopes[np.abs(shares - 15 / (BATCH - 1)) < 1e-6, 1] = worst
        return path

    path = integrated_gradients(broken)
    assert not np.isfinite(path.slopes).all()
    assert path.complete() and off(path, wanted) < 2 * TOLERANCE


def test_single_precision_is_added_up_in_double():
    along, _ = way()
    path = along(np.linspace(0, 1, BATCH))
    single = Path(path.shares, path.margins.astype(np.float32), path.slopes.astype(np.float32))
    assert single.attributions.dtype == np.float64 and off(single, path.attributions) < 1e-6
    huge = Path(np.array([0.0, 1.0]), np.array([0, 1], np.float32), np.full((2, 4), 3e38, np.float32))
    assert huge.attributions == pytest.approx(4 * [0.25])
