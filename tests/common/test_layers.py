"""Layers without time: gradients, the contract of a layer, losses without overflow, and what is refused."""

import numpy as np
import pytest
from conftest import CELLS, normal, one_step, prefix_mask, weights_of

from common.checking.gradient_check import check_layer, check_model
from common.layers import (
    Affine,
    Dropout,
    Embedding,
    LayerNorm,
    MatMul,
    Sigmoid,
    SigmoidWithLoss,
    Softmax,
    SoftmaxWithLoss,
)
from common.pair_embedding import TimePairEmbedding
from common.sequential import Sequential
from common.time_layers import (
    Simple_TimeSoftmaxWithLoss,
    TimeDropout,
    TimeEmbedding,
    TimeSigmoidWithLoss,
    TimeSoftmaxWithLoss,
)

MAKERS = {
    "matmul": lambda dtype=np.float64: MatMul(normal(3, 2, dtype=dtype)),
    "affine": lambda dtype=np.float64: Affine(normal(3, 2, dtype=dtype), normal(2, seed=1, dtype=dtype)),
    "layer_norm": lambda dtype=np.float64: LayerNorm(normal(3, dtype=dtype), normal(3, seed=1, dtype=dtype)),
    "sigmoid": lambda dtype=np.float64: Sigmoid(),
    "softmax": lambda dtype=np.float64: Softmax(),
    "dropout": lambda dtype=np.float64: Dropout(0.4, rng=0),
}
every_layer = pytest.mark.parametrize("name", MAKERS)


@pytest.mark.parametrize("shape", [(4, 3), (2, 4, 3), (1, 3), (3,)])
@every_layer
def test_every_gradient_is_that_of_central_differences(name, shape):
    check_layer(MAKERS[name](), normal(*shape, seed=2))


@every_layer
def test_the_contract_of_a_layer(name):
    layer, xs = MAKERS[name](), normal(4, 3)
    params, grads = list(layer.params), list(layer.grads)
    kept = []
    for n in (4, 2, 6):
        xs = normal(n, 3, seed=n)
        out = layer.forward(xs)
        dout = normal(*out.shape, seed=1)
        kept += [(a, a.copy()) for a in (xs, out, dout, layer.backward(dout), layer.backward(dout))]
    assert all(np.array_equal(a, b) for a, b in kept)
    assert all(a is b for a, b in zip(params + grads, layer.params + layer.grads, strict=True))
    assert len(layer.param_names) == len(params)


@every_layer
def test_dtype_follows_the_weights_or_else_the_input(name):
    layer = MAKERS[name](np.float32)
    x = normal(4, 3)
    out = layer.forward(x if layer.params else x.astype(np.float32))
    assert out.dtype == np.float32
    assert layer.backward(normal(*out.shape, dtype=np.float32)).dtype == np.float32
    assert MAKERS[name]().forward(np.arange(6).reshape(2, 3)).dtype == np.float64


@every_layer
def test_lists_of_numbers_are_read_as_floats(name):
    ours, theirs, x = MAKERS[name](), MAKERS[name](), normal(4, 3)
    out = theirs.forward(x)
    assert np.array_equal(ours.forward(x.tolist()), out)
    assert np.array_equal(ours.backward(out.tolist()), theirs.backward(out))


@every_layer
def test_a_gradient_of_a_wrong_shape_is_refused(name):
    layer = MAKERS[name]()
    out = layer.forward(normal(4, 3))
    for shape in ((4, 1), (1, out.shape[1]), (5, out.shape[1]), (4,), (4, out.shape[1], 1)):
        with pytest.raises(ValueError, match=rf"{type(layer).__name__}: dout: expected floats of shape \(4, "):
            layer.backward(np.zeros(shape))


