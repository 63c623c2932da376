"""The check of whole models along random directions finds a wrong one, names it, and leaves no trace."""

import copy

import numpy as np
import pytest
from conftest import normal

from common.base_model import BaseModel
from common.checking.gradient_check import check_layer, check_model
from common.layers import Affine, Embedding, MatMul, SoftmaxWithLoss


class TwoLayers(BaseModel):
    """tanh and softmax on ids: embedding, affine, loss."""

    def __init__(self):
        super().__init__()
        self.embed, self.affine = Embedding(normal(6, 3)), Affine(normal(3, 2), normal(2, seed=1))
        self.loss = SoftmaxWithLoss()
        self.collect(embed=self.embed, affine=self.affine)

    def forward(self, x, t):
        return self.loss.forward(self.affine.forward(self.embed.forward(x)), t)

    def backward(self, dout=1):
        self.embed.backward(self.affine.backward(self.loss.backward(dout)))


IDS, LABELS = np.array([1, 4, 4, 0]), np.array([0, 1, 1, 0])


def test_a_right_model_passes_with_the_names_of_its_parameters():
    errors = check_model(TwoLayers(), IDS, LABELS)
    assert list(errors) == ["embed.W", "affine.W", "affine.b"]
    assert max(errors.values()) < 1e-6


@pytest.mark.parametrize("k", [0, 1, 2])
def test_random_projections_find_a_wrong_model(k, capsys):
    class Wrong(TwoLayers):
        def backward(self, dout=1):
            super().backward(dout)
            g = self.grads[k]
            g[(0,) * g.ndim] += 0.01  # one element, a little

    name = ["embed.W", "affine.W", "affine.b"][k]
    with pytest.raises(AssertionError, match=f"Wrong: the gradient of {name} is wrong"):
        check_model(Wrong(), IDS, LABELS, verbose=True)
    assert "WRONG" in capsys.readouterr().out


def test_a_model_is_left_as_it_was():
    model = TwoLayers()
    kept = copy.deepcopy([*model.params, *model.grads])
    check_model(model, IDS, LABELS)
    assert all(np.array_equal(a, b) for a, b in zip([*model.params, *model.grads], kept))


def test_a_float32_model_is_refused():
    model = TwoLayers()
    model.params[0] = model.embed.params[0] = model.params[0].astype(np.float32)
    with pytest.raises(ValueError, match=r"TwoLayers: embed.W: expected float64, got float32"):
        check_model(model, IDS, LABELS)


@pytest.mark.parametrize("transposed", [False, True])
def test_a_model_with_tied_weights_passes(transposed):
    class Tied(TwoLayers):
        def __init__(self):
            super().__init__()
            W = normal(3, 3)
            self.embed, self.affine = Embedding(W), Affine(W.T if transposed else W, normal(3))
            self.collect(embed=self.embed, affine=self.affine)

    check_model(Tied(), IDS % 3, LABELS)


def test_the_direction_is_named_for_a_model():
    class Wrong(TwoLayers):
        def backward(self, dout=1):
            super().backward(dout)
            self.grads[2][...] *= 2

    with pytest.raises(
        AssertionError, match=r"affine.b is wrong: .* along direction \[\d\]: backward .*, differences "
    ):
        check_model(Wrong(), IDS, LABELS)


def test_a_model_whose_forward_draws_anew_is_named():
    class DrawsAnew(TwoLayers):
        def forward(self, x, t):
            return super().forward(x, t) * np.random.default_rng().random()

    with pytest.raises(AssertionError, match="DrawsAnew: forward is not deterministic: pass rng="):
        check_model(DrawsAnew(), IDS, LABELS)


class Product(BaseModel):
    """x W W.T, from two layers that hold the same weights."""

    def __init__(self, W):
        super().__init__()
        self.there, self.back = MatMul(W), MatMul(W.T)
        self.collect(there=self.there, back=self.back)

    def forward(self, x):
        return self.back.forward(self.there.forward(x))

    def backward(self, dout):
        return self.there.backward(self.back.backward(dout))


def test_tied_weights_have_the_sum_of_their_gradients():
    assert max(check_layer(Product(normal(3, 4)), normal(2, 3)).values()) < 1e-6

    class Scored(Product):
        def forward(self, x):
            self.y = super().forward(x)
            return float((self.y**2).sum())

        def backward(self, dout=1):
            return super().backward(2 * self.y * dout)

    assert max(check_model(Scored(normal(3, 4)), normal(2, 3)).values()) < 1e-6


def test_a_model_that_adds_to_its_gradients_or_depends_on_nothing_does_not_pass():
    class Adds(Product):
        def forward(self, x):
            return float(super().forward(x).sum())

        def backward(self, dout=1):
            before = [g.copy() for g in self.grads]
            super().backward(np.ones((2, 3)))
            for g, old in zip(self.grads, before):
                g += old

    class Constant(Product):
        def forward(self, x):
            return 1.0

        def backward(self, dout=1):
            pass

    for Model, says in ((Adds, "does it add to the former one"), (Constant, "depends on something")):
        with pytest.raises(AssertionError, match=says):
            check_model(Model(normal(3, 4)), normal(2, 3))
