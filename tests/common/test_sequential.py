"""A model that is a row of layers: what it computes, who gets the mask, and that the Trainer trains it."""

import numpy as np
import pytest
from conftest import normal

from common.base_model import BaseModel
from common.checking.gradient_check import check_layer, check_model
from common.layers import Affine, Dropout, SigmoidWithLoss, SoftmaxWithLoss
from common.optimizer import Adam
from common.pooling import TimeMax
from common.sampled_softmax import TimeAffineSoftmaxWithLoss
from common.sequential import Sequential
from common.time_layers import (
    TimeAffine,
    TimeDropout,
    TimeEmbedding,
    TimeGRU,
    TimeLSTM,
    TimeSigmoidWithLoss,
    TimeSoftmaxWithLoss,
)
from common.trainer import Trainer

V, D, H, C = 7, 3, 4, 3
XS = np.array([[2, 3, 6, 5], [4, 2, 0, 0], [5, 0, 0, 0]])
TS = np.array([0, 2, 1])


def many_to_one(*more, dtype=np.float64):
    return Sequential(
        TimeEmbedding(normal(V, D, dtype=dtype)),
        TimeLSTM(*TimeLSTM.init_params(D, H, 1, dtype)),
        *more,
        TimeMax(),
        Affine(normal(H, C, dtype=dtype), np.zeros(C, dtype)),
        loss=SoftmaxWithLoss(),
    )


def tagger(dtype=np.float64, **more):
    """A label for every step."""
    return Sequential(
        TimeEmbedding(normal(V, D, dtype=dtype)),
        TimeGRU(*TimeGRU.init_params(D, H, 1, dtype)),
        TimeAffine(normal(H, C, dtype=dtype), np.zeros(C, dtype)),
        loss=TimeSoftmaxWithLoss(),
        **more,
    )


def test_it_is_its_layers_one_after_the_other():
    model, mask = many_to_one(), XS != 0
    embed, lstm, pool, head = model.layers
    scores = head.forward(pool.forward(lstm.forward(embed.forward(XS, mask), mask), mask))
    loss = SoftmaxWithLoss().forward(scores, TS)
    assert model.forward(XS, TS) == loss and np.array_equal(model.scores, scores)
    np.testing.assert_allclose(model.predict(XS), scores, rtol=0, atol=1e-12)
    assert model.param_names == ["0.W", "1.Wx", "1.Wh", "1.b", "3.W", "3.b"]
    assert all(a is b for a, b in zip(model.params, [*embed.params, *lstm.params, *head.params]))


def test_its_gradients_are_right():
    check_model(many_to_one(), XS, TS)
    check_model(tagger(), XS, XS % C)


def test_padding_changes_nothing():
    wide = np.pad(XS, ((0, 0), (0, 3)))
    assert np.allclose(many_to_one().predict(XS), many_to_one().predict(wide), atol=1e-12)
    labels = XS % C  # a label at each pad, too, which must not count
    assert tagger().forward(XS, labels) == pytest.approx(tagger().forward(wide, np.pad(labels, ((0, 0), (0, 3)))))
    wrong = np.where(XS == 0, C - 1, labels)
    assert tagger().forward(XS, wrong) == tagger().forward(XS, labels)


def test_without_padding_id_0_is_a_word():
    assert tagger(pad=None).forward(XS, XS % C) != tagger().forward(XS, XS % C)
    assert tagger(pad=None).predict(XS)[2, 3].any() and not tagger().predict(XS)[2, 3].any()
    assert not tagger(pad=5).predict(XS)[0, 3].any()


def test_vectors_go_in_without_a_mask_and_their_gradient_comes_out():
    model = Sequential(Affine(normal(D, C), np.zeros(C)), loss=SoftmaxWithLoss())
    x = normal(5, D)
    model.forward(x, np.array([0, 1, 2, 0, 1]))
    assert model.backward().shape == x.shape


def test_a_single_score_has_no_axis_of_its_own():
    x, W = normal(5, D), normal(D, 1)
    model = Sequential(Affine(W, np.zeros(1)), loss=SigmoidWithLoss())
    assert np.array_equal(model.predict(x), (x @ W)[:, 0])
    check_model(model, x, np.array([0, 1, 1, 0, 1]))
    of_steps = Sequential(TimeAffine(W, np.zeros(1)), loss=TimeSigmoidWithLoss())
    assert of_steps.predict(normal(2, 4, D)).shape == (2, 4)
    check_model(of_steps, normal(2, 4, D), np.array([[0, 1, 1, 0]] * 2))


def test_prediction_is_without_dropout_and_leaves_training_as_it_was():
    model = many_to_one(TimeDropout(0.5, 0), Dropout(0.5, 1))
    assert np.array_equal(model.predict(XS), model.predict(XS))
    assert model.training and model.layers[2].train_flg
    assert not np.array_equal(model.score(XS), model.score(XS))
    model.train(False)
    model.predict(XS)
    assert not model.training and not model.layers[2].train_flg


