"""SentimentNet: every variant is one argument, has right gradients, and answers a text whatever stands around it."""

import itertools

import numpy as np
import pytest

from ch_sentiment.model import CELLS, POOLS, WordDropout, sentiment_net, to_probabilities
from common.checking.gradient_check import check_model
from common.layers import SigmoidWithLoss, SoftmaxWithLoss
from common.optimizer import Adam
from common.trainer import Trainer
from common.training.batches import pad
from dataset.text import PAD, UNK

V, D, H = 9, 4, 3
RECURRENT = [name for name, cell in CELLS.items() if hasattr(cell, "init_params")]
VARIANTS = [*itertools.product(RECURRENT, (False, True), POOLS, (1, 2))]
VARIANTS += itertools.product(["transformer"], (False,), POOLS, (1, 2))
every_variant = pytest.mark.parametrize(("cell", "bidirectional", "pool", "num_layers"), VARIANTS)


@pytest.fixture
def batch():
    """xs (4, 5) with lengths 5, 1, 3, 2, repeated ids, a padding of 0; ts (4,)."""
    xs = pad([[2, 3, 2, 8, 1], [4], [5, 2, 5], [7, 7]])
    return xs, np.array([0, 1, 1, 0])


def net64(*args, **kwargs):
    return sentiment_net(V, D, H, *args, dtype=np.float64, **{"rng": 0, **kwargs})


@every_variant
def test_every_gradient_of_every_variant_is_right(cell, bidirectional, pool, num_layers, batch):
    net = net64(cell, bidirectional, num_layers, pool, dropout=0.3, word_dropout=0.2)
    errors = check_model(net, *batch, projections=2)
    assert set(errors) == set(net.param_names) and max(errors.values()) < 1e-6


@pytest.mark.parametrize("pool", POOLS)
def test_gradients_for_three_classes_are_right(pool, batch):
    xs, _ = batch
    assert max(check_model(net64("lstm", True, 1, pool, 3), xs, np.array([2, 0, 1, 2])).values()) < 1e-6


@pytest.mark.parametrize("num_classes", [2, 3])
def test_gradients_of_a_weighted_loss_are_right(num_classes, batch):
    net, weight = net64("gru", num_classes=num_classes), np.array([0.5, 0.0, 2.0, 1.5])
    assert max(check_model(net, *batch, weight).values()) < 1e-6
    xs, ts = batch
    alone = [net.forward(xs[i : i + 1], ts[i : i + 1]) for i in range(4)]
    assert net.forward(xs, ts, sample_weight=weight) == pytest.approx(np.dot(weight, alone) / 4, rel=1e-12)


@every_variant
def test_swapping_a_variant_is_one_argument_and_the_scores_keep_their_shape(
    cell, bidirectional, pool, num_layers, batch
):
    for changed in ({"cell": cell}, {"bidirectional": bidirectional}, {"pool": pool}, {"num_layers": num_layers}):
        for num_classes, shape in ((2, (4,)), (3, (4, 3))):
            net = sentiment_net(V, D, H, **changed, num_classes=num_classes, rng=0)
            loss = net.forward(*batch)
            net.backward()
            assert np.ndim(loss) == 0 and np.isfinite(loss)
            assert net.scores.shape == shape == net.predict(batch[0]).shape and net.scores.dtype == np.float32
            assert net.probabilities(batch[0]).shape == (4, num_classes)
            assert net.config == {**net.config, **changed}


def test_two_classes_have_one_logit_and_more_have_a_logit_each(batch):
    xs, ts = batch
    net = net64()
    assert net.forward(xs, ts) == pytest.approx(SigmoidWithLoss().forward(net.predict(xs), ts))
    net = net64(num_classes=3)
    assert net.forward(xs, ts) == pytest.approx(SoftmaxWithLoss().forward(net.predict(xs), ts))


def test_softmax_gives_two_classes_a_logit_each(batch):
    xs, ts = batch
    net = net64("lstm", True, softmax=True)
    assert net.forward(xs, ts) == pytest.approx(SoftmaxWithLoss().forward(net.predict(xs), ts))
    assert net.predict(xs).shape == (4, 2) == net.probabilities(xs).shape
    assert max(check_model(net, xs, ts).values()) < 1e-6


