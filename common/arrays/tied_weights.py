"""Weights that several layers share: found by their memory, one parameter for the optimizer, their gradients added."""

import operator

from common.arrays.row_grad import add_grads


class TiedWeights:
    """Which parameters of a list are the same memory: the same array, or a transposed view of it (W and W.T).

    They are found by address and strides, never by comparing values. `unique`: each parameter once.
    """

    def __init__(self, params):
        self.params, self.unique = list(params), []
        self.places = []  # for each parameter: its index in `unique`, and whether it is transposed there
        indices = {}
        for p in self.params:
            index = indices.setdefault(_memory(p), len(self.unique))
            if index == len(self.unique):
                self.unique.append(p)
            first = self.unique[index]
            self.places.append((index, (p.shape, p.strides) != (first.shape, first.strides)))

    def fits(self, params):
        """Whether these are the very arrays that were looked at."""
        return len(params) == len(self.params) and all(map(operator.is_, params, self.params))

    def sum_grads(self, grads):
        """A gradient for each parameter (else ValueError) -> one for each of `unique`; no given array is changed."""
        if len(grads) != len(self.places):
            raise ValueError(f"expected a gradient for each of {len(self.places)} params, got {len(grads)} grads")
        if len(self.unique) == len(grads):
            return list(grads)
        shares = [[] for _ in self.unique]
        for (index, transposed), g in zip(self.places, grads):
            shares[index].append(g.T if transposed else g)
        return [share[0] if len(share) == 1 else add_grads(share) for share in shares]


def remove_duplicate(params, grads):
    """The book's name: each parameter once, with the sum of its gradients (`TiedWeights`). Lists -> new lists."""
    tied = TiedWeights(params)
    return tied.unique, tied.sum_grads(grads)


def _memory(a):
    """What two views of the same elements have in common: address and strides, of a matrix in either order."""
    interface = getattr(a, "__array_interface__", None) or a.__cuda_array_interface__
    axes = list(zip(a.shape, a.strides))
    return interface["data"][0], tuple(sorted(axes) if a.ndim == 2 else axes)
