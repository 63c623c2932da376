"""What every model has: its layers, their params and grads in one list each, a training switch, and files.

A model may hold models: whatever has `params` and `forward` is a layer, at any depth.
"""

import itertools
from contextlib import contextmanager
from types import MappingProxyType

import numpy as np

from common.arrays.checks import as_number, described
from common.arrays.examples import as_inputs, is_ragged, lengths, sorted_batches, take
from common.arrays.layer import WithGrads, grads_are_made
from common.arrays.tied_weights import TiedWeights
from common.files.book_params import params_file, read_book_params
from common.files.checkpoint import CheckpointError, load_arrays, save_arrays
from common.model_lock import lock_of
from common.np import GPU, to_cpu, to_device_of, to_gpu  # noqa: F401  (GPU: the book's module exports it)
from common.threads import one_blas_thread

_HOLDS_NO_LAYER = {type(None), bool, int, float, str, np.ndarray}  # most attributes; a forward must not wait for them
SWITCHES = ("training", "train_flg", "inference")  # what `mode_restored` restores, where a layer has it


class BaseModel(WithGrads):
    """A child builds its layers, calls `collect`, and writes `forward(x, t)` -> loss and `backward()`.

    A child may, as in the book, fill `params` and `grads` itself instead.
    """

    layers = ()  # a child in the book's manner may leave it so
    frozen = MappingProxyType({})  # by name: weights that are saved with the parameters, but not trained
    training = True
    below = ()
    frozen_layers = ()  # layers that are not among those below, because nothing of them is trained
    of_steps = None  # whether there is a score for each step of a text; None: where they look so

    def __init__(self):
        self.layers, self.params, self.grads, self.param_names = [], [], [], []

    def collect(self, **layers):
        """Take in layers and models by name, in order: layers, params, grads and param_names ("encoder.lstm.Wx").

        ValueError for a layer that comes twice, at any depth: build two layers with the same weights instead.
        """
        for name, layer in layers.items():
            _check_layer(f"{type(self).__name__}: {name}", layer)
        self.layers, self.layer_names = list(layers.values()), list(layers)
        first, below = {}, list(layers_below(self))
        for name, layer in below:
            if first.setdefault(id(layer), name) != name:
                twice = f"the same one as {first[id(layer)]!r} and {name!r}"
                raise ValueError(f"{type(self).__name__}: expected each layer once, got {twice}")
        self.params = [p for layer in self.layers for p in layer.params]
        self.grads = None  # those of the layers, where they are asked for
        self.param_names = [f"{name}.{param}" for name, layer in layers.items() for param in param_names(layer)]
        self.below = [layer for _, layer in below]
        vars(self).pop("_model_lock", None)  # the new layers may have one, which they share with another model

    def train(self, flag=True):
        """Training (True) or prediction (False) for all layers below that know the difference (`train_flg`).

        The `train` of a model below that has its own has the last word on what that model holds.
        """
        with lock_of(self):
            self.training = flag
            for layer in reversed(self._all_below()):
                for switch in ("training", "train_flg"):
                    if hasattr(layer, switch):
                        setattr(layer, switch, flag)
                if getattr(type(layer), "train", BaseModel.train) is not BaseModel.train:
                    layer.train(flag)

    @contextmanager
    def predicting(self):
        """Inside, nothing is dropped, and layers that know `inference` cache nothing; then all is as it was.

        One Python thread at a time is inside, and others wait.
        """
        with mode_restored(self) as before, one_blas_thread():
            self.train(False)
            for holder, name, _ in before:
                if name == "inference":
                    holder.inference = True
            yield

    def predict(self, xs, batch_size=64):
        """xs, in any of the forms that `Trainer.fit` takes -> what `score(xs)`, which a child has, gives for it.

        Without dropout; backward is not available after it. Lists are padded by the batch; the answers are in the order
        of xs: an array (N, ...) or, where the scores are those of steps (`of_steps`), a list of N arrays (T, ...).
        """
        if not hasattr(self, "score"):
            raise ValueError(f"{type(self).__name__}.predict: expected a method score(xs) -> scores, got none")
        return self.in_batches(self.score, xs, batch_size)

    def in_batches(self, score, xs, batch_size=64):
        """`predict` with another function than the model's own."""
        owner = f"{type(self).__name__}.predict"
        xs = as_inputs(owner, xs, "xs")
        batch_size = as_number(owner, "batch_size", batch_size, least=1, whole=True)

        def answer(xs):
            return to_cpu(score(to_device_of(self.params, xs)))

        with self.predicting():
            if not is_ragged(xs):
                return answer(xs)
            batches = sorted_batches(xs, batch_size)
            if not batches:
                raise ValueError(f"{owner}: expected at least one text, got none")
            answers = [answer(take(xs, index)) for index in batches]
        place = np.argsort(np.concatenate(batches))
        of_steps = self.of_steps
        if of_steps is None:
            of_steps = answers[0].ndim == 3 or len({answer.shape[1:] for answer in answers}) > 1
        if not of_steps:
            return np.concatenate(answers)[place]  # (N, C), or (N,)
        rows = [row for answer in answers for row in answer]
        return [rows[i][:size] for i, size in zip(place, lengths(xs))]

    def to_gpu(self):
        """Make CuPy arrays, which stay on the GPU, of all weights and gradients. ImportError without CuPy.

        Layers forget their state. `predict` and a Trainer move their batches there and bring scores back, and files
        hold NumPy arrays as ever; to a `forward` of one's own CuPy arrays have to be given.
        """
        self._move(to_gpu)

    def to_cpu(self):
        """Make NumPy arrays of them again."""
        self._move(to_cpu)

    def _move(self, move):
        with lock_of(self):
            self._move_all(move)

    def _move_all(self, move):
        holders = [self, *(layer for _, layer in layers_below(self)), *self.frozen_layers]
        tied = TiedWeights([p for holder in holders for p in holder.params])
        unique = [move(p) for p in tied.unique]
        moved = [unique[i].T if transposed else unique[i] for i, transposed in tied.places]
        moved = {id(p): new for p, new in zip(tied.params, moved)}
        grads = [g for holder in holders for g in holder.grads]  # which keeps them, and so their ids
        moved |= {id(g): move(np.zeros(g.shape, g.dtype)) for g in {id(g): g for g in grads}.values()}
        for holder in holders:
            getattr(holder, "reset_state", lambda: None)()
            getattr(holder, "buffers", {}).clear()
            for arrays in (holder.params, holder.grads):
                arrays[:] = [moved.get(id(a), a) for a in arrays]
            for name, a in getattr(holder, "frozen", {}).items():
                if id(a) in moved:
                    holder.frozen[name] = moved[id(a)]

    def _all_below(self):
        """The layers below, at any depth: found once by `collect`, else anew, since the lists were filled by hand."""
        return self.below or [layer for _, layer in layers_below(self)]

    def forward(self, *args):
        raise NotImplementedError(f"{type(self).__name__}: expected a method forward(x, t) -> loss, got none")

    def backward(self, *args):
        raise NotImplementedError(f"{type(self).__name__}: expected a method backward(), got none")

    def save_params(self, file_name=None):
        """Write the parameters, in their own precision, to file_name (default: ClassName.npz)."""
        with lock_of(self):
            save_arrays(file_name or type(self).__name__ + ".npz", self.weights())

    def load_params(self, file_name=None):
        """Read them back in place. Also reads the book's own .pkl files, and runs no code that one may hold.

        Default: the newer of ClassName.npz and ClassName.pkl. Where X.pkl is asked for and a newer X.npz lies beside
        it, that is read: a line on stderr says so. CheckpointError where the file is missing (then it is a
        FileNotFoundError, too) or damaged, or holds other shapes; then no parameter has changed.
        """
        file_name = params_file(file_name, type(self).__name__)
        own = self.weights()
        saved = read_book_params(file_name)
        if saved is None:
            by_name = load_arrays(file_name)
            if list(by_name) != list(own):
                raise CheckpointError(f"{file_name}: expected the parameters {list(own)}, got {list(by_name)}")
            saved = list(by_name.values())
        expected, got = [w.shape for w in own.values()], [a.shape for a in saved]
        if expected != got:
            raise CheckpointError(f"{file_name}: expected parameters of shapes {expected}, got {got}")
        with lock_of(self):
            for w, a in zip(own.values(), saved):
                w[...] = np.asarray(a, like=w)

    def weights(self):
        """What is saved, by name: the parameters, then the frozen weights, those of the layers below included."""
        frozen = dict(self.frozen)
        for name, layer in layers_below(self):
            frozen |= {f"{name}.{weight}": w for weight, w in getattr(layer, "frozen", {}).items()}
        return {**dict(zip(param_names(self), self.params)), **frozen}