def test_first_last_takes_both_ends_of_each_text(batch):
    net = net64("gru", True, pool="first-last", num_classes=3)
    scores = net.predict(batch[0])
    layer, (W, b) = net.encoder.layers[-2], net.head.params
    hs = layer.forward(net.words.embed.forward(batch[0], batch[0] != PAD), batch[0] != PAD)
    ends = [np.concatenate((hs[i, 0], hs[i, n - 1])) for i, n in enumerate((5, 1, 3, 2))]
    np.testing.assert_allclose(scores, np.array(ends) @ W + b, rtol=1e-12)


def test_embeddings_may_have_a_dropout_of_their_own(batch):
    for how, share in (({}, 0.3), ({"embed_dropout": 0.0}, 0.0), ({"embed_dropout": 0.6}, 0.6)):
        net = net64(num_layers=2, dropout=0.3, **how)
        ratios = [
            layer.dropout_ratio
            for layer in (net.words.dropout, *net.encoder.layers[:-1], net.head_dropout)
            if hasattr(layer, "rng")
        ]
        assert ratios == [share, 0.3, 0.3]


def test_gradients_of_a_net_that_drops_by_word_are_right(batch):
    for how in ({}, {"pair_size": 2, "num_pairs": 1}, {"bidirectional": True, "pool": "max-mean"}):
        net = net64(dropout=0.3, word_dropout=0.2, type_dropout=True, **how)
        assert max(check_model(net, *batch).values()) < 1e-6


def test_a_net_that_drops_by_word_reads_equal_words_of_a_batch_as_equal_vectors(batch):
    net, (xs, _) = net64(dropout=0.5, type_dropout=True), batch
    vectors, mask = net.vectors(xs)
    assert (vectors[xs == 2] == vectors[0, 0]).all() and (vectors[xs == 5] == vectors[2, 0]).all()
    assert (vectors[~mask] == 0).all() and (vectors[mask] == 0).any()
    assert net.config["type_dropout"] and not np.array_equal(net.vectors(xs)[0], vectors)
    net.train(False)
    assert np.array_equal(net.vectors(xs)[0], net64().vectors(xs)[0])


@pytest.mark.parametrize("cell", RECURRENT)
def test_pool_last_takes_the_last_state_of_each_direction(cell, batch):
    net = net64(cell, True, num_classes=3)
    scores = net.predict(batch[0])
    W, b = net.head.params
    layer = net.encoder.layers[-2]
    last = np.concatenate((layer.forward_layer.h, layer.backward_layer.h), axis=1)
    np.testing.assert_allclose(scores, last @ W + b, rtol=1e-12)
    first_word_changed = batch[0].copy()
    first_word_changed[:, 0] = 6
    net.predict(first_word_changed)
    assert (layer.backward_layer.h != last[:, H:]).all()  # it has read the whole text


def test_probabilities_of_a_text_add_to_one_and_agree_with_the_scores():
    for scores in (np.array([-1000.0, -1, 0, 2, 1000]), np.random.default_rng(0).standard_normal((5, 3)) * 100):
        p = to_probabilities(scores)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        right = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        assert np.array_equal(p.argmax(axis=1), right)


@every_variant
def test_padding_and_batch_mates_do_not_change_a_prediction(cell, bidirectional, pool, num_layers):
    rng = np.random.default_rng(1)
    texts = [rng.integers(1, V, n) for n in (1, 6, 3, 4, 2)]
    for dtype, how in ((np.float64, {"rtol": 0, "atol": 1e-12}), (np.float32, {"rtol": 1e-5, "atol": 1e-6})):
        net = sentiment_net(V, D, H, cell, bidirectional, num_layers, pool, rng=0, dtype=dtype)
        together = net.predict(pad(texts))
        np.testing.assert_allclose(net.predict(pad(texts, length=17)), together, **how)
        np.testing.assert_allclose(net.predict(pad(texts[::-1]))[::-1], together, **how)
        alone = np.concatenate([net.predict(text[None]) for text in texts])
        np.testing.assert_allclose(alone, together, **how)