@pytest.mark.parametrize("name", ["matmul", "affine", "layer_norm"])
def test_input_of_a_wrong_shape_or_kind_is_refused(name):
    layer = MAKERS[name]()
    for x in (normal(4, 2), normal(4), np.float64(1), np.zeros((4, 3), complex), np.full((4, 3), "a")):
        with pytest.raises(
            ValueError, match=rf"{type(layer).__name__}: x: expected floats of shape .*3.*got {x.dtype}"
        ):
            layer.forward(x)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: MatMul(normal(3)), "MatMul: W"),
        (lambda: MatMul([[1.0]]), "MatMul: W.*got list"),
        (lambda: MatMul(np.eye(2, dtype=int)), "MatMul: W.*got int64"),
        (lambda: Affine(normal(3, 2), normal(3)), "Affine: b"),
        (lambda: Affine(normal(3, 2), normal(2, dtype=np.float32)), "Affine: .*one dtype.*float32.*float64"),
        (lambda: Embedding(normal(3)), "Embedding: W"),
        (lambda: LayerNorm(normal(3), normal(2)), "LayerNorm: beta"),
        (lambda: Dropout(1.0), "Dropout: expected 0 <= dropout_ratio < 1, got 1.0"),
        (lambda: Dropout(-0.1), "Dropout: expected 0 <= dropout_ratio < 1, got -0.1"),
        (lambda: Dropout(float("nan")), "Dropout: expected 0 <= dropout_ratio < 1, got nan"),
    ],
)
def test_weights_that_do_not_fit_are_refused(make, word):
    with pytest.raises(ValueError, match=word):
        make()


def test_softmax_and_layer_norm_give_what_they_say():
    np.testing.assert_allclose(Softmax().forward(normal(4, 3)).sum(axis=1), 1)
    layer = LayerNorm(np.ones(50), np.zeros(50), eps=0)
    normed = layer.forward(3 + 5 * normal(4, 50))
    np.testing.assert_allclose(normed.mean(axis=1), 0, atol=1e-13)
    np.testing.assert_allclose(normed.var(axis=1), 1)


@pytest.mark.parametrize(
    "make",
    [
        *MAKERS.values(),
        lambda: Embedding(normal(5, 2)),
        lambda: TimeEmbedding(normal(5, 2)),
        lambda: TimePairEmbedding(normal(1, 2), np.zeros(0, np.int64), 5),
        *(SoftmaxWithLoss, SigmoidWithLoss, TimeSoftmaxWithLoss, Simple_TimeSoftmaxWithLoss, TimeSigmoidWithLoss),
        *(lambda cell=cell: one_step(cell, weights_of(cell)) for cell in CELLS),
    ],
)
def test_backward_before_any_forward_is_refused_in_one_line(make):
    layer = make()
    dout = (normal(4, 2),) * len(getattr(layer, "states", "h"))
    with pytest.raises(ValueError, match=r"^\w+: backward: expected a forward before it, outside inference mode$"):
        layer.backward(*dout)


def test_a_layer_in_the_books_manner_inherits_from_nothing():
    class Scale:
        def __init__(self, W):
            self.params, self.grads = [W], [np.zeros_like(W)]

        def forward(self, x):
            self.x = x
            return self.params[0] * x

        def backward(self, dout):
            self.grads[0][...] = (dout * self.x).sum(axis=0)
            return dout * self.params[0]

    check_layer(Scale(normal(3)), normal(4, 3))
    model = Sequential(Scale(normal(3)), Affine(normal(3, 2), normal(2)), loss=SoftmaxWithLoss())
    check_model(model, normal(4, 3), np.array([0, 1, 1, 0]))


# --- Embedding ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 2), ()])
def test_embedding_gradients_with_repeated_ids(shape):
    ids = np.random.default_rng(0).integers(0, 3, shape)
    check_layer(Embedding(normal(5, 2)), ids)


