"""What each layer of ours is in ONNX: a table from its class to a function of graph, layer and the name of its input.

ONNX writes the gates of an LSTM i, o, f, c and those of a GRU z, r, h; its z says how much to keep, ours how much to
renew. Its recurrent operators take (T, N, D) and `sequence_lens`; what they give after the end of a text is never read.
"""

import math

import numpy as np

from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM, DistinctFeatures, ScaledSum
from ch_sentiment.export.onnx_features import distinct_features, pair_vectors, scaled_sum
from ch_sentiment.export.onnx_graph import LOWEST
from ch_sentiment.model import RecurrentEncoder, WordVectors
from common.attention import MultiHeadAttention
from common.layers import Affine, Dropout, LayerNorm
from common.pooling import TimeAttentionPooling, TimeBiLast, TimeFirstLast, TimeLast, TimeMax, TimeMaxMean, TimeMean
from common.recurrent.bidirectional import TimeBidirectional
from common.recurrent.gru import TimeGRU
from common.recurrent.gru_reset_after import TimeGRUResetAfter
from common.recurrent.lstm import TimeLSTM
from common.recurrent.rnn import TimeRNN
from common.time_layers import TimeAffine, TimeDropout, TimeEmbedding
from common.transformer import Gelu, Relu, Residual, TransformerBlock, TransformerEncoder, TransformerPooled
from dataset.errors import DataError


def translate(graph, layer, xs):
    """Add what a layer does to a graph; xs: its input -> its output. DataError for a layer that is not in the table."""
    if type(layer) not in LAYERS:  # a class of one's own that is a child of ours computes something else
        got = f"{type(layer).__name__} (--safetensors writes its weights)"
        raise DataError(f"--onnx: expected layers of Sentifish alone, got {got}")
    return LAYERS[type(layer)](graph, layer, xs)


def _in_order(graph, layers, xs):
    for layer in layers.layers:
        xs = translate(graph, layer, xs)
    return xs


def _residual(graph, layers, xs):
    return graph.op("Add", xs, _in_order(graph, layers, xs))


def _unchanged(graph, layer, xs):
    return xs


# -- vectors


def _word_vectors(graph, words, ids):
    """(N, T) ids -> (N, T, D + D2)."""
    vectors = graph.rows(words.embed.params[0], ids)
    if words.pair_embed is None:
        return vectors
    return graph.op("Concat", vectors, pair_vectors(graph, words.pair_embed, ids), axis=2)


def _embedding(graph, layer, ids):
    return graph.rows(layer.params[0], ids)  # (N, T) -> (N, T, D)


# -- recurrent layers


def _recurrent(graph, layer, xs, direction="forward"):
    """(N, T, D) -> (N, T, H)."""
    kind, order, more = OPERATORS[type(layer)]
    Wx, Wh, b = (_in_gate_order(array, order) for array in layer.params)
    b, b_h = b if b.ndim == 2 else (b, np.zeros_like(b))
    W, R, B = Wx.T[None], Wh.T[None], np.concatenate((b, b_h))[None]  # (1, G H, D), (1, G H, H), (1, 2 G H)
    steps = graph.op("Transpose", xs, perm=[1, 0, 2])  # -> (T, N, D)
    inputs = steps, graph.weight(W), graph.weight(R), graph.constant(B.astype(np.float32)), graph.sequence_lens
    hs = graph.op(kind, *inputs, hidden_size=len(Wh), direction=direction, **more)  # -> (T, 1, N, H)
    return graph.op("Transpose", graph.op("Squeeze", hs, np.array([1])), perm=[1, 0, 2])  # -> (T, N, H) -> (N, T, H)


def _in_gate_order(array, order):
    """(..., G H) -> the same, its blocks of columns in another order; those with a minus are negated."""
    blocks = np.split(array, len(order), axis=-1)
    return np.concatenate([sign * blocks[i] for i, sign in order], axis=-1).astype(array.dtype)


