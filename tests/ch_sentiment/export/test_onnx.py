import numpy as np
import onnxruntime
import pytest
from nets_to_export import VARIANTS, texts

from ch_sentiment.export.onnx import onnx_bytes


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
    assert np.ptp(ours[:, 0]) > 0.1
    near = {"rtol": 0, "atol": 1e-5}
    np.testing.assert_allclose(answers(session, x), ours, **near)
    np.testing.assert_allclose(answers(session, x[:40], padding=9), ours[:40], **near)
    for i in range(40):
        np.testing.assert_allclose(answers(session, x[i : i + 1], padding=i % 3), ours[i : i + 1], **near)
