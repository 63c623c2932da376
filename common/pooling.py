"""Many to one: one vector for a whole text, out of one vector for each of its steps.

forward: hs (N, T, H), mask (N, T) bool or None -> (N, H), of TimeFirstLast and TimeMaxMean (N, 2H); backward: the
gradient (N, T, H) of hs, exactly 0 at the padding. A text of no real step gives 0; a batch of no steps at all, T = 0,
is a ValueError.
"""

import numpy as np

from common.arrays.checks import as_array, as_floats, as_mask, float_dtype
from common.arrays.initializers import xavier, zeros
from common.arrays.layer import Layer
from common.functions import filled, softmax


def first_step(mask):
    """mask (N, T) -> the first real step of each row (N,)."""
    return mask.argmax(axis=1)


def last_step(mask):
    return mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)


class TimePick(Layer):
    """The base of what picks one or two steps of each text: a child says which, and which columns of them.

    `picks`: for each part of the output, its step and its columns of hs, from and to so many halves of H.
    """

    picks = ()

    def forward(self, hs, mask=None):
        hs, mask = _checked(self, hs, mask)
        n, half, some = np.arange(len(hs)), hs.shape[2] / 2, mask.any(axis=1, keepdims=True)  # some (N, 1)
        index = [(n, step(mask), slice(int(half * start), int(half * end))) for step, start, end in self.picks]
        out = np.concatenate([hs[i] for i in index], axis=1)  # (N, H / 2 or H) each -> (N, H or 2H)
        self.cache = index, some, out.shape, hs.shape
        return np.where(some, out, 0)

    def backward(self, dout):
        index, some, out_shape, shape = self.cached()
        dout = np.where(some, as_floats(self, "dout", dout, out_shape, float_dtype(dout)), 0)
        dhs = np.zeros(shape, dout.dtype, like=dout)
        start = 0
        for n, step, columns in index:
            end = start + columns.stop - columns.start
            dhs[n, step, columns] += dout[:, start:end]  # added: the first step of a text may be its last
            start = end
        return dhs


class TimeLast(TimePick):
    """The vector of the last real step."""

    picks = ((last_step, 0, 2),)


class TimeBiLast(TimePick):
    """Each direction's own last state: the first half of hs at the last real step, the second half at the first.

    Fits `TimeBidirectional` around two layers of one size. H even.
    """

    picks = ((last_step, 0, 1), (first_step, 1, 2))

    def forward(self, hs, mask=None):
        hs = as_array(self, "hs", hs)
        if hs.ndim == 3 and hs.shape[2] % 2:
            raise ValueError(f"TimeBiLast: hs: expected two halves of one size, got {hs.shape[2]} columns")
        return super().forward(hs, mask)


class TimeFirstLast(TimePick):
    """The vectors of the first and of the last real step, concatenated. hs (N, T, H) -> (N, 2H).

    Over `TimeBidirectional` these are both final states and, with each, the other direction's first step.
    """

    picks = ((first_step, 0, 2), (last_step, 0, 2))


class TimeMean(Layer):
    """The mean over the real steps (the Theano tutorial's pooling)."""

    def forward(self, hs, mask=None):
        hs, mask = _checked(self, hs, mask)
        return self.pooled(filled(hs, mask, 0), mask)

    def pooled(self, hs, mask):
        """forward of hs that is 0 at the padding."""
        count = np.maximum(mask.sum(axis=1, keepdims=True), 1).astype(hs.dtype)  # (N, 1)
        self.cache = mask, count, hs.shape
        return hs.sum(axis=1) / count  # (N, T, H) -> (N, H)

    def backward(self, dout):
        mask, count, shape = self.cached()
        dout = as_floats(self, "dout", dout, (shape[0], shape[2]), float_dtype(dout))
        dhs = np.empty(shape, dout.dtype, like=dout)
        dhs[...] = (dout / count)[:, None]
        dhs[~mask] = 0
        return dhs


class TimeMax(Layer):
    """The greatest value of each column over the real steps; the gradient goes to the first step that has it.

    While `inference` is true, that step is not looked for, and backward is not available.
    """

    inference = False

    def forward(self, hs, mask=None):
        hs, mask = _checked(self, hs, mask)
        return self.pooled(filled(hs, mask, -np.inf), mask)

    def pooled(self, hs, mask):
        """forward of hs that is -inf at the padding."""
        some = mask.any(axis=1, keepdims=True)  # (N, 1)
        top = hs.max(axis=1)  # (N, T, H) -> (N, H)
        self.cache = None if self.inference else (_first_equal(hs, top), some, hs.shape)
        return np.where(some, top, 0)

    def backward(self, dout):
        step, some, shape = self.cached()
        dout = as_floats(self, "dout", dout, (shape[0], shape[2]), float_dtype(dout))
        dhs = np.zeros(shape, dout.dtype, like=dout)
        np.put_along_axis(dhs, step, np.where(some, dout, 0)[:, None], axis=1)
        return dhs


