"""A weight for each example: given to the model's forward, in training, in validation and in `evaluate`."""

import numpy as np
import pytest

from common.layers import Affine, SigmoidWithLoss, SoftmaxWithLoss
from common.optimizer import SGD
from common.sequential import Sequential
from common.trainer import Trainer, evaluate
from common.training.adversarial import AdversarialTraining

X = np.random.default_rng(1).standard_normal((7, 3))
T = np.array([0, 1, 1, 0, 1, 0, 0])
WEIGHTS = np.array([0.5, 2.0, 0.0, 1.0, 3.0, 0.25, 0.25])


def net(C=2):
    head = Affine(np.random.default_rng(0).standard_normal((3, C)), np.zeros(C))
    return Sequential(head, loss=SoftmaxWithLoss() if C > 1 else SigmoidWithLoss())


class Noted:
    """Keeps what its forward is given."""

    def __init__(self):
        self.params, self.grads, self.seen = [np.zeros(1)], [np.zeros(1)], []

    def forward(self, x, t, **more):
        self.seen.append((x, more))
        return 1.0

    def backward(self):
        pass


def test_forward_gets_the_weights_of_its_batch_and_nothing_where_none_are_given():
    model, x = Noted(), np.arange(7)[:, None]
    Trainer(model, SGD(), [], 0).fit(x, T, 1, 3, sample_weight=WEIGHTS, validation=(x, T))
    training, validation = model.seen[:3], model.seen[3:]
    assert all(more["sample_weight"].tolist() == WEIGHTS[xb[:, 0]].tolist() for xb, more in training)
    assert [more for _, more in validation] == [{}] * 3
    model.seen.clear()
    Trainer(model, SGD(), [], 0).fit(x, T, 1, 3, validation=(x, T, WEIGHTS.tolist()))
    assert [len(more) for _, more in model.seen] == [0] * 3 + [1] * 3


@pytest.mark.parametrize("C", [1, 2])
def test_a_weight_counts_as_so_many_copies_of_the_example_and_the_loss_is_divided_by_n(C):
    counts = np.array([2, 0, 1, 0, 3, 1, 0])
    weighted, repeated = net(C), net(C)
    row = Trainer(weighted, SGD(0.5), [], 0).fit(X, T, 1, 7, sample_weight=counts, validation=(X, T, counts))[0]
    again = np.repeat(np.arange(7), counts)
    other = Trainer(repeated, SGD(0.5), [], 0).fit(X[again], T[again], 1, 7)[0]
    assert row["loss"] == pytest.approx(other["loss"], rel=1e-12)  # 7 of 7
    for p, q in zip(weighted.params, repeated.params):
        np.testing.assert_allclose(p, q, rtol=1e-12)
    assert row["val_loss"] == pytest.approx(evaluate(repeated, X[again], T[again])["loss"], rel=1e-12)


@pytest.mark.parametrize("batch_size", [1, 3, 7])
def test_evaluate_weights_the_loss_whatever_the_batch_size_and_leaves_the_accuracy_alone(batch_size):
    model = net()
    each = np.array([evaluate(model, X[i : i + 1], T[i : i + 1])["loss"] for i in range(7)])
    found = evaluate(model, X, T, batch_size, sample_weight=WEIGHTS)
    assert found["loss"] == pytest.approx((WEIGHTS * each).sum() / 7, rel=1e-12)
    assert found["accuracy"] == evaluate(model, X, T)["accuracy"]


@pytest.mark.parametrize(
    ("weights", "came"),
    [
        (np.ones(6), r"got float64 of shape \(6,\)"),
        (np.ones((7, 1)), r"got float64 of shape \(7, 1\)"),
        (2.0, r"got 2.0"),
        ("balanced", r"got the str .balanced"),
        ([1, 1, 1, 1, 1, 1, -1], "got -1 to 1"),
        ([1, 1, 1, 1, 1, 1, np.nan], "got nan to nan"),
        ([1, 1, 1, 1, 1, 1, np.inf], "got 1.0 to inf"),
    ],
)
def test_weights_that_cannot_be_are_refused(weights, came):
    trainer = Trainer(net(), SGD(), [])
    with pytest.raises(ValueError, match=rf"Trainer\.fit: expected a finite sample_weight >= 0 .* 7 examples, {came}"):
        trainer.fit(X, T, sample_weight=weights)
    with pytest.raises(ValueError, match=rf"Trainer\.fit: expected a finite sample_weight of validation .*{came}"):
        trainer.fit(X, T, validation=(X, T, weights))
    with pytest.raises(ValueError, match="evaluate: expected a finite sample_weight"):
        evaluate(net(), X, T, sample_weight=weights)


def test_a_model_that_takes_no_weights_is_named_also_inside_another():
    class Plain(Noted):
        training = True

        def forward(self, x, t):
            return 1.0

    for model in (Plain(), AdversarialTraining(Plain(), 0.1)):
        with pytest.raises(ValueError, match=r"takes sample_weight=, got Plain, which takes x, t"):
            Trainer(model, SGD(), []).fit(X, T, sample_weight=WEIGHTS)
