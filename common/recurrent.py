"""What TimeRNN, TimeGRU and TimeLSTM share: masks, state, and arrays turned time first.

Inside, arrays are time-major, (T, N, ...): a step is then one contiguous block. Private arrays are kept
from batch to batch, because fresh memory costs more than the arithmetic done in it; what is returned is always new.
"""

import numpy as np

from common.checks import as_floats, as_mask, check_weights
from common.initializers import orthogonal, side_by_side, xavier

CHUNK = 8  # steps per product in `sum_of_products`: its operands stay in the processor's cache


class TimeRecurrent:
    """The base of the whole-sequence layers. A cell adds `gates`, and `forward` and `backward`: one loop each.

    Wx: (D, G H), Wh: (H, G H), b: (G H,), where G = `gates`. `stateful`: the next forward starts from the last state;
    otherwise from zero, or once from what `set_state` gave. A masked step keeps the old state, and the gradient of
    its output passes straight through to that state; the input at a masked step is never looked at.
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
        self.scratch = {}

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
        """Checks and turns the input: -> xs (T, N, D), 0 where masked, and per step the masked rows or None."""
        Wx = self.params[0]
        xs = as_floats(self, "xs", xs, ("N", "T", len(Wx)), Wx.dtype)
        mask = as_mask(self, mask, xs.shape[:2])
        N, T, D = xs.shape
        turned = self.array("xs", T, N, D)
        turned[...] = xs.transpose(1, 0, 2)  # (N, T, D) -> (T, N, D)
        if mask is None:
            return turned, [None] * T
        dead = (~mask.T).copy()  # (T, N)
        turned[dead] = 0  # whatever stood in the pads, NaN included, is gone
        some = dead.any(axis=1)
        return turned, [dead[t][:, None] if some[t] else None for t in range(T)]

    def start(self, name, N):
        """The state `name` that a forward over N rows starts from."""
        state = getattr(self, name) if self.stateful or self.given else None
        H = len(self.params[1])
        if state is None:
            return np.zeros((N, H), self.params[1].dtype, like=self.params[1])
        return as_floats(
            self, f"{name} (state of the batch before; reset_state() forgets it)", state, (N, H), state.dtype
        )

    def turn_out(self, hs):
        """(T, N, K) private -> (N, T, K) new."""
        out = np.empty((hs.shape[1], hs.shape[0], hs.shape[2]), hs.dtype, like=hs)
        out[...] = hs.transpose(1, 0, 2)
        return out

    def array(self, name, *shape):
        """A private array, uninitialised; the memory of the call before is used again if it is large enough."""
        size = int(np.prod(shape))
        flat = self.scratch.get(name)
        if flat is None or flat.size < size:
            flat = self.scratch[name] = np.empty(size, self.params[0].dtype, like=self.params[0])
        return flat[:size].reshape(shape)

    def inputs_product(self, xs, Wx, b):
        """x Wx + b for all steps at once: (T, N, D) @ (D, G H) -> (T, N, G H)."""
        T, N, D = xs.shape
        out = self.array("gates", T, N, Wx.shape[1])
        np.matmul(xs.reshape(T * N, D), Wx, out=out.reshape(T * N, -1))
        out += b
        return out

    def inputs_backward(self, xs, da):
        """From the gradients da (T, N, G H) of x Wx + b: writes dWx and db, returns dxs (N, T, D)."""
        T, N, D = xs.shape
        Wx = self.params[0]
        dWx, _, db = self.grads
        sum_of_products(xs, da, out=dWx)
        flat = da.reshape(T * N, -1)
        (db if db.ndim == 1 else db[0])[...] = flat.sum(axis=0)
        dxs = np.matmul(flat, Wx.T, out=self.array("dxs", T * N, D))  # (T N, G H) @ (G H, D) -> (T N, D)
        return self.turn_out(dxs.reshape(T, N, D))


def sum_of_products(a, b, out):
    """out (D, K) = the sum over steps of a[t].T @ b[t], a (T, N, D), b (T, N, K)."""
    out[...] = 0
    for t in range(0, len(a), CHUNK):
        rows = a[t : t + CHUNK]
        rows = rows.reshape(-1, a.shape[2])  # (CHUNK N, D)
        out += np.matmul(rows.T, b[t : t + CHUNK].reshape(len(rows), -1))


def carry(new, old, dead):
    """Where a row is masked at this step, new = old. new, old: (N, H); dead: (N, 1) bools or None."""
    if dead is not None:
        np.copyto(new, old, where=dead)
