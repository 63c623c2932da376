"""Trainings beside each other: what is done is kept, a signal ends all, a process that is killed is told in a line."""

import os
import signal
import time

import pytest

from ch_sentiment.experiment.trainings import TrainingStopped, train_each
from common import cores
from common.forked import ProcessDied

pytestmark = pytest.mark.skipif(not cores.can_fork(), reason="needs fork")
QUIET = {"quiet": True}
FIRST = os.getpid()


class Training:
    """What a callback sees of a Trainer."""

    reason = None

    def stop(self, reason):
        self.reason = reason


def until_stopped(callbacks):
    """A training that goes on until a callback ends it."""
    training, end = Training(), time.monotonic() + 120
    while training.reason is None:
        assert time.monotonic() < end, f"never stopped; signals blocked: {signal.pthread_sigmask(signal.SIG_BLOCK, ())}"
        time.sleep(0.01)
        for callback in callbacks:
            callback.on_step_end(training)
    raise TrainingStopped(training.reason)


def collected(trainings):
    """-> what was yielded, and the reason that ended it."""
    found = []
    try:
        found += iter(trainings)  # extends as it goes
    except TrainingStopped as stopped:
        return found, stopped.reason
    return found, None


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_results_come_in_order_with_their_names(processes):
    def train(item, callbacks):
        time.sleep(0.2 if item == 1 else 0)
        return item**2

    items = [(f"number {i}", i) for i in range(1, 6)]
    assert list(train_each(train, items, processes, **QUIET)) == [(name, i**2) for name, i in items]


def test_each_process_has_one_core_and_the_data_as_it_was():
    data = {"texts": object()}

    def train(item, callbacks):
        return os.getpid() != FIRST, os.environ[cores.VARIABLE], cores.most_processes(), id(data["texts"])

    found = [value for _, value in train_each(train, [("a", 1), ("b", 2)], 2, **QUIET)]
    assert found == [(True, "1", 1, id(data["texts"]))] * 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_after_their_step_and_what_was_done_is_returned(number):
    before, begun = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)], []

    def items():
        for name in ("short", "long", "signal", "never"):
            begun.append(name)
            yield name, name

    def train(item, callbacks):
        if item == "short":
            return "done"
        if item == "signal":
            os.kill(FIRST, number)
        until_stopped(callbacks)

    assert collected(train_each(train, items(), 2, **QUIET)) == ([("short", "done")], number.name)
    assert begun == ["short", "long", "signal"]
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


def test_what_is_done_after_the_signal_is_returned_too():
    def train(item, callbacks):
        if item == "finishing":
            time.sleep(1)
            return "done"
        time.sleep(0.3)  # the other has begun
        os.kill(FIRST, signal.SIGINT)
        until_stopped(callbacks)

    items = [(name, name) for name in ("signal", "finishing", "never")]
    assert collected(train_each(train, items, 2, **QUIET)) == ([("finishing", "done")], "SIGINT")


def test_a_second_signal_interrupts_at_once():
    def train(item, callbacks):
        os.kill(FIRST, signal.SIGINT)
        time.sleep(0.2)
        os.kill(FIRST, signal.SIGINT)
        time.sleep(60)

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(train_each(train, [("a", 1), ("b", 2)], 2, **QUIET))
    assert time.monotonic() - start < 30


def test_a_training_that_is_killed_ends_all_in_one_line():
    def train(item, callbacks):
        if item == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        until_stopped(callbacks)

    with pytest.raises(ProcessDied, match=r"process 2 of 2 was killed by signal 9"):
        list(train_each(train, [("long", "long"), ("killed", "killed")], 2, **QUIET))


def test_progress_is_lines_with_the_name_of_the_training(capfd):
    def train(item, callbacks):
        stream = callbacks[-1].file
        stream.write(f"epoch {item}\n")
        stream.flush()

    list(train_each(train, [("a", 1), ("b", 2)], 2))
    assert sorted(capfd.readouterr().err.splitlines()) == ["a: epoch 1", "b: epoch 2"]
