"""What a layer promises besides right gradients: each way to break it is found by `check_layer`, and named."""

import threading

import numpy as np
import pytest
from conftest import normal, prefix_mask

from common.checking.gradient_check import check_layer
from common.time_layers import TimeAffine, TimeLSTM

MASK = prefix_mask([3, 1, 2], 3)
XS = normal(3, 3, 2)


class Cumulative:
    """A recurrent layer as plain as can be: h_t = h_{t-1} + w x_t, carried over masked steps."""

    def __init__(self):
        self.w = np.array([0.7, -0.4])
        self.params, self.grads = [self.w], [np.zeros(2)]

    def forward(self, xs, mask=None):
        self.xs = xs if mask is None else np.where(mask[:, :, None], xs, 0)
        return np.cumsum(self.w * self.xs, axis=1)  # (N, T, D)

    def backward(self, dhs):
        dxs = np.flip(np.cumsum(np.flip(dhs, 1), axis=1), 1)  # of the sum of all steps up to each
        self.grads[0][...] = (dxs * self.xs).sum(axis=(0, 1))
        return self.w * dxs

    mask = None


class Right(Cumulative):
    def forward(self, xs, mask=None):
        self.mask = mask
        return super().forward(xs, mask)

    def backward(self, dhs):
        dxs = super().backward(dhs)
        return dxs if self.mask is None else np.where(self.mask[:, :, None], dxs, 0)


def test_a_right_layer_keeps_its_contract():
    assert max(check_layer(Right(), XS, mask=MASK).values()) < 1e-6
    assert max(check_layer(Right(), XS).values()) < 1e-6


class IgnoresItsMask(Right):
    def forward(self, xs, mask=None):
        return super().forward(xs)


class MultipliesByItsMask(Right):
    def forward(self, xs, mask=None):
        hs = super().forward(xs if mask is None else xs * mask[:, :, None])
        self.mask = mask
        return hs


class BackwardIgnoresItsMask(Right):
    backward = Cumulative.backward


class OutputLeaksPadding(Right):
    """The states are right, but a bit of the padding is added where nobody looks."""

    def forward(self, xs, mask=None):
        hs = super().forward(xs, mask)
        return hs if mask is None else np.where(mask[:, :, None], hs, np.round(1e-9 * xs, 3))


class OverwritesItsInput(Right):
    def forward(self, xs, mask=None):
        out = super().forward(xs.copy(), mask)
        xs *= 2
        return out


class OverwritesDout(Right):
    def backward(self, dhs):
        dxs = super().backward(dhs.copy())
        dhs[...] = 0
        return dxs


class ReturnsItsBuffer(Right):
    buffer = None

    def forward(self, xs, mask=None):
        if self.buffer is None:
            self.buffer = np.empty(xs.shape, xs.dtype)
        self.buffer[...] = super().forward(xs, mask)
        return self.buffer


class ReturnsItsGradientBuffer(Right):
    buffer = None

    def backward(self, dhs):
        if self.buffer is None:
            self.buffer = np.empty_like(dhs)
        self.buffer[...] = super().backward(dhs)
        return self.buffer


class DrawsAnew(Right):
    def forward(self, xs, mask=None):
        return super().forward(xs * (1 + 1e-3 * np.random.default_rng().random()), mask)


class Single(Right):
    """Computes in float32, whatever its weights are."""

    def forward(self, xs, mask=None):
        return super().forward(xs, mask).astype(np.float32)


class Double(Right):
    """Makes float64 of float32."""

    def forward(self, xs, mask=None):
        return super().forward(xs, mask) + np.zeros(xs.shape)


class DoubleGradient(Right):
    def backward(self, dhs):
        return super().backward(dhs).astype(np.float64)


class WantsDouble(Right):
    def forward(self, xs, mask=None):
        if xs.dtype != np.float64:
            raise TypeError("float64, please")
        return super().forward(xs, mask)


@pytest.mark.parametrize(
    ("Layer", "says"),
    [
        (IgnoresItsMask, "input 0: expected gradients of 0 where the mask is False|to change nothing"),
        (
            MultipliesByItsMask,
            r"what stands where the mask is False, as at \[1, 1\], to change nothing, nan .*np.where",
        ),
        (BackwardIgnoresItsMask, r"input 0: expected gradients of 0 where the mask is False"),
        (OverwritesItsInput, "arrays that are handed in to stay as they are, input 0 changed"),
        (OverwritesDout, "arrays that are handed in to stay as they are, dout 0 changed"),
        (ReturnsItsBuffer, "arrays that were returned to stay as they are, output 0 changed"),
        (ReturnsItsGradientBuffer, "to stay as they are, the gradient of input 0 changed"),
        (DrawsAnew, r"forward is not deterministic: pass rng="),
        (Single, "output 0: expected float64, as of weights and inputs, got float32"),
        (Double, "output 0: expected float32, as of weights and inputs, got float64"),
        (DoubleGradient, "the gradient of input 0: expected float32, as of weights and inputs, got float64"),
        (WantsDouble, "expected to run in float32, too, got TypeError: float64, please"),
    ],
)
def test_a_broken_promise_is_found_and_named(Layer, says):
    with pytest.raises(AssertionError, match=f"^{Layer.__name__}: .*({says})"):
        check_layer(Layer(), XS, mask=MASK)


