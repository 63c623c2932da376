"""The contract of a layer besides correct gradients, checked on copies of it: forward is deterministic, arrays are left
alone, padding has no influence, the dtype is that of the weights. docs/check_a_layer.md lists it.

`check_layer` of `common.checking.gradient_check` calls `check_contract`; a broken promise is an AssertionError.
"""

import copy
import types
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np

CLOSE = 1e-9  # of the largest element: what is called rounding in float64
NOT_DETERMINISTIC = "forward is not deterministic: pass rng=... where it draws, so that two runs draw the same"


@dataclass
class Call:
    """A layer, with what its forward gets. Every `forward` starts from a copy of the layer as it is now, so a dropout
    drops the same elements and a stateful layer starts from the same state; the layer itself is not changed.

    inputs: list. mask: (N, T) bool or None: then forward gets none.
    """

    layer: object
    inputs: list
    mask: np.ndarray | None

    @property
    def name(self):
        """The layer's class, for messages."""
        return type(self.layer).__name__

    @cached_property
    def views(self):
        """The arrays of the layer that share memory, which its copies share again: see `views_of`."""
        return views_of(self.layer)

    def forward(self, inputs=None, layer=None, mask=None):
        """-> the layer that ran, a tuple of its outputs. Others than its own layer, inputs and mask are not copied."""
        layer = copied(self.layer, self.views) if layer is None else layer
        inputs = copy.deepcopy(self.inputs) if inputs is None else inputs
        more = {} if self.mask is None else {"mask": self.mask.copy() if mask is None else mask}
        with same_global_random_state():
            return layer, as_tuple(layer.forward(*inputs, **more))

    @property
    def padded(self):
        """The positions of the inputs that the mask is of."""
        return [i for i, x in enumerate(self.inputs) if np.shape(x)[:2] == np.shape(self.mask)]

    def upstream_gradients(self, outputs, rng):
        """For each output an array to multiply it with: the sum of all that is differentiated. A loss counts once."""
        return [1.0 if np.ndim(y) == 0 else rng.standard_normal(np.shape(y)) for y in outputs]


def check_contract(call, douts):
    """AssertionError where the layer of a Call breaks a promise. douts: of `upstream_gradients`."""
    __tracebackhide__ = True
    _check_arrays_are_left_alone(call, douts)
    _check_deterministic(call)
    _check_linear(call, douts)
    _check_padding(call, douts)
    _check_length(call)
    _check_dtype(call, douts)


def _check_arrays_are_left_alone(call, douts):
    """Neither what is handed in nor what was returned changes, not in a later forward and backward either."""
    __tracebackhide__ = True
    inputs, given, mask = copy.deepcopy((call.inputs, douts, call.mask))
    layer, outputs = call.forward(inputs, mask=mask)
    dxs = as_tuple(layer.backward(*given))
    watched = [(f"input {i}", x, call.inputs[i]) for i, x in enumerate(inputs)]
    watched += [(f"dout {i}", dout, douts[i]) for i, dout in enumerate(given)]
    watched += [(f"params[{i}]", p, call.layer.params[i]) for i, p in enumerate(layer.params)]
    for name, now, before in [*watched, ("the mask", mask, call.mask)]:
        if not _same(now, before):
            raise AssertionError(f"{call.name}: expected arrays that are handed in to stay as they are, {name} changed")
    returned = [(f"output {i}", y) for i, y in enumerate(outputs)]
    returned += [(f"the gradient of input {i}", dx) for i, dx in enumerate(dxs)]
    kept = copy.deepcopy(returned)
    call.forward([_other(x) for x in call.inputs], layer)
    layer.backward(*(-dout for dout in douts))
    for (name, now), (_, before) in zip(returned, kept):
        if not _same(now, before):
            expected, got = "expected arrays that were returned to stay as they are", f"{name} changed in the next run"
            raise AssertionError(f"{call.name}: {expected}, {got} (return a copy)")


def _other(x):
    """Another input of the same kind: the examples in reverse order, numbers halved."""
    if not isinstance(x, np.ndarray) or x.ndim == 0:
        return x
    return x[::-1] * 0.5 if _is_float(x) else x[::-1].copy()


def _check_deterministic(call):
    __tracebackhide__ = True
    (_, first), (_, second) = call.forward(), call.forward()
    if not all(map(_same, first, second)):
        raise AssertionError(f"{call.name}: {NOT_DETERMINISTIC}")


