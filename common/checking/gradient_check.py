"""Gradient checks: is the backward pass of a layer right? `check_layer(TimeLSTM(Wx, Wh, b), xs, mask=mask)` compares
every gradient with central differences in float64, and checks the contract of a layer: gradients are written in place,
overwrite the former ones, are the same when `backward` is called again, and what `layer_contract` lists.

Each element costs two evaluations of the layer: small sizes (N=3, T=4, D=5, H=6) check the same code in no time.
"""

import copy
import sys

import numpy as np
from tqdm import tqdm

from common.arrays.checks import as_number, as_rng, described
from common.arrays.tied_weights import TiedWeights
from common.checking.gradient_errors import Gradient, check_depends, judge
from common.checking.layer_contract import (
    NOT_DETERMINISTIC,
    Call,
    as_tuple,
    check_contract,
    copied,
    same_global_random_state,
    views_of,
)

EPS = 1e-5  # balances the error of the difference (eps^2) with that of rounding (1e-16 / eps)
SILENT = 5  # seconds, after which a check shows its progress on standard error


def numerical_gradient(f, x, eps=EPS):
    """df/dx by central differences. f: a function of no arguments that reads x -> float, or an array, whose sum is
    meant; x: float array, changed and restored. eps: the step, times |x| where that is above 1.
    """
    return _central_differences(f, x, eps, lambda: None)


def _central_differences(f, x, eps, done):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = eps * max(1.0, abs(x[i]))
        above, below = _values_at(f, x, i, (step, -step))
        gradient[i] = np.sum(above - below) / (2 * step)
        done()
    return gradient


def _values_at(f, x, i, steps):
    """f where element i of x is moved by each of the steps; x is restored."""
    value = x[i]
    try:
        values = []
        for step in steps:
            x[i] = value + step
            values.append(f())
        return values
    finally:
        x[i] = value


def check_layer(layer, *inputs, mask=None, constants=(), tolerance=1e-6, eps=EPS, rng=0, verbose=False):
    """Compare every parameter's and every float input's gradient with central differences.

    layer: has `params`, `grads`, `forward(*inputs)` (with mask=mask if one is given) and `backward(dout)`; its
    parameters and float inputs are float64. forward may return one array, several, or a loss; backward one gradient,
    or one for each float input in order (None for inputs without; integers that get a gradient are taken as float64).
    constants: positions of float inputs that have no gradient (a target, say). rng: draws the upstream gradient.

    Every forward starts from a copy of the layer as it was given, so a dropout drops the same elements and a stateful
    layer starts from the same state; the layer itself is not changed.

    At a kink (ReLU at 0, equal maxima) there is no one gradient: there the one-sided differences are compared, and any
    value between them, or 0, is right; the table says "kink". After five seconds the progress is shown on standard
    error: choose smaller sizes.

    -> dict: for each parameter and input, the largest |analytic - numeric| over its elements, relative to the larger
    of the two; of an element below a thousandth of its array's largest, or a ten-thousandth of the largest of all,
    relative to that, since there the differences are rounding. verbose: prints it as a table. Raises AssertionError
    naming the worst element and both values where one is above `tolerance`, or the part of the contract that is broken;
    ValueError where the layer cannot be checked (no float64, no gradient returned for a float input).
    """
    __tracebackhide__ = True
    called = type(layer).__name__
    _check_is_layer(layer)
    constants = (constants,) if isinstance(constants, int) else constants
    tolerance = as_number("check_layer", "tolerance", tolerance, above=0)
    eps = as_number("check_layer", "eps", eps, above=0)
    inputs = [np.array(x) if hasattr(x, "dtype") or isinstance(x, list) else x for x in inputs]
    floats = [i for i, x in enumerate(inputs) if getattr(x, "dtype", np.dtype(int)).kind == "f" and i not in constants]
    names = _param_names(layer)
    for name, a in [*zip(names, layer.params), *((f"input {i}", inputs[i]) for i in floats)]:
        if a.dtype != np.float64:
            expected = "expected float64 (float32 rounds too much for differences)"
            raise ValueError(f"{called}: {name}: {expected}, got {a.dtype}")

    call = Call(layer, inputs, None if mask is None else np.asarray(mask))
    probe, outputs = call.forward()
    _check_finite(called, outputs)
    rng = as_rng("check_layer", rng)
    # The upstream gradient of a loss is 1, of other outputs a random one: sum(dout * output) is differentiated.
    douts = call.upstream_gradients(outputs, rng)
    analytic_inputs, analytic_params = _backward(called, names, probe, douts)
    if len(analytic_inputs) == len(inputs):
        differentiated = [i for i, dx in enumerate(analytic_inputs) if dx is not None and i not in constants]
        if integers := [i for i in differentiated if i not in floats]:
            inputs = [np.asarray(x, np.float64) if i in integers else x for i, x in enumerate(inputs)]
            how = {"tolerance": tolerance, "eps": eps, "rng": rng, "verbose": verbose}
            return check_layer(layer, *inputs, mask=mask, constants=constants, **how)
        analytic_inputs = [analytic_inputs[i] for i in floats]
    if not floats and all(g is None for g in analytic_inputs):
        analytic_inputs = []
    if len(analytic_inputs) != len(floats) or any(g is None for g in analytic_inputs):
        expected = f"expected a gradient from backward for each of {len(floats)} float inputs"
        got = f"None for {'it' if len(floats) == 1 else 'some'}"
        got = got if len(analytic_inputs) == len(floats) else f"{len(analytic_inputs)}"
        raise ValueError(f"{called}: {expected}, got {got}; see `constants`")
    check_contract(call, douts)

    def weighted_outputs():  # of a copy made after the change, so that views of a parameter in the layer change, too
        return np.concatenate([np.ravel(d * y) for d, y in zip(douts, call.forward()[1])])

    def nearby(a, i, far, points):
        here, rng, slopes = [b.copy() for b in arrays], np.random.default_rng(0), []
        try:
            for _ in range(points):
                for b, value in zip(arrays, here):
                    b[...] = value + far * rng.standard_normal(b.shape)
                above, below = _values_at(weighted_outputs, a, i, (far / 10, -far / 10))
                slopes.append(np.sum(above - below) / (far / 5))
        finally:
            for b, value in zip(arrays, here):
                b[...] = value
        return slopes

    names += [f"input {i}" if len(floats) > 1 else "input" for i in floats]
    arrays = [*layer.params, *(inputs[i] for i in floats)]
    with _progress(called, sum(a.size for a in arrays)) as bar:
        numeric = [_central_differences(weighted_outputs, a, eps, bar.update) for a in arrays]
    checked = [
        Gradient(
            name,
            np.asarray(analytic),
            found,
            lambda i, steps, a=a: _values_at(weighted_outputs, a, i, steps),
            nearby=lambda *where, a=a: nearby(a, *where),
        )
        for name, analytic, found, a in zip(names, analytic_params + analytic_inputs, numeric, arrays)
    ]
    errors = judge(called, checked, tolerance, eps, verbose)
    if not any(np.size(x) == 0 for x in inputs):
        check_depends(called, checked)
    return errors


