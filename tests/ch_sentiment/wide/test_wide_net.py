"""A WideNet answers with the sum of both parts, trains the net alone, and is saved and explained as any other."""

import copy

import numpy as np
import pytest

from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.model import sentiment_net
from ch_sentiment.wide.wide_net import WideNet
from common.checking.gradient_check import check_model
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
from common.optimizer import Adam
from common.trainer import Trainer
from common.training.adversarial import AdversarialTraining
from dataset.text import Vocab

V = 8
XS = np.array([[2, 3, 2, 6, 3], [3, 2, 0, 0, 0], [4, 4, 4, 0, 0]])
X = [row[row > 0].astype(np.int32) for row in XS]
TS = np.array([0, 1, 1])
WORDS = [f"w{i}" for i in range(2, V)]


def linear_of(C=2, dtype=np.float64):
    linear = NBSVM.of_texts(X * 2, np.tile(TS, 2), V, C, dtype=dtype, ngrams=3)
    rng = np.random.default_rng(1)
    for p in linear.params:
        p[...] = rng.standard_normal(p.shape)
    return linear


def wide_of(C=2, max_len=400, dtype=np.float64, **how):
    net = sentiment_net(V, 3, 4, num_classes=C, rng=0, dtype=dtype, **how)
    return WideNet(net, linear_of(C, dtype), max_len), net


@pytest.mark.parametrize("C", [2, 3])
def test_a_score_is_the_sum_of_both_parts(C):
    wide, net = wide_of(C)
    np.testing.assert_allclose(wide.predict(XS), net.predict(XS) + wide.linear.predict(XS))
    np.testing.assert_allclose(wide.predict(X), wide.predict(XS))  # a list of texts, too
    held_out = np.random.default_rng(0).standard_normal(wide.linear.predict(XS).shape)
    np.testing.assert_allclose(wide.predict((XS, held_out)), net.predict(XS) + held_out)


@pytest.mark.parametrize("how", [{"C": 2}, {"C": 3}, {"softmax": True}], ids=str)
def test_a_share_of_the_texts_is_answered_without_linear_scores_in_training_alone(how):
    _, net = wide_of(**how)
    wide = WideNet(net, linear_of(how.get("C", 2)), 400, score_dropout=0.5, rng=0)
    whole = wide.predict(XS) - net.predict(XS)
    xs = np.tile(XS, (40, 1))
    wide.vectors(xs)
    kept = wide.linear_scores.reshape(120, -1).any(axis=1)
    np.testing.assert_allclose(
        wide.linear_scores, np.where(kept if whole.ndim == 1 else kept[:, None], np.tile(whole.T, 40).T, 0)
    )
    assert 40 < kept.sum() < 80
    wide.train(False)
    wide.vectors(xs)
    assert wide.linear_scores.reshape(120, -1).any(axis=1).all()


def test_two_logits_get_the_one_of_the_linear_part_as_their_difference():
    wide, net = wide_of(softmax=True)
    added = wide.predict(XS) - net.predict(XS)
    assert not added[:, 0].any()
    np.testing.assert_allclose(added[:, 1], wide.linear.predict(XS))


@pytest.mark.parametrize("how", [{"C": 2}, {"C": 3}, {"softmax": True}], ids=str)
def test_gradients_agree_with_differences_and_the_linear_part_has_none(how):
    wide, net = wide_of(**how)
    check_model(wide, XS, TS)
    check_model(wide, (XS, wide.linear.predict(XS)), TS, np.array([0.5, 2.0, 0.0]))
    assert wide.param_names == net.param_names
    assert [name for name in wide.weights() if name.startswith("linear.")] == [
        *("linear.1.W", "linear.1.b", "linear.pairs", "linear.ratios")
    ]


def test_training_changes_the_net_alone_with_adversarial_steps_too():
    for wrap in (lambda net: net, lambda net: AdversarialTraining(net, 0.1)):
        wide, _ = wide_of()
        before = copy.deepcopy(wide.weights())
        history = Trainer(wrap(wide), Adam(0.05), [], rng=0).fit((X * 4, np.zeros(12)), np.tile(TS, 4), 3, 4)
        assert history[-1]["loss"] < history[0]["loss"]
        changed = {name for name, w in wide.weights().items() if not np.array_equal(w, before[name])}
        assert changed == set(wide.param_names)


def test_the_linear_part_reads_all_of_a_text_and_the_net_what_it_keeps():
    wide, net = wide_of(max_len=3)
    kept = np.array([[2, 6, 3], [3, 2, 0], [4, 4, 4]])
    kept[0] = XS[0][wide.places(5)]
    assert wide.places(5).tolist() == [0, 3, 4] or len(wide.places(5)) == 3
    np.testing.assert_allclose(wide.predict(XS), net.predict(kept) + wide.linear.predict(XS))


