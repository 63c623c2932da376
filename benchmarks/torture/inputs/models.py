"""Cases of `inputs`: what models, the Trainer and the optimizers are given."""

import contextlib
import copy
import io

import numpy as np

from benchmarks.torture.inputs.case import (
    BINARY,
    CORPUS,
    COUNTS,
    IDS,
    TS,
    WEIGHT,
    B,
    D,
    H,
    V,
    W,
    X,
    case,
)
from ch_language.generation import generate
from ch_language.model import LanguageModel
from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.model import sentiment_net
from ch_seq2seq.model import seq2seq
from ch_seq2seq.search import beam_search
from ch_words.model import CBOW, SkipGram, with_full_softmax, with_negative_sampling
from common import layers, optimizer, time_layers
from common.sequential import Sequential
from common.trainer import RnnlmTrainer, Trainer, evaluate
from common.training.batches import pad
from common.util import eval_perplexity


def of_models():
    net_owners = ("SentimentNet", "TimeEmbedding", "SoftmaxWithLoss", "SigmoidWithLoss", "WordVectors", "Embedding")
    for C, t in ((2, BINARY), (3, TS)):
        net = sentiment_net(V, D, H, num_classes=C, rng=0)
        yield case(net_owners, f"xs, {C} classes", "ids", IDS, lambda x, net=net, t=t: net.forward(x, t), V)
        yield case(net_owners, f"ts, {C} classes", "labels", t, lambda t, net=net: net.forward(IDS, t), C)
        yield case(
            net_owners, f"sample_weight, {C} classes", "weight", WEIGHT, lambda w, net=net, t=t: net.forward(IDS, t, w)
        )
        yield case((*net_owners, "pad"), f"predict, {C} classes", "texts", IDS, lambda x, net=net: net.predict(x), V)
    pairs = sentiment_net(V, D, H, pair_size=2, num_pairs=2, type_dropout=True, dropout=0.5, rng=0)
    yield case(
        (*net_owners, "TimePairEmbedding"),
        "xs, pairs",
        "ids",
        IDS,
        lambda x: copy.deepcopy(pairs).forward(x, BINARY),
        V,
    )
    yield case("SentimentNet", "embed_W", "vectors", W, lambda w: sentiment_net(V, D, H, embed_W=w, rng=0).params[0])
    bag = BagOfWords(V, D, rng=0)
    yield case(("BagOfWords", *net_owners, "pad"), "predict", "texts", IDS, lambda x: bag.predict(x), V)
    svm = NBSVM.of_texts(list(IDS), BINARY, V)
    svm_owners = ("NBSVM", "DistinctFeatures", "ngram_keys", "Sequential", "pad", "SigmoidWithLoss")
    yield case(svm_owners, "predict", "texts", IDS, lambda x: svm.predict(x), V)
    yield case(
        (*svm_owners, "NBSVM.of_texts"),
        "t of of_texts",
        "labels",
        BINARY,
        lambda t: NBSVM.of_texts(list(IDS), t, V).ratios,
        2,
    )
    yield case(
        (*svm_owners, "NBSVM.of_texts"), "x of of_texts", "texts", IDS, lambda x: NBSVM.of_texts(x, BINARY, V).ratios, V
    )
    word_owners = ("CBOW", "SkipGram", "Embedding", "SoftmaxWithLoss", "NegativeSamplingLoss")
    for Model in (CBOW, SkipGram):
        for net in (with_full_softmax(Model, V, H, 0), with_negative_sampling(Model, COUNTS, H, rng=0)):
            loss = type(net.loss).__name__
            if loss == "FullSoftmaxLoss":
                yield case(
                    word_owners,
                    f"contexts of {Model.__name__}, {loss}",
                    "ids",
                    IDS,
                    lambda c, net=net: net.forward(c, IDS[:, 0]),
                    V,
                )
                yield case(
                    word_owners,
                    f"target of {Model.__name__}, {loss}",
                    "ids",
                    IDS[:, 0].copy(),
                    lambda t, net=net: net.forward(IDS, t),
                    V,
                )
    language = LanguageModel(V, D, D, rng=0)
    language_owners = ("LanguageModel", "TimeEmbedding", "TimeAffineSoftmaxWithLoss", "windows", "generate")
    fresh = lambda: (language.reset_state(), language)[1]  # noqa: E731
    yield case(language_owners, "xs", "ids", IDS, lambda x: fresh().forward(x, IDS), V)
    yield case(language_owners, "ts", "tags", IDS, lambda t: fresh().forward(IDS, t), V)
    yield case(language_owners, "corpus", "ids", CORPUS, lambda c: fresh().perplexity(c, 2, 3), V)
    yield case(language_owners, "ids of generate", "ids", IDS[0], lambda ids: generate(language, ids, 3, rng=0), V)
    yield case(
        ("eval_perplexity", *language_owners),
        "corpus",
        "ids",
        CORPUS,
        lambda c: quiet(eval_perplexity, fresh(), c, 2, 3),
        V,
    )
    for decoder in ("plain", "peeky", "attention"):
        net = seq2seq(V, D, H, decoder, pad=0, rng=0)
        net_owners = ("Seq2seq", "TimeEmbedding", "TimeSoftmaxWithLoss")
        yield case(net_owners, f"xs, {decoder}", "ids", IDS, lambda x, net=net: net.forward(x, IDS), V)
        yield case(net_owners, f"ts, {decoder}", "tags", IDS, lambda t, net=net: net.forward(IDS, t), V)
        yield case(net_owners, f"xs of generate, {decoder}", "ids", IDS, lambda x, net=net: net.generate(x, 1, 2), V)
        yield case(
            (*net_owners, "beam_search"),
            f"xs of beam_search, {decoder}",
            "ids",
            IDS,
            lambda x, net=net: beam_search(net, x, 1, 2),
            V,
            fine=("no rows",),
        )
        yield case(
            (*net_owners, "Seq2seq.generate"),
            f"start_id of generate, {decoder}",
            "number",
            1,
            lambda i, net=net: net.generate(IDS, i, 2),
        )
        yield case(
            (*net_owners, "beam_search"),
            f"start_id of beam_search, {decoder}",
            "number",
            1,
            lambda i, net=net: beam_search(net, IDS, i, 2),
        )


