"""The calls that `inputs` attacks: an argument of each public layer, loss, optimizer, model and function."""

import contextlib
import copy
import io
from dataclasses import dataclass

import numpy as np

from ch_language.generation import generate
from ch_language.model import LanguageModel, windows
from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.model import sentiment_net
from ch_seq2seq.model import seq2seq
from ch_seq2seq.search import beam_search
from ch_words.model import CBOW, SkipGram, with_full_softmax, with_negative_sampling
from common import layers, optimizer, pooling, time_layers, transformer, word_counts
from common.attention import Attention, MultiHeadAttention, PositionalEmbedding, PositionalEncoding
from common.checking import calibration, metrics
from common.negative_sampling import NegativeSamplingLoss, UnigramSampler
from common.pair_embedding import TimePairEmbedding
from common.sampled_softmax import SampledSoftmaxWithLoss, TimeAffineSoftmaxWithLoss, TimeSampledSoftmaxWithLoss
from common.sequential import Sequential
from common.skip_gram import TimeSkipGramLoss
from common.trainer import RnnlmTrainer, Trainer, evaluate
from common.training import callbacks, schedules
from common.training.batches import pad, shuffled_batches, stratified_split
from common.type_dropout import TypeDropout
from common.util import eval_perplexity

V, D, H, N, T = 7, 3, 2, 4, 3
rng = np.random.default_rng(0)
IDS = np.array([[1, 2, 3], [4, 1, 5], [6, 2, 1], [3, 3, 2]])
XS = rng.integers(-8, 8, (N, T, D)).astype(np.float32) / 4  # exact in float16, too
HS, X = XS[:, :, :H].copy(), XS[:, 0].copy()
TS, BINARY = np.array([0, 2, 1, 2]), np.array([0, 1, 1, 0])
MASK = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]], bool)
WEIGHT = np.array([1, 0.5, 2, 0.25], np.float32)
W, B = rng.normal(size=(V, D)).astype(np.float32), np.zeros(D, np.float32)
COUNTS, CORPUS = np.arange(1.0, V + 1), np.arange(24) % V


@dataclass(frozen=True)
class Case:
    """call(value) -> arrays, numbers, or lists of them. good: the value that is well formed. more: for its kind.

    owners: what a refusal may begin with. fine: names of hostile values that are well formed here, and mean something
    else.
    """

    name: str
    kind: str
    good: object
    call: object
    owners: tuple
    more: tuple = ()
    fine: tuple = ()


def case(owners, argument, kind, good, call, *more, fine=()):
    owners = (owners,) if isinstance(owners, str) else owners
    return Case(f"{owners[0]}, {argument}", kind, good, call, owners, more, fine)


