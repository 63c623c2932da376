"""What each measure that makes TimeLSTM fast gains: from the plain loop over cells to the fast layer, one at a time.

    python -m benchmarks.fast_layers

A step is forward and backward of the layer and of a maximum over its steps (TimeMax), float32, one BLAS thread. Each
form is measured in processes of its own, taken in turn; the table gives medians, and each ratio is the median of the
ratios round by round. Before anything is timed, a form must give the gradients of the plain loop. The last table is of
each cell where the last step alone has a gradient (TimeLast), which vanishes on its way to the first.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from unittest.mock import patch

import numpy as np

from benchmarks.speed.jobs import THREAD_VARIABLES
from common.functions import sigmoid
from common.pooling import TimeLast, TimeMax
from common.recurrent.base import TimeRecurrent
from common.recurrent.gru import TimeGRU
from common.recurrent.gru_reset_after import TimeGRUResetAfter
from common.recurrent.lstm import TimeLSTM
from common.recurrent.rnn import TimeRNN
from common.recurrent.simple import SimpleTimeLSTM

STEPS = 7
SAME = 1e-4  # largest difference of a gradient, relative to its largest element


class OneProductLSTM(TimeLSTM):
    """One loop in the layout (N, features), with one product of [x, 1, h] and the stacked weights at each step."""

    def forward(self, xs, mask=None):
        N, T, _ = xs.shape
        W = self.stacked_weights()  # (D + 1 + H, 4H)
        h = c = np.zeros((N, len(self.params[1])), xs.dtype)
        hs, self.cache = np.empty((N, T, h.shape[1]), xs.dtype), []
        for t in range(T):
            x1h = np.hstack((xs[:, t], np.ones((N, 1), xs.dtype), h))  # (N, D), (N, 1), (N, H) -> (N, D + 1 + H)
            f, g, i, o = np.split(x1h @ W, 4, axis=1)  # (N, D + 1 + H) @ (D + 1 + H, 4H) -> 4 of (N, H)
            f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
            c_prev, c = c, f * c + g * i
            tanh_c = np.tanh(c)
            hs[:, t] = h = o * tanh_c
            self.cache.append((x1h, c_prev, f, g, i, o, tanh_c))
        return hs

    def backward(self, dhs):
        W, D = self.stacked_weights(), len(self.params[0])
        dW, dh, dc = np.zeros_like(W), 0, 0
        dxs = np.empty((*dhs.shape[:2], D), dhs.dtype)
        for t in reversed(range(len(self.cache))):
            x1h, c_prev, f, g, i, o, tanh_c = self.cache[t]
            dh = dh + dhs[:, t]
            dc = dc + dh * o * (1 - tanh_c**2)
            da = np.hstack(
                (dc * c_prev * f * (1 - f), dc * i * (1 - g**2), dc * g * i * (1 - i), dh * tanh_c * o * (1 - o))
            )  # 4 of (N, H) -> (N, 4H)
            dW += x1h.T @ da  # (D + 1 + H, N) @ (N, 4H) -> (D + 1 + H, 4H)
            dx1h = da @ W.T  # (N, 4H) @ (4H, D + 1 + H) -> (N, D + 1 + H)
            dxs[:, t], dh, dc = dx1h[:, :D], dx1h[:, D + 1 :], dc * f
        for grad, rows in zip(self.grads, (dW[:D], dW[D + 1 :], dW[D])):
            grad[...] = rows
        return dxs


def sigmoid_of_each_gate(a):
    """In the place of `sigmoid_of_negated`: the stable sigmoid, three times, by way of new arrays."""
    for gate in np.split(a, 3):  # (3H, N) -> views of (H, N)
        gate[...] = sigmoid(-gate)


def read_each_step(self, dhs, last, chunk):
    """In the place of `read_chunk`: step by step, by way of contiguous room."""
    for t in range(last - last % len(chunk), last + 1):
        chunk[t % len(chunk)] = np.ascontiguousarray(dhs[:, t]).T  # (N, H) -> (H, N)


def leave(self, *grads):
    """In the place of `flush`."""


def new_buffer(self, name, *shape):
    return np.empty(shape, self.params[0].dtype)


# What switches each measure of TimeLSTM off, in the order in which the table switches them on.
OFF = {
    "reused buffers": patch.object(TimeRecurrent, "buffer", new_buffer),
    "one sigmoid for three gates": patch("common.recurrent.lstm.sigmoid_of_negated", sigmoid_of_each_gate),
    "gradients of outputs read several steps at a time": patch.object(TimeRecurrent, "read_chunk", read_each_step),
    "gradients of weights over several steps at a time": patch("common.recurrent.base.COLUMNS", 1),
}
# name: (layer, what is switched off)
FORMS = {
    "plain loop over cells (SimpleTimeLSTM)": (SimpleTimeLSTM, []),
    "one loop, one product of [x, 1, h] a step": (OneProductLSTM, []),
    "internal layout (T, features, N), in place": (TimeLSTM, list(OFF.values())),
    **{name: (TimeLSTM, list(OFF.values())[k + 1 :]) for k, name in enumerate(OFF)},
}
CELLS = {layer.__name__: layer for layer in (TimeRNN, TimeLSTM, TimeGRU, TimeGRUResetAfter)}
VANISHING = {f"{name}, vanishing gradients {what}": (name, what) for name in CELLS for what in ("set to 0", "left")}
ALONE = {f"without {name}": (TimeLSTM, [switch]) for name, switch in OFF.items()}


def measure(name, N, T, D, H):
    """-> median seconds of a step of a form. SystemExit where its gradients are not those of the plain loop."""
    if name in VANISHING:
        return measure_vanishing(*VANISHING[name], N, T, D, H)
    layer_class, off = (FORMS | ALONE)[name]
    rng = np.random.default_rng(0)
    weights = TimeLSTM.init_params(D, H, rng)
    xs = rng.standard_normal((N, T, D)).astype(np.float32)
    layer, pool = layer_class(*weights), TimeMax()

    def step(layer):
        pooled = pool.forward(layer.forward(xs))  # (N, T, D) -> (N, T, H) -> (N, H)
        return layer.backward(pool.backward(np.ones_like(pooled)))

    plain = SimpleTimeLSTM(*(w.copy() for w in weights))
    expected = [step(plain), *plain.grads]
    del plain.cache
    with ExitStack() as stack:
        for switch in off:
            stack.enter_context(switch)
        for ours, theirs in zip([step(layer), *layer.grads], expected, strict=True):
            if not np.abs(ours - theirs).max() < SAME * np.abs(theirs).max():
                raise SystemExit(f"{name}: expected the gradients of the plain loop, got others")
        return median_seconds(lambda: step(layer))


def measure_vanishing(cell, what, N, T, D, H):
    """-> median seconds of a step in which the last step alone has a gradient."""
    rng = np.random.default_rng(0)
    xs = rng.standard_normal((N, T, D)).astype(np.float32)
    layer, pool = CELLS[cell](*CELLS[cell].init_params(D, H, rng)), TimeLast()

    def step():
        pooled = pool.forward(layer.forward(xs))  # (N, T, D) -> (N, T, H) -> (N, H)
        layer.backward(pool.backward(np.full_like(pooled, 1e-3)))

    with patch.object(TimeRecurrent, "flush", leave) if what == "left" else ExitStack():
        step()
        return median_seconds(step)


def median_seconds(step):
    seconds = []
    for _ in range(STEPS):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fast_layers", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs=4, default=[64, 200, 100, 128], metavar=tuple("NTDH"))
    parser.add_argument("--only", choices=[*FORMS, *ALONE, *VANISHING], metavar="FORM", help="in this process, and print JSON")
    options = parser.parse_args(argv)
    if options.only:
        print(json.dumps(measure(options.only, *options.sizes)))
        return
    found = {name: [] for name in FORMS | ALONE | VANISHING}
    for _ in range(options.rounds):
        for name in found:
            command = [
                sys.executable,
                "-m",
                "benchmarks.fast_layers",
                "--only",
                name,
                "--sizes",
                *map(str, options.sizes),
            ]
            env = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1")}
            found[name].append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=env).stdout))  # noqa: S603
    first, *_, fast = FORMS
    print("| from the plain loop to the fast layer | ms | times as fast as the row above | as the first |")
    print("| --- | --- | --- | --- |")
    before = first
    for name in FORMS:
        row = f"{gain(found, before, name):.2f} | {gain(found, first, name):.2f}"
        print(f"| {name} | {1000 * statistics.median(found[name]):.1f} | {row} |")
        before = name
    print("\n| TimeLSTM | ms | times the whole |\n| --- | --- | --- |")
    for name in ALONE:
        print(f"| {name} | {1000 * statistics.median(found[name]):.1f} | {gain(found, name, fast):.2f} |")
    print("\n| the last step alone has a gradient | ms | without setting to 0: times as long |\n| --- | --- | --- |")
    for fast, slow in zip(list(VANISHING)[::2], list(VANISHING)[1::2]):
        ratio = gain(found, slow, fast)
        print(f"| {VANISHING[fast][0]} | {1000 * statistics.median(found[fast]):.1f} | {ratio:.1f} |")


def gain(found, slow, fast):
    """The time of one form over that of another: the median of the rounds."""
    return statistics.median(a / b for a, b in zip(found[slow], found[fast]))


if __name__ == "__main__":
    main()
