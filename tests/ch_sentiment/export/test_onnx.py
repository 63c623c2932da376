import os
import re
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import TINY, call
from nets_to_export import VARIANTS, V, classifier, texts

from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.export.onnx import onnx_bytes
from ch_sentiment.export.safetensors import safetensors_bytes
from ch_sentiment.model import CELLS, sentiment_net
from common.recurrent.lstm import TimeLSTM
from common.recurrent.rnn import TimeRNN
from dataset.errors import DataError
from dataset.text import Vocab


def session_of(content):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def answers(session, x, padding=0, output="probabilities"):
    """Of id arrays in one batch, with junk behind each."""
    lengths = np.array([len(ids) for ids in x])
    ids = np.random.default_rng(5).integers(-(2**62), 2**62, (len(x), lengths.max() + padding))
    for row, own in zip(ids, x):
        row[: len(own)] = own
    return session.run([output], {"ids": ids, "lengths": lengths})[0]


@pytest.mark.parametrize("name", VARIANTS)
def test_onnxruntime_gives_our_probabilities_whatever_the_batch(name):
    model, x = VARIANTS[name](), texts()
    session = session_of(onnx_bytes(model))
    ours = model.predict_proba_of_ids(x)
    assert np.ptp(ours[:, 0]) > 0.03
    near = {"rtol": 0, "atol": 1e-5}
    np.testing.assert_allclose(answers(session, x), ours, **near)
    np.testing.assert_allclose(answers(session, x[:40], padding=9), ours[:40], **near)
    for i in range(40):
        np.testing.assert_allclose(answers(session, x[i : i + 1], padding=i % 3), ours[i : i + 1], **near)


def test_a_length_of_0_is_one_unknown_word():
    model = VARIANTS["wide, tail"]()
    session = session_of(onnx_bytes(model))
    feed = {"ids": np.array([[5, 6, 7], [8, 9, 2**40]]), "lengths": np.array([0, 2])}
    ours = model.predict_proba_of_ids([np.array([1]), np.array([8, 9])])
    np.testing.assert_allclose(session.run(["probabilities"], feed)[0], ours, rtol=0, atol=1e-6)


def test_logits_are_the_scores_before_the_temperature():
    for name in ("temperature", "temperature, three classes"):
        model, x = VARIANTS[name](), texts(20)
        scores = model.scores(x)
        logits = answers(session_of(onnx_bytes(model)), x, output="logits")
        expected = np.stack((np.zeros(20), scores), axis=1) if scores.ndim == 1 else scores
        np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("P", [1, 2, 3, 4, 7, 8, 9, 1000])
def test_every_pair_of_words_is_found_and_no_other(P):
    known = np.sort(np.random.default_rng(P).choice(np.arange(V + 1, V**2), P, replace=False))
    known = known[known % V > 0]  # the padding ends no pair
    found = NBSVM(V, len(known))
    found.keys[...] = known
    found.ratios[...] = 1
    found.params[0][V:, 0] = 2.0 ** -np.arange(len(known)) * 8
    model = classifier(found)
    x = [np.array(divmod(key, V), np.int32) for key in range(V + 1, V**2) if key % V]
    np.testing.assert_allclose(answers(session_of(onnx_bytes(model)), x), model.predict_proba_of_ids(x), atol=1e-6)


def test_versions_inputs_and_outputs_are_those_that_the_page_names():
    model = VARIANTS["three classes"]()
    found = onnx.load_from_string(onnx_bytes(model))
    assert (found.ir_version, found.opset_import[0].version, len(found.opset_import)) == (8, 17, 1)
    session = session_of(found.SerializeToString())
    named = [(value.name, value.shape, value.type) for value in (*session.get_inputs(), *session.get_outputs())]
    floats = [(name, ["N", 3], "tensor(float)") for name in ("logits", "probabilities")]
    assert named == [("ids", ["N", "T"], "tensor(int64)"), ("lengths", ["N"], "tensor(int64)"), *floats]


def test_the_same_model_is_the_same_file():
    assert onnx_bytes(VARIANTS["wide, head"]()) == onnx_bytes(VARIANTS["wide, head"]())


@pytest.mark.parametrize(("stored", "near"), [("float16", 0.01), ("int8", 0.05)])
@pytest.mark.parametrize("name", ["lstm, both ways", "transformer, mean", "pairs", "bag of words", "wide, softmax"])
def test_smaller_weights_change_answers_a_little_and_by_no_neighbour(stored, near, name):
    model, x = VARIANTS[name](), texts(60)
    session = session_of(onnx_bytes(model, stored))
    found, ours = answers(session, x), model.predict_proba_of_ids(x)
    assert 0 < np.abs(found - ours).max() < near
    for i in range(20):
        np.testing.assert_allclose(answers(session, x[i : i + 1], padding=4), found[i : i + 1], rtol=0, atol=1e-5)


