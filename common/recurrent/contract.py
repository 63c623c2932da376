"""What recurrent layers have in common: the shapes and initial values of their weights, and their state."""

import numpy as np

from common.arrays.checks import as_floats, as_number, as_rng
from common.arrays.initializers import gate_blocks, orthogonal, xavier, zeros
from common.arrays.layer import Layer


def blocks(a, count):
    """(N, count H) -> its blocks of columns, views (count, N, H)."""
    return a.reshape(len(a), count, a.shape[1] // count).transpose(1, 0, 2)


class RecurrentWeights(Layer):
    """Wx: (D, G H), Wh: (H, G H), b: (G H,), a block of columns for each of G = `gates`; of a step or of a sequence."""

    gates = 1
    states = ("h",)  # what goes from step to step: attributes (N, H)

    def __init__(self, Wx, Wh, b):
        columns = f"{self.gates}H"
        super().__init__(Wx=(Wx, ("D", columns)), Wh=(Wh, ("H", columns)), b=(b, self.bias_shape(b)))

    def bias_shape(self, b):
        return (f"{self.gates}H",)

    @classmethod
    def init_params(cls, wordvec_size, hidden_size, rng=None, dtype=np.float32):
        """Wx, Wh, b to start from: Xavier, orthogonal, zero, each gate by itself. rng: Generator, int or None."""
        rng = as_rng(cls.__name__, rng)
        wordvec_size = as_number(cls.__name__, "wordvec_size", wordvec_size, least=1, whole=True)
        hidden_size = as_number(cls.__name__, "hidden_size", hidden_size, least=1, whole=True)
        Wx = gate_blocks(xavier, cls.gates, wordvec_size, hidden_size, rng=rng, dtype=dtype)
        Wh = gate_blocks(orthogonal, cls.gates, hidden_size, rng=rng, dtype=dtype)
        return Wx, Wh, zeros((cls.gates * hidden_size,), rng, dtype)


class RecurrentState:
    """For a layer over sequences, with `params` Wx (D, ...), Wh (H, ...), ... and the names of its `states`.

    Each state is an attribute (N, H) after forward, and the gradient of the state before step 0 one after backward
    (`h` and `dh`; of an LSTM `c` and `dc`, too). `stateful`: the next forward starts from the last state; otherwise
    from zero, or once from what `set_state` gave.
    """

    states = ("h",)

    def init_state(self, stateful):
        self.stateful, self.state_was_set = stateful, False
        self.reset_state()
        for name in self.states:
            setattr(self, f"d{name}", None)

    def reset_state(self):
        """Start the next forward from zero."""
        for name in self.states:
            setattr(self, name, None)

    def set_state(self, h, c=None):
        """Start the next forward from h and, in an LSTM, c (N, H); c None: from zero."""
        if c is not None and "c" not in self.states:
            raise ValueError(f"{type(self).__name__}: expected the state {', '.join(self.states)} alone, got c, too")
        Wh = self.params[1]
        self.h = as_floats(self, "h", h, ("N", len(Wh)), Wh.dtype)
        if "c" in self.states:
            self.c = None if c is None else as_floats(self, "c", c, self.h.shape, Wh.dtype)
        self.state_was_set = True

    def initial_state(self, name, N):
        """(N, H): what a forward over N rows starts from."""
        Wh = self.params[1]
        state = getattr(self, name) if self.stateful or self.state_was_set else None
        if state is None:
            return np.zeros((N, len(Wh)), Wh.dtype, like=Wh)
        called = f"{name} (state of the batch before; reset_state() forgets it)"
        return as_floats(self, called, state, (N, len(Wh)), state.dtype)

    def save_state(self, *last):
        """After the last step of a forward: each state (N, H)."""
        for name, state in zip(self.states, last):
            setattr(self, name, state)
        self.state_was_set = False
