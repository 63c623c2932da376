"""How many threads compute: BLAS is limited and restored wherever layers compute, and two calls give the same at once
as one after the other, errors included.
"""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from conftest import CELLS, ROOT, D, bidirectional, normal, prefix_mask
from threadpoolctl import threadpool_info, threadpool_limits

from common import threads
from common.base_model import BaseModel
from common.checking.metrics import count_right
from common.cores import RANK_VARIABLES
from common.layers import Affine, SoftmaxWithLoss
from common.optimizer import SGD
from common.sequential import Sequential
from common.threads import THREAD_VARIABLES, blas_threads, one_blas_thread, run_concurrently
from common.time_layers import TimeGRU
from common.trainer import Trainer, evaluate
from common.training.callbacks import Callback


def now():
    """What threadpoolctl itself says of BLAS."""
    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")


@pytest.fixture
def unset(monkeypatch):
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def three(unset):
    """BLAS with three threads, and nobody who asked for a number."""
    with threadpool_limits(3, user_api="blas"):
        if now() != 3:
            pytest.skip("a BLAS that takes no number of threads")
        yield


# ---- one thread in BLAS


def test_inside_blas_has_one_thread_and_after_it_what_it_had(three):
    with one_blas_thread():
        assert now() == blas_threads() == 1
    assert now() == blas_threads() == 3


def test_it_may_be_nested_and_the_outermost_restores(three):
    with one_blas_thread():
        for _ in range(2):
            with one_blas_thread():
                assert now() == 1
            assert now() == 1
    assert now() == 3


def test_an_error_inside_restores_too(three):
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert now() == 3


@pytest.mark.parametrize("first_out", [0, 1])
def test_of_several_python_threads_the_last_that_leaves_restores(three, first_out):
    inside = threading.Barrier(3, timeout=60)
    leave = [threading.Event(), threading.Event()]

    def compute(i):
        with one_blas_thread():
            inside.wait()
            leave[i].wait(60)

    workers = [threading.Thread(target=compute, args=(i,)) for i in range(2)]
    for worker in workers:
        worker.start()
    inside.wait()
    assert now() == 1
    for i, left in ((first_out, 1), (1 - first_out, 3)):
        leave[i].set()
        workers[i].join()
        assert now() == left


def test_many_threads_that_come_and_go_leave_it_as_it_was(three):
    seen = set()

    def compute():
        for _ in range(200):
            with one_blas_thread():
                seen.add(blas_threads())

    workers = [threading.Thread(target=compute) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert seen == {1} and now() == 3


@pytest.mark.parametrize("variable", THREAD_VARIABLES)
def test_a_number_that_the_person_set_is_obeyed_also_when_it_is_set_after_the_import(three, monkeypatch, variable):
    monkeypatch.setenv(variable, "3")
    with one_blas_thread():
        assert now() == 3
    monkeypatch.delenv(variable)
    with one_blas_thread():
        assert now() == 1


def test_as_a_decorator_it_keeps_name_and_arguments(three):
    @one_blas_thread()
    def forward(xs, mask=None):
        return now()

    assert forward(1) == 1 and now() == 3 and forward.__name__ == "forward"


def test_before_numpy_is_loaded_it_makes_it_start_with_one_thread_and_leaves_no_variable_behind(tmp_path):
    script = """
import os, sys
from common.threads import blas_threads, one_blas_thread
before = dict(os.environ)
assert "numpy" not in sys.modules
with one_blas_thread():
    import numpy
    assert "threadpoolctl" not in sys.modules
    assert blas_threads() == 1
assert blas_threads() == 1 and dict(os.environ) == before
"""
    env = {name: value for name, value in os.environ.items() if name not in THREAD_VARIABLES}
    command = [sys.executable, "-c", script]
    subprocess.run(command, cwd=tmp_path, env={**env, "PYTHONPATH": str(ROOT)}, check=True)  # noqa: S603


# ---- where everybody passes


class Noted(BaseModel):
    """Notes how many threads BLAS has in each forward and backward."""

    def __init__(self):
        super().__init__()
        self.head, self.loss_layer, self.seen = Affine(np.ones((2, 2)), np.zeros(2)), SoftmaxWithLoss(), []
        self.collect(head=self.head)

    def forward(self, x, t=None):
        self.seen.append(now())
        self.scores = self.head.forward(x)
        return self.scores if t is None else self.loss_layer.forward(self.scores, t)

    def backward(self):
        self.seen.append(now())
        self.head.backward(self.loss_layer.backward())


X, T = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1])


def test_training_scoring_and_prediction_have_one_blas_thread(three):
    net = Noted()
    Trainer(net, SGD(), [], 0).fit(X, T, 1, 2, validation=(X, T))
    assert net.seen == [1, 1, 1] and now() == 3
    evaluate(net, X, T)
    with net.predicting():
        assert count_right(net.forward(X), T) <= 2
    assert net.seen[3:] == [1, 1] and now() == 3


def test_a_training_that_breaks_off_restores_the_threads(three):
    fail = Callback()
    fail.on_step_end = lambda trainer: 1 / 0
    with pytest.raises(ZeroDivisionError):
        Trainer(Noted(), SGD(), [fail], 0).fit(X, T, 1, 2)
    assert now() == 3


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("both_ways", [False, True], ids=["one direction", "two"])
def test_a_recurrent_layer_in_a_loop_of_ones_own_has_one_blas_thread(three, cell, both_ways, monkeypatch):
    seen, matmul = [], np.matmul
    monkeypatch.setattr(np, "matmul", lambda *args, **kwargs: (seen.append(now()), matmul(*args, **kwargs))[1])
    layer = bidirectional(cell, "lstm") if both_ways else bidirectional(cell, "lstm").forward_layer
    hs = layer.forward(normal(4, 5, D))
    layer.backward(hs)
    assert set(seen) == {1} and now() == 3