def test_embedding_takes_ids_of_any_integer_dtype_and_order():
    layer, ids = Embedding(normal(5, 2)), np.array([[4, 0, 4], [1, 1, 2]])
    for view in (ids.astype(np.uint8), ids.astype(np.int32), np.asfortranarray(ids), np.repeat(ids, 2, axis=1)[:, ::2]):
        assert np.array_equal(layer.forward(view), layer.params[0][ids])
        layer.backward(np.ones((2, 3, 2)))
        assert np.asarray(layer.grads[0])[:, 0].tolist() == [1, 2, 1, 0, 2]
    assert layer.forward([4, 0]).shape == (2, 2)


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", ">i4", ">u4", "i8", ">i8", "u8"])
def test_ids_of_every_integer_dtype_are_the_same_words(dtype):
    W = normal(70_000, 2)
    layer = Embedding(W)
    assert np.array_equal(layer.forward(np.array([5, 127, 0], dtype)), W[[5, 127, 0]])
    layer.backward(np.ones((3, 2)))
    assert np.flatnonzero(layer.grads[0][:, 0]).tolist() == [0, 5, 127]
    if "u" not in dtype:
        with pytest.raises(ValueError, match=r"Embedding: idx: expected ids in \[0, 70000\), got -1$"):
            layer.forward(np.array([5, -1], dtype))


@pytest.mark.parametrize(("ids", "got"), [([0, 5], "got 5"), ([-1, 2], "got -1"), ([0.0], "float64"), ([True], "bool")])
def test_embedding_refuses_what_is_no_id(ids, got):
    with pytest.raises(ValueError, match=f"Embedding: idx: expected .*{got}"):
        Embedding(normal(5, 2)).forward(np.array(ids))


def test_embedding_returns_a_copy():
    layer = Embedding(normal(5, 2))
    out = layer.forward(np.array([1, 2]))
    assert not np.shares_memory(out, layer.params[0])


# --- Dropout -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("Layer", [Dropout, TimeDropout])
@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_expected_value_and_drops_its_share(Layer, ratio):
    out = Layer(ratio, rng=0).forward(np.ones((100, 20, 50)))
    assert out.mean() == pytest.approx(1, abs=0.03)
    assert (out == 0).mean() == pytest.approx(ratio, abs=0.01)
    np.testing.assert_allclose(np.unique(out), [0, 1 / (1 - ratio)], rtol=1e-6)


@pytest.mark.parametrize("by_argument", [True, False])
def test_dropout_changes_nothing_when_not_training(by_argument):
    layer, x = Dropout(0.5, rng=0), normal(4, 3)
    if by_argument:
        out = layer.forward(x, False)
    else:
        layer.train_flg = False
        out = layer.forward(x)
    assert np.array_equal(out, x)
    assert not np.shares_memory(out, x)
    assert np.array_equal(layer.backward(x), x)
    assert not np.shares_memory(layer.backward(x), x)


def test_either_flag_switches_dropout_off():
    layer, x = Dropout(0.9, rng=0), np.ones((20, 20))
    assert (layer.forward(x, train_flg=True) == 0).any()
    layer.train_flg = False
    assert (layer.forward(x, train_flg=True) == 1).all()
    layer = TimeDropout(0.9, rng=0)
    layer.train_flg = False
    assert (layer.forward(np.ones((2, 3, 4))) == 1).all()


def test_time_dropout_that_is_off_still_clears_the_pads():
    layer, mask = TimeDropout(0.9, rng=0), prefix_mask([1, 3], 3)
    layer.train_flg = False
    assert np.array_equal(layer.forward(np.ones((2, 3, 4)), mask)[:, :, 0], mask)
    assert np.array_equal(layer.backward(np.ones((2, 3, 4)))[:, :, 0], mask)


def test_dropout_drops_the_same_elements_in_backward():
    layer = Dropout(0.5, rng=0)
    out = layer.forward(np.ones((50, 50)))
    assert np.array_equal(layer.backward(np.ones((50, 50))), out)
    assert not np.array_equal(layer.forward(np.ones((50, 50))), out)


