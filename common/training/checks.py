"""What a Trainer is made of, checked before the first step: each is a ValueError that says what came instead."""

import math

from common.arrays.checks import as_ids, as_number, check_trainable, described
from common.arrays.examples import Examples
from common.training.callbacks import Callback


def check_parts(model, optimizer, callbacks):
    """What a Trainer is made of."""
    check_model(model, optimizer)
    check_optimizer(optimizer)
    check_callbacks(callbacks)


def check_model(model, optimizer):
    """An object with params, grads, forward and backward."""
    expected = "Trainer: expected a model with params, grads, forward and backward, then an optimizer"
    if isinstance(model, type):
        raise ValueError(f"{expected}, got {described(model)}: {model.__name__}(...) makes one")
    if hasattr(model, "update") and hasattr(optimizer, "forward"):
        got = f"{type(model).__name__} and {type(optimizer).__name__}"
        raise ValueError(f"{expected}, got {got}: the other way round")
    missing = [name for name in ("params", "grads", "forward", "backward") if not hasattr(model, name)]
    if missing:
        raise ValueError(f"{expected}, got {described(model)} without {', '.join(missing)}")
    for name, arrays in (("params", model.params), ("grads", model.grads)):
        if not isinstance(arrays, (list, tuple)):
            raise ValueError(
                f"Trainer: expected {name} of {type(model).__name__} to be a list, got {described(arrays)}"
            )
    for i, p in enumerate(model.params):
        check_trainable("Trainer", _param_name(model, i), p)
    _check_number(model)


def check_grads(model):
    """What backward left: a gradient of the same shape for each parameter."""
    _check_number(model)
    for i, (p, g) in enumerate(zip(model.params, model.grads)):
        if getattr(g, "shape", None) != p.shape:
            expected = f"backward to leave a gradient of shape {p.shape} of {_param_name(model, i)}"
            raise ValueError(f"Trainer: expected {expected}, got {described(g)}")


def _check_number(model):
    if len(model.params) != len(model.grads):
        expected = f"a gradient for each of {len(model.params)} params"
        raise ValueError(f"Trainer: expected {expected} of {type(model).__name__}, got {len(model.grads)} grads")


def _param_name(model, i):
    names = list(getattr(model, "param_names", ()))
    return f"{names[i] if len(names) == len(model.params) else f'params[{i}]'} of {type(model).__name__}"


def check_optimizer(optimizer):
    """An object with update(params, grads) and lr."""
    expected = "Trainer: expected an optimizer with update(params, grads) and lr, such as Adam(lr=0.001)"
    if isinstance(optimizer, type):
        raise ValueError(f"{expected}, got {described(optimizer)}: {optimizer.__name__}() makes one")
    missing = [name for name in ("update", "lr") if not hasattr(optimizer, name)]
    if missing:
        raise ValueError(f"{expected}, got {described(optimizer)} without {' and '.join(missing)}")


def check_callbacks(callbacks):
    """None, or a list or tuple of Callback objects."""
    expected = "Trainer: expected callbacks to be a list of common.training.callbacks.Callback objects"
    if isinstance(callbacks, Callback):
        raise ValueError(f"{expected}, got one {type(callbacks).__name__}: callbacks=[...]")
    if callbacks is not None and not isinstance(callbacks, (list, tuple)):
        raise ValueError(f"{expected}, got {described(callbacks)}")
    for callback in callbacks or ():
        if isinstance(callback, type):
            raise ValueError(f"{expected}, got {described(callback)}: {callback.__name__}() makes one")
        if not isinstance(callback, Callback):
            way_out = ": a child of Callback calls it, in on_epoch_end, say" if callable(callback) else ""
            raise ValueError(f"{expected}, got {described(callback)} in it{way_out}")


def as_words(owner, name, ids, upper=math.inf, least=0):
    """(T,) ids below `upper`, at least so many."""
    ids = as_ids(owner, name, ids, ("T",), upper)
    if len(ids) < least:
        raise ValueError(f"{owner}: {name}: expected at least {least} words, got {len(ids)}")
    return ids


def as_limit(name, limit):
    """None, or a number above 0, inf too."""
    return None if limit is None else as_number("Trainer.fit", name, limit, above=0, finite=False)


def as_interval(interval):
    """None, or a whole number of steps, 0 or above."""
    return None if interval is None else as_number("Trainer.fit", "eval_interval", interval, least=0, whole=True)


def check_begin(trainer, num_examples, batch_size):
    """Callbacks, an example for each process, and the data and batch_size of an unfinished epoch."""
    check_callbacks(trainer.callbacks)
    if trainer.processes > num_examples:
        expected = f"at most {num_examples} processes, one for each example"
        raise ValueError(f"Trainer.fit: expected {expected}, got {trainer.processes}")
    running = trainer.running
    before = (num_examples, batch_size) if running is None else (running.num_examples, running.batch_size)
    if before != (num_examples, batch_size):
        expected = "the {} examples and batch_size {} of the unfinished epoch".format(*before)
        raise ValueError(f"Trainer.fit: expected {expected}, got {num_examples} and {batch_size}")


def as_validation(validation, x):
    """None, or Examples with inputs of the form of x, from (x, t) or (x, t, sample_weight)."""
    if validation is None:
        return None
    expected = "Trainer.fit: expected validation to be (x, t) or (x, t, sample_weight)"
    if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
        raise ValueError(f"{expected}, got {described(validation)}")
    if _form(validation[0]) != _form(x):
        raise ValueError(f"{expected} with {_form(x)}, as in training, got {_form(validation[0])}")
    return Examples.of("Trainer.fit", *validation, part=" of validation")


def _form(x):
    """How many inputs there are, and by which names."""
    if isinstance(x, dict):
        return f"x a dict of {', '.join(sorted(map(repr, x)))}"
    return f"x a tuple of {len(x)} inputs" if isinstance(x, tuple) else "x one input"
