"""One `fit` of a model at a time: a callback that calls it, or another Python thread, would train it between the halves
of a step or of an epoch, and both would go on with numbers of the other.
"""

import functools
import threading

from common.base_model import WrappedModel

_in_a_fit = []  # models
_lock = threading.Lock()


def one_fit(fit):
    """A `fit` that refuses, with a ValueError and before anything is changed, a model that is in a fit already."""

    @functools.wraps(fit)
    def alone(trainer, *args, **how):
        with _lock:
            check_free(trainer)
            _in_a_fit.append(model := _trained_by(trainer))
        try:
            return fit(trainer, *args, **how)
        finally:
            with _lock:
                _in_a_fit[:] = [other for other in _in_a_fit if other is not model]

    return alone


def check_free(trainer):
    """ValueError where the model of a trainer is in a fit."""
    if any(model is _trained_by(trainer) for model in _in_a_fit):
        expected = "one fit of a model at a time (a callback ends it with trainer.stop(reason))"
        raise ValueError(f"{type(trainer).__name__}.fit: expected {expected}, got another within it")


def anything_in_a_fit():
    """Whether any model is."""
    return bool(_in_a_fit)


def _trained_by(trainer):
    model = trainer.model
    while isinstance(model, WrappedModel):
        model = model.model
    return model
