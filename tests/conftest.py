"""What several test files share: every cell and every sequence layer by name, masks, and one call that runs a layer."""

import ch_sentiment.__main__  # noqa: F401, I001  (before NumPy: it sets the number of BLAS threads)
import numpy as np
from hypothesis import settings

from common.bidirectional import TimeBidirectional, TimeBiLSTM
from common.gru import GRU, TimeGRU
from common.lstm import LSTM, TimeLSTM
from common.pooling import TimeAttentionPooling, TimeBiLast, TimeLast, TimeMax, TimeMean
from common.rnn import RNN, TimeRNN
from common.time_layers import TimeAffine, TimeDropout

settings.register_profile("house", deadline=None)  # a test that is slow once, on a busy machine, is not wrong
settings.load_profile("house")

D, H = 3, 2  # word-vector and hidden size wherever a test does not say otherwise

# name: (whole-sequence layer, one-step layer, gates, rows of b or None, keyword arguments of both)
CELLS = {
    "rnn": (TimeRNN, RNN, 1, None, {}),
    "lstm": (TimeLSTM, LSTM, 4, None, {}),
    "gru_before": (TimeGRU, GRU, 3, None, {}),
    "gru_after": (TimeGRU, GRU, 3, None, {"reset_after": True}),
    "gru_after_two_biases": (TimeGRU, GRU, 3, 2, {"reset_after": True}),
}


def normal(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def weights_of(cell, D=D, H=H, seed=0, dtype=np.float64):
    _, _, gates, biases, _ = CELLS[cell]
    b_shape = (gates * H,) if biases is None else (biases, gates * H)
    shapes = (D, gates * H), (H, gates * H), b_shape
    return [0.6 * normal(*shape, seed=seed + i).astype(dtype) for i, shape in enumerate(shapes)]


def time_cell(cell, D=D, H=H, seed=0, dtype=np.float64, stateful=False):
    TimeLayer, _, _, _, options = CELLS[cell]
    return TimeLayer(*weights_of(cell, D, H, seed, dtype), stateful=stateful, **options)


def one_step(cell, weights):
    _, Step, _, _, options = CELLS[cell]
    return Step(*weights, **options)


def bidirectional(first, second, dtype=np.float64, stateful=False):
    pair = (time_cell(cell, seed=seed, dtype=dtype, stateful=stateful) for cell, seed in ((first, 0), (second, 10)))
    return TimeBidirectional(*pair)


# Everything that takes forward(xs (N, T, 4), mask): name -> a function of dtype that makes one.
RECURRENT = {cell: lambda dtype=np.float64, cell=cell: time_cell(cell, D=4, dtype=dtype) for cell in CELLS}
RECURRENT["bidirectional"] = lambda dtype=np.float64: TimeBidirectional(
    time_cell("gru_before", D=4, dtype=dtype), time_cell("rnn", D=4, H=3, seed=5, dtype=dtype)
)
RECURRENT["bilstm"] = lambda dtype=np.float64: TimeBiLSTM(
    *weights_of("lstm", D=4, dtype=dtype), *weights_of("lstm", D=4, seed=5, dtype=dtype)
)
POOLING = {
    "last": lambda dtype=np.float64: TimeLast(),
    "bilast": lambda dtype=np.float64: TimeBiLast(),
    "mean": lambda dtype=np.float64: TimeMean(),
    "max": lambda dtype=np.float64: TimeMax(),
    "attention": lambda dtype=np.float64: TimeAttentionPooling(
        normal(4, 3, dtype=dtype), normal(3, seed=1, dtype=dtype), normal(3, seed=2, dtype=dtype)
    ),
}
STEPWISE = {
    "affine": lambda dtype=np.float64: TimeAffine(normal(4, 5, dtype=dtype), normal(5, seed=1, dtype=dtype)),
    "dropout": lambda dtype=np.float64: TimeDropout(0.5, rng=3),
}
SEQUENCE_LAYERS = RECURRENT | STEPWISE | POOLING


def prefix_mask(lengths, T):
    return np.arange(T) < np.asarray(lengths)[:, None]  # (N, T)


def run(layer, xs, mask=None, seed=9):
    """forward and backward with random gradients: -> output, gradient of xs, gradients of params (copies)."""
    out = layer.forward(xs, mask)
    dxs = layer.backward(normal(*out.shape, seed=seed, dtype=out.dtype))
    return out, dxs, [np.array(g) for g in layer.grads]
