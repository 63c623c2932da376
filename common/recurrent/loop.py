"""A whole sequence as a plain loop over one-step cells. Read it after `rnn.RNN`, `lstm.LSTM` or `gru.GRU`.

    forward:   h[t] = cell[t].forward(x[t], h[t - 1]);  where step t is masked, h[t] = h[t - 1]
    backward:  the same cells from the last to the first; the gradients of the weights are summed over the steps

`simple` has a class for each cell. `TimeRNN`, `TimeLSTM`, `TimeGRU` and `TimeGRUResetAfter` give the same several times
as fast, and leave a few rows, as when a text is generated word by word, to this loop (docs/fast_layers.md).
"""

import numpy as np

from common.arrays.checks import as_floats, as_mask
from common.arrays.layer import Layer
from common.recurrent.contract import RecurrentState


class SimpleTimeRecurrent(RecurrentState, Layer):
    """A child names its `cell_class`. params: the cell's, first of all Wx (D, ...) and Wh (H, ...).

    forward: xs (N, T, D), mask (N, T) bool or None -> hs (N, T, H). A cell has `states`, `param_names`, `params`,
    `grads`, forward(x, *states) -> states, and backward(*dstates) -> dx, *dstates; a state is (N, H).
    """

    cell_class = None
    inference = False

    def __init__(self, *params, stateful=False):
        cell = self.cell_class(*params)
        self.params, self.grads, self.param_names = cell.params, cell.grads, cell.param_names
        self.states = cell.states
        self.init_state(stateful)

    @classmethod
    def init_params(cls, wordvec_size, hidden_size, rng=None, dtype=np.float32):
        """The parameters to start from: the cell's."""
        return cls.cell_class.init_params(wordvec_size, hidden_size, rng, dtype)

    def new_cell(self):
        """A cell of these parameters, for one step."""
        return self.cell_class(*self.params)

    def forward(self, xs, mask=None):
        Wx, Wh = self.params[:2]
        xs = as_floats(self, "xs", xs, ("N", "T", len(Wx)), Wx.dtype)
        N, T, _ = xs.shape
        mask = as_mask(self, mask, (N, T))
        if mask is not None:
            xs = np.where(mask[:, :, None], xs, 0)  # whatever stands in the padding, NaN included
        states = [self.initial_state(name, N) for name in self.states]
        cells = [self.new_cell() for _ in range(T)]
        hs = np.empty((N, T, len(Wh)), Wx.dtype, like=Wx)
        for t, cell in enumerate(cells):
            after = cell.forward(xs[:, t], *states)  # (N, D), (N, H) -> (N, H), or a tuple of several
            after = after if isinstance(after, tuple) else (after,)
            states = after if mask is None else [np.where(mask[:, t, None], a, b) for a, b in zip(after, states)]
            hs[:, t] = states[0]
        self.save_state(*states)
        self.cache = None if self.inference else (cells, mask, (N, T))
        return hs

    def backward(self, dhs):
        """dhs (N, T, H) -> dxs (N, T, D)."""
        Wx, Wh = self.params[:2]
        cells, mask, (N, T) = self.cached()
        real = np.ones((N, T, 1), bool, like=Wx) if mask is None else mask[:, :, None]
        dhs = as_floats(self, "dhs", dhs, (N, T, len(Wh)), Wh.dtype)
        dxs = np.empty((N, T, len(Wx)), Wx.dtype, like=Wx)
        dstates = [np.zeros((N, len(Wh)), Wh.dtype, like=Wh) for _ in self.states]
        for grad in self.grads:
            grad[...] = 0
        for t in reversed(range(T)):
            dstates[0] = dstates[0] + dhs[:, t]  # a state is read twice: as the output, and by the next step
            through = [np.where(real[:, t], d, 0) for d in dstates]
            past = [np.where(real[:, t], 0, d) for d in dstates]  # a masked step passes its gradient on unchanged
            dxs[:, t], *dprevs = cells[t].backward(*through)
            dstates = [d + p for d, p in zip(dprevs, past)]
            for grad, of_step in zip(self.grads, cells[t].grads):
                grad += of_step
        for name, d in zip(self.states, dstates):
            setattr(self, f"d{name}", d)
        return dxs
