"""Attention reads the real steps, and no others; what its heads, its memory and its positions are."""

import numpy as np
import pytest
from conftest import ATTENTION, normal, prefix_mask

from common.attention import Attention, MultiHeadAttention, PositionalEmbedding, PositionalEncoding
from common.base_model import BaseModel
from common.checking.gradient_check import check_layer

N, S, T, H = 3, 5, 4, 4
HS_ENC, HS_DEC = normal(N, S, H), normal(N, T, H, seed=1)
MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 0, 0, 0], [1, 0, 1, 0, 1]], bool)  # a row without any real step


def multi_head(**how):
    return MultiHeadAttention(*ATTENTION["multi_head"]().params, **{"num_heads": 2, **how})


class Reading:
    """MultiHeadAttention with other arguments of forward, as a layer of (xs, mask), or of (xs, memory, mask)."""

    def __init__(self, layer, **how):
        self.layer, self.how, self.params, self.grads = layer, how, layer.params, layer.grads

    def forward(self, xs, memory=None, mask=None):
        if memory is None:
            return self.layer.forward(xs, mask, **self.how)
        return self.layer.forward(xs, memory=memory, memory_mask=mask, **self.how)

    def backward(self, dout):
        return self.layer.backward(dout)


def softmax(score):
    e = np.exp(score - score.max())
    return e / e.sum()


# --- Attention ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [None, MASK])
def test_attention_is_the_book_s_sum_written_step_by_step(mask):
    layer = Attention()
    context = layer.forward(HS_ENC, HS_DEC, mask)
    for n in range(N):
        real = HS_ENC[n] if mask is None else HS_ENC[n, mask[n]]
        for t in range(T):
            wanted = softmax(real @ HS_DEC[n, t]) @ real if len(real) else np.zeros(H)
            np.testing.assert_allclose(context[n, t], wanted, rtol=0, atol=1e-14)


@pytest.mark.parametrize("mask", [None, MASK, np.ones((N, S), bool)])
def test_both_gradients_of_attention_are_those_of_central_differences(mask):
    assert len(check_layer(Attention(), HS_ENC, HS_DEC, mask=mask)) == 2


def test_attention_weights_add_to_one_over_the_real_steps_and_to_nothing_where_there_are_none():
    layer = Attention()
    assert layer.attention_weight is None
    layer.forward(HS_ENC, HS_DEC, MASK)
    weight = layer.attention_weight
    assert weight.shape == (N, T, S)
    np.testing.assert_allclose(weight.sum(axis=2), np.repeat([[1], [0], [1]], T, axis=1))
    assert not weight.transpose(0, 2, 1)[~MASK].any()


@pytest.mark.parametrize("rubbish", [np.nan, np.inf, 1e300])
def test_what_stands_in_the_padding_of_the_encoder_changes_no_bit(rubbish):
    found = []
    for hs_enc in (HS_ENC, np.where(MASK[:, :, None], HS_ENC, rubbish)):
        layer = Attention()
        found.append((layer.forward(hs_enc, HS_DEC, MASK), *layer.backward(normal(N, T, H, seed=2))))
    for clean, dirty in zip(*found):
        assert clean.tobytes() == dirty.tobytes() and np.isfinite(clean).all()
    assert not found[0][1][~MASK].any()


def test_states_in_the_memory_order_of_a_recurrent_layer_give_the_same():
    def of_a_layer(hs):  # (N, T, H) whose memory is (T, H, N)
        return hs.transpose(1, 2, 0).copy().transpose(2, 0, 1)

    plain, layer = Attention(), Attention()
    context = plain.forward(HS_ENC, HS_DEC)
    np.testing.assert_allclose(layer.forward(of_a_layer(HS_ENC), of_a_layer(HS_DEC)), context, atol=1e-14)
    for ours, theirs in zip(layer.backward(of_a_layer(HS_DEC)), plain.backward(HS_DEC)):
        np.testing.assert_allclose(ours, theirs, atol=1e-14)


@pytest.mark.parametrize("scale", [1e3, -1e3])
def test_huge_scores_stay_finite(scale):
    layer = Attention()
    assert np.isfinite(layer.forward(HS_ENC * scale, HS_DEC, MASK)).all()
    assert all(np.isfinite(d).all() for d in layer.backward(HS_DEC))


