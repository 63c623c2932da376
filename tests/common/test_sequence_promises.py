"""What every layer that takes forward(xs, mask) promises, whatever it computes."""

import numpy as np
import pytest
from conftest import ATTENTION, POOLING, RECURRENT, SEQUENCE_LAYERS, STEPWISE, normal, prefix_mask, run

from common.checking.gradient_check import check_layer

N, T = 4, 5
LENGTHS = [1, 3, 5, 2]
MASKS = {
    "lengths_1_to_T": prefix_mask(LENGTHS, T),
    "holes": np.array([[0, 1, 0, 1, 1], [1, 0, 0, 0, 1], [0, 0, 1, 0, 0], [1, 1, 1, 1, 1]], bool),
    "a_row_without_a_real_step": prefix_mask([3, 0, 5, 1], T),
}
every_layer = pytest.mark.parametrize("name", SEQUENCE_LAYERS)
# Dropout draws a number for each element: another shape, other numbers.
every_layer_but_dropout = pytest.mark.parametrize("name", [name for name in SEQUENCE_LAYERS if name != "dropout"])
every_mask = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)


def assert_bits(ours, theirs):
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    assert ours.tobytes() == theirs.tobytes()


@every_mask
@every_layer
def test_every_gradient_is_that_of_central_differences(name, mask):
    errors = check_layer(SEQUENCE_LAYERS[name](), normal(N, T, 4), mask=mask)
    assert len(errors) == len(SEQUENCE_LAYERS[name]().params) + 1


@every_layer
def test_every_gradient_is_that_of_central_differences_without_a_mask(name):
    check_layer(SEQUENCE_LAYERS[name](), normal(N, T, 4))


@pytest.mark.parametrize("rubbish", [np.nan, np.inf, -np.inf, 1e300])
@every_mask
@every_layer
def test_what_stands_in_the_pads_changes_no_bit(name, mask, rubbish):
    xs = normal(N, T, 4)
    spoilt = np.where(mask[:, :, None], xs, rubbish)
    clean, dirty = (run(SEQUENCE_LAYERS[name](), x, mask) for x in (xs, spoilt))
    assert_bits(dirty[0], clean[0])
    assert_bits(dirty[1], clean[1])
    for ours, theirs in zip(dirty[2], clean[2], strict=True):
        assert_bits(ours, theirs)
    assert all(np.isfinite(a).all() for a in (dirty[0], dirty[1], *dirty[2]))


@every_mask
@every_layer
def test_gradients_on_pads_are_exactly_zero_and_others_are_not(name, mask):
    _, dxs, _ = run(SEQUENCE_LAYERS[name](), normal(N, T, 4), mask)
    assert dxs.shape == (N, T, 4)
    assert not dxs[~mask].any()
    assert dxs[mask].any()