def test_the_same_rng_drops_the_same_elements_and_the_global_generator_rests():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    x = normal(20, 20)
    same = [Dropout(0.5, rng=rng).forward(x) for rng in (7, 7, np.random.default_rng(7))]
    assert np.array_equal(same[0], same[1])
    assert np.array_equal(same[0], same[2])
    assert not np.array_equal(same[0], Dropout(0.5, rng=8).forward(x))
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_without_rng_the_elements_are_those_that_the_books_dropout_draws():
    x = np.ones((4, 5, 6))
    np.random.seed(3)  # noqa: NPY002
    dropped = [Dropout(0.3).forward(x) > 0, TimeDropout(0.3).forward(x) > 0]
    after = np.random.rand()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    for kept in dropped:
        np.testing.assert_array_equal(kept, np.random.rand(4, 5, 6) > 0.3)  # noqa: NPY002
    assert np.random.rand() == after  # noqa: NPY002


def test_dropout_of_nothing_is_the_identity_even_while_training():
    x = normal(4, 3)
    assert np.array_equal(Dropout(0).forward(x), x)


# --- losses ------------------------------------------------------------------------------------------------


def test_loss_gradients_are_those_of_central_differences():
    x, ids = normal(4, 3), np.array([0, 2, 1, 2])
    soft = np.abs(normal(4, 3, seed=1))
    check_layer(SoftmaxWithLoss(), x, ids)
    check_layer(SoftmaxWithLoss(), x, np.eye(3)[ids], constants=(1,))
    check_layer(SoftmaxWithLoss(), x, soft / soft.sum(axis=1, keepdims=True), constants=(1,))
    check_layer(SoftmaxWithLoss(), x, 2 * soft, constants=(1,))  # rows that do not add to 1: weights
    for shape in ((4,), (4, 1), (2, 2)):
        check_layer(SigmoidWithLoss(), normal(4).reshape(shape), np.array([0, 1, 1, 0]).reshape(shape))
        check_layer(SigmoidWithLoss(), normal(4).reshape(shape), np.full(shape, 0.3), constants=(1,))


@pytest.mark.parametrize("one_hot_dtype", [int, bool, np.float32])
def test_ids_and_one_hot_agree(one_hot_dtype):
    x, ids = normal(4, 3), np.array([0, 2, 1, 2])
    by_ids, by_one_hot = SoftmaxWithLoss(), SoftmaxWithLoss()
    loss = by_ids.forward(x, ids)
    assert by_one_hot.forward(x, np.eye(3, dtype=one_hot_dtype)[ids]) == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(by_one_hot.backward(), by_ids.backward(), rtol=0, atol=1e-12)
    assert by_ids.forward(x, ids.tolist()) == loss


@pytest.mark.parametrize(("Loss", "x", "t"), [
    (SoftmaxWithLoss, normal(4, 3), np.array([0, 2, 1, 2])),
    (SigmoidWithLoss, normal(4), np.array([0, 1, 1, 0])),
])  # fmt: skip
def test_backward_of_a_loss_scales_by_dout_and_may_be_called_twice(Loss, x, t):
    loss = Loss()
    value = loss.forward(x, t)
    assert isinstance(value, float)
    first = loss.backward()
    kept = first.copy()
    assert np.array_equal(loss.backward(), kept)
    np.testing.assert_allclose(loss.backward(-3), -3 * kept)
    assert np.array_equal(first, kept)
    assert loss.y.shape == x.shape


@pytest.mark.parametrize(("Loss", "x", "t"), [
    (SoftmaxWithLoss, [[1.0, 2.0]], [0]),
    (SigmoidWithLoss, [1.0, -2.0], [0, 1]),
    (TimeSoftmaxWithLoss, [[[1.0, 2.0]]], [[0]]),
    (TimeSigmoidWithLoss, [[1.0, -2.0]], [[0, 1]]),
])  # fmt: skip
def test_a_loss_reads_lists_as_arrays(Loss, x, t):
    assert Loss().forward(x, t) == Loss().forward(np.array(x), np.array(t))


