"""What a training loop should not know: printing, progress, early stopping, signals, learning-rate schedules.

The Trainer calls their methods with itself. One object may serve several trainings, one after the other.
"""

import copy
import signal
import sys
import threading
import time

from tqdm import tqdm


class Callback:
    """The base: every method does nothing; a child overrides those that it needs.

    `on_fit_end` is called however training ends, also by an error, and after an error of another `on_fit_end`.
    `on_pause` is called when training stops in the middle of an epoch, after a whole step; a later `fit` continues from
    there, without `on_epoch_start`.

    One object may serve several trainers, one after the other: for another one than the last, its `state` becomes again
    what it was before the first. What `state` does not return is for `on_fit_start` to begin anew.
    """

    # The state before the first trainer, and the name of the trainer served last; in slots, so that they are none of a
    # child's own attributes.
    __slots__ = ("__dict__", "__weakref__", "_first_state", "_served")

    def serve(self, trainer):
        """Begin anew if the trainer is another one than the last. It is called before `on_fit_start`, and by
        `resume_training` before `load_state`.
        """
        served = getattr(self, "_served", None)
        if served is None:
            try:
                self._first_state = copy.deepcopy(self.state())
            except AttributeError:  # of what `on_fit_start` is about to make
                self._first_state = None
        elif served != trainer.name and self._first_state is not None:
            self.load_state(*copy.deepcopy(self._first_state))
        self._served = trainer.name

    def on_fit_start(self, trainer):
        """Nothing; nor do the others."""

    on_epoch_start = on_step_start = on_step_end = on_pause = on_epoch_end = on_fit_end = on_fit_start

    def state(self):
        """What continues in another process, a random generator too: a dict that JSON can hold, and a list of arrays.

        A callback that does not define this method may be there in one process and not in the other.
        """
        return {}, []

    def load_state(self, values, arrays):
        """Restore what `state` returned."""


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

        self.before = {number: signal.signal(number, handle) for number in self.signals}

    def on_fit_end(self, trainer):
        for number, handler in self.before.items():
            signal.signal(number, handler)
        self.before = {}


class BookLog(Callback):
    """The book's log line, and a loss for `Trainer.plot`, every `trainer.eval_interval` steps; None: neither."""

    def __init__(self, sink=print):
        self.sink, self.losses = sink, []  # losses: since the last line

    def on_fit_start(self, trainer):
        self.start = time.perf_counter()

    def on_epoch_start(self, trainer):
        self.losses = []

    def on_step_end(self, trainer):
        self.losses.append(trainer.loss)
        done = trainer.running.steps
        if trainer.eval_interval and (done - 1) % trainer.eval_interval == 0:
            mean, seconds = sum(self.losses) / len(self.losses), time.perf_counter() - self.start
            place = f"| epoch {trainer.epoch} |  iter {done} / {trainer.steps_per_epoch} |"
            self.sink(f"{place} time {seconds:.0f}[s] | loss {mean:.2f}")
            trainer.loss_list.append(mean)
            self.losses = []

    def state(self):
        return {"losses": self.losses}, []

    def load_state(self, values, arrays):
        self.losses = values["losses"]


class EpochTable(Callback):
    """A header, then one line per epoch."""

    TITLES = ("epoch", "loss", "accuracy", "val loss", "val accuracy", "tokens/s", "seconds")
    FORMS = ("d", ".4f", ".4f", ".4f", ".4f", ",.0f", ".1f")

    def __init__(self, sink=print):
        self.sink = sink

    def on_fit_start(self, trainer):
        self.header_due = True

    def on_epoch_end(self, trainer):
        if self.header_due:
            self._print(self.TITLES)
            self.header_due = False
        values = [trainer.history[-1][title.replace(" ", "_").replace("/", "_per_")] for title in self.TITLES]
        self._print("-" if value is None else format(value, form) for value, form in zip(values, self.FORMS))

    def _print(self, cells):
        self.sink("  ".join(f"{cell:>{max(len(title), 8)}}" for cell, title in zip(cells, self.TITLES)))