@pytest.mark.parametrize("more", [1, 9])
@every_layer_but_dropout
def test_more_pad_columns_change_outputs_and_gradients_by_no_more_than_rounding(name, more):
    mask, xs = MASKS["lengths_1_to_T"], normal(N, T, 4)
    wider = np.hstack((xs, np.full((N, more, 4), np.nan)))
    wider_mask = np.hstack((mask, np.zeros((N, more), bool)))
    layer, wide_layer = SEQUENCE_LAYERS[name](), SEQUENCE_LAYERS[name]()
    out, wide_out = layer.forward(xs, mask), wide_layer.forward(wider, wider_mask)
    dout = normal(*out.shape, seed=9)
    wide_dout = np.zeros(wide_out.shape)
    if out.ndim == 3:
        out, wide_real = out[mask], wide_out[wider_mask]
        wide_dout[:, :T] = dout
    else:
        wide_real, wide_dout = wide_out, dout
    np.testing.assert_allclose(wide_real, out, rtol=0, atol=1e-12)
    dxs, wide_dxs = layer.backward(dout), wide_layer.backward(wide_dout)
    np.testing.assert_allclose(wide_dxs[:, :T], dxs, rtol=0, atol=1e-12)
    assert not wide_dxs[:, T:].any()
    for ours, theirs in zip(wide_layer.grads, layer.grads, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@every_mask
@every_layer_but_dropout
def test_a_text_does_not_depend_on_its_neighbours_in_the_batch(name, mask):
    xs = normal(N, T, 4)
    together, dxs, _ = run(SEQUENCE_LAYERS[name](), xs, mask)
    dout = normal(*together.shape, seed=9)
    for n in range(N):
        alone = SEQUENCE_LAYERS[name]()
        np.testing.assert_allclose(alone.forward(xs[n : n + 1], mask[n : n + 1])[0], together[n], rtol=0, atol=1e-12)
        np.testing.assert_allclose(alone.backward(dout[n : n + 1])[0], dxs[n], rtol=0, atol=1e-12)


@every_layer
def test_a_full_mask_is_no_mask(name):
    xs = normal(N, T, 4)
    for ours, theirs in zip(
        run(SEQUENCE_LAYERS[name](), xs, np.ones((N, T), bool))[:2], run(SEQUENCE_LAYERS[name](), xs)[:2], strict=True
    ):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@every_layer
def test_an_array_that_was_returned_is_never_changed_later_by_the_layer(name):
    layer = SEQUENCE_LAYERS[name]()
    kept = []
    for n, t, mask in (
        (N, T, MASKS["holes"]),
        (N, T, MASKS["lengths_1_to_T"]),
        (2, 3, None),
        (6, 9, None),
        (N, T, None),
    ):
        xs = normal(n, t, 4, seed=n)
        out, dxs, _ = run(layer, xs, mask)
        again = layer.backward(normal(*out.shape, seed=1))
        state = [getattr(layer, name) for name in ("h", "c", "dh", "dc") if hasattr(layer, name)]
        kept += [(a, a.copy()) for a in (xs, out, dxs, again, *state)]
    for array, copy in kept:
        assert_bits(array, copy)


@every_layer
def test_arrays_that_are_handed_in_are_never_changed(name):
    xs, mask = normal(N, T, 4), MASKS["holes"].copy()
    layer = SEQUENCE_LAYERS[name]()
    dout = normal(*layer.forward(xs, mask).shape, seed=1)
    kept = [(a, a.copy()) for a in (xs, mask, dout, *layer.params)]
    layer.forward(xs, mask)
    layer.backward(dout)
    layer.backward(dout)
    for array, copy in kept:
        assert_bits(array, copy)


@every_layer
def test_backward_twice_gives_the_same_bits(name):
    layer = SEQUENCE_LAYERS[name]()
    out = layer.forward(normal(N, T, 4), MASKS["holes"])
    dout = normal(*out.shape, seed=1)
    first, grads = layer.backward(dout), [g.copy() for g in layer.grads]
    assert_bits(layer.backward(dout), first)
    for ours, theirs in zip(layer.grads, grads, strict=True):
        assert_bits(ours, theirs)


@every_layer
def test_backward_before_any_forward_is_refused_in_one_line(name):
    layer = SEQUENCE_LAYERS[name]()
    refuses(
        lambda: layer.backward(np.ones((N, T, 4))), "backward: expected a forward before it, outside inference mode"
    )


@every_layer
def test_params_are_not_copied_and_grads_stay_the_same_arrays(name):
    layer = SEQUENCE_LAYERS[name]()
    params, grads = list(layer.params), list(layer.grads)
    run(layer, normal(N, T, 4), MASKS["holes"])
    run(layer, normal(2, 7, 4))
    for before, after in ((params, layer.params), (grads, layer.grads)):
        assert len(before) == len(after)
        assert all(a is b for a, b in zip(before, after))
    assert [p.shape for p in layer.params] == [g.shape for g in layer.grads]


@every_layer_but_dropout
def test_the_weights_are_read_again_at_each_forward(name):
    """An optimizer changes them in place: nothing derived from them may be kept."""
    layer, fresh = SEQUENCE_LAYERS[name](), SEQUENCE_LAYERS[name]()
    xs = normal(N, T, 4)
    run(layer, xs)
    for p, q in zip(layer.params, fresh.params):
        p *= 1.5
        q *= 1.5
    for ours, theirs in zip(run(layer, xs)[:2], run(fresh, xs)[:2]):
        assert_bits(ours, theirs)


@every_mask
@every_layer
def test_float32_weights_and_float64_input_give_float32(name, mask):
    layer = SEQUENCE_LAYERS[name](np.float32)
    xs = normal(N, T, 4)
    out = layer.forward(xs if layer.params else xs.astype(np.float32), mask)
    dxs = layer.backward(normal(*out.shape))
    assert out.dtype == np.float32
    if layer.params:
        assert dxs.dtype == np.float32
    assert all(g.dtype == np.float32 for g in layer.grads)
    exact = SEQUENCE_LAYERS[name]().forward(xs, mask)
    np.testing.assert_allclose(out, exact, rtol=1e-4, atol=1e-5)


@every_layer
def test_integer_input_is_read_as_floats(name):
    xs = np.arange(N * T * 4).reshape(N, T, 4) % 7
    ours, theirs = (SEQUENCE_LAYERS[name]().forward(x, MASKS["holes"]) for x in (xs, xs.astype(np.float64)))
    assert_bits(ours, theirs)


@every_layer
def test_lists_of_numbers_are_read_as_floats(name):
    xs, mask = normal(N, T, 4), MASKS["holes"]
    ours, theirs = SEQUENCE_LAYERS[name](), SEQUENCE_LAYERS[name]()
    out = theirs.forward(xs, mask)
    assert_bits(ours.forward(xs.tolist(), mask), out)
    assert_bits(ours.backward(out.tolist()), theirs.backward(out))


@every_layer
def test_a_gradient_of_integers_is_read_as_floats(name):
    layer = SEQUENCE_LAYERS[name]()
    ones = np.ones_like(layer.forward(normal(N, T, 4), MASKS["holes"]))
    assert_bits(layer.backward(ones.astype(int)), layer.backward(ones))


@every_layer
def test_views_of_any_strides_work(name):
    xs, mask = normal(N, T, 4), MASKS["holes"]
    strange = [np.asfortranarray(xs), np.repeat(xs, 2, axis=2)[:, :, ::2], xs[:, ::-1].copy()[:, ::-1]]
    straight = run(SEQUENCE_LAYERS[name](), xs, mask)
    for x in strange:
        out, dxs, grads = run(SEQUENCE_LAYERS[name](), x, np.asfortranarray(mask))
        np.testing.assert_allclose(out, straight[0], rtol=0, atol=1e-12)
        np.testing.assert_allclose(dxs, straight[1], rtol=0, atol=1e-12)
        for ours, theirs in zip(grads, straight[2], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("n", "t"), [(1, 1), (1, 4), (3, 1)])
@every_layer
def test_one_text_and_one_step_are_enough(name, n, t):
    check_layer(SEQUENCE_LAYERS[name](), normal(n, t, 4))
    check_layer(SEQUENCE_LAYERS[name](), normal(n, t, 4), mask=np.ones((n, t), bool))


@every_layer
def test_no_texts_give_no_output(name):
    layer = SEQUENCE_LAYERS[name]()
    width = layer.forward(normal(1, T, 4)).shape[1:]
    out = layer.forward(normal(0, T, 4), np.ones((0, T), bool))
    assert out.shape == (0, *width)
    assert layer.backward(out).shape == (0, T, 4)


@every_layer
def test_a_mask_may_be_a_list(name):
    xs, mask = normal(N, T, 4), MASKS["holes"]
    ours, theirs = (run(SEQUENCE_LAYERS[name](), xs, m)[:2] for m in (mask.tolist(), mask))
    assert_bits(ours[0], theirs[0])
    assert_bits(ours[1], theirs[1])


@pytest.mark.parametrize("name", POOLING)
def test_a_row_without_any_real_step_pools_to_zero(name):
    layer = POOLING[name]()
    out, dxs, grads = run(layer, np.full((2, 3, 4), np.nan), np.zeros((2, 3), bool))
    assert out.shape == (2, 8 if name in ("first-last", "max-mean") else 4)
    assert not out.any()
    assert not dxs.any()
    assert all(np.isfinite(g).all() for g in grads)


# --- what is refused ---------------------------------------------------------------------------------------


def refuses(call, *words):
    with pytest.raises(ValueError, match="expected") as caught:
        call()
    for word in words:
        assert word in str(caught.value), f"{word!r} not in {caught.value}"


def called(layer):
    """The layer's name, or for the halves of a bidirectional layer that of the first to complain."""
    return type(getattr(layer, "forward_layer", layer)).__name__


@pytest.mark.parametrize(
    ("mask", "got"),
    [
        (np.ones((N, T), int), "int64 of shape (4, 5)"),
        (np.ones((N, T)), "float64"),
        (np.ones((N, T + 1), bool), "(4, 6)"),
        (np.ones((N, 1), bool), "(4, 1)"),
        (np.ones(T, bool), "(5,)"),
        (np.ones((N, T, 1), bool), "(4, 5, 1)"),
    ],
)
@every_layer
def test_a_wrong_mask_is_named(name, mask, got):
    layer = SEQUENCE_LAYERS[name]()
    refuses(lambda: layer.forward(normal(N, T, 4), mask), called(layer), "mask", "bools of shape (4, 5)", got)


@pytest.mark.parametrize("name", [*RECURRENT, "affine", "attention", "multi_head", "learned_positions"])
@pytest.mark.parametrize("shape", [(N, T, 3), (N, 4), (4,), (N, T, 4, 1)])
def test_input_of_a_wrong_shape_is_named(name, shape):
    layer = SEQUENCE_LAYERS[name]()
    refuses(lambda: layer.forward(normal(*shape)), called(layer), "(N, T, 4)", f"float64 of shape {shape}")


@pytest.mark.parametrize("name", POOLING)
def test_pooling_refuses_what_is_no_sequence(name):
    layer = POOLING[name]()
    refuses(lambda: layer.forward(normal(N, 4)), called(layer), "hs", "shape (4, 4)")


@pytest.mark.parametrize("name", POOLING)
def test_pooling_refuses_a_batch_of_no_steps(name):
    refuses(lambda: POOLING[name]().forward(normal(N, 0, 4)), called(POOLING[name]()), "at least one step", "(4, 0, 4)")


def test_halves_of_an_odd_number_of_columns_are_refused():
    refuses(lambda: POOLING["bilast"]().forward(normal(N, T, 3)), "TimeBiLast", "3 columns")


@pytest.mark.parametrize("xs", [np.zeros((N, T, 4), complex), np.full((N, T, 4), "a"), np.zeros((N, T, 4), object)])
@pytest.mark.parametrize("name", SEQUENCE_LAYERS)
def test_input_that_is_no_number_is_refused(name, xs):
    layer = SEQUENCE_LAYERS[name]()
    refuses(lambda: layer.forward(xs), called(layer), "floats", str(xs.dtype))


@pytest.mark.parametrize("name", RECURRENT | STEPWISE | ATTENTION)
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_of_a_wrong_shape_are_named(name, masked):
    layer = SEQUENCE_LAYERS[name]()
    out = layer.forward(normal(N, T, 4), MASKS["holes"] if masked else None)
    for shape in ((N, T, 1), (N, T + 1, out.shape[2]), (N, out.shape[2]), (1, T, out.shape[2]), (N, T)):
        refuses(lambda shape=shape: layer.backward(np.zeros(shape)), "floats of shape")


@pytest.mark.parametrize("name", POOLING)
def test_gradients_of_a_wrong_shape_are_named_by_pooling(name):
    layer = POOLING[name]()
    wanted = str(layer.forward(normal(N, T, 4), MASKS["holes"]).shape)
    for shape in ((N, 1), (1, 4), (4,), (N, T, 4)):
        refuses(lambda shape=shape: layer.backward(np.zeros(shape)), called(layer), "dout", wanted, str(shape))