def of_training():
    owners = ("Trainer", "TimeEmbedding", "SoftmaxWithLoss", "SigmoidWithLoss", "pad", "SentimentNet", "Affine")
    text = lambda C=3: sentiment_net(V, D, H, num_classes=C, rng=0)  # noqa: E731
    plain = lambda: Sequential(layers.Affine(np.eye(D, dtype=np.float32), B.copy()), loss=layers.SoftmaxWithLoss())  # noqa: E731
    for made, x, t, kind in ((text, IDS, TS, "texts"), (plain, X, TS, "floats")):
        name = type(made()).__name__
        more = (V,) if kind == "texts" else ()
        yield case(owners, f"x, {name}", kind, x, lambda x, made=made, t=t: fitted(made(), x, t), *more)
        yield case(owners, f"t, {name}", "labels", t, lambda t, made=made, x=x: fitted(made(), x, t), 3)
        yield case(
            owners,
            f"sample_weight, {name}",
            "weight",
            WEIGHT,
            lambda w, made=made, x=x, t=t: fitted(made(), x, t, sample_weight=w),
        )
        yield case(
            owners,
            f"x of validation, {name}",
            kind,
            x,
            lambda v, made=made, x=x, t=t: fitted(made(), x, t, validation=(v, t)),
            *more,
        )
        yield case(
            owners,
            f"t of validation, {name}",
            "labels",
            t,
            lambda v, made=made, x=x, t=t: fitted(made(), x, t, validation=(x, v)),
            3,
        )
        yield case(
            ("evaluate", *owners),
            f"x, {name}",
            kind,
            x,
            lambda x, made=made, t=t: values(evaluate(made(), x, t)),
            *more,
        )
        yield case(
            ("evaluate", *owners),
            f"t, {name}",
            "labels",
            t,
            lambda t, made=made, x=x: values(evaluate(made(), x, t)),
            3,
        )
    yield case(owners, "t of two classes", "labels", BINARY, lambda t: fitted(text(2), IDS, t), 2)
    tagger = lambda: Sequential(time_layers.TimeEmbedding(W.copy()), loss=time_layers.TimeSoftmaxWithLoss())  # noqa: E731
    yield case(
        ("Trainer", "TimeSoftmaxWithLoss", "pad", "Examples"),
        "t, a label for each step",
        "tags",
        IDS % D,
        lambda t: fitted(tagger(), list(IDS), t),
        D,
    )
    book = lambda: LanguageModel(V, D, D, rng=0)  # noqa: E731
    for name, call in {"xs": lambda c: rnnlm(book(), c, CORPUS), "ts": lambda c: rnnlm(book(), CORPUS, c)}.items():
        yield case(
            ("RnnlmTrainer", "Trainer", "TimeEmbedding", "TimeAffineSoftmaxWithLoss"),
            name,
            "ids" if name == "xs" else "tags",
            CORPUS,
            call,
            V,
        )
    yield case(
        "RnnlmTrainer",
        "x of get_batch",
        "ids",
        CORPUS,
        lambda c: RnnlmTrainer(book(), optimizer.SGD()).get_batch(c, CORPUS, 2, 3),
        2**31,
    )
    yield case(
        "pad",
        "sequences",
        "ids",
        IDS,
        lambda x: pad(x),
        2**31,
        fine=[f"{a} with {n}" for a in ("list", "array") for n in (-1, -(2**31))],
    )
    yield case(
        "Trainer",
        "params",
        "params",
        B,
        lambda b: Trainer(Bare(b), optimizer.SGD()).model.params[0],
        fine=("one axis more", "no axes"),
    )
    for name in ("SGD", "Momentum", "Nesterov", "AdaGrad", "AdaDelta", "RMSprop", "Adam", "AdamW"):
        made = getattr(optimizer, name)
        yield case(name, "params", "params", B + 1, lambda p, made=made: updated(made(), p, B + 1))
        yield case(name, "lr", "number", 0.5, lambda lr, made=made: updated(made(lr), B + 1, B + 1))
    for name in ("max_epoch", "batch_size", "eval_interval"):
        yield case(
            "Trainer",
            name,
            "count" if name == "eval_interval" else "number",
            2,
            lambda n, name=name: fitted(plain(), X, TS, **{"max_epoch": 1, "batch_size": 2, name: n}),
        )
    for name in ("max_grad", "max_element"):
        yield case("Trainer", name, "limit", 0.5, lambda n, name=name: fitted(plain(), X, TS, **{name: n}))
    yield case("evaluate", "batch_size", "number", 2, lambda n: values(evaluate(plain(), X, TS, n)))
    yield case("SentimentNet", "batch_size of predict", "number", 2, lambda n: text().predict(list(IDS), n))


class Bare:
    """A model in the book's manner, of one parameter."""

    def __init__(self, p):
        self.params, self.grads = [p], [np.zeros(D, np.float32)]

    def forward(self, x, t):
        return 0.0

    def backward(self):
        pass


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
