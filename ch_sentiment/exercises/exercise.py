"""What an exercise is made of: its cases, which are calls with arrays, its hints, and the mistakes that people make."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ch_sentiment.exercises import runner


@dataclass(frozen=True)
class Mistake:
    """A plausible wrong solution: `right`, once in the solution, replaced by `wrong`. says: what to tell its author."""

    says: str
    right: str
    wrong: str


@dataclass
class Step:
    """One call. verb: "make" (an object of the class `name`), "call" (a method of it), "function", "grads" (the arrays
    that the object had in `grads` when it was made), "args" (the arrays `args` as they are then), or "unchanged" (the
    same, which must not have changed). out: the names of the results.
    """

    verb: str
    name: str
    args: tuple = ()
    out: tuple = ()


@dataclass
class Case:
    """Calls one after the other, on inputs that were drawn. sizes: letter -> number, such as N, T and H."""

    name: str
    steps: list[Step]
    sizes: dict = field(default_factory=dict)

    def arrays(self):
        """Those that go in."""
        args = [arg for step in self.steps for arg in step.args]
        flat = [a for arg in args for a in (arg if isinstance(arg, (list, tuple)) else [arg])]
        return [a for a in flat if isinstance(a, np.ndarray)]


@dataclass
class Exercise:
    """reference: name -> our class or function of this name. cases: rng -> list of Case. after: names of exercises to
    do before. gates: the names of the blocks of columns, such as "fgio". name, title, texts: filled in by `catalogue`.
    """

    chapter: int
    reference: dict
    cases: Callable
    hints: tuple
    mistakes: tuple
    after: tuple = ()
    gates: tuple = ()
    name: str = ""
    title: str = ""
    stub: str = ""
    solution: str = ""


def layer_case(name, layer, weights, inputs, outputs, douts, dinputs, sizes=None):
    """A Case for a layer: forward, backward, the gradients, backward again, and that nothing was changed in place.

    weights, inputs, douts: name -> array; of several rounds, inputs and douts are lists of such dicts. outputs,
    dinputs: names of what forward and backward return.
    """
    steps = [Step("make", layer, tuple(weights.values()))]
    dweights = tuple(f"d{weight}" for weight in weights)
    inputs, douts = (x if isinstance(x, list) else [x] for x in (inputs, douts))
    for i, (ins, outs) in enumerate(zip(inputs, douts)):
        again = "" if i == 0 else ", next batch"
        steps += [
            Step("call", "forward", tuple(ins.values()), tuple(f"{out}{again}" for out in outputs)),
            Step("call", "backward", tuple(outs.values()), tuple(f"{d}{again}" for d in dinputs)),
        ]
        if weights:
            steps.append(Step("grads", "grads", (), tuple(f"{d}{again}" for d in dweights)))
    second = "{}, backward called twice".format
    steps.append(Step("call", "backward", tuple(douts[-1].values()), tuple(map(second, dinputs))))
    if weights:
        steps.append(Step("grads", "grads", (), tuple(map(second, dweights))))
    given = [
        (n, a) for n, a in (*weights.items(), *inputs[-1].items(), *douts[-1].items()) if isinstance(a, np.ndarray)
    ]
    steps.append(Step("unchanged", "inputs", tuple(a for _, a in given), tuple(f"{n} as it was" for n, _ in given)))
    return Case(name, steps, sizes or {})


def encoded(cases):
    """-> the cases in JSON's types, and the arrays that they name by keys."""
    arrays, keys = {}, {}

    def key(arg):
        if isinstance(arg, np.ndarray):
            k = keys.setdefault(id(arg), f"a{len(keys)}")
            arrays[k] = arg
            return {"array": k}
        return [key(a) for a in arg] if isinstance(arg, (list, tuple)) else arg

    as_json = [
        [{"verb": s.verb, "name": s.name, "args": key(s.args), "out": list(s.out)} for s in case.steps]
        for case in cases
    ]
    return as_json, arrays


def expected_of(exercise, cases_json, arrays):
    """What our own classes give: for each step of each case the arrays by name."""
    return [list(runner.run_steps(exercise.reference, steps, arrays)) for steps in cases_json]
