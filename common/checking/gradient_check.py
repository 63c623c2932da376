"""Gradient checks: is the backward pass of a layer right? `check_layer(TimeLSTM(Wx, Wh, b), xs, mask=mask)` compares
every gradient with central differences in float64, and checks the contract of a layer: gradients are written in place,
overwrite the former ones, and are the same when `backward` is called again.
"""

import copy
from contextlib import contextmanager

import numpy as np

EPS = 1e-5  # balances the error of the difference (eps^2) with that of rounding (1e-16 / eps)


def numerical_gradient(f, x, eps=EPS):
    """df/dx by central differences. f: a function of no arguments that reads x -> float, or an array, whose sum is
    meant; x: float array, changed and restored.
    """
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        value = x[i]
        try:
            x[i] = value + eps
            above = f()
            x[i] = value - eps
            gradient[i] = np.sum(above - f()) / (2 * eps)
        finally:
            x[i] = value
    return gradient


def check_layer(layer, *inputs, mask=None, constants=(), tolerance=1e-6, eps=EPS, rng=0, verbose=False):
    """Compare every parameter's and every float input's gradient with central differences.

    layer: has `params`, `grads`, `forward(*inputs)` (with mask=mask if one is given) and `backward(dout)`; its
    parameters and float inputs are float64. forward may return one array, several, or a loss; backward one gradient,
    or one for each float input in order (None for inputs without). constants: positions of float inputs that have no
    gradient (a target, say). rng: draws the upstream gradient.

    Every forward starts from a copy of the layer as it was given, so a dropout drops the same elements and a stateful
    layer starts from the same state; the layer itself is not changed.

    -> dict: for each parameter and input, the largest |analytic - numeric| over its elements, relative to the larger
    of the two; of an element below a thousandth of its array's largest, or a ten-thousandth of the largest of all,
    relative to that, since there the differences are rounding. verbose: prints it as a table. Raises AssertionError
    naming the worst where one is above `tolerance` or the contract is broken, ValueError where the layer cannot be
    checked (no float64, no gradient returned for a float input).
    """
    called = type(layer).__name__
    if len(layer.params) != len(layer.grads):
        counts = f"{len(layer.params)} and {len(layer.grads)}"
        raise AssertionError(f"{called}: expected as many grads as params, got {counts} of them")
    inputs = [np.array(x) if hasattr(x, "dtype") or isinstance(x, list) else x for x in inputs]
    floats = [i for i, x in enumerate(inputs) if getattr(x, "dtype", np.dtype(int)).kind == "f" and i not in constants]
    names = _param_names(layer)
    for name, a in [*zip(names, layer.params), *((f"input {i}", inputs[i]) for i in floats)]:
        if a.dtype != np.float64:
            expected = "expected float64 (float32 rounds too much for differences)"
            raise ValueError(f"{called}: {name}: {expected}, got {a.dtype}")

    def run(probe):
        with _same_global_random_state():
            return _as_tuple(probe.forward(*inputs) if mask is None else probe.forward(*inputs, mask=mask))

    probe = copy.deepcopy(layer)
    outputs = run(probe)
    rng = np.random.default_rng(rng)
    # The upstream gradient of a loss is 1, of other outputs a random one: sum(dout * output) is differentiated.
    douts = [1.0 if np.ndim(y) == 0 else rng.standard_normal(np.shape(y)) for y in outputs]
    analytic_inputs, analytic_params = _backward(called, names, probe, douts)
    if len(analytic_inputs) == len(inputs):
        analytic_inputs = [analytic_inputs[i] for i in floats]
    if len(analytic_inputs) != len(floats) or any(g is None for g in analytic_inputs):
        expected = f"expected a gradient from backward for each of {len(floats)} float inputs"
        raise ValueError(f"{called}: {expected}; see `constants`")

    def weighted_outputs():  # of a copy made after the change, so that views of a parameter in the layer change, too
        return np.concatenate([np.ravel(d * y) for d, y in zip(douts, run(copy.deepcopy(layer)))])

    names += [f"input {i}" if len(floats) > 1 else "input" for i in floats]
    arrays = [*layer.params, *(inputs[i] for i in floats)]
    numeric = [numerical_gradient(weighted_outputs, a, eps) for a in arrays]
    checked = dict(zip(names, zip(analytic_params + analytic_inputs, numeric)))
    return _judge(called, checked, tolerance, verbose)


