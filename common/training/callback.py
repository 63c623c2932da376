"""The base of all callbacks: when the Trainer calls them, and what of them continues or begins anew."""

import copy


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
