"""Batches hold every example once, keep like lengths together, pad no more than that; splits keep shares and groups."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import common.training.batches
from common.training.batches import (
    count_tokens,
    grouped_split,
    pad,
    shuffled_batches,
    sorted_batches,
    stratified_split,
    take,
)


@pytest.fixture
def texts():
    """1,000 id arrays of 1 to 60 ids; the ids are never PAD."""
    rng = np.random.default_rng(0)
    return [rng.integers(1, 99, n) for n in rng.integers(1, 61, 1000)]


def test_padding_stands_after_the_text_and_a_batch_is_as_long_as_its_longest():
    xs = pad([np.array([3, 4]), np.array([5]), np.array([], int), np.array([6, 7, 8])])
    assert xs.tolist() == [[3, 4, 0], [5, 0, 0], [0, 0, 0], [6, 7, 8]] and xs.dtype.kind == "i"
    assert pad([[1], [2, 3]], length=4).tolist() == [[1, 0, 0, 0], [2, 3, 0, 0]]
    assert pad([]).shape == (0, 0)


def test_a_text_longer_than_the_length_is_a_value_error():
    with pytest.raises(ValueError, match="pad: expected sequences of at most 2 ids, got one of 3"):
        pad([[1], [1, 2, 3]], length=2)


def test_take_pads_lists_and_indexes_arrays():
    x = [np.array([1]), np.array([2, 3]), np.array([4, 5, 6])]
    assert take(x, np.array([1, 0])).tolist() == [[2, 3], [1, 0]]
    assert take(np.arange(6).reshape(3, 2), np.array([2, 0])).tolist() == [[4, 5], [0, 1]]


def test_tokens_are_counted_without_padding_and_rows_of_arrays_as_one():
    assert count_tokens([[1], [2, 3], [4, 5, 6]], np.array([0, 2])) == 4
    assert count_tokens(np.ones((5, 7)), np.array([0, 2])) == 2


@settings(max_examples=60)
@given(st.integers(0, 300), st.integers(1, 40), st.booleans(), st.integers(0, 9))
def test_every_example_comes_once_and_only_one_batch_is_partial(count, batch_size, ragged, seed):
    lengths = np.random.default_rng(seed).integers(1, 20, count)
    x = [np.ones(n, int) for n in lengths] if ragged else np.zeros((count, 2))
    for batches in (shuffled_batches(x, batch_size, seed), sorted_batches(x, batch_size)):
        assert sorted(i for index in batches for i in index) == list(range(count))
        sizes = sorted((len(index) for index in batches), reverse=True)
        if count:
            assert sizes[:-1] == [batch_size] * (len(sizes) - 1)
            assert sizes[-1] == (count % batch_size or batch_size)


@pytest.mark.parametrize("none", [[], np.zeros((0, 2))])
def test_no_examples_are_no_batches(none):
    assert shuffled_batches(none, 4, 0) == [] == sorted_batches(none, 4)


def test_texts_of_like_length_share_a_batch(texts):
    sizes = np.array([len(ids) for ids in texts])
    padding = {}
    for name, batches in (
        ("shuffled", shuffled_batches(texts, 10, 0)),
        ("random", np.split(np.random.default_rng(0).permutation(1000), 100)),
    ):
        padding[name] = sum(sizes[index].max() * len(index) - sizes[index].sum() for index in batches)
    assert padding["shuffled"] < padding["random"] / 10


def test_batches_come_in_random_order_not_by_length(texts):
    means = [np.mean([len(texts[i]) for i in index]) for index in shuffled_batches(texts, 20, 1)]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.5


def test_which_texts_share_a_batch_changes_from_epoch_to_epoch(texts):
    rng = np.random.default_rng(0)
    first, second = ({frozenset(b.tolist()) for b in shuffled_batches(texts, 10, rng)} for _ in range(2))
    assert len(first & second) < 10


def test_like_lengths_are_found_within_a_pool_of_batches_not_in_the_whole_corpus(texts, monkeypatch):
    monkeypatch.setattr(common.training.batches, "POOL", 2)
    rng = np.random.default_rng(3)
    order = np.random.default_rng(3).permutation(1000)
    for index in shuffled_batches(texts, 50, rng):
        pools = {int(np.flatnonzero(order == i)[0]) // 100 for i in index}
        assert len(pools) == 1


@pytest.mark.parametrize("kind", ["list", "array"])
def test_one_rng_gives_one_order_and_another_gives_another(kind, texts):
    x = texts if kind == "list" else np.zeros((1000, 3))

    def order(rng):
        return np.concatenate(shuffled_batches(x, 10, rng)).tolist()

    assert order(4) == order(np.random.default_rng(4)) != order(5)
    rng = np.random.default_rng(4)
    assert order(rng) != order(rng)


def test_sorted_batches_are_in_order_of_length_and_of_place(texts):
    order = np.concatenate(sorted_batches(texts, 7))
    lengths = [len(texts[i]) for i in order]
    assert lengths == sorted(lengths)
    assert all(a < b for a, b, m, n in zip(order, order[1:], lengths, lengths[1:]) if m == n)
    assert np.concatenate(sorted_batches(np.zeros((9, 2)), 4)).tolist() == list(range(9))


def test_no_array_is_larger_than_a_batch(texts, monkeypatch):
    texts = [*texts, np.ones(5000, int)]  # one long text must not make all others as long
    made, full = [], np.full

    def spy(shape, *args, **kwargs):
        made.append(int(np.prod(shape)))
        return full(shape, *args, **kwargs)

    monkeypatch.setattr(np, "full", spy)
    for index in shuffled_batches(texts, 10, 0):
        assert take(texts, index).shape[0] <= 10
    assert len(made) == 101 and sorted(made)[-2] <= 10 * 60


# ---- splitting


@settings(max_examples=100)
@given(
    st.lists(st.integers(2, 60), min_size=1, max_size=5),
    st.floats(0.01, 0.99),
    st.integers(0, 2**32),
)
def test_a_split_holds_every_example_once_and_every_class_in_its_share(counts, part, seed):
    t = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    first, second = stratified_split(t, part, seed)
    assert sorted([*first, *second]) == list(range(len(t)))
    for label, count in enumerate(counts):
        got = int((t[second] == label).sum())
        assert 1 <= got <= count - 1
        assert abs(got - part * count) <= max(0.5, 1 - part * count, part * count - (count - 1)) + 1e-9


def test_a_split_is_shuffled_random_and_repeatable():
    t = np.repeat([0, 1], 200)
    first, second = stratified_split(t, 0.25, 3)
    assert len(second) == 100 and (t[second] == 1).sum() == 50
    for side in (first, second):
        assert 0.3 < t[side][: len(side) // 2].mean() < 0.7  # not class after class
        assert (np.diff(side) < 0).sum() > len(side) / 4
    again, other = stratified_split(t, 0.25, 3), stratified_split(t, 0.25, 4)
    assert np.array_equal(first, again[0]) and np.array_equal(second, again[1])
    assert not np.array_equal(np.sort(second), np.sort(other[1]))


@pytest.mark.parametrize("part", [0, 1, -0.1, 1.5, float("nan")])
def test_a_part_that_is_no_share_is_a_value_error(part):
    with pytest.raises(ValueError, match="stratified_split: expected 0 < part < 1"):
        stratified_split([0, 0, 1, 1], part)


def test_a_class_with_one_example_is_a_value_error_that_names_it():
    with pytest.raises(ValueError, match="at least 2 examples of each class, got 1 of class 7"):
        stratified_split([0, 0, 7, 0], 0.5)


# ---- splitting by group


@settings(max_examples=40)
@given(st.integers(1, 3), st.booleans(), st.floats(0.1, 0.6), st.integers(0, 2**32))
def test_no_group_stands_on_both_sides_and_every_class_has_nearly_its_share(num_classes, mixed, part, seed):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(120), rng.integers(1, 6, 120)))
    of_group = np.resize(np.arange(num_classes), 120)
    t = rng.integers(0, num_classes, len(groups)) if mixed else of_group[groups]
    first, second = grouped_split(t, groups, part, seed)
    assert sorted([*first, *second]) == list(range(len(t)))
    assert not set(groups[first]) & set(groups[second])
    for c in range(num_classes):
        assert abs((t[second] == c).mean() * len(second) - part * (t == c).sum()) <= 5  # the largest group


def test_few_and_large_groups_are_split_so_that_every_class_is_on_both_sides():
    groups = np.repeat(["a", "b", "c", "d"], [50, 30, 5, 15])
    t = np.repeat([0, 1, 0, 1], [50, 30, 5, 15])
    for seed in range(10):
        first, second = grouped_split(t, groups, 0.05, seed)
        assert set(groups[second]) == {"c", "d"} and set(groups[first]) == {"a", "b"}
        first, second = grouped_split(t, groups, 0.95, seed)
        assert set(t[first]) == set(t[second]) == {0, 1}


def test_a_split_by_group_is_shuffled_random_and_repeatable():
    groups = np.repeat(np.arange(100), 4)
    t = np.repeat([0, 1], 200)
    first, second = grouped_split(t, groups, 0.25, 3)
    for side in (first, second):
        assert (np.diff(side) < 0).sum() > len(side) / 4
    again, other = grouped_split(t, groups, 0.25, np.random.default_rng(3)), grouped_split(t, groups, 0.25, 4)
    assert np.array_equal(first, again[0]) and np.array_equal(second, again[1])
    assert len(set(groups[second]) & set(groups[other[1]])) < 15  # of 25


@pytest.mark.parametrize(
    ("t", "groups", "part", "said"),
    [
        ([0, 1, 0, 1], "aabb", 0, "expected 0 < part < 1, got 0"),
        ([0, 1, 0], "aabb", 0.5, r"expected a group for each of \(3,\) labels, got \(4,\)"),
        ([0, 1, 0], "aaa", 0.5, "expected at least 2 groups, got 1"),
        ([0, 0, 7, 7], "aabb", 0.5, "on both sides, got class 0 on one side only"),
        ([0, 0, 7, 7, 0, 0], "aabbcc", 0.5, "on both sides, got class 7 on one side only"),
    ],
)
def test_groups_that_cannot_be_split_are_a_value_error(t, groups, part, said):
    with pytest.raises(ValueError, match=f"grouped_split: expected .*{said.removeprefix('expected ')}"):
        grouped_split(t, list(groups), part, 0)
