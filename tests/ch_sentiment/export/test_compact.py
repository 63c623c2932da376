"""A small copy of every kind of model: what stays, what it answers, that its file is like any other."""

import os
import tracemalloc

import numpy as np
import pytest

from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.experiment.build import MODELS
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.export.compact import PARTS, UNKNOWN, compact, effects
from ch_sentiment.model import sentiment_net
from ch_sentiment.wide.wide_net import WideNet
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
from dataset.errors import DataError
from dataset.text import UNK, Vocab

V, SIZE = 300, 12_000
RNG = np.random.default_rng(5)
X = [RNG.integers(1, V, size) for size in (*range(1, 30), 100)]  # ids of texts


def recurrent(**more):
    net = sentiment_net(V, 16, 9, **{"cell": "lstm", **more}, rng=0)
    if more.get("pair_size"):
        net.words.pair_embed.pairs[...] = np.unique(RNG.integers(V, V * V, 500))[: more["num_pairs"]]
    return net


def nbsvm(classes=2, ngrams=2, size=V):
    x = [RNG.integers(1, size, n) for n in range(2, 60)]
    net = NBSVM.of_texts(x, RNG.integers(0, classes, len(x)), size, classes, 700, ngrams=ngrams)
    net.params[0][...] = RNG.normal(size=net.params[0].shape)
    return net


NETS = {
    **{cell: lambda cell=cell: recurrent(cell=cell) for cell in ("rnn", "gru", "gru-reset-after", "transformer")},
    "lstm": recurrent,
    "stacked": lambda: recurrent(bidirectional=True, num_layers=2, pool="max-mean"),
    "attention": lambda: recurrent(pool="attention"),
    "softmax": lambda: recurrent(softmax=True),
    "three classes": lambda: recurrent(num_classes=3),
    "frozen": lambda: recurrent(freeze_embedding=True),
    "pairs": lambda: recurrent(pair_size=8, num_pairs=200),
    "bag of words": lambda: BagOfWords(V, 16, 3, rng=0),
    "nbsvm": nbsvm,
    "nbsvm of 3": lambda: nbsvm(3, 3),
    "wide": lambda: wide(),
    "wide pairs": lambda: wide(pair_size=8, num_pairs=200),
}


def wide(**more):
    net = WideNet(recurrent(**more), nbsvm(ngrams=3), 40)
    net.shares[...] = 0.4, 0.6
    return net


def model_of(net, classes=None, **more):
    classes = classes or net.config["num_classes"]
    words = [f"w{i}" for i in range(2, net.config["vocab_size"])]
    return Classifier(net, Vocab(words), [f"label {i}" for i in range(classes)], 50, **more)


def mapped(x, model, small):
    """The same texts in the ids of the small model."""
    ids = small.vocab.encode(model.vocab.id_to_word)
    ids[0] = 0
    return [ids[of_text] for of_text in x]


@pytest.fixture(params=NETS)
def model(request):
    return model_of(NETS[request.param]())


def test_every_kind_of_model_can_be_made_small():
    assert {kind.__name__ for kind in PARTS} == set(MODELS)


@pytest.mark.parametrize("dtype", ["int8", "float16"])
def test_the_file_of_a_small_model_is_like_any_other(model, dtype, tmp_path):
    path, again, whole = (tmp_path / name for name in ("small.npz", "again.npz", "whole.npz"))
    small = compact(model, dtype, words=150)
    small.save(path)
    model.save(whole)
    loaded = Classifier.load(path)
    assert len(loaded.vocab) == 152 and loaded.packed == dtype
    assert path.stat().st_size < 0.75 * whole.stat().st_size
    for name, w in small.net.weights().items():
        assert np.array_equal(loaded.net.weights()[name], w), name
        assert w.dtype == (np.int64 if name.endswith("pairs") else np.float32)
    x = mapped(X, model, small)
    assert np.array_equal(loaded.predict_proba_of_ids(x), small.predict_proba_of_ids(x))
    loaded.save(again)
    assert again.read_bytes() == path.read_bytes()
    loaded.packed = None
    loaded.save(again)  # an ordinary file with the same answers
    assert np.array_equal(Classifier.load(again).predict_proba_of_ids(x), small.predict_proba_of_ids(x))


