"""What a composer does to a Trainer by mistake: a fit within a fit, labels that name no class, weights too narrow."""

import signal
import threading

import numpy as np
import pytest

from common.arrays.initializers import xavier
from common.layers import Affine, Dropout, SigmoidWithLoss, SoftmaxWithLoss
from common.optimizer import SGD, Adam
from common.sequential import Sequential
from common.time_layers import TimeEmbedding, TimeSoftmaxWithLoss
from common.trainer import RnnlmTrainer, Trainer, evaluate
from common.training.callbacks import Callback, EarlyStopping, StopOnSignal

X = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
T = np.arange(12) % 3
MOMENTS = ["on_fit_start", "on_epoch_start", "on_step_start", "on_step_end", "on_epoch_end", "on_fit_end"]


def net(outputs=3, dtype=np.float32):
    loss = SigmoidWithLoss() if outputs == 1 else SoftmaxWithLoss()
    return Sequential(Affine(xavier(2, outputs, 0, dtype), np.zeros(outputs, dtype)), Dropout(0.5, 0), loss=loss)


class At(Callback):
    """Calls a function with the trainer, at one moment."""

    def __init__(self, moment, call):
        setattr(self, moment, call)


def refused(trainer, *args):
    with pytest.raises(ValueError, match="one fit of a model at a time"):
        trainer.fit(*args)


def bits(model):
    return [p.tobytes() for p in model.params]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_fit_within_a_fit_is_refused_and_the_model_can_be_trained_afterwards(moment):
    plain = Trainer(net(), SGD(), [], 0)
    plain.fit(X, T, 2, 4)
    handler = signal.getsignal(signal.SIGINT)
    for other in (False, True):
        model = net()

        def again(trainer, other=other):
            (Trainer(trainer.model, SGD(), [], 0) if other else trainer).fit(X, T, 1, 4)

        with pytest.raises(ValueError, match=r"^Trainer.fit: expected one fit of a model at a time"):
            Trainer(model, SGD(), [At(moment, again)], 0).fit(X, T, 1, 4)
        assert signal.getsignal(signal.SIGINT) is handler
        assert Trainer(model, SGD(), [], 0).fit(X, T, 1, 4)
    trainer = Trainer(net(), SGD(), [At("on_step_end", lambda trainer: refused(trainer, X, T))], 0)
    trainer.fit(X, T, 2, 4)
    assert bits(trainer.model) == bits(plain.model)


def test_a_fit_in_another_thread_is_refused_while_one_runs():
    model, said = net(), []

    def other(trainer):
        def fit():
            with pytest.raises(ValueError, match="one fit of a model at a time") as error:
                Trainer(model, SGD(), [], 0).fit(X, T, 1, 4)
            said.append(str(error.value))

        thread = threading.Thread(target=fit)
        thread.start()
        thread.join()

    Trainer(model, SGD(), [At("on_epoch_end", other)], 0).fit(X, T, 1, 4)
    assert len(said) == 1


def test_a_language_model_fitted_within_its_fit_keeps_its_window():
    def model():
        return Sequential(TimeEmbedding(xavier(5, 5, 0)), loss=TimeSoftmaxWithLoss(), pad=None)

    text = np.arange(40) % 5
    plain = RnnlmTrainer(model(), SGD(), [], 0)
    plain.fit(text, text, 1, 2, 3)
    again = At("on_step_end", lambda trainer: refused(trainer, text, text, 1, 4, 5))
    trainer = RnnlmTrainer(model(), SGD(), [again], 0)
    trainer.fit(text, text, 1, 2, 3)
    assert bits(trainer.model) == bits(plain.model)


@pytest.mark.parametrize("moment", ["on_step_start", "on_step_end"])
@pytest.mark.parametrize("ask", [lambda model: evaluate(model, X, T), lambda model: model.predict(X)])
def test_evaluate_and_predict_in_a_callback_leave_the_training_as_it_is(moment, ask):
    plain = Trainer(net(), SGD(), [], 0)
    trainer = Trainer(net(), SGD(), [At(moment, lambda trainer: ask(trainer.model))], 0)
    plain.fit(X, T, 2, 4)
    trainer.fit(X, T, 2, 4)
    assert bits(trainer.model) == bits(plain.model)
    evaluate(trainer.model, X, T)
    assert not trainer.model.training


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("Error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_whatever_a_callback_raises_signals_warnings_and_other_callbacks_are_put_back(moment, Error):
    def fail(trainer):
        raise Error("mine")

    before, errors, ended = signal.getsignal(signal.SIGINT), np.geterr(), []
    callbacks = [At("on_fit_end", ended.append), At(moment, fail), At("on_fit_end", ended.append)]
    with pytest.raises(Error, match="mine"):
        Trainer(net(), SGD(), callbacks, 0).fit(X, T, 1, 4)
    assert len(ended) == (1 if moment == "on_fit_start" else 2)
    assert signal.getsignal(signal.SIGINT) is before and np.geterr() == errors


def test_a_signal_that_cannot_be_handled_leaves_the_others_as_they_were():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(OSError):
        Trainer(net(), SGD(), [StopOnSignal((signal.SIGTERM, signal.SIGKILL))], 0).fit(X, T, 1, 4)
    assert signal.getsignal(signal.SIGINT) is before and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_weights_of_16_bits_or_read_only_ones_are_refused_before_a_step():
    with pytest.raises(ValueError, match=r"^Trainer: expected float32 or float64 to train, got float16 as 0.W"):
        Trainer(net(dtype=np.float16), Adam())
    for p, said in ((np.ones(3, np.float16), "float32 or float64"), (np.broadcast_to(1.0, 3), "can be written to")):
        with pytest.raises(ValueError, match=f"^Adam: expected .*{said}"):
            Adam().update([p], [np.ones(3)])


def test_labels_of_a_half_name_no_class_and_have_no_accuracy():
    halves = np.where(T > 0, 0.5, 1.0)
    trainer = Trainer(net(1), SGD(), [EarlyStopping(monitor="accuracy")], 0)
    with pytest.raises(ValueError, match=r"EarlyStopping: .* a label, such as 0.5, names no class"):
        trainer.fit(X, halves, 1, 4)
    assert Trainer(net(1), SGD(), [], 0).fit(X, halves, 1, 4)[0]["accuracy"] is None
    assert evaluate(net(1), X, halves)["accuracy"] is None
    assert evaluate(net(1), X, np.where(T > 0, 0.25, 1.0))["accuracy"] is not None
