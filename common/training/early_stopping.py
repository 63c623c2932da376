"""The callback that ends a training when it no longer improves, and keeps its best epoch."""

import re

from common.arrays.checks import as_number, described
from common.arrays.forms import FROM_ONE, NUMBER, check_arrays, check_form
from common.model_lock import lock_of
from common.training.callback import Callback

# Words in a column's name that say that higher (MORE) or lower (LESS) values are better.
MORE = ("accuracy", "acc", "f1", "precision", "recall", "specificity", "auc", "auroc", "kappa", "mcc", "r2", "score")
LESS = ("loss", "error", "err", "mae", "mse", "rmse", "nll", "perplexity", "ece", "brier", "cost", "norm", "seconds")


class EarlyStopping(Callback):
    """Stops when `monitor` has not improved for `patience` epochs, and always restores the weights of the best epoch.

    monitor: a column of the history. mode: "max" where more of it is better, "min" where less is; None: what its name
    says, as those of MORE and LESS do; ValueError where it says nothing. patience None: never stops early; one that has
    run out before a resumed training stops it before the first step. on_best: called with the trainer whenever an epoch
    is the best so far. `best_epoch`, `best`: its number and value; None before there is one.
    """

    def __init__(self, patience=3, monitor="val_loss", on_best=None, mode=None):
        if patience is not None:
            hint = " (None: never stops early)"
            patience = as_number(self, "patience", patience, least=0, whole=True, hint=hint)
        if mode not in (None, "min", "max"):
            raise ValueError(f"EarlyStopping: expected mode 'min', 'max' or None, got {mode!r}")
        if not isinstance(monitor, str) or not (on_best is None or callable(on_best)):
            expected = "monitor to be a column of the history, and on_best a function or None"
            raise ValueError(f"EarlyStopping: expected {expected}, got {described(monitor)} and {described(on_best)}")
        self.patience, self.monitor, self.on_best, self.mode = patience, monitor, on_best, mode
        self.best_epoch = self.best = self.weights = None

    def is_over(self, trainer):
        """Whether `patience` epochs have passed since the best one."""
        waits = self.best_epoch is None or self.patience is None
        return not waits and trainer.epochs_done - self.best_epoch >= self.patience

    def on_fit_start(self, trainer):
        if self.monitor.removeprefix("val_") in trainer.metrics:
            self._more_is_better()  # else it is known after the first epoch whether there is such a column
        self._stop_if_over(trainer)

    def on_epoch_end(self, trainer):
        row = trainer.history[-1]
        if self.monitor not in row:
            raise ValueError(f"EarlyStopping: expected {self.monitor!r} in the history, got only {sorted(row)}")
        value, sign = row[self.monitor], 1 if self._more_is_better() else -1
        if value is None and self.monitor.startswith("val_") and row.get("val_loss") is None:
            raise ValueError(f"EarlyStopping: expected a value for {self.monitor!r}: fit needs validation=(x, t)")
        if value is None and self.monitor.removeprefix("val_") == "accuracy":
            reason = "the model keeps no `scores`, or a label, such as 0.5, names no class"
            raise ValueError(f"EarlyStopping: expected a value for {self.monitor!r}: {reason}")
        if value is not None and (self.best is None or sign * value > sign * self.best):
            self.best, self.best_epoch = value, trainer.epoch
            self.weights = [p.copy() for p in trainer.model.params]
            if self.on_best is not None:
                self.on_best(trainer)
        self._stop_if_over(trainer)

    def _more_is_better(self):
        if self.mode is not None:
            return self.mode == "max"
        words = re.split(r"[^a-z0-9]+", self.monitor.lower())
        if any(word in MORE for word in words) == any(word in LESS for word in words):
            raise ValueError(f"EarlyStopping: expected mode='max' or mode='min' for {self.monitor!r}, got neither")
        return any(word in MORE for word in words)

    def _stop_if_over(self, trainer):
        if self.is_over(trainer):
            trainer.stop(self.reason)

    @property
    def reason(self):
        """What the trainer's `stop_reason` is then."""
        return f"no better {self.monitor} for {self.patience} epochs"

    def on_fit_end(self, trainer):
        if self.weights is not None:
            with lock_of(trainer.model):
                for p, best in zip(trainer.model.params, self.weights):
                    p[...] = best

    def state(self):
        return {"best": self.best, "best_epoch": self.best_epoch}, self.weights or []

    def check_state(self, values, arrays, trainer):
        """Nothing yet, or an epoch of the history, its value, with none that is better after it, and its weights."""
        name = f"callback {type(self).__name__}"
        check_form(name, values, {"best": (NUMBER, None), "best_epoch": (FROM_ONE, None)})
        rows = {row["epoch"]: row.get(self.monitor) for row in trainer.history}
        best, epoch = values["best"], values["best_epoch"]
        if best is None and epoch is None:
            return check_arrays(name, arrays, [])
        if epoch not in rows or best is None or rows[epoch] != best:
            expected = f"expected an epoch of the history and its {self.monitor}"
            raise ValueError(f"{name}: {expected}, got {described(epoch)} and {described(best)}")
        sign = 1 if self._more_is_better() else -1
        later = [value for of, value in rows.items() if of > epoch and value is not None and sign * value > sign * best]
        if later:
            raise ValueError(f"{name}: expected the best {self.monitor} so far, got {best} before {later[0]}")
        check_arrays(name, arrays, trainer.model.params)

    def load_state(self, values, arrays):
        self.best, self.best_epoch, self.weights = values["best"], values["best_epoch"], arrays or None
