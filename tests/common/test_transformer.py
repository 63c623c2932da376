"""A Transformer encoder is its layers in a row; its gradients are right as a whole, and padding changes nothing."""

import numpy as np
import pytest
from conftest import normal, prefix_mask, run

from common.attention import MultiHeadAttention
from common.base_model import BaseModel
from common.checking.gradient_check import check_layer, check_model
from common.layers import Affine, LayerNorm, SigmoidWithLoss
from common.pooling import POOLS
from common.sequential import Sequential
from common.transformer import Gelu, Relu, Residual, TransformerBlock, TransformerEncoder, TransformerPooled

N, T, D, H = 3, 4, 3, 4
XS = normal(N, T, D)
MASKS = {
    "none": None,
    "lengths": prefix_mask([4, 2, 1], T),
    "holes": np.array([[0, 1, 0, 1], [1, 0, 0, 0], [1, 1, 1, 1]], bool),
    "a_row_without_a_real_step": prefix_mask([3, 0, 1], T),
}
every_mask = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
every_activation = pytest.mark.parametrize("activation", [Relu, Gelu])


def encoder(num_layers=1, dtype=np.float64, **how):
    how = {"num_heads": 2, "inner_size": 5, "rng": 0, "dtype": dtype, **how}
    layer = TransformerEncoder(D, H, num_layers, **how)
    for i, p in enumerate(layer.params):  # no bias of 0, no gamma of 1
        p += 0.1 * normal(*p.shape, seed=i).astype(dtype)
    return layer


@every_activation
@every_mask
def test_every_gradient_of_the_whole_encoder_is_that_of_central_differences(mask, activation):
    layer = encoder(activation=activation)
    assert len(check_layer(layer, XS, mask=mask)) == len(layer.params) + 1


def test_gradients_of_two_blocks_with_dropout_are_right():
    pooled = TransformerPooled(D, H, 2, "max-mean", 0.3, 0, np.float64)
    net = Sequential(pooled, Affine(normal(2 * H, 1), normal(1)), loss=SigmoidWithLoss())
    assert max(check_model(net, XS, np.array([0, 1, 1])).values()) < 1e-6


@every_activation
def test_gradients_of_an_activation_are_right(activation):
    check_layer(activation(), np.concatenate((normal(N, T), [[-30.0, 30, -1e-3, 1e-3]])))


def test_relu_and_gelu_are_what_their_names_say():
    assert Relu().forward([-2.0, 0, 3]).tolist() == [0, 0, 3]
    gelu, large = Gelu(), np.array([-1e30, -1e15, 1e15, 1e30], "f")
    assert np.array_equal(gelu.forward(large), [0, 0, *large[2:]])
    assert np.array_equal(gelu.backward(np.ones(4, "f")), [0, 0, 1, 1])
    np.testing.assert_allclose(Gelu().forward([-1e4, -1.0, 0, 1, 1e4]), [0, -0.1588, 0, 0.8412, 1e4], atol=1e-4)


def test_an_encoder_is_its_layers_in_a_row():
    layer, mask = encoder(2), MASKS["lengths"]
    project, positions, first_block, _, second_block, norm = layer.layers  # a dropout of nothing between the blocks
    blocks = first_block, second_block
    assert list(blocks) == layer.blocks and isinstance(norm, LayerNorm)
    hs = positions.forward(project.forward(XS, mask), mask)
    for block in blocks:
        (norm_before, attention, _), (norm_between, first, activation, second, _) = (r.layers for r in block.layers)
        assert attention is block.attention and isinstance(attention, MultiHeadAttention)
        hs = hs + attention.forward(norm_before.forward(hs), mask)
        hs = hs + second.forward(activation.forward(first.forward(norm_between.forward(hs))))
    np.testing.assert_array_equal(layer.forward(XS, mask), np.where(mask[:, :, None], norm.forward(hs), 0))


@pytest.mark.parametrize("rubbish", [np.nan, np.inf, 1e300])
@every_mask
def test_what_stands_in_the_padding_changes_no_bit_and_gets_no_gradient(mask, rubbish):
    mask = np.ones((N, T), bool) if mask is None else mask
    clean, dirty = (run(encoder(2), np.where(mask[:, :, None], XS, pad), mask) for pad in (0, rubbish))
    for ours, theirs in zip((*clean[:2], *clean[2]), (*dirty[:2], *dirty[2])):
        assert ours.tobytes() == theirs.tobytes() and np.isfinite(ours).all()
    assert not clean[0][~mask].any() and not clean[1][~mask].any() and clean[1][mask].any()


@pytest.mark.parametrize("rubbish", [np.nan, 1e300])
def test_a_block_by_itself_takes_a_mask_as_every_sequence_layer_does(rubbish):
    mask, xs, results = MASKS["holes"], normal(N, T, H), []
    for pad in (0, rubbish):
        block = TransformerBlock(H, 2, rng=0, dtype=np.float64)
        out = block.forward(np.where(mask[:, :, None], xs, pad), mask)
        results.append((out, block.backward(np.where(mask[:, :, None], normal(N, T, H, seed=1), pad)), *block.grads))
    for clean, dirty in zip(*results):
        assert clean.tobytes() == dirty.tobytes()
    assert all(a[mask].any() and not a[~mask].any() for a in results[0][:2])
    check_layer(TransformerBlock(H, 2, rng=0, activation=Gelu, dtype=np.float64), xs, mask)
    with pytest.raises(ValueError, match="backward: expected a forward before it"):
        TransformerBlock(H).backward(xs)


