"""At a kink and among equal values there is no one gradient: a right layer passes there, a wrong one does not."""

import re

import numpy as np
import pytest
from conftest import normal

from common.arrays.initializers import xavier
from common.checking.gradient_check import check_layer, check_model
from common.sequential import Sequential
from common.time_layers import TimeAffine, TimeEmbedding, TimeSoftmaxWithLoss
from common.transformer import TransformerEncoder

X = normal(4, 3, seed=2)


class ReLU:
    def __init__(self, at_zero=0.0):
        self.params, self.grads, self.at_zero = [], [], at_zero

    def forward(self, x):
        self.slope = np.where(x == 0, self.at_zero, (x > 0).astype(x.dtype)).astype(x.dtype)
        return np.maximum(x, 0)

    def backward(self, dout):
        return dout * self.slope


AT_KINKS = np.array([[0.0, 1.0, -2.0], [3e-6, -3e-6, 0.0]])


@pytest.mark.parametrize("at_zero", [0.0, 0.5, 1.0])
def test_a_right_layer_is_not_accused_at_a_kink(at_zero, capsys):
    assert check_layer(ReLU(at_zero), AT_KINKS, verbose=True)["input"] < 1e-6
    assert re.search(r"input .* ok, kinks: [24]", capsys.readouterr().out)


def test_a_layer_that_is_wrong_at_a_kink_is_accused():
    with pytest.raises(AssertionError, match=r"at \[(0, 0|1, 2)\]: backward \S+, at a kink with one-sided differences"):
        check_layer(ReLU(at_zero=3.0), AT_KINKS)


def test_a_wrong_gradient_beside_a_kink_is_still_found():
    class Wrong(ReLU):
        def backward(self, dout):
            dx = super().backward(dout)
            dx[0, 1] *= 1.01
            return dx

    with pytest.raises(AssertionError, match=r"relative error .* at \[0, 1\]: backward .*, differences"):
        check_layer(Wrong(), AT_KINKS)


@pytest.mark.parametrize("which", [np.argmax, lambda x, axis: x.shape[axis] - 1 - np.argmax(x[::-1], axis=axis)])
def test_equal_maxima_are_a_kink_whichever_of_them_gets_the_gradient(which):
    class Max(ReLU):
        def forward(self, x):
            self.index, self.shape = which(x, axis=0), x.shape
            return x.max(axis=0)

        def backward(self, dout):
            dx = np.zeros(self.shape, dout.dtype)
            dx[self.index, np.arange(self.shape[1])] = dout
            return dx

    check_layer(Max(), np.array([[1.0, 2.0, 3.0], [1.0, -1.0, 3.0], [0.0, 2.0, 3.0]]))


def test_a_steep_but_smooth_function_is_no_kink():
    class Steep(ReLU):
        def forward(self, x):
            self.x = x
            return np.sin(300 * x)

        def backward(self, dout):
            return 290 * np.cos(300 * self.x) * dout

    with pytest.raises(AssertionError, match=r"backward .*, differences"):
        check_layer(Steep(), X, tolerance=1e-3)


def test_a_kink_of_a_weight_is_found_along_the_directions_of_a_model():
    class Hinge(ReLU):
        def __init__(self):
            super().__init__()
            self.params, self.grads = [np.zeros(3)], [np.zeros(3)]

        def forward(self, x):
            self.sign = np.where(self.params[0] >= 0, 1.0, -1.0)
            return float(np.abs(self.params[0]).sum() + 0 * x.sum())

        def backward(self, dout=1):
            self.grads[0][...] = dout * np.sign(self.params[0])

    assert check_model(Hinge(), X)["params[0]"] < 1e-6


def test_a_layer_at_kinks_alone_depends_on_its_input():
    class Relu:
        params, grads = [], []

        def forward(self, x):
            self.on = x > 0
            return x * self.on

        def backward(self, dout):
            return dout * self.on

    assert check_layer(Relu(), np.zeros((2, 3))) == {"input": 0.0}


class Median:
    """The middle one of three, which has the gradient where two or three are equal."""

    params, grads = [], []

    def forward(self, x):
        self.middle = np.argsort(x, axis=1)[:, 1]
        return x[np.arange(len(x)), self.middle]

    def backward(self, dout):
        dx = np.zeros((len(dout), 3), dout.dtype)
        dx[np.arange(len(dout)), self.middle] = dout
        return dx


EQUAL = np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 0.0], [3.0, 1.0, 2.0]])


class SortedRows:
    """A sort, which puts equal values in the order in which they stand."""

    params, grads = [], []

    def forward(self, x):
        self.order = np.argsort(x, axis=1, kind="stable")
        return np.take_along_axis(x, self.order, axis=1)

    def backward(self, dout):
        dx = np.empty_like(dout)
        np.put_along_axis(dx, self.order, dout, axis=1)
        return dx


@pytest.mark.parametrize("Layer", [Median, SortedRows])
def test_of_more_than_two_equal_values_any_may_have_the_gradient(Layer):
    assert check_layer(Layer(), EQUAL)["input"] < 1e-6

    class WrongThere(Layer):
        def backward(self, dout):
            dx = super().backward(dout)
            dx[0] *= -3  # of the equal values
            return dx

    class WrongElsewhere(Layer):
        def backward(self, dout):
            dx = super().backward(dout)
            dx[2] *= 1.001  # of others
            return dx

    for Wrong in (WrongThere, WrongElsewhere):
        with pytest.raises(AssertionError, match=f"{Wrong.__name__}: the gradient of input is wrong"):
            check_layer(Wrong(), EQUAL)


def test_rounding_is_no_tie_of_equal_values():
    class Single:
        params, grads = [], []

        def forward(self, x):
            self.y = np.tanh(x.astype(np.float32)).astype(x.dtype)
            return self.y

        def backward(self, dout):
            return dout * (1 - self.y**2)

    with pytest.raises(AssertionError, match="Single: the gradient of input is wrong"):
        check_layer(Single(), X)


class NearAKink:
    """exp(-w) falls along the whole step, and 1e-4 beside w = 0 a ReLU begins."""

    def __init__(self, factor=1.0):
        self.params, self.grads, self.factor = [np.zeros(1)], [np.zeros(1)], factor

    def forward(self):
        (w,) = self.params
        return float(np.sum(np.maximum(w - 1e-4, 0) + np.maximum(-w - 1e-4, 0) - np.exp(-w)))

    def backward(self):
        (w,) = self.params
        self.grads[0][...] = self.factor * np.exp(-w) + (w > 1e-4) - (w < -1e-4)


def test_a_right_model_is_not_accused_beside_a_kink_and_a_wrong_one_is():
    check_model(NearAKink())
    with pytest.raises(AssertionError, match="is wrong"):
        check_model(NearAKink(factor=3.0))


def test_a_transformer_one_of_whose_relus_is_near_0_is_not_accused():
    rng = np.random.default_rng(0)
    blocks = {"num_layers": 2, "num_heads": 2, "inner_size": 32}
    model = Sequential(
        TimeEmbedding(xavier(9, 4, rng, np.float64)),
        TransformerEncoder(4, 8, **blocks, rng=rng, dtype=np.float64),
        TimeAffine(xavier(8, 3, rng, np.float64), np.zeros(3)),
        loss=TimeSoftmaxWithLoss(),
    )
    check_model(model, np.array([[2, 5, 3], [7, 0, 0]]), np.array([[1, 0, 2], [1, 0, 0]]))
