"""The recurrent cells: one step and whole sequences agree, state is carried, every gradient is right."""

import numpy as np
import pytest
from conftest import CELLS, D, H, normal, one_step, prefix_mask, run, time_cell, weights_of

from common.arrays.initializers import xavier
from common.checking.gradient_check import check_layer, numerical_gradient
from common.recurrent.lstm import TimeLSTM
from common.time_layers import GRU, LSTM, RNN, TimeGRU, TimeRNN

N, T = 3, 4
every_cell = pytest.mark.parametrize("cell", CELLS)
HOLES = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1]], bool)
MASKS = {"none": None, "lengths": prefix_mask([1, 4, 2], T), "holes": HOLES}
every_mask = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)


def states_of(cell, n=N, h=H, seed=20):
    return [normal(n, h, seed=seed + i) for i in range(2 if cell == "lstm" else 1)]


def as_tuple(states):
    return states if isinstance(states, tuple) else (states,)


# --- one step and whole sequences --------------------------------------------------------------------------


@every_cell
def test_a_whole_sequence_equals_single_steps_however_long_it_is(cell):
    steps, n = 19, 5  # more than two chunks of `add_weight_grad`
    layer = time_cell(cell)
    xs, states = normal(n, steps, D), tuple(states_of(cell, n))
    layer.set_state(*states)
    hs = layer.forward(xs)
    dhs = normal(*hs.shape, seed=9)
    dxs = layer.backward(dhs)

    singles = [one_step(cell, layer.params) for _ in range(steps)]
    for t, step in enumerate(singles):
        states = as_tuple(step.forward(xs[:, t], *states))
        np.testing.assert_allclose(hs[:, t], states[0], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(layer.h, states[0], rtol=1e-12, atol=1e-13)
    dstates = tuple(np.zeros((n, H)) for _ in states)
    for t in reversed(range(steps)):
        dx, *dstates = singles[t].backward(dstates[0] + dhs[:, t], *dstates[1:])
        np.testing.assert_allclose(dxs[:, t], dx, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(layer.dh, dstates[0], rtol=1e-10, atol=1e-12)
    for i, grad in enumerate(layer.grads):
        np.testing.assert_allclose(grad, sum(step.grads[i] for step in singles), rtol=1e-10, atol=1e-12)


@every_cell
def test_the_gradients_of_one_step_are_those_of_central_differences(cell):
    errors = check_layer(one_step(cell, weights_of(cell)), normal(N, D), *states_of(cell))
    assert {"Wx", "Wh", "b", "input 0", "input 1"} <= set(errors)


@every_cell
def test_one_step_keeps_the_promises_of_a_layer(cell):
    weights = weights_of(cell, dtype=np.float32)
    step = one_step(cell, weights)
    assert all(p is w for p, w in zip(step.params, weights, strict=True))
    grads = list(step.grads)
    outs = as_tuple(step.forward(normal(N, D), *states_of(cell)))
    ds = step.backward(*(normal(N, H, seed=i) for i in range(len(outs))))
    assert all(a.dtype == np.float32 for a in (*outs, *ds, *step.grads))
    kept = [(a, a.copy()) for a in (*outs, *ds)]
    step.forward(normal(N, D, seed=5), *states_of(cell, seed=6))
    step.backward(*(normal(N, H, seed=i + 3) for i in range(len(outs))))
    assert all(np.array_equal(a, b) for a, b in kept)
    assert all(a is b for a, b in zip(step.grads, grads, strict=True))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((normal(N, D + 1),), ("x:", "(N, 3)", "(3, 4)")), ((normal(D),), ("x:", "(3,)"))],
)
@every_cell
def test_one_step_names_what_is_wrong(cell, arguments, words):
    step = one_step(cell, weights_of(cell))
    name = type(step).__name__
    with pytest.raises(ValueError, match=name) as caught:
        step.forward(*arguments, *states_of(cell))
    assert all(word in str(caught.value) for word in words)
    bad_states = [*states_of(cell)[:-1], normal(1, H)]
    with pytest.raises(ValueError, match=rf"{name}: ._prev: expected floats of shape \(3, 2\), got .*\(1, 2\)"):
        step.forward(normal(N, D), *bad_states)
    step.forward(normal(N, D), *states_of(cell))
    with pytest.raises(ValueError, match=rf"{name}: d._next: .*\(1, 2\)"):
        step.backward(*[normal(N, H)] * (len(bad_states) - 1), normal(1, H))


# --- state -------------------------------------------------------------------------------------------------


@every_mask
@pytest.mark.parametrize("stateful", [False, True])
@every_cell
def test_every_gradient_is_right_from_a_given_state(cell, stateful, mask):
    layer = time_cell(cell, stateful=stateful)
    layer.set_state(*states_of(cell))
    check_layer(layer, normal(N, T, D), mask=mask)