def check_model(model, *inputs, tolerance=1e-6, projections=5, eps=1e-4, rng=0, verbose=False):
    """A cheap check of a whole model: each parameter along a few random directions instead of element by element.

    model: `params`, `grads`, `forward(*inputs)` -> loss, `backward()`; float64. Five evaluations for each parameter
    and direction, whatever its size (after autograd's `check_grads`). Returns and raises as `check_layer`; of the
    contract it checks that forward is deterministic.
    """
    __tracebackhide__ = True
    _check_is_layer(model)
    called, names, rng = type(model).__name__, _param_names(model), np.random.default_rng(rng)
    views = views_of(model)

    def loss(k=0, step=0.0):
        probe = copied(model, views)
        probe.params[k][...] += step
        with same_global_random_state():
            return probe, probe.forward(*inputs)

    (probe, first), (_, second) = loss(), loss()
    if not np.array_equal(first, second, equal_nan=True):
        raise AssertionError(f"{called}: {NOT_DETERMINISTIC}")
    _check_finite(called, [first])
    found = []
    for _ in range(2):
        probe.backward()
        _check_is_layer(probe)  # it may have made new lists
        found.append([np.array(g) for g in probe.grads])
    _check_same(called, names, *found)
    grads = _with_tied(probe, found[0])
    checked = []
    with _progress(called, len(names) * projections) as bar:
        for k, name in enumerate(names):
            if model.params[k].dtype != np.float64:
                raise ValueError(f"{called}: {name}: expected float64, got {model.params[k].dtype}")
            directions = [rng.standard_normal(grads[k].shape) for _ in range(projections)]
            directions = [d / np.sqrt((d**2).sum()) for d in directions]

            def losses(i, steps, k=k, directions=directions):
                return [loss(k, step * directions[i[0]])[1] for step in steps]

            slopes = []
            for i in range(projections):
                # Beside a loss of order 1 small differences are lost in rounding: a longer step, and a second one to
                # cancel its error (Richardson).
                near, near_below, far, far_below = losses((i,), (eps, -eps, 2 * eps, -2 * eps))
                slopes.append((4 * (near - near_below) / (2 * eps) - (far - far_below) / (4 * eps)) / 3)
                bar.update()
            analytic = np.array([np.sum(d * grads[k]) for d in directions])
            checked.append(Gradient(name, analytic, np.array(slopes), losses, "along direction"))
    errors = judge(called, checked, tolerance, 2 * eps, verbose)
    check_depends(called, checked)
    return errors


