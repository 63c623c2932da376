"""A WideNet answers with the sum of both parts once they are joined, and is saved and explained as any other."""

import copy

import numpy as np
import pytest

from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.model import sentiment_net
from ch_sentiment.wide.wide_net import WideNet, best_shares
from common.checking.gradient_check import check_model
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
from common.layers import SigmoidWithLoss, SoftmaxWithLoss
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
    wide = WideNet(net, linear_of(C, dtype), max_len)
    wide.shares[...] = 0.75, 0.5
    return wide, net


@pytest.mark.parametrize("C", [2, 3])
def test_a_score_is_the_sum_of_both_parts_once_they_are_joined(C):
    wide, net = wide_of(C)
    np.testing.assert_allclose(wide.predict(XS), 0.75 * net.predict(XS) + 0.5 * wide.linear.predict(XS))
    np.testing.assert_allclose(wide.predict(X), wide.predict(XS))  # a list of texts, too
    wide.shares[...] = 1, 0
    np.testing.assert_array_equal(wide.predict(XS), net.predict(XS))


def parts_of(N, C=2, good=2.0, bad=0.2):
    """Scores of a net and of a linear part, `good` and `bad` times the truth beside noise, and the truth."""
    rng, t = np.random.default_rng(0), np.arange(N) % C
    truth = np.where(t == 1, 1.0, -1.0) if C == 2 else 2 * np.eye(C)[t]
    return *(size * truth + rng.standard_normal(truth.shape) for size in (good, bad)), t


@pytest.mark.parametrize("C", [2, 3])
def test_the_shares_are_of_the_least_loss(C):
    net, linear, t = parts_of(2000, C)
    a, b = best_shares(net, linear, t)
    assert a > 4 * b > 0

    def loss(a, b):
        of_all = (SigmoidWithLoss if C == 2 else SoftmaxWithLoss)().forward(a * net + b * linear, t) * len(t)
        return of_all + 10 * ((a - 0.5) ** 2 + (b - 0.5) ** 2)

    least = loss(a, b)
    assert all(least < loss(a + da, b + db) for da, db in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)))


def test_a_part_that_misleads_counts_nothing_and_a_few_texts_change_little():
    a, b = best_shares(*parts_of(2000, good=2.0, bad=-1.0))
    assert a > 1 and b == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(best_shares(*parts_of(4, good=2.0, bad=-1.0)), 0.5, atol=0.2)


def test_weights_of_texts_are_those_of_their_losses():
    net, linear, t = parts_of(60)
    weight = 1.0 + np.arange(60) % 2
    twice = np.repeat(np.arange(60), weight.astype(int))
    np.testing.assert_allclose(
        best_shares(net, linear, t, weight), best_shares(net[twice], linear[twice], t[twice]), rtol=1e-4
    )


def test_a_net_that_is_joined_again_starts_from_its_parts():
    wide, net = wide_of()
    first = wide.join(X, TS)
    shares = wide.shares.copy()
    assert [of.tolist() for of in wide.join(X, TS)] == [of.tolist() for of in first]
    np.testing.assert_array_equal(wide.shares, shares)
    np.testing.assert_array_equal(first[0], (net.predict(XS) > 0) == TS)


def test_two_logits_get_the_one_of_the_linear_part_as_their_difference():
    wide, net = wide_of(softmax=True)
    added = wide.predict(XS) - 0.75 * net.predict(XS)
    np.testing.assert_allclose(added[:, 0], 0, atol=1e-12)
    np.testing.assert_allclose(added[:, 1], 0.5 * wide.linear.predict(XS))


@pytest.mark.parametrize("how", [{"C": 2}, {"C": 3}, {"softmax": True}], ids=str)
def test_gradients_agree_with_differences_and_the_linear_part_has_none(how):
    wide, net = wide_of(**how)
    check_model(wide, XS, TS)
    check_model(wide, XS, TS, np.array([0.5, 2.0, 0.0]))
    assert wide.param_names == net.param_names
    assert [name for name in wide.weights() if name.startswith("linear.")] == [
        *("linear.1.W", "linear.1.b", "linear.pairs", "linear.ratios")
    ]


def test_training_changes_the_net_alone_with_adversarial_steps_too():
    for wrap in (lambda net: net, lambda net: AdversarialTraining(net, 0.1)):
        wide, _ = wide_of()
        before = copy.deepcopy(wide.weights())
        history = Trainer(wrap(wide), Adam(0.05), [], rng=0).fit(X * 4, np.tile(TS, 4), 3, 4)
        assert history[-1]["loss"] < history[0]["loss"]
        changed = {name for name, w in wide.weights().items() if not np.array_equal(w, before[name])}
        assert changed == set(wide.param_names)


def test_the_linear_part_reads_all_of_a_text_and_the_net_what_it_keeps():
    wide, net = wide_of(max_len=3)
    kept = np.array([[2, 6, 3], [3, 2, 0], [4, 4, 4]])
    kept[0] = XS[0][wide.places(5)]
    assert wide.places(5).tolist() == [0, 3, 4] or len(wide.places(5)) == 3
    np.testing.assert_allclose(wide.predict(XS), 0.75 * net.predict(kept) + 0.5 * wide.linear.predict(XS))


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
        ({"max_len": 0}, "whole numbers from 1 to .* as vocab_size, num_classes, max_len"),
        ({"keep": "middle"}, "expected keep to be one of"),
        ({"net": {"vocab_size": 9}}, "expected a net of 8 words and 2 classes"),
        ({"linear": {"num_classes": 3}}, "expected a linear of 8 words and 2 classes"),
        ({"linear": {"num_ngrams": 10**9}}, "array linear.1.W: expected shape .1000000008, 1., dtype <f4, got shape"),
        ({"linear": {"num_ngrams": -1}}, "expected a whole number as num_ngrams, got -1"),
        ({"linear": {"ngrams": 0}}, "whole numbers from 1 to"),
        ({"linear": {"ngrams": 10**400}}, "whole numbers from 1 to"),
        ({"net": {"num_pairs": 10**30}}, "whole numbers as pair_size and num_pairs"),
        ({"linear": {"ngrams": 10**9}}, "n-grams"),
        ({"net": {"hidden_size": 10**8}}, "array layer0.*: expected shape .*00000000"),
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
    np.testing.assert_allclose(path.attributions, 0.75 * of_net + 0.5 * of_linear, rtol=0.02, atol=0.01)
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
