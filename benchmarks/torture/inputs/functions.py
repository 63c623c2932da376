"""Cases of `inputs`: sizes and shares of models, and what functions are given."""

import numpy as np

from benchmarks.torture.inputs.case import BINARY, CORPUS, COUNTS, IDS, TS, WEIGHT, XS, B, D, H, V, X, case
from ch_language.model import LanguageModel
from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.model import sentiment_net
from ch_words.model import CBOW, with_full_softmax, with_negative_sampling
from common import layers, optimizer, time_layers, transformer, word_counts
from common.attention import MultiHeadAttention
from common.checking import calibration, metrics
from common.negative_sampling import UnigramSampler
from common.training import callbacks, schedules
from common.training.batches import shuffled_batches, stratified_split
from common.type_dropout import TypeDropout


def of_numbers():
    sizes = {
        "vocab_size": 7,
        "wordvec_size": 3,
        "hidden_size": 2,
        "num_layers": 1,
        "num_classes": 3,
        "pair_size": 2,
        "num_pairs": 2,
    }
    for name, good in sizes.items():
        yield case(
            "SentimentNet", name, "number", good, lambda n, name=name: sentiment_net(**{**sizes, name: n}, rng=0).params
        )
    for name in ("dropout", "word_dropout", "embed_dropout"):
        yield case(
            ("SentimentNet", "TimeDropout", "Dropout", "WordDropout"),
            name,
            "count" if name == "embed_dropout" else "ratio",
            0.5,
            lambda n, name=name: sentiment_net(V, D, H, **{name: n}, rng=0).params,
        )
    of_bag = {"vocab_size": 7, "wordvec_size": 3, "num_classes": 3}
    for name, good in of_bag.items():
        yield case(
            "BagOfWords", name, "number", good, lambda n, name=name: BagOfWords(**{**of_bag, name: n}, rng=0).params
        )
    of_svm = {"vocab_size": 7, "num_ngrams": 3, "num_classes": 3, "ngrams": 2}
    for name, good in of_svm.items():
        yield case("NBSVM", name, "number", good, lambda n, name=name: NBSVM(**{**of_svm, name: n}).params)
    of_block = {"size": 4, "num_heads": 2, "inner_size": 3}
    for name, good in of_block.items():
        yield case(
            ("TransformerBlock", "MultiHeadAttention"),
            name,
            "count" if name == "inner_size" else "number",
            good,
            lambda n, name=name: transformer.TransformerBlock(**{**of_block, name: n}, rng=0).params,
        )
    of_encoder = {"wordvec_size": 3, "hidden_size": 4, "num_layers": 2, "num_heads": 2}
    for name, good in of_encoder.items():
        yield case(
            ("TransformerEncoder", "TransformerBlock", "MultiHeadAttention"),
            name,
            "count" if name == "num_heads" else "number",
            good,
            lambda n, name=name: transformer.TransformerEncoder(**{**of_encoder, name: n}, rng=0).params,
        )
    of_language = {"vocab_size": 7, "wordvec_size": 3, "hidden_size": 3, "num_layers": 1}
    for name, good in of_language.items():
        yield case(
            "LanguageModel",
            name,
            "number",
            good,
            lambda n, name=name: LanguageModel(**{**of_language, name: n}, rng=0).params,
        )
    for made in (time_layers.TimeRNN, time_layers.TimeLSTM, time_layers.TimeGRU):
        yield case(
            (made.__name__, made.__name__[4:]),
            "sizes of init_params",
            "number",
            3,
            lambda n, made=made: list(made.init_params(n, n, 0)),
        )
    yield case(
        "MultiHeadAttention",
        "sizes of init_params",
        "number",
        3,
        lambda n: list(MultiHeadAttention.init_params(n, n, 0)),
    )
    yield case(
        ("with_full_softmax", "normal"), "vocab_size", "number", 7, lambda n: with_full_softmax(CBOW, n, H, 0).params
    )
    yield case(
        ("with_negative_sampling", "normal"),
        "hidden_size",
        "number",
        2,
        lambda n: with_negative_sampling(CBOW, COUNTS, n, rng=0).params,
    )
    yield case("EarlyStopping", "patience", "count", 2, lambda n: callbacks.EarlyStopping(n).patience)
    yield case("WeightAveraging", "every", "number", 2, lambda n: callbacks.WeightAveraging(0.5, n).every)
    yield case("WeightAveraging", "decay", "number", 0.5, lambda n: callbacks.WeightAveraging(n).decay)
    yield case("steps", "count", "number", 2, lambda n: schedules.steps(n)(0.5))
    yield case("warm_up", "share", "number", 0.5, lambda n: schedules.warm_up(n)(0.25))
    yield case("UnigramSampler", "power", "number", 0.5, lambda n: UnigramSampler(COUNTS, n, 0).draw(IDS[:, 0], 2))
    for name, good in (("dropout_ratio", 0.5),):
        yield case("Dropout", name, "ratio", good, lambda n: layers.Dropout(n, 0).forward(X))
        yield case("TypeDropout", name, "ratio", good, lambda n: TypeDropout(n, 0).forward(XS, IDS))


