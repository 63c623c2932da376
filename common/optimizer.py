"""Optimizers; the clipping of gradients before them is in `common.clipping`.

An optimizer is one formula, `step`, applied in place to blocks of a parameter that fit the processor's cache. Where a
gradient knows its touched rows (an embedding's), only those rows of the parameter and of the optimizer's state are
read and written: the "lazy" form, in which the momentum of a row does not change while its word does not occur. Adam
catches up, when a row is touched again, on the steps that it has missed.
"""

import numpy as np

from common.arrays.checks import as_number, check_trainable, described, is_plain_array, plain_number
from common.arrays.forms import MOST
from common.arrays.row_grad import RowGrad, plain, touched_rows
from common.clipping import BLOCK, clip_elements, clip_grads, first_non_finite, parts_of  # noqa: F401  (the book's door)
from common.gpu.kernels import on_gpu
from common.gpu.rows_and_adam import adam_step
from common.np import GPU  # noqa: F401  (the book's module exports it)

BOUNDS = {"lr": {"least": 0}, "eps": {"least": 0}, "weight_decay": {"least": 0}}
BOUNDS |= {name: {"least": 0, "below": 1} for name in ("beta1", "beta2", "momentum", "rho", "decay_rate")}


class Optimizer:
    """The base: `update(params, grads)` in place. A child names the arrays of its state in `slots` and writes `step`.

    `lr` may be changed between steps. `state`: a list of arrays per slot, in the order of params. `iter`: steps so far.
    Numbers of any kind become Python numbers when they are set. ValueError for one out of its BOUNDS.
    """

    slots = ()
    rates = None  # factors of lr, one for each parameter in their order; None: all 1
    lazy = True  # False: the state also has, as "last", the step that touched each row last, for `catch_up`

    def __init__(self, lr, **constants):
        self.lr, self.iter, self.state = lr, 0, None
        for name, value in constants.items():
            setattr(self, name, value)  # attributes, for `step`

    def __setattr__(self, name, value):
        if name in BOUNDS:
            hint = " (params are given to update(params, grads))" if isinstance(value, (list, tuple)) else ""
            value = as_number(self, name, value, **BOUNDS[name], hint=hint)
            value = float(value) if value > MOST else value  # NumPy makes an object of an int that has no int64
        super().__setattr__(name, value if type(value) is int else plain_number(value))

    def __getattr__(self, name):
        """The book's `v`, `h` and `m`: the arrays of a slot, one for each parameter; None before the first update."""
        if name not in type(self).slots:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return None if self.state is None else self.state[name]

    def update(self, params, grads):
        """One step. ValueError where params and grads do not match, or are not those of the step before, and for params
        that are no arrays of float32 or float64, or cannot be written to.
        """
        if self.state is None:
            self._check(params, grads)
        shapes = [p.shape for p in params]
        if shapes != [g.shape for g in grads]:
            raise ValueError(f"{type(self).__name__}: expected a gradient of the same shape for each parameter")
        if self.state is None:
            self.prepare(params, grads)
        if any([s.shape for s in self.state[slot]] != shapes for slot in self.slots):
            raise ValueError(f"{type(self).__name__}: expected the parameters of the steps before, got others")
        self.iter += 1
        touched_last, states = self.state.get("last") or [()] * len(params), [self.state[slot] for slot in self.slots]
        lr, rates = self.lr, self.rates or [1] * len(params)
        for rate, p, g, last, *state in zip(rates, params, grads, touched_last, *states, strict=True):
            vars(self)["lr"] = lr * rate  # not checked again
            if len(last) and touched_rows(g) is None:  # dense this once: no row is left behind
                self._catch_up_rows(np.flatnonzero(last < self.iter - 1), last, p, *state)
                last[...] = self.iter
            if type(g) is np.ndarray and g.size <= BLOCK:  # a single block
                self.step(p, g, *state)
                continue
            for part in parts_of(g):
                if isinstance(part, np.ndarray):  # ids of rows, which are copied and written back; a slice is a view
                    rows, *state_rows = [a.take(part, axis=0) for a in (p, *state)]
                    if len(last):
                        self.catch_up(self.iter - 1 - last[part], rows, *state_rows)
                    self.step(rows, plain(g).take(part, axis=0), *state_rows)
                    for a, new in zip((p, *state), (rows, *state_rows)):
                        a[part] = new
                    if len(last):
                        last[part] = self.iter
                else:
                    self.step(p[part], plain(g)[part], *(a[part] for a in state))
        self.lr = lr

    def _check(self, params, grads):
        """Before the first step."""
        for i, p in enumerate(params):
            check_trainable(self, f"params[{i}]", p)
        for i, g in enumerate(grads):
            if not is_plain_array(g) or g.dtype.kind not in "fiu":
                expected = f"an array of numbers as grads[{i}]"
                raise ValueError(f"{type(self).__name__}: expected {expected}, got {described(g)}")

    def _catch_up_rows(self, rows, last, *arrays):
        """`catch_up` of these rows (ids) of a parameter and its state, which were touched at the steps `last` (V,)."""
        of_rows = [a.take(rows, axis=0) for a in arrays]
        self.catch_up(self.iter - 1 - last[rows], *of_rows)
        for a, new in zip(arrays, of_rows):
            a[rows] = new

    def prepare(self, params, grads=()):
        """A state of zeros for these parameters; the first update calls it."""
        self.state = {slot: [np.zeros(p.shape, p.dtype, like=p) for p in params] for slot in self.slots}
        if not self.lazy and any(isinstance(g, RowGrad) for g in grads):
            self.state["last"] = [np.zeros(len(g) if isinstance(g, RowGrad) else 0, np.int64) for g in grads]

    def catch_up(self, missed, p, *state):
        """Do in place what `missed` (K,) steps without a gradient would have done to K rows."""

    def step(self, p, g, *state):
        """Update p and state in place from the gradient g, which is not changed."""
        raise NotImplementedError