class WrappedModel(BaseModel):
    """The base of what trains another model in its own way: the lists, switches and files are those of `model`."""

    def __init__(self, model):
        self.layers = [model]
        self.model, self.params, self.grads = model, model.params, model.grads
        self.param_names = param_names(model)
        self.scores = self.step_mask = None
        for name in ("pad", "ignore_label"):  # what a Trainer asks a model for, where it has it
            if hasattr(model, name):
                setattr(self, name, getattr(model, name))

    def weights(self):
        return self.model.weights() if hasattr(self.model, "weights") else super().weights()


@contextmanager
def mode_restored(model):
    """Inside, one Python thread may switch a model's mode; then it is as it was. -> (holder, name, value) of that."""
    with lock_of(model):
        pairs = itertools.product((model, *getattr(model, "_all_below", tuple)()), SWITCHES)
        before = [(holder, name, getattr(holder, name)) for holder, name in pairs if hasattr(holder, name)]
        try:
            yield before
        finally:
            for holder, name, value in before:  # the outer ones first: a layer may have been switched by itself
                setattr(holder, name, value)


def held_layers(holder):
    """(name, layer) of its `layers`, or, without any, attributes that are layers, or lists, tuples or dicts of them."""
    layers, names = getattr(holder, "layers", ()), getattr(holder, "layer_names", ())
    if layers and len(names) == len(layers):
        return list(zip(names, layers))
    found = {}  # by identity: the same one may stand in an attribute and in a list
    for name, value in vars(holder).items() if hasattr(holder, "__dict__") else ():
        if type(value) in _HOLDS_NO_LAYER:
            continue
        for path, layer in _layers_in(name, value):
            found.setdefault(id(layer), (path, layer))
    if not layers:
        return list(found.values())
    return [found.get(id(layer), (str(i), layer)) for i, layer in enumerate(layers)]


