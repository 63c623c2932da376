"""L-BFGS: the minimum of a smooth function of many numbers, with all examples at once and no rate to choose.

Each step goes downhill along the gradient, bent by the curvature that the last few steps have met. Liu and Nocedal
1989; the two loops are algorithm 7.4 of Nocedal and Wright, Numerical Optimization.
"""

from collections import deque

import numpy as np

MEMORY = 10  # steps whose curvature is remembered
ENOUGH = 1e-4  # of the fall that the gradient promises: a step that falls less is halved (Armijo 1966)
HALVINGS = 30


def minimize(function, start, steps=100, tolerance=0.01, progress=iter):
    """-> the point (M,) where `function`, point -> value and gradient (M,), is least, as far as `steps` lead there.

    start: (M,) floats. tolerance: how small the norm of the gradient has to become, as a share of that at the start.
    progress: wraps the range of steps.
    """
    point, memory = start.copy(), deque(maxlen=MEMORY)  # of (change of the point, of the gradient, 1 / their product)
    value, gradient = function(point)
    small = tolerance * np.linalg.norm(gradient)
    for _ in progress(range(steps)):
        if np.linalg.norm(gradient) <= small:
            break
        direction = -_times_inverse_curvature(gradient, memory)
        slope, rate = float(gradient @ direction), 1.0
        if not memory:  # nothing is known of the curvature yet
            rate = 1 / max(1.0, float(np.linalg.norm(gradient)))
        for _ in range(HALVINGS):
            new_value, new_gradient = function(point + rate * direction)
            if new_value <= value + ENOUGH * rate * slope:
                break
            rate /= 2
        else:  # rounding: there is no lower point
            break
        moved, turned = rate * direction, new_gradient - gradient
        if (product := float(moved @ turned)) > 0:
            memory.append((moved, turned, 1 / product))
        point, value, gradient = point + moved, new_value, new_gradient
    return point


def _times_inverse_curvature(gradient, memory):
    """The gradient (M,) times what the last steps tell of the inverse of the matrix of second derivatives."""
    found, shares = gradient.copy(), []
    for moved, turned, inverse in reversed(memory):
        shares.append(inverse * float(moved @ found))
        found -= shares[-1] * turned
    if memory:
        moved, turned, inverse = memory[-1]
        found *= 1 / (inverse * float(turned @ turned))
    for (moved, turned, inverse), share in zip(memory, reversed(shares)):
        found += (share - inverse * float(turned @ found)) * moved
    return found
