"""The loop: batches, forward, backward, clip, update, and a history of it. Book, chapter 1.

It prints nothing, plots nothing and writes nothing: whoever wants that adds a callback (`common.training.callbacks`).
"""

import math
import time
import uuid

import numpy as np

from common.arrays.checks import as_number, as_rng_or_global
from common.arrays.examples import Examples
from common.arrays.global_random import GLOBAL
from common.arrays.tied_weights import TiedWeights, remove_duplicate
from common.cores import most_processes
from common.figures.logged import show_logged
from common.model_lock import lock_of
from common.np import GPU, to_device_of
from common.optimizer import clip_elements, clip_grads, first_non_finite
from common.threads import one_blas_thread
from common.training import checks
from common.training.batches import count_tokens, shuffled_batches, window_places
from common.training.callback import serving
from common.training.callbacks import BookLog, StopOnSignal
from common.training.one_fit import check_free, one_fit
from common.training.processes_together import together
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

__all__ = ["GPU", "RnnlmTrainer", "Running", "Trainer", "clip_grads", "evaluate", "np", "remove_duplicate"]


class Trainer:
    """Trains any model that has `params`, `grads`, `forward(x, t)` -> loss and `backward()`.

    callbacks: a list of `common.training.callbacks.Callback`; None: the book's log line. rng: for the order of the
    examples; None: NumPy's global random state, as in the book. metrics: functions of scores and labels by name, for
    the history (`common.training.scoring`). ValueError where one of these is something else. `params` stay the same
    arrays, `grads` may be others at each step. BLAS has one thread (`common.threads`). processes: how many of this
    machine share every batch (`common.training.processes_together`); None: one for each core.

    For callbacks to read: `model`, `optimizer`, `metrics`, `history`, `epoch` (from 1), `max_epoch`, `step` (of all
    epochs, from 1), `steps_per_epoch`, `total_steps`, `running` (the unfinished epoch; None between epochs), `loss` (of
    the step).

    Where training stops in the middle of an epoch, the next `fit` continues it at the next step, in the same order;
    `common.files.resume` carries it to another process, where the bits are the same on the same machine, BLAS and
    number of threads.
    """

    def __init__(self, model, optimizer, callbacks=None, rng=None, *, metrics=None, processes=1):
        checks.check_parts(model, optimizer, callbacks)
        self.processes = most_processes(processes)
        self.model, self.optimizer, self.callbacks = model, optimizer, callbacks
        self.rng, self.metrics = as_rng_or_global("Trainer", rng), checked_metrics("Trainer", metrics)
        self.name = uuid.uuid4().hex  # by which a callback knows whom it served last
        self.history = []
        self.loss_list = []  # the book's: mean loss of every eval_interval steps
        self.epoch = self.max_epoch = self.step = self.steps_per_epoch = self.total_steps = 0
        self.eval_interval = self.max_element = self.loss = self.running = self.stop_reason = None
        self.tied = self.names = None  # TiedWeights of the model's params, and a name for each parameter of them
        self.order = None  # (N,) of the examples, in the book's manner

    @one_fit
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

        A row holds epoch, loss, accuracy (None unless the model keeps its `scores`, and for labels such as 0.5, which
        name no class), val_loss, val_accuracy (None without validation), lr, grad_norm (largest of the epoch, before
        clipping), tokens_per_s (ids that are not padding; examples where there are no ids), seconds, those spent on the
        epoch in all processes, and each metric, NAME and val_NAME: Python numbers or None. An unfinished one has none.

        The last batch of an epoch may be a short one. In the book's manner, that is for arrays x and t, without rng,
        callbacks and metrics and without what stands after the star, it is left out, as it is there: an epoch has
        len(x) // batch_size steps (at least one), and shuffles what the epoch before, in the same `fit`, has shuffled.

        Where there are callbacks, Ctrl-C ends training after the step. Raises ValueError for arguments that cannot be,
        and for another number of examples or batch_size than the unfinished epoch has; FloatingPointError when the loss
        or a gradient is no longer finite; that step changes no parameter. After an error the next fit begins a new
        epoch. Every `on_fit_end` is called, then the first error is raised; the later ones are its notes.
        """
        examples = Examples.of("Trainer.fit", x, t, sample_weight)
        validation = checks.as_validation(validation, examples.x)
        check_takes_weights("Trainer.fit", self.model, examples, validation)
        batch_size = as_batch_size("Trainer.fit", batch_size)
        max_epoch = as_number("Trainer.fit", "max_epoch", max_epoch, least=0, whole=True)
        eval_interval = checks.as_interval(eval_interval)
        max_grad, max_element = checks.as_limit("max_grad", max_grad), checks.as_limit("max_element", max_element)
        checks.check_begin(self, len(examples), batch_size)
        self.eval_interval, self.max_element, self.stop_reason = eval_interval, max_element, None
        as_the_book = self._counts_as_the_book(examples, validation, max_element, sample_weight)
        self.steps_per_epoch = max(len(examples) // batch_size, 1) if as_the_book else -(-len(examples) // batch_size)
        self.order, steps_done = np.arange(len(examples)) if as_the_book else None, 0
        if self.running is not None:
            self.order, steps_done = self.running.order, self.running.steps
        self.total_steps = self.step - steps_done + self.steps_per_epoch * max_epoch
        self.max_epoch = self.epochs_done + max_epoch
        active = [BookLog()] if self.callbacks is None and eval_interval else list(self.callbacks or [])
        active = active and [StopOnSignal(), *active]
        with together(self, self.processes), serving(self, active), np.errstate(over="ignore", invalid="ignore"):
            # A number that is not finite is an error with a name a line later; NumPy's warnings before it say less.
            while self.epochs_done < self.max_epoch and self.stop_reason is None:
                self._run_epoch(examples, batch_size, max_grad, validation, active)
        return self.history

    @property
    def epochs_done(self):
        """How many epochs were finished; `epoch` is one more while another is unfinished."""
        return self.epoch - (self.running is not None)

    current_epoch = epochs_done  # the book's name

    def stop(self, reason):
        """End training after this step (or epoch, if called at its end). The first reason given is kept."""
        self.stop_reason = self.stop_reason or reason

    def log_entry(self, mean_loss):
        """Keep what the book's log shows of the steps since its last line; -> how it is written there."""
        self.loss_list.append(mean_loss)
        return f"loss {mean_loss:.2f}"

    def plot(self, ylim=None):
        """The book's figure of the logged losses, on pyplot's current Axes, shown where there is a screen; -> Axes."""
        return show_logged(self.loss_list, self.eval_interval, ylim, "loss")

    def _run_epoch(self, examples, batch_size, max_grad, validation, callbacks):
        """An epoch, or the rest of an unfinished one, up to its end or to the step after which it has to stop."""

        def notify(moment):
            for callback in callbacks:
                getattr(callback, moment)(self)

        set_training(self.model, True)
        if self.running is None:
            self.epoch += 1
            stream = self.rng.bit_generator.state if self.order is None else None
            self.running = Running(len(examples), batch_size, stream)
            notify("on_epoch_start")
        start = time.perf_counter() - self.running.seconds
        padding, ignored = getattr(self.model, "pad", 0), ignored_by(self.model)
        for index in self._batches_left(examples.x, batch_size):
            self.step += 1
            notify("on_step_start")
            x, t, weighted = to_device_of(self.model.params, examples.batch(index, ignored))
            with lock_of(self.model):  # another thread may have the model predict between two steps
                self.loss, norm = self._train_step(x, t, weighted, max_grad)
                found = counted(self.model, t, self.metrics)
            self.running.add(self.loss, count_tokens(examples.x, index, padding), found, len(index), norm, self.metrics)
            self.running.seconds = time.perf_counter() - start
            notify("on_step_end")
            if self.stop_reason is not None:
                return notify("on_pause")
        scores = {"loss": None, "accuracy": None, **dict.fromkeys(self.metrics)}
        if validation is not None:
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

    def _counts_as_the_book(self, examples, *ours):
        """Whether `fit` was called in the book's manner; an unfinished epoch goes on as it began."""
        given = (self.callbacks, *ours)
        arrays = not isinstance(examples.x, (list, tuple, dict)) and not isinstance(examples.t, list)
        as_it_began = self.running is None or self.running.order is not None
        return self.rng is GLOBAL and not self.metrics and all(g is None for g in given) and arrays and as_it_began

    def _batches_left(self, x, batch_size):
        """The batches of this epoch that are still to come: their order follows from the random state at its start."""
        done = self.running.steps
        if self.order is not None:
            if done == 0:
                self.order = self.running.order = self.order[self.rng.permutation(len(self.order))]
            starts = range(done * batch_size, self.steps_per_epoch * batch_size, batch_size)
            return [self.order[i : i + batch_size] for i in starts]
        now = self.rng.bit_generator.state
        self.rng.bit_generator.state = self.running.stream
        batches = shuffled_batches(x, batch_size, self.rng)
        if done:
            self.rng.bit_generator.state = now
        return batches[done:]

    def _train_step(self, x, t, weighted, max_grad):
        """-> loss, norm of the gradients before clipping."""
        loss = as_loss(self.model, self.model.forward(x, t, **weighted))
        self.model.backward()
        checks.check_grads(self.model)
        if self.tied is None or not self.tied.fits(self.model.params):
            self.tied = TiedWeights(self.model.params)
            known = dict(zip(map(id, self.model.params), getattr(self.model, "param_names", [])))
            self.names = [known.get(id(p), f"parameter {i} {p.shape}") for i, p in enumerate(self.tied.unique)]
        params, grads = self.tied.unique, self.tied.sum_grads(self.model.grads)
        if not math.isfinite(loss):
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