def test_what_stands_in_the_padding_is_varied_in_more_than_one_way():
    with pytest.raises(AssertionError, match=r"OutputLeaksPadding: .* to change nothing"):
        check_layer(OutputLeaksPadding(), XS, mask=MASK)


def test_padding_is_tried_with_a_mask_without_any_too_but_not_without_a_mask():
    check_layer(MultipliesByItsMask(), XS)
    check_layer(Right(), XS, mask=np.ones((3, 3), bool))
    with pytest.raises(AssertionError, match=r"MultipliesByItsMask: .* to change nothing"):
        check_layer(MultipliesByItsMask(), XS, mask=np.ones((3, 3), bool))


class MeanOfAllSteps(Right):
    """A mean that counts the padding."""

    def forward(self, xs, mask=None):
        return super().forward(xs, mask).sum(axis=1) / xs.shape[1]  # (N, T, D) -> (N, D)

    def backward(self, dout):
        steps = self.xs.shape[1]
        return super().backward(np.repeat(dout[:, None] / steps, steps, axis=1))


class LastStep(Right):
    """The last state, which is padding, and not carried over: 0."""

    def forward(self, xs, mask=None):
        hs = super().forward(xs, mask)
        self.real = np.ones((len(xs), 1), bool) if mask is None else mask[:, -1:]
        return np.where(self.real, hs[:, -1], 0)

    def backward(self, dout):
        dhs = np.zeros_like(self.xs)
        dhs[:, -1] = np.where(self.real, dout, 0)
        return super().backward(dhs)


class SpoilsItsMask(Right):
    def forward(self, xs, mask=None):
        hs = super().forward(xs, mask)
        if mask is not None:
            self.mask = mask.copy()
            mask[:] = True
        return hs


class MovesItsWeights(Right):
    def forward(self, xs, mask=None):
        self.params[0] *= 0.9
        return super().forward(xs, mask)


class IgnoresDout(Right):
    def forward(self, xs, mask=None):
        return float(super().forward(xs, mask).sum())

    def backward(self, dout=1):
        return super().backward(np.ones_like(self.xs))


@pytest.mark.parametrize(
    ("Layer", "says"),
    [
        (MeanOfAllSteps, "one more step where the mask is False to change nothing, output 0 is another"),
        (LastStep, "one more step where the mask is False to change nothing, output 0 is another"),
        (SpoilsItsMask, "to stay as they are, the mask changed"),
        (MovesItsWeights, r"to stay as they are, params\[0\] changed"),
        (IgnoresDout, r"proportional to dout, for -dout that of input 0 .*does backward ignore dout"),
    ],
)
def test_what_depends_on_the_batch_or_on_the_call_is_found(Layer, says):
    with pytest.raises(AssertionError, match=f"^{Layer.__name__}: .*{says}"):
        check_layer(Layer(), XS, mask=MASK)


def test_a_layer_of_one_length_and_one_that_draws_are_tried_with_no_other_length():
    class Places(Right):
        def forward(self, xs, mask=None):
            hs = super().forward(xs, mask)
            return hs if mask is None else np.where(mask[:, :, None], hs + np.arange(6.0).reshape(3, 2), 0)

        def backward(self, dhs):
            return super().backward(np.where(self.mask[:, :, None], dhs, 0))

    class Draws(Right):
        def __init__(self):
            super().__init__()
            self.rng = np.random.default_rng(0)

        def forward(self, xs, mask=None):
            self.kept = self.rng.random(xs.shape) < 0.5
            return super().forward(np.where(self.kept, xs, 0), mask)

        def backward(self, dhs):
            return np.where(self.kept, super().backward(dhs), 0)

    check_layer(Draws(), XS, mask=MASK)
    with pytest.raises(AssertionError, match="float32"):  # the places are float64; of their number nothing is said
        check_layer(Places(), XS, mask=MASK)


def test_views_of_the_weights_and_gradients_stay_views_in_the_copies():
    class Halves:
        """Holds the halves of its gradient, as the book's gates do, and its weights transposed."""

        def __init__(self, W):
            self.params, self.grads = [W], [np.zeros_like(W)]
            self.transposed, self.halves = W.T, np.hsplit(self.grads[0], 2)

        def forward(self, x):
            self.x = x
            return x @ self.transposed.T

        def backward(self, dout):
            for half, of_output in zip(self.halves, np.hsplit(dout, 2)):
                half[...] = self.x.T @ of_output
            return dout @ self.transposed

    assert check_layer(Halves(normal(3, 4)), normal(2, 3))["params[0]"] < 1e-6


def test_a_layer_that_cannot_be_copied_is_said_to_be_so():
    layer = Right()
    layer.lock = threading.Lock()
    with pytest.raises(ValueError, match=r"Right: expected a layer that can be copied.*TypeError: cannot pickle"):
        check_layer(layer, XS)


def test_views_of_the_weights_and_a_given_state_follow_the_dtype():
    lstm = TimeLSTM(*TimeLSTM.init_params(2, 3, 0, np.float64), stateful=True)
    lstm.set_state(normal(3, 3), normal(3, 3, seed=1))
    check_layer(lstm, XS, mask=MASK)

    class Sliced(TimeAffine):
        def __init__(self, W, b):
            super().__init__(W, b)
            self.first = W[:, :1]

        def forward(self, xs, mask=None):
            return super().forward(xs, mask) + 0 * self.first.sum()

    check_layer(Sliced(normal(2, 3), normal(3)), XS)
