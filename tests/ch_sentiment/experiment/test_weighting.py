"""What a text counts: its weight times that of its class, in the loss and in what chooses the epoch, nowhere else."""

import numpy as np
import pytest
from conftest import TWO

from ch_sentiment.experiment.corpus import LabelledTexts, encode
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.experiment.run import fit, new_net, run_experiment
from ch_sentiment.experiment.weighting import loss_weights
from common.trainer import evaluate
from dataset.errors import DataError

TEXTS, LABELS = [text for _, text in TWO], [label for label, _ in TWO]
SMALL = {"hidden": 4, "wordvec": 4, "epochs": 2}
BAD, GOOD = ["bad", "awful", "poor", "dull", "boring"], ["good", "fine", "nice", "great", "lovely"]
OTHER = ["the", "a", "film", "it", "was", "plot", "actor", "of", "with", "and"]


def reviews(n_bad, n_good, seed):
    """-> texts, labels: two words of their class, one of either, twelve others."""
    rng, texts = np.random.default_rng(seed), []
    labels = ["neg"] * n_bad + ["pos"] * n_good
    for label in labels:
        words = [*rng.choice(OTHER, 12), *rng.choice(BAD if label == "neg" else GOOD, 2), *rng.choice(BAD + GOOD, 1)]
        texts.append(" ".join(rng.permutation(words).tolist()))
    return texts, labels


@pytest.mark.parametrize("how", [{}, {"recipe": "bow"}, {"cell": "gru", "adversarial": 0.1}], ids=str)
def test_of_5_texts_against_295_a_balanced_loss_learns_what_a_plain_one_never_answers(how):
    scores = {}
    for class_weight in (None, "balanced"):
        texts = LabelledTexts.of(*reviews(5, 295, 0))
        texts.test = LabelledTexts.of(*reviews(50, 50, 1)).texts
        config = config_of({**how, "class_weight": class_weight, "validation": 0.2})
        scores[class_weight] = run_experiment(config, texts).scores
    plain, balanced = scores[None], scores["balanced"]
    assert plain["never_answered"] == ["neg"] and plain["accuracy"] == 0.5
    assert balanced["never_answered"] == [] and balanced["macro_f1"] > plain["macro_f1"] + 0.1