class TimeMaxMean(TimeMax):
    """The greatest value and the mean of each column over the real steps, concatenated. hs (N, T, H) -> (N, 2H)."""

    def __init__(self):
        super().__init__()
        self.mean = TimeMean()

    def forward(self, hs, mask=None):
        hs, mask = _checked(self, hs, mask)
        own = filled(hs, mask, 0)
        mean = self.mean.pooled(own, mask)
        if own is not hs:
            own[~mask] = -np.inf  # the same copy once more: memory costs more than the arithmetic
        return np.concatenate((self.pooled(own, mask), mean), axis=1)  # 2 (N, H) -> (N, 2H)

    def backward(self, dout):
        step, some, (N, _, H) = self.cached()
        dout = as_floats(self, "dout", dout, (N, 2 * H), float_dtype(dout))
        dhs = self.mean.backward(dout[:, H:])
        top = np.arange(N)[:, None], step[:, 0], np.arange(H)  # where dout of the greatest values belongs, (N, H)
        dhs[top] += np.where(some, dout[:, :H], 0)
        return dhs


class TimeAttentionPooling(Layer):
    """A mean weighted by learned attention: a = softmax over the real steps of v . tanh(h W + b). Yang et al. 2016.

    W: (H, A), b: (A,), v: (A,). After forward `attention_weight` (N, T) holds a: 0 at the padding, rows that add to 1.
    """

    def __init__(self, W, b, v):
        super().__init__(W=(W, ("H", "A")), b=(b, ("A",)), v=(v, ("A",)))
        self.attention_weight = None

    def forward(self, hs, mask=None):
        W, b, v = self.params
        hs, mask = _checked(self, hs, mask, W.dtype, len(W))
        hs = np.where(mask[:, :, None], hs, 0)  # in C order: the products below are within a text
        u = np.tanh(np.matmul(hs, W) + b)  # (N, T, H) @ (H, A) -> (N, T, A)
        score = np.where(mask, np.matmul(u, v), -np.inf)  # (N, T, A) @ (A,) -> (N, T)
        score = np.where(mask.any(axis=1, keepdims=True), score, 0)
        self.attention_weight = np.where(mask, softmax(score), 0)
        self.cache = hs, u
        return np.matmul(self.attention_weight[:, None], hs)[:, 0]  # (N, 1, T) @ (N, T, H) -> (N, H)

    def backward(self, dout):
        W, _, v = self.params
        dW, db, dv = self.grads
        hs, u = self.cached()
        a = self.attention_weight
        dout = as_floats(self, "dout", dout, (len(hs), len(W)), W.dtype)
        da = np.matmul(hs, dout[:, :, None])[:, :, 0]  # (N, T, H) @ (N, H, 1) -> (N, T)
        dscore = a * (da - (a * da).sum(axis=1, keepdims=True))  # through softmax
        dv[...] = np.tensordot(dscore, u, 2)  # (N, T) . (N, T, A) -> (A,)
        du = dscore[:, :, None] * v * (1 - u * u)  # through tanh: (N, T, A)
        dW[...] = np.tensordot(hs, du, ((0, 1), (0, 1)))  # (N, T, H) . (N, T, A) -> (H, A)
        db[...] = du.sum(axis=(0, 1))
        return a[:, :, None] * dout[:, None] + np.matmul(du, W.T)


POOLS = ("last", "first-last", "mean", "max", "max-mean", "attention")


def pooling_by_name(name, width, bidirectional=False, rng=None, dtype=np.float32):
    """The layer of a name of POOLS, for hs (N, T, width) of one or of both directions. rng, dtype: of its weights."""
    if name == "attention":
        W, v = xavier(width, width, rng, dtype), xavier(width, 1, rng, dtype).reshape(-1)
        return TimeAttentionPooling(W, zeros((width,), rng, dtype), v)
    last = TimeBiLast if bidirectional else TimeLast
    by_name = {"last": last, "first-last": TimeFirstLast, "mean": TimeMean, "max": TimeMax, "max-mean": TimeMaxMean}
    return by_name[name]()


def _checked(layer, hs, mask, dtype=None, columns="H"):
    """hs (N, T, H), T >= 1, and a mask (N, T), all True where there was none."""
    hs = as_floats(layer, "hs", hs, ("N", "T", columns), dtype or np.result_type(float_dtype(hs), np.float32))
    if hs.shape[1] == 0:
        raise ValueError(f"{type(layer).__name__}: hs: expected at least one step, got shape {hs.shape}")
    mask = as_mask(layer, mask, hs.shape[:2])
    return hs, np.ones(hs.shape[:2], bool, like=hs) if mask is None else mask


def _first_equal(hs, top):
    """The first step at which hs (N, T, H) is top (N, H) -> (N, 1, H); `argmax` would first copy hs."""
    T = hs.shape[1]
    small = np.int16 if T < 2**15 else np.int32
    steps_left = np.arange(T, 0, -1, dtype=small, like=hs)[:, None]  # (T, 1): T, T - 1, ..., 1
    most_left = ((hs == top[:, None]) * steps_left).max(axis=1, keepdims=True)  # (N, T, H) -> (N, 1, H)
    return T - np.maximum(most_left, 1)  # NaN is equal to nothing