class RnnlmTrainer(Trainer):
    """Trains a language model on one long text, by truncated backpropagation through time. Book, chapters 5 and 6.

    The text is read at batch_size places at once, equally far apart, time_size words a step; the model keeps its state
    from step to step (`stateful`), which no checkpoint holds. `time_idx`: words read at each place since `fit` began.
    `ppl_list`: the perplexities of the log, exp of the mean loss since the line before.
    """

    time_idx = window = None
    ppl_list = ()

    def fit(self, xs, ts, max_epoch=10, batch_size=20, time_size=35, max_grad=None, eval_interval=20):
        """Train; -> the history, as `Trainer.fit`, which says the rest. xs, ts: (T,) ids and those that follow them.

        An epoch has T // (batch_size * time_size) steps; ValueError where that is none.
        """
        check_free(self)
        batch_size = as_batch_size("RnnlmTrainer.fit", batch_size)
        time_size = as_number("RnnlmTrainer.fit", "time_size", time_size, least=1, whole=True)
        words = batch_size * time_size
        xs, ts = (checks.as_words("RnnlmTrainer.fit", *words) for words in (("xs", xs), ("ts", ts)))
        if len(xs) < words:
            expected = f"a text of at least batch_size * time_size = {words} words"
            raise ValueError(f"RnnlmTrainer.fit: expected {expected}, got {len(xs)}")
        if self.time_idx is None:
            self.time_idx = self.step * time_size  # 0 or, where a file led here, on from where it was written
        elif self.running is None:
            self.time_idx = 0
        self.ppl_list, self.window = [], (batch_size, time_size)
        return super().fit(xs, ts, max_epoch, words, max_grad, eval_interval)

    def get_batch(self, x, t, batch_size, time_size):
        """The next window: (batch_size, time_size) int32 ids of x, and of t; behind the end of the text its start."""
        x, t = (checks.as_words("RnnlmTrainer.get_batch", *words, 2**31, 1) for words in (("x", x), ("t", t)))
        places = self._next_places(len(x), batch_size, time_size)
        return tuple(ids[places].astype(np.int32) for ids in (x, t))

    def log_entry(self, mean_loss):
        self.ppl_list.append(float(np.exp(mean_loss)))
        return f"perplexity {self.ppl_list[-1]:.2f}"

    def plot(self, ylim=None):
        """As `Trainer.plot`, of the logged perplexities."""
        return show_logged(self.ppl_list, self.eval_interval, ylim, "perplexity")

    def _next_places(self, words, batch_size, time_size):
        """(batch_size, time_size) indices into a text of so many words."""
        first, self.time_idx = self.time_idx or 0, (self.time_idx or 0) + time_size
        return window_places(words // batch_size, batch_size, time_size, first) % words

    def _counts_as_the_book(self, examples, *ours):
        return True

    def _batches_left(self, x, batch_size):
        for _ in range(self.running.steps, self.steps_per_epoch):
            yield self._next_places(len(x), *self.window)
