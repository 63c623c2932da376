"""The callback that averages the weights over the last steps, and scores and keeps the average.

The weights of single steps scatter around a good place; their mean lies nearer to it. Polyak and Juditsky 1992.
"""

from common.arrays.checks import as_number
from common.arrays.forms import COUNT, Number, check_arrays, check_form
from common.model_lock import lock_of
from common.training.callback import Callback


class WeightAveraging(Callback):
    """Keeps an exponential mean of all weights:  average = d average + (1 - d) weights,  d = min(decay, (1+t)/(10+t)).

    t: steps so far, so that the mean of a young training is over about the last tenth of its steps. Validation, and
    what other callbacks do at the end of an epoch, is of the averages: `EarlyStopping` keeps them, a model that was
    interrupted has them. Training goes on with its own weights: those of its last step, in a further `fit`, too. The
    history has a column "average", the decay. The place in the list of callbacks does not matter.

    every: the mean is brought up to date at every so many steps, with d to that power, and at the end of an epoch, so
    that it takes little time where the weights are many. ValueError unless 0 < decay < 1 and every >= 1.
    """

    def __init__(self, decay=0.999, every=10):
        self.decay = as_number(self, "decay", decay, above=0, below=1)
        self.every = as_number(self, "every", every, least=1, whole=True)
        self.steps, self.counted = 0, 0  # counted: those of the steps that the average knows of
        self.average = self.own = None  # own: the weights of the last step, while the model has the averages

    def on_fit_start(self, trainer):
        if self.average is None:
            self.average = [p.copy() for p in trainer.model.params]

    def on_step_start(self, trainer):
        if self.own is not None:
            self._write(trainer, self.own)
            self.own = None

    def on_step_end(self, trainer):
        self.steps += 1
        at_the_end = trainer.running.steps == trainer.steps_per_epoch
        if at_the_end or self.steps - self.counted >= self.every:
            share = self._share()
            for average, p in zip(self.average, trainer.model.params):
                average += share * (p - average)
            self.counted = self.steps
        if at_the_end:  # what comes next is validation
            self.on_pause(trainer)

    def on_pause(self, trainer):
        if self.own is None:
            self.own, share = [p.copy() for p in trainer.model.params], self._share()
            # `average` stays as it is: a training that is stopped and resumed is one that was not stopped.
            self._write(trainer, [a + share * (p - a) for a, p in zip(self.average, self.own)])

    def on_epoch_end(self, trainer):
        trainer.history[-1]["average"] = self.decay

    def _share(self):
        """1 - d of the weights of now, over the steps that the average does not know of."""
        return 1 - min(self.decay, (1 + self.steps) / (10 + self.steps)) ** (self.steps - self.counted)

    def _write(self, trainer, weights):
        with lock_of(trainer.model):
            for p, new in zip(trainer.model.params, weights):
                p[...] = new

    def state(self):
        values = {"steps": self.steps, "counted": self.counted, "away": self.own is not None}
        return values, [*(self.average or []), *(self.own or [])]

    def check_state(self, values, arrays, trainer):
        """Steps of this training, and averages of all its weights, beside its own where these are away."""
        name, params = "callback WeightAveraging", trainer.model.params
        check_form(name, values, {"steps": COUNT, "counted": COUNT, "away": bool})
        begun = bool(arrays)
        check_form(f"{name}: steps", values["steps"], Number(0, trainer.step * begun, whole=True))
        check_form(f"{name}: counted", values["counted"], Number(0, values["steps"], whole=True))
        check_form(f"{name}: away", values["away"], (bool, False) if begun else (False,))
        check_arrays(name, arrays, [*params, *params * values["away"]] if begun else [])

    def load_state(self, values, arrays):
        self.steps, self.counted = values["steps"], values["counted"]
        half = len(arrays) // 2 if values["away"] else len(arrays)
        self.average, self.own = arrays[:half] or None, arrays[half:] or None
