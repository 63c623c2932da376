import json
import struct

import numpy as np
import pytest
from nets_to_export import VARIANTS, V

from ch_sentiment.export.safetensors import safetensors_bytes


def parts_of(content):
    """-> the header, and the arrays by name, as the format says."""
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    metadata, arrays, data, end = header.pop("__metadata__"), {}, content[8 + size :], 0
    assert content[8:9] == b"{" and (8 + size) % 8 == 0
    for name, entry in header.items():
        start, stop = entry["data_offsets"]
        dtype = np.dtype({"F32": "<f4", "I64": "<i8"}[entry["dtype"]])
        assert start == end and start % dtype.itemsize == 0 and stop - start == dtype.itemsize * np.prod(entry["shape"])
        arrays[name], end = np.frombuffer(data[start:stop], dtype).reshape(entry["shape"]), stop
    assert end == len(data)
    return metadata, arrays


@pytest.mark.parametrize("name", ["lstm, both ways", "transformer, mean", "pairs", "nbsvm of 3", "wide, softmax"])
def test_the_file_holds_every_array_by_its_name_without_a_gap(name):
    model = VARIANTS[name]()
    metadata, arrays = parts_of(safetensors_bytes(model))
    weights = model.net.weights()
    assert set(arrays) == set(weights)
    for key, array in weights.items():
        assert arrays[key].dtype == array.dtype and np.array_equal(arrays[key], array), key
    assert json.loads(metadata["words"]) == [f"word{i}" for i in range(2, V)]
    assert json.loads(metadata["labels"]) == model.label_names and json.loads(metadata["format"]) == 1


def test_an_array_in_another_order_of_memory_is_written_row_by_row():
    model = VARIANTS["lstm"]()
    whole = safetensors_bytes(model)
    embed = model.net.words.embed
    embed.params[0] = model.net.params[0] = np.asfortranarray(embed.params[0])
    assert safetensors_bytes(model) == whole


def test_the_package_safetensors_reads_it(tmp_path):
    safetensors = pytest.importorskip("safetensors", reason="needs safetensors")
    numpy = pytest.importorskip("safetensors.numpy")
    model = VARIANTS["wide, head"]()
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors_bytes(model))
    found, weights = numpy.load_file(path), model.net.weights()
    assert set(found) == set(weights) and all(np.array_equal(found[name], weights[name]) for name in weights)
    with safetensors.safe_open(path, "np") as file:
        assert json.loads(file.metadata()["labels"]) == model.label_names
