"""A graph of ONNX while it is built: nodes, weights, and in which form the weights are kept."""

import numpy as np
from onnx import helper, numpy_helper

from ch_sentiment.experiment.packing import LEAST_COLUMNS, quantize_rows
from dataset.errors import DataError

SMALL = 64  # elements: constants up to here stand in the file once, however often they are used
LOWEST = np.finfo(np.float32).min  # where a maximum must not look; -inf would become nan in a product with 0


class Graph:
    """Values are named by str. What a method takes as a value may be an array as well, which becomes a constant.

    most: bytes of the file; DataError where its arrays take more. stored: of the weights, "float32", "float16" (tables
    and matrices) or "int8" (tables, with a scale a row; matrices float16). All arithmetic is in float32. size: bytes
    of the arrays so far. Of the texts that are read: `mask` (N, T) bool, True where a real token stands, `steps` (N, T,
    1) the same, `lengths` (N,) int64.
    """

    def __init__(self, most, stored="float32"):
        self.most, self.stored = most, stored
        self.nodes, self.constants, self.size = [], [], 0
        self.small = {}  # (dtype, shape, bytes) -> name

    def op(self, kind, *values, outputs=1, **attributes):
        """Add a node; -> its output, or a list of them."""
        names = [f"{kind.lower()}{len(self.nodes)}{'abc'[i] if i else ''}" for i in range(outputs)]
        inputs = [value if isinstance(value, str) else self.constant(value) for value in values]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names if outputs > 1 else names[0]

    def constant(self, array):
        """-> the name of an array."""
        array = np.array(array, order="C")  # which, unlike ascontiguousarray, leaves a number without axes
        key = (array.dtype, array.shape, array.tobytes()) if array.size <= SMALL else None
        if key not in self.small or key is None:
            self.size += array.nbytes
            if self.size > self.most:
                way_out = "" if self.stored == "int8" else " (--onnx-weights int8 makes it smaller)"
                expected = f"a file of at most {self.most:,} bytes, protobuf's limit"
                raise DataError(f"--onnx: expected {expected}, got {self.size:,} or more{way_out}")
            self.small[key] = f"constant{len(self.constants)}"
            self.constants.append(numpy_helper.from_array(array, self.small[key]))
        return self.small[key]

    def cast(self, value, kind):
        """kind: a dtype of NumPy."""
        return self.op("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(kind)))

    def weight(self, array):
        """A matrix, or another array, of weights; -> float32."""
        if self.stored == "float32" or array.ndim < 2:
            return self.constant(array.astype(np.float32))
        return self.cast(self.constant(_half(array)), np.float32)

    def rows(self, table, ids):
        """The rows `ids` (...) of weights (V, D) -> (..., D) float32; only these rows become float32."""
        if self.stored == "float32":
            return self.op("Gather", table.astype(np.float32), ids)
        if self.stored == "float16" or table.shape[1] < LEAST_COLUMNS:
            return self.cast(self.op("Gather", _half(table), ids), np.float32)
        quantized, scale = quantize_rows(table)
        rows = self.cast(self.op("Gather", quantized, ids), np.float32)
        return self.op("Mul", rows, self.op("Gather", scale[:, None], ids))

    # -- of the texts

    def read(self, mask, lengths):
        """From here on these texts are read: mask (N, T), lengths (N,)."""
        self.mask, self.lengths = mask, lengths
        self.steps = self.op("Unsqueeze", mask, np.array([2]))  # (N, T) -> (N, T, 1)
        self.sequence_lens = self.cast(lengths, np.int32)

    def where_real(self, xs, otherwise):
        """xs (N, T, D) -> the same, with a number at the padding."""
        return self.op("Where", self.steps, xs, np.float32(otherwise))

    def affine(self, xs, W, b):
        """(..., D) @ (D, K) + (K,) -> (..., K)."""
        return self.op("Add", self.op("MatMul", xs, self.weight(W)), self.weight(b))

    def before(self, values):
        """(N, T) -> (N, T): what stood one place before, 0 at the first. So that no array is ever without elements."""
        padded = self.op("Pad", values, np.array([0, 1, 0, 0]))  # (N, T) -> (N, 1 + T)
        return self.op("Slice", padded, np.array([0]), np.array([-1]), np.array([1]))


def _half(array):
    """(...) float16. DataError where a number is too large."""
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    if not np.isfinite(half).all():
        got = f"{np.abs(array).max():g}"
        raise DataError(f"--onnx-weights: expected no weight above 65,504, got {got}")
    return half