class SGD(Optimizer):
    """p -= lr g."""

    def __init__(self, lr=0.01):
        super().__init__(lr)

    def step(self, p, g):
        p -= self.lr * g


class Momentum(Optimizer):
    """v = momentum v - lr g;  p += v. Polyak 1964."""

    slots = ("v",)

    def __init__(self, lr=0.01, momentum=0.9):
        super().__init__(lr, momentum=momentum)

    def step(self, p, g, v):
        v *= self.momentum
        v -= self.lr * g
        p += v


class Nesterov(Momentum):
    """As Momentum, with the gradient at the point that v leads to: p += momentum v - lr g, v the new one.

    Nesterov 1983, in the form of Bengio et al. 2013. (The book's code has the new v where that form has the old one.)
    """

    def step(self, p, g, v):
        v *= self.momentum
        v -= self.lr * g
        p += self.momentum * v
        p -= self.lr * g


class AdaGrad(Optimizer):
    """h += g^2;  p -= lr g / (sqrt(h) + eps). Duchi et al. 2011."""

    slots = ("h",)

    def __init__(self, lr=0.01, eps=1e-7):
        super().__init__(lr, eps=eps)

    def step(self, p, g, h):
        h += g * g
        p -= self.lr * g / (np.sqrt(h) + self.eps)


class AdaDelta(Optimizer):
    """p -= lr g sqrt(d + eps) / sqrt(h + eps), h and d running means of g^2 and step^2. Zeiler 2012, with lr = 1."""

    slots = ("h", "d")

    def __init__(self, lr=1.0, rho=0.95, eps=1e-6):
        super().__init__(lr, rho=rho, eps=eps)

    def step(self, p, g, h, d):
        h *= self.rho
        h += (1 - self.rho) * g * g
        change = g * np.sqrt(d + self.eps) / np.sqrt(h + self.eps)
        d *= self.rho
        d += (1 - self.rho) * change * change
        p -= self.lr * change


class RMSprop(Optimizer):
    """h = decay_rate h + (1 - decay_rate) g^2;  p -= lr g / (sqrt(h) + eps). Tieleman and Hinton 2012."""

    slots = ("h",)

    def __init__(self, lr=0.01, decay_rate=0.99, eps=1e-7):
        super().__init__(lr, decay_rate=decay_rate, eps=eps)

    def step(self, p, g, h):
        h *= self.decay_rate
        h += (1 - self.decay_rate) * g * g
        p -= self.lr * g / (np.sqrt(h) + self.eps)


class Adam(Optimizer):
    """p -= lr m^ / (sqrt(v^) + eps), m^ and v^ the bias-corrected running means of g and g^2. Kingma and Ba 2015.

    A row of an embedding whose word has not occurred for some steps is first moved as these steps, which go on in the
    direction of m, would have moved it at the rate of now. lazy: leave that out; rare words then learn more slowly.
    """

    slots = ("m", "v")
    lazy = False
    weight_decay = 0  # of AdamW

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, *, lazy=False):
        super().__init__(lr, beta1=beta1, beta2=beta2, eps=eps)
        if lazy:
            self.lazy = True

    def step(self, p, g, m, v):
        if on_gpu(p):
            return adam_step(self, p, g, m, v)
        if self.weight_decay:
            p *= 1 - self.lr * self.weight_decay
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        # The faster order of the paper's section 2: the bias corrections are scalars, applied once.
        root = (1 - self.beta2**self.iter) ** 0.5
        p -= self.lr * root / (1 - self.beta1**self.iter) * m / (np.sqrt(v) + self.eps * root)

    def catch_up(self, missed, p, m, v):
        """With ratio = beta1 / sqrt(beta2), the j-th missed step is ratio^j as long as that of m and v before it."""
        ratio = self.beta1 / max(self.beta2, np.finfo(float).tiny) ** 0.5
        if not missed.any() or ratio >= 1:  # such means do not converge: each step would be longer than the last
            return
        missed = missed.reshape(-1, *[1] * (p.ndim - 1))  # (K,) -> (K, 1)
        steps = ratio * (1 - ratio**missed) / (1 - ratio)  # the sum of ratio^j
        # The bias correction changes little over the few steps that count: that of their middle stands for all.
        middle = self.iter - 1 - missed + np.minimum((missed + 1) / 2, 1 / (1 - ratio))
        root = (1 - self.beta2**middle) ** 0.5
        rate = self.lr * steps * root / (1 - self.beta1**middle)
        change = np.sqrt(v)
        change += np.maximum(self.eps * root, np.finfo(p.dtype).tiny).astype(p.dtype)  # a new row has m = v = 0
        np.divide(m, change, out=change)
        change *= rate.astype(p.dtype)
        p -= change
        m *= (self.beta1**missed).astype(p.dtype)
        v *= (self.beta2**missed).astype(p.dtype)


class AdamW(Adam):
    """Adam after p -= lr weight_decay p; lazy: not of rows whose word does not occur. Loshchilov and Hutter 2019."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, *, lazy=False):
        super().__init__(lr, beta1, beta2, eps, lazy=lazy)
        self.weight_decay = weight_decay

    def catch_up(self, missed, p, m, v):
        kept = (1 - self.lr * self.weight_decay) ** missed.reshape(-1, *[1] * (p.ndim - 1))  # (K,) -> (K, 1)
        p *= kept.astype(p.dtype)
        super().catch_up(missed, p, m, v)