def test_class_weights_are_those_of_the_training_part_and_every_part_has_a_mean_of_one():
    texts = LabelledTexts.of(*reviews(10, 30, 0))
    data = encode(texts, Config.of(validation=0.4))
    data.val.t[:] = 1  # what stands there has no say
    train, val = loss_weights(data, "balanced")
    np.testing.assert_allclose(train, np.where(data.train.t == 0, 2, 2 / 3))  # 24 / (2 * 6) and 24 / (2 * 18)
    np.testing.assert_allclose(val, 1)
    data.val.t[: len(data.val) // 2] = 0
    _, val = loss_weights(data, "balanced")
    assert val.mean() == pytest.approx(1) and val.max() / val.min() == pytest.approx(3)
    assert loss_weights(data, None) == (None, None)


def test_weights_of_texts_follow_them_into_the_parts_and_multiply_with_those_of_the_classes():
    weight = np.arange(40) + 1.0
    texts = LabelledTexts.of(TEXTS, LABELS, sample_weight=weight)
    data = encode(texts, Config.of(validation=0.25, limit=36))
    for part in (data.train, data.val):
        np.testing.assert_array_equal(part.weights, part.numbers)
    train, val = loss_weights(data, None)
    np.testing.assert_allclose(train, data.train.weights / data.train.weights.mean())
    np.testing.assert_allclose(val, data.val.weights / data.val.weights.mean())
    train, _ = loss_weights(data, "balanced")
    assert train[data.train.t == 0].sum() == pytest.approx(train[data.train.t == 1].sum())
    for t in (0, 1):  # within a class as before
        mine = data.train.t == t
        np.testing.assert_allclose(train[mine] / train[mine][0], data.train.weights[mine] / data.train.weights[mine][0])


def test_the_loss_that_chooses_the_epoch_is_weighted_and_accuracy_is_not():
    weight = np.random.default_rng(0).uniform(0.1, 3, 40)
    texts = LabelledTexts.of(TEXTS, LABELS, sample_weight=weight)
    config = Config.of(SMALL, lr=0.05, epochs=1, validation=0.4)
    data = encode(texts, config)
    result = run_experiment(config, data)
    net, _, val = result.model.net, *loss_weights(data, None)
    assert result.best["val_loss"] == pytest.approx(evaluate(net, data.val.x, data.val.t, sample_weight=val)["loss"])
    plain = evaluate(net, data.val.x, data.val.t)
    assert result.scores["loss"] == pytest.approx(plain["loss"], rel=1e-5) != result.best["val_loss"]
    assert result.best["val_accuracy"] == plain["accuracy"] == result.scores["accuracy"]


@pytest.mark.parametrize("how", [{}, {"recipe": "bow"}, {"recipe": "nbsvm"}, {"adversarial": 0.1}], ids=str)
def test_weights_that_are_all_alike_are_none(how):
    plain, alike = (fit(TEXTS, LABELS, **how, **SMALL, sample_weight=w) for w in (None, [3] * 40))
    np.testing.assert_allclose(alike.predict_proba(TEXTS), plain.predict_proba(TEXTS), rtol=1e-4)
    other = fit(TEXTS, LABELS, **how, **SMALL, sample_weight=np.linspace(0, 1, 40))
    assert not np.allclose(other.predict_proba(TEXTS), plain.predict_proba(TEXTS), rtol=1e-4)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1] * 39, r"sample_weight: expected a weight for each of the 40 texts, got shape \(39,\)"),
        ([[1]] * 40, "sample_weight: expected a weight for each"),
        (1.0, "sample_weight: expected a weight for each"),
        ("heavy", "sample_weight: expected 40 numbers, got "),
        ([10**400] * 40, "sample_weight: expected 40 numbers, got list of 40"),
        ([None] * 40, "sample_weight: expected finite numbers, 0 or above, got nan"),
        ([[1], [1, 2]], "sample_weight: expected 40 numbers, got "),
        ([1] * 39 + [-2], "sample_weight: expected finite numbers, 0 or above, got -2"),
        ([1] * 39 + [np.inf], "sample_weight: expected finite numbers, 0 or above, got inf"),
        ([0] * 40, "sample_weight: expected finite numbers, 0 or above, got nothing but 0"),
        ([1, 0] * 20, "--class-weight: expected texts of a weight above 0 of each class to train on, .* labelled pos"),
    ],
)
def test_weights_that_cannot_be_are_one_line(weight, message):
    with pytest.raises(DataError, match=message) as caught:
        fit(TEXTS, LABELS, **SMALL, sample_weight=weight, class_weight="balanced")
    assert "\n" not in str(caught.value)


def test_a_part_that_counts_nothing_is_named_before_anything_is_made():
    config = Config.of(SMALL)
    data = encode(LabelledTexts.of(TEXTS, LABELS, sample_weight=[1] * 40), config)
    data.val.weights[:] = 0
    with pytest.raises(DataError, match="expected a weight above 0 among the texts to validate, got none"):
        new_net(config, data)


def test_other_weights_are_other_data():
    """So that a training is not resumed with them."""
    prints = set()
    for weight in (None, [1] * 40, [2] * 40):
        prints.add(encode(LabelledTexts.of(TEXTS, LABELS, sample_weight=weight), Config.of(SMALL)).fingerprint)
    assert len(prints) == 3


def test_another_class_weight_is_refused():
    with pytest.raises(DataError, match="class_weight: expected one of balanced, got 'fair'"):
        fit(TEXTS, LABELS, class_weight="fair")
