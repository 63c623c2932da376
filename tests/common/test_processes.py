"""Work shared among copies of a process: the results of one process, in order, in bounded memory; and whatever kills
whom, an error in one line and no process left.
"""

import itertools
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import ROOT

from common import cores
from common.cores import can_fork, most_processes
from common.forked import ProcessDied
from common.processes import AHEAD, PAUSE, map_in_order
from common.threads import blas_threads

pytestmark = pytest.mark.skipif(not can_fork(), reason="no fork")


def slow_at_first(item):
    time.sleep(0.05 if item % 3 == 0 else 0.001)
    return item, os.getpid()


def test_results_come_in_the_order_of_the_items_whichever_is_ready_first():
    results, pids = zip(*map_in_order(slow_at_first, range(12), 3))
    assert results == tuple(range(12))
    assert len(set(pids)) == 3 and os.getpid() not in pids


def test_one_process_calls_the_function_here():
    assert set(map_in_order(lambda _: os.getpid(), range(3), 1)) == {os.getpid()}


def test_a_little_work_is_done_here_and_of_more_the_rest_is_shared(monkeypatch):
    monkeypatch.setattr("common.processes.time.perf_counter", itertools.count().__next__)  # a second for each item
    pids = list(map_in_order(lambda _: os.getpid(), range(6), 2, alone=2.5))
    assert [pid == os.getpid() for pid in pids] == [True] * 3 + [False] * 3


def test_no_item_starts_no_process():
    assert list(map_in_order(str, [], 4)) == []


def test_what_the_function_refers_to_needs_no_pickle_and_is_as_it_was():
    secret, held = lambda: 7, np.arange(5)
    results = map_in_order(lambda i: secret() + held[i], range(5), 2)
    assert next(results) == 7
    held[:] = 100
    assert list(results) == [8, 9, 10, 11]


def test_a_stream_is_taken_with_a_bounded_look_ahead():
    taken = itertools.count()
    results = map_in_order(lambda item: item, taken, 2)  # endless
    for i in range(50):
        assert next(results) == i
    assert next(taken) <= 50 + 2 * AHEAD
    results.close()


def test_a_large_item_and_a_large_result_may_be_under_way_at_the_same_time():
    large = np.ones(1 << 20)
    assert [r.sum() for r in map_in_order(lambda a: 2 * a, [large] * 5, 2)] == [2 << 20] * 5


def test_after_a_pause_no_item_is_asked_for_before_the_others_are_answered():
    answered = []

    def live():
        for i in range(6):
            yield i
            yield PAUSE
            assert answered == list(range(i + 1))

    for result in map_in_order(lambda i: i, live(), 2):
        answered.append(result)
    assert answered == list(range(6))
    assert list(map_in_order(str, [1, PAUSE, PAUSE, 2], 1)) == ["1", "2"]


# ---- errors


class TwoArguments(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (ValueError("expected a film"), ValueError, "expected a film"),
        (FileNotFoundError(2, "No such file", "a.npz"), FileNotFoundError, "No such file"),
        (MemoryError(), MemoryError, "^$"),
        (TwoArguments(1, 2), RuntimeError, "TwoArguments: 1 and 2"),  # pickle writes it, and cannot read it
    ],
)
def test_an_error_of_the_function_is_raised_here_after_the_results_before_it(error, kind, text):
    def fails_at_5(item):
        if item == 5:
            raise error
        return slow_at_first(item)[0]

    results = []
    with pytest.raises(kind, match=text):
        results.extend(map_in_order(fails_at_5, range(20), 2))
    assert results == list(range(5))
    assert_no_process_is_left()


def test_an_error_of_the_items_is_raised_after_the_results_of_those_before_it():
    def broken():
        yield from range(4)
        raise KeyError("line 5")

    results = []
    with pytest.raises(KeyError, match="line 5"):
        results.extend(map_in_order(lambda i: slow_at_first(i)[0], broken(), 2))
    assert results == list(range(4))


def test_an_item_or_a_result_that_pickle_does_not_take_is_an_error():
    with pytest.raises(Exception, match="pickle"):
        list(map_in_order(str, [lambda: 0], 2))
    with pytest.raises(Exception, match="pickle"):
        list(map_in_order(lambda _: lambda: 0, [1], 2))


