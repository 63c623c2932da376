"""Cases of `inputs`: each array that a layer or a loss is given."""

import numpy as np

from benchmarks.torture.inputs.case import (
    BINARY,
    CORPUS,
    COUNTS,
    HS,
    IDS,
    MASK,
    TS,
    WEIGHT,
    XS,
    B,
    D,
    H,
    N,
    T,
    V,
    W,
    X,
    case,
)
from common import layers, pooling, time_layers, transformer
from common.attention import Attention, MultiHeadAttention, PositionalEmbedding, PositionalEncoding
from common.negative_sampling import NegativeSamplingLoss, UnigramSampler
from common.pair_embedding import TimePairEmbedding
from common.sampled_softmax import SampledSoftmaxWithLoss, TimeAffineSoftmaxWithLoss, TimeSampledSoftmaxWithLoss
from common.skip_gram import TimeSkipGramLoss
from common.type_dropout import TypeDropout


def of_layers():
    square = np.eye(D, dtype=np.float32)
    cell = {name: getattr(time_layers, f"Time{name}") for name in ("RNN", "LSTM", "GRU", "GRUResetAfter")}
    without_mask = {
        "MatMul": lambda: layers.MatMul(square),
        "Affine": lambda: layers.Affine(square, B),
        "LayerNorm": lambda: layers.LayerNorm(B + 1, B),
    }
    any_shape = {
        "Sigmoid": layers.Sigmoid,
        "Softmax": layers.Softmax,
        "Dropout": lambda: layers.Dropout(0.5, 0),
        "Relu": transformer.Relu,
        "Gelu": transformer.Gelu,
    }
    with_mask = {
        "TimeAffine": lambda: time_layers.TimeAffine(square, B),
        "Simple_TimeAffine": lambda: time_layers.Simple_TimeAffine(square, B),
        "PositionalEncoding": PositionalEncoding,
        "PositionalEmbedding": lambda: PositionalEmbedding(W),
        "MultiHeadAttention": lambda: MultiHeadAttention(*MultiHeadAttention.init_params(D, D, 0)),
        "TransformerBlock": lambda: transformer.TransformerBlock(D, rng=0),
        "TimeBidirectional": lambda: time_layers.TimeBidirectional(
            *(time_layers.TimeLSTM(*time_layers.TimeLSTM.init_params(D, H, i)) for i in (0, 1))
        ),
        **{f"Time{name}": lambda made=made: made(*made.init_params(D, H, 0)) for name, made in cell.items()},
        **{
            name: getattr(pooling, name) for name in ("TimeLast", "TimeFirstLast", "TimeMean", "TimeMax", "TimeMaxMean")
        },
        "TimeAttentionPooling": lambda: pooling.TimeAttentionPooling(square, B, B + 1),
    }
    for name, made in without_mask.items():
        yield case(name, "x", "floats", X, lambda x, made=made: made().forward(x))
    for name, made in {**without_mask, **any_shape}.items():
        yield case(name, "dout", "floats", X, lambda d, made=made: after(made(), X).backward(d))
    for name, made in with_mask.items():
        owners = (name, "TimeLSTM", "Affine")
        yield case(owners, "xs", "floats", XS, lambda x, made=made: made().forward(x))
        yield case(owners, "mask", "mask", MASK, lambda m, made=made: made().forward(XS, m))
        out = made().forward(XS, MASK)
        dout = np.ones_like(out)
        yield case(owners, "dout", "floats", dout, lambda d, made=made: after(made(), XS, MASK).backward(d))
    for name, made in {"Embedding": layers.Embedding, "TimeEmbedding": time_layers.TimeEmbedding}.items():
        yield case(
            name,
            "ids",
            "ids",
            IDS,
            lambda ids, name=name, made=made: of_shape(name, (N, T, D), made(W).forward(ids)),
            V,
        )
        yield case(name, "W", "params", W, lambda w, made=made: made(w).forward(IDS))
    yield case("TimeEmbedding", "mask", "mask", MASK, lambda m: time_layers.TimeEmbedding(W).forward(IDS, m))
    pairs = np.array([1 * V + 2, 3 * V + 3])
    yield case(
        ("TimePairEmbedding", "TimeEmbedding"),
        "xs",
        "ids",
        IDS,
        lambda ids: TimePairEmbedding(W[:3], pairs, V).forward(ids),
        V,
    )
    yield case("TypeDropout", "ids", "ids", IDS, lambda ids: TypeDropout(0.5, 0).forward(XS, ids), 2**31)
    yield case("Attention", "hs_dec", "floats", HS, lambda hs: Attention().forward(HS, hs))
    yield case("Attention", "hs_enc", "floats", HS, lambda hs: Attention().forward(hs, HS))
    yield case("Attention", "mask", "mask", MASK, lambda m: Attention().forward(HS, HS, m))
    yield case("Affine", "W", "params", square, lambda w: layers.Affine(w, B).forward(X))
    yield case("Affine", "b", "params", B, lambda b: layers.Affine(square, b).forward(X))
    yield case("TimeLSTM", "h", "floats", HS[:, 0].copy(), lambda h: with_state(h))


