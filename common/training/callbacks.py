"""What a training loop should not know: printing, progress, early stopping, signals, learning-rate schedules.

The Trainer calls their methods with itself. One object may serve several trainings, one after the other.
"""

import signal
import threading
import time

from common.arrays.checks import as_number, described
from common.arrays.forms import NUMBER, Number, check_arrays, check_form
from common.training.averaging import WeightAveraging
from common.training.callback import Callback
from common.training.early_stopping import EarlyStopping
from common.training.progress import EpochTable, Progress, as_sink, say_above
from common.training.train_to_loss import TrainToLoss

__all__ = ["BookLog", "Callback", "EarlyStopping", "EpochTable", "LearningRate", "Progress", "StopOnSignal"]
__all__ += ["TrainToLoss", "WeightAveraging"]


class StopOnSignal(Callback):
    """The first Ctrl-C ends training after the step; a second one interrupts immediately.

    The Trainer adds one wherever there are callbacks. `trainer.stop_reason` is the signal's name ("SIGINT"). The
    handlers of before are restored at the end of `fit`.
    """

    def __init__(self, signals=(signal.SIGINT,)):
        self.signals, self.before = signals, {}

    def on_fit_start(self, trainer):
        if threading.current_thread() is not threading.main_thread():
            return  # only the main thread can handle signals

        def handle(number, frame):
            trainer.stop(signal.Signals(number).name)
            self.on_fit_end(trainer)

        for number in self.signals:  # one by one: where the second is refused, the first is put back
            if signal.getsignal(number) is not None:
                self.before[number] = signal.signal(number, handle)

    def on_fit_end(self, trainer):
        while self.before:
            number, handler = self.before.popitem()
            signal.signal(number, handler)


class BookLog(Callback):
    """The book's log line, and a loss for `Trainer.plot`, every `trainer.eval_interval` steps; None: neither.

    A line holds the mean since the line before, that of an epoch's first step too.
    """

    def __init__(self, sink=print):
        self.sink, self.losses = as_sink(self, sink), []  # losses: since the last line

    def on_fit_start(self, trainer):
        self.start = time.perf_counter()

    def on_step_end(self, trainer):
        self.losses.append(trainer.loss)
        done = trainer.running.steps
        if trainer.eval_interval and (done - 1) % trainer.eval_interval == 0:
            mean, seconds = sum(self.losses) / len(self.losses), time.perf_counter() - self.start
            place = f"| epoch {trainer.epoch} |  iter {done} / {trainer.steps_per_epoch} |"
            say_above(self.sink, trainer, f"{place} time {seconds:.0f}[s] | {trainer.log_entry(mean)}")
            self.losses = []

    def state(self):
        return {"losses": self.losses}, []

    def check_state(self, values, arrays, trainer):
        check_form("callback BookLog", values, {"losses": [NUMBER]})
        check_form("callback BookLog: losses", len(values["losses"]), Number(0, trainer.step, whole=True))
        check_arrays("callback BookLog", arrays, [])

    def load_state(self, values, arrays):
        self.losses = values["losses"]


class LearningRate(Callback):
    """Sets `optimizer.lr` before every step: the initial rate times schedule(progress); restores it at the end.

    schedule: a function of `progress`, the share of the steps of this `fit` that is done, in [0, 1)
    (`common.training.schedules`). A resumed training counts from its very first step to the last one now planned, as if
    that number of epochs had been planned from the start.
    """

    def __init__(self, schedule):
        if not callable(schedule) or isinstance(schedule, type):
            expected = "a function of progress, 0 to 1, that returns a factor, as in common.training.schedules"
            raise ValueError(f"LearningRate: expected {expected}, got {described(schedule)}")
        self.schedule, self.base, self.first = schedule, None, None

    def on_fit_start(self, trainer):
        if self.base is None:  # otherwise it was loaded, with the training that is resumed
            self.base, self.first = as_number(self, "optimizer.lr", trainer.optimizer.lr), trainer.step

    def on_step_start(self, trainer):
        progress = (trainer.step - 1 - self.first) / (trainer.total_steps - self.first)
        factor = as_number(self, f"schedule({progress:.3g})", self.schedule(progress), least=0)
        trainer.optimizer.lr = self.base * factor

    def on_fit_end(self, trainer):
        if self.base is not None:
            trainer.optimizer.lr, self.base = self.base, None

    def state(self):
        return {"base": self.base, "first": self.first}, []

    def check_state(self, values, arrays, trainer):
        first = Number(0, trainer.step, whole=True)
        first = first if values.get("base") is not None else (first, None)
        check_form("callback LearningRate", values, {"base": (NUMBER, None), "first": first})
        check_arrays("callback LearningRate", arrays, [])

    def load_state(self, values, arrays):
        self.base, self.first = values["base"], values["first"]
