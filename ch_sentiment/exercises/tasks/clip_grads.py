"""Clipping gradients: a shorter step in the same direction.

            norm = the root of the sum of the squares of ALL numbers in all gradients
            if norm > max_norm, every gradient is multiplied, in place, by max_norm / norm

One norm for all arrays together: clipping each by itself would turn the direction of the step. A recurrent net needs
it, since a gradient that goes back through many steps may grow with each of them.
"""

import numpy as np

from ch_sentiment.exercises.exercise import Case, Exercise, Mistake, Step
from common.optimizer import clip_grads as reference


# --- the learner's file ---
def clip_grads(grads, max_norm):
    """grads: a list of arrays, changed in place -> the norm before, a number."""
    # --- your part: all of it ---
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return norm
    # --- end ---


# --- the judge ---
def cases(rng):
    for name, share in (("gradients that are too long", 0.3), ("a little too long", 0.9), ("short ones", 3.0)):
        grads = [rng.standard_normal(shape) for shape in ((3, 4), (4,), (2, 2, 2))]
        norm = float(np.sqrt(sum(np.square(g).sum() for g in grads)))
        clipped = tuple(f"grads[{i}], clipped" for i in range(len(grads)))
        call = Step("function", "clip_grads", (grads, share * norm), ("norm",))
        yield Case(name, [call, Step("args", "grads", tuple(grads), clipped)])


EXERCISE = Exercise(
    chapter=6,
    after=("matmul",),
    reference={"clip_grads": reference},
    cases=cases,
    hints=(
        "Add up the squares over all arrays before you take the root.",
        "Only if norm > max_norm is there anything to do, and then the same factor for every array.",
        "g *= factor changes the array that the optimizer will read; g = g * factor does not.",
    ),
    mistakes=(
        Mistake(
            "each array has a norm of its own, expected one for all together",
            "            g *= max_norm / norm",
            "            g *= min(1.0, max_norm / np.sqrt((g**2).sum()))",
        ),
        Mistake("short gradients are made longer: only if norm > max_norm", "if norm > max_norm:", "if norm > 0:"),
        Mistake(
            "the root is missing: the norm is the root of the sum of squares",
            "np.sqrt(sum((g**2).sum() for g in grads))",
            "sum((g**2).sum() for g in grads)",
        ),
        Mistake(
            "every number is clipped by itself: that turns the direction",
            "g *= max_norm / norm",
            "np.clip(g, -max_norm, max_norm, out=g)",
        ),
        Mistake(
            "a new array: g *= ... changes the one that is in grads", "g *= max_norm / norm", "g = g * max_norm / norm"
        ),
        Mistake(
            "absolute values are added up, expected squares",
            "np.sqrt(sum((g**2).sum() for g in grads))",
            "sum(np.abs(g).sum() for g in grads)",
        ),
        Mistake("scaled to a norm of 1, expected max_norm", "g *= max_norm / norm", "g /= norm"),
    ),
)