def test_where_no_process_can_be_started_the_error_says_what_needs_none(monkeypatch):
    def fork():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fork)
    expected = r"process 1 of 2 cannot be started \(Resource temporarily unavailable\); SENTIFISH_PROCESSES=1"
    with pytest.raises(OSError, match=expected):
        list(map_in_order(str, [1], 2))


@pytest.mark.parametrize(
    ("death", "why"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), r"killed by signal 9 \(Killed\): if memory was short, fewer"),
        (lambda: os.kill(os.getpid(), signal.SIGXCPU), r"killed by signal 24 \(CPU time limit exceeded\)$"),
        (lambda: os._exit(7), "has ended with exit code 7"),
    ],
)
def test_a_process_that_dies_ends_the_work_with_its_number_and_the_cause(death, why):
    with pytest.raises(ProcessDied, match=rf"^process \d of 2 (was )?{why}"):
        list(map_in_order(lambda item: death() if item == 3 else item, itertools.count(), 2))
    assert issubclass(ProcessDied, OSError)  # one line and exit code 2 on the command line
    assert_no_process_is_left()


def test_processes_that_the_system_waits_for_by_itself_are_ended_too():
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # as some supervisors start a program
    try:
        assert list(map_in_order(str, range(4), 2)) == list("0123")
        with pytest.raises(ProcessDied, match="process 1 of 2 has ended"):
            list(map_in_order(lambda _: os._exit(1), [1], 2))
    finally:
        signal.signal(signal.SIGCHLD, before)


# ---- inside


def test_a_process_computes_with_one_blas_thread_starts_no_other_and_leaves_signals_to_the_first():
    def inside(_):
        ignored = [signal.getsignal(s) is signal.SIG_IGN for s in (signal.SIGINT, signal.SIGTERM)]
        return most_processes(), cores.shared_by, blas_threads(), *ignored

    found = list(map_in_order(inside, range(3), 3))
    assert found == [(1, 3, 1, True, True)] * 3
    assert cores.shared_by == 1 and signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN


SCRIPT = """
import atexit, sys, time, os
from ch_sentiment.console import terminable
from common.processes import map_in_order
atexit.register(print, "at exit")
print("begins", end=" ")  # stays in the buffer of the stream while the others are started
def work(item):
    if item < 2:
        return os.getpid()
    end = time.monotonic() + 60
    while {busy} and time.monotonic() < end:
        pass
    time.sleep(60)
with terminable():
    for pid in map_in_order(work, range({items}), 2):
        print(pid, flush=True)
"""


def start(busy=False, items=10):
    """A process that shares work, and the ids of the two that it shares it with: they are in the midst of work."""
    command = [sys.executable, "-c", SCRIPT.format(busy=busy, items=items)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603
    return process, [int(process.stdout.readline().split()[-1]) for _ in range(2)]


def ended(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return True


def wait_until_ended(pids):
    end = time.monotonic() + 30
    while not all(map(ended, pids)):
        assert time.monotonic() < end, "processes are left"
        time.sleep(0.01)


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("whom", ["the first process", "all of them"])
def test_whatever_ends_the_first_process_ends_the_others_in_the_midst_of_work(how, busy, whom):
    process, pids = start(busy)
    assert not any(map(ended, pids))
    (os.kill if whom == "the first process" else os.killpg)(process.pid, how)
    process.communicate(timeout=60)
    assert process.returncode != 0
    wait_until_ended(pids)


def test_what_stood_in_a_buffer_is_printed_once_and_nothing_is_done_at_exit():
    process, _ = start(items=2)
    assert process.communicate(timeout=60)[0] == "at exit\n" and process.returncode == 0


def test_a_generator_that_is_closed_ends_its_processes():
    results = map_in_order(slow_at_first, itertools.count(), 2)
    pids = {next(results)[1] for _ in range(6)}
    results.close()
    assert all(map(ended, pids))
    assert_no_process_is_left()


def assert_no_process_is_left():
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
