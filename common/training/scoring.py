"""Scores of a model over many batches: loss, accuracy and custom metrics, during training and after it.

A model that keeps its last `scores` has an accuracy: (N,) or (N, C), or of a tagger (N, T, C), where steps with the
label `ignore_label` (-1, if the model has no such attribute) do not count. It is None where a label names no class, as
0.5 does. A model whose scores stand for steps may
keep `step_mask` (N, T) bool, too: where it is False no step counts; `Sequential` does.

metrics: functions by name, metric(scores, labels) -> number, of all that counts at once: scores (M,) or (M, C), labels
(M,). A result that is no finite number is None in the history.
"""

import inspect
from contextlib import nullcontext
from dataclasses import dataclass, field

import numpy as np

from common.arrays.checks import as_number, described, plain_number
from common.arrays.examples import IGNORED, Examples, sorted_batches
from common.base_model import WrappedModel, mode_restored
from common.checking.metrics import count_right, names_classes
from common.model_lock import lock_of
from common.np import to_cpu, to_device_of
from common.threads import one_blas_thread
from common.training.one_fit import anything_in_a_fit

COLUMNS = ("epoch", "loss", "accuracy", "grad_norm", "tokens_per_s", "lr", "seconds")  # no metric is called so


@dataclass
class Running:
    """An unfinished epoch: its data, and its sums so far, all of them plain numbers but for what metrics need.

    stream: the state of the trainer's rng when the epoch began. order: (N,) of the examples, in the book's manner.
    seconds: spent on it, up to the last step. examples: what the loss is a mean of, steps with a label where there is
    one for each. collected: (scores, labels) of each batch, kept where there are metrics.
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
    collected: list = field(default_factory=list)
    order: np.ndarray | None = None

    def add(self, loss, tokens, counted, size, norm, metrics=()):
        """After a step. counted: see `counted`. size: examples of the batch."""
        self.steps += 1
        size = size if counted is None else len(counted[1])
        self.loss_sum += loss * size
        self.examples += size
        self.tokens += tokens
        self.norm = max(self.norm, norm)
        right = right_answers(counted)
        self.scored = self.scored and right is not None
        self.right += right or 0
        if metrics:
            self.collected.append(counted)

    def figures(self):
        """The epoch so far, as in a row of the history: loss, accuracy (or None), grad_norm, tokens_per_s."""
        return {
            "loss": self.loss_sum / max(self.examples, 1),
            "accuracy": self.right / max(self.examples, 1) if self.scored else None,
            "grad_norm": self.norm,
            "tokens_per_s": self.tokens / max(self.seconds, 1e-9),
        }


@one_blas_thread()
def evaluate(model, x, t, batch_size=64, *, sample_weight=None, metrics=None):
    """-> {"loss", "accuracy"} and the metrics, over all examples; accuracy None unless the model keeps its `scores`.

    x, t, sample_weight: as `Trainer.fit` takes them; the weights are of the loss alone. The loss is the mean over the
    examples, of a tagger over the steps. The model is switched to prediction mode, and stays in it; while a `fit` runs,
    as in a callback, it is put back into the mode that it was in.
    """
    examples = Examples.of("evaluate", x, t, sample_weight)
    check_takes_weights("evaluate", model, examples)
    batch_size, metrics = as_batch_size("evaluate", batch_size), checked_metrics("evaluate", metrics)
    with mode_restored(model) if anything_in_a_fit() else nullcontext():
        return score(model, examples, batch_size, metrics)


def score(model, examples, batch_size, metrics):
    """`evaluate` for arguments that were checked. examples: Examples."""
    set_training(model, False)
    loss_sum, right, size, collected = 0.0, 0, 0, []
    for index in sorted_batches(examples.x, batch_size):
        x, t, weighted = to_device_of(model.params, examples.batch(index, ignored_by(model)))
        with lock_of(model):
            loss = as_loss(model, model.forward(x, t, **weighted))
            found = counted(model, t, metrics)
        count = len(index) if found is None else len(found[1])
        loss_sum, size = loss_sum + loss * count, size + count
        of_batch = right_answers(found)
        right = None if right is None or of_batch is None else right + of_batch
        if metrics:
            collected.append(found)
    accuracy = None if right is None else right / max(size, 1)
    return {"loss": loss_sum / max(size, 1), "accuracy": accuracy, **measured(metrics, collected)}


def counted(model, t, metrics=()):
    """The scores of the last forward, and the labels: of a tagger those of the steps that count, (M, C) and (M,).

    None where the model keeps no scores: ValueError if there are metrics.
    """
    scores = getattr(model, "scores", None)
    if scores is None:
        if metrics:
            expected = f"a model that keeps its last `scores`, for {', '.join(metrics)}"
            raise ValueError(f"metrics: expected {expected}, got {type(model).__name__}")
        return None
    scores, t, mask = to_cpu(scores), to_cpu(t), to_cpu(getattr(model, "step_mask", None))
    if (mask is None and scores.ndim < 3) or (steps := scores.shape[:2]) != t.shape[:2]:
        return scores, t
    t = t.argmax(axis=2) if t.ndim == 3 else t  # (N, T, C) -> (N, T)
    counts = t != ignored_by(model)
    counts = counts if mask is None else counts & np.broadcast_to(mask, steps)
    return scores[counts], t[counts]  # (N, T, C) -> (M, C), (N, T) -> (M,)


def right_answers(found):
    """Of `counted`: the number of right answers; None where there are no scores, or a label names no class."""
    return count_right(*found) if found is not None and names_classes(*found) else None


def measured(metrics, collected):
    """-> dict of each metric's float over all batches, None where it is not finite. collected: list of `counted`."""
    if not metrics:
        return {}
    scores, labels = (np.concatenate(arrays) for arrays in zip(*collected))
    found = {}
    for name, metric in metrics.items():
        try:
            value = plain_number(metric(scores, labels))
        except Exception as error:
            error.add_note(f"in the metric {name!r}, of scores {scores.shape} and labels {labels.shape}")
            raise
        if value is not None and type(value) not in (int, float, bool):
            raise ValueError(f"metrics: expected a number of {name!r}, got {described(value)}")
        found[name] = float(value) if value is not None and np.isfinite(value) else None
    return found