def of_losses():
    softmax, sigmoid = layers.SoftmaxWithLoss, layers.SigmoidWithLoss
    yield case("SoftmaxWithLoss", "x", "floats", X, lambda x: softmax().forward(x, TS))
    yield case("SoftmaxWithLoss", "t", "ids", TS, lambda t: softmax().forward(X, t), D)
    yield case(
        "SoftmaxWithLoss", "one-hot t", "weight", np.eye(D, dtype=np.float32)[TS], lambda t: softmax().forward(X, t)
    )
    yield case("SoftmaxWithLoss", "sample_weight", "weight", WEIGHT, lambda w: softmax().forward(X, TS, w))
    yield case("SigmoidWithLoss", "x", "floats", X[:, 0].copy(), lambda x: sigmoid().forward(x, BINARY))
    yield case(
        "SigmoidWithLoss",
        "t",
        "labels",
        BINARY.astype(np.float32),
        lambda t: sigmoid().forward(X[:, 0], t),
        2,
        fine=("all of 0.5",),
    )
    yield case("SigmoidWithLoss", "sample_weight", "weight", WEIGHT, lambda w: sigmoid().forward(X[:, 0], BINARY, w))
    steps = IDS % D
    for made in (time_layers.TimeSoftmaxWithLoss, time_layers.Simple_TimeSoftmaxWithLoss):
        yield case(made.__name__, "xs", "floats", XS, lambda x, made=made: made().forward(x, steps))
        yield case(made.__name__, "ts", "tags", steps, lambda t, made=made: made().forward(XS, t), D)
        yield case(made.__name__, "mask", "mask", MASK, lambda m, made=made: made().forward(XS, steps, m))
        yield case(
            made.__name__, "sample_weight", "weight", WEIGHT, lambda w, made=made: made().forward(XS, steps, None, w)
        )
    binary = IDS % 2
    yield case(
        "TimeSigmoidWithLoss",
        "xs",
        "floats",
        XS[:, :, 0].copy(),
        lambda x: time_layers.TimeSigmoidWithLoss().forward(x, binary),
    )
    yield case(
        "TimeSigmoidWithLoss",
        "ts",
        "ids",
        binary,
        lambda t: time_layers.TimeSigmoidWithLoss().forward(XS[:, :, 0], t),
        2,
    )
    b = np.zeros(V, np.float32)
    for made in (TimeAffineSoftmaxWithLoss, lambda w, b: TimeSampledSoftmaxWithLoss(w, b, 3, None, 0)):
        name = type(made(W, b)).__name__
        yield case(name, "hs", "floats", XS, lambda x, made=made: made(W, b).forward(x, IDS))
        yield case(name, "ts", "tags", IDS, lambda t, made=made: made(W, b).forward(XS, t), V)
    yield case(
        "SampledSoftmaxWithLoss",
        "t",
        "tags",
        IDS[:, 0].copy(),
        lambda t: SampledSoftmaxWithLoss(W, b, 3, None, 0).forward(X, t),
        V,
    )
    yield case(
        ("TimeSampledSoftmaxWithLoss", "SampledSoftmaxWithLoss"),
        "counts",
        "weight",
        COUNTS,
        lambda c: SampledSoftmaxWithLoss(W, b, 3, c, 0).forward(X, IDS[:, 0]),
    )
    negative = lambda **how: NegativeSamplingLoss(W, CORPUS, rng=0, **how)  # noqa: E731
    yield case("NegativeSamplingLoss", "h", "floats", X, lambda x: negative().forward(x, IDS[:, 0]))
    yield case("NegativeSamplingLoss", "target", "ids", IDS[:, 0].copy(), lambda t: negative().forward(X, t), V)
    yield case(
        "NegativeSamplingLoss",
        "negative_sample",
        "negatives",
        IDS,
        lambda s: negative().forward(X, IDS[:, 0], negative_sample=s),
        V,
    )
    yield case(
        ("NegativeSamplingLoss", "UnigramSampler"),
        "corpus",
        "ids",
        CORPUS,
        lambda c: NegativeSamplingLoss(W, c, rng=0).forward(X, IDS[:, 0]),
        V,
    )
    yield case("UnigramSampler", "counts", "weight", COUNTS, lambda c: UnigramSampler(c, rng=0).draw(IDS[:, 0], 2))
    yield case(
        "UnigramSampler", "target", "ids", IDS[:, 0].copy(), lambda t: UnigramSampler(COUNTS, rng=0).draw(t, 2), V
    )
    yield case("UnigramSampler", "sample_size", "number", 2, lambda n: UnigramSampler(COUNTS, rng=0).draw(IDS[:, 0], n))
    yield case(
        ("TimeSkipGramLoss", "UnigramSampler"),
        "xs",
        "ids",
        IDS,
        lambda x: TimeSkipGramLoss(W, COUNTS, 1, rng=0).forward(XS, x),
        V,
    )


def after(layer, *inputs):
    layer.forward(*inputs)
    return layer


def of_shape(owner, shape, result):
    """result, of a function that takes any shape; another one is not what is tested."""
    if result.shape != shape:
        raise ValueError(f"{owner}: another shape")
    return result


def with_state(h):
    layer = time_layers.TimeLSTM(*time_layers.TimeLSTM.init_params(D, H, 0))
    layer.set_state(h)
    return layer.forward(XS)
