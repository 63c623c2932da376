"""What a case of `inputs` is, and the well-formed values that the cases share."""

from dataclasses import dataclass

import numpy as np

V, D, H, N, T = 7, 3, 2, 4, 3
rng = np.random.default_rng(0)
IDS = np.array([[1, 2, 3], [4, 1, 5], [6, 2, 1], [3, 3, 2]])
XS = rng.integers(-8, 8, (N, T, D)).astype(np.float32) / 4  # exact in float16, too
HS, X = XS[:, :, :H].copy(), XS[:, 0].copy()
TS, BINARY = np.array([0, 2, 1, 2]), np.array([0, 1, 1, 0])
MASK = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]], bool)
WEIGHT = np.array([1, 0.5, 2, 0.25], np.float32)
W, B = rng.normal(size=(V, D)).astype(np.float32), np.zeros(D, np.float32)
COUNTS, CORPUS = np.arange(1.0, V + 1), np.arange(24) % V


@dataclass(frozen=True)
class Case:
    """call(value) -> arrays, numbers, or lists of them. good: the value that is well formed. more: for its kind.

    owners: what a refusal may begin with. fine: names of hostile values that are well formed here, and mean something
    else.
    """

    name: str
    kind: str
    good: object
    call: object
    owners: tuple
    more: tuple = ()
    fine: tuple = ()


def case(owners, argument, kind, good, call, *more, fine=()):
    owners = (owners,) if isinstance(owners, str) else owners
    return Case(f"{owners[0]}, {argument}", kind, good, call, owners, more, fine)