@every_mask
@every_cell
def test_dh_and_dc_are_the_gradients_of_the_first_state(cell, mask):
    layer, xs, dhs, states = time_cell(cell), normal(N, T, D), normal(N, T, H, seed=9), states_of(cell)

    def loss():
        layer.set_state(*states)
        return float(np.sum(dhs * layer.forward(xs, mask)))

    numeric = [numerical_gradient(loss, state) for state in states]
    loss()
    layer.backward(dhs)
    for name, expected in zip(("dh", "dc"), numeric):
        np.testing.assert_allclose(getattr(layer, name), expected, rtol=1e-6, atol=1e-8)
        assert np.abs(expected).max() > 1e-3


@every_cell
def test_a_masked_step_carries_the_state_and_passes_its_gradient_through(cell):
    """A text with holes is the text without them; a gradient that arrives at a hole belongs to the step before."""
    layer, states = time_cell(cell), states_of(cell)
    xs, dhs = normal(N, T, D), normal(N, T, H, seed=9)
    layer.set_state(*states)
    hs = layer.forward(xs, HOLES)
    dxs = layer.backward(dhs)
    last = [layer.h, *([layer.c] if cell == "lstm" else [])]
    grads = 0
    for n, real in enumerate(HOLES):
        alone = time_cell(cell)
        alone.set_state(*(s[n : n + 1] for s in states))
        before = states[0][n]
        short = alone.forward(xs[n : n + 1, real])
        dshort, dh_first, k = np.zeros_like(short), np.zeros(H), -1
        for t in range(T):
            k += real[t]
            before = short[0, k] if real[t] else before
            np.testing.assert_allclose(hs[n, t], before, rtol=0, atol=1e-14)
            if k >= 0:
                dshort[0, k] += dhs[n, t]
            else:
                dh_first += dhs[n, t]  # a hole before the first real step shows the state that was given
        np.testing.assert_allclose(dxs[n, real], alone.backward(dshort)[0], rtol=0, atol=1e-13)
        np.testing.assert_allclose(layer.dh[n], alone.dh[0] + dh_first, rtol=0, atol=1e-13)
        for ours, theirs in zip(last, (alone.h, getattr(alone, "c", None))):
            np.testing.assert_allclose(ours[n], theirs[0], rtol=0, atol=1e-14)
        grads = grads + np.concatenate([g.ravel() for g in alone.grads])
    np.testing.assert_allclose(np.concatenate([g.ravel() for g in layer.grads]), grads, rtol=0, atol=1e-13)


@every_cell
def test_a_masked_step_repeats_the_state_bit_for_bit(cell):
    hs = time_cell(cell).forward(normal(N, T, D), HOLES)
    zero = np.zeros((N, 1, H))
    shifted = np.concatenate((zero, hs[:, :-1]), axis=1)
    assert np.array_equal(hs[~HOLES], shifted[~HOLES])


@pytest.mark.parametrize("masked", [False, True])
@every_cell
def test_two_halves_equal_the_whole_sequence_when_stateful(cell, masked):
    xs = normal(N, T, D)
    mask = HOLES if masked else np.ones((N, T), bool)
    whole, halves = time_cell(cell).forward(xs, mask), time_cell(cell, stateful=True)
    for part in (slice(0, 1), slice(1, T)):
        np.testing.assert_allclose(halves.forward(xs[:, part], mask[:, part]), whole[:, part], rtol=0, atol=1e-13)
        halves.backward(normal(*whole[:, part].shape))  # truncated back-propagation leaves the state alone


@every_cell
def test_without_stateful_each_forward_starts_from_zero(cell):
    layer, xs = time_cell(cell), normal(N, T, D)
    first = layer.forward(xs)
    assert np.array_equal(layer.forward(xs), first)
    assert layer.forward(normal(2 * N, T, D)).shape == (2 * N, T, H)  # and a batch of another size is welcome


@every_cell
def test_reset_state_starts_from_zero(cell):
    layer, xs = time_cell(cell, stateful=True), normal(N, T, D)
    first = layer.forward(xs)
    assert not np.allclose(layer.forward(xs), first)
    layer.reset_state()
    assert layer.h is None
    assert np.array_equal(layer.forward(xs), first)
    layer.set_state(*states_of(cell))
    layer.reset_state()
    assert np.array_equal(layer.forward(xs), first)


@every_cell
def test_set_state_starts_one_forward_of_a_layer_that_is_not_stateful(cell):
    layer, xs = time_cell(cell), normal(N, T, D)
    from_zero = layer.forward(xs)
    layer.set_state(*states_of(cell))
    given = layer.forward(xs)
    assert not np.allclose(given, from_zero)
    assert np.array_equal(layer.forward(xs), from_zero)