def cases():
    yield from of_layers()
    yield from of_losses()
    yield from of_models()
    yield from of_training()
    yield from of_numbers()
    yield from of_functions()


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
        **{name: getattr(pooling, name) for name in ("TimeLast", "TimeFirstLast", "TimeMean", "TimeMax", "TimeMaxMean")},
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
        yield case(name, "ids", "ids", IDS, lambda ids, name=name, made=made: of_shape(name, (N, T, D), made(W).forward(ids)), V)
        yield case(name, "W", "params", W, lambda w, made=made: made(w).forward(IDS))
    yield case("TimeEmbedding", "mask", "mask", MASK, lambda m: time_layers.TimeEmbedding(W).forward(IDS, m))
    pairs = np.array([1 * V + 2, 3 * V + 3])
    yield case(("TimePairEmbedding", "TimeEmbedding"), "xs", "ids", IDS, lambda ids: TimePairEmbedding(W[:3], pairs, V).forward(ids), V)
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
    yield case("SoftmaxWithLoss", "one-hot t", "weight", np.eye(D, dtype=np.float32)[TS], lambda t: softmax().forward(X, t))
    yield case("SoftmaxWithLoss", "sample_weight", "weight", WEIGHT, lambda w: softmax().forward(X, TS, w))
    yield case("SigmoidWithLoss", "x", "floats", X[:, 0].copy(), lambda x: sigmoid().forward(x, BINARY))
    yield case("SigmoidWithLoss", "t", "labels", BINARY.astype(np.float32), lambda t: sigmoid().forward(X[:, 0], t), 2, fine=("all of 0.5",))
    yield case("SigmoidWithLoss", "sample_weight", "weight", WEIGHT, lambda w: sigmoid().forward(X[:, 0], BINARY, w))
    steps = IDS % D
    for made in (time_layers.TimeSoftmaxWithLoss, time_layers.Simple_TimeSoftmaxWithLoss):
        yield case(made.__name__, "xs", "floats", XS, lambda x, made=made: made().forward(x, steps))
        yield case(made.__name__, "ts", "tags", steps, lambda t, made=made: made().forward(XS, t), D)
        yield case(made.__name__, "mask", "mask", MASK, lambda m, made=made: made().forward(XS, steps, m))
        yield case(made.__name__, "sample_weight", "weight", WEIGHT, lambda w, made=made: made().forward(XS, steps, None, w))
    binary = IDS % 2
    yield case("TimeSigmoidWithLoss", "xs", "floats", XS[:, :, 0].copy(), lambda x: time_layers.TimeSigmoidWithLoss().forward(x, binary))
    yield case("TimeSigmoidWithLoss", "ts", "ids", binary, lambda t: time_layers.TimeSigmoidWithLoss().forward(XS[:, :, 0], t), 2)
    b = np.zeros(V, np.float32)
    for made in (TimeAffineSoftmaxWithLoss, lambda w, b: TimeSampledSoftmaxWithLoss(w, b, 3, None, 0)):
        name = type(made(W, b)).__name__
        yield case(name, "hs", "floats", XS, lambda x, made=made: made(W, b).forward(x, IDS))
        yield case(name, "ts", "tags", IDS, lambda t, made=made: made(W, b).forward(XS, t), V)
    yield case("SampledSoftmaxWithLoss", "t", "tags", IDS[:, 0].copy(), lambda t: SampledSoftmaxWithLoss(W, b, 3, None, 0).forward(X, t), V)
    yield case(("TimeSampledSoftmaxWithLoss", "SampledSoftmaxWithLoss"), "counts", "weight", COUNTS, lambda c: SampledSoftmaxWithLoss(W, b, 3, c, 0).forward(X, IDS[:, 0]))
    negative = lambda **how: NegativeSamplingLoss(W, CORPUS, rng=0, **how)  # noqa: E731
    yield case("NegativeSamplingLoss", "h", "floats", X, lambda x: negative().forward(x, IDS[:, 0]))
    yield case("NegativeSamplingLoss", "target", "ids", IDS[:, 0].copy(), lambda t: negative().forward(X, t), V)
    yield case("NegativeSamplingLoss", "negative_sample", "negatives", IDS, lambda s: negative().forward(X, IDS[:, 0], negative_sample=s), V)
    yield case(("NegativeSamplingLoss", "UnigramSampler"), "corpus", "ids", CORPUS, lambda c: NegativeSamplingLoss(W, c, rng=0).forward(X, IDS[:, 0]), V)
    yield case("UnigramSampler", "counts", "weight", COUNTS, lambda c: UnigramSampler(c, rng=0).draw(IDS[:, 0], 2))
    yield case("UnigramSampler", "target", "ids", IDS[:, 0].copy(), lambda t: UnigramSampler(COUNTS, rng=0).draw(t, 2), V)
    yield case("UnigramSampler", "sample_size", "number", 2, lambda n: UnigramSampler(COUNTS, rng=0).draw(IDS[:, 0], n))
    yield case(("TimeSkipGramLoss", "UnigramSampler"), "xs", "ids", IDS, lambda x: TimeSkipGramLoss(W, COUNTS, 1, rng=0).forward(XS, x), V)


