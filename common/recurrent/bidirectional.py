"""Both directions: one layer reads the sequence from the start, the other from the end. Schuster and Paliwal 1997.

Because a masked step keeps the old state, the second layer needs nothing but sequence and mask reversed in time: the
padding then comes first, and leaves the initial state as it is.
"""

import numpy as np

from common.arrays.checks import as_array, as_floats, float_dtype
from common.arrays.layer import Layer, WithGrads
from common.gpu.kernels import on_gpu
from common.recurrent.lstm import TimeLSTM
from common.threads import one_blas_thread, run_concurrently


class TimeBidirectional(Layer):
    """Two whole-sequence layers of any kind, their outputs concatenated.

    forward: xs (N, T, D), mask (N, T) bool or None -> hs (N, T, H1 + H2). The second layer's half is reversed back into
    the order of the text: its last state stands at step 0. Each layer has its own state (`forward_layer.h` ...).
    """

    def __init__(self, forward_layer, backward_layer):
        if forward_layer is backward_layer:
            raise ValueError("TimeBidirectional: expected two layers, got the same one twice")
        self.forward_layer, self.backward_layer = forward_layer, backward_layer
        self.layers = [forward_layer, backward_layer]
        self.params = forward_layer.params + backward_layer.params

    new_grads = WithGrads.new_grads

    @property
    def param_names(self):
        halves = ("forward", self.forward_layer), ("backward", self.backward_layer)
        return tuple(f"{side}.{name}" for side, layer in halves for name in layer.param_names)

    @property
    def inference(self):
        """Whether forward caches nothing for backward."""
        return self.forward_layer.inference and self.backward_layer.inference

    @inference.setter
    def inference(self, flag):
        self.forward_layer.inference = self.backward_layer.inference = flag

    def reset_state(self):
        """Start both directions of the next forward from zero."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    @one_blas_thread()
    def forward(self, xs, mask=None):
        xs, mask = as_array(self, "xs", xs), None if mask is None else as_array(self, "mask", mask)
        hs_forward, hs_backward = self.run_directions(
            lambda: self.forward_layer.forward(xs, mask),
            lambda: self.backward_layer.forward(_reversed(xs), None if mask is None else _reversed(mask)),
            len(xs) if xs.ndim else 0,  # a number is refused by the layers
        )
        self.cache = hs_forward.shape[2], hs_backward.shape[2]
        return np.concatenate((hs_forward, _reversed(hs_backward)), axis=2)  # (N, T, H1), (N, T, H2) -> (N, T, H1 + H2)

    @one_blas_thread()
    def backward(self, dhs):
        """dhs (N, T, H1 + H2) -> dxs (N, T, D)."""
        H1, H2 = self.cached()
        dhs = as_floats(self, "dhs", dhs, ("N", "T", H1 + H2), float_dtype(dhs))
        dxs, dxs_backward = self.run_directions(
            lambda: self.forward_layer.backward(dhs[:, :, :H1]),
            lambda: self.backward_layer.backward(_reversed(dhs[:, :, H1:])),
            len(dhs),
        )
        dxs += _reversed(dxs_backward)
        return dxs

    def run_directions(self, first, second, N):
        """-> first(), second(), in two threads where a step over N rows, in multiply-adds, is large enough."""
        if on_gpu(self.params[0]):  # to which two threads would give their work in turns
            return first(), second()
        return run_concurrently(first, second, N * sum(param.size for param in self.params))


class TimeBiLSTM(TimeBidirectional):
    """The book's bidirectional LSTM (chapter 8): weights of the forward, then of the backward direction.

    Wx1, Wx2: (D, 4H), Wh1, Wh2: (H, 4H), b1, b2: (4H,). forward: xs (N, T, D), mask -> hs (N, T, 2H).
    """

    def __init__(self, Wx1, Wh1, b1, Wx2, Wh2, b2, stateful=False):
        super().__init__(TimeLSTM(Wx1, Wh1, b1, stateful), TimeLSTM(Wx2, Wh2, b2, stateful))

    # The book's names of the two layers.
    forward_lstm = property(lambda self: self.forward_layer)
    backward_lstm = property(lambda self: self.backward_layer)


def _reversed(xs):
    """(N, T, ...), reversed in time."""
    return xs[:, ::-1]