def test_the_layers_that_compute_with_one_thread_still_show_that_they_take_a_mask():
    model = Sequential(TimeGRU(*TimeGRU.init_params(2, 2)))
    assert model.takes_mask == [True]


# ---- two calls at once


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(threads, "core_to_spare", lambda: True)
    monkeypatch.setattr(threads, "LARGE", 0)


def test_both_results_come_and_the_second_call_has_a_thread_of_its_own(two_cores):
    first, second = run_concurrently(threading.get_ident, threading.get_ident, 0)
    assert first == threading.get_ident() != second


def test_the_calls_really_overlap(two_cores):
    meeting = threading.Barrier(2, timeout=300)
    assert sorted(run_concurrently(meeting.wait, meeting.wait, 0)) == [0, 1]


@pytest.mark.parametrize(("spare", "large"), [(False, 0), (True, 10)])
def test_small_work_and_a_processor_without_a_spare_core_keep_to_one_thread(spare, large, monkeypatch):
    monkeypatch.setattr(threads, "core_to_spare", lambda: spare)
    monkeypatch.setattr(threads, "LARGE", large)
    assert run_concurrently(threading.get_ident, threading.get_ident, 9) == (threading.get_ident(),) * 2


def test_an_error_of_either_call_is_raised(two_cores):
    with pytest.raises(ZeroDivisionError):
        run_concurrently(lambda: 1 / 0, lambda: [][0], 0)
    with pytest.raises(IndexError):
        run_concurrently(lambda: 1, lambda: [][0], 0)


def test_a_second_call_treats_numbers_as_its_caller_does(two_cores):
    with np.errstate(all="ignore"):
        found = run_concurrently(lambda: 0, np.geterr, 0)[1]["over"]
    assert found == ("ignore" if np.__version__ >= "2" else "warn")


@pytest.mark.parametrize(
    ("blas", "variables", "cores", "spare"),
    [
        (1, {}, 2, True),
        (1, {}, 1, False),
        (2, {}, 2, False),  # BLAS wants the second core
        (2, {"OMP_NUM_THREADS": "1"}, 2, False),  # set too late: what BLAS does counts, not what it was asked for
        (1, {"PMI_SIZE": "2"}, 2, False),
        (1, {"OMPI_COMM_WORLD_SIZE": "2"}, 4, True),
        (None, {}, 4, False),  # nobody knows
    ],
)
def test_a_core_is_to_spare_where_neither_blas_nor_another_rank_wants_it(blas, variables, cores, spare, monkeypatch):
    for name in (*THREAD_VARIABLES, *RANK_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    monkeypatch.setattr(threads, "blas_threads", lambda: blas)
    assert threads.core_to_spare() is spare


def test_whether_there_is_a_core_to_spare_is_decided_at_each_call(three, monkeypatch):
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    for name in RANK_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert not threads.core_to_spare()
    with one_blas_thread():
        assert threads.core_to_spare()
    assert not threads.core_to_spare()


@pytest.mark.parametrize("cell", CELLS)
def test_two_directions_at_once_give_the_same_bits(cell, monkeypatch):
    def run(spare):
        monkeypatch.setattr(threads, "core_to_spare", lambda: spare)
        layer = bidirectional(cell, "lstm")
        mask = prefix_mask([2, 7, 4], 7)
        hs = layer.forward(normal(3, 7, D), mask)
        return hs, layer.backward(hs), *layer.grads

    monkeypatch.setattr(threads, "LARGE", 0)
    for a, b in zip(run(False), run(True), strict=True):
        np.testing.assert_array_equal(a, b)


# ---- a forked child


@pytest.fixture
def exit_code():
    """A function that forks, calls `work` in the child, and returns how the child ended (0: well; None: it hung)."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork")

    def fork(work):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12: there are other threads
            child = os.fork()
        if child == 0:
            code = 1
            try:
                work()
                code = 0
            finally:
                os._exit(code)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status
            time.sleep(0.01)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return None

    return fork


def enter_and_leave(before, after):
    assert blas_threads() == before
    with one_blas_thread():
        assert blas_threads() == 1
    assert (blas_threads(), one_blas_thread._depth) == (after, 0)


def test_a_child_forked_while_another_thread_holds_the_lock_does_not_hang(three, exit_code):
    with one_blas_thread._lock:  # as a thread that enters or leaves at this moment
        assert exit_code(lambda: enter_and_leave(3, 3)) == 0


def test_a_child_forked_while_another_thread_computes_has_the_threads_of_before(three, exit_code):
    inside, leave = threading.Event(), threading.Event()

    def compute():
        with one_blas_thread():
            inside.set()
            leave.wait(60)

    worker = threading.Thread(target=compute)
    worker.start()
    inside.wait(60)
    try:
        assert exit_code(lambda: enter_and_leave(3, 3)) == 0
        assert now() == 1  # of the parent, nothing has changed
    finally:
        leave.set()
        worker.join()
    assert now() == 3


def test_a_child_forked_inside_the_block_leaves_it_as_its_parent_does(three, exit_code):
    def leave():
        assert now() == 1
        limit.__exit__()
        enter_and_leave(3, 3)

    limit = one_blas_thread()
    with limit:
        assert exit_code(leave) == 0
        assert now() == 1
    assert now() == 3