def of_models():
    net_owners = ("SentimentNet", "TimeEmbedding", "SoftmaxWithLoss", "SigmoidWithLoss", "WordVectors", "Embedding")
    for C, t in ((2, BINARY), (3, TS)):
        net = sentiment_net(V, D, H, num_classes=C, rng=0)
        yield case(net_owners, f"xs, {C} classes", "ids", IDS, lambda x, net=net, t=t: net.forward(x, t), V)
        yield case(net_owners, f"ts, {C} classes", "labels", t, lambda t, net=net: net.forward(IDS, t), C)
        yield case(net_owners, f"sample_weight, {C} classes", "weight", WEIGHT, lambda w, net=net, t=t: net.forward(IDS, t, w))
        yield case((*net_owners, "pad"), f"predict, {C} classes", "texts", IDS, lambda x, net=net: net.predict(x), V)
    pairs = sentiment_net(V, D, H, pair_size=2, num_pairs=2, type_dropout=True, dropout=0.5, rng=0)
    yield case((*net_owners, "TimePairEmbedding"), "xs, pairs", "ids", IDS, lambda x: copy.deepcopy(pairs).forward(x, BINARY), V)
    yield case("SentimentNet", "embed_W", "vectors", W, lambda w: sentiment_net(V, D, H, embed_W=w, rng=0).params[0])
    bag = BagOfWords(V, D, rng=0)
    yield case(("BagOfWords", *net_owners, "pad"), "predict", "texts", IDS, lambda x: bag.predict(x), V)
    svm = NBSVM.of_texts(list(IDS), BINARY, V)
    svm_owners = ("NBSVM", "DistinctFeatures", "ngram_keys", "Sequential", "pad", "SigmoidWithLoss")
    yield case(svm_owners, "predict", "texts", IDS, lambda x: svm.predict(x), V)
    yield case((*svm_owners, "NBSVM.of_texts"), "t of of_texts", "labels", BINARY, lambda t: NBSVM.of_texts(list(IDS), t, V).ratios, 2)
    yield case((*svm_owners, "NBSVM.of_texts"), "x of of_texts", "texts", IDS, lambda x: NBSVM.of_texts(x, BINARY, V).ratios, V)
    word_owners = ("CBOW", "SkipGram", "Embedding", "SoftmaxWithLoss", "NegativeSamplingLoss")
    for Model in (CBOW, SkipGram):
        for net in (with_full_softmax(Model, V, H, 0), with_negative_sampling(Model, COUNTS, H, rng=0)):
            loss = type(net.loss).__name__
            if loss == "FullSoftmaxLoss":
                yield case(word_owners, f"contexts of {Model.__name__}, {loss}", "ids", IDS, lambda c, net=net: net.forward(c, IDS[:, 0]), V)
                yield case(word_owners, f"target of {Model.__name__}, {loss}", "ids", IDS[:, 0].copy(), lambda t, net=net: net.forward(IDS, t), V)
    language = LanguageModel(V, D, D, rng=0)
    language_owners = ("LanguageModel", "TimeEmbedding", "TimeAffineSoftmaxWithLoss", "windows", "generate")
    fresh = lambda: (language.reset_state(), language)[1]  # noqa: E731
    yield case(language_owners, "xs", "ids", IDS, lambda x: fresh().forward(x, IDS), V)
    yield case(language_owners, "ts", "tags", IDS, lambda t: fresh().forward(IDS, t), V)
    yield case(language_owners, "corpus", "ids", CORPUS, lambda c: fresh().perplexity(c, 2, 3), V)
    yield case(language_owners, "ids of generate", "ids", IDS[0], lambda ids: generate(language, ids, 3, rng=0), V)
    yield case(("eval_perplexity", *language_owners), "corpus", "ids", CORPUS, lambda c: quiet(eval_perplexity, fresh(), c, 2, 3), V)
    for decoder in ("plain", "peeky", "attention"):
        net = seq2seq(V, D, H, decoder, pad=0, rng=0)
        net_owners = ("Seq2seq", "TimeEmbedding", "TimeSoftmaxWithLoss")
        yield case(net_owners, f"xs, {decoder}", "ids", IDS, lambda x, net=net: net.forward(x, IDS), V)
        yield case(net_owners, f"ts, {decoder}", "tags", IDS, lambda t, net=net: net.forward(IDS, t), V)
        yield case(net_owners, f"xs of generate, {decoder}", "ids", IDS, lambda x, net=net: net.generate(x, 1, 2), V)
        yield case((*net_owners, "beam_search"), f"xs of beam_search, {decoder}", "ids", IDS, lambda x, net=net: beam_search(net, x, 1, 2), V, fine=("no rows",))
        yield case((*net_owners, "Seq2seq.generate"), f"start_id of generate, {decoder}", "number", 1, lambda i, net=net: net.generate(IDS, i, 2))
        yield case((*net_owners, "beam_search"), f"start_id of beam_search, {decoder}", "number", 1, lambda i, net=net: beam_search(net, IDS, i, 2))