@pytest.mark.parametrize(
    ("hs_enc", "hs_dec", "mask", "said"),
    [
        (normal(N, H), HS_DEC, None, r"Attention: hs_enc: expected floats of shape \(N, S, H\)"),
        (normal(N, 0, H), HS_DEC, None, r"Attention: hs_enc: expected at least one step, got shape \(3, 0, 4\)"),
        (HS_ENC, normal(N, T, 3), None, r"Attention: hs_dec: expected floats of shape \(3, T, 4\), got .* \(3, 4, 3\)"),
        (HS_ENC, normal(2, T, H), None, "Attention: hs_dec: expected floats"),
        (HS_ENC, HS_DEC, prefix_mask([1, 2, 3], T), r"Attention: mask: expected bools of shape \(3, 5\)"),
        (HS_ENC, HS_DEC, np.ones((N, S)), "Attention: mask: expected bools"),
    ],
)
def test_what_cannot_be_attended_to_is_named(hs_enc, hs_dec, mask, said):
    with pytest.raises(ValueError, match=said):
        Attention().forward(hs_enc, hs_dec, mask)


# --- several heads -----------------------------------------------------------------------------------------


def by_hand(layer, xs, memory, may_read):
    """One text: xs (T, D), memory (S, M), may_read (T, S) -> (T, K), head by head and step by step."""
    W_q, b_q, W_k, b_k, W_v, b_v, W_o, b_o = layer.params
    q, k, v = xs @ W_q + b_q, memory @ W_k + b_k, memory @ W_v + b_v
    d = q.shape[1] // layer.num_heads
    context = np.zeros_like(q)
    for head in range(layer.num_heads):
        of_head = slice(head * d, (head + 1) * d)
        for t in range(len(xs)):
            if (real := may_read[t]).any():
                a = softmax(k[real, of_head] @ q[t, of_head] / np.sqrt(d))
                context[t, of_head] = a @ v[real, of_head]
    return context @ W_o + b_o


@pytest.mark.parametrize("causal", [False, True])
def test_heads_are_attentions_over_their_own_columns(causal):
    xs, mask = normal(N, S, H), prefix_mask([5, 2, 4], S)
    y = multi_head().forward(xs, mask, causal=causal)
    order = np.tri(S, dtype=bool) if causal else np.ones((S, S), bool)
    for n in range(N):
        wanted = by_hand(multi_head(), xs[n], xs[n], mask[n] & order)
        np.testing.assert_allclose(y[n, mask[n]], wanted[mask[n]], rtol=0, atol=1e-13)
    assert not y[~mask].any()


def test_a_memory_has_its_own_length_width_and_mask():
    memory = normal(N, S, 3, seed=3)
    W_q, b_q, _, b_k, _, b_v, W_o, b_o = multi_head().params
    layer = MultiHeadAttention(W_q, b_q, normal(3, H), b_k, normal(3, H, seed=4), b_v, W_o, b_o, num_heads=2)
    mask = prefix_mask([4, 1, 3], T)
    y = layer.forward(HS_DEC, mask, memory=memory, memory_mask=MASK)
    for n in range(N):
        wanted = by_hand(layer, HS_DEC[n], memory[n], np.tile(MASK[n], (T, 1)))
        np.testing.assert_allclose(y[n, mask[n]], wanted[mask[n]], rtol=0, atol=1e-13)
    assert layer.attention_weight.shape == (N, 2, T, S)
    errors = check_layer(Reading(layer), HS_DEC, memory, mask=MASK)
    assert len(errors) == 10  # 8 parameters, 2 inputs


@pytest.mark.parametrize("how", [{"causal": True}, {}])
@pytest.mark.parametrize("dropout_ratio", [0.0, 0.4])
@pytest.mark.parametrize("mask", [None, MASK])
def test_every_gradient_of_the_heads_is_that_of_central_differences(how, dropout_ratio, mask):
    layer = multi_head(dropout_ratio=dropout_ratio, rng=0)
    assert len(check_layer(Reading(layer, **how), normal(N, S, H), mask=mask)) == 9


def test_a_causal_step_is_not_changed_by_what_comes_after_it():
    xs = normal(N, S, H)
    other = np.concatenate((xs[:, :3], normal(N, 2, H, seed=8)), axis=1)
    a, b = (multi_head().forward(x, causal=True) for x in (xs, other))
    assert a[:, :3].tobytes() == b[:, :3].tobytes() and not np.allclose(a[:, 3:], b[:, 3:])


def test_weights_of_heads_add_to_one_and_are_zero_at_the_padding_of_both_sides():
    layer, mask = multi_head(), prefix_mask([5, 2, 0], S)
    layer.forward(normal(N, S, H), mask)
    weight = layer.attention_weight
    assert weight.shape == (N, 2, S, S)
    np.testing.assert_allclose(weight.sum(axis=3), np.repeat(mask[:, None], 2, axis=1), atol=1e-14)
    assert not weight.transpose(0, 3, 1, 2)[~mask].any()


