"""Pairs of words: the vector at a word is that of its pair."""

import numpy as np
import pytest

from ch_sentiment.model import sentiment_net
from common.checking.gradient_check import check_layer, check_model
from common.pair_embedding import TimePairEmbedding

V = 7


def key(a, b):
    return a * V + b


@pytest.fixture
def layer():
    W = np.arange(6.0).reshape(3, 2)
    return TimePairEmbedding(W, np.array([key(2, 3), key(3, 2)]), V)


def test_a_word_has_the_vector_of_its_pair_with_the_word_before(layer):
    W = layer.params[0]
    xs = np.array([[2, 3, 2, 6], [3, 2, 0, 0]])
    mask = xs != 0
    vectors = layer.forward(xs, mask)
    np.testing.assert_array_equal(vectors[0], W[[0, 1, 2, 0]])
    np.testing.assert_array_equal(vectors[1, :2], W[[0, 2]])
    assert not vectors[1, 2:].any()
    check_layer(layer, xs, mask=mask)


def test_without_any_pair_all_share_one_vector():
    layer = TimePairEmbedding(np.ones((1, 2)), np.zeros(0, np.int64), V)
    assert (layer.forward(np.array([[2, 3]])) == 1).all()


def test_rows_and_ids_that_do_not_fit_are_refused(layer):
    with pytest.raises(ValueError, match="TimePairEmbedding: expected a row for each of 3 pairs and one more, got 3"):
        TimePairEmbedding(np.ones((3, 2)), np.zeros(3, np.int64), V)
    with pytest.raises(ValueError, match=r"TimePairEmbedding: xs: expected ids in \[0, 7\), got 7"):
        layer.forward(np.array([[2, 7]]))


def test_a_net_reads_concatenated_vectors_of_words_and_pairs():
    net = sentiment_net(V, 3, 4, bidirectional=True, pair_size=2, num_pairs=2, rng=0, dtype=np.float64)
    xs, ts = np.array([[2, 3, 2, 6], [3, 2, 0, 0], [4, 4, 4, 0]]), np.array([0, 1, 1])
    before = net.predict(xs)
    net.words.pair_embed.pairs[...] = key(2, 3), key(3, 2)
    check_model(net, xs, ts)
    changed = np.abs(net.predict(xs) - before) > 1e-9
    assert changed.tolist() == [True, True, False]  # the third holds no pair that is known
    vectors, _ = net.vectors(xs)
    np.testing.assert_array_equal(vectors[0, 1], [*net.words.embed.params[0][3], *net.words.pair_embed.params[0][1]])
    frozen = sentiment_net(V, 3, 4, pair_size=2, num_pairs=2, embed_W=np.ones((V, 3)), freeze_embedding=True)
    assert "embed.W" not in frozen.param_names and "pair_embed.W" in frozen.param_names
    assert set(frozen.frozen) == {"embed.W", "pair_embed.pairs"}
    with pytest.raises(ValueError, match="SentimentNet: expected pair_size >= 0, got -1"):
        sentiment_net(V, 3, 4, pair_size=-1)