@pytest.mark.parametrize("dtype, tolerance", [("int8", 0.05), ("float16", 0.002)])
def test_with_all_its_words_it_answers_nearly_the_same(model, dtype, tolerance):
    small = compact(model, dtype, words=V - 2)
    assert small.vocab == model.vocab and small.net.config == model.net.config
    before, after = (each.predict_proba_of_ids(X) for each in (model, small))
    assert np.abs(after - before).max() < tolerance


def test_of_a_size_it_holds_as_much_as_fits(model, tmp_path):
    for size in (SIZE, 2 * SIZE):
        try:
            small = compact(model, size=size)
        except DataError as error:
            assert "--size: expected room for" in str(error) and size == SIZE
            continue
        small.save(tmp_path / "small.npz")
        assert os.path.getsize(tmp_path / "small.npz") <= size
        if len(small.vocab) < V and "linear" not in small.net.config:
            one_more = compact(
                model, words=len(small.vocab) - 1, size=10**9 if "ngrams" not in small.net.config else None
            )
            one_more.save(tmp_path / "more.npz")
            assert os.path.getsize(tmp_path / "more.npz") > size


def test_the_words_that_matter_most_stay():
    net = recurrent()
    W = net.words.embed.params[0]
    W[2] = W[UNK]  # frequent, but no other than an unknown word
    model = model_of(net)
    importance = effects(model)[2:] / np.arange(1, V - 1)
    small = compact(model, words=40)
    best = sorted(np.argsort(-importance, kind="stable")[:40] + 2)
    assert small.vocab.words == [model.vocab.id_to_word[i] for i in best]
    assert "w2" not in small.vocab and "w3" in small.vocab


def test_the_unknown_word_becomes_the_mean_of_what_it_stands_for():
    model = model_of(recurrent())
    W = model.net.words.embed.params[0].copy()
    small = compact(model, "float16", words=100)
    gone = [i for i in range(2, V) if model.vocab.id_to_word[i] not in small.vocab]
    f = 1 / (np.array(gone) - 1.0)
    mean = (f @ W[gone] + UNKNOWN * W[UNK]) / (f.sum() + UNKNOWN)
    assert np.allclose(small.net.words.embed.params[0][UNK], mean, atol=1e-4)
    assert np.array_equal(model.net.words.embed.params[0], W)  # the model itself is as it was
    assert np.allclose(compact(model, "float16", words=V - 2).net.words.embed.params[0][UNK], W[UNK], atol=1e-4)


@pytest.mark.parametrize("classes, ngrams", [(2, 2), (2, 3), (3, 3)])
def test_ngrams_of_words_that_stay_keep_their_weights(classes, ngrams):
    model = model_of(nbsvm(classes, ngrams, 60))
    small = compact(model, words=30)
    kept = model.vocab.encode(small.vocab.words)
    assert 0 < len(small.net.keys) < len(model.net.keys)
    x = [RNG.choice(kept, 20) for _ in range(40)]
    assert np.allclose(model.scores(x), small.scores(mapped(x, model, small)), rtol=2e-3, atol=5e-3)


def test_the_strongest_ngrams_stay():
    model = model_of(nbsvm())
    W, r = model.net.params[0], model.net.ratios
    best = model.net.keys[np.abs(W * r)[V:, 0].argmax()]
    W[V + np.searchsorted(model.net.keys, best)] *= 1000
    a, b = divmod(best, V)
    small = compact(model, words=V - 2, size=6_000)
    assert small.vocab == model.vocab and 0 < len(small.net.keys) < 100
    assert a * V + b in small.net.keys


def test_more_than_it_has_too_little_room_or_a_small_model_is_refused():
    model = model_of(recurrent())
    for words in (0, V - 1):
        with pytest.raises(DataError, match=f"--words: expected from 1 to 298, .* got {words}"):
            compact(model, words=words)
    with pytest.raises(DataError, match=r"--size: expected room for 1 word and the rest of the model, .* got 99"):
        compact(model, size=99)
    with pytest.raises(DataError, match=r"--size: expected room for 100 words and .* got 2,000"):
        compact(model, words=100, size=2000)
    with pytest.raises(DataError, match="not compact yet, got one in int8: give the model that it was made from"):
        compact(compact(model, words=100), words=10)
    model.net = object()
    with pytest.raises(DataError, match=r"expected a model of SentimentNet, .*, WideNet to make small, got object"):
        compact(model, words=10)


