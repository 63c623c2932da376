"""The loop: batches, forward, backward, clip, update, and a history of it. Book, chapter 1.

It prints nothing, plots nothing and writes nothing: whoever wants that adds a callback (`common.training.callbacks`).
"""

import time
import uuid

import numpy as np

from common.arrays.checks import as_number, as_rng
from common.arrays.examples import Examples
from common.arrays.tied_weights import TiedWeights, remove_duplicate
from common.optimizer import clip_elements, clip_grads, first_non_finite
from common.threads import one_blas_thread
from common.training.batches import count_tokens, shuffled_batches
from common.training.callbacks import BookLog, StopOnSignal
from common.training.checks import as_validation, check_callbacks, check_grads, check_model, check_optimizer
from common.training.scoring import (
    Running,
    as_batch_size,
    as_loss,
    check_takes_weights,
    checked_metrics,
    counted,
    evaluate,
    ignored_by,
    measured,
    score,
    set_training,
)

__all__ = ["Running", "Trainer", "evaluate", "remove_duplicate"]


class Trainer:
    """Trains any model that has `params`, `grads`, `forward(x, t)` -> loss and `backward()`.

    callbacks: a list of `common.training.callbacks.Callback`; None: the book's log line. rng: for the order of the
    examples. metrics: functions of scores and labels by name, for the history (`common.training.scoring`). ValueError
    where one of these is something else. `params` stay the same arrays, `grads` may be others at each step. BLAS has
    one thread (`common.threads`).

    For callbacks to read: `model`, `optimizer`, `metrics`, `history`, `epoch` (from 1), `max_epoch`, `step` (of all
    epochs, from 1), `steps_per_epoch`, `total_steps`, `running` (the unfinished epoch; None between epochs), `loss` (of
    the step).

    Where training stops in the middle of an epoch, the next `fit` continues it at the next step, in the same order;
    `common.files.resume` carries it to another process, where the bits are the same on the same machine, BLAS and
    number of threads.
    """

    def __init__(self, model, optimizer, callbacks=None, rng=None, *, metrics=None):
        check_model(model, optimizer)
        check_optimizer(optimizer)
        check_callbacks(callbacks)
        self.model, self.optimizer, self.callbacks = model, optimizer, callbacks
        self.rng, self.metrics = as_rng("Trainer", rng), checked_metrics("Trainer", metrics)
        self.name = uuid.uuid4().hex  # by which a callback knows whom it served last
        self.history = []
        self.loss_list = []  # the book's: mean loss of every eval_interval steps
        self.epoch = self.max_epoch = self.step = self.steps_per_epoch = self.total_steps = 0
        self.eval_interval = self.max_element = self.loss = self.running = self.stop_reason = None
        self.tied = self.names = None  # TiedWeights of the model's params, and a name for each parameter of them

    @one_blas_thread()
    def fit(
        self,
        x,
        t,
        max_epoch=10,
        batch_size=32,
        max_grad=None,
        eval_interval=20,
        *,
        validation=None,
        max_element=None,
        sample_weight=None,
    ):
        """Train. Returns the history, a list of one dict per epoch, to which a further fit adds.

        x: (N, ...) array, a list of N id arrays of any lengths (padded by the batch), or several such inputs, as a
        tuple or a dict, which `forward` gets as a tuple or a dict of arrays. t: (N, ...) labels, or a list of N arrays,
        a label for each id of a text. sample_weight: (N,), given to `forward` by that name, for the loss, or None.
        max_epoch: so many epochs more; an unfinished one is the first of them. max_grad, max_element: clip gradients to
        this common norm, and every element to within [-max_element, max_element]. eval_interval: steps per line of the
        book's log (None: no log). validation: (x, t) or (x, t, sample_weight), scored after every epoch.

        A row holds epoch, loss, accuracy (None unless the model keeps its `scores`), val_loss, val_accuracy (None
        without validation), lr, grad_norm (largest of the epoch, before clipping), tokens_per_s (ids that are not
        padding; examples where there are no ids), seconds, those spent on the epoch in all processes, and each metric,
        NAME and val_NAME: Python numbers or None. An unfinished epoch has no row.

        Where there are callbacks, Ctrl-C ends training after the step. Raises ValueError for arguments that cannot be,
        and for another number of examples or batch_size than the unfinished epoch has; FloatingPointError when the loss
        or a gradient is no longer finite; that step changes no parameter. After an error the next fit begins a new
        epoch. Every `on_fit_end` is called, then the first error is raised; the later ones are its notes.
        """
        examples = Examples.of("Trainer.fit", x, t, sample_weight)
        validation = as_validation(validation, examples.x)
        check_takes_weights("Trainer.fit", self.model, examples, validation)
        batch_size = as_batch_size("Trainer.fit", batch_size)
        max_epoch = as_number("Trainer.fit", "max_epoch", max_epoch, least=0, whole=True)
        if eval_interval is not None:
            eval_interval = as_number("Trainer.fit", "eval_interval", eval_interval, least=0, whole=True)
        limits = {"max_grad": max_grad, "max_element": max_element}
        limits = {
            name: None if limit is None else as_number("Trainer.fit", name, limit, above=0, finite=False)
            for name, limit in limits.items()
        }
        check_callbacks(self.callbacks)
        steps_done = 0
        if self.running is not None:
            steps_done, num, size = self.running.steps, self.running.num_examples, self.running.batch_size
            if (num, size) != (len(examples), batch_size):
                expected = f"the {num} examples and batch_size {size} of the unfinished epoch"
                raise ValueError(f"Trainer.fit: expected {expected}, got {len(examples)} and {batch_size}")
        self.eval_interval, self.max_element, self.stop_reason = eval_interval, limits["max_element"], None
        self.steps_per_epoch = -(-len(examples) // batch_size)
        self.total_steps = self.step - steps_done + self.steps_per_epoch * max_epoch
        self.max_epoch = self.epochs_done + max_epoch
        active = [BookLog()] if self.callbacks is None and eval_interval else list(self.callbacks or [])
        active = active and [StopOnSignal(), *active]
        started, errors = [], []
        try:
            for callback in active:
                callback.serve(self)
                started.append(callback)
                callback.on_fit_start(self)
            while self.epochs_done < self.max_epoch and self.stop_reason is None:
                self._run_epoch(examples, batch_size, limits["max_grad"], validation, active)
        except BaseException as error:
            self.running = None  # a step that failed is no place to continue from
            errors.append(error)
        for callback in reversed(started):
            try:
                callback.on_fit_end(self)
            except BaseException as error:  # the others still have something to restore
                errors.append(error)
                if len(errors) > 1:
                    errors[0].add_note(f"then {type(callback).__name__}.on_fit_end: {error!r}")
        if errors:
            raise errors.pop(0)  # popped: a list in a frame that its own error refers to would be a cycle
        return self.history

    @property
    def epochs_done(self):
        """How many epochs were finished; `epoch` is one more while another is unfinished."""
        return self.epoch - (self.running is not None)

    def stop(self, reason):
        """End training after this step (or epoch, if called at its end). The first reason given is kept."""
        self.stop_reason = self.stop_reason or reason

    def plot(self, ylim=None):
        """The book's figure of the logged losses, on pyplot's current Axes, shown where there is a screen; -> Axes."""
        from matplotlib import pyplot

        from common.plot import loss_curve

        ax = loss_curve(self.loss_list, self.eval_interval, ax=pyplot.gca(), ylim=ylim)
        if pyplot.get_backend().lower() not in {"agg", "pdf", "svg", "ps", "cairo", "template"}:
            pyplot.show()
        return ax

    def _run_epoch(self, examples, batch_size, max_grad, validation, callbacks):
        """An epoch, or the rest of an unfinished one, up to its end or to the step after which it has to stop."""

        def notify(moment):
            for callback in callbacks:
                getattr(callback, moment)(self)

        set_training(self.model, True)
        if self.running is None:
            self.epoch += 1
            self.running = Running(len(examples), batch_size, self.rng.bit_generator.state)
            notify("on_epoch_start")
        start = time.perf_counter() - self.running.seconds
        padding, ignored = getattr(self.model, "pad", 0), ignored_by(self.model)
        for index in self._batches_left(examples.x, batch_size):
            self.step += 1
            notify("on_step_start")
            x, t, weighted = examples.batch(index, ignored)
            with _no_float_warnings():
                self.loss, norm = self._train_step(x, t, weighted, max_grad)
            found = counted(self.model, t, self.metrics)
            self.running.add(self.loss, count_tokens(examples.x, index, padding), found, len(index), norm, self.metrics)
            self.running.seconds = time.perf_counter() - start
            notify("on_step_end")
            if self.stop_reason is not None:
                return notify("on_pause")
        scores = {"loss": None, "accuracy": None, **dict.fromkeys(self.metrics)}
        if validation is not None:
            with _no_float_warnings():
                scores = score(self.model, validation, batch_size, self.metrics)
            if not np.isfinite(scores["loss"]):
                raise FloatingPointError(f"step {self.step}: the validation loss is {scores['loss']}")
        row = {"epoch": self.epoch, **self.running.figures(), **measured(self.metrics, self.running.collected)}
        row |= {f"val_{name}": value for name, value in scores.items()}
        row["lr"] = as_number("Trainer", "optimizer.lr", self.optimizer.lr)
        row["seconds"] = time.perf_counter() - start
        self.history.append(row)
        self.running = None
        notify("on_epoch_end")

    def _batches_left(self, x, batch_size):
        """The batches of this epoch that are still to come: their order follows from the random state at its start."""
        now = self.rng.bit_generator.state
        self.rng.bit_generator.state = self.running.stream
        batches = shuffled_batches(x, batch_size, self.rng)
        if self.running.steps:
            self.rng.bit_generator.state = now
        return batches[self.running.steps :]

    def _train_step(self, x, t, weighted, max_grad):
        """-> loss, norm of the gradients before clipping."""
        loss = as_loss(self.model, self.model.forward(x, t, **weighted))
        self.model.backward()
        check_grads(self.model)
        if self.tied is None or not self.tied.fits(self.model.params):
            self.tied = TiedWeights(self.model.params)
            known = dict(zip(map(id, self.model.params), getattr(self.model, "param_names", [])))
            self.names = [known.get(id(p), f"parameter {i} {p.shape}") for i, p in enumerate(self.tied.unique)]
        params, grads = self.tied.unique, self.tied.sum_grads(self.model.grads)
        if not np.isfinite(loss):
            name = first_non_finite(grads, self.names)
            cause = f"the first gradient that is not finite is that of {name}" if name else "all gradients are finite"
            raise FloatingPointError(f"step {self.step}: the loss is {loss}; {cause}")
        try:
            norm = clip_grads(grads, max_grad, self.names)
        except FloatingPointError as error:
            raise FloatingPointError(f"step {self.step}: {error}") from None
        if self.max_element is not None:
            clip_elements(grads, self.max_element)
        self.optimizer.update(params, grads)
        return loss, norm


def _no_float_warnings():
    """A number that is not finite is an error with a name a line later; NumPy's warnings before it say less."""
    return np.errstate(over="ignore", invalid="ignore")
