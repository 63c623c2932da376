import json
import struct

import numpy as np
import pytest
from conftest import ROOT, fenced
from nets_to_export import VARIANTS, V, texts

from ch_sentiment.export.safetensors import safetensors_bytes

CODE = fenced((ROOT / "docs" / "safetensors.md").read_text(encoding="utf-8"), "python")


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


@pytest.fixture
def lstm_of_page():
    """The class of docs/safetensors.md that makes an nn.LSTM of a file, and the names that stand beside it."""
    for package in ("torch", "safetensors"):
        pytest.importorskip(package, reason=f"needs {package}")
    names = {"__name__": "page"}
    exec(compile(CODE[0], "docs/safetensors.md", "exec"), names)  # noqa: S102
    return names


@pytest.mark.parametrize("name", ["lstm", "lstm, both ways", "temperature", "temperature, three classes"])
def test_the_lstm_of_pytorch_gives_our_probabilities(name, lstm_of_page, tmp_path):
    model, x = VARIANTS[name](), texts()
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors_bytes(model))
    torch = lstm_of_page["torch"]
    with torch.inference_mode():
        theirs = lstm_of_page["LSTMClassifier"](path)([torch.from_numpy(ids).long() for ids in x]).numpy()
    np.testing.assert_allclose(theirs, model.predict_proba_of_ids(x), rtol=0, atol=1e-5)


def test_the_python_of_the_page_prints_what_stands_below_it(lstm_of_page, here, capsys):
    exec(compile(CODE[1], "docs/safetensors.md", "exec"), lstm_of_page)  # noqa: S102
    assert capsys.readouterr().out == "True\n"