def test_a_score_alone_has_a_loss():
    assert SigmoidWithLoss().forward(0.0, 1) == pytest.approx(np.log(2))
    with pytest.raises(ValueError, match="SigmoidWithLoss: t: expected floats of shape"):
        SigmoidWithLoss().forward(0.0, [1, 1])


def test_a_loss_of_nothing_has_no_minus():
    assert str(SoftmaxWithLoss().forward(np.array([[1e4, 0.0]]), np.array([0]))) == "0.0"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_ten_thousand_give_finite_losses(dtype):
    x = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    loss = SoftmaxWithLoss()
    assert loss.forward(x, np.array([0, 1])) == 0
    assert loss.forward(x, np.array([1, 1])) == pytest.approx(1e4)
    np.testing.assert_allclose(loss.backward(), [[0.5, -0.5], [0, 0]])
    loss = SigmoidWithLoss()
    assert loss.forward(x, np.array([[1, 0], [0, 1]])) == 0
    assert loss.forward(x, np.array([[0, 0], [0, 1]])) == pytest.approx(2.5e3)
    np.testing.assert_allclose(loss.backward(), [[0.25, 0], [0, 0]])
    assert loss.backward().dtype == dtype


def test_a_class_ruled_out_by_minus_infinity_costs_nothing_unless_it_is_true():
    loss = SoftmaxWithLoss()
    assert loss.forward(np.array([[0.0, -np.inf]]), np.array([0])) == 0
    assert np.array_equal(loss.backward(), [[0, 0]])


