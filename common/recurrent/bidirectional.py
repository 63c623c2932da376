"""Both directions at once: one layer reads the sequence as it stands, the other reads it backwards.

Because a masked step keeps the old state, reading backwards needs nothing but both arrays turned round: the
padding then comes first, and leaves the initial state as it is. Schuster and Paliwal 1997.
"""

import numpy as np

from common.arrays.checks import as_floats, float_dtype
from common.recurrent.lstm import TimeLSTM
from common.threads import one_blas_thread, run_concurrently


class TimeBidirectional:
    """Two whole-sequence layers of any kind, their outputs side by side.

    forward: xs (N, T, D), mask (N, T) bool or None -> hs (N, T, H1 + H2), the second layer's half put back into the
    order of the text: its last state stands at step 0. Either layer's state is its own (`forward_layer.h` ...).
    """

    def __init__(self, forward_layer, backward_layer):
        if forward_layer is backward_layer:
            raise ValueError("TimeBidirectional: expected two layers, got the same one twice")
        self.forward_layer, self.backward_layer = forward_layer, backward_layer
        self.layers = [forward_layer, backward_layer]
        self.params = forward_layer.params + backward_layer.params
        self.grads = forward_layer.grads + backward_layer.grads
        self.sizes = None  # of xs and of the two halves of hs

    @property
    def param_names(self):
        halves = ("forward", self.forward_layer), ("backward", self.backward_layer)
        return tuple(f"{side}.{name}" for side, layer in halves for name in layer.param_names)

    @property
    def inference(self):
        """Whether forward keeps nothing for backward."""
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
        hs_forward, hs_backward = run_concurrently(
            lambda: self.forward_layer.forward(xs, mask),
            lambda: self.backward_layer.forward(_turned(xs), None if mask is None else _turned(mask)),
            self.work(len(xs) if np.ndim(xs) else 0),  # the layers say what is wrong with a number
        )
        self.sizes = hs_forward.shape[2], hs_backward.shape[2]
        return np.concatenate((hs_forward, _turned(hs_backward)), axis=2)  # (N, T, H1), (N, T, H2) -> (N, T, H1 + H2)

    @one_blas_thread()
    def backward(self, dhs):
        """dhs (N, T, H1 + H2) -> dxs (N, T, D)."""
        H1, H2 = self.sizes
        dhs = as_floats(self, "dhs", dhs, ("N", "T", H1 + H2), float_dtype(dhs))
        dxs, dxs_backward = run_concurrently(
            lambda: self.forward_layer.backward(dhs[:, :, :H1]),
            lambda: self.backward_layer.backward(_turned(dhs[:, :, H1:])),
            self.work(len(dhs)),
        )
        dxs += _turned(dxs_backward)
        return dxs

    def work(self, N):
        """Multiply-adds of one step of both layers over N rows."""
        return N * sum(param.size for param in self.params)


class TimeBiLSTM(TimeBidirectional):
    """The book's bidirectional LSTM (chapter 8): weights of the forward, then of the backward direction.

    Wx1, Wx2: (D, 4H), Wh1, Wh2: (H, 4H), b1, b2: (4H,). forward: xs (N, T, D), mask -> hs (N, T, 2H).
    """

    def __init__(self, Wx1, Wh1, b1, Wx2, Wh2, b2, stateful=False):
        super().__init__(TimeLSTM(Wx1, Wh1, b1, stateful), TimeLSTM(Wx2, Wh2, b2, stateful))


def _turned(xs):
    """(N, T, ...) read backwards in time."""
    return (xs if hasattr(xs, "dtype") else np.asarray(xs))[:, ::-1]
