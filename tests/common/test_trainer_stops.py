"""An end that loses nothing: numbers that are not finite, Ctrl-C, errors, and how training continues."""

import signal

import numpy as np
import pytest
from nets_to_train import At, Scripted, TwoLayerNet, points, quiet, timeless

import common.trainer
from common.optimizer import SGD, Adam
from common.trainer import Trainer
from common.training.callbacks import Callback, EarlyStopping, StopOnSignal


@pytest.fixture
def data():
    return points()


# ---- numbers that are not finite


@pytest.mark.parametrize("loss", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite_names_step_and_gradient_and_changes_nothing(loss):
    model = Scripted([1.0, 1.0, loss], [(1.0, 1.0), (1.0, 1.0), (1.0, np.nan)])
    trainer = quiet(model, SGD(1.0))
    with pytest.raises(FloatingPointError, match=r"step 3: the loss is -?(nan|inf); .* is that of right"):
        trainer.fit(np.zeros((5, 1)), np.zeros(5), 1, 1)
    assert model.params[0].tolist() == [-2, -2] and model.params[1].tolist() == [-2, -2, -2]


def test_a_loss_that_is_not_finite_with_finite_gradients_says_so():
    with pytest.raises(FloatingPointError, match="step 1: the loss is nan; all gradients are finite"):
        quiet(Scripted([np.nan])).fit(np.zeros((1, 1)), np.zeros(1), 1, 1)


@pytest.mark.parametrize("max_grad", [None, 1.0])
def test_a_gradient_that_is_not_finite_under_a_finite_loss_stops_training_too(max_grad):
    model = Scripted([1.0, 1.0], [(1.0, 1.0), (np.inf, 1.0)])
    trainer = quiet(model, SGD(1.0))
    with pytest.raises(FloatingPointError, match=r"step 2: the gradient of left is not finite"):
        trainer.fit(np.zeros((4, 1)), np.zeros(4), 1, 1, max_grad)
    assert trainer.step == 2 and model.params[0][0] == pytest.approx(-1 if max_grad is None else -1 / np.sqrt(5))


def test_the_best_epoch_is_restored_when_the_loss_is_no_longer_finite():
    # train, validate, train, validate, train: the second epoch is worse, the third fails
    model = Scripted([1.0, 0.5, 1.0, 0.9, np.nan])
    best = EarlyStopping(None)
    with pytest.raises(FloatingPointError):
        quiet(model, SGD(1.0), best).fit(np.zeros((1, 1)), np.zeros(1), 3, 1, validation=(np.zeros((1, 1)), [0]))
    assert best.best_epoch == 1 and model.params[0].tolist() == [-1, -1]


def test_a_validation_loss_that_is_not_finite_stops_training_and_is_never_the_best():
    model = Scripted([1.0, 0.5, 1.0, np.nan, 1.0, 0.1])
    best = EarlyStopping(None)
    with pytest.raises(FloatingPointError, match="validation loss"):
        quiet(model, SGD(1.0), best).fit(np.zeros((1, 1)), np.zeros(1), 3, 1, validation=(np.zeros((1, 1)), [0]))
    assert best.best_epoch == 1 and best.best == 0.5 and model.params[0].tolist() == [-1, -1]


def test_numbers_that_overflow_give_the_error_and_no_warnings(data):
    net = TwoLayerNet(dtype=np.float32)
    with pytest.raises(FloatingPointError, match="step"):
        quiet(net, Adam(1e38)).fit(*data, 20, 5, 1.0)


# ---- Ctrl-C


class OneAtATime(Exception):
    """Raised by the handler that a test puts in place of Python's own."""


@pytest.fixture
def handler():
    def stop(number, frame):
        raise OneAtATime

    before = signal.signal(signal.SIGINT, stop)
    yield stop
    signal.signal(signal.SIGINT, before)


def ctrl_c(trainer):
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_after_the_step_returns_the_history_and_puts_the_handler_back(data, handler):
    trainer = quiet(TwoLayerNet(), None, At(7, ctrl_c))
    history = trainer.fit(*data, 5, 5, validation=data)
    assert trainer.step == 7 and trainer.stop_reason == "SIGINT"
    assert [row["epoch"] for row in history] == [1] and trainer.epoch == 2 and trainer.running.steps == 2
    assert signal.getsignal(signal.SIGINT) is handler


def test_ctrl_c_keeps_the_best_weights_so_far(handler):
    model = Scripted([1.0, 0.5, 1.0, 0.9, 1.0])
    best = EarlyStopping(None)
    trainer = quiet(model, SGD(1.0), best, At(3, ctrl_c))
    trainer.fit(np.zeros((1, 1)), np.zeros(1), 9, 1, validation=(np.zeros((1, 1)), [0]))
    assert len(trainer.history) == 2 and best.best_epoch == 1 and model.params[0].tolist() == [-1, -1]


def test_a_second_ctrl_c_interrupts_at_once_and_the_best_is_still_restored(handler):
    model = Scripted([1.0, 0.5, 1.0, 0.9, 1.0])
    trainer = quiet(model, SGD(1.0), EarlyStopping(None), At(2, ctrl_c), At(2, ctrl_c))
    with pytest.raises(OneAtATime):
        trainer.fit(np.zeros((1, 1)), np.zeros(1), 9, 1, validation=(np.zeros((1, 1)), [0]))
    assert signal.getsignal(signal.SIGINT) is handler and model.params[0].tolist() == [-1, -1]


@pytest.mark.parametrize("step", [1, 3, 5, 7, 9, 10])  # five steps an epoch
def test_training_continues_after_ctrl_c_as_if_uninterrupted(data, handler, step):
    undisturbed = quiet(TwoLayerNet(), Adam(0.1))
    wanted = timeless(undisturbed.fit(*data, 2, 5, validation=data))
    starts, pauses = [], []
    note = Callback()
    note.on_epoch_start = lambda trainer: starts.append(trainer.epoch)
    note.on_pause = lambda trainer: pauses.append((trainer.step, trainer.running.steps))
    trainer = quiet(TwoLayerNet(), Adam(0.1), At(step, ctrl_c), note)
    done = len(trainer.fit(*data, 2, 5, validation=data))
    assert pauses == [(step, step - 5 * done)] and (trainer.epochs_done, trainer.epoch) == (done, done + 1)
    history = trainer.fit(*data, 2 - done, 5, validation=data)
    assert timeless(history) == wanted and starts == [1, 2] and trainer.stop_reason is None
    assert (trainer.step, trainer.total_steps, trainer.max_epoch, trainer.running) == (10, 10, 2, None)
    assert all(np.array_equal(p, q) for p, q in zip(trainer.model.params, undisturbed.model.params))
    assert trainer.rng.bit_generator.state == undisturbed.rng.bit_generator.state


def test_an_unfinished_epoch_continues_with_its_own_examples_and_batches_only(data):
    trainer = quiet(TwoLayerNet(), None, At(3, lambda trainer: trainer.stop("asked to")))
    trainer.fit(*data, 1, 5)
    for x, t, size in ((*data, 6), (data[0][:20], data[1][:20], 5)):
        with pytest.raises(ValueError, match="expected the 22 examples and batch_size 5 of the unfinished epoch"):
            trainer.fit(x, t, 1, size)
    assert trainer.fit(*data, 0, 5) == [] and trainer.step == 3
    assert len(trainer.fit(*data, 1, 5)) == 1


def test_a_stream_that_others_draw_from_too_continues_where_it_was(data):
    def fit(*stops):
        draws = []
        draw = Callback()
        draw.on_step_end = lambda trainer: draws.append(trainer.rng.random())
        trainer = quiet(TwoLayerNet(), None, draw, *(At(step, lambda trainer: trainer.stop("now")) for step in stops))
        for _ in (*stops, None):
            trainer.fit(*data, 2 - trainer.epochs_done, 5)
        return draws

    assert fit(2, 8) == fit()


def test_the_seconds_of_an_epoch_leave_out_the_time_between_two_fits(data, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(common.trainer.time, "perf_counter", lambda: now[0])
    tick = Callback()
    tick.on_step_start = lambda trainer: now.__setitem__(0, now[0] + 2.0)
    trainer = quiet(TwoLayerNet(), None, tick, At(3, lambda trainer: trainer.stop("now")))
    trainer.fit(*data, 1, 5)
    now[0] += 1000.0
    row = trainer.fit(*data, 1, 5)[0]
    assert row["seconds"] == 10.0 and row["tokens_per_s"] == 2.2


def test_the_first_reason_to_stop_is_the_one_that_stays(data):
    stop = Callback()
    stop.on_step_end = lambda trainer: trainer.stop("first")
    stop.on_pause = lambda trainer: trainer.stop("second")
    trainer = quiet(TwoLayerNet(), None, stop)
    trainer.fit(*data, 1, 5)
    assert trainer.stop_reason == "first"


def test_after_an_error_a_new_epoch_begins(data):
    trainer = quiet(TwoLayerNet(), None, At(3, lambda trainer: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        trainer.fit(*data, 1, 5)
    assert trainer.running is None and [row["epoch"] for row in trainer.fit(*data, 1, 5)] == [2]


@pytest.mark.parametrize("eval_interval", [None, 1])
def test_without_callbacks_no_handler_is_set_and_ctrl_c_is_an_exception_as_elsewhere(data, handler, eval_interval):
    class Interrupted(TwoLayerNet):
        def backward(self):
            assert signal.getsignal(signal.SIGINT) is handler
            signal.raise_signal(signal.SIGINT)

    trainer = Trainer(Interrupted(), SGD(0.1), [] if eval_interval else None)
    with pytest.raises(OneAtATime):
        trainer.fit(*data, 1, 5, eval_interval=eval_interval)
    assert trainer.running is None and trainer.step == 1


def test_an_error_in_a_step_puts_the_handler_back_too(data, handler):
    with pytest.raises(ValueError):
        quiet(TwoLayerNet()).fit(np.zeros((3, 7)), np.zeros(3, int), 1, 1)
    assert signal.getsignal(signal.SIGINT) is handler


def test_other_signals_can_be_listened_to_and_threads_do_without(data, handler):
    import threading

    trainer = quiet(TwoLayerNet(), None, StopOnSignal((signal.SIGTERM,)), At(2, lambda _: signal.raise_signal(15)))
    before = signal.getsignal(signal.SIGTERM)
    trainer.fit(*data, 5, 5)
    assert trainer.stop_reason == "SIGTERM" and trainer.step == 2 and signal.getsignal(signal.SIGTERM) is before
    done = []
    thread = threading.Thread(target=lambda: done.append(quiet(TwoLayerNet()).fit(*data, 1, 5)))
    thread.start()
    thread.join()
    assert len(done[0]) == 1
