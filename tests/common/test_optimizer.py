"""Optimizers work in place, on touched rows alone, in blocks that nobody can see; clipping measures or refuses."""

import numpy as np
import pytest

import common.optimizer
from common.arrays.row_grad import RowGrad, touched_rows
from common.optimizer import SGD, AdaDelta, AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSprop, clip_elements, clip_grads

EVERY = [SGD, Momentum, Nesterov, AdaGrad, AdaDelta, RMSprop, Adam, AdamW]
every_optimizer = pytest.mark.parametrize("optimizer", EVERY, ids=lambda c: c.__name__)

V, D = 9, 4


def written_out(optimizer, p, g, state, step, lr):
    """One step of the optimizer's formula on whole arrays, out of place; -> new p. state: a dict, changed."""
    name = optimizer.__name__
    zero = np.zeros_like(p)
    if name == "SGD":
        return p - lr * g
    if name in ("Momentum", "Nesterov"):
        v = state["v"] = 0.9 * state.get("v", zero) - lr * g
        return p + v if name == "Momentum" else p + 0.9 * v - lr * g
    if name == "AdaGrad":
        h = state["h"] = state.get("h", zero) + g**2
        return p - lr * g / (np.sqrt(h) + 1e-7)
    if name == "RMSprop":
        h = state["h"] = 0.99 * state.get("h", zero) + 0.01 * g**2
        return p - lr * g / (np.sqrt(h) + 1e-7)
    if name == "AdaDelta":
        h = state["h"] = 0.95 * state.get("h", zero) + 0.05 * g**2
        change = g * np.sqrt(state.get("d", zero) + 1e-6) / np.sqrt(h + 1e-6)
        state["d"] = 0.95 * state.get("d", zero) + 0.05 * change**2
        return p - lr * change
    if name == "AdamW":
        p = p - lr * 0.01 * p
    m = state["m"] = 0.9 * state.get("m", zero) + 0.1 * g
    v = state["v"] = 0.999 * state.get("v", zero) + 0.001 * g**2
    return p - lr * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)


def row_grad(p, rows, values):
    grad = RowGrad.zeros_like(p)
    grad.write(np.asarray(rows), values)
    return grad


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@every_optimizer
def test_three_steps_follow_the_written_out_formula_also_when_lr_changes_between_them(optimizer, rng):
    p = rng.standard_normal((V, D))
    wanted, state, ours = p.copy(), {}, optimizer(lr=0.1)
    for step, lr in enumerate((0.1, 0.03, 0.2), start=1):
        g = rng.standard_normal((V, D))
        ours.lr = lr
        ours.update([p], [g])
        wanted = written_out(optimizer, wanted, g, state, step, lr)
        np.testing.assert_allclose(p, wanted, rtol=1e-12, atol=1e-14)


@every_optimizer
def test_parameters_change_in_place_keep_their_dtype_and_gradients_stay(optimizer, rng):
    shapes = [(), (3,), (V, D), (2, 3, 4), (0, 3)]
    params = [np.asarray(rng.standard_normal(s), dtype=np.float32) for s in shapes]
    transposed = np.asarray(rng.standard_normal((D, V)), np.float32).T
    params.append(transposed)
    grads = [np.asarray(rng.standard_normal(p.shape), dtype=np.float32) for p in params]
    before, grads_before = [p.copy() for p in params], [g.copy() for g in grads]
    kept = list(params)
    ours = optimizer()
    ours.update(params, grads)
    assert all(a is b for a, b in zip(params, kept))
    for p, old, g, g_old in zip(params, before, grads, grads_before):
        assert p.dtype == np.float32
        assert p.size == 0 or (p != old).all()
        assert np.array_equal(g, g_old)
    assert all(m.dtype == np.float32 for memory in ours.state.values() for m in memory)