@pytest.mark.parametrize(("scores", "loss"), [(C, TimeSoftmaxWithLoss()), (1, TimeSigmoidWithLoss())])
def test_the_trainer_trains_on_a_label_for_every_step_and_counts_the_real_steps_that_are_right(scores, loss):
    embed, head = TimeEmbedding(normal(V, D)), TimeAffine(normal(D, scores), np.zeros(scores))
    model, labels = Sequential(embed, head, loss=loss), XS % 2
    history = Trainer(model, Adam(lr=0.1), callbacks=[], rng=0).fit(XS, labels, 9, validation=(XS, labels))
    assert history[-1]["val_loss"] < history[0]["val_loss"]
    answers = model.predict(XS)
    answers = answers.argmax(axis=2) if scores > 1 else answers > 0
    assert history[-1]["val_accuracy"] == (answers == labels)[XS != 0].mean()
    assert 0 <= history[0]["accuracy"] <= 1


def test_the_trainer_trains_it_and_its_file_brings_it_back(tmp_path):
    x = [np.array(ids) for ids in ([2, 3], [3, 2], [2, 4, 3], [3, 4, 2])] * 25  # does 2 come before 3?
    t = np.array([0, 1] * 50)
    model = many_to_one(dtype=np.float32)
    history = Trainer(model, Adam(lr=0.02), callbacks=[], rng=0).fit(x, t, max_epoch=20)
    assert history[-1]["accuracy"] == 1
    model.save_params(str(tmp_path / "net.npz"))
    other = many_to_one(dtype=np.float32)
    other.load_params(str(tmp_path / "net.npz"))
    assert isinstance(other, BaseModel) and np.array_equal(other.predict(XS), model.predict(XS))


# ---- in another model


def inner(dtype=np.float64):
    return Sequential(TimeGRU(*TimeGRU.init_params(D, H, 1, dtype)), TimeDropout(0.5, 1), TimeMax())


def outer(middle, dtype=np.float64, dropout=0.0):
    middle.layers[1].dropout_ratio = dropout
    head = Affine(normal(H, C, dtype=dtype), np.zeros(C, dtype))
    return Sequential(TimeEmbedding(normal(V, D, dtype=dtype)), middle, head, loss=SoftmaxWithLoss())


def test_a_sequential_in_a_sequential_is_the_row_of_all_their_layers():
    nested = outer(inner())
    flat = Sequential(nested.layers[0], *nested.layers[1].layers, nested.layers[2], loss=SoftmaxWithLoss())
    assert nested.param_names == ["0.W", "1.0.Wx", "1.0.Wh", "1.0.b", "2.W", "2.b"]
    assert nested.forward(XS, TS) == flat.forward(XS, TS)
    check_model(nested, XS, TS)


def test_the_mask_is_handed_on_and_padding_changes_nothing():
    nested = outer(inner())
    wide = np.pad(XS, ((0, 0), (0, 3)))
    assert np.allclose(nested.predict(XS), nested.predict(wide), rtol=0, atol=1e-12)
    hs, mask = normal(3, 4, D), XS != 0
    layer = inner()
    layer.train(False)
    assert not np.allclose(layer.forward(hs, mask=mask), layer.forward(hs))


def test_as_a_layer_it_keeps_an_axis_of_one_and_gives_the_gradient_of_its_input():
    layer = Sequential(TimeAffine(normal(D, 1), np.zeros(1)))
    hs = layer.forward(normal(2, 4, D))
    assert hs.shape == (2, 4, 1) and layer.backward(hs).shape == (2, 4, D)
    check_layer(
        Sequential(TimeGRU(*TimeGRU.init_params(D, H, 1, np.float64)), TimeMax()), normal(3, 4, D), mask=XS != 0
    )


def test_prediction_drops_nothing_inside_the_inner_one_either():
    nested = outer(inner(), dropout=0.5)
    assert np.array_equal(nested.predict(XS), nested.predict(XS))
    assert nested.layers[1].layers[1].train_flg
    assert not np.array_equal(nested.score(XS), nested.score(XS))


def test_labels_without_a_loss_are_a_value_error():
    with pytest.raises(ValueError, match="Sequential: expected a loss"):
        inner().forward(normal(3, 4, D), TS)


def test_a_loss_with_weights_of_its_own_would_stay_untrained_and_is_refused():
    loss = TimeAffineSoftmaxWithLoss(normal(V, D), normal(V))
    with pytest.raises(
        ValueError, match=r"^Sequential: expected a loss without weights, got TimeAffineSoftmaxWithLoss"
    ):
        Sequential(TimeEmbedding(normal(V, D)), loss=loss)
