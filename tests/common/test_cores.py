"""common.cores: how many processes work is shared among, and who overrules that."""

import os
import socket

import pytest

from common import cores


@pytest.fixture(autouse=True)
def plain_machine(machine_of):
    machine_of(4)


def test_a_process_for_each_core():
    assert cores.most_processes() == 4


def test_fewer_where_each_has_several_threads_of_blas(monkeypatch):
    for threads, expected in (("1", 4), ("2", 2), ("3", 1), ("8", 1), ("many", 4), ("0", 4)):
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", threads)
        assert cores.most_processes() == expected


def test_the_variable_overrules_the_cores_and_the_argument_both(monkeypatch):
    monkeypatch.setenv(cores.VARIABLE, "3")
    assert cores.most_processes() == 3
    assert cores.most_processes(2) == 2


def test_one_process_where_there_is_no_fork_and_under_mpiexec(monkeypatch):
    monkeypatch.setenv("PMI_SIZE", "2")
    assert cores.most_processes() == 1
    monkeypatch.delenv("PMI_SIZE")
    monkeypatch.setattr(cores, "can_fork", lambda: False)
    assert cores.most_processes() == 1


@pytest.mark.parametrize("value", ["x", "", "0", "-3", "1.5", "2 ", "\u0663", "9" * 5000, "1"])
@pytest.mark.parametrize("name", cores.RANK_VARIABLES)
def test_a_variable_that_is_no_number_of_ranks_counts_as_none(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert (cores.ranks_started(), cores.rank_started()) == (1, 0)


@pytest.mark.parametrize("kind", ["PMI", "OMPI_COMM_WORLD"])
def test_a_rank_knows_how_many_there_are_and_which_it_is(monkeypatch, kind):
    monkeypatch.setenv(f"{kind}_SIZE", "3")
    monkeypatch.setenv(f"{kind}_RANK", "2")
    assert (cores.ranks_started(), cores.rank_started()) == (3, 2)


def test_a_process_that_a_rank_starts_is_none(monkeypatch, tmp_path):
    ours, mpiexecs = socket.socketpair()
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setenv("PMI_RANK", "1")
    monkeypatch.setenv(cores.CONNECTION, str(ours.fileno()))
    with ours, mpiexecs:
        assert (cores.ranks_started(), cores.rank_started()) == (2, 1)
        with (tmp_path / "another").open("w") as file:  # has the number of what was inherited
            monkeypatch.setenv(cores.CONNECTION, str(file.fileno()))
            assert cores.ranks_started() == 1
        monkeypatch.setenv(cores.CONNECTION, str(ours.fileno()))
    assert (cores.ranks_started(), cores.rank_started()) == (1, 0)


@pytest.mark.parametrize("given", [0, -1, 1.5, True, "2"])
def test_anything_but_a_number_from_one_on_is_refused(given):
    with pytest.raises(ValueError, match="processes: expected a whole number from 1 on, got"):
        cores.most_processes(given)


@pytest.mark.parametrize("value", ["0", "two", "-1", "1.5", "٣x"])
def test_a_variable_that_is_no_number_is_refused_by_its_name(monkeypatch, value):
    monkeypatch.setenv(cores.VARIABLE, value)
    with pytest.raises(ValueError, match=f"{cores.VARIABLE}: expected a whole number from 1 on"):
        cores.most_processes()


def test_more_than_one_is_refused_where_it_cannot_be(monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="processes: expected 1 for each rank of mpiexec, got 2"):
        cores.most_processes(2)
    monkeypatch.delenv("OMPI_COMM_WORLD_SIZE")
    monkeypatch.setattr(cores, "can_fork", lambda: False)
    assert cores.most_processes(1) == 1
    with pytest.raises(ValueError, match=r"expected 1 on .*, where a process has no safe copy, got 2"):
        cores.most_processes(2)


def test_cores_are_those_that_this_process_is_bound_to_within_its_share(monkeypatch, tmp_path):
    monkeypatch.undo()
    if hasattr(os, "sched_getaffinity"):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)))
    else:
        monkeypatch.setattr(os, "cpu_count", lambda: 6)
    for said, expected in (("max 100000", 6), ("250000 100000", 2), ("10000 100000", 1), ("900000 100000", 6)):
        (tmp_path / "cpu.max").write_text(said, encoding="ascii")
        monkeypatch.setattr(cores, "QUOTA", str(tmp_path / "cpu.max"))
        assert cores.cores() == expected
    monkeypatch.setattr(cores, "QUOTA", str(tmp_path / "missing"))
    assert cores.cores() == 6


def test_a_rank_that_was_left_over_is_the_first_which_says_what_is_wrong(monkeypatch):
    monkeypatch.delenv("PMI_FD", raising=False)
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    for rank, started in (("0", 0), ("1", 1), ("2", 0), ("x", 0), ("-1", 0)):
        monkeypatch.setenv("OMPI_COMM_WORLD_RANK", rank)
        assert cores.rank_started() == started
