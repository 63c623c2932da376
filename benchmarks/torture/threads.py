"""Many Python threads that ask one model at once: each answer has the bits that one thread alone gets."""

import random
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np

from ch_language.generation import generate
from ch_language.model import LanguageModel
from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.estimator import NBSVMClassifier, SentimentClassifier
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.ensemble import Ensemble
from ch_sentiment.explain.attribution import explain
from ch_sentiment.model import sentiment_net
from ch_sentiment.wide.wide_net import WideNet
from ch_seq2seq.model import seq2seq
from ch_seq2seq.search import beam_search
from dataset.text import Vocab

THREADS, CALLS = 8, 1000
WORDS = [f"{a}{b}" for a in "bdfgklmnprst" for b in "aeiou"]
V = len(WORDS) + 2
LABELS = ["negative", "positive", "neither"]
NETS = {cell: {"cell": cell} for cell in ("rnn", "gru", "gru-reset-after", "lstm", "transformer")}
NETS |= {pool: {"cell": "gru", "pool": pool} for pool in ("max", "mean", "first-last", "max-mean", "attention")}
NETS |= {"both ways": {"bidirectional": True, "num_layers": 2, "dropout": 0.5, "num_classes": 3}}
NETS |= {"pairs": {"pair_size": 3, "num_pairs": 4, "word_dropout": 0.5, "type_dropout": True, "dropout": 0.5}}


def texts(count, seed=0):
    """`count` texts of 1 to 12 words."""
    chosen = random.Random(seed)  # noqa: S311
    return [" ".join(chosen.choices(WORDS, k=chosen.randint(1, 12))) for _ in range(count)]


def classifiers():
    """name -> Classifier with a net of this kind, small and untrained."""
    nets = {name: sentiment_net(V, 6, 5, **how, rng=0) for name, how in NETS.items()}
    for name in NETS:
        if name == "pairs":
            nets[name].words.pair_embed.pairs[...] = np.arange(4) * V + 3
    nets |= {"bow": BagOfWords(V, 6, rng=0), "nbsvm": _linear(), "wide": WideNet(nets["lstm"], _linear(), 8)}
    nets["wide"].shares[...] = 0.5
    return {name: Classifier(net, Vocab(WORDS), LABELS[: _classes(net)], 10, processes=1) for name, net in nets.items()}


def _classes(net):
    return net.config["num_classes"]


def _linear():
    rng = np.random.default_rng(0)
    x = [rng.integers(2, V, 9) for _ in range(20)]
    net = NBSVM.of_texts(x, np.arange(20) % 2, V)
    net.params[0][...] = rng.standard_normal(net.params[0].shape)
    return net


def questions(model):
    """Functions of no arguments that ask a Classifier, or an Ensemble, all that it answers; -> arrays."""
    some = texts(6)
    asked = [lambda text=text: model.predict_proba([text]) for text in some] * 8
    if hasattr(model, "net"):
        ids = model.encode(some)
        asked += [lambda one=one: model.scores([one]) for one in ids] * 4
        asked += [lambda one=one: model.net.predict(one[None]) for one in ids] * 4
        asked.append(lambda: model.report(ids, np.arange(6) % 2)["loss"])
    asked += [lambda text=text: _explained(model, text) for text in some[:2]]
    return asked


def _explained(model, text):
    found = explain(model, text)
    path = [] if found.path is None else [found.path.attributions, found.path.margins]
    return [found.probabilities, found.occlusion, found.so_far, found.attention, *path]


def others():
    """name -> questions of what is no Classifier: an ensemble, estimators, models of the other chapters."""
    members = classifiers()
    words, xs = texts(40, seed=1), np.arange(2, 12)[None]
    deep, linear = SentimentClassifier(epochs=1, hidden=4, wordvec=4), NBSVMClassifier(epochs=1)
    for estimator in (deep, linear):
        estimator.fit(words, np.arange(40) % 2)
    found = {"ensemble": questions(Ensemble([members["lstm"], members["nbsvm"], members["gru"]]))}
    for name, of in (("estimator", deep), ("NB-SVM estimator", linear)):
        found[name] = [lambda of=of, t=t: [of.predict([t]), of.predict_proba([t]), of.score([t], [1])] for t in words]
    language = LanguageModel(V, 6, 5, num_layers=2, dropout=0.5, rng=0)
    found["language model"] = [lambda k=k: np.array(generate(language, [k], 5, rng=k)) for k in range(9)]
    found["language model"].append(lambda: np.array(language.perplexity(np.arange(2, V).repeat(2), 2, 5)))
    for decoder in ("plain", "attention"):
        model = seq2seq(V, 6, 6, decoder, bidirectional=True, rng=0)
        found[f"seq2seq {decoder}"] = [lambda m=model, k=k: m.generate(xs + k, 1, 4) for k in range(6)]
        found[f"seq2seq {decoder}"].append(lambda m=model: beam_search(m, xs, 1, 4, 3))
    return found


def differing(asked, threads=THREADS, calls=CALLS):
    """How many of the answers in so many threads, each of so many calls, differ from those of one thread."""
    alone = [_bits(ask()) for ask in asked]
    wrong, errors, begin = [], [], threading.Barrier(threads)

    def work(number):
        order = random.Random(number)  # noqa: S311
        begin.wait()
        try:
            for _ in range(calls):
                i = order.randrange(len(asked))
                if _bits(asked[i]()) != alone[i]:
                    wrong.append(i)
        except Exception as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(threads)]
    with switching_often():
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    if errors:
        raise AssertionError(f"{len(errors)} of {threads} threads ended in an error: {errors[0]!r}") from errors[0]
    return len(wrong)


def _bits(answer):
    if isinstance(answer, list | tuple):
        return tuple(map(_bits, answer))
    return None if answer is None else np.asarray(answer).tobytes()


@contextmanager
def switching_often():
    """Inside, the interpreter switches threads every ten microseconds, so that what can go wrong does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def run(minutes, say):
    kinds = {name: questions(model) for name, model in classifiers().items()} | others()
    end, done = time.monotonic() + 60 * minutes, []
    for name, of_kind in kinds.items():
        wrong = differing(of_kind)
        say(f"{name}: {wrong} of {THREADS * CALLS:,} differ")
        assert wrong == 0, f"{name}: {wrong} of {THREADS * CALLS} answers differ from those of one thread"
        done.append(name)
        if time.monotonic() > end:
            break
    calls = len(done) * THREADS * CALLS
    return {"kinds": f"{len(done)} of {len(kinds)}", "threads": THREADS, "calls": calls, "different": 0}
