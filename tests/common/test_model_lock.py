"""One Python thread at a time is in a model; copies and processes are not held up by it, nor is a training."""

import copy
import os
import pickle
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from nets_to_train import BookNet, quiet, short_texts, small_net

from benchmarks.torture.threads import switching_often
from ch_sentiment.model import SentimentNet
from common.layers import Affine
from common.model_lock import lock_of
from common.optimizer import Adam
from common.processes import map_in_order
from common.sequential import Sequential
from common.training.averaging import WeightAveraging
from common.training.callbacks import Callback, EarlyStopping

X = np.array([[2, 3, 4], [5, 6, 0]])


@contextmanager
def held_elsewhere(model):
    """Inside, another thread holds the lock of the model."""
    holds, done = threading.Event(), threading.Event()

    def hold():
        with lock_of(model):
            holds.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


def is_free(model):
    return lock_of(model).acquire(blocking=False)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])  # noqa: S301
def test_a_copy_has_a_lock_of_its_own(copied):
    net = small_net()
    answers = net.predict(X)
    with held_elsewhere(net):
        other = copied(net)
        assert np.array_equal(other.predict(X), answers)
        assert lock_of(other) is lock_of(other.encoder) is not lock_of(net)


@pytest.mark.parametrize("first", ["net", "encoder"])
def test_models_that_share_layers_share_the_lock(first):
    net = small_net()
    both = [net, net.encoder]
    for model in both if first == "net" else reversed(both):
        lock_of(model)
    assert lock_of(net) is lock_of(net.encoder)
    assert lock_of(SentimentNet(net.words, net.encoder, net.head)) is lock_of(net)
    assert lock_of(small_net()) is not lock_of(net)


def test_a_model_that_takes_in_the_layers_of_another_has_its_lock():
    net, other = Sequential(affine()), Sequential(affine())
    assert lock_of(net) is not lock_of(other)
    net.collect(**{"0": other.layers[0]})
    assert lock_of(net) is lock_of(other)


def affine():
    return Affine(np.ones((2, 3)), np.zeros(3))


def test_a_model_of_ones_own_has_one_and_what_has_no_place_for_it_works():
    class Slots:
        __slots__ = ("params",)

    net = BookNet()
    assert lock_of(net) is lock_of(net)
    with lock_of(Slots()):
        pass


def test_another_thread_waits(monkeypatch):
    net = small_net()
    answered = threading.Event()
    with held_elsewhere(net):
        thread = threading.Thread(target=lambda: (net.predict(X), answered.set()))
        thread.start()
        assert not answered.wait(0.05)
    thread.join()
    assert answered.is_set() and is_free(net)


def test_an_error_inside_leaves_it_free():
    net = small_net()
    with pytest.raises(ValueError, match="padding"):
        net.predict(np.zeros((1, 3), int))
    with held_elsewhere(net):
        assert not is_free(net)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a fork beside threads
def test_a_process_forked_while_another_thread_holds_it_answers():
    net = small_net()
    answers = net.predict(X)
    with held_elsewhere(net):
        for found in map_in_order(lambda _: net.predict(X), range(2), processes=2):
            assert np.array_equal(found, answers)
        assert not is_free(net)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_process_forked_inside_it_is_inside():
    net = small_net()
    answers = net.predict(X)
    with net.predicting():
        pid = os.fork()
        if pid == 0:
            os._exit(0 if np.array_equal(net.predict(X), answers) and not net.training else 1)
        assert os.waitpid(pid, 0)[1] == 0


class Answers(Callback):
    """What the model answers after every step, and when the training is over."""

    def __init__(self, x):
        self.x, self.found = x, set()

    def on_fit_start(self, trainer):
        self.found.add(trainer.model.predict(self.x).tobytes())

    on_step_start = on_step_end = on_epoch_end = on_fit_end = on_fit_start


@pytest.mark.parametrize("averaged", [False, True])
def test_a_training_and_predictions_beside_it_do_not_change_each_other(averaged):
    x, t = short_texts(24)
    histories, weights = [], []
    for beside in (False, True):
        net = small_net(dropout=0.5)
        averaging = [WeightAveraging(0.9, every=1)] if averaged else []
        callbacks = [Answers(X), *averaging, EarlyStopping(None, "loss"), Answers(X)]  # before and after weights change
        trainer = quiet(net, Adam(), *callbacks)
        thread = threading.Thread(target=trainer.fit, args=(x, t, 4, 4))
        answers = []
        with switching_often():
            thread.start()
            while beside and thread.is_alive():
                answers.append(net.predict(X).tobytes())
            thread.join()
        assert set(answers) <= callbacks[0].found | callbacks[-1].found | {net.predict(X).tobytes()}
        histories.append([row["loss"] for row in trainer.history])
        weights.append([p.tobytes() for p in net.params])
        assert net.training
    assert histories[0] == histories[1] and weights[0] == weights[1]