@every_cell
def test_set_state_starts_a_stateful_layer_which_then_continues(cell):
    layer, xs = time_cell(cell, stateful=True), normal(N, T, D)
    layer.forward(normal(N, T, D, seed=4))
    layer.set_state(*states_of(cell))
    other = time_cell(cell)
    other.set_state(*states_of(cell))
    whole = other.forward(np.hstack((xs, xs)))
    np.testing.assert_allclose(np.hstack((layer.forward(xs), layer.forward(xs))), whole, rtol=0, atol=1e-13)


@every_cell
def test_the_state_that_was_given_is_never_changed(cell):
    layer, states = time_cell(cell, stateful=True), states_of(cell)
    copies = [s.copy() for s in states]
    layer.set_state(*states)
    for _ in range(2):
        run(layer, normal(N, T, D), HOLES)
    assert all(np.array_equal(s, c) for s, c in zip(states, copies))


@every_cell
def test_the_last_state_is_available_with_or_without_stateful(cell):
    layer = time_cell(cell)
    hs = layer.forward(normal(N, T, D), HOLES)
    assert np.array_equal(layer.h, hs[:, -1])
    kept = layer.h.copy()
    state = layer.h
    run(layer, normal(N, T, D, seed=7))
    assert np.array_equal(state, kept)


def test_set_state_of_an_lstm_with_h_alone_starts_from_zero_memory():
    (h,) = states_of("rnn")
    layer, xs = time_cell("lstm", stateful=True), normal(N, T, D)
    layer.forward(xs)
    layer.set_state(h)
    ours = layer.forward(xs)
    layer.set_state(h, np.zeros_like(h))
    assert np.array_equal(layer.forward(xs), ours)


@every_cell
def test_a_batch_of_another_size_than_the_state_is_refused_clearly(cell):
    layer = time_cell(cell, stateful=True)
    layer.forward(normal(N, T, D))
    message = rf"{type(layer).__name__}: h .*reset_state.*: expected .*\(5, 2\), got .*\(3, 2\)"
    with pytest.raises(ValueError, match=message):
        layer.forward(normal(5, T, D))
    layer.reset_state()
    assert layer.forward(normal(5, T, D)).shape == (5, T, H)


@every_cell
def test_a_state_that_does_not_fit_is_refused(cell):
    layer = time_cell(cell)
    for state in (normal(N, H + 1), normal(H), np.zeros((N, H), complex)):
        with pytest.raises(ValueError, match=rf"{type(layer).__name__}: h: expected floats of shape \(N, 2\)"):
            layer.set_state(state)


def test_a_memory_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"TimeLSTM: c: expected floats of shape \(3, 2\), got .*\(2, 2\)"):
        time_cell("lstm").set_state(normal(N, H), normal(2, H))


@every_cell
def test_a_state_takes_the_dtype_of_the_weights(cell):
    layer = time_cell(cell, dtype=np.float32)
    layer.set_state(*states_of(cell))
    assert layer.forward(normal(N, T, D)).dtype == np.float32
    layer.backward(normal(N, T, H))
    assert layer.h.dtype == layer.dh.dtype == np.float32


# --- weights -----------------------------------------------------------------------------------------------


def every_layer_of(cell):
    return CELLS[cell][:2]


@every_cell
def test_weights_that_do_not_fit_are_refused_by_name(cell):
    Wx, Wh, b = weights_of(cell)
    bad = {
        "Wx": [(Wx[:, :-1], Wh, b), (Wx[0], Wh, b)],
        "Wh": [(Wx, Wh[:, :-1], b), (Wx, Wh.astype(int), b), (Wx, Wh[0], b)],
        "b": [(Wx, Wh, b[..., :-1]), (Wx, Wh, b[None, None]), (Wx, Wh, b.tolist()), (Wx, Wh, np.vstack((b, b, b)))],
    }
    for Layer in every_layer_of(cell):
        for name, cases in bad.items():
            for weights in cases:
                # A Wh with another number of axes says nothing of H: then Wx may be the one that is named.
                named = "W." if name == "Wh" else name
                with pytest.raises(ValueError, match=rf"{Layer.__name__}: {named}: expected .* got"):
                    Layer(*weights)
        with pytest.raises(ValueError, match=rf"{Layer.__name__}: .*one dtype.*float32.*float64"):
            Layer(Wx, Wh.astype(np.float32), b)


@pytest.mark.parametrize("Layer", [GRU, TimeGRU])
def test_two_biases_need_the_reset_after_the_product(Layer):
    with pytest.raises(ValueError, match=rf"{Layer.__name__}: b: expected .*\(6,\), got .*\(2, 6\)"):
        Layer(*weights_of("gru_after_two_biases"))


