"""ch_sentiment.experiment.sharing: how many processes train, where nobody says how many."""

from types import SimpleNamespace

import numpy as np
import pytest

from ch_sentiment.experiment import sharing
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.parts import Part
from common import cores
from common.arrays.row_grad import RowGrad
from dataset.errors import DataError


@pytest.fixture(autouse=True)
def eight_cores(machine_of):
    machine_of(8)


def chosen(texts=1000, words=200, weights=100_000, **options):
    data = SimpleNamespace(train=Part([""] * texts, np.zeros(texts, int), x=[np.zeros(words)] * texts))
    embedding = np.zeros((10**6, 1))
    params = [np.zeros(weights), embedding]
    model = SimpleNamespace(params=params, grads=[np.zeros(weights), RowGrad.zeros_like(embedding)])
    return sharing.processes_for(Config.of(options), data, model)


def test_a_large_step_is_shared_by_as_many_as_have_enough_rows_of_it():
    assert chosen(batch_size=64) == 4
    assert chosen(batch_size=256) == 8
    assert chosen(batch_size=16) == 1


def test_a_small_step_is_not_shared():
    assert chosen(words=10) == 1
    assert chosen(weights=1000) == 1


def test_a_gpu_is_not_shared(monkeypatch):
    assert chosen(device="gpu") == 1
    monkeypatch.setenv(cores.VARIABLE, "2")
    assert chosen(device="gpu") == 1


def test_what_was_asked_for_is_what_is_done(monkeypatch):
    assert chosen(processes=3, words=10) == 3
    assert chosen(processes=1) == 1
    monkeypatch.setenv(cores.VARIABLE, "2")
    assert chosen(words=10) == 2
    assert chosen(processes=5) == 5
    assert chosen(texts=1) == 1  # as many as there are texts


def test_more_processes_than_texts_are_refused():
    with pytest.raises(DataError, match="--processes: expected at most one for each of 3 texts, got 4"):
        chosen(texts=3, processes=4)


def test_a_machine_without_fork_trains_in_one_process_and_refuses_more(monkeypatch):
    monkeypatch.setattr(cores, "can_fork", lambda: False)
    assert chosen() == 1
    with pytest.raises(DataError, match=r"--processes: expected 1 on .*, got 2"):
        chosen(processes=2)