def test_more_padding_changes_outputs_and_gradients_by_no_more_than_rounding():
    mask = MASKS["lengths"]
    layer, wide = encoder(2), encoder(2)
    out, dxs, grads = run(layer, XS, mask)
    dout = np.zeros((N, T + 5, H))
    dout[:, :T] = normal(*out.shape, seed=9)
    wide_out = wide.forward(np.pad(XS, ((0, 0), (0, 5), (0, 0))), np.pad(mask, ((0, 0), (0, 5))))
    np.testing.assert_allclose(wide_out[:, :T], out, rtol=0, atol=1e-12)
    np.testing.assert_allclose(wide.backward(dout)[:, :T], dxs, rtol=0, atol=1e-12)
    for ours, theirs in zip(wide.grads, grads):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def test_the_order_of_the_words_counts():
    pooled = TransformerPooled(D, H, pool="mean", rng=0, dtype=np.float64)
    mask = np.ones((N, T), bool)
    assert not np.allclose(pooled.forward(XS, mask), pooled.forward(XS[:, ::-1], mask))


@pytest.mark.parametrize("pool", POOLS)
def test_pooled_it_is_an_encoder_of_its_size(pool):
    layer = TransformerPooled(D, H, 1, pool, rng=0)
    out = layer.forward(XS, MASKS["lengths"])
    assert out.shape == (N, layer.size) and out.dtype == np.float32
    assert layer.backward(out).shape == XS.shape
    assert layer.param_names[0] == "encoder.project.W" and "encoder.block0.attend.1.W_q" in layer.param_names


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_that_of_the_weights_and_one_seed_gives_one_encoder(dtype):
    out, dxs, grads = run(encoder(dtype=dtype), XS, MASKS["holes"])
    assert {a.dtype for a in (out, dxs, *grads)} == {np.dtype(dtype)}
    assert all(np.array_equal(p, q) for p, q in zip(encoder(2).params, encoder(2).params))
    assert not np.array_equal(encoder().params[0], encoder(rng=1).params[0])


@pytest.mark.parametrize("how", [{"dropout_ratio": 0.5}, {"dropout_between": 0.5}])
def test_dropout_is_off_where_a_model_predicts_and_changes_no_initial_weight(how):
    class Model(BaseModel):
        def __init__(self):
            super().__init__()
            self.encoder = encoder(2, **how)
            self.collect(encoder=self.encoder)

    model, plain = Model(), encoder(2)
    assert all(map(np.array_equal, model.params, plain.params))
    assert not np.allclose(model.encoder.forward(XS), plain.forward(XS))
    with model.predicting():
        assert np.array_equal(model.encoder.forward(XS), plain.forward(XS))
        assert all(block.attention.cache is None for block in model.encoder.blocks)


def test_heads_are_four_or_as_many_as_divide_the_size():
    for size, heads in ((64, 4), (6, 2), (3, 1)):
        assert TransformerEncoder(D, size, rng=0).blocks[0].attention.num_heads == heads


def test_a_residual_block_adds_its_input_and_passes_its_gradient_on():
    layer = Residual(Affine(np.zeros((D, D)), np.zeros(D)))
    np.testing.assert_array_equal(layer.forward(XS), XS)
    np.testing.assert_array_equal(layer.backward(XS), XS)
    check_layer(Residual(Affine(normal(D, D), normal(D)), Relu()), XS)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TransformerEncoder(D, H, 0), "TransformerEncoder: expected num_layers >= 1, got 0"),
        (lambda: TransformerEncoder(D, H, num_heads=3), "MultiHeadAttention: expected num_heads to divide the 4"),
        (lambda: TransformerEncoder(D, 0), "hidden_size >= 1, got 0"),
        (lambda: TransformerBlock(H, dropout_ratio=1), "dropout_ratio"),
        (lambda: TransformerBlock(H, inner_size=0), "inner_size >= 1, got 0"),
        (lambda: encoder().forward(normal(N, T, H)), r"TimeAffine: xs: expected floats of shape \(N, T, 3\)"),
        (lambda: encoder().forward(XS, np.ones((N, T))), "TimeAffine: mask: expected bools"),
        (lambda: encoder().backward(XS), "LayerNorm: backward: expected a forward before it"),
        (lambda: TransformerEncoder(D, H, rng="seed"), "rng"),
    ],
)
def test_what_cannot_be_is_named(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_a_gradient_of_another_shape_is_named():
    layer = encoder()
    layer.forward(XS)
    with pytest.raises(ValueError, match=r"TransformerEncoder: dout: expected floats of shape \(3, 4, 4\)"):
        layer.backward(normal(N, 1, H))
