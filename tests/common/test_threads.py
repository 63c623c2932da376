"""Two calls at once give what they give one after the other, errors included."""

import threading

import numpy as np
import pytest
from conftest import CELLS, D, bidirectional, normal, prefix_mask

from common import threads as at_once
from common.threads import both


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(at_once, "SPARE_CORE", True)
    monkeypatch.setattr(at_once, "LARGE", 0)


def test_both_results_come_and_the_second_call_has_a_thread_of_its_own(two_cores):
    first, second = both(threading.get_ident, threading.get_ident, 0)
    assert first == threading.get_ident() != second


def test_the_calls_really_overlap(two_cores):
    meeting = threading.Barrier(2, timeout=300)
    assert sorted(both(meeting.wait, meeting.wait, 0)) == [0, 1]


@pytest.mark.parametrize("spare, large", [(False, 0), (True, 10)])
def test_small_work_and_a_processor_without_a_spare_core_keep_to_one_thread(spare, large, monkeypatch):
    monkeypatch.setattr(at_once, "SPARE_CORE", spare)
    monkeypatch.setattr(at_once, "LARGE", large)
    assert both(threading.get_ident, threading.get_ident, 9) == (threading.get_ident(),) * 2


def test_an_error_of_either_call_is_raised_by_both(two_cores):
    with pytest.raises(ZeroDivisionError):
        both(lambda: 1 / 0, lambda: [][0], 0)
    with pytest.raises(IndexError):
        both(lambda: 1, lambda: [][0], 0)


def test_a_second_call_treats_numbers_as_its_caller_does(two_cores):
    with np.errstate(all="ignore"):
        assert both(lambda: 0, np.geterr, 0)[1]["over"] == ("ignore" if np.__version__ >= "2" else "warn")


@pytest.mark.parametrize(
    "variables, cores, spare",
    [
        ({"OPENBLAS_NUM_THREADS": "1"}, 2, True),
        ({"OPENBLAS_NUM_THREADS": "1"}, 1, False),
        ({"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "1"}, 2, False),
        ({"OMP_NUM_THREADS": "1"}, 2, True),
        ({}, 2, False),  # BLAS then takes all cores
        ({"OPENBLAS_NUM_THREADS": "1", "PMI_SIZE": "2"}, 2, False),
        ({"OPENBLAS_NUM_THREADS": "1", "OMPI_COMM_WORLD_SIZE": "2"}, 4, True),
    ],
)
def test_a_core_is_to_spare_where_neither_blas_nor_another_rank_wants_it(variables, cores, spare, monkeypatch):
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", *at_once.RANK_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(at_once.os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert at_once.spare_core() is spare


@pytest.mark.parametrize("cell", CELLS)
def test_two_directions_at_once_give_the_same_bits(cell, monkeypatch):
    def run(spare_core):
        monkeypatch.setattr(at_once, "SPARE_CORE", spare_core)
        layer = bidirectional(cell, "lstm")
        mask = prefix_mask([2, 7, 4], 7)
        hs = layer.forward(normal(3, 7, D), mask)
        return hs, layer.backward(hs), *layer.grads

    monkeypatch.setattr(at_once, "LARGE", 0)
    for a, b in zip(run(False), run(True), strict=True):
        np.testing.assert_array_equal(a, b)
