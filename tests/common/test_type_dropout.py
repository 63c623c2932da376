"""TypeDropout: one mask for each word of a batch, which follows from one draw and the word's id alone."""

import numpy as np
import pytest
from conftest import normal

from common.checking.gradient_check import check_layer
from common.layers import Layer
from common.time_layers import TimeEmbedding
from common.type_dropout import DroppedEmbedding, TypeDropout, random_numbers

IDS = np.array([[7, 2, 7, 5], [2, 7, 0, 0]])


class OfWords(Layer):
    """A TypeDropout that reads one batch and draws the same at every forward: a function to differentiate."""

    def __init__(self, ratio=0.4):
        super().__init__()
        self.layer = TypeDropout(ratio, 3)

    def forward(self, xs):
        self.layer.rng = np.random.default_rng(3)
        return self.layer.forward(xs, IDS)

    def backward(self, dout):
        return self.layer.backward(dout)


def test_its_gradient_is_right():
    assert max(check_layer(OfWords(), normal(2, 4, 5)).values()) < 1e-6


def test_equal_words_of_a_batch_have_equal_masks_and_others_have_others():
    kept = TypeDropout(0.5, 0).forward(np.ones((2, 4, 64)), IDS) != 0
    assert np.array_equal(kept[0, 0], kept[0, 2]) and np.array_equal(kept[0, 0], kept[1, 1])
    assert np.array_equal(kept[0, 1], kept[1, 0]) and np.array_equal(kept[1, 2], kept[1, 3])
    rows = kept[[0, 0, 0, 1], [0, 1, 3, 2]]
    assert len(np.unique(rows, axis=0)) == 4


def test_the_distinct_words_of_a_batch_lose_what_its_places_lose():
    words, places = np.unique(IDS, return_inverse=True)
    vectors = normal(len(words), 6)
    of_words = TypeDropout(0.5, 0).forward(vectors, words)
    of_places = TypeDropout(0.5, 0).forward(vectors[places.reshape(IDS.shape)], IDS)
    assert np.array_equal(of_words[places.reshape(IDS.shape)], of_places)


def test_a_part_of_a_batch_loses_what_it_loses_in_the_whole():
    xs = normal(2, 4, 6)
    whole, part = TypeDropout(0.5, 0), TypeDropout(0.5, 0)
    for _ in range(2):  # the second forward draws another number, the same for both
        assert np.array_equal(whole.forward(xs, IDS)[1:], part.forward(xs[1:], IDS[1:]))


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_an_embedding_that_is_dropped_by_word_is_the_two_layers_one_after_the_other(masked, train):
    W, mask, dout = (
        normal(9, 6),
        np.array([[True] * 4, [True, True, False, False]]) if masked else None,
        normal(2, 4, 6),
    )
    both = DroppedEmbedding(TimeEmbedding(W), TypeDropout(0.5, 0))
    embed, dropout = TimeEmbedding(W), TypeDropout(0.5, 0)
    both.dropout.train_flg = dropout.train_flg = train
    for ids in (IDS, IDS[:, ::-1]):
        assert np.array_equal(both.forward(ids, mask), dropout.forward(embed.forward(ids, mask), ids))
        for _ in range(2):
            both.backward(dout)
        embed.backward(dropout.backward(dout))
        np.testing.assert_allclose(both.embed.grads[0], embed.grads[0], atol=1e-14)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_the_share_is_as_asked_for_and_the_mean_stays(ratio):
    out = TypeDropout(ratio, 0).forward(np.ones((20_000, 10), np.float32), np.arange(20_000))
    assert out.dtype == np.float32 and (out == 0).mean() == pytest.approx(ratio, abs=0.005)
    assert out.mean() == pytest.approx(1, abs=0.03)
    assert np.unique(out).size == 2


def test_every_forward_drops_something_else_and_neither_words_nor_elements_go_together():
    layer, ones = TypeDropout(0.5, 0), np.ones((4000, 8))
    first, second = (layer.forward(ones, np.arange(4000)) for _ in range(2))
    tables = np.hstack((first[:-1], first[1:], second[:-1]))  # elements of a word, of the next, of the next forward
    together = np.corrcoef(tables.T) - np.eye(24)
    assert np.abs(together).max() < 0.08


def test_the_numbers_are_those_of_splitmix64():
    """https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64: the first outputs for the seed 1234567."""
    wanted = np.array([6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431], np.uint64)
    assert np.array_equal(random_numbers(1234567, np.array([0]), 16).view(np.uint64)[0], wanted)
    assert np.array_equal(random_numbers(1234567, np.array([[0, 1]]), 8).view(np.uint64).ravel(), wanted)


def test_the_largest_ratio_and_the_largest_id_are_numbers_still():
    out = TypeDropout(np.nextafter(1.0, 0), 0).forward(np.ones((2, 3)), np.array([0, 2**31 - 1]))
    assert np.isfinite(out).all()


def test_nothing_is_dropped_in_inference_nor_by_a_ratio_of_0():
    xs, off = normal(2, 4, 3), TypeDropout(0.5, 0)
    off.train_flg = False
    for layer in (off, TypeDropout(0.0, 0)):
        out = layer.forward(xs, IDS)
        assert np.array_equal(out, xs) and not np.shares_memory(out, xs)
        assert np.array_equal(layer.backward(xs), xs)


def test_ids_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"TypeDropout: ids: expected integers of shape \(2, 4\), got int64 of shape"):
        TypeDropout(0.5, 0).forward(np.ones((2, 4, 3)), np.zeros((2, 3), int))
    with pytest.raises(ValueError, match="TypeDropout: ids"):
        TypeDropout(0.5, 0).forward(np.ones((2, 3)), np.array([0, -1]))
