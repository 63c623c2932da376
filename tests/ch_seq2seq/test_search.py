"""Beam search: greedy at width 1, exhaustive at the width of all answers, and what lies between."""

import itertools

import numpy as np
import pytest

from ch_seq2seq.model import DECODERS, seq2seq
from ch_seq2seq.search import beam_search
from common.functions import log_softmax

N, S, T, V = 3, 4, 3, 4
START, END = 1, 0


def small(decoder="plain", cell="lstm", seed=0):
    model = seq2seq(V, 3, 4, decoder, cell, num_layers=2, rng=seed, dtype=np.float64)
    for p in model.params:
        p *= 3  # so that answers differ in probability
    return model, np.random.default_rng(seed).integers(0, V, (N, S))


def log_p_of(model, xs, answers):
    """answers (N, K, T) -> (N, K), each by one forward over the whole answer."""
    found = []
    for x, of_question in zip(xs, answers):
        K = len(of_question)
        before = np.insert(of_question[:, :-1], 0, START, axis=1)
        step = log_softmax(model.decoder.forward(before, model.encode(np.repeat(x[None], K, axis=0))))  # (K, T, V)
        found.append(np.take_along_axis(step, of_question[:, :, None], axis=2)[:, :, 0])  # (K, T)
    return np.array(found)


ALL = np.array(list(itertools.product(range(V), repeat=T)))  # (V^T, T)


@pytest.mark.parametrize(("decoder", "cell"), list(itertools.product(DECODERS, ("lstm", "gru"))))
def test_width_one_is_greedy_search(decoder, cell):
    model, xs = small(decoder, cell)
    answers, log_p = beam_search(model, xs, START, T, 1)
    assert answers.shape == (N, 1, T) and np.array_equal(answers[:, 0], model.generate(xs, START, T))
    np.testing.assert_allclose(log_p, log_p_of(model, xs, answers).sum(axis=2), rtol=1e-10)


@pytest.mark.parametrize("decoder", DECODERS)
def test_the_width_of_all_answers_is_exhaustive_search(decoder):
    model, xs = small(decoder)
    answers, log_p = beam_search(model, xs, START, T, V**T + 5)
    exact = log_p_of(model, xs, np.repeat(ALL[None], N, axis=0)).sum(axis=2)  # (N, V^T)
    assert answers.shape == (N, V**T, T) and np.exp(log_p).sum(axis=1) == pytest.approx(1)
    order = np.argsort(-exact, axis=1)
    assert np.array_equal(answers, ALL[order])
    np.testing.assert_allclose(log_p, np.take_along_axis(exact, order, axis=1), rtol=1e-10)


@pytest.mark.parametrize("width", [2, 3, 5, 20])
def test_the_probabilities_are_those_of_the_answers_in_order(width):
    model, xs = small("attention")
    answers, log_p = beam_search(model, xs, START, T, width)
    np.testing.assert_allclose(log_p, log_p_of(model, xs, answers).sum(axis=2), rtol=1e-10)
    assert (np.diff(log_p, axis=1) <= 0).all()
    assert all(len(np.unique(of_question, axis=0)) == width for of_question in answers)


def test_a_wide_beam_finds_what_greedy_search_misses():
    better = 0
    for seed in range(20):
        model, xs = small("attention", seed=seed)
        (_, greedy), (_, wide) = (beam_search(model, xs, START, T, width) for width in (1, V**T))
        assert (wide[:, 0] >= greedy[:, 0] - 1e-12).all()
        better += (wide[:, 0] > greedy[:, 0] + 1e-6).sum()
    assert better > 0


def test_the_questions_of_a_batch_do_not_mix():
    model, xs = small("attention")
    answers, log_p = beam_search(model, xs, START, T, 4)
    for x, of_question, log_of_question in zip(xs, answers, log_p):
        alone, log_alone = beam_search(model, x[None], START, T, 4)
        assert np.array_equal(alone[0], of_question)
        np.testing.assert_allclose(log_alone[0], log_of_question, rtol=1e-10)


@pytest.mark.parametrize("power", [0, 0.7, 1])
def test_answers_that_end_are_ranked_by_their_own_length(power):
    model, xs = small("peeky")
    answers, log_p = beam_search(model, xs, START, T, V**T, END, power)
    ended = np.cumsum(ALL == END, axis=1) - (ALL == END) > 0  # (V^T, T): after an END
    proper = ALL[(~ended | (ALL == END)).all(axis=1)]  # nothing but END follows an END
    step = log_p_of(model, xs, np.repeat(proper[None], N, axis=0))  # (N, M, T)
    counts = ~(np.cumsum(proper == END, axis=1) - (proper == END) > 0)  # (M, T): up to the first END
    exact = (step * counts).sum(axis=2)
    order = np.argsort(-exact / counts.sum(axis=1) ** power, axis=1)
    M = len(proper)
    assert np.array_equal(answers[:, :M], proper[order]) and np.isneginf(log_p[:, M:]).all()
    np.testing.assert_allclose(log_p[:, :M], np.take_along_axis(exact, order, axis=1), rtol=1e-10)


@pytest.mark.parametrize(
    "how",
    [
        {"beam_width": 0},
        {"beam_width": 2.5},
        {"sample_size": 0},
        {"length_power": -1},
        {"length_power": np.nan},
        {"end_id": "x"},
    ],
)
def test_arguments_out_of_range_are_refused_by_name(how):
    model, xs = small()
    with pytest.raises(ValueError, match=f"beam_search: .*{next(iter(how))}"):
        beam_search(model, xs, START, **{"sample_size": T, **how})