def _both_directions(graph, layer, xs):
    """(N, T, D) -> (N, T, H1 + H2)."""
    halves = (layer.forward_layer, "forward"), (layer.backward_layer, "reverse")
    for half, _ in halves:
        if type(half) not in OPERATORS:
            translate(graph, half, xs)  # which says so
    return graph.op("Concat", *(_recurrent(graph, half, xs, direction) for half, direction in halves), axis=2)


# class -> operator, for each of its gates our block of columns and its sign, attributes
OPERATORS = {
    TimeRNN: ("RNN", [(0, 1)], {"activations": ["Tanh"]}),
    TimeLSTM: ("LSTM", [(2, 1), (3, 1), (0, 1), (1, 1)], {}),  # f, g, i, o -> i, o, f, c
    TimeGRU: ("GRU", [(0, -1), (1, 1), (2, 1)], {"linear_before_reset": 0}),  # 1 - sigmoid(a) = sigmoid(-a)
    TimeGRUResetAfter: ("GRU", [(0, -1), (1, 1), (2, 1)], {"linear_before_reset": 1}),
}


# -- pooling: (N, T, H) -> (N, K)


def _step(graph, hs, step):
    """(N, T, H), (N,) -> (N, H)."""
    return graph.op("GatherND", hs, graph.op("Unsqueeze", step, np.array([1])), batch_dims=1)


def _first(graph, hs):
    return graph.op("Gather", hs, np.array(0), axis=1)


def _last(graph, layer, hs):
    return _step(graph, hs, graph.op("Sub", graph.lengths, np.array(1)))


def _both_last(graph, layer, hs):
    (last, _), (_, first) = (
        graph.op("Split", step, axis=1, outputs=2) for step in (_last(graph, layer, hs), _first(graph, hs))
    )
    return graph.op("Concat", last, first, axis=1)  # 2 of (N, H / 2) -> (N, H)


def _first_last(graph, layer, hs):
    return graph.op("Concat", _first(graph, hs), _last(graph, layer, hs), axis=1)  # 2 of (N, H) -> (N, 2H)


def _mean(graph, layer, hs):
    total = graph.op("ReduceSum", graph.where_real(hs, 0), np.array([1]), keepdims=0)  # -> (N, H)
    count = graph.op("Unsqueeze", graph.cast(graph.lengths, np.float32), np.array([1]))  # (N, 1)
    return graph.op("Div", total, count)


def _max(graph, layer, hs):
    return graph.op("ReduceMax", graph.where_real(hs, LOWEST), axes=[1], keepdims=0)


def _max_mean(graph, layer, hs):
    return graph.op("Concat", _max(graph, layer, hs), _mean(graph, layer, hs), axis=1)  # 2 of (N, H) -> (N, 2H)


def _attention_pooling(graph, layer, hs):
    W, b, v = layer.params
    u = graph.op("Tanh", graph.affine(hs, W, b))  # (N, T, H) @ (H, A) -> (N, T, A)
    score = graph.op("MatMul", u, graph.weight(v[:, None]))  # (N, T, A) @ (A, 1) -> (N, T, 1)
    a = graph.op("Softmax", graph.where_real(score, LOWEST), axis=1)
    return graph.op("ReduceSum", graph.op("Mul", a, hs), np.array([1]), keepdims=0)  # -> (N, H)


# -- layers without time, and the Transformer


def _affine(graph, layer, xs):
    return graph.affine(xs, *layer.params)


def _layer_norm(graph, layer, xs):
    gamma, beta = map(graph.weight, layer.params)
    return graph.op("LayerNormalization", xs, gamma, beta, axis=-1, epsilon=float(layer.eps))


def _relu(graph, layer, xs):
    return graph.op("Relu", xs)


