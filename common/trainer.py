"""The loop: batches, forward, backward, clip, update, and a history of it. Book, chapter 1.

It prints nothing, plots nothing and writes nothing: whoever wants that adds a callback (`common.training.callbacks`).
"""

import time
from dataclasses import dataclass

import numpy as np

from common.arrays.tied_weights import TiedWeights, remove_duplicate
from common.checking.metrics import count_right
from common.optimizer import clip_elements, clip_grads, first_non_finite
from common.threads import one_blas_thread
from common.training.batches import count_tokens, shuffled_batches, sorted_batches, take
from common.training.callbacks import BookLog, StopOnSignal

__all__ = ["Trainer", "evaluate", "remove_duplicate"]


class Trainer:
    """Trains any model that has `params`, `grads`, `forward(x, t)` -> loss and `backward()`.

    callbacks: a list of `common.training.callbacks.Callback`; None: the book's log line. rng: for the order of the
    examples. `params` stay the same arrays, `grads` may be others at each step. BLAS has one thread (`common.threads`).

    For callbacks to read: `model`, `optimizer`, `history`, `epoch` (from 1), `max_epoch`, `step` (of all epochs, from
    1), `steps_per_epoch`, `total_steps`, `running` (the unfinished epoch; None between epochs), `loss` (of the step).

    Where training stops in the middle of an epoch, the next `fit` continues it at the next step, in the same order;
    `common.files.resume` carries it to another process, where the bits are the same on the same machine, BLAS and
    number of threads.
    """

    def __init__(self, model, optimizer, callbacks=None, rng=None):
        self.model, self.optimizer, self.callbacks = model, optimizer, callbacks
        self.rng = np.random.default_rng(rng)
        self.history = []
        self.loss_list = []  # the book's: mean loss of every eval_interval steps
        self.epoch = self.max_epoch = self.step = self.steps_per_epoch = self.total_steps = 0
        self.eval_interval = self.max_element = self.loss = self.running = self.stop_reason = None
        self.tied = self.names = None  # TiedWeights of the model's params, and a name for each parameter of them

    @one_blas_thread()
    def fit(
        self, x, t, max_epoch=10, batch_size=32, max_grad=None, eval_interval=20, *, validation=None, max_element=None
    ):
        """Train. Returns the history, a list of one dict per epoch, to which a further fit adds.

        x: (N, ...) array, or a list of N id arrays of any lengths (padded by the batch). t: (N, ...) labels.
        max_epoch: so many epochs more; an unfinished one is the first of them. max_grad, max_element: clip gradients to
        this common norm, and every element to within [-max_element, max_element]. eval_interval: steps per line of the
        book's log (None: no log). validation: a pair (x, t), scored after every epoch.

        A row holds epoch, loss, accuracy (None unless the model keeps its `scores`), val_loss, val_accuracy (None
        without validation), lr, grad_norm (largest of the epoch, before clipping), tokens_per_s (examples for arrays)
        and seconds, those spent on the epoch in all processes. An unfinished epoch has no row.

        Where there are callbacks, Ctrl-C ends training after the step. Raises ValueError for x and t of different or
        zero length, or of another number or batch_size than the unfinished epoch; FloatingPointError when the loss or a
        gradient is no longer finite; that step changes no parameter. After an error the next fit begins a new epoch.
        Every `on_fit_end` is called, then the first error is raised; the later ones are its notes.
        """
        t = np.asarray(t)
        if len(x) != len(t) or len(t) == 0 or batch_size < 1 or max_epoch < 0:
            expected = "as many examples as labels, at least one, batch_size >= 1 and max_epoch >= 0"
            got = f"{len(x)} examples, {len(t)} labels, batch_size {batch_size}, max_epoch {max_epoch}"
            raise ValueError(f"Trainer.fit: expected {expected}, got {got}")
        if validation is not None and not 0 < len(validation[0]) == len(validation[1]):
            expected = "a validation set of as many examples as labels, at least one"
            got = f"{len(validation[0])} examples, {len(validation[1])} labels"
            raise ValueError(f"Trainer.fit: expected {expected}, got {got}")
        steps_done = 0
        if self.running is not None:
            steps_done, num, size = self.running.steps, self.running.num_examples, self.running.batch_size
            if (num, size) != (len(t), batch_size):
                expected = f"the {num} examples and batch_size {size} of the unfinished epoch"
                raise ValueError(f"Trainer.fit: expected {expected}, got {len(t)} and {batch_size}")
        self.eval_interval, self.max_element, self.stop_reason = eval_interval, max_element, None
        self.steps_per_epoch = -(-len(t) // batch_size)
        self.total_steps = self.step - steps_done + self.steps_per_epoch * max_epoch
        self.max_epoch = self.epochs_done + max_epoch
        active = [BookLog()] if self.callbacks is None and eval_interval else list(self.callbacks or [])
        active = active and [StopOnSignal(), *active]
        started, errors = [], []
        try:
            for callback in active:
                started.append(callback)
                callback.on_fit_start(self)
            while self.epochs_done < self.max_epoch and self.stop_reason is None:
                self._run_epoch(x, t, batch_size, max_grad, validation, active)
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

    def _run_epoch(self, x, t, batch_size, max_grad, validation, callbacks):
        """An epoch, or the rest of an unfinished one, up to its end or to the step after which it has to stop."""

        def notify(moment):
            for callback in callbacks:
                getattr(callback, moment)(self)

        _set_training(self.model, True)
        if self.running is None:
            self.epoch += 1
            self.running = Running(len(t), batch_size, self.rng.bit_generator.state)
            notify("on_epoch_start")
        start = time.perf_counter() - self.running.seconds
        for index in self._batches_left(x, batch_size):
            self.step += 1
            notify("on_step_start")
            xb, tb = take(x, index), t[index]
            with _no_float_warnings():
                self.loss, norm = self._train_step(xb, tb, max_grad)
            self.running.add(self.loss, count_tokens(x, index), getattr(self.model, "scores", None), tb, norm)
            self.running.seconds = time.perf_counter() - start
            notify("on_step_end")
            if self.stop_reason is not None:
                return notify("on_pause")
        scores = {"loss": None, "accuracy": None}
        if validation is not None:
            with _no_float_warnings():
                scores = evaluate(self.model, *validation, batch_size)
            if not np.isfinite(scores["loss"]):
                raise FloatingPointError(f"step {self.step}: the validation loss is {scores['loss']}")
        row = {"epoch": self.epoch, **self.running.figures()}
        row |= {"val_loss": scores["loss"], "val_accuracy": scores["accuracy"], "lr": float(self.optimizer.lr)}
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

    def _train_step(self, x, t, max_grad):
        """-> loss, norm of the gradients before clipping."""
        loss = float(self.model.forward(x, t))
        self.model.backward()
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


@dataclass
class Running:
    """An unfinished epoch: its data, and its sums so far, all of them plain numbers.

    stream: the state of the trainer's rng when the epoch began. seconds: spent on it, up to the last step.
    """

    num_examples: int
    batch_size: int
    stream: dict
    steps: int = 0
    loss_sum: float = 0.0
    norm: float = 0.0
    examples: int = 0
    tokens: int = 0
    right: int = 0
    scored: bool = True
    seconds: float = 0.0

    def add(self, loss, tokens, scores, t, norm):
        self.steps += 1
        self.loss_sum += loss * len(t)
        self.examples += len(t)
        self.tokens += tokens
        self.norm = max(self.norm, norm)
        self.scored = self.scored and scores is not None
        if self.scored:
            self.right += count_right(scores, t)

    def figures(self):
        return {
            "loss": self.loss_sum / max(self.examples, 1),
            "accuracy": self.right / max(self.examples, 1) if self.scored else None,
            "grad_norm": self.norm,
            "tokens_per_s": self.tokens / max(self.seconds, 1e-9),
        }


@one_blas_thread()
def evaluate(model, x, t, batch_size=64):
    """-> {"loss", "accuracy"}: the means over all examples, accuracy None unless the model keeps its `scores`.

    The model is switched to prediction mode, and stays in it.
    """
    _set_training(model, False)
    t = np.asarray(t)
    loss_sum, right = 0.0, 0
    for index in sorted_batches(x, batch_size):
        loss_sum += float(model.forward(take(x, index), t[index])) * len(index)
        scores = getattr(model, "scores", None)
        right = None if scores is None else right + count_right(scores, t[index])
    return {"loss": loss_sum / len(t), "accuracy": None if right is None else right / len(t)}


def _no_float_warnings():
    """A number that is not finite is an error with a name a line later; NumPy's warnings before it say less."""
    return np.errstate(over="ignore", invalid="ignore")


def _set_training(model, flag):
    """The book's models know no such switch."""
    if hasattr(model, "train"):
        model.train(flag)
