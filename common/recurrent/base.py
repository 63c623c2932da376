"""What TimeRNN, TimeGRU and TimeLSTM share: masks, state, and arrays turned so that a step is a few large operations.

Inside, a batch stands in columns: `ins` (T + 1, D + 1 + H, N) holds for each step x, a row of ones and the state before
it, one above the other, so that one product with Wx, b and Wh one above the other makes all gates, each of them one
contiguous block. Private arrays are kept from batch to batch, because fresh memory costs more than the arithmetic done
in it; what is returned is always new. Its shape is (N, T, H), its memory (T, H, N), as it was made: turning it round
would cost more than a step's arithmetic, and whoever reads it next works in columns, too
(`common.arrays.memory_order`).
"""

import math

import numpy as np

from common.arrays.checks import as_floats, as_mask, check_weights
from common.arrays.initializers import orthogonal, side_by_side, xavier
from common.arrays.memory_order import memory_order, new_array
from common.threads import one_blas_thread

CHUNK = 8  # steps per product of the weights' gradients: its operands stay in the processor's cache


class TimeRecurrent:
    """The base of the whole-sequence layers. A cell adds `gates`, and `forward` and `backward`: one loop each.

    Wx: (D, G H), Wh: (H, G H), b: (G H,), where G = `gates`. `stateful`: the next forward starts from the last state;
    otherwise from zero, or once from what `set_state` gave. A masked step keeps the old state, and the gradient of
    its output passes straight through to that state; the input at a masked step is never looked at.

    While `inference` is true, forward keeps nothing for backward: each step's gates are written over those of the step
    before, and so stay in the processor's cache.
    """

    gates = 1
    states = ("h",)
    param_names = ("Wx", "Wh", "b")

    def __init__(self, Wx, Wh, b, stateful=False):
        self.check(Wx, Wh, b)
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.stateful = stateful
        self.given = False  # whether set_state was called since the last forward
        self.h, self.dh = None, None
        self.inference = False
        self.cache = None  # what the last forward kept for backward
        self.order = None  # of the axes of the last xs in memory
        self.scratch = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in ("forward", "backward"):  # of every cell, also in a loop that no Trainer runs
            if name in vars(cls):
                setattr(cls, name, one_blas_thread()(vars(cls)[name]))

    def check(self, Wx, Wh, b):
        columns = f"{self.gates}H"
        check_weights(self, Wh=(Wh, ("H", columns)), Wx=(Wx, ("D", columns)), b=(b, (columns,)))

    @classmethod
    def init_params(cls, wordvec_size, hidden_size, rng=None, dtype=np.float32):
        """Wx, Wh, b to start from: Xavier, orthogonal, zero, each gate drawn by itself."""
        rng = np.random.default_rng(rng)
        Wx = side_by_side(xavier, cls.gates, wordvec_size, hidden_size, rng=rng, dtype=dtype)
        Wh = side_by_side(orthogonal, cls.gates, hidden_size, rng=rng, dtype=dtype)
        return Wx, Wh, np.zeros(cls.gates * hidden_size, dtype)

    def set_state(self, h):
        """Start the next forward from h (N, H)."""
        self.h = as_floats(self, "h", h, ("N", len(self.params[1])), self.params[1].dtype)
        self.given = True

    def reset_state(self):
        """Start the next forward from zero."""
        for name in self.states:
            setattr(self, name, None)

    # -- for the cells ------------------------------------------------------------------------------------------

    def begin(self, xs, mask):
        """Checks and turns the input: -> ins (T + 1, D + 1 + H, N), with 0 for what is masked and with the state yet to
        be filled in, and per step the masked columns (N,) or None.
        """
        Wx, Wh, _ = self.params
        xs = as_floats(self, "xs", xs, ("N", "T", len(Wx)), Wx.dtype)
        mask = as_mask(self, mask, xs.shape[:2])
        N, T, D = xs.shape
        self.order = memory_order(xs)
        ins = self.array("ins", T + 1, D + 1 + len(Wh), N)
        ins[:T, :D] = xs.transpose(1, 2, 0)  # (N, T, D) -> (T, D, N)
        ins[:, D] = 1
        if mask is None:
            return ins, [None] * T
        dead = (~mask.T).copy()  # (T, N)
        some = dead.any(axis=1)
        dead = [dead[t] if some[t] else None for t in range(T)]
        for t in range(T):
            carry(ins[t, :D], 0, dead[t])  # whatever stood in the pads, NaN included, is gone
        return ins, dead

    def keep(self, *cache):
        """The last line of a forward's loop: what `common.arrays.checks.kept` gives to backward."""
        self.cache = None if self.inference else cache

    def begin_backward(self, dhs, T, N):
        """Checks dhs (N, T, H) -> the same as (T, H, N), and dxs (N, T, D) to be filled, in the order of xs."""
        Wx, Wh, _ = self.params
        dhs = as_floats(self, "dhs", dhs, (N, T, len(Wh)), Wh.dtype)
        dxs = new_array(np.empty, (N, T, len(Wx)), self.order, Wx.dtype, like=Wx)
        columns = dhs.transpose(1, 2, 0)
        if columns.strides[2] == columns.itemsize:
            return columns, dxs
        turned = self.array("turned", T, len(Wh), N)
        rows = self.array("rows", N, len(Wh))
        # By way of rows that lie close together: those of dhs do not, and are slow to read by columns.
        for t in range(T):
            rows[...] = dhs[:, t]
            turned[t] = rows.T
        return turned, dxs

    def steps_kept(self, T):
        """How many of T steps have a place of their own in what is kept for backward."""
        return 1 if self.inference else T

    def start(self, name, N):
        """The state `name` that a forward over N rows starts from."""
        state = getattr(self, name) if self.stateful or self.given else None
        H = len(self.params[1])
        if state is None:
            return np.zeros((N, H), self.params[1].dtype, like=self.params[1])
        return as_floats(
            self, f"{name} (state of the batch before; reset_state() forgets it)", state, (N, H), state.dtype
        )

    def stacked(self):
        """Wx, b (the sum, where there are two) and Wh one above the other: (D + 1 + H, G H)."""
        Wx, Wh, b = self.params
        return np.concatenate((Wx, b.reshape(-1, b.shape[-1]).sum(axis=0)[None], Wh))

    def array(self, name, *shape):
        """A private array, uninitialised; the memory of the call before is used again if it is large enough."""
        size = math.prod(shape)
        flat = self.scratch.get(name)
        if flat is None or flat.size < size:
            flat = self.scratch[name] = np.empty(size, self.params[0].dtype, like=self.params[0])
        return flat[:size].reshape(shape)

    def hand_down(self, das, W, dxs):
        """dxs (N, steps, D) = the gradients of the input: W (D, G H) times das (G H, steps N), side by side."""
        N, steps, D = dxs.shape
        dx = np.matmul(W, das, out=self.array("dx", D, steps * N))  # (D, G H) @ (G H, steps N) -> (D, steps N)
        dxs[...] = dx.reshape(D, steps, N).transpose(2, 1, 0)  # (D, steps, N) -> (N, steps, D)

    def add_products(self, das, ins, dW):
        """dW (G H, K) += the sum over steps of da @ ins[t].T; das (G H, steps N), side by side, ins (steps, K, N)."""
        dW += np.matmul(das, self.side_by_side("right", ins).T)  # (G H, steps N) @ (steps N, K) -> (G H, K)

    def side_by_side(self, name, a):
        """(steps, K, N) -> private (K, steps N)."""
        steps, K, N = a.shape
        turned = self.array(name, K, steps, N)
        np.copyto(turned, a.transpose(1, 0, 2))
        return turned.reshape(K, steps * N)


def in_order_of_text(hs):
    """hs (T, H, N), as the cells work on it -> new (N, T, H), whose memory stays as it is."""
    return hs.copy().transpose(2, 0, 1)


def carry(new, old, dead):
    """Where a column is masked at this step, new = old. new, old: (H, N); dead: (N,) bools or None."""
    if dead is not None:
        np.copyto(new, old, where=dead)
