"""Gradient checks: is the backward pass of a layer right? `check_layer(TimeLSTM(Wx, Wh, b), xs, mask=mask)` compares
every gradient with central differences in float64, and checks the contract of a layer: gradients are written in place,
overwrite the former ones, are the same when `backward` is called again, and what `layer_contract` lists.

Each element costs two evaluations of the layer: small sizes (N=3, T=4, D=5, H=6) check the same code in no time.
"""

import copy
import sys
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from common.checking.layer_contract import NOT_DETERMINISTIC, Call, as_tuple, check_contract, same_global_random_state

EPS = 1e-5  # balances the error of the difference (eps^2) with that of rounding (1e-16 / eps)
SILENT = 5  # seconds, after which a check shows its progress on standard error
KINK = 0.1  # of its size: so far from halving is the jump of a slope at a kink when the step is halved


def numerical_gradient(f, x, eps=EPS):
    """df/dx by central differences. f: a function of no arguments that reads x -> float, or an array, whose sum is
    meant; x: float array, changed and restored.
    """
    return _central_differences(f, x, eps, lambda: None)


def _central_differences(f, x, eps, done):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        above, below = _values_at(f, x, i, (eps, -eps))
        gradient[i] = np.sum(above - below) / (2 * eps)
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
    inputs = [np.array(x) if hasattr(x, "dtype") or isinstance(x, list) else x for x in inputs]
    floats = [i for i, x in enumerate(inputs) if getattr(x, "dtype", np.dtype(int)).kind == "f" and i not in constants]
    names = _param_names(layer)
    for name, a in [*zip(names, layer.params), *((f"input {i}", inputs[i]) for i in floats)]:
        if a.dtype != np.float64:
            expected = "expected float64 (float32 rounds too much for differences)"
            raise ValueError(f"{called}: {name}: {expected}, got {a.dtype}")

    call = Call(layer, inputs, mask)
    probe, outputs = call.forward()
    rng = np.random.default_rng(rng)
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
    if len(analytic_inputs) != len(floats) or any(g is None for g in analytic_inputs):
        expected = f"expected a gradient from backward for each of {len(floats)} float inputs"
        raise ValueError(f"{called}: {expected}; see `constants`")
    check_contract(call, douts)

    def weighted_outputs():  # of a copy made after the change, so that views of a parameter in the layer change, too
        return np.concatenate([np.ravel(d * y) for d, y in zip(douts, call.forward()[1])])

    names += [f"input {i}" if len(floats) > 1 else "input" for i in floats]
    arrays = [*layer.params, *(inputs[i] for i in floats)]
    with _progress(called, sum(a.size for a in arrays)) as bar:
        numeric = [_central_differences(weighted_outputs, a, eps, bar.update) for a in arrays]
    checked = [
        _Gradient(name, np.asarray(analytic), found, lambda i, steps, a=a: _values_at(weighted_outputs, a, i, steps))
        for name, analytic, found, a in zip(names, analytic_params + analytic_inputs, numeric, arrays)
    ]
    errors = _judge(called, checked, tolerance, eps, verbose)
    empty = any(np.size(x) == 0 for x in inputs)
    if not empty and not any(g.analytic.any() for g in checked):
        raise AssertionError(f"{called}: expected an output that depends on something, got gradients of 0 alone")
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

    def loss(k=0, step=0.0):
        probe = copy.deepcopy(model)
        probe.params[k][...] += step
        with same_global_random_state():
            return probe, probe.forward(*inputs)

    (probe, first), (_, second) = loss(), loss()
    if not np.array_equal(first, second, equal_nan=True):
        raise AssertionError(f"{called}: {NOT_DETERMINISTIC}")
    probe.backward()
    # A parameter that is in the list twice (tied weights) has the sum of its gradients.
    grads = [sum(np.array(g) for q, g in zip(probe.params, probe.grads) if q is p) for p in probe.params]
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
            checked.append(_Gradient(name, analytic, np.array(slopes), losses, "along direction"))
    return _judge(called, checked, tolerance, 2 * eps, verbose)


def _check_is_layer(layer):
    """AssertionError or ValueError where this is not a layer, with as many gradients as parameters."""
    __tracebackhide__ = True
    called = type(layer).__name__
    for attribute in ("params", "grads", "forward", "backward"):
        if not hasattr(layer, attribute):
            expected = "expected a layer or model with params, grads, forward and backward"
            raise ValueError(f"{called}: {expected}, got one without {attribute}")
    if len(layer.params) != len(layer.grads):
        counts = f"{len(layer.params)} and {len(layer.grads)}"
        raise AssertionError(f"{called}: expected as many grads as params, got {counts} of them")


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
    names = [*names, *(f"input {i}" for i in range(len(inputs1)))]
    for name, a, b in zip(names, params1 + inputs1, params2 + inputs2):
        if a is not None and not np.array_equal(a, b, equal_nan=True):
            got = "got another (does it add to the former one, or change what forward cached?)"
            raise AssertionError(f"{called}: {name}: expected the same gradient from a second backward, {got}")
    return inputs1, params1


