"""Numbers that nobody means: a digit too many, none at all, one that is no number."""

import numpy as np
import pytest
from conftest import TINY

from ch_sentiment.experiment import net_size
from ch_sentiment.experiment.options import ModelOptions
from dataset.errors import DataError

ABSURD = ("2147483647", "1" + "0" * 400, "-1", "nan", "inf", "", "\u0663\u0663")


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("option", ["--layers", "--hidden", "--wordvec"])
def test_a_size_that_nobody_means_is_one_line_and_leaves_nothing(said, two, option, value):
    if value != "\u0663\u0663":  # 33, in other digits
        assert option in said("train", "--data", two, *TINY, f"{option}={value}", "--out", "deep/run")


def test_a_net_of_more_arrays_than_a_training_can_save_is_refused_before_anything_is_written(said, two, monkeypatch):
    monkeypatch.setattr(net_size, "MOST_ARRAYS", 20)
    assert "--layers 9: expected a net of at most 20 arrays" in said("train", "--data", two, *TINY, "--layers", 9)


@pytest.mark.parametrize("cell", list(net_size.MATRICES))
def test_no_net_that_fits_is_refused(cell, monkeypatch):
    from ch_sentiment.model import sentiment_net

    for layers, bidirectional in ((1, False), (3, cell != "transformer")):
        net = sentiment_net(7, 8, 8, cell=cell, num_layers=layers, bidirectional=bidirectional, rng=0)
        options = ModelOptions(cell=cell, layers=layers, bidirectional=bidirectional, hidden=8, wordvec=8)
        size = sum(p.size for p in net.params)
        monkeypatch.setattr(net_size, "memory", lambda size=size: 16 * size)
        net_size.check_memory(options, 7)
        monkeypatch.setattr(net_size, "memory", lambda: 16 * 8 * 8)
        with pytest.raises(DataError, match="expected a net that fits into the memory"):
            net_size.check_memory(options, 7)


def test_kinds_that_are_compared_are_all_tried_before_the_first_is_trained(said, two):
    assert "--hidden 900000" in said("compare", "--data", two, *TINY, "--hidden", "900000")


def test_the_memory_of_this_machine_is_known():
    assert net_size.memory() > 2**20 and not np.isnan(net_size.memory())


@pytest.mark.parametrize(("option", "value"), [("--trials", "2147483647"), ("--trials", "0")])
def test_a_search_without_an_end_is_refused(said, two, option, value):
    assert option in said("tune", "--data", two, *TINY, option, value)


def test_rates_that_no_factor_leads_through_are_refused(said, two):
    assert "--low 1e-320" in said("lr-find", "--data", two, "--low", "1e-320")
