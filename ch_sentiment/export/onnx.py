"""A trained model as an ONNX graph, whose metadata hold the words and all else that a reader needs."""

from ch_sentiment.export.description import check_finite, description
from dataset.errors import DataError

STORED = ("float32", "float16", "int8")  # what the weights are kept as, see `onnx_graph.Graph`
MOST = 2**31 - 2**20  # bytes: a protobuf message has less than 2 GiB; the nodes take what is left


def onnx_bytes(model, stored="float32"):
    """A Classifier -> the content of an .onnx file that onnx.checker has passed.

    Inputs: ids (N, T) and lengths (N,), both int64. Of row n the first lengths[n] ids are read, whatever stands behind
    them; a length of 0 is one unknown word. N and T are free, from 1 on. Outputs, (N, C) float32: logits, a single one
    as that of class 1 beside 0; probabilities, softmax(logits / temperature). Metadata: `description`.

    stored: one of STORED. DataError without the package onnx, for a layer that is not ours, weights that are not finite
    or too large for float16, a file beyond protobuf's limit.
    """
    try:
        import onnx

        from ch_sentiment.export.onnx_nets import onnx_model
    except ImportError as error:
        raise DataError(f"--onnx: expected onnx (pip install 'sentifish[onnx]'), got: {error}") from None
    check_finite(model.net.weights())
    graph = onnx_model(model.net, len(model.label_names), model.temperature, stored, description(model), MOST)
    onnx.checker.check_model(graph, full_check=True)  # shapes are inferred strictly, too
    return graph.SerializeToString()