def checked_metrics(owner, metrics):
    """A dict of functions by name. ValueError for anything else, and for a name that the history has."""
    metrics = {} if metrics is None else metrics
    if not isinstance(metrics, dict):
        expected = 'metrics by name, {"name": function of scores and labels}'
        raise ValueError(f"{owner}: expected {expected}, got {described(metrics)}")
    for name, metric in metrics.items():
        if not isinstance(name, str) or not callable(metric):
            expected = "metrics to be functions of scores and labels by name"
            raise ValueError(f"{owner}: expected {expected}, got {name!r}: {described(metric)}")
        if name in COLUMNS or name.startswith("val_"):
            raise ValueError(f"{owner}: expected another name for a metric than one of the history, got {name!r}")
    return metrics


def check_takes_weights(owner, model, *parts):
    """ValueError where there are weights and the model's forward, or that of a model it wraps, takes none."""
    while model is not None and any(part is not None and part.sample_weight is not None for part in parts):
        known = inspect.signature(model.forward).parameters
        if "sample_weight" not in known and not any(p.kind is p.VAR_KEYWORD for p in known.values()):
            expected = "a model whose forward takes sample_weight="
            got = f"{type(model).__name__}, which takes {', '.join(known)}"
            raise ValueError(f"{owner}: expected {expected}, got {got}")
        model = model.model if isinstance(model, WrappedModel) else None


def as_loss(model, loss):
    """What forward(x, t) returned, as a float. ValueError where it is no single number."""
    if type(loss) is float:
        return loss
    number = plain_number(loss)
    if type(number) not in (int, float):
        called = f"{type(model).__name__}.forward(x, t)"
        raise ValueError(f"expected {called} to return a number, the mean loss, got {described(loss)}")
    return float(number)


def as_batch_size(owner, batch_size):
    """batch_size as an int. ValueError unless it is 1 or above."""
    return as_number(owner, "batch_size", batch_size, least=1, whole=True)


def ignored_by(model):
    """The label of steps that do not count, for a model with a label for each step."""
    return getattr(model, "ignore_label", IGNORED)


def set_training(model, flag):
    """Switch training mode on or off, where the model has `train`; the book's models have not."""
    if hasattr(model, "train"):
        model.train(flag)
