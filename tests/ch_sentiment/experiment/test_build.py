import numpy as np

from ch_sentiment.baselines.nbsvm import log_count_ratios
from ch_sentiment.experiment.build import PPMI_STD, build
from ch_sentiment.experiment.corpus import LabelledTexts, encode
from ch_sentiment.experiment.options import Config

TEXTS = ["a kind film with a warm heart", "a cruel film with a cold heart"] * 20
LABELS = ["good", "bad"] * 20


def built(**options):
    config = Config.of(wordvec=8, embedding="ppmi", **options)
    data = encode(LabelledTexts.of(TEXTS, LABELS), config)
    net, notes = build(config.model, data, np.random.default_rng(0))
    return data, net.words.embed.params[0], notes


def test_vectors_by_ppmi_start_from_the_training_texts():
    data, W, notes = built()
    assert notes == ["vectors by PPMI and SVD of 36 texts"]
    assert W.shape == (len(data.vocab), 8) and not W[:2].any()
    np.testing.assert_allclose(np.sqrt(np.square(W[2:]).mean()), PPMI_STD, rtol=1e-5)


def test_naive_bayes_takes_the_place_of_their_least_direction():
    _, plain, _ = built()
    data, W, _ = built(naive_bayes=True)
    np.testing.assert_array_equal(W[:, 1:], plain[:, 1:])
    ratios = log_count_ratios(data.train.x, data.train.t, np.zeros(0, np.int64), len(data.vocab), 2)
    np.testing.assert_allclose(W[:, 0], ratios[:, 0], rtol=1e-5)
    sizes = np.square(plain).sum(axis=0)
    assert sizes[1] == sizes.max() and sizes[0] == sizes.min()