def _check_linear(call, douts):
    """Gradients are proportional to dout, that of a loss, too: a sum of two losses needs it."""
    __tracebackhide__ = True
    layer, _ = call.forward()
    found = []
    for sign in (1, -1):
        dxs = as_tuple(layer.backward(*(sign * dout for dout in douts)))
        found.append(copy.deepcopy((*dxs, *layer.grads)))
    names = [*(f"input {i}" for i in range(len(dxs))), *(f"params[{i}]" for i in range(len(layer.grads)))]
    for name, a, b in zip(names, *found):
        if a is not None and np.any(np.abs(a + b) > CLOSE * np.abs(a).max(initial=0)):
            expected, got = "expected gradients proportional to dout", f"for -dout that of {name} is not minus that for"
            raise AssertionError(f"{call.name}: {expected}, {got} dout (does backward ignore dout?)")


def _check_padding(call, douts):
    """What stands where the mask is False changes no bit of any output or gradient, and gets gradients of 0."""
    __tracebackhide__ = True
    if call.mask is None:
        return
    if np.all(call.mask):  # then a step of padding is added
        call, outputs = _with_more_padding(call)
        if call is None:
            return
        douts = call.upstream_gradients(outputs, np.random.default_rng(0))
    mask = np.asarray(call.mask, bool)
    padded = call.padded
    clean, dxs, grads = _results(call, call.inputs, douts)
    where = np.argwhere(~mask)[0].tolist()
    for i, dx in zip(padded, [dxs[i] for i in padded if i < len(dxs)]):
        if dx is not None and np.any(dx[~mask]):
            expected = "expected gradients of 0 where the mask is False"
            raise AssertionError(f"{call.name}: input {i}: {expected}, got others (does backward ignore the mask?)")
    for rubbish, why in ((1e3, "does the layer ignore it?"), (np.nan, "0 * nan is nan: np.where instead of a product")):
        spoilt = list(call.inputs)
        for i in padded:
            spoilt[i] = _spoilt(call.inputs[i], mask, rubbish)
        dirty = _results(call, spoilt, douts)
        for name, ours, theirs in zip(("output", "input", "parameter"), dirty, (clean, dxs, grads)):
            if not all(map(_same, ours, theirs)):
                what = "output" if name == "output" else f"gradient of an {name}".replace("an p", "a p")
                expected = f"expected what stands where the mask is False, as at {where}, to change nothing"
                raise AssertionError(f"{call.name}: {expected}, {rubbish:g} there gives another {what} ({why})")


def _check_length(call):
    """One more step of padding changes nothing but the rounding: texts are padded to the longest of their batch."""
    __tracebackhide__ = True
    if call.mask is None:
        return
    layer, outputs = call.forward()
    if not all(map(_same, outputs, call.forward(layer=layer)[1])):
        return  # it draws, or keeps a state: no two runs of it are alike
    longer, others = _with_more_padding(call)
    mask = np.asarray(call.mask, bool)
    for i, (a, b) in enumerate(zip(outputs, () if longer is None else others)):
        if np.shape(a)[:2] == mask.shape and np.shape(b)[:2] == longer.mask.shape:
            a, b = a[mask], b[:, :-1][mask]  # (N, T, ...) -> (M, ...): the real steps
        if np.shape(a) == np.shape(b) and np.any(np.abs(a - b) > CLOSE * np.abs(a).max(initial=0)):
            expected = "expected one more step where the mask is False to change nothing"
            way_out = "divide by the number of real steps; carry the state over masked ones"
            raise AssertionError(f"{call.name}: {expected}, output {i} is another ({way_out})")


def _with_more_padding(call):
    """-> a Call with a step more, which the mask rules out, and its outputs; None, None where there can be no such."""
    inputs = [np.concatenate((x, x[:, -1:]), 1) if i in call.padded else x for i, x in enumerate(call.inputs)]
    mask = np.pad(call.mask, ((0, 0), (0, 1)))  # (N, T) -> (N, T + 1)
    longer = Call(call.layer, inputs, mask)
    try:
        return (longer, longer.forward()[1]) if call.padded and len(mask.T) > 1 else (None, None)
    except Exception:  # a layer for texts of one length
        return None, None


def _spoilt(x, mask, rubbish):
    """x with rubbish in the padding; among integers, which are ids, one of those that occur."""
    x = np.array(x)
    x[~mask] = rubbish if x.dtype.kind == "f" else x.max()
    return x