class Progress(Callback):
    """The progress of training, on stderr: a bar in a terminal, else a plain line every `interval` seconds."""

    def __init__(self, interval=10.0, file=None):
        self.interval, self.file, self.bar = interval, file, None

    def on_fit_start(self, trainer):
        file = self.file or sys.stderr
        self.start = self.last = time.perf_counter()
        self.steps_before = trainer.step
        if file.isatty():
            total = trainer.total_steps - trainer.step
            self.bar = tqdm(total=total, file=file, unit="step", leave=False, dynamic_ncols=True)

    def on_step_end(self, trainer):
        if self.bar is not None:
            self.bar.set_description(f"epoch {trainer.epoch}/{trainer.max_epoch}", refresh=False)
            self.bar.set_postfix_str(self._figures(trainer), refresh=False)
            self.bar.update()
            return
        now = time.perf_counter()
        if now - self.last >= self.interval:
            self.last = now
            done = trainer.step - self.steps_before
            left = round((now - self.start) / done * (trainer.total_steps - trainer.step))
            place = f"epoch {trainer.epoch}/{trainer.max_epoch}, step {trainer.step}/{trainer.total_steps}"
            line = f"{place}: {self._figures(trainer)}, {left // 60}:{left % 60:02} left"
            print(line, file=self.file or sys.stderr, flush=True)

    def on_fit_end(self, trainer):
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    @staticmethod
    def _figures(trainer):
        now = trainer.running.figures()
        accuracy = "" if now["accuracy"] is None else f", accuracy {now['accuracy']:.3f}"
        return f"loss {now['loss']:.3f}{accuracy}, {now['tokens_per_s']:,.0f} tokens/s"


class EarlyStopping(Callback):
    """Stops when `monitor` has not improved for `patience` epochs, and always restores the weights of the best epoch.

    monitor: a column of the history; "accuracy" in its name means that more is better. patience None: never stops
    early; one that has run out before a resumed training stops it before the first step. on_best: called with the
    trainer whenever an epoch is the best so far. `best_epoch`, `best`: its number and value; None before there is one.
    """

    def __init__(self, patience=3, monitor="val_loss", on_best=None):
        self.patience, self.monitor, self.on_best = patience, monitor, on_best
        self.best_epoch = self.best = self.weights = None

    def is_over(self, trainer):
        """Whether `patience` epochs have passed since the best one."""
        waits = self.best_epoch is None or self.patience is None
        return not waits and trainer.epochs_done - self.best_epoch >= self.patience

    def on_fit_start(self, trainer):
        self._stop_if_over(trainer)

    def on_epoch_end(self, trainer):
        row = trainer.history[-1]
        if self.monitor not in row:
            raise ValueError(f"EarlyStopping: expected {self.monitor!r} in the history, got only {sorted(row)}")
        value = row[self.monitor]
        if value is None:
            raise ValueError(f"EarlyStopping: expected a value for {self.monitor!r}: fit needs validation=(x, t)")
        sign = 1 if "accuracy" in self.monitor else -1
        if self.best is None or sign * value > sign * self.best:
            self.best, self.best_epoch = value, trainer.epoch
            self.weights = [p.copy() for p in trainer.model.params]
            if self.on_best is not None:
                self.on_best(trainer)
        self._stop_if_over(trainer)

    def _stop_if_over(self, trainer):
        if self.is_over(trainer):
            trainer.stop(f"no better {self.monitor} for {self.patience} epochs")

    def on_fit_end(self, trainer):
        if self.weights is not None:
            for p, best in zip(trainer.model.params, self.weights):
                p[...] = best

    def state(self):
        return {"best": self.best, "best_epoch": self.best_epoch}, self.weights or []

    def load_state(self, values, arrays):
        self.best, self.best_epoch, self.weights = values["best"], values["best_epoch"], arrays or None


class LearningRate(Callback):
    """Sets `optimizer.lr` before every step: the initial rate times schedule(progress); restores it at the end.

    schedule: a function of `progress`, the share of the steps of this `fit` that is done, in [0, 1)
    (`common.training.schedules`). A resumed training counts from its very first step to the last one now planned, as if
    that number of epochs had been planned from the start.
    """

    def __init__(self, schedule):
        self.schedule, self.base, self.first = schedule, None, None

    def on_fit_start(self, trainer):
        if self.base is None:  # otherwise it was loaded, with the training that is resumed
            self.base, self.first = trainer.optimizer.lr, trainer.step

    def on_step_start(self, trainer):
        progress = (trainer.step - 1 - self.first) / (trainer.total_steps - self.first)
        trainer.optimizer.lr = self.base * self.schedule(progress)

    def on_fit_end(self, trainer):
        trainer.optimizer.lr, self.base = self.base, None

    def state(self):
        return {"base": self.base, "first": self.first}, []

    def load_state(self, values, arrays):
        self.base, self.first = values["base"], values["first"]
