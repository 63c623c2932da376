"""What TimeRNN, TimeLSTM and the TimeGRUs share to be fast; docs/fast_layers.md says what each measure gains.

- The internal layout is (T, features, N), so that a step is one contiguous matrix product: `ins` (T + 1, D + 1 + H, N)
  holds for each step x, a row of ones and the state before it, which meet the stacked Wx, b and Wh at once.
- Private arrays are reused from batch to batch, because fresh memory costs more than the arithmetic done in it.
- The gradients of the weights are products over CHUNK steps at a time.
- Results have the shape (N, T, H) and keep the memory order (T, H, N) (`common.arrays.memory_order`): a copy into
  another order would cost more than a step's arithmetic. They are always new arrays.
"""

import math

import numpy as np

from common.arrays.checks import as_floats, as_mask
from common.arrays.memory_order import memory_order, new_array
from common.recurrent.contract import RecurrentWeights
from common.recurrent.loop import SimpleTimeRecurrent
from common.threads import one_blas_thread

CHUNK = 8  # steps per product of the weights' gradients: its operands stay in the processor's cache


class TimeRecurrent(SimpleTimeRecurrent, RecurrentWeights):
    """The base of the fast whole-sequence layers. A child has a `cell_class`, and one loop each in `forward_steps` and
    `backward_steps`.

    A masked step keeps the old state, and passes the gradient of its output on to that; its input is never looked at.
    While `inference` is true, forward caches nothing for backward: each step's gates overwrite those of the step
    before, and so stay in the processor's cache.
    """

    def __init__(self, Wx, Wh, b, stateful=False):
        RecurrentWeights.__init__(self, Wx, Wh, b)
        self.init_state(stateful)
        self.xs_order = None  # memory order of the last xs
        self.buffers = {}
        self.single_step = False  # whether the last forward was one

    def forward(self, xs, mask=None):
        """xs (N, T, D), mask (N, T) bool or None -> hs (N, T, H)."""
        self.single_step = np.ndim(xs) > 1 and np.shape(xs)[1] <= 1
        if self.single_step:  # stacking the weights would cost more than the step
            return super().forward(xs, mask)
        with one_blas_thread():  # also in a loop that no Trainer runs
            return self.forward_steps(xs, mask)

    def backward(self, dhs):
        """dhs (N, T, H) -> dxs (N, T, D)."""
        if self.single_step:
            grads = [np.empty_like(W) for W in self.params]  # of the step
            for cell in self.cached()[0]:
                cell.grads = grads
            return super().backward(dhs)
        with one_blas_thread():
            return self.backward_steps(dhs)

    def new_cell(self):
        """A cell whose parameters are checked already; `backward` gives it gradients."""
        cell = object.__new__(self.cell_class)
        cell.params = self.params
        return cell

    # -- for the children -----------------------------------------------------------------------------------------

    def prepare_inputs(self, xs, mask):
        """xs -> ins (T + 1, D + 1 + H, N), 0 where a step is masked, the states not filled in yet, and for each step
        its masked rows of the batch (N,), or None.
        """
        Wx, Wh, _ = self.params
        xs = as_floats(self, "xs", xs, ("N", "T", len(Wx)), Wx.dtype)
        mask = as_mask(self, mask, xs.shape[:2])
        N, T, D = xs.shape
        self.xs_order = memory_order(xs)
        ins = self.buffer("ins", T + 1, D + 1 + len(Wh), N)
        ins[:T, :D] = xs.transpose(1, 2, 0)  # (N, T, D) -> (T, D, N)
        ins[:, D] = 1
        if mask is None:
            return ins, [None] * T
        masked = (~mask.T).copy()  # (N, T) -> (T, N)
        some = masked.any(axis=1)
        masked = [masked[t] if some[t] else None for t in range(T)]
        for t in range(T):
            overwrite_masked(ins[t, :D], 0, masked[t])  # whatever stands in the padding, NaN included
        return ins, masked

    def prepare_backward(self, dhs, T, N):
        """Checks dhs (N, T, H) -> the same as (T, H, N), and dxs (N, T, D) to be filled, in the memory order of xs."""
        Wx, Wh, _ = self.params
        dhs = as_floats(self, "dhs", dhs, (N, T, len(Wh)), Wh.dtype)
        dxs = new_array(np.empty, (N, T, len(Wx)), self.xs_order, Wx.dtype, like=Wx)
        transposed = dhs.transpose(1, 2, 0)  # (N, T, H) -> (T, H, N)
        if transposed.strides[2] == transposed.itemsize:
            return transposed, dxs
        contiguous = self.buffer("dhs", T, len(Wh), N)
        step = self.buffer("dhs_step", N, len(Wh))
        # By way of a small contiguous array: the rows of dhs lie far apart, and are slow to read by columns.
        for t in range(T):
            step[...] = dhs[:, t]
            contiguous[t] = step.T  # (N, H) -> (H, N)
        return contiguous, dxs

    def cached_steps(self, T):
        """How many of T steps have their own place in what is cached for backward."""
        return 1 if self.inference else T

    def stacked_weights(self):
        """Wx, b (the sum, where there are two) and Wh on top of each other: (D + 1 + H, G H)."""
        Wx, Wh, b = self.params
        return np.concatenate((Wx, b.reshape(-1, b.shape[-1]).sum(axis=0)[None], Wh))

    def buffer(self, name, *shape):
        """A private array, uninitialised; the memory of the call before is reused if it is large enough."""
        size = math.prod(shape)
        flat = self.buffers.get(name)
        if flat is None or flat.size < size:
            flat = self.buffers[name] = np.empty(size, self.params[0].dtype, like=self.params[0])
        return flat[:size].reshape(shape)

    def merge_steps(self, name, a):
        """(steps, K, N) -> a private copy (K, steps N): the operand of one product over all these steps."""
        steps, K, N = a.shape
        merged = self.buffer(name, K, steps, N)
        np.copyto(merged, a.transpose(1, 0, 2))
        return merged.reshape(K, steps * N)

    def write_input_grad(self, das, W, dxs):
        """dxs (N, steps, D) = the gradients of the input: W (D, G H) @ das (G H, steps N)."""
        N, steps, D = dxs.shape
        dx = np.matmul(W, das, out=self.buffer("dx", D, steps * N))  # (D, G H) @ (G H, steps N) -> (D, steps N)
        dxs[...] = dx.reshape(D, steps, N).transpose(2, 1, 0)  # (D, steps, N) -> (N, steps, D)

    def add_weight_grad(self, das, ins, dW, first):
        """dW (K, G H) += the sum over the steps of ins[t] @ da[t].T; das (G H, steps N), ins (steps, K, N).

        first: whether nothing was added yet; then what stands in dW is overwritten.
        """
        product = dW if first else self.buffer("dW_chunk", *dW.shape)
        # (K, steps N) @ (steps N, G H) -> (K, G H)
        np.matmul(self.merge_steps("in_chunk", ins), das.T, out=product)
        if not first:
            dW += product


def as_batch_first(hs):
    """hs (T, H, N) -> a new array (N, T, H) of the same memory order."""
    return hs.copy().transpose(2, 0, 1)


def overwrite_masked(new, old, masked):
    """Where a row of the batch is masked at this step, new = old. new, old: (H, N); masked: (N,) bools or None."""
    if masked is not None:
        np.copyto(new, old, where=masked)


def sigmoid_of_negated(a):
    """a = 1 / (1 + exp(a)), in place: sigmoid(-a), for an `a` of negated weights; exp(a) = inf shuts the gate."""
    np.exp(a, out=a)
    a += 1
    np.reciprocal(a, out=a)