@every_variant
def test_more_padding_does_not_change_the_gradients(cell, bidirectional, pool, num_layers, batch):
    xs, ts = batch
    net = net64(cell, bidirectional, num_layers, pool)
    net.forward(xs, ts)
    net.backward()
    before = [np.array(g) for g in net.grads]
    net.forward(np.pad(xs, ((0, 0), (0, 6))), ts)
    net.backward()
    for g, old in zip(net.grads, before):
        np.testing.assert_allclose(g, old, rtol=0, atol=1e-12)
    assert not np.array(net.grads[0])[PAD].any()


@pytest.mark.parametrize("flag", [True, False])
def test_predict_drops_nothing_and_leaves_the_training_switch(flag, batch):
    net = net64(dropout=0.5, word_dropout=0.5)
    plain = net64()
    net.train(flag)
    assert np.array_equal(net.predict(batch[0]), plain.predict(batch[0]))
    assert net.training is flag and all(layer.train_flg is flag for layer in net.layers if hasattr(layer, "train_flg"))
    with pytest.raises(ValueError):
        net.predict(np.zeros((1, 2), int))
    assert net.training is flag and net.head_dropout.train_flg is flag


def test_the_switch_reaches_every_kind_of_dropout(batch):
    for how in ({"dropout": 0.5}, {"word_dropout": 0.5}):
        net, plain = net64(num_layers=2, **how), net64(num_layers=2)
        wanted = plain.forward(*batch)
        assert net.forward(*batch) != wanted
        net.train(False)
        assert net.forward(*batch) == wanted


def test_dropout_does_not_change_the_initial_weights_nor_does_a_layer_change_the_others():
    plain = net64(num_layers=1)
    for other in (net64(dropout=0.5, word_dropout=0.3), net64(num_layers=2), net64(pool="attention")):
        for name, p in zip(plain.param_names, plain.params):
            assert np.array_equal(p, dict(zip(other.param_names, other.params)).get(name, p)), name
    assert not np.array_equal(plain.params[0], net64(rng=1).params[0])


def test_one_seed_one_net():
    a, b = net64(rng=5), net64(rng=np.random.default_rng(5))
    assert all(np.array_equal(p, q) for p, q in zip(a.params, b.params))


def test_word_dropout_reads_a_share_of_the_words_as_unknown_and_never_the_padding():
    layer = WordDropout(0.3, 0)
    xs = np.full((100, 100), 5)
    xs[:, 70:] = PAD
    kept = xs.copy()
    out = layer.forward(xs)
    assert np.array_equal(xs, kept) and (out[:, 70:] == PAD).all()
    assert set(np.unique(out[:, :70])) == {UNK, 5} and 0.27 < (out[:, :70] == UNK).mean() < 0.33
    layer.train_flg = False
    assert np.array_equal(layer.forward(xs), xs)


def test_the_trainer_trains_it_on_lists_of_texts_and_order_decides():
    rng = np.random.default_rng(0)
    texts = [rng.permutation([2, 3, 4, *rng.integers(5, V, 2)]) for _ in range(80)]
    t = np.array([int(list(ids).index(2) < list(ids).index(3)) for ids in texts])
    net = sentiment_net(V, 8, 16, rng=0)
    history = Trainer(net, Adam(0.02), [], 0).fit(texts, t, 25, 16, 1.0)
    assert history[-1]["accuracy"] > 0.95


@pytest.mark.parametrize("cell", CELLS)
def test_the_attention_weights_of_a_text_add_to_one(cell, batch):
    net = net64(cell, pool="attention")
    net.predict(batch[0])
    weight = net.encoder.pool.attention_weight
    np.testing.assert_allclose(weight.sum(axis=1), 1)
    assert not weight[batch[0] == PAD].any()


def test_an_encoder_gets_the_options_that_its_constructor_names(batch, monkeypatch):
    class OfOptions(CELLS["transformer"]):
        def __init__(self, D, H, pool, num_layers, rng=None, dtype=np.float32):
            self.got = pool, num_layers
            super().__init__(D, H, rng=rng, dtype=dtype)

    monkeypatch.setitem(CELLS, "mine", OfOptions)
    net = net64("mine", num_layers=3, pool="attention", dropout=0.2)
    assert net.encoder.got == ("attention", 3)
    net = net64("transformer", num_layers=3, pool="max-mean", dropout=0.2)
    assert len(net.encoder.encoder.blocks) == 3 and net.encoder.size == 2 * H


