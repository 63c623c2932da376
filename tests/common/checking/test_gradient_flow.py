"""A gradient that goes back through time shrinks or grows as its recurrence says, and the chapter's figure shows it."""

import sys

import numpy as np
import pytest
from conftest import CELLS, normal, time_cell

from ch_sentiment import gradient_norms, word_vectors
from common import plot
from common.arrays.initializers import orthogonal
from common.checking.gradient_flow import norms_by_step
from common.time_layers import TimeRNN

T, D = 6, 3


@pytest.mark.parametrize("factor", [0.5, 1, 2])
def test_of_a_linear_recurrence_it_changes_by_one_factor_a_step(factor):
    rnn = TimeRNN(np.eye(D), factor * orthogonal(D, 0, np.float64), np.zeros(D))
    norms = norms_by_step(rnn, np.zeros((2, T, D)), 0)  # at h = 0 the slope of tanh is 1
    np.testing.assert_allclose(norms, float(factor) ** np.arange(T)[::-1])


@pytest.mark.parametrize("cell", CELLS)
def test_it_is_what_a_step_of_the_input_changes_in_the_last_output(cell):
    layer, xs, eps = time_cell(cell), normal(2, T, 3), 1e-6
    up = np.random.default_rng(5).standard_normal((2, 2))  # (N, H)
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    slopes = np.zeros_like(xs)
    for i in np.ndindex(xs.shape):
        step = np.zeros_like(xs)
        step[i] = eps
        ends = [layer.forward(xs + step)[:, -1], layer.forward(xs - step)[:, -1]]
        slopes[i] = np.sum(up * (ends[0] - ends[1])) / (2 * eps)
    expected = np.mean(np.sqrt(np.sum(slopes**2, axis=2)), axis=0)
    np.testing.assert_allclose(norms_by_step(layer, xs, 5), expected, rtol=1e-5)


def test_the_figure_shows_that_an_rnn_forgets_where_an_lstm_does_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gradient_norms", str(tmp_path / "figure.png")])
    gradient_norms.main()
    first = {}
    for line in capsys.readouterr().out.splitlines()[:-1]:  # the last: written: ...
        cell, *scale, _, _, _, _, _, value = line.split()
        first[cell, scale[-1]] = float(value)
    assert first["RNN", "2"] > 10 and first["RNN", "0.5"] < 1e-30  # it explodes, it vanishes
    assert all(first["LSTM", scale] > 1e9 * first["RNN", scale] for scale in ("1", "0.5"))
    assert 1e-6 < first["LSTM", "2"] < 1
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_the_map_of_words_parts_praise_from_blame(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["word_vectors", str(tmp_path / "figure.png")])
    drawn = {}
    draw = plot.word_map
    monkeypatch.setattr(plot, "word_map", lambda *given: drawn.setdefault("ax", draw(*given)))
    word_vectors.main()
    praise, blame, *_ = (group.get_offsets()[:, 0] for group in drawn["ax"].collections)
    assert praise.min() > blame.max() or praise.max() < blame.min()
    assert (tmp_path / "figure.png").stat().st_size > 1000


@pytest.mark.parametrize("name", ["nowhere/figure.png", "figure.nosuchformat"])
def test_a_figure_that_cannot_be_written_is_one_line(here, name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gradient_norms", name])
    with pytest.raises(SystemExit) as left:
        gradient_norms.main()
    told = capsys.readouterr().err
    assert left.value.code == 2 and len(told.splitlines()) == 1 and f"{name}: cannot be written" in told
    assert list(here.iterdir()) == []
