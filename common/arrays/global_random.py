"""NumPy's global random state, behind the methods of a Generator that Trainer, Dropout and TimeDropout call.

Without an `rng` these three draw from it, as the book's code does and with the calls that the book makes: after a
script's `np.random.seed` they repeat its numbers. Nothing seeds it, and no other module draws from it.
"""

import numpy as np
from numpy.random import RandomState


class GlobalRandom:
    """The one object is GLOBAL; a copy of it, also by pickle, is itself."""

    source = np.random  # of its state

    def apart(self):
        """One that has such a state of its own, on which a state can be tried."""
        other = GlobalRandom()
        other.source = RandomState(0)
        return other

    def permutation(self, n):
        return np.random.permutation(np.arange(n))  # noqa: NPY002

    def random(self, size, dtype=None):
        return np.random.rand(*size)  # noqa: NPY002

    @property
    def bit_generator(self):
        """Itself, for `rng.bit_generator.state`."""
        return self

    @property
    def state(self):
        """A dict of numbers and an array, which may be set again, also with a list in the array's place."""
        return self.source.get_state(legacy=False)

    @state.setter
    def state(self, state):
        self.source.set_state(state)

    def __reduce__(self):
        return "GLOBAL"


GLOBAL = GlobalRandom()