def test_attention_is_dropped_while_training_alone():
    layer, xs = multi_head(dropout_ratio=0.5, rng=0), normal(N, S, H)
    whole = multi_head().forward(xs)
    assert not np.allclose(layer.forward(xs), whole)
    layer.dropout.train_flg = False
    assert np.array_equal(layer.forward(xs), whole)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initial_weights_are_of_the_sizes_and_dtype_asked_for_and_of_one_seed(dtype):
    first, again = (MultiHeadAttention.init_params(3, 4, 7, dtype) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    assert {w.dtype for w in first} == {np.dtype(dtype)}
    layer = MultiHeadAttention(*first, num_heads=4)
    assert [p.shape for p in layer.params] == [(3, 4), (4,)] * 3 + [(4, 4), (4,)]
    assert all(p is w for p, w in zip(layer.params, first))
    assert layer.forward(normal(2, 5, 3)).shape == (2, 5, 4)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"num_heads": 3}, "MultiHeadAttention: expected num_heads to divide the 4 columns of W_q, got 3"),
        ({"num_heads": 0}, "MultiHeadAttention: expected num_heads >= 1, got 0"),
        ({"num_heads": 2.0}, "whole number"),
        ({"dropout_ratio": 1.0}, "dropout_ratio"),
        ({"rng": "seed"}, "rng"),
    ],
)
def test_arguments_that_cannot_be_are_named(how, said):
    with pytest.raises(ValueError, match=said):
        multi_head(**how)


@pytest.mark.parametrize("i", range(8))
def test_a_weight_of_another_shape_is_named(i):
    weights = list(multi_head().params)
    weights[i] = normal(*(size + 1 for size in weights[i].shape))
    with pytest.raises(ValueError, match=r"MultiHeadAttention: [Wb]_[qkvo]: expected a float array of shape"):
        MultiHeadAttention(*weights)


@pytest.mark.parametrize(
    ("xs", "how", "said"),
    [
        (normal(N, 0, H), {}, "xs: expected at least one step"),
        (HS_DEC, {"memory": normal(N, 0, H)}, "memory: expected at least one step"),
        (HS_DEC, {"memory": normal(N, S, 3)}, r"memory: expected floats of shape \(3, S, 4\)"),
        (HS_DEC, {"memory": normal(2, S, H)}, r"memory: expected floats of shape \(3, S, 4\)"),
        (HS_DEC, {"memory": HS_ENC, "memory_mask": np.ones((N, T), bool)}, r"mask: expected bools of shape \(3, 5\)"),
        (HS_DEC, {"memory_mask": MASK}, "memory_mask: expected a memory beside it, got none"),
        (HS_DEC, {"memory": HS_ENC, "causal": True}, "causal: expected no memory beside it, got one"),
    ],
)
def test_what_the_heads_cannot_read_is_named(xs, how, said):
    with pytest.raises(ValueError, match=f"MultiHeadAttention: {said}"):
        multi_head().forward(xs, **how)


class Model(BaseModel):
    def __init__(self, layer):
        super().__init__()
        self.collect(layer=layer)


@pytest.mark.parametrize(("layer", "inputs"), [(Attention(), (HS_ENC, HS_DEC)), (multi_head(), (HS_DEC,))])
def test_nothing_is_cached_for_backward_in_inference_mode(layer, inputs):
    out = layer.forward(*inputs)
    with Model(layer).predicting():
        assert np.array_equal(layer.forward(*inputs), out) and layer.cache is None
        with pytest.raises(ValueError, match="backward: expected a forward before it, outside inference mode"):
            layer.backward(out)
    layer.forward(*inputs)
    layer.backward(out)


# --- positions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("D", [1, 4, 5])
def test_positions_are_the_sines_and_cosines_of_the_paper(D):
    y = PositionalEncoding().forward(np.zeros((1, 30, D)))[0]
    for t in range(30):
        for i in range(D):
            angle = t / 10000 ** (2 * (i // 2) / D)
            assert y[t, i] == pytest.approx(np.cos(angle) if i % 2 else np.sin(angle), abs=1e-12)
    assert PositionalEncoding().forward(np.zeros((1, 3, D), np.float32)).dtype == np.float32


def test_a_learned_position_gets_the_sum_of_the_gradients_of_its_real_steps():
    layer, mask = PositionalEmbedding(normal(7, H)), prefix_mask([2, 3, 0], S)
    dout = normal(N, S, H)
    layer.forward(normal(N, S, H), mask)
    layer.backward(dout)
    np.testing.assert_allclose(layer.grads[0][:S], np.where(mask[:, :, None], dout, 0).sum(axis=0))
    assert not layer.grads[0][3:].any()


def test_a_text_longer_than_the_learned_positions_is_refused():
    with pytest.raises(ValueError, match="PositionalEmbedding: xs: expected at most 4 steps, got 5"):
        PositionalEmbedding(normal(4, H)).forward(normal(N, S, H))