@pytest.mark.parametrize("C", [2, 3])
def test_a_saved_model_gives_the_same_bits(C, tmp_path):
    wide, _ = wide_of(C, max_len=3, dtype=np.float32, pair_size=2, num_pairs=1)
    model = Classifier(wide, Vocab(WORDS), ["x", "y", "z"][:C], 10_000)
    model.save(tmp_path / "m.npz")
    loaded = Classifier.load(tmp_path / "m.npz")
    texts = ["w2 w3 w2 w6", "w4", "never seen"]
    assert type(loaded.net) is WideNet and loaded.net.config == wide.config
    assert np.array_equal(loaded.predict_proba(texts), model.predict_proba(texts))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"max_len": 0}, "whole numbers above 0 as vocab_size, num_classes, max_len"),
        ({"keep": "middle"}, "expected keep to be one of"),
        ({"net": {"vocab_size": 9}}, "expected a net of 8 words and 2 classes"),
        ({"linear": {"num_classes": 3}}, "expected a linear of 8 words and 2 classes"),
        ({"linear": {"num_ngrams": 10**9}}, "expected a network of"),
        ({"linear": {"num_ngrams": -1}}, "expected a network of"),
        ({"linear": {"ngrams": 0}}, "whole numbers above 0"),
        ({"linear": {"ngrams": 10**9}}, "n-grams"),
        ({"net": {"hidden_size": 10**9}}, "expected a network of"),
        ({"net": None}, "do not fit"),
        ({"linear": []}, "do not fit"),
    ],
    ids=str,
)
def test_a_forged_file_is_refused_before_it_takes_memory(change, told, tmp_path):
    wide, _ = wide_of(dtype=np.float32)
    Classifier(wide, Vocab(WORDS), ["x", "y"], 9).save(tmp_path / "m.npz")
    arrays, meta = load_checkpoint(tmp_path / "m.npz")
    net = dict(meta["net"])
    for name, value in change.items():
        net[name] = {**net[name], **value} if isinstance(value, dict) else value
    save_arrays(tmp_path / "m.npz", arrays, {**meta, "net": net})
    with pytest.raises(CheckpointError, match=told):
        Classifier.load(tmp_path / "m.npz")


@pytest.mark.parametrize("how", [{"C": 2}, {"C": 3}, {"softmax": True}], ids=str)
@pytest.mark.parametrize("max_len", [400, 3])
def test_the_words_of_a_text_are_explained_by_both_parts(how, max_len):
    wide, net = wide_of(**how, max_len=max_len)
    C = how.get("C", 2)
    model = Classifier(wide, Vocab(WORDS), ["x", "y", "z"][:C], 10_000)
    words = ["w2", "w3", "w2", "w6", "w3"]
    weight = np.array([-1.0, 1.0] if C == 2 else [-0.5, 1.0, -0.5])
    path = model.word_path(words, weight)
    assert path.complete() and path.attributions.shape == (5,)
    alone = Classifier(net, Vocab(WORDS), model.label_names, 10_000)
    kept = [words[i] for i in wide.places(5)]
    of_net = np.zeros(5)
    of_net[wide.places(5)] = alone.word_path(kept, weight).attributions
    by_word = wide.linear.by_word(XS[0])
    of_linear = by_word @ weight[-by_word.shape[1] :]
    np.testing.assert_allclose(path.attributions, of_net + of_linear, rtol=0.02, atol=0.01)
    scores = np.atleast_1d(wide.predict(XS[:1])[0])
    assert path.margin == pytest.approx(scores @ weight[-len(scores) :], rel=1e-5)


def test_what_a_feature_adds_is_divided_among_its_places_and_its_words():
    linear = linear_of()
    (W, b), r, ids = linear.params, linear.ratios, np.array([2, 3, 2, 3, 7])
    added = linear.by_word(ids)
    np.testing.assert_allclose(added.sum() + b[0], linear.predict(ids[None])[0])
    of = {key: (W * r)[V + i, 0] for i, key in enumerate(linear.keys.tolist())}
    of_word = (W * r)[2, 0] / 2
    of_pairs = of.get(2 * V + 3, 0) / 4, of.get(3 * V + 2, 0) / 2  # the first stands there twice
    of_triples = of.get(2 * V * V + 3 * V + 2, 0) / 3, of.get(3 * V * V + 2 * V + 3, 0) / 3
    np.testing.assert_allclose(added[0], of_word + of_pairs[0] + of_triples[0])
    np.testing.assert_allclose(added[2], of_word + sum(of_pairs) + sum(of_triples))
    assert linear.by_word(np.array([2])).shape == (1, 1)


def test_attention_weights_stand_at_the_words_that_the_net_reads():
    wide, _ = wide_of(max_len=3, pool="attention", dtype=np.float32)
    weights = Classifier(wide, Vocab(WORDS), ["x", "y"], 10_000).attention(["w2", "w3", "w2", "w6", "w3"])
    assert np.count_nonzero(weights) == 3 and weights.sum() == pytest.approx(1, abs=1e-5)
