"""The checker of layers is checked: it finds every kind of mistake, names it, and leaves no trace."""

import copy
import re

import numpy as np
import pytest
from conftest import normal, one_step, prefix_mask, time_cell, weights_of

from common.checking.gradient_check import check_layer, check_model, numerical_gradient
from common.layers import Affine, Dropout, Embedding, SigmoidWithLoss, SoftmaxWithLoss


class Right:
    """Somebody's own dense layer, as plain as can be: y = tanh(x W + b)."""

    def __init__(self):
        self.W, self.b = normal(3, 2), normal(2, seed=1)
        self.params, self.grads = [self.W, self.b], [np.zeros((3, 2)), np.zeros(2)]

    def forward(self, x):
        self.x, self.y = x, np.tanh(x @ self.W + self.b)
        return self.y

    def backward(self, dout):
        da = dout * (1 - self.y**2)
        self.grads[0][...] = self.x.T @ da
        self.grads[1][...] = da.sum(axis=0)
        return da @ self.W.T


X = normal(4, 3, seed=2)


def test_a_right_layer_passes_and_the_table_is_returned():
    errors = check_layer(Right(), X)
    assert list(errors) == ["W", "b", "input"]
    assert all(0 <= error < 1e-7 for error in errors.values())


class FlippedSign(Right):
    def backward(self, dout):
        dx = super().backward(dout)
        self.grads[1][...] *= -1
        return dx


class OneWrongElement(Right):
    def backward(self, dout):
        dx = super().backward(dout)
        self.grads[0][2, 1] *= 1 + 1e-4
        return dx


class WrongInput(Right):
    def backward(self, dout):
        return 1.001 * super().backward(dout)


class WrongShape(Right):
    def backward(self, dout):
        return super().backward(dout).sum(axis=0, keepdims=True)


class NeverWritten(Right):
    def backward(self, dout):
        return dout * (1 - self.y**2) @ self.W.T


class Nan(Right):
    def backward(self, dout):
        dx = super().backward(dout)
        self.grads[0][0, 0] = np.nan
        return dx


class Adds(Right):
    def backward(self, dout):
        before = [g.copy() for g in self.grads]
        dx = super().backward(dout)
        for g, old in zip(self.grads, before):
            g += old
        return dx


class NotInPlace(Right):
    def backward(self, dout):
        da = dout * (1 - self.y**2)
        self.grads[0] = self.x.T @ da
        self.grads[1] = da.sum(axis=0)
        return da @ self.W.T


class NewList(Right):
    def backward(self, dout):
        self.grads = [g.copy() for g in self.grads]
        return super().backward(dout)


class SpoilsItsCache(Right):
    def backward(self, dout):
        dx = super().backward(dout)
        self.y *= 0.5
        return dx


@pytest.mark.parametrize(
    ("Layer", "says"),
    [
        (FlippedSign, "FlippedSign: the gradient of b is wrong"),
        (OneWrongElement, "OneWrongElement: the gradient of W is wrong"),
        (WrongInput, "WrongInput: the gradient of input is wrong"),
        (WrongShape, r"WrongShape: input: expected a gradient of shape \(4, 3\), got \(1, 3\)"),
        (NeverWritten, "NeverWritten: W"),
        (Nan, "Nan: the gradient of W is wrong: relative error inf"),
        (Adds, "Adds: W: expected the same gradient from a second backward"),
        (NotInPlace, "NotInPlace: expected gradients written in place"),
        (NewList, "NewList: expected gradients written in place"),
        (SpoilsItsCache, "SpoilsItsCache: W: expected the same gradient from a second backward"),
    ],
)
def test_a_mistake_is_found_and_named(Layer, says):
    with pytest.raises(AssertionError, match=says):
        check_layer(Layer(), X)


def test_the_worst_is_named_where_several_are_wrong():
    class Several(Right):
        def backward(self, dout):
            dx = super().backward(dout)
            self.grads[0][...] *= 1.01
            self.grads[1][...] *= 3
            return 1.02 * dx

    with pytest.raises(AssertionError, match="gradient of b is wrong"):
        check_layer(Several(), X)


