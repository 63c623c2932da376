"""Self-training: what a round learns from, with which labels and weights, and what it says of its own worth."""

from dataclasses import replace

import numpy as np
import pytest

from ch_sentiment.baselines.nbsvm import log_count_ratios
from ch_sentiment.experiment.corpus import LabelledTexts, encode
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.experiment.run import Experiment, fit, new_net, run_experiment
from ch_sentiment.experiment.self_training import (
    Round,
    Teacher,
    judge,
    kinds_of,
    knows_validation,
    labelled,
    recalibrated,
    rounds_of,
    warnings_after,
    warnings_before,
)
from ch_sentiment.experiment.soft_labelled import texts_of, with_soft_labels
from dataset.errors import DataError

SMALL = {"hidden": 4, "wordvec": 4, "epochs": 2, "validation": 0.4}
WORDS = {"bad": ["bad", "awful", "poor", "dull", "boring"], "good": ["good", "fine", "nice", "great", "lovely"]}
OTHER = ["the", "a", "film", "it", "was", "plot", "actor", "of", "with", "and"]
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*validation texts cannot say", "ignore:.*gained nothing", "ignore:.*weak"
)


def reviews(N, seed=0, more=()):
    """-> texts, labels: two words of the class, eight others, and those of `more`."""
    rng = np.random.default_rng(seed)
    labels = ["bad", "good"] * (N // 2)
    texts = [
        " ".join([*rng.choice(WORDS[label], 2), *rng.choice(OTHER, 8), *more, str(i)]) for i, label in enumerate(labels)
    ]
    return texts, labels


def corpus(config=None, N=40, M=60):
    config = config or Config.of(SMALL)
    return encode(LabelledTexts.of(*reviews(N), unlabelled=reviews(M, 1, ["unseen"])[0]), config)


class Oracle:
    """A Classifier's part that a teacher needs: right, and as sure as it is told; None calibrated."""

    label_names, cleaning, metrics, calibration = ["bad", "good"], None, {}, None

    def __init__(self, sure=0.9):
        self.sure = sure

    def predict_proba(self, texts):
        good = np.array([any(word in text.split() for word in WORDS["good"]) for text in texts])
        return np.where(good[:, None], [1 - self.sure, self.sure], [self.sure, 1 - self.sure])


# ---- the data of a round


@pytest.mark.parametrize(
    "kind", [{}, {"recipe": "bow"}, {"recipe": "nbsvm"}, {"softmax": True}, {"cell": "transformer"}], ids=str
)
def test_a_student_learns_from_labelled_and_soft_labelled_texts(kind):
    config = config_of({**SMALL, **kind, "unlabelled_weight": 0.25})
    data = corpus(config)
    index, targets = np.array([1, 4]), np.array([[0.1, 0.9], [0.8, 0.2]])
    joined = with_soft_labels(data, config, index, targets)
    N = len(data.train)
    assert joined.train.texts == [*data.train.texts, data.unlabelled_texts.texts[1], data.unlabelled_texts.texts[4]]
    np.testing.assert_array_equal(joined.train.t, [*data.train.t, 1, 0])
    np.testing.assert_array_equal(joined.train.targets[:N], np.eye(2)[data.train.t])
    np.testing.assert_array_equal(joined.train.targets[N:], targets)
    np.testing.assert_array_equal(joined.train.weights, [1] * N + [0.25] * 2)
    assert joined.val.texts == data.val.texts and joined.val.targets is None
    assert "unseen" in joined.vocab.words and "unseen" not in data.vocab.words
    for part in (joined.train, joined.val):
        for text, ids in zip(part.texts, part.x):
            np.testing.assert_array_equal(ids, joined.vocab.encode(text.split())[: config.model.reads])
    assert data.summary().items() <= joined.summary().items() and joined.summary()["soft_labelled"] == 2
    result = Experiment(config, joined).train()
    assert result.error is None and len(result.history) == 2 and 0 <= result.history[0]["accuracy"] <= 1


def test_a_loss_on_soft_labels_is_that_of_both_labels_in_their_shares():
    config = config_of({**SMALL, "recipe": "bow"})
    data = corpus(config)
    joined = with_soft_labels(data, config, np.array([0]), np.array([[0.25, 0.75]]))
    net = new_net(config, joined)[0]
    x = joined.train.x[-1][None]
    one, other = (net.forward(x, np.array([c])) for c in (0, 1))
    assert net.forward(x, joined.train.targets[-1:, 1]) == pytest.approx(0.25 * one + 0.75 * other, rel=1e-5)


def test_ratios_count_a_soft_label_in_its_shares():
    x, pairs = [np.array([2, 3]), np.array([2, 4]), np.array([3, 5, 2])], np.zeros(0, np.int64)
    soft, twice = np.array([[0.25, 0.75], [1, 0], [0, 1]]), [x[0], x[0], *x[1:]]
    weight, t = np.array([0.5, 1.5, 2, 2]), np.array([0, 1, 0, 1])
    expected = log_count_ratios(twice, t, pairs, 6, 2, weight)
    np.testing.assert_allclose(log_count_ratios(x, soft, pairs, 6, 2, np.array([2.0, 2, 2])), expected)
    hard = log_count_ratios(x, np.eye(2)[[0, 0, 1]], pairs, 6, 2)
    np.testing.assert_allclose(log_count_ratios(x, np.array([0, 0, 1]), pairs, 6, 2), hard)


def test_other_soft_labels_are_other_data_but_the_same_labelled_texts():
    data, config = corpus(), Config.of(SMALL)
    made = [with_soft_labels(data, config, np.array([0]), np.array([[p, 1 - p]])) for p in (0.25, 0.125)]
    assert len({data.fingerprint, *(joined.fingerprint for joined in made)}) == 3
    assert {joined.summary()["content"] for joined in made} == {data.labelled_fingerprint}


def test_texts_that_are_tokenized_already_are_not_tokenized_again():
    data = corpus()
    for part in ("train", "validation", "unlabelled"):
        texts = texts_of(data, part, Config().model.cleaning)
        assert texts.tokens(Config().model.cleaning) is data.tokens[part] and len(data.tokens[part]) == len(texts)


# ---- labelling


def test_labels_are_the_mean_of_the_teachers_where_they_are_sure_enough_and_balanced():
    data = corpus(M=60)
    teachers = [Teacher("a", Oracle(0.9)), Teacher("b", Oracle(0.7))]
    arrays, found = labelled(1, teachers, None, data, Config.of(SMALL, confidence=0.79))
    np.testing.assert_allclose(arrays["targets"].max(axis=1), 0.8, rtol=1e-6)
    assert found.chosen == {"bad": 30, "good": 30} and found.unsure == found.surplus == 0 and found.texts == 60
    assert found.accuracy == 1 and found.teachers == {"a": 1.0, "b": 1.0} and found.sure_right == 1
    assert found.reference == "a" and arrays["before"].all() and len(arrays["before"]) == len(data.val)
    none, found = labelled(1, teachers, None, data, Config.of(SMALL, confidence=0.81))
    assert len(none["index"]) == 0 and found.unsure == 60 and found.sure_right is None


def test_a_teacher_is_calibrated_on_a_validation_part_that_is_large_enough():
    config = config_of({**SMALL, "recipe": "bow", "epochs": 20})
    for N, fitted in ((40, False), (400, True)):
        data = corpus(config, N)
        model = Experiment(config, data).train().model
        arrays, _ = labelled(1, [Teacher("a", model)], "a", data, config.with_(confidence=0.5))
        plain = model.predict_proba(texts_of(data, "unlabelled", model.cleaning))[arrays["index"]]
        assert np.allclose(arrays["targets"], plain, atol=1e-6) != fitted


def test_the_mean_of_teachers_is_calibrated_too():
    """Of one that is right and one that only guesses, the mean is as right as the first, though never as sure."""
    data = corpus(N=600)
    data.val.t[:30] = 1 - data.val.t[:30]  # so that none is always right
    p_val = (Oracle(0.9).predict_proba(data.val.texts) + 0.5) / 2
    sharper = recalibrated(p_val, data.val.t, p_val)
    right = np.mean(p_val.argmax(axis=1) == data.val.t)
    assert p_val.max() == pytest.approx(0.7) and sharper.max() == pytest.approx(right, abs=0.01)


def test_a_teacher_of_another_split_of_the_texts_may_know_the_validation_part():
    data, config = corpus(), Config.of(SMALL)
    model = Experiment(config, data).train().model
    model.metrics = {"trained_on": data.summary()}
    assert not knows_validation(model, data)
    more = reviews(60, 1)[0]
    other = encode(LabelledTexts.of(*reviews(40), unlabelled=more), config.with_(split_seed=5))
    assert knows_validation(model, other)
    assert not knows_validation(model, replace(other, name="others"))
    _, found = labelled(1, [Teacher("a", model, True)], None, other, config)
    assert found.reference is None and found.before is None
    assert "trained on another split" in next(warnings_before(found, [Teacher("a", model, True)]))


# ---- what is said of a round


def a_round(**values):
    of = {
        "number": 1,
        "n": 1000,
        "teachers": {"t": 0.9},
        "accuracy": 0.9,
        "always": 0.5,
        "sure": 800,
        "sure_right": 0.95,
    }
    return Round(**{**of, "texts": 5000, **values})


def test_doubts_before_a_round():
    assert list(warnings_before(a_round())) == []
    (line,) = warnings_before(a_round(n=50))
    assert "50 validation texts cannot say whether a round helps: 90.0% of them is anything from 78.6% to 95.7%" in line
    (line,) = warnings_before(a_round(accuracy=0.52))
    assert "the teachers are too weak: 52.00% on the validation part is not surely more than the 50.00%" in line
    (line,) = warnings_before(a_round(sure_right=0.7))
    assert "the teachers are weak" in line


@pytest.mark.parametrize(("wrong", "kept"), [(0, "round-1/net"), (13, "round-1/net"), (200, "teacher")])
def test_the_model_before_is_kept_only_where_the_student_is_worse_beyond_noise(wrong, kept):
    data = corpus(N=1000)
    before = np.ones(len(data.val), bool)
    before[:10] = False

    class Student(Oracle):
        def predict_proba(self, texts):
            p = super().predict_proba(texts)
            p[:wrong] = p[:wrong, ::-1]
            return p

    found = a_round(reference="teacher", before=float(before.mean()))
    judge(found, "round-1/net", Student(), before, data)
    assert found.kept == kept and found.after == pytest.approx(1 - wrong / len(data.val))
    said = list(warnings_after(found))
    assert len(said) == (wrong > 0)
    assert all("teacher is kept" in line if kept == "teacher" else "gained nothing that 1,000" in line for line in said)


# ---- the rounds


def test_the_teachers_are_nbsvm_and_the_net_where_none_is_given():
    config = Config.of(SMALL, seed=3, class_weight="balanced", remove_stopwords=True)
    kinds = kinds_of(config, [])
    assert list(kinds) == ["nbsvm", "net"] and kinds["net"] is config
    of = kinds["nbsvm"]
    assert of.model.model == "nbsvm" and of.model.max_len == 10_000 and of.model.remove_stopwords
    assert of.run.seed == 3 and of.training.class_weight == "balanced" and of.data == config.data
    assert list(kinds_of(config, ["a teacher"])) == ["net"]
    assert list(kinds_of(config_of({"recipe": "nbsvm"}), [])) == ["nbsvm"]
    assert list(kinds_of(config_of({"recipe": "bow"}), [])) == ["nbsvm", "bow"]


def test_rounds_are_none_where_the_texts_have_another_use():
    assert rounds_of(Config()) == 1 and rounds_of(Config.of(virtual_adversarial=1.0)) == 0
    assert rounds_of(Config.of(entropy=1.0)) == 0 and rounds_of(Config.of(entropy=1.0, rounds=2)) == 2


@pytest.mark.parametrize(
    "how", [{"recipe": "nbsvm"}, {"recipe": "bow"}, {"cell": "gru", "bidirectional": True}, {"wide": True}], ids=str
)
def test_fit_learns_from_texts_without_labels_words_that_no_label_stands_beside(how):
    texts, labels = reviews(60)
    more = reviews(120, 1, ["unseen"])[0]
    options = {**SMALL, "epochs": 4, "lr": 0.02, "confidence": 0.5, "rounds": 2, **how}
    model = fit(texts, labels, unlabelled=more, **options)
    assert "unseen" in model.vocab.words
    told = model.metrics["self_training"]
    assert told["kept"].startswith("round-2/") and [of["number"] for of in told["rounds"]] == [1, 2]
    assert sum(told["rounds"][0]["chosen"].values()) > 60 and told["rounds"][1]["reference"].startswith("round-1/")
    again = fit(texts, labels, unlabelled=more, **options)
    np.testing.assert_array_equal(again.predict_proba(more), model.predict_proba(more))


def test_more_than_two_classes_are_learnt():
    rng = np.random.default_rng(0)
    names = ["low", "middle", "high"]
    texts = [f"{names[i % 3]} {' '.join(rng.choice(OTHER, 5))} {i}" for i in range(90)]
    more = [f"{names[i % 3]} {' '.join(rng.choice(OTHER, 5))} number {i}" for i in range(90)]
    labels = [names[i % 3] for i in range(90)]
    how = {**SMALL, "recipe": "nbsvm", "epochs": 30, "lr": 0.02, "confidence": 0.4, "patience": 30}
    model = fit(texts, labels, unlabelled=more, **how)
    assert model.metrics["self_training"]["kept"] == "round-1/nbsvm"
    answers = [model.label_names[c] for c in model.predict_proba(more).argmax(axis=1)]
    assert np.mean([answer == names[i % 3] for i, answer in enumerate(answers)]) > 0.9


def test_a_test_part_is_scored_once_by_the_model_that_is_kept():
    config = config_of({**SMALL, "recipe": "bow", "confidence": 0.5})
    texts = LabelledTexts.of(*reviews(60), unlabelled=reviews(60, 1)[0])
    texts.test = LabelledTexts.of(*reviews(20, 2)).texts
    result = run_experiment(config, texts)
    assert result.scored_on == "test" and result.scores["n"] == 20
    assert set(result.model.metrics) == {"trained_on", "kept", "best", "self_training", "test"}


def test_no_text_that_is_sure_enough_keeps_the_first_model_or_is_one_line():
    model = fit(*reviews(40), unlabelled=reviews(20, 1)[0], **SMALL, recipe="bow", confidence=1.0)
    assert model.metrics["self_training"]["kept"] == "round-0/bow"
    with pytest.raises(DataError, match="validation: expected a share above 0 for texts without labels, got 0"):
        fit(*reviews(40), unlabelled=["a text"], validation=0.0)
    with pytest.raises(DataError, match="unlabelled: expected a list of texts"):
        fit(*reviews(40), unlabelled="a text", **SMALL)
    with pytest.raises(DataError, match="confidence: expected a number from 0 to 1"):
        fit(*reviews(40), unlabelled=["a text"], confidence=2.0)