@dataclass
class _Gradient:
    """analytic, numeric: arrays. values(i, steps): what is differentiated with element i moved by each of the steps.
    place: what an index into them is.
    """

    name: str
    analytic: np.ndarray
    numeric: np.ndarray
    values: object
    place: str = "at"

    def kink(self, i, eps, least):
        """The one-sided differences below and above element i where they stand for a kink, else None.

        Where a function is smooth their difference is half as large for half the step. least: that counts.
        """
        values = [np.sum(v) for v in self.values(i, (-eps, -eps / 2, 0.0, eps / 2, eps))]
        left, near_left, near_right, right = np.diff(values) / (eps / 2)
        whole, half = (right + near_right - left - near_left) / 2, near_right - near_left
        kinked = abs(whole) > least and abs(whole - 2 * half) > KINK * abs(whole) and abs(half) < 1.5 * abs(whole)
        return ((left + near_left) / 2, (near_right + right) / 2) if kinked else None


def _judge(called, checked, tolerance, eps, verbose):
    """-> name -> error of each _Gradient; a table of them, if verbose. AssertionError for the worst above tolerance."""
    __tracebackhide__ = True
    overall = max((np.abs(a).max(initial=0) for g in checked for a in (g.analytic, g.numeric)), default=0)
    errors, worst, kinks = {}, {}, {}
    for g in checked:
        analytic, numeric = g.analytic, g.numeric
        if analytic.shape != numeric.shape:
            expected = f"expected a gradient of shape {numeric.shape}"
            raise AssertionError(f"{called}: {g.name}: {expected}, got {analytic.shape}")
        largest = max(np.abs(analytic).max(initial=0), np.abs(numeric).max(initial=0), 0.1 * overall)
        scale = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), 1e-3 * largest)
        scale = np.where(scale > 0, scale, 1)
        error = np.abs(analytic - numeric) / scale
        error = np.where(np.isnan(error), np.inf, error)
        kinks[g.name] = {}
        for i in map(tuple, np.argwhere(error > tolerance)):
            if sides := g.kink(i, eps, tolerance * scale[i]):
                kinks[g.name][i] = sides
                # Of several kinks at once each may count or not, as far as one can tell: none, or all, are right, too.
                nearest = [np.clip(analytic[i], min(sides), max(sides)), 0.0, sum(sides)]
                error[i] = min(abs(analytic[i] - value) for value in nearest) / scale[i]
        errors[g.name] = float(error.max(initial=0))
        worst[g.name] = np.unravel_index(error.argmax(), error.shape) if error.size else ()
    if verbose:
        width = max(map(len, errors), default=0)
        print(f"{called}: relative error of each gradient (tolerance {tolerance:g})")
        for name, error in errors.items():
            remark = f", kinks: {len(kinks[name])}" if kinks[name] else ""
            print(f"  {name:<{width}}  {error:9.2e}  {'ok' if error <= tolerance else 'WRONG'}{remark}")
    g = max(checked, key=lambda g: errors[g.name], default=None)
    if g is not None and not errors[g.name] <= tolerance:
        i = worst[g.name]
        numeric = f"differences {g.numeric[i]:.6g}"
        if i in kinks[g.name]:
            numeric = "at a kink with one-sided differences {:.6g} and {:.6g}".format(*kinks[g.name][i])
        where = f"{g.place} {list(map(int, i))}: backward {g.analytic[i]:.6g}, {numeric}"
        error = f"relative error {errors[g.name]:.2e} > {tolerance:g}"
        raise AssertionError(f"{called}: the gradient of {g.name} is wrong: {error} {where}")
    return errors


def _param_names(layer):
    """The layer's own `param_names`, else the attribute that holds the array, else its position."""
    own = getattr(layer, "param_names", None)
    if own is not None and len(own) == len(layer.params):
        return list(own)
    held = {id(value): name for name, value in vars(layer).items()}
    return [held.get(id(p), f"params[{i}]") for i, p in enumerate(layer.params)]


def _progress(called, total):
    """A bar that is shown once a check takes longer than SILENT seconds."""
    where = {"file": sys.stderr, "disable": sys.stderr is None}
    return tqdm(total=total, desc=f"{called}: differences", delay=SILENT, leave=False, **where)
