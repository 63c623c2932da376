"""What a layer promises besides right gradients: each way to break it is found by `check_layer`, and named."""

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


def test_without_padding_nothing_of_it_is_asked():
    check_layer(MultipliesByItsMask(), XS, mask=np.ones((3, 3), bool))
    check_layer(MultipliesByItsMask(), XS)


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