def test_a_forgotten_input_gradient_is_named():
    class Forgets(Right):
        def backward(self, dout):
            super().backward(dout)

    with pytest.raises(ValueError, match="Forgets: expected a gradient from backward for each of 1 float inputs"):
        check_layer(Forgets(), X)


def test_float32_is_refused_with_the_reason():
    layer = Affine(normal(3, 2, dtype=np.float32), normal(2, dtype=np.float32))
    with pytest.raises(ValueError, match=r"Affine: W: expected float64 .*got float32"):
        check_layer(layer, X)
    with pytest.raises(ValueError, match=r"Right: input.* expected float64 .*got float32"):
        check_layer(Right(), X.astype(np.float32))


def test_the_tolerance_decides():
    with pytest.raises(AssertionError):
        check_layer(WrongInput(), X)
    assert check_layer(WrongInput(), X, tolerance=1e-2)["input"] == pytest.approx(1e-3, rel=1e-2)


def test_verbose_prints_a_table_even_where_it_fails(capsys):
    with pytest.raises(AssertionError):
        check_layer(FlippedSign(), X, verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert "FlippedSign" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == ["W", "b", "input"]
    assert [line.split()[-1] for line in lines[1:]] == ["ok", "WRONG", "ok"]
    check_layer(Right(), X)
    assert capsys.readouterr().out == ""


def test_several_outputs_and_inputs_are_checked_by_position():
    errors = check_layer(one_step("lstm", weights_of("lstm")), X, normal(4, 2), normal(4, 2, seed=3))
    assert list(errors) == ["Wx", "Wh", "b", "input 0", "input 1", "input 2"]


def test_the_second_of_several_outputs_counts():
    class IgnoresDc:
        def __init__(self):
            self.params, self.grads = [], []

        def forward(self, x):
            return 2 * x, 3 * x

        def backward(self, dy, dz):
            return 2 * dy

    with pytest.raises(AssertionError, match="gradient of input is wrong"):
        check_layer(IgnoresDc(), X)


def test_a_mask_and_a_given_state_are_part_of_the_check():
    layer = time_cell("lstm", stateful=True)
    layer.set_state(normal(4, 2), normal(4, 2, seed=1))
    check_layer(layer, normal(4, 3, 3), mask=prefix_mask([1, 3, 0, 2], 3))


def test_losses_integers_and_constants():
    assert list(check_layer(SoftmaxWithLoss(), X, np.array([0, 1, 2, 0]))) == ["input"]
    assert list(check_layer(SoftmaxWithLoss(), X, [0, 1, 2, 0])) == ["input"]
    assert list(check_layer(SigmoidWithLoss(), X, np.full((4, 3), 0.3), constants=(1,))) == ["input"]
    assert list(check_layer(Embedding(normal(3, 2)), np.array([0, 2, 2]))) == ["W"]


def test_a_layer_that_draws_from_the_global_generator_can_be_checked():
    class OldDropout:
        def __init__(self):
            self.params, self.grads = [], []

        def forward(self, x):
            self.scale = np.random.rand(*x.shape) > 0.5  # noqa: NPY002
            return x * self.scale

        def backward(self, dout):
            return dout * self.scale

    before = np.random.get_state()  # noqa: NPY002
    check_layer(OldDropout(), X)
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(before[1], after[1])
    assert before[2] == after[2]


def test_a_dropout_with_its_own_generator_can_be_checked_and_is_left_alone():
    layer = Dropout(0.5, rng=0)
    check_layer(layer, X)
    assert np.array_equal(layer.forward(X), Dropout(0.5, rng=0).forward(X))


def test_the_layer_and_the_inputs_are_left_as_they_were():
    layer, xs, mask = time_cell("gru_before", stateful=True), normal(2, 3, 3), prefix_mask([1, 3], 3)
    layer.forward(normal(2, 3, 3, seed=4))
    layer.backward(normal(2, 3, 2))
    kept = copy.deepcopy({**vars(layer), "grads": layer.grads})
    xs_kept, arrays = xs.copy(), [*layer.params, *layer.grads]
    check_layer(layer, xs, mask=mask)
    assert np.array_equal(xs, xs_kept)
    assert all(a is b for a, b in zip(arrays, [*layer.params, *layer.grads]))
    for a, b in zip(arrays, [*kept["params"], *kept["grads"]]):
        assert np.array_equal(a, b)
    assert np.array_equal(layer.h, kept["h"])
    assert np.array_equal(layer.dh, kept["dh"])


def test_the_same_rng_draws_the_same_upstream_gradient():
    assert check_layer(Right(), X, rng=3) == check_layer(Right(), X, rng=3)
    assert check_layer(Right(), X, rng=3) != check_layer(Right(), X, rng=4)


def test_weights_that_a_layer_also_holds_as_slices_are_moved_together():
    """Somebody cuts the fused matrix once, in the constructor."""

    class Sliced(Right):
        def __init__(self):
            super().__init__()
            self.left, self.right = self.W[:, :1], self.W[:, 1:]

        def forward(self, x):
            self.x, self.y = x, np.tanh(np.hstack((x @ self.left, x @ self.right)) + self.b)
            return self.y

    check_layer(Sliced(), X)


def test_numerical_gradient_of_a_known_function_puts_x_back():
    x = normal(3, 2)
    kept = x.copy()
    np.testing.assert_allclose(numerical_gradient(lambda: float((x**3).sum()), x), 3 * kept**2, rtol=1e-6, atol=1e-9)
    assert np.array_equal(x, kept)


def test_the_worst_element_and_both_values_are_named():
    with pytest.raises(
        AssertionError, match=r"relative error 1\.00e-04 > 1e-06 at \[2, 1\]: backward (\S+), "
    ) as caught:
        check_layer(OneWrongElement(), X)
    backward, differences = (
        float(word) for word in re.findall(r"(?:backward|differences) ([-\d.e]+\d)", str(caught.value))
    )
    assert backward == pytest.approx(differences * (1 + 1e-4), rel=2e-5)  # six digits each


class Cubes:
    def __init__(self, factor=3):
        self.params, self.grads, self.factor = [], [], factor

    def forward(self, x):
        self.x = x
        return x**3

    def backward(self, dout):
        return self.factor * self.x**2 * dout


@pytest.mark.parametrize("x", [np.arange(12), np.arange(12, dtype=np.uint8).reshape(3, 4), [1, 2, 3]])
def test_integers_that_get_a_gradient_are_checked_as_numbers(x):
    assert check_layer(Cubes(), x)["input"] < 1e-6
    with pytest.raises(AssertionError, match="Cubes: the gradient of input is wrong"):
        check_layer(Cubes(2), x)


def test_gradients_of_zero_alone_are_no_proof():
    class Constant(Right):
        def forward(self, x):
            return np.ones((4, 2), x.dtype)

        def backward(self, dout):
            for g in self.grads:
                g[...] = 0
            return np.zeros((4, 3), dout.dtype)

    with pytest.raises(
        AssertionError, match="Constant: expected an output that depends on something, got gradients of 0"
    ):
        check_layer(Constant(), X)
    check_layer(Right(), X[:0])  # of no example all gradients are 0


@pytest.mark.parametrize("check", [check_layer, check_model])
def test_what_is_no_layer_is_named(check):
    with pytest.raises(
        ValueError, match=r"^expected a layer or model with params, .* got the function <lambda> without params"
    ):
        check(lambda x: x, X)


def test_a_failure_points_at_the_line_of_the_test_that_called():
    with pytest.raises(AssertionError) as caught:
        check_layer(OneWrongElement(), X)
    shown = [entry for entry in caught.traceback if not entry.ishidden(caught)]
    assert [entry.path.name for entry in shown] == ["test_gradient_check.py"]


def test_a_long_check_shows_its_progress(capsys, monkeypatch):
    check_layer(Right(), X)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("common.checking.gradient_check.SILENT", 0)
    check_layer(Right(), X)
    assert "Right: differences" in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr", None)
    check_layer(Right(), X)


def test_a_gradient_that_is_never_written_and_an_output_that_is_not_finite_are_named():
    class Forgets(Affine):
        def backward(self, dout):
            return dout @ self.params[0].T

    class Broken(Affine):
        def forward(self, x):
            return super().forward(x) * [[1.0], [np.nan]]

    layers = Forgets(normal(3, 2), normal(2)), Broken(normal(3, 2), normal(2))
    for layer, says in zip(
        layers, ("W: expected backward to write its gradient, got none", r"finite .* nan of output 0")
    ):
        with pytest.raises(AssertionError, match=says):
            check_layer(layer, normal(2, 3))


@pytest.mark.parametrize("check", [check_layer, check_model])
def test_what_is_no_layer_is_refused_in_our_words(check):
    layer = Affine(normal(3, 2), normal(2))
    for given, says in ((Affine, r"the class Affine .*Affine\(\.\.\.\) makes one"), (None, "got None without params")):
        with pytest.raises(ValueError, match=says):
            check(given, normal(2, 3))
    for params in (None, {"W": normal(2)}, [2.0]):
        layer.params = params
        with pytest.raises(ValueError, match="Affine: expected params to be a list of arrays"):
            check(layer, normal(2, 3))


class Function:
    """A layer of two functions, without weights."""

    params, grads = [], []

    def __init__(self, forward, backward):
        self.forward, self.backward, self.xp = forward, backward, np  # a layer may hold a module


@pytest.mark.parametrize(
    ("forward", "backward", "says"),
    [
        (lambda x: None, lambda d: d, "expected forward to return an array, .* got None"),
        (lambda x: {"y": x}, lambda d: d, "expected forward to return an array, .* got dict of 1"),
        (lambda x: 2 * x, lambda d: None, "for each of 1 float inputs, got None for it; see `constants`"),
        (lambda x: 2 * x, lambda d: (d, d), "for each of 1 float inputs, got 2; see `constants`"),
    ],
)
def test_what_is_returned_in_another_form_is_named(forward, backward, says):
    with pytest.raises(ValueError, match=f"^Function: .*{says}"):
        check_layer(Function(forward, backward), X)


def test_a_layer_without_inputs_and_one_that_holds_a_module_are_checked():
    class Bias:
        def __init__(self):
            self.b = normal(3)
            self.params, self.grads, self.xp = [self.b], [np.zeros(3)], np

        def forward(self):
            return self.xp.tanh(self.b)

        def backward(self, dout):
            self.grads[0][...] = dout * (1 - self.xp.tanh(self.b) ** 2)

    assert check_layer(Bias())["b"] < 1e-6
    assert check_layer(Function(lambda x: 2 * x, lambda d: 2 * d), X)["input"] < 1e-6
    assert list(check_layer(Function(lambda x, y: 2 * x + y, lambda d: 2 * d), X, X, constants=1)) == ["input"]


@pytest.mark.parametrize("how", [{"tolerance": "1e-6"}, {"eps": 0}, {"eps": -1e-5}, {"rng": "0"}])
def test_numbers_that_cannot_be_are_a_value_error(how):
    with pytest.raises(ValueError, match=r"check_layer: expected .* got"):
        check_layer(Function(lambda x: 2 * x, lambda d: 2 * d), X, **how)


def test_large_inputs_are_moved_by_larger_steps():
    x = np.array([1e6, -3e4, 2.0])
    assert check_layer(Cubes(), x)["input"] < 1e-6
    with pytest.raises(AssertionError, match="Cubes: the gradient of input is wrong"):
        check_layer(Cubes(3 + 1e-4), x)