@every_cell
def test_weights_of_any_strides_work(cell):
    weights = weights_of(cell)
    TimeLayer, Step, *_ = CELLS[cell]
    strided = [np.repeat(w, 2, axis=-1)[..., ::2] for w in weights]
    assert not strided[0].flags.c_contiguous
    ours, theirs = (TimeLayer(*w) for w in (strided, weights))
    for a, b in zip(run(ours, normal(N, T, D), HOLES)[:2], run(theirs, normal(N, T, D), HOLES)[:2]):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-13)
    for a, b in zip(ours.grads, theirs.grads):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-13)
    check_layer(Step(*strided), normal(N, D), *states_of(cell))


@every_cell
def test_init_params_makes_weights_that_fit(cell):
    TimeLayer = CELLS[cell][0]
    Wx, Wh, b = TimeLayer.init_params(5, 4, rng=3)
    assert Wx.dtype == Wh.dtype == b.dtype == np.float32
    assert TimeLayer(Wx, Wh, b).forward(normal(2, 3, 5)).shape == (2, 3, 4)
    again = TimeLayer.init_params(5, 4, rng=3)
    assert all(np.array_equal(p, q) for p, q in zip((Wx, Wh, b), again))
    for gate in np.split(TimeLayer.init_params(5, 4, rng=3, dtype=np.float64)[1], TimeLayer.gates, axis=1):
        np.testing.assert_allclose(gate.T @ gate, np.eye(4), atol=1e-12)
    assert np.abs(Wx).max() <= np.sqrt(6 / 9)
    assert np.array_equal(Wx[:, :4], xavier(5, 4, rng=3))


def test_an_lstm_starts_with_a_forget_bias_of_one():
    assert TimeLSTM.init_params(5, 2)[2].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert not TimeGRU.init_params(5, 2)[2].any()
    assert not TimeRNN.init_params(5, 2)[2].any()


@pytest.mark.parametrize("scale", [1e4, -1e4])
@every_cell
def test_saturated_gates_stay_finite(cell, scale):
    layer = time_cell(cell)
    out, dxs, grads = run(layer, scale * np.ones((N, T, D)))
    assert all(np.isfinite(a).all() for a in (out, dxs, *grads))
    step = one_step(cell, weights_of(cell))
    outs = as_tuple(step.forward(scale * np.ones((N, D)), *states_of(cell)))
    assert all(np.isfinite(a).all() for a in (*outs, *step.backward(*outs)))


@pytest.mark.parametrize("Layer", [RNN, LSTM, GRU])
def test_the_books_address_brings_the_cells(Layer):
    assert Layer.__module__ == f"common.recurrent.{Layer.__name__.lower()}"


# --- prediction ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stateful", [False, True])
@every_mask
@every_cell
def test_inference_changes_no_answer(cell, mask, stateful):
    keeping, layer = time_cell(cell, stateful=stateful), time_cell(cell, stateful=stateful)
    layer.inference = True
    for seed in (0, 1):  # the second starts from the kept state, or over old buffers
        xs = normal(N, T, D, seed=seed)
        np.testing.assert_allclose(layer.forward(xs, mask), keeping.forward(xs, mask), rtol=0, atol=1e-12)
        for name in layer.states:
            np.testing.assert_allclose(getattr(layer, name), getattr(keeping, name), rtol=0, atol=1e-12)


@every_cell
def test_inference_caches_one_step_however_long_the_text_is(cell):
    sizes = []
    for steps in (5, 50):
        layer = time_cell(cell)
        layer.inference = True
        layer.forward(normal(N, steps, D))
        sizes.append(sum(a.size for name, a in layer.buffers.items() if name != "ins"))
    assert sizes[0] == sizes[1]


@every_cell
def test_backward_is_not_available_in_inference_mode(cell):
    layer, xs, dhs = time_cell(cell), normal(N, T, D), normal(N, T, H, seed=9)
    says = f"{type(layer).__name__}: backward: expected a forward before it, outside inference mode"
    with pytest.raises(ValueError, match=says):
        layer.backward(dhs)
    layer.forward(xs)
    dxs = layer.backward(dhs)
    layer.inference = True
    layer.forward(xs)
    with pytest.raises(ValueError, match=says):
        layer.backward(dhs)
    layer.inference = False
    layer.forward(xs)
    assert np.array_equal(layer.backward(dhs), dxs)


@every_cell
def test_gradients_do_not_depend_on_how_many_steps_are_one_product(cell, monkeypatch):
    xs, dhs, mask, found = normal(N, 7, D), normal(N, 7, H, seed=9), prefix_mask([3, 7, 1], 7), []
    for columns in (1, 3 * N, 1000):  # one step, three, all
        monkeypatch.setattr("common.recurrent.base.COLUMNS", columns)
        layer = time_cell(cell)
        layer.forward(xs, mask)
        found.append((layer.backward(dhs), *layer.grads))
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
