"""A whole net as a graph: ids and lengths in, logits and probabilities out."""

import numpy as np
from onnx import TensorProto, helper

from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.export.onnx_graph import Graph
from ch_sentiment.export.onnx_layers import translate
from ch_sentiment.model import SentimentNet
from ch_sentiment.wide.wide_net import WideNet
from dataset.errors import DataError
from dataset.text import UNK

OPSET, IR_VERSION = 17, 8  # of 2022, when LayerNormalization came: onnxruntime 1.12 reads them


def onnx_model(net, num_classes, temperature, stored, metadata, most):
    """-> ModelProto, see `onnx.onnx_bytes`. metadata: dict of str to str. most: bytes. DataError."""
    graph = Graph(most, stored)
    graph.size = sum(len(value.encode()) for value in metadata.values())
    logits = _logits(graph, net, _texts(graph))
    graph.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
    tempered = graph.op("Div", logits, np.float32(temperature))
    graph.nodes.append(helper.make_node("Softmax", [tempered], ["probabilities"], axis=1))
    inputs = _values(TensorProto.INT64, ids=["N", "T"], lengths=["N"])
    outputs = _values(TensorProto.FLOAT, logits=["N", num_classes], probabilities=["N", num_classes])
    whole = helper.make_graph(graph.nodes, "sentiment", inputs, outputs, graph.constants)
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(whole, opset_imports=opset, ir_version=IR_VERSION, producer_name="sentifish")
    helper.set_model_props(model, metadata)
    return model


def _values(kind, **shapes):
    return [helper.make_tensor_value_info(name, kind, shape) for name, shape in shapes.items()]


def _texts(graph):
    """-> ids (N, T), PAD wherever no text stands, which are read from here on."""
    T = graph.op("Shape", "ids", start=1)  # (1,)
    t = graph.op("Range", np.array(0), graph.op("Squeeze", T), np.array(1))  # (T,)

    def is_before(lengths):
        return graph.op("Less", t, graph.op("Unsqueeze", lengths, np.array([1])))  # (T,) < (N, 1) -> (N, T)

    lengths = graph.op("Max", graph.op("Min", "lengths", T), np.array(1))  # (N,)
    mask = is_before(lengths)
    graph.read(mask, lengths)
    empty = graph.op("Mul", graph.cast(mask, np.int64), np.array(UNK))  # the one word of a text without words
    return graph.op("Where", is_before("lengths"), "ids", empty)


def _logits(graph, net, ids):
    """(N, T) ids -> (N, C) logits."""
    if type(net) not in NETS:
        names = ", ".join(kind.__name__ for kind in NETS)
        raise DataError(f"--onnx: expected a model of {names}, got {type(net).__name__}")
    scores, columns = NETS[type(net)](graph, net, ids)
    return _beside_zero(graph, scores) if columns == 1 else scores


def _beside_zero(graph, scores):
    """(N, 1) logits of class 1 -> (N, 2), that of class 0 is 0."""
    return graph.op("Pad", scores, np.array([0, 1, 0, 0]))


def _layers(graph, net, ids):
    """-> (N, K) scores, and K."""
    return translate(graph, net, ids), net.params[-1].shape[0]


def _sentiment_net(graph, net, ids):
    pooled = translate(graph, net.encoder, translate(graph, net.words, ids))  # (N, T) -> (N, T, D) -> (N, K)
    return translate(graph, net.head, pooled), len(net.head.params[1])


def _wide_net(graph, net, ids):
    """The linear part reads whole texts, the net at most `max_len` words of each."""
    a, b = net.shares
    if b:
        linear, columns = _layers(graph, net.linear, ids)
    scores, K = _sentiment_net(graph, net, _cut(graph, net, ids))
    if not b:
        return scores, K
    linear = _beside_zero(graph, linear) if columns < K else linear
    return graph.op("Add", graph.op("Mul", scores, a), graph.op("Mul", linear, b)), K


def _cut(graph, net, ids):
    """(N, T) ids -> (N, T') ids, T' <= max_len, of which `net.keep` says where they stand in longer texts."""
    most = net.max_len
    at_start = {"head-and-tail": most - most // 2, "head": most, "tail": 0}[net.keep]
    skipped = graph.op("Max", graph.op("Sub", graph.lengths, np.array(most)), np.array(0))  # (N,)
    lengths = graph.op("Sub", graph.lengths, skipped)
    T = graph.op("Min", graph.op("Shape", ids, start=1), np.array([most]))  # (1,)
    t = graph.op("Range", np.array(0), graph.op("Squeeze", T), np.array(1))  # (T',)
    beyond = graph.op("Where", graph.op("Less", t, np.array(at_start)), np.array(0), np.array(1))  # (T',)
    jump = graph.op("Mul", beyond, graph.op("Unsqueeze", skipped, np.array([1])))  # (T',) * (N, 1) -> (N, T')
    mask = graph.op("Less", t, graph.op("Unsqueeze", lengths, np.array([1])))  # (N, T')
    graph.read(mask, lengths)
    # In a text with anything to skip, all T' places are read: no place is ever beyond its end.
    return graph.op("GatherElements", ids, graph.op("Add", t, jump), axis=1)


NETS = {SentimentNet: _sentiment_net, WideNet: _wide_net, BagOfWords: _layers, NBSVM: _layers}