def _layers_in(name, value):
    """(name, layer) of a value that is a layer, or a list, tuple or dict of them, of any depth."""
    if type(value) in (list, tuple, dict):
        if type(value) is list and value and type(value[0]) in _HOLDS_NO_LAYER - {type(None)}:
            return  # a list of data, which may be long
        for key, inner in value.items() if type(value) is dict else enumerate(value):
            if type(inner) not in _HOLDS_NO_LAYER:
                yield from _layers_in(f"{name}.{key}", inner)
    elif _is_layer(value):
        yield name, value


def layers_below(holder, prefix="", above=()):
    """(name, layer) of all that a model or a layer holds, at any depth, each after what holds it ("encoder.drop")."""
    above = (*above, id(holder))
    for name, layer in held_layers(holder):
        if id(layer) not in above:  # a layer may know the model that holds it
            yield prefix + name, layer
            yield from layers_below(layer, f"{prefix}{name}.", above)


def param_names(layer):
    """The names of a layer's params: its own, or their positions."""
    names = list(getattr(layer, "param_names", ()))
    return names if len(names) == len(layer.params) else list(map(str, range(len(layer.params))))


def _check_layer(called, layer):
    """ValueError unless a layer has params and grads, lists of arrays of equal shapes."""
    if isinstance(layer, type):
        raise ValueError(f"{called}: expected a layer, got {described(layer)}: {layer.__name__}(...) makes one")
    made = grads_are_made(layer)
    missing = [name for name in ("params", "grads")[: 1 + made] if not hasattr(layer, name)]
    if missing:
        way_out = "a layer without weights has self.params, self.grads = [], []"
        got = f"{described(layer)} without {' and '.join(missing)}"
        raise ValueError(f"{called}: expected a layer with params and grads, got {got} ({way_out})")
    for name, arrays in (("params", layer.params), ("grads", layer.grads if made else [])):
        if not isinstance(arrays, (list, tuple)):
            expected, got = f"expected {name} to be a list of arrays", described(arrays)
            raise ValueError(f"{called}: {expected}, got {got} of {type(layer).__name__}")
    if not made:  # `new_grads` sees to their shapes
        return
    shapes = [[getattr(a, "shape", type(a).__name__) for a in arrays] for arrays in (layer.params, layer.grads)]
    if shapes[0] != shapes[1]:
        expected = f"grads of the shapes of the params, {shapes[0]}"
        raise ValueError(f"{called}: expected {expected}, got {shapes[1]} of {type(layer).__name__}")


def _is_layer(value):
    return hasattr(value, "forward") and hasattr(value, "params") and not isinstance(value, type)
