"""The base class of callbacks: when the Trainer calls each method, and how state is saved, restored and reset."""

import contextlib
import copy
import functools


class Callback:
    """The base class: every method does nothing; a subclass overrides those that it needs.

    `on_fit_end` is called however training ends, also by an error, and after an error of another `on_fit_end`.
    `on_pause` is called when training stops in the middle of an epoch, after a whole step; a later `fit` continues from
    there, without `on_epoch_start`.

    One object may serve several trainers in turn: for another trainer than the last, its `state` is reset to what it
    was before the first. `on_fit_start` resets what `state` does not return.
    """

    # The state before the first trainer, and the name of the trainer served last; slots keep them out of `vars(self)`.
    __slots__ = ("__dict__", "__weakref__", "_first_state", "_served")

    def __init_subclass__(cls, **how):
        super().__init_subclass__(**how)
        if "load_state" in vars(cls):
            cls.load_state = _for_the_next_trainer(cls.load_state)

    def serve(self, trainer):
        """The Trainer calls it before `on_fit_start`: begin anew if it is another trainer than the last one, unless a
        state was loaded since.
        """
        served = getattr(self, "_served", None)
        if not self._remember_first_state():
            self._first_state = None  # there is none before `on_fit_start` makes it
        if served not in (None, trainer.name) and self._first_state is not None:
            self.load_state(*copy.deepcopy(self._first_state))
        self._served = trainer.name

    def first_state(self):
        """What `state` returned before the first training, or of a callback that serves none yet, returns: values,
        arrays; ({}, []) where there was none before `on_fit_start`.
        """
        return (self._first_state or ({}, [])) if hasattr(self, "_first_state") else self.state()

    def _remember_first_state(self):
        if not hasattr(self, "_first_state"):
            try:
                self._first_state = copy.deepcopy(self.state())
            except AttributeError:
                return False
        return True

    def on_fit_start(self, trainer):
        """Does nothing, as all the methods that follow."""

    on_epoch_start = on_step_start = on_step_end = on_pause = on_epoch_end = on_fit_end = on_fit_start

    def state(self):
        """What continues in another process, a random generator too: a dict that JSON can hold, and a list of arrays.

        A callback that does not define this method may be there in one process and not in the other.
        """
        return {}, []

    def check_state(self, values, arrays, trainer):
        """ValueError for what `state` cannot have returned at the place where `trainer` is, whose position, history and
        unfinished epoch are those of a file; nothing is changed. `common.files.resume` asks every callback before it
        loads one. That numbers are numbers, where they are when the callback is new, is checked without it.
        """

    def load_state(self, values, arrays):
        """Restore what `state` returned. An error means that nothing is restored, of the other callbacks either."""


@contextlib.contextmanager
def serving(trainer, callbacks):
    """Around the epochs of a `fit`: `on_fit_start` of each callback, and `on_fit_end` of those that were started.

    The first error is raised when all of that is done; the later ones are its notes.
    """
    started, errors = [], []
    try:
        for callback in callbacks:
            callback.serve(trainer)
            started.append(callback)
            callback.on_fit_start(trainer)
        yield
    except BaseException as error:
        trainer.running = None  # a step that failed is no place to continue from
        errors.append(error)
    for callback in reversed(started):
        try:
            callback.on_fit_end(trainer)
        except BaseException as error:  # the others still have something to restore
            errors.append(error)
            if len(errors) > 1:
                errors[0].add_note(f"then {type(callback).__name__}.on_fit_end: {error!r}")
    if errors:
        raise errors.pop(0)  # popped: a list in a frame that its own error refers to would be a cycle


def _for_the_next_trainer(load_state):
    """A `load_state` after which the callback belongs to whichever trainer comes next."""

    @functools.wraps(load_state)
    def load(self, *state, **by_name):
        self._remember_first_state()
        load_state(self, *state, **by_name)
        self._served = None

    return load