def of_training():
    owners = ("Trainer", "TimeEmbedding", "SoftmaxWithLoss", "SigmoidWithLoss", "pad", "SentimentNet", "Affine")
    text = lambda C=3: sentiment_net(V, D, H, num_classes=C, rng=0)  # noqa: E731
    plain = lambda: Sequential(layers.Affine(np.eye(D, dtype=np.float32), B.copy()), loss=layers.SoftmaxWithLoss())  # noqa: E731
    for made, x, t, kind in ((text, IDS, TS, "texts"), (plain, X, TS, "floats")):
        name = type(made()).__name__
        more = (V,) if kind == "texts" else ()
        yield case(owners, f"x, {name}", kind, x, lambda x, made=made, t=t: fitted(made(), x, t), *more)
        yield case(owners, f"t, {name}", "labels", t, lambda t, made=made, x=x: fitted(made(), x, t), 3)
        yield case(owners, f"sample_weight, {name}", "weight", WEIGHT, lambda w, made=made, x=x, t=t: fitted(made(), x, t, sample_weight=w))
        yield case(owners, f"x of validation, {name}", kind, x, lambda v, made=made, x=x, t=t: fitted(made(), x, t, validation=(v, t)), *more)
        yield case(owners, f"t of validation, {name}", "labels", t, lambda v, made=made, x=x, t=t: fitted(made(), x, t, validation=(x, v)), 3)
        yield case(("evaluate", *owners), f"x, {name}", kind, x, lambda x, made=made, t=t: values(evaluate(made(), x, t)), *more)
        yield case(("evaluate", *owners), f"t, {name}", "labels", t, lambda t, made=made, x=x: values(evaluate(made(), x, t)), 3)
    yield case(owners, "t of two classes", "labels", BINARY, lambda t: fitted(text(2), IDS, t), 2)
    tagger = lambda: Sequential(time_layers.TimeEmbedding(W.copy()), loss=time_layers.TimeSoftmaxWithLoss())  # noqa: E731
    yield case(("Trainer", "TimeSoftmaxWithLoss", "pad", "Examples"), "t, a label for each step", "tags", IDS % D, lambda t: fitted(tagger(), list(IDS), t), D)
    book = lambda: LanguageModel(V, D, D, rng=0)  # noqa: E731
    for name, call in {"xs": lambda c: rnnlm(book(), c, CORPUS), "ts": lambda c: rnnlm(book(), CORPUS, c)}.items():
        yield case(("RnnlmTrainer", "Trainer", "TimeEmbedding", "TimeAffineSoftmaxWithLoss"), name, "ids" if name == "xs" else "tags", CORPUS, call, V)
    yield case("RnnlmTrainer", "x of get_batch", "ids", CORPUS, lambda c: RnnlmTrainer(book(), optimizer.SGD()).get_batch(c, CORPUS, 2, 3), 2**31)
    yield case("pad", "sequences", "ids", IDS, lambda x: pad(x), 2**31, fine=[f"{a} with {n}" for a in ("list", "array") for n in (-1, -(2**31))])
    yield case("Trainer", "params", "params", B, lambda b: Trainer(Bare(b), optimizer.SGD()).model.params[0], fine=("one axis more", "no axes"))
    for name in ("SGD", "Momentum", "Nesterov", "AdaGrad", "AdaDelta", "RMSprop", "Adam", "AdamW"):
        made = getattr(optimizer, name)
        yield case(name, "params", "params", B + 1, lambda p, made=made: updated(made(), p, B + 1))
        yield case(name, "lr", "number", 0.5, lambda lr, made=made: updated(made(lr), B + 1, B + 1))
    for name in ("max_epoch", "batch_size", "eval_interval"):
        yield case("Trainer", name, "count" if name == "eval_interval" else "number", 2, lambda n, name=name: fitted(plain(), X, TS, **{"max_epoch": 1, "batch_size": 2, name: n}), )
    for name in ("max_grad", "max_element"):
        yield case("Trainer", name, "limit", 0.5, lambda n, name=name: fitted(plain(), X, TS, **{name: n}))
    yield case("evaluate", "batch_size", "number", 2, lambda n: values(evaluate(plain(), X, TS, n)))
    yield case("SentimentNet", "batch_size of predict", "number", 2, lambda n: text().predict(list(IDS), n))


