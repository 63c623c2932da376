"""Adam: a step of a known length, whatever the size of the gradient.

for every parameter p with gradient g, at step k = 1, 2, 3 ...; m and v start from 0 and have the shape of p:

            m = beta1 m + (1 - beta1) g                      the running mean of g
            v = beta2 v + (1 - beta2) g^2                    the running mean of g^2
            m^ = m / (1 - beta1^k),  v^ = v / (1 - beta2^k)  both began at 0: this corrects for it
            p = p - lr m^ / (sqrt(v^) + eps)

Change p in place: the model holds these arrays. Each parameter has an m and a v of its own; k counts calls of update.
"""

import numpy as np

from ch_sentiment.exercises.exercise import Case, Exercise, Mistake, Step
from common.optimizer import Adam as Reference


# --- the learner's file ---
class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.k = 0
        self.m = self.v = None  # lists of arrays, from the first update on

    def update(self, params, grads):
        """params, grads: lists of arrays of equal shapes; changes those in params."""
        # --- your part: one step for every parameter ---
        if self.m is None:
            self.m = [np.zeros_like(p) for p in params]
            self.v = [np.zeros_like(p) for p in params]
        self.k += 1
        for p, g, m, v in zip(params, grads, self.m, self.v):
            m[...] = self.beta1 * m + (1 - self.beta1) * g
            v[...] = self.beta2 * v + (1 - self.beta2) * g**2
            m_hat = m / (1 - self.beta1**self.k)
            v_hat = v / (1 - self.beta2**self.k)
            p -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
        # --- end ---


# --- the judge ---
def cases(rng):
    shapes = {"W": (3, 2), "b": (3, 2)}
    for name, eps in (("eps = 1e-8", 1e-8), ("eps = 0.1", 0.1)):
        params = {letter: rng.standard_normal(shape) for letter, shape in shapes.items()}
        steps = [Step("make", "Adam", (0.05, 0.8, 0.97, eps))]
        for k in range(1, 5):
            size = 1.0 if k < 3 else 0.1  # v falls, too
            grads = [size * rng.uniform(0.2, 1.5, shape) * rng.choice((-1, 1), shape) for shape in shapes.values()]
            steps.append(Step("call", "update", (list(params.values()), grads)))
            after = tuple(f"{letter}, after step {k}" for letter in shapes)
            steps.append(Step("args", "params", tuple(params.values()), after))
            as_it_was = tuple(f"d{letter} of step {k} as it was" for letter in shapes)
            steps.append(Step("unchanged", "grads", tuple(grads), as_it_was))
        yield Case(name, steps)


EXERCISE = Exercise(
    chapter=1,
    after=("matmul",),
    reference={"Adam": Reference},
    cases=cases,
    hints=(
        "In the first update make two lists, m and v, of zeros of the shapes of params. Count k up once a call.",
        "Write the four equations below each other, in a loop over zip(params, grads, self.m, self.v).",
        "p -= ... changes the array that the model holds; p = p - ... makes a new one that nobody sees. The same holds "
        "for m and v in a loop: m[...] = ...",
    ),
    mistakes=(
        Mistake("m is not corrected for its start from 0", "m / (1 - self.beta1**self.k)", "m"),
        Mistake("v is not corrected for its start from 0", "v / (1 - self.beta2**self.k)", "v"),
        Mistake(
            "eps is inside of the root: sqrt(v^) + eps", "(np.sqrt(v_hat) + self.eps)", "np.sqrt(v_hat + self.eps)"
        ),
        Mistake(
            "eps is added to the root of v, expected to that of v^ (the book's form; close, if eps is small)",
            "np.sqrt(v_hat) + self.eps",
            "np.sqrt(v_hat) + self.eps / np.sqrt(1 - self.beta2**self.k)",
        ),
        Mistake("the root is missing", "np.sqrt(v_hat)", "v_hat"),
        Mistake("v is the running mean of g, expected of g^2", "* g**2", "* g"),
        Mistake(
            "k is counted once a parameter, expected once a call",
            "            m_hat =",
            "            self.k += p is not params[0]\n            m_hat =",
        ),
        Mistake(
            "the parameters share one m",
            "self.m = [np.zeros_like(p) for p in params]",
            "self.m = [np.zeros_like(params[0])] * len(params)",
        ),
        Mistake(
            "beta1 and beta2 are exchanged",
            "self.lr, self.beta1, self.beta2, self.eps =",
            "self.lr, self.beta2, self.beta1, self.eps =",
        ),
        Mistake("p is a new array: p -= ... changes the one of the model", "p -= self", "p = p - self"),
        Mistake(
            "v only grows: that is AMSGrad",
            "v[...] = self.beta2 * v + (1 - self.beta2) * g**2",
            "v[...] = np.maximum(v, self.beta2 * v + (1 - self.beta2) * g**2)",
        ),
        Mistake("m and v forget what they were: nothing of the step before is left", "self.beta1 * m + ", "0 * m + "),
    ),
)
