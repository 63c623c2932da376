"""`predict` takes what `fit` takes: lists of any lengths are padded by the batch, and answers keep their order."""

import numpy as np
import pytest
from conftest import normal

from ch_sentiment.model import sentiment_net
from common.base_model import BaseModel
from common.layers import Affine, SoftmaxWithLoss
from common.optimizer import Adam
from common.pooling import TimeMax
from common.sequential import Sequential
from common.time_layers import TimeAffine, TimeDropout, TimeEmbedding, TimeGRU, TimeSoftmaxWithLoss
from common.trainer import Trainer
from common.training.batches import pad

V, D, H, C = 9, 3, 4, 2
RNG = np.random.default_rng(1)
TEXTS = [RNG.integers(1, V, n) for n in (3, 1, 7, 7, 2, 5, 1, 4, 6, 3)]


def parts(*more):
    return [
        TimeEmbedding(normal(V, D)),
        TimeDropout(0.5, 0),
        TimeGRU(*TimeGRU.init_params(D, H, 1, np.float64)),
        *more,
    ]


def classifier(C=C):
    return Sequential(*parts(TimeMax(), Affine(normal(H, C), np.zeros(C))), loss=SoftmaxWithLoss())


class Own(BaseModel):
    """A model of one's own, which says what its scores are, and no more."""

    def __init__(self):
        super().__init__()
        self.row = classifier()
        self.collect(row=self.row)

    def score(self, xs):
        self.seen = [*getattr(self, "seen", []), xs.shape]
        return self.row.score(xs)


MODELS = {
    "Sequential": classifier,
    "one score": lambda: classifier(1),
    "SentimentNet": lambda: sentiment_net(V, D, H, dropout=0.5, rng=0, dtype=np.float64),
    "SentimentNet, 3 classes": lambda: sentiment_net(
        V, D, H, num_classes=3, bidirectional=True, rng=0, dtype=np.float64
    ),
    "one's own": Own,
}
every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


@every_model
@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_each_text_has_the_answer_that_it_has_alone(make, batch_size):
    model = make()
    answers = model.predict(TEXTS, batch_size)
    assert len(answers) == len(TEXTS)
    for ids, answer in zip(TEXTS, answers):
        np.testing.assert_allclose(answer, model.predict(ids[None])[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(answers, model.predict(pad(TEXTS)), rtol=0, atol=1e-12)
    assert np.array_equal(answers, model.predict([ids.tolist() for ids in TEXTS], np.int64(batch_size)))


@every_model
def test_nothing_is_dropped_and_training_goes_on_as_before(make):
    model = make()
    assert np.array_equal(model.predict(TEXTS), model.predict(TEXTS)) and model.training


def test_the_answers_of_the_readme_come_after_its_training():
    x = [np.array(ids) for ids in ([2, 3], [3, 2], [2, 4, 3], [3, 4, 2])] * 25
    model, t = classifier(), np.array([0, 1] * 50)
    model.layers[1].dropout_ratio = 0.0
    Trainer(model, Adam(0.05), [], 0).fit(x, t, 15)
    assert np.array_equal(model.predict(x).argmax(axis=1), t)


def test_no_batch_is_larger_or_longer_than_it_must_be():
    model = Own()
    model.predict(TEXTS, 4)
    assert sorted(model.seen) == [(2, 7), (4, 3), (4, 6)]  # of lengths 1 1 2 3, 3 4 5 6, 7 7
    model.seen.clear()
    model.predict(pad(TEXTS), 4)
    assert model.seen == [(10, 7)]  # an array is one batch, as it stands


def test_a_tagger_answers_with_an_array_for_each_text_as_long_as_the_text():
    model = Sequential(*parts(TimeAffine(normal(H, 7), np.zeros(7))), loss=TimeSoftmaxWithLoss())  # 7: also a length
    for answers in (model.predict(TEXTS, 3), Sequential(*model.layers).predict(TEXTS, 3)):
        assert [a.shape for a in answers] == [(len(ids), 7) for ids in TEXTS]
        for ids, answer in zip(TEXTS, answers):
            np.testing.assert_allclose(answer, model.predict(ids[None])[0], rtol=0, atol=1e-12)


def test_probabilities_of_a_list_of_texts():
    model = sentiment_net(V, D, H, rng=0)
    probabilities = model.probabilities(TEXTS)
    assert probabilities.shape == (10, 2) and np.allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("xs", "came"),
    [
        ("a text", "got the str 'a text'"),
        (["a text"], r"got the str 'a text' at index 0 \(words have ids"),
        ([["a", "text"]], r"got list of 2 at index 0 \(words have ids"),
        (None, "got None"),
        ([2, 3], "got 2 at index 0"),
        ([[0.5]], "got list of 1 at index 0"),
        ([], "got none"),
    ],
)
@every_model
def test_what_cannot_be_read_is_refused_in_a_sentence(make, xs, came):
    model = make()
    with pytest.raises(ValueError, match=f"{type(model).__name__}.predict: expected .*{came}"):
        model.predict(xs)
    assert model.training


@pytest.mark.parametrize("batch_size", [0, 1.5, "8", None])
def test_the_size_of_a_batch_is_a_whole_number(batch_size):
    with pytest.raises(ValueError, match=r"Sequential\.predict: expected .*batch_size >= 1, got"):
        classifier().predict(TEXTS, batch_size)


def test_a_model_without_scores_says_what_it_needs():
    with pytest.raises(ValueError, match=r"BaseModel\.predict: expected a method score\(xs\) -> scores, got none"):
        BaseModel().predict(TEXTS)