def check_model(model, *inputs, tolerance=1e-6, projections=5, eps=1e-4, rng=0, verbose=False):
    """A cheap check of a whole model: each parameter along a few random directions instead of element by element.

    model: `params`, `grads`, `forward(*inputs)` -> loss, `backward()`; float64. Four evaluations for each parameter
    and direction, whatever its size (after autograd's `check_grads`). Returns and raises as `check_layer`.
    """
    called, names, rng = type(model).__name__, _param_names(model), np.random.default_rng(rng)
    probe = copy.deepcopy(model)
    with _same_global_random_state():
        probe.forward(*inputs)
    probe.backward()
    # A parameter that is in the list twice (tied weights) has the sum of its gradients.
    grads = [sum(np.array(g) for q, g in zip(probe.params, probe.grads) if q is p) for p in probe.params]

    def loss(k, step):
        probe = copy.deepcopy(model)
        probe.params[k][...] += step
        with _same_global_random_state():
            return probe.forward(*inputs)

    def slope(k, direction):
        # Beside a loss of order 1 small differences are lost in rounding: a longer step, and a second one to cancel its
        # error (Richardson).
        near, far = ((loss(k, h * direction) - loss(k, -h * direction)) / (2 * h) for h in (eps, 2 * eps))
        return (4 * near - far) / 3

    checked = {}
    for k, name in enumerate(names):
        if model.params[k].dtype != np.float64:
            raise ValueError(f"{called}: {name}: expected float64, got {model.params[k].dtype}")
        directions = [rng.standard_normal(grads[k].shape) for _ in range(projections)]
        directions = [d / np.sqrt((d**2).sum()) for d in directions]
        checked[name] = np.array([[np.sum(d * grads[k]), slope(k, d)] for d in directions]).T
    return _judge(called, checked, tolerance, verbose)


def _backward(called, names, probe, douts):
    """backward, twice, into gradients of arbitrary values: -> copies of the gradients of the inputs and parameters."""
    arrays = list(probe.grads)
    results = []
    for arbitrary in (1e3, -7.0):
        for g in arrays:
            g[...] = arbitrary
        dxs = _as_tuple(probe.backward(*douts))
        if len(probe.grads) != len(arrays) or any(a is not b for a, b in zip(probe.grads, arrays)):
            expected = "expected gradients written in place (grads[0][...] = ...)"
            raise AssertionError(f"{called}: {expected}, got new arrays in grads")
        results.append(([None if g is None else np.array(g) for g in dxs], [np.array(g) for g in arrays]))
    (inputs1, params1), (inputs2, params2) = results
    names = [*names, *(f"input {i}" for i in range(len(inputs1)))]
    for name, a, b in zip(names, params1 + inputs1, params2 + inputs2):
        if a is not None and not np.array_equal(a, b, equal_nan=True):
            got = "got another (does it add to the former one, or change what forward cached?)"
            raise AssertionError(f"{called}: {name}: expected the same gradient from a second backward, {got}")
    return inputs1, params1


def _judge(called, checked, tolerance, verbose):
    overall = max((np.abs(a).max(initial=0) for pair in checked.values() for a in pair), default=0)
    errors = {}
    for name, (analytic, numeric) in checked.items():
        if analytic.shape != numeric.shape:
            expected = f"expected a gradient of shape {numeric.shape}"
            raise AssertionError(f"{called}: {name}: {expected}, got {analytic.shape}")
        largest = max(np.abs(analytic).max(initial=0), np.abs(numeric).max(initial=0), 0.1 * overall)
        scale = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), 1e-3 * largest)
        error = np.abs(analytic - numeric) / np.where(scale > 0, scale, 1)
        errors[name] = float(np.where(np.isnan(error), np.inf, error).max(initial=0))
    if verbose:
        width = max(map(len, errors), default=0)
        print(f"{called}: relative error of each gradient (tolerance {tolerance:g})")
        for name, error in errors.items():
            print(f"  {name:<{width}}  {error:9.2e}  {'ok' if error <= tolerance else 'WRONG'}")
    worst = max(errors, key=errors.get, default=None)
    if worst is not None and not errors[worst] <= tolerance:
        error = f"relative error {errors[worst]:.2e} > {tolerance:g}"
        raise AssertionError(f"{called}: the gradient of {worst} is wrong: {error}")
    return errors


def _param_names(layer):
    """The layer's own `param_names`, else the attribute that holds the array, else its position."""
    own = getattr(layer, "param_names", None)
    if own is not None and len(own) == len(layer.params):
        return list(own)
    held = {id(value): name for name, value in vars(layer).items()}
    return [held.get(id(p), f"params[{i}]") for i, p in enumerate(layer.params)]


def _as_tuple(x):
    return tuple(x) if isinstance(x, (tuple, list)) else (x,)


@contextmanager
def _same_global_random_state():
    """A layer may draw from NumPy's global generator, as the book's do: each run of it gets the same numbers."""
    state = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
