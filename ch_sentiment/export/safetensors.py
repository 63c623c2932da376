"""A trained model as named arrays in the form of safetensors: a length, a header in JSON, the bytes of the arrays."""

import json
import struct

from ch_sentiment.export.description import check_finite, description

DTYPES = {"float16": "F16", "float32": "F32", "float64": "F64", "int32": "I32", "int64": "I64"}
ALIGNMENT = 8  # bytes: the header is filled up with spaces, so that an array may be read where it lies


def safetensors_bytes(model):
    """A Classifier -> the content of a .safetensors file: the weights by our names, and `description` as metadata.

    DataError where a weight is not finite.
    """
    weights = model.net.weights()
    check_finite(weights)
    # The longest elements first: then each array begins at a multiple of its own.
    names = sorted(weights, key=lambda name: (-weights[name].dtype.itemsize, name))
    header, content = {"__metadata__": description(model)}, []
    start = 0
    for name in names:
        array = weights[name]
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()  # in C order, whatever is in memory
        end = start + len(data)
        header[name] = {"dtype": DTYPES[array.dtype.name], "shape": list(array.shape), "data_offsets": [start, end]}
        content.append(data)
        start = end
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return b"".join([struct.pack("<Q", len(text)), text, *content])