def _results(call, inputs, douts):
    """-> outputs, gradients of the inputs, gradients of the parameters."""
    with np.errstate(invalid="ignore"):  # of the nan in the padding
        layer, outputs = call.forward(inputs)
        dxs = as_tuple(layer.backward(*douts))
    return outputs, dxs, list(layer.grads)


def _check_dtype(call, douts):
    """In float64 everything that is returned is float64; a copy of the layer with float32 weights returns float32."""
    __tracebackhide__ = True
    for dtype in (np.float64, np.float32):
        with np.errstate(over="ignore", invalid="ignore"):  # of buffers that nothing was written into yet
            memo = {id(a): a.astype(dtype) for a in _held(call.layer, np.ndarray) if _is_float(a)}
        layer = copy.deepcopy(call.layer, memo | _modules(call.layer))
        inputs = [x.astype(dtype) if _is_float(x) else x for x in call.inputs]
        try:
            _, outputs = call.forward(inputs, layer)
            dxs = as_tuple(layer.backward(*(d.astype(dtype) if np.ndim(d) else d for d in douts)))
        except Exception as error:
            got = f"got {type(error).__name__}: {error}"
            raise AssertionError(f"{call.name}: expected to run in {np.dtype(dtype)}, too, {got}") from error
        named = [(f"output {i}", y) for i, y in enumerate(outputs)]
        named += [(f"the gradient of input {i}", dx) for i, dx in enumerate(dxs)]
        for name, a in named:
            if np.ndim(a) and a.dtype.kind == "f" and a.dtype != dtype:
                expected = f"expected {np.dtype(dtype)}, as of weights and inputs"
                raise AssertionError(f"{call.name}: {name}: {expected}, got {a.dtype}")


def copied(layer, views=()):
    """A deep copy, in which arrays share memory again as they did: views of `views_of(layer)`. ValueError if none."""
    memo = _modules(layer)
    for root, held in views:
        memory = root.ravel(order="K").copy()
        for a in held:
            offset = a.__array_interface__["data"][0] - root.__array_interface__["data"][0]
            memo[id(a)] = np.ndarray(a.shape, a.dtype, memory, offset, a.strides).view(type(a))
    try:
        return copy.deepcopy(layer, memo)
    except Exception as error:
        expected = "expected a layer that can be copied, since each run is one of a copy"
        raise ValueError(f"{type(layer).__name__}: {expected}, got {type(error).__name__}: {error}") from error


def _modules(layer):
    """What a copy shares, as a memo of `copy.deepcopy`: modules, as of self.xp = np, which cannot be copied."""
    return {id(module): module for module in _held(layer, types.ModuleType)}


def views_of(layer):
    """(array, the arrays of the layer that are it or views of it) where there are several, as W and W[:H], or W.T."""
    roots, held = {}, {}
    for a in _held(layer, np.ndarray):
        root = a
        while isinstance(root.base, np.ndarray):
            root = root.base
        roots[id(root)] = root
        held.setdefault(id(root), []).append(a)
    return [(roots[i], found) for i, found in held.items() if len(found) > 1 and roots[i].flags.forc]


def _held(holder, kind, seen=None):
    """All objects of a kind that a layer holds, in lists, dicts and further layers, too, each once."""
    seen = {} if seen is None else seen
    if id(holder) in seen or isinstance(holder, (str, bytes, type, np.random.Generator)):
        return []
    seen[id(holder)] = holder
    if isinstance(holder, kind):
        return [holder]
    if isinstance(holder, (types.ModuleType, np.ndarray)):
        return []
    inside = holder.values() if isinstance(holder, dict) else holder if isinstance(holder, (list, tuple)) else ()
    own = getattr(holder, "__dict__", {}).values()
    return [found for value in (*inside, *own) for found in _held(value, kind, seen)]


def _is_float(x):
    return isinstance(x, np.ndarray) and x.dtype == np.float64


def _same(a, b):
    """Whether two values are equal, nan to nan."""
    if a is None or b is None:
        return a is b
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def as_tuple(x):
    """What a forward or backward returned, as a tuple."""
    return tuple(x) if isinstance(x, (tuple, list)) else (x,)


@contextmanager
def same_global_random_state():
    """A layer may draw from NumPy's global generator, as the book's do: each run of it gets the same numbers."""
    state = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