def _check_is_layer(layer):
    """AssertionError or ValueError where this is not a layer, with as many gradients as parameters."""
    __tracebackhide__ = True
    called = type(layer).__name__
    missing = [name for name in ("params", "grads", "forward", "backward") if name not in dir(layer)]
    if missing or isinstance(layer, type):
        got = described(layer) + (f" without {', '.join(missing)}" if missing else "")
        way_out = f": {layer.__name__}(...) makes one" if isinstance(layer, type) else ""
        expected = "expected a layer or model with params, grads, forward and backward"
        raise ValueError(f"{expected}, got {got}{way_out}")
    for name in ("params", "grads"):
        arrays = getattr(layer, name)  # one after the other: grads may be made of params
        if not isinstance(arrays, (list, tuple)) or not all(hasattr(a, "dtype") for a in arrays):
            expected, got = f"expected {name} to be a list of arrays", described(arrays)
            got += f" of {type(arrays[0]).__name__}" if isinstance(arrays, (list, tuple)) else ""
            raise ValueError(f"{called}: {expected}, got {got}")
    if len(layer.params) != len(layer.grads):
        counts = f"{len(layer.params)} and {len(layer.grads)}"
        raise AssertionError(f"{called}: expected as many grads as params, got {counts} of them")
    shapes = [[a.shape for a in arrays] for arrays in (layer.params, layer.grads)]
    if shapes[0] != shapes[1]:
        raise AssertionError(f"{called}: expected grads of the shapes of the params, {shapes[0]}, got {shapes[1]}")


def _backward(called, names, probe, douts):
    """backward, twice, into gradients of arbitrary values: -> copies of the gradients of the inputs and parameters."""
    __tracebackhide__ = True
    arrays = list(probe.grads)
    results = []
    for arbitrary in (1e3, -7.0):
        for g in arrays:
            g[...] = arbitrary
        dxs = as_tuple(probe.backward(*copy.deepcopy(douts)))
        if len(probe.grads) != len(arrays) or any(a is not b for a, b in zip(probe.grads, arrays)):
            expected = "expected gradients written in place (grads[0][...] = ...)"
            raise AssertionError(f"{called}: {expected}, got new arrays in grads")
        results.append(([None if g is None else np.array(g) for g in dxs], [np.array(g) for g in arrays]))
    (inputs1, params1), (inputs2, params2) = results
    for name, a, b in zip(names, params1, params2):
        if a.size and np.all(a == 1e3) and np.all(b == -7.0):
            raise AssertionError(f"{called}: {name}: expected backward to write its gradient, got none")
    names = [*names, *(f"input {i}" for i in range(len(inputs1)))]
    _check_same(called, names, params1 + inputs1, params2 + inputs2)
    return inputs1, _with_tied(probe, params1)


def _check_same(called, names, first, second):
    """AssertionError where a second backward gave other gradients than the first."""
    __tracebackhide__ = True
    for name, a, b in zip(names, first, second):
        if a is not None and not np.array_equal(a, b, equal_nan=True):
            got = "got another (does it add to the former one, or change what forward cached?)"
            raise AssertionError(f"{called}: {name}: expected the same gradient from a second backward, {got}")


def _with_tied(layer, grads):
    """A gradient for each parameter; of those that are the same memory (tied weights) the sum of theirs."""
    tied = TiedWeights(layer.params)
    sums = tied.sum_grads(grads)
    return [sums[i].T if transposed else sums[i] for i, transposed in tied.places]


def _check_finite(called, outputs):
    __tracebackhide__ = True
    for i, y in enumerate(outputs):
        if np.asarray(y).dtype.kind not in "fiub":
            expected = "expected forward to return an array, several of them, or a loss"
            raise ValueError(f"{called}: {expected}, got {described(y)}")
        if not np.all(np.isfinite(y)):
            at = np.argwhere(~np.isfinite(y))[0].tolist()
            raise AssertionError(
                f"{called}: expected finite outputs, got {np.asarray(y)[tuple(at)]} of output {i} at {at}"
            )


def _param_names(layer):
    """The layer's own `param_names`, else the attribute that holds the array, else its position."""
    own = getattr(layer, "param_names", None)
    if own is not None and len(own) == len(layer.params):
        return list(own)
    held = {id(value): name for name, value in getattr(layer, "__dict__", {}).items()}
    return [held.get(id(p), f"params[{i}]") for i, p in enumerate(layer.params)]


def _progress(called, total):
    """A bar that is shown once a check takes longer than SILENT seconds."""
    where = {"file": sys.stderr, "disable": sys.stderr is None}
    return tqdm(total=total, desc=f"{called}: differences", delay=SILENT, leave=False, **where)