def test_smaller_weights_are_smaller_files():
    net = sentiment_net(3000, 64, 16, rng=0)
    model = Classifier(net, Vocab([f"word{i}" for i in range(2998)]), ["a", "b"], 9)
    whole, half, quarter = (len(onnx_bytes(model, stored)) for stored in ("float32", "float16", "int8"))
    tables = 4 * 3000 * 64
    assert whole - half > 0.49 * tables and whole - quarter > 0.7 * tables


@pytest.mark.parametrize("wrong", [np.nan, -np.inf])
def test_weights_that_are_not_finite_are_refused_by_name(wrong):
    model = VARIANTS["wide, head"]()
    model.net.linear.ratios[7] = wrong
    with pytest.raises(DataError, match=rf"expected a model of finite weights, got {wrong} in linear.ratios \(train"):
        onnx_bytes(model)
    with pytest.raises(DataError, match=r"linear\.ratios"):
        safetensors_bytes(model)


def test_a_weight_too_large_for_float16_is_refused():
    model = VARIANTS["lstm"]()
    model.net.head.params[0][0] = 70000
    onnx_bytes(model)
    with pytest.raises(DataError, match=r"--onnx-weights: expected no weight above 65,504, got 70000"):
        onnx_bytes(model, "float16")


def test_a_layer_of_ones_own_is_refused_by_name():
    class Peephole(TimeLSTM):
        pass

    model = VARIANTS["lstm, both ways"]()
    layer = model.net.encoder.layers[0]
    layer.backward_layer = Peephole(*layer.backward_layer.params)
    with pytest.raises(DataError, match="expected layers of Sentifish alone, got Peephole"):
        onnx_bytes(model)


def test_a_file_beyond_the_limit_of_protobuf_is_refused_before_it_is_made(monkeypatch):
    monkeypatch.setattr("ch_sentiment.export.onnx.MOST", 5000)
    expected = r"--onnx: expected a file of at most 5,000 bytes, protobuf's limit, got [\d,]+ or more \(--onnx-weights"
    with pytest.raises(DataError, match=expected):
        onnx_bytes(VARIANTS["lstm"]())


# -- the command


def test_the_command_writes_the_file(here, phrases_model, capsys):
    assert call("export", phrases_model, "--onnx", "a.onnx", "--onnx-weights", "int8", "--safetensors", "a.st") == 0
    assert re.fullmatch(r"a.onnx: [\d,]+ bytes\na.st: [\d,]+ bytes\n", capsys.readouterr().out)
    session_of((here / "a.onnx").read_bytes())


def test_a_missing_package_is_named_and_nothing_is_written(phrases_model, said, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    for name in [name for name in sys.modules if name.startswith("ch_sentiment.export.onnx_")]:
        monkeypatch.delitem(sys.modules, name)
    line = said("export", phrases_model, "--safetensors", "a.st", "--onnx", "a.onnx")
    assert "--onnx: expected onnx (pip install 'sentifish[onnx]'), got: " in line


def test_a_custom_cell_is_refused_by_name(here, monkeypatch, said, capsys):
    class OwnRNN(TimeRNN):
        pass

    monkeypatch.setitem(CELLS, "own:OwnRNN", OwnRNN)
    cell = ["--cell", "own:OwnRNN"]
    assert call("train", "--data", "phrases-small", *TINY, *cell, "--epochs", 1, "--out", "r") == 0
    capsys.readouterr()
    line = said("export", "r", *cell, "--onnx", "a.onnx")
    assert "--onnx: expected layers of Sentifish alone, got OwnRNN (--safetensors writes its weights)" in line
    assert call("export", "r", *cell, "--safetensors", "a.safetensors") == 0


def test_onnx_weights_stand_beside_onnx(phrases_model, said):
    line = said("export", phrases_model, "--onnx-weights", "int8", "--safetensors", "a")
    assert "--onnx-weights: expected --onnx FILE beside it, got none" in line


def test_two_names_of_one_file_are_refused(here, phrases_model, said):
    with open("a.onnx", "w"):
        os.symlink("a.onnx", "b.onnx")
    line = said("export", phrases_model, "--onnx", "a.onnx", "--safetensors", "b.onnx")
    assert "expected a file for each form, got a.onnx, b.onnx" in line