@pytest.mark.parametrize(
    ("xs", "said"),
    [
        ([[2, 3], [0, 0], [0, 0]], "only padding in row 1"),
        (np.zeros((1, 0), int), "only padding in row 0"),
        ([[2.0, 3.0]], "expected integers of shape"),
        ([2, 3], "expected integers of shape"),
        ([[[2]]], "expected integers of shape"),
        ([[2, V]], rf"expected ids in \[0, {V}\), got {V}"),
        ([[2, -1]], r"got -1"),
    ],
)
def test_ids_that_cannot_be_are_a_value_error_that_says_so(xs, said):
    for how in (lambda net, xs: net.predict(xs), lambda net, xs: net.forward(xs, np.zeros(len(xs), int))):
        with pytest.raises(ValueError, match=said):
            how(net64(), np.array(xs))


def test_labels_that_cannot_be_are_a_value_error(batch):
    xs, _ = batch
    for net, ts in ((net64(), [0, 1, 2, 0]), (net64(), [0, 1]), (net64(num_classes=3), [0, 1, 3, 0])):
        with pytest.raises(ValueError, match="WithLoss: t: expected"):
            net.forward(xs, np.array(ts))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"cell": "perceptron"}, "'perceptron'"),
        ({"cell": "LSTM"}, "a cell of rnn, gru, gru-reset-after, lstm, transformer.* and a pool of"),
        ({"pool": "sum"}, "'sum'"),
        *(
            ({name: bad}, name)
            for name in ("vocab_size", "wordvec_size", "hidden_size", "num_layers")
            for bad in (0, -1)
        ),
        ({"num_classes": 1}, "num_classes"),
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": -0.1}, "dropout"),
        ({"word_dropout": 1.5}, "WordDropout"),
    ],
)
def test_arguments_that_cannot_be_are_a_value_error_that_names_them(how, said):
    with pytest.raises(ValueError, match=said):
        sentiment_net(**{"vocab_size": V, "wordvec_size": D, "hidden_size": H, **how})


@pytest.mark.parametrize("bidirectional", [False, True])
def test_predict_keeps_nothing_for_backward_and_leaves_the_layers_as_they_were(bidirectional, batch):
    net = net64(bidirectional=bidirectional, dropout=0.5)
    xs, ts = batch
    layer = net.encoder.layers[0]
    scores = net.predict(xs)
    net.loss_layer.forward(scores, ts)
    with pytest.raises(ValueError, match="TimeLSTM: backward: expected a forward"):
        net.backward()
    assert not layer.inference
    net.forward(xs, ts)
    net.backward()
    with net.predicting():
        assert layer.inference
        assert not net.training
        with net.predicting():
            pass
        assert layer.inference  # as it was found
    assert net.training
    assert not layer.inference


def test_an_error_while_predicting_leaves_the_layers_as_they_were(batch):
    net = net64()
    with pytest.raises(ValueError, match="only padding"):
        net.predict(np.zeros((2, 3), int))
    assert net.training
    assert not net.encoder.layers[0].inference


def test_scores_are_the_same_with_and_without_a_cache_for_backward(batch):
    net = net64(bidirectional=True, num_layers=2, pool="max-mean")
    net.train(False)
    net.forward(*batch)
    np.testing.assert_allclose(net.predict(batch[0]), net.scores, rtol=0, atol=1e-12)


def test_a_loss_of_ones_own_needs_to_take_weights_only_where_some_are_given(batch):
    class Hinge:
        def forward(self, x, t):
            return float(np.maximum(0, 1 - x * (2 * t - 1)).mean())

    net = net64()
    net.loss_layer = Hinge()
    assert net.forward(*batch) == pytest.approx(1, abs=0.2)
    with pytest.raises(TypeError, match="sample_weight"):
        net.forward(*batch, np.ones(4))