@every_optimizer
def test_touched_rows_get_the_dense_formula_and_the_others_are_left_to_the_bit(optimizer, rng):
    p = rng.standard_normal((V, D))
    start, ours = p.copy(), optimizer(lr=0.1, **({"lazy": True} if optimizer is AdamW else {}))
    wanted, states = p.copy(), {}
    for step, rows in enumerate(([0, 3, 8], [3], [1, 3, 4]), start=1):
        values = rng.standard_normal((len(rows), D))
        memory_before = {slot: m[0].copy() for slot, m in (ours.state or {}).items()}
        ours.update([p], [row_grad(p, rows, values)])
        for row, g in zip(rows, values):
            wanted[row] = written_out(optimizer, wanted[row], g, states.setdefault(row, {}), step, 0.1)
        np.testing.assert_allclose(p, wanted, rtol=1e-12, atol=1e-14)
        others = np.setdiff1d(np.arange(V), rows)
        for slot, before in memory_before.items():
            assert np.array_equal(ours.state[slot][0][others], before[others])
    assert np.array_equal(p[[2, 5, 6, 7]], start[[2, 5, 6, 7]])


@every_optimizer
def test_a_row_gradient_that_touches_every_row_equals_the_dense_one_to_the_bit(optimizer, rng):
    dense = rng.standard_normal((V, D)).astype(np.float32)
    rows, ours, theirs = dense.copy(), optimizer(), optimizer()
    for _ in range(3):
        g = rng.standard_normal((V, D)).astype(np.float32)
        ours.update([dense], [g])
        theirs.update([rows], [row_grad(rows, range(V), g)])
    assert np.array_equal(dense, rows)


@every_optimizer
def test_a_batch_that_touches_no_row_changes_nothing(optimizer, rng):
    p = rng.standard_normal((V, D))
    before = p.copy()
    optimizer().update([p], [RowGrad.zeros_like(p)])
    assert np.array_equal(p, before)


@every_optimizer
@pytest.mark.parametrize("block", [1, 5, 12, 10**9])
def test_blocks_of_any_size_give_the_same_bits(optimizer, block, rng, monkeypatch):
    start = [rng.standard_normal(s).astype(np.float32) for s in [(), (7,), (V, D), (V, D)]]
    grads = [[rng.standard_normal(p.shape).astype(np.float32) for p in start] for _ in range(2)]

    def run():
        params, ours = [p.copy() for p in start], optimizer()
        for gs in grads:
            rows = [0, 2, 3, 7, 8]
            ours.update(params, [*gs[:3], row_grad(params[3], rows, gs[3][rows])])
            clip_grads(gs, None)
        return params

    usual = run()
    monkeypatch.setattr(common.optimizer, "BLOCK", block)
    assert all(np.array_equal(a, b) for a, b in zip(run(), usual))


@every_optimizer
def test_arrays_that_do_not_match_are_a_value_error_and_change_nothing(optimizer, rng):
    p = rng.standard_normal((3, 2))
    before = p.copy()
    for grads in ([], [np.ones((3, 2))] * 2, [np.ones((2, 3))], [np.ones(2)]):
        with pytest.raises(ValueError, match=f"{optimizer.__name__}: expected a gradient of the same shape"):
            optimizer().update([p], grads)
    assert np.array_equal(p, before)


@pytest.mark.parametrize("optimizer", [c for c in EVERY if c is not SGD], ids=lambda c: c.__name__)
def test_other_parameters_than_before_are_a_value_error(optimizer):
    ours = optimizer()
    ours.update([np.ones(3)], [np.ones(3)])
    for others in ([np.ones(4)], [np.ones(3), np.ones(3)]):
        with pytest.raises(ValueError, match=f"{optimizer.__name__}: expected the parameters of the steps before"):
            ours.update(others, [np.ones_like(p) for p in others])


@every_optimizer
def test_a_negative_or_unknown_lr_is_a_value_error(optimizer):
    for lr in (-0.1, float("nan")):
        with pytest.raises(ValueError, match=f"{optimizer.__name__}: expected lr >= 0"):
            optimizer(lr=lr)


@every_optimizer
def test_an_lr_beyond_the_floats_is_a_value_error(optimizer):
    with pytest.raises(ValueError, match=r"expected lr >= 0 that fits a float, got one of 1329 bits"):
        optimizer(lr=10**400)