def of_numbers():
    sizes = {"vocab_size": 7, "wordvec_size": 3, "hidden_size": 2, "num_layers": 1, "num_classes": 3, "pair_size": 2, "num_pairs": 2}
    for name, good in sizes.items():
        yield case("SentimentNet", name, "number", good, lambda n, name=name: sentiment_net(**{**sizes, name: n}, rng=0).params)
    for name in ("dropout", "word_dropout", "embed_dropout"):
        yield case(("SentimentNet", "TimeDropout", "Dropout", "WordDropout"), name, "count" if name == "embed_dropout" else "ratio", 0.5, lambda n, name=name: sentiment_net(V, D, H, **{name: n}, rng=0).params)
    of_bag = {"vocab_size": 7, "wordvec_size": 3, "num_classes": 3}
    for name, good in of_bag.items():
        yield case("BagOfWords", name, "number", good, lambda n, name=name: BagOfWords(**{**of_bag, name: n}, rng=0).params)
    of_svm = {"vocab_size": 7, "num_ngrams": 3, "num_classes": 3, "ngrams": 2}
    for name, good in of_svm.items():
        yield case("NBSVM", name, "number", good, lambda n, name=name: NBSVM(**{**of_svm, name: n}).params)
    of_block = {"size": 4, "num_heads": 2, "inner_size": 3}
    for name, good in of_block.items():
        yield case(("TransformerBlock", "MultiHeadAttention"), name, "count" if name == "inner_size" else "number", good, lambda n, name=name: transformer.TransformerBlock(**{**of_block, name: n}, rng=0).params)
    of_encoder = {"wordvec_size": 3, "hidden_size": 4, "num_layers": 2, "num_heads": 2}
    for name, good in of_encoder.items():
        yield case(("TransformerEncoder", "TransformerBlock", "MultiHeadAttention"), name, "count" if name == "num_heads" else "number", good, lambda n, name=name: transformer.TransformerEncoder(**{**of_encoder, name: n}, rng=0).params)
    of_language = {"vocab_size": 7, "wordvec_size": 3, "hidden_size": 3, "num_layers": 1}
    for name, good in of_language.items():
        yield case("LanguageModel", name, "number", good, lambda n, name=name: LanguageModel(**{**of_language, name: n}, rng=0).params)
    for made in (time_layers.TimeRNN, time_layers.TimeLSTM, time_layers.TimeGRU):
        yield case((made.__name__, made.__name__[4:]), "sizes of init_params", "number", 3, lambda n, made=made: list(made.init_params(n, n, 0)))
    yield case("MultiHeadAttention", "sizes of init_params", "number", 3, lambda n: list(MultiHeadAttention.init_params(n, n, 0)))
    yield case(("with_full_softmax", "normal"), "vocab_size", "number", 7, lambda n: with_full_softmax(CBOW, n, H, 0).params)
    yield case(("with_negative_sampling", "normal"), "hidden_size", "number", 2, lambda n: with_negative_sampling(CBOW, COUNTS, n, rng=0).params)
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
    confusion = np.array([[3, 1], [2, 4]])
    yield case("create_co_matrix", "corpus", "ids", CORPUS, lambda c: word_counts.create_co_matrix(c, V), V, fine=("no rows",))
    yield case("create_co_matrix", "vocab_size", "number", 7, lambda n: word_counts.create_co_matrix(CORPUS, n))
    yield case("create_co_matrix", "window_size", "number", 2, lambda n: word_counts.create_co_matrix(CORPUS, V, n))
    yield case("convert_one_hot", "corpus", "ids", CORPUS, lambda c: of_shape("convert_one_hot", (24, V), word_counts.convert_one_hot(c, V)), V)
    yield case("convert_one_hot", "vocab_size", "number", 7, lambda n: word_counts.convert_one_hot(CORPUS, n))
    yield case("create_contexts_target", "corpus", "ids", CORPUS, lambda c: list(word_counts.create_contexts_target(c, 2)), 2**63)
    yield case("create_contexts_target", "window_size", "number", 2, lambda n: list(word_counts.create_contexts_target(CORPUS, n)))
    yield case("ppmi", "C", "weight", word_counts.create_co_matrix(CORPUS, V).astype(np.float32), lambda c: word_counts.ppmi(c))
    yield case("confusion_matrix", "t", "ids", TS, lambda t: metrics.confusion_matrix(t, TS, 3), 3)
    yield case("confusion_matrix", "predicted", "ids", TS, lambda t: metrics.confusion_matrix(TS, t, 3), 3)
    yield case("roc_auc", "t", "binary", BINARY, lambda t: metrics.roc_auc(t, WEIGHT))
    yield case("roc_auc", "score", "floats", WEIGHT, lambda s: metrics.roc_auc(BINARY, s))
    yield case("roc_curve", "t", "binary", BINARY, lambda t: list(metrics.roc_curve(t, WEIGHT)))
    p = np.abs(X) / np.abs(X).sum(axis=1, keepdims=True)
    yield case("classification_report", "t", "ids", TS, lambda t: repr(metrics.classification_report(t, p, 0.5)), 3)
    yield case("classification_report", "probabilities", "floats", p, lambda p: repr(metrics.classification_report(TS, p, 0.5)), fine=("1e300",))
    yield case("reliability", "t", "ids", TS, lambda t: list(calibration.reliability(p, t)), 3, fine=("bools",))
    yield case("reliability", "probabilities", "floats", p, lambda p: list(calibration.reliability(p, TS)), fine=("1e300",))
    yield case("reliability", "bins", "number", 3, lambda n: list(calibration.reliability(p, TS, n)))
    yield case("fit_temperature", "t", "ids", TS, lambda t: calibration.fit_temperature(X, t), 3, fine=("bools",))
    yield case("fit_temperature", "scores", "floats", X, lambda s: calibration.fit_temperature(s, TS), fine=("1e300",))
    yield case("shuffled_batches", "batch_size", "number", 2, lambda n: shuffled_batches(X, n, 0))
    other_classes = ("matrix", "structured", "strings", "complex", "datetimes", "spans of time", "halves", "bools", "floats")
    other_classes += ("one axis more",)
    yield case("stratified_split", "t", "tags", BINARY, lambda t: list(stratified_split(t, 0.5, 0)), 2**63, fine=other_classes)
    yield case("clip_grads", "max_norm", "limit", 0.5, lambda n: optimizer.clip_grads([B + 1], n))


class Bare:
    """A model in the book's manner, of one parameter."""

    def __init__(self, p):
        self.params, self.grads = [p], [np.zeros(D, np.float32)]

    def forward(self, x, t):
        return 0.0

    def backward(self):
        pass


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


def fitted(net, x, t, max_epoch=2, batch_size=3, **how):
    """The weights and figures after a training."""
    trainer = Trainer(net, optimizer.SGD(0.1), [], 0)
    history = trainer.fit(x, t, max_epoch, batch_size, **how)
    figures = [row[name] for row in history for name in ("loss", "accuracy", "val_loss", "val_accuracy")]
    return [*[p.copy() for p in net.params], *figures]


def rnnlm(net, xs, ts):
    RnnlmTrainer(net, optimizer.SGD(0.1), [], 0).fit(xs, ts, 1, 2, 3)
    return [p.copy() for p in net.params]


def updated(optimizer, p, g):
    p = p.copy() if isinstance(p, np.ndarray) else p
    optimizer.update([p], [g])
    return p


def values(figures):
    return list(figures.values())


def quiet(function, *args):
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*args)
