"""What cannot be trained is refused in a sentence, before anything happens."""

import numpy as np
import pytest
from nets_to_train import BookNet, Scripted, TwoLayerNet, points, quiet

from common.trainer import evaluate


@pytest.fixture
def data():
    return points()


@pytest.mark.parametrize(
    ("x", "t", "how"),
    [
        (np.zeros((3, 2)), np.zeros(2, int), {}),
        (np.zeros((0, 2)), np.zeros(0, int), {}),
        ([], [], {}),
        (np.zeros((3, 2)), np.zeros(3, int), {"batch_size": 0}),
        (np.zeros((3, 2)), np.zeros(3, int), {"batch_size": -1}),
        (np.zeros((3, 2)), np.zeros(3, int), {"max_epoch": -1}),
        pytest.param(np.zeros((3, 2)), np.zeros(3, int), {"validation": (np.zeros((2, 2)), np.zeros(3, int))}),
        pytest.param(np.zeros((3, 2)), np.zeros(3, int), {"validation": (np.zeros((0, 2)), np.zeros(0, int))}),
    ],
)
def test_arguments_that_cannot_be_are_a_value_error_before_anything_happens(x, t, how):
    model = Scripted(lambda call: 1.0)
    with pytest.raises(ValueError, match=r"Trainer\.fit: expected"):
        quiet(model).fit(x, t, **how)
    assert model.call == 0


def test_no_epochs_are_an_empty_history(data):
    assert quiet(TwoLayerNet()).fit(*data, 0) == []


def test_evaluate_is_the_mean_over_all_examples_whatever_the_batch_size(data):
    x, t = data
    net = TwoLayerNet()
    wanted = net.forward(x, t)
    for batch_size in (1, 5, 22, 100):
        got = evaluate(net, x, t, batch_size)
        assert got["loss"] == pytest.approx(wanted, rel=1e-12)
        assert (
            got["accuracy"]
            == (net.chain[2].forward(net.chain[1].forward(net.chain[0].forward(x))).argmax(1) == t).mean()
        )
    assert evaluate(BookNet(), x, t)["accuracy"] is None