def test_steps_are_counted_and_memory_has_a_list_per_slot():
    ours = Adam()
    for _ in range(3):
        ours.update([np.ones(3), np.ones(())], [np.ones(3), np.ones(())])
    assert ours.iter == 3
    assert {slot: [m.shape for m in memory] for slot, memory in ours.state.items()} == {
        "m": [(3,), ()],
        "v": [(3,), ()],
    }


# ---- clipping


@pytest.fixture
def mixed(rng):
    """A dense gradient, one of touched rows and a scalar one; their common norm is not small."""
    p = np.zeros((V, D))
    return [rng.standard_normal((3, 5)), row_grad(p, [1, 4], rng.standard_normal((2, D))), np.array(2.0)]


def test_clipping_returns_the_norm_before_and_scales_row_gradients_and_dense_ones_alike(mixed):
    before, kept = [np.array(g) for g in mixed], list(mixed)
    norm = np.sqrt(sum((g**2).sum() for g in before))
    got = clip_grads(mixed, 0.5)
    assert type(got) is float and got == pytest.approx(norm, rel=1e-12)
    assert all(a is b for a, b in zip(mixed, kept))
    for g, old in zip(mixed, before):
        np.testing.assert_allclose(g, old * 0.5 / norm, rtol=1e-5)
    assert np.sqrt(sum((np.array(g) ** 2).sum() for g in mixed)) <= 0.5
    assert touched_rows(mixed[1]).tolist() == [1, 4]


@pytest.mark.parametrize("times", [None, float("inf"), 1e6, 1.01])
def test_without_a_limit_or_below_it_clipping_only_measures(mixed, times):
    before = [np.array(g) for g in mixed]
    max_norm = None if times is None else times * np.sqrt(sum((g**2).sum() for g in before))
    assert clip_grads(mixed, max_norm) == pytest.approx(np.sqrt(sum((g**2).sum() for g in before)))
    assert all(np.array_equal(g, old) for g, old in zip(mixed, before))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_gradient_that_is_not_finite_is_named_and_nothing_changes(mixed, bad, which):
    if which == 1:
        mixed[1].write(np.array([1, 4]), np.array([[1.0] * D, [1.0, bad, 1.0, 1.0]]))
    else:
        mixed[which][...] = bad
    before = [np.array(g) for g in mixed]
    for max_norm in (0.1, None):
        with pytest.raises(FloatingPointError, match=r"gradient of (first|second|third) is") as caught:
            clip_grads(mixed, max_norm, ["first", "second", "third"])
        assert ("first", "second", "third")[which] in str(caught.value)
        with pytest.raises(FloatingPointError, match=rf"parameter {which} "):
            clip_grads(mixed, max_norm)
    assert all(np.array_equal(g, old, equal_nan=True) for g, old in zip(mixed, before))


def test_float32_gradients_of_1e30_are_no_infinity():
    grads = [np.full((3, 4), 1e30, np.float32), np.full(2, -1e30, np.float32)]
    assert clip_grads(grads, 1.0) == pytest.approx(1e30 * np.sqrt(14), rel=1e-6)
    np.testing.assert_allclose(grads[0], 1 / np.sqrt(14), rtol=1e-5)
    assert grads[0].dtype == np.float32


def test_zero_gradients_and_no_gradients_have_norm_0():
    zero = np.zeros(3)
    assert clip_grads([zero], 1.0) == 0.0 == clip_grads([], 1.0)
    assert np.array_equal(zero, np.zeros(3))


def test_clipping_by_element_changes_what_is_too_large_alone_and_keeps_to_touched_rows():
    dense, rows = (
        np.array([[3.0, -0.2], [-7.0, 0.5]]),
        row_grad(np.zeros((V, 2)), [1, 4], np.array([[2.0, 0], [0, -9]])),
    )
    clip_elements([dense, rows], 0.5)
    assert dense.tolist() == [[0.5, -0.2], [-0.5, 0.5]]
    assert rows[1].tolist() == [0.5, 0] and rows[4].tolist() == [0, -0.5] and touched_rows(rows).tolist() == [1, 4]
    for limit in (0, -1, np.nan):
        with pytest.raises(ValueError, match="clip_elements: expected limit > 0"):
            clip_elements([dense], limit)