def test_sigmoid_with_loss_takes_a_column_and_a_vector():
    x, t = normal(4), np.array([0, 1, 1, 0])
    flat = SigmoidWithLoss()
    expected = flat.forward(x, t)
    for column_x, column_t in ((x[:, None], t), (x, t[:, None]), (x[:, None], t[:, None])):
        loss = SigmoidWithLoss()
        assert loss.forward(column_x, column_t) == pytest.approx(expected, rel=1e-12)
        assert loss.backward().shape == column_x.shape
        np.testing.assert_allclose(loss.backward().ravel(), flat.backward(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("x", "t"),
    [((4, 1), (1, 4)), ((4,), (1,)), ((4,), ()), ((4, 2), (4,)), ((4, 2), (4, 1)), ((4,), (3,)), ((2, 2), (4,))],
)
def test_sigmoid_with_loss_refuses_what_would_broadcast(x, t):
    with pytest.raises(ValueError, match="SigmoidWithLoss: t: expected floats of shape"):
        SigmoidWithLoss().forward(normal(*x), np.zeros(t, int))


@pytest.mark.parametrize("t", [[0, 2], [-1, 0], [0, np.nan]])
def test_sigmoid_with_loss_refuses_labels_outside_zero_and_one(t):
    with pytest.raises(ValueError, match=r"SigmoidWithLoss: t: expected labels in \[0, 1\]"):
        SigmoidWithLoss().forward(normal(2), np.array(t))


@pytest.mark.parametrize(
    "t", [np.zeros(3, int), np.zeros((4, 1), int), np.zeros((1, 4), int), np.zeros(4), 0, np.full(4, 3), np.full(4, -1)]
)
def test_softmax_with_loss_refuses_labels_that_do_not_fit(t):
    with pytest.raises(ValueError, match="SoftmaxWithLoss: t: expected"):
        SoftmaxWithLoss().forward(normal(4, 3), t)


def test_softmax_with_loss_refuses_scores_that_are_no_matrix():
    with pytest.raises(ValueError, match="SoftmaxWithLoss: x: expected floats of shape"):
        SoftmaxWithLoss().forward(normal(4, 3, 2), np.zeros(4, int))


# --- sample weights ----------------------------------------------------------------------------------------

WEIGHT = np.array([0.5, 0.0, 2.0, 1.5])
WEIGHTED = {
    "softmax": (SoftmaxWithLoss, normal(4, 3), np.array([0, 2, 1, 2])),
    "softmax_one_hot": (SoftmaxWithLoss, normal(4, 3), np.eye(3)[[0, 2, 1, 2]]),
    "sigmoid": (SigmoidWithLoss, normal(4), np.array([0, 1, 1, 0])),
    "sigmoid_column": (SigmoidWithLoss, normal(4, 1), np.array([0, 1, 1, 0])),
    "sigmoid_smoothed": (SigmoidWithLoss, normal(4), np.array([0.1, 0.9, 0.5, 0.0])),
    "sigmoid_matrix": (SigmoidWithLoss, normal(4, 2), np.array([[0, 1], [1, 1], [0, 0], [1, 0]])),
}
every_weighted = pytest.mark.parametrize(("Loss", "x", "t"), WEIGHTED.values(), ids=WEIGHTED)


@every_weighted
def test_a_weighted_loss_is_the_sum_of_weight_times_loss_over_N(Loss, x, t):
    alone = [Loss().forward(x[i : i + 1], t[i : i + 1]) for i in range(4)]
    loss = Loss()
    assert loss.forward(x, t, WEIGHT) == pytest.approx(np.dot(WEIGHT, alone) / 4, rel=1e-12)
    assert Loss().forward(x, t, sample_weight=WEIGHT.tolist()) == loss.forward(x, t, WEIGHT)
    check_layer(Loss(), x, t, WEIGHT, constants=(1, 2))
    assert not loss.backward()[1].any()  # what counts nothing teaches nothing


@every_weighted
def test_weights_of_one_change_nothing_and_a_weight_of_two_is_the_example_twice(Loss, x, t):
    plain, weighted, twice = Loss(), Loss(), Loss()
    loss = plain.forward(x, t)
    assert weighted.forward(x, t, np.ones(4)) == pytest.approx(loss, rel=1e-15)
    np.testing.assert_allclose(weighted.backward(), plain.backward(), rtol=1e-15)
    rows = [0, 1, 1, 2, 3]
    doubled = weighted.forward(x, t, [1, 2, 1, 1]) * 4
    assert doubled == pytest.approx(twice.forward(x[rows], t[rows]) * 5, rel=1e-12)


def test_sigmoid_with_loss_takes_a_weight_for_each_element():
    x, t, weight = normal(4, 2), np.array([[0, 1], [1, 1], [0, 0], [1, 0]]), np.abs(normal(4, 2, seed=1))
    flat = SigmoidWithLoss().forward(x.ravel(), t.ravel(), weight.ravel())
    assert SigmoidWithLoss().forward(x, t, weight) == pytest.approx(flat, rel=1e-12)
    check_layer(SigmoidWithLoss(), x, t, weight, constants=(2,))


@every_weighted
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(3), r"sample_weight: expected floats of shape \(4,\), got float64 of shape \(3,\)"),
        (np.ones((1, 4)), r"sample_weight: expected floats of shape \(4,\)"),
        (1.0, r"sample_weight: expected floats of shape \(4,\)"),
        (["a"] * 4, r"sample_weight: expected floats of shape \(4,\)"),
        ([1, -0.5, 1, 1], "sample_weight: expected finite weights, 0 or above, got -0.5"),
        ([1, np.nan, 1, 1], "sample_weight: expected finite weights, 0 or above, got nan"),
        ([1, np.inf, 1, 1], "sample_weight: expected finite weights, 0 or above, got inf"),
    ],
)
def test_weights_that_are_none_are_refused(Loss, x, t, weight, message):
    with pytest.raises(ValueError, match=f"{Loss.__name__}: {message}"):
        Loss().forward(x, t, weight)


def test_the_dtype_stays_that_of_the_scores():
    for Loss, x, t in ((SoftmaxWithLoss, normal(4, 3), [0, 2, 1, 2]), (SigmoidWithLoss, normal(4), [0, 1, 1, 0])):
        loss = Loss()
        loss.forward(x.astype(np.float32), t, WEIGHT)
        assert loss.backward().dtype == np.float32