def of_functions():
    yield case(
        "create_co_matrix", "corpus", "ids", CORPUS, lambda c: word_counts.create_co_matrix(c, V), V, fine=("no rows",)
    )
    yield case("create_co_matrix", "vocab_size", "number", 7, lambda n: word_counts.create_co_matrix(CORPUS, n))
    yield case("create_co_matrix", "window_size", "number", 2, lambda n: word_counts.create_co_matrix(CORPUS, V, n))
    yield case(
        "convert_one_hot",
        "corpus",
        "ids",
        CORPUS,
        lambda c: of_shape("convert_one_hot", (24, V), word_counts.convert_one_hot(c, V)),
        V,
    )
    yield case("convert_one_hot", "vocab_size", "number", 7, lambda n: word_counts.convert_one_hot(CORPUS, n))
    yield case(
        "create_contexts_target",
        "corpus",
        "ids",
        CORPUS,
        lambda c: list(word_counts.create_contexts_target(c, 2)),
        2**63,
    )
    yield case(
        "create_contexts_target",
        "window_size",
        "number",
        2,
        lambda n: list(word_counts.create_contexts_target(CORPUS, n)),
    )
    yield case(
        "ppmi", "C", "weight", word_counts.create_co_matrix(CORPUS, V).astype(np.float32), lambda c: word_counts.ppmi(c)
    )
    yield case("confusion_matrix", "t", "ids", TS, lambda t: metrics.confusion_matrix(t, TS, 3), 3)
    yield case("confusion_matrix", "predicted", "ids", TS, lambda t: metrics.confusion_matrix(TS, t, 3), 3)
    yield case("roc_auc", "t", "binary", BINARY, lambda t: metrics.roc_auc(t, WEIGHT))
    yield case("roc_auc", "score", "floats", WEIGHT, lambda s: metrics.roc_auc(BINARY, s))
    yield case("roc_curve", "t", "binary", BINARY, lambda t: list(metrics.roc_curve(t, WEIGHT)))
    p = np.abs(X) / np.abs(X).sum(axis=1, keepdims=True)
    yield case("classification_report", "t", "ids", TS, lambda t: repr(metrics.classification_report(t, p, 0.5)), 3)
    yield case(
        "classification_report",
        "probabilities",
        "floats",
        p,
        lambda p: repr(metrics.classification_report(TS, p, 0.5)),
        fine=("1e300",),
    )
    yield case("reliability", "t", "ids", TS, lambda t: list(calibration.reliability(p, t)), 3, fine=("bools",))
    yield case(
        "reliability", "probabilities", "floats", p, lambda p: list(calibration.reliability(p, TS)), fine=("1e300",)
    )
    yield case("reliability", "bins", "number", 3, lambda n: list(calibration.reliability(p, TS, n)))
    yield case("fit_temperature", "t", "ids", TS, lambda t: calibration.fit_temperature(X, t), 3, fine=("bools",))
    yield case("fit_temperature", "scores", "floats", X, lambda s: calibration.fit_temperature(s, TS), fine=("1e300",))
    yield case("shuffled_batches", "batch_size", "number", 2, lambda n: shuffled_batches(X, n, 0))
    other_classes = (
        "matrix",
        "structured",
        "strings",
        "complex",
        "datetimes",
        "spans of time",
        "halves",
        "bools",
        "floats",
    )
    other_classes += ("one axis more",)
    yield case(
        "stratified_split", "t", "tags", BINARY, lambda t: list(stratified_split(t, 0.5, 0)), 2**63, fine=other_classes
    )
    yield case("clip_grads", "max_norm", "limit", 0.5, lambda n: optimizer.clip_grads([B + 1], n))


def of_shape(owner, shape, result):
    """result, of a function that takes any shape; another one is not what is tested."""
    if result.shape != shape:
        raise ValueError(f"{owner}: another shape")
    return result
