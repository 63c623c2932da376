"""What every model has: its layers, their params and grads in one list each, a training switch, and files.

Weights that two layers share are the same memory. `remove_duplicate` finds them by that, never by comparing values:
their gradients add, and the optimizer sees one parameter.
"""

import os
from contextlib import contextmanager
from types import MappingProxyType

from common.arrays.row_grad import add_grads
from common.files.book_params import read_book_params
from common.files.checkpoint import CheckpointError, load_arrays, save_arrays


class BaseModel:
    """A child builds its layers, calls `collect`, and writes `forward(x, t)` -> loss and `backward()`.

    A child may, as in the book, fill `params` and `grads` itself instead.
    """

    layers = ()  # a child in the book's manner may leave it so
    frozen = MappingProxyType({})  # by name: weights that are saved with the parameters, but not trained
    training = True

    def __init__(self):
        self.layers, self.params, self.grads, self.param_names = [], [], [], []

    def collect(self, **layers):
        """Take in layers by name, in order: layers, params, grads and param_names ("embed.W").

        ValueError for a layer that comes twice, which would remember its last use alone: tie the weights of two layers.
        """
        self.layers = list(layers.values())
        first = {}
        for name, layer in layers.items():
            if first.setdefault(id(layer), name) != name:
                twice = f"the same one as {first[id(layer)]!r} and {name!r}"
                raise ValueError(f"{type(self).__name__}: expected each layer once, got {twice}")
        self.params = [p for layer in self.layers for p in layer.params]
        self.grads = [g for layer in self.layers for g in layer.grads]
        self.param_names = [
            f"{name}.{param}"
            for name, layer in layers.items()
            for param in getattr(layer, "param_names", range(len(layer.params)))
        ]

    def train(self, flag=True):
        """Training (True) or prediction (False) for all layers that know the difference (`train_flg`)."""
        self.training = flag
        for layer in self.layers:
            if hasattr(layer, "train_flg"):
                layer.train_flg = flag

    @contextmanager
    def predicting(self):
        """Inside, nothing is dropped, and layers that know `inference` keep nothing for backward; then all is as it
        was.
        """
        training = self.training
        flags = [(layer, layer.train_flg) for layer in self.layers if hasattr(layer, "train_flg")]
        keeping = [layer for layer in self.layers if not getattr(layer, "inference", True)]
        self.train(False)
        for layer in keeping:
            layer.inference = True
        try:
            yield
        finally:
            self.train(training)
            for layer, flag in flags:  # one may have been switched by itself
                layer.train_flg = flag
            for layer in keeping:
                layer.inference = False

    def forward(self, *args):
        raise NotImplementedError

    def backward(self, *args):
        raise NotImplementedError

    def save_params(self, file_name=None):
        """Write the parameters, in their own precision, to file_name (default: ClassName.npz)."""
        save_arrays(file_name or type(self).__name__ + ".npz", self.weights())

    def load_params(self, file_name=None):
        """Read them back in place. Also reads the book's own .pkl files, and runs no code that one may hold.

        Default: ClassName.npz, else ClassName.pkl. CheckpointError where the file is missing or damaged, or holds other
        shapes; then no parameter has changed.
        """
        default = type(self).__name__
        file_name = file_name or (default + ".npz" if os.path.exists(default + ".npz") else default + ".pkl")
        saved = read_book_params(file_name)
        if saved is None:
            by_name = load_arrays(file_name)
            if list(by_name) != list(self.weights()):
                raise CheckpointError(
                    f"{file_name}: expected the parameters {list(self.weights())}, got {list(by_name)}"
                )
            saved = list(by_name.values())
        own = list(self.weights().values())
        if [a.shape for a in saved] != [w.shape for w in own]:
            wanted, came = [w.shape for w in own], [a.shape for a in saved]
            raise CheckpointError(f"{file_name}: expected parameters of shapes {wanted}, got {came}")
        for w, a in zip(own, saved):
            w[...] = a

    def weights(self):
        """What is saved, by name: the parameters and the frozen weights."""
        named = len(getattr(self, "param_names", [])) == len(self.params)
        names = self.param_names if named else map(str, range(len(self.params)))
        return {**dict(zip(names, self.params)), **self.frozen}


def remove_duplicate(params, grads):
    """Each parameter once, with the sum of its gradients. Lists -> new lists; no array is changed.

    Two parameters are one if they are the same memory: the same array, or a transposed view of it (W and W.T).
    """
    firsts, params_once, grads_once = {}, [], []
    for p, g in zip(params, grads):
        key = _memory(p)
        if key not in firsts:
            firsts[key] = len(params_once)
            params_once.append(p)
            grads_once.append(g)
            continue
        first = firsts[key]
        same_way = p.shape == params_once[first].shape and p.strides == params_once[first].strides
        grads_once[first] = add_grads(grads_once[first], g if same_way else g.T)
    return params_once, grads_once


def _memory(a):
    """What two views of the same elements have in common: address and strides, of a matrix in either order."""
    interface = getattr(a, "__array_interface__", None) or a.__cuda_array_interface__
    axes = list(zip(a.shape, a.strides))
    return interface["data"][0], tuple(sorted(axes) if a.ndim == 2 else axes)