@pytest.mark.parametrize("net", ["lstm", "wide pairs"])
def test_one_bit_that_is_damaged_is_found_wherever_it_is(net, tmp_path):
    path = tmp_path / "small.npz"
    compact(model_of(NETS[net]()), words=10).save(path)
    whole = path.read_bytes()
    for place in range(0, len(whole), 31):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError) as raised:
            Classifier.load(path)
        assert str(raised.value).startswith(f"{path}: expected") or f"{path}: array " in str(raised.value)
        assert "\n" not in str(raised.value)


def too_large(arrays, meta):
    arrays["embed.W.scale"][3] = 1e38


def without_scale(arrays, meta):
    del arrays["embed.W.scale"]


def plain(arrays, meta):
    arrays["embed.W"] = arrays["embed.W"].astype(np.float32)


def short_scale(arrays, meta):
    arrays["embed.W.scale"] = arrays["embed.W.scale"][:-1]


def other_packing(arrays, meta):
    meta["packed"] = "int4"


def no_packing(arrays, meta):
    meta["packed"] = None


def unmarked(arrays, meta):
    del meta["packed"]


def larger_net(arrays, meta):
    meta["net"]["wordvec_size"] = 10**9


@pytest.mark.parametrize(
    "change, told",
    [
        (too_large, "array embed.W: expected scales of finite numbers"),
        (without_scale, "array embed.W.scale: expected shape [22], dtype <f4, got none"),
        (plain, "array embed.W: expected shape [22, 16], dtype |i1, got shape [22, 16], dtype <f4"),
        (short_scale, "array embed.W.scale: expected shape [22], dtype <f4, got shape [21]"),
        (other_packing, "expected packed to be one of int8, float16, got 'int4'"),
        (no_packing, "expected packed to be one of int8, float16, got None"),
        (unmarked, ""),
        (larger_net, "array embed.W: expected shape [22, 1000000000], dtype |i1, got shape [22, 16]"),
    ],
)
def test_a_file_whose_parts_do_not_fit_is_refused(change, told, tmp_path):
    path = tmp_path / "small.npz"
    compact(model_of(recurrent()), words=20).save(path)
    arrays, meta = load_checkpoint(path)
    change(arrays, meta)
    save_arrays(path, arrays, meta)
    with pytest.raises(CheckpointError) as raised:
        Classifier.load(path)
    assert str(raised.value).startswith(f"{path}: ") and told in str(raised.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda ids: ids[::-1],
        lambda ids: np.zeros((len(ids), 9), np.uint16) + 21,
        lambda ids: ids[:, :0],
        lambda ids: np.concatenate((np.array([[0, 1]], ids.dtype), ids[1:])),  # of one word
        lambda ids: ids[0, 0],
    ],
)
def test_ngrams_that_are_none_are_refused(change, tmp_path):
    path = tmp_path / "small.npz"
    compact(model_of(nbsvm()), words=100).save(path)
    arrays, meta = load_checkpoint(path)
    assert len(arrays["pairs"]) > 1
    arrays["pairs"] = change(arrays["pairs"])
    save_arrays(path, arrays, meta)
    with pytest.raises(CheckpointError, match=f"{path}: .*(n-grams|words|expected shape)"):
        Classifier.load(path)


def test_ngrams_of_a_shape_that_is_not_the_models_take_no_memory(tmp_path):
    path = tmp_path / "small.npz"
    compact(model_of(nbsvm()), words=100).save(path)
    arrays, meta = load_checkpoint(path)
    arrays["pairs"] = np.zeros((1, 1_000_000), np.uint16)
    save_arrays(path, arrays, meta)
    tracemalloc.start()
    with pytest.raises(CheckpointError, match="array pairs: expected shape"):
        Classifier.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * path.stat().st_size
