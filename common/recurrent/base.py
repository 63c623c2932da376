"""What TimeRNN, TimeLSTM and the TimeGRUs share to be fast; docs/fast_layers.md says what each measure gains.

- The internal layout is (T, features, N), so that a step is one contiguous matrix product: `ins` (T + 1, D + 1 + H, N)
  holds for each step x, a row of ones and the state before it, which meet the stacked Wx, b and Wh at once.
- Private arrays are reused from batch to batch, because fresh memory costs more than the arithmetic done in it.
- The gradients of the weights are products over several steps at a time.
- Results are new arrays (N, T, H) in C order, each step written while it is in the processor's cache.
"""

import math
from functools import cache

import numpy as np

from common.arrays.checks import as_array, as_floats, as_mask
from common.gpu import sequences
from common.recurrent.contract import RecurrentWeights
from common.recurrent.loop import SimpleTimeRecurrent
from common.threads import one_blas_thread

FEW = 8  # steps times N: with so few, stacking the weights for a forward costs more than it saves
FLUSH = 8  # steps of backward after which gradients that vanish are set to 0
COLUMNS = 512  # steps times N of a product of the weights' gradients: its operands stay in the processor's cache


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
        self.buffers = {}
        self.single_step = False  # whether the last forward was one
        self.plain_forward = None  # what it read, where it went through the plain loop for several steps

    def forward(self, xs, mask=None):
        """xs (N, T, D), mask (N, T) bool or None -> hs (N, T, H)."""
        if sequences.is_fused(self):
            return sequences.forward(self, xs, mask)
        xs = as_array(self, "xs", xs)
        N, T = (*xs.shape, 2, 2)[:2]
        self.single_step, self.plain_forward = T <= 1, None
        if T > 1 and N * T > FEW:
            with one_blas_thread():  # also in a loop that no Trainer runs
                return self.forward_steps(xs, mask)
        start = self._current_state() if T > 1 else None
        hs = super().forward(xs, mask)
        if T > 1 and not self.inference:
            self.plain_forward = np.copy(xs), mask, start
        return hs

    def backward(self, dhs):
        """dhs (N, T, H) -> dxs (N, T, D)."""
        if sequences.is_fused(self):
            return self.cached().backward(dhs)
        if self.single_step:
            grads = [np.empty_like(W) for W in self.params]  # of the step
            for cell in self.cached()[0]:
                cell.grads = grads
            return super().backward(dhs)
        with one_blas_thread():
            if self.plain_forward is not None:  # whose own backward would sum gradients of all weights at every step
                self._forward_again(*self.plain_forward)
            return self.backward_steps(dhs)

    def _forward_again(self, xs, mask, start):
        """Cache what `backward_steps` needs. The state is the same before and after."""
        now = self._current_state()
        vars(self).update(start)
        self.forward_steps(xs, mask)
        vars(self).update(now)
        self.plain_forward = None

    def _current_state(self):
        return {name: getattr(self, name) for name in (*self.states, "state_was_set")}

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
        """Checks dhs -> dhs (N, T, H), and dxs (N, T, D) to be filled."""
        Wx, Wh, _ = self.params
        dhs = as_floats(self, "dhs", dhs, (N, T, len(Wh)), Wh.dtype)
        return dhs, np.empty((N, T, len(Wx)), Wx.dtype, like=Wx)

    def read_chunk(self, dhs, last, chunk):
        """dhs (N, T, H) of the steps up to `last` that are one product with it -> chunk (steps, H, N).

        At once, because the rows of a single step lie far apart.
        """
        first = last - last % len(chunk)
        chunk[: last + 1 - first] = dhs[:, first : last + 1].transpose(1, 2, 0)  # (N, steps, H) -> (steps, H, N)

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

    def flush(self, *grads):
        """Set to 0 what is so small in these gradients of the states (H, N) that its products would be denormal."""
        size, limit = self.buffer("size", *grads[0].shape), smallest_grad(grads[0].dtype)
        for grad in grads:
            np.copyto(grad, 0, where=np.abs(grad, out=size) < limit)

    def merge_steps(self, name, a):
        """(steps, K, N) -> a private copy (K, steps N): the operand of one product over all these steps."""
        steps, K, N = a.shape
        merged = self.buffer(name, K, steps, N)
        np.copyto(merged, a.transpose(1, 0, 2))
        return merged.reshape(K, steps * N)

    def write_input_grad(self, das, W, dxs):
        """dxs (N, steps, D) = the gradients of the input: of das (G H, steps N), by way of W (D, G H)."""
        N, steps, D = dxs.shape
        dx = np.matmul(das.T, W.T, out=self.buffer("dx", steps * N, D))  # (steps N, G H) @ (G H, D) -> (steps N, D)
        dxs[...] = dx.reshape(steps, N, D).transpose(1, 0, 2)  # (steps N, D) -> (N, steps, D)

    def add_weight_grad(self, das, ins, dW, first):
        """dW (K, G H) += the sum over the steps of ins[t] @ da[t].T; das (G H, steps N), ins (steps, K, N).

        first: whether nothing was added yet; then what stands in dW is overwritten.
        """
        product = dW if first else self.buffer("dW_chunk", *dW.shape)
        # (K, steps N) @ (steps N, G H) -> (K, G H)
        np.matmul(self.merge_steps("in_chunk", ins), das.T, out=product)
        if not first:
            dW += product


def steps_at_once(T, N):
    """How many of T steps with N texts each are one product of the weights' gradients."""
    return min(T, max(1, COLUMNS // max(N, 1)))


@cache
def smallest_grad(dtype):
    """Gradients of states below this, 1e-24 in float32, count as 0.

    Over a long text they vanish, and what is below finfo.tiny takes a processor ten times as long. There is room for
    weights and derivatives as small as the last digit of 1, each, before a product is there.
    """
    info = np.finfo(dtype)
    return float(info.tiny / info.eps**2)


def overwrite_masked(new, old, masked):
    """Where a row of the batch is masked at this step, new = old. new, old: (H, N); masked: (N,) bools or None."""
    if masked is not None:
        np.copyto(new, old, where=masked)


def sigmoid_of_negated(a):
    """a = 1 / (1 + exp(a)), in place: sigmoid(-a), for an `a` of negated weights; exp(a) = inf shuts the gate."""
    np.exp(a, out=a)
    a += 1
    np.reciprocal(a, out=a)
