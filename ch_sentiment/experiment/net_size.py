"""Whether a net fits this machine, from its options alone: a digit too many is said before anything is built."""

import math
import os

from dataset.errors import DataError

LIMIT = "/sys/fs/cgroup/memory.max"  # of a Linux container: bytes, or "max"
BYTES = 16  # of a number that is trained: itself, its gradient, two moments, float32 each
MATRICES = {"rnn": 1, "gru": 3, "gru-reset-after": 3, "lstm": 4, "transformer": 6}  # (H, H) of a layer, at least
MOST_ARRAYS = 1020  # of weights: with moments and means those of a file of a training, which has 4,096 at most


def check_memory(options, V):
    """DataError where a net of these ModelOptions and V words takes more memory to train than there is."""
    H, L, D = options.hidden, options.layers, options.wordvec + options.pairvec
    directions = 2 if options.bidirectional else 1
    numbers = V * options.wordvec
    if options.model == "recurrent" and options.cell in MATRICES:
        numbers += directions * MATRICES[options.cell] * (D * H + L * H**2 + (L - 1) * (directions - 1) * H**2)
    if numbers * BYTES > (there := memory()):
        sizes = f"--wordvec {options.wordvec}, --pairvec {options.pairvec}, --hidden {H}, --layers {L}"
        took = f"{numbers:,} numbers, which take {numbers * BYTES / 1e9:,.0f} GB to train"
        raise DataError(f"{sizes}: expected a net that fits into the memory of {there / 1e9:,.0f} GB, got {took}")


def check_arrays(net, options):
    """DataError where a net has more arrays of weights than the file of a training can hold."""
    if (number := len(net.params)) > MOST_ARRAYS:
        expected = f"expected a net of at most {MOST_ARRAYS:,} arrays of weights"
        raise DataError(f"--layers {options.layers}: {expected}, got {number:,}")


def memory():
    """Bytes that this machine, or its container, has; infinity where that is not known."""
    found = math.inf
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        with open(LIMIT, encoding="ascii") as file:
            found = min(found, int(file.read()))
    except (OSError, ValueError, AttributeError):  # another system; "max": no limit
        pass
    return found