def _gelu(graph, layer, xs):
    near = graph.op("Clip", xs, np.float32(-100), np.float32(100))
    cube = graph.op("Mul", near, graph.op("Mul", near, near))
    inner = graph.op("Add", near, graph.op("Mul", cube, np.float32(0.044715)))
    tanh = graph.op("Tanh", graph.op("Mul", inner, np.float32(math.sqrt(2 / math.pi))))
    return graph.op("Mul", graph.op("Mul", xs, np.float32(0.5)), graph.op("Add", tanh, np.float32(1)))


def _transformer(graph, encoder, xs):
    """(N, T, D) -> (N, T, H): an Affine layer, positions, blocks, a norm."""
    project, _, *rest = encoder.layers
    xs = _affine(graph, project, xs)  # (N, T, D) -> (N, T, H)
    xs = graph.op("Add", xs, _sinusoids(graph, len(project.params[1])))
    for layer in rest:
        xs = translate(graph, layer, xs)
    return xs


def _sinusoids(graph, H):
    """(T, H) float32, as `common.attention.sinusoids`, in float64 until the sine is taken: an angle may be large."""
    T = graph.op("Gather", graph.op("Shape", graph.mask), np.array(1))
    t = graph.cast(graph.op("Range", np.array(0), T, np.array(1)), np.float64)  # (T,)
    column = np.arange(H)
    rate = 10_000.0 ** -((column - column % 2) / H)
    angle = graph.op("Mul", graph.op("Unsqueeze", t, np.array([1])), rate)  # (T, 1) * (H,) -> (T, H)
    return graph.cast(graph.op("Sin", graph.op("Add", angle, column % 2 * (math.pi / 2))), np.float32)


def _multi_head_attention(graph, layer, xs):
    """(N, T, D) -> (N, T, K)."""
    W_q, b_q, W_k, b_k, W_v, b_v, W_o, b_o = layer.params
    heads, d = layer.num_heads, len(b_q) // layer.num_heads

    def split(W, b, perm):
        of_heads = graph.op("Reshape", graph.affine(xs, W, b), np.array([0, 0, heads, d]))  # -> (N, T, heads, d)
        return graph.op("Transpose", of_heads, perm=perm)

    scale = np.float32(1 / math.sqrt(d))
    q, v = split(W_q * scale, b_q * scale, [0, 2, 1, 3]), split(W_v, b_v, [0, 2, 1, 3])  # (N, heads, T, d)
    score = graph.op("MatMul", q, split(W_k, b_k, [0, 2, 3, 1]))  # (N, heads, T, d) @ (N, heads, d, T)
    readable = graph.op("Unsqueeze", graph.mask, np.array([1, 2]))  # (N, T) -> (N, 1, 1, T)
    a = graph.op("Softmax", graph.op("Where", readable, score, LOWEST), axis=-1)  # (N, heads, T, T)
    context = graph.op("Transpose", graph.op("MatMul", a, v), perm=[0, 2, 1, 3])  # -> (N, T, heads, d)
    return graph.affine(graph.op("Reshape", context, np.array([0, 0, heads * d])), W_o, b_o)  # -> (N, T, K)


LAYERS = {
    **dict.fromkeys([RecurrentEncoder, TransformerPooled, TransformerBlock, BagOfWords, NBSVM], _in_order),
    **dict.fromkeys([Dropout, TimeDropout], _unchanged),
    **dict.fromkeys([Affine, TimeAffine], _affine),
    **dict.fromkeys([TimeRNN, TimeLSTM, TimeGRU, TimeGRUResetAfter], _recurrent),
    TimeBidirectional: _both_directions,
    **{WordVectors: _word_vectors, TimeEmbedding: _embedding},
    **{DistinctFeatures: distinct_features, ScaledSum: scaled_sum},
    **{TimeLast: _last, TimeBiLast: _both_last, TimeFirstLast: _first_last, TimeMean: _mean, TimeMax: _max},
    **{TimeMaxMean: _max_mean, TimeAttentionPooling: _attention_pooling},
    **{TransformerEncoder: _transformer, MultiHeadAttention: _multi_head_attention, Residual: _residual},
    **{LayerNorm: _layer_norm, Relu: _relu, Gelu: _gelu},
}
