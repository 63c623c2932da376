"""Gradients beside their central differences: how far apart they are, where the worst is, and what a kink explains."""

from dataclasses import dataclass

import numpy as np

NEAR = 1e-3  # how far the points lie that are looked at around equal values, and how many there are
POINTS = 20
KINK = 0.1  # of its size: so far from halving is the jump of a slope at a kink when the step is halved


@dataclass
class Gradient:
    """analytic, numeric: arrays. values(i, steps): what is differentiated with element i moved by each of the steps.
    place: what an index into them is. nearby(i, far, points): the differences of element i at so many points near
    by, where all is moved; or None.
    """

    name: str
    analytic: np.ndarray
    numeric: np.ndarray
    values: object
    place: str = "at"
    nearby: object = None

    def matters(self, step=1e-5):
        """Whether a step of any element changes what is differentiated."""
        values = (self.values(i, (0.0, step)) for i in np.ndindex(self.numeric.shape))
        return any(np.any(before != after) for before, after in values)

    def slope(self, i, step):
        """The central difference of element i over one step."""
        below, above = (np.sum(v) for v in self.values(i, (-step, step)))
        return (above - below) / (2 * step)

    def kink(self, i, eps, least):
        """The one-sided differences below and above element i where they stand for a kink, else None.

        Where a function is smooth their difference is half as large for half the step. least: that counts.
        """
        values = [np.sum(v) for v in self.values(i, (-eps, -eps / 2, 0.0, eps / 2, eps))]
        left, near_left, near_right, right = np.diff(values) / (eps / 2)
        whole, half = (right + near_right - left - near_left) / 2, near_right - near_left
        kinked = abs(whole) > least and abs(whole - 2 * half) > KINK * abs(whole) and abs(half) < 1.5 * abs(whole)
        return ((left + near_left) / 2, (near_right + right) / 2) if kinked else None

    def at_equal_values(self, i, least):
        """The smallest and largest slope of element i near by, where it depends on which of equal values is the larger
        (a sort, the k largest), else None. Where a function is smooth they differ a tenth as much a tenth as far, where
        they are rounding ten times as much, because the step of the difference is a tenth, too.
        """
        if self.nearby is None:
            return None
        far, near = (self.nearby(i, step, POINTS) for step in (NEAR, NEAR / 10))
        differ = np.ptp(far) / 2 < np.ptp(near) < 2 * np.ptp(far)
        return (min(*far, *near), max(*far, *near)) if differ and np.ptp(near) > least else None


def judge(called, checked, tolerance, eps, verbose):
    """-> name -> error of each Gradient; a table of them, if verbose. AssertionError for the worst above tolerance."""
    __tracebackhide__ = True
    overall = max((np.abs(a).max(initial=0) for g in checked for a in (g.analytic, g.numeric)), default=0)
    errors, worst, kinks, found = {}, {}, {}, False  # found: one that nothing explains, which is enough
    for g in checked:
        analytic, numeric = g.analytic, g.numeric
        if analytic.shape != numeric.shape:
            expected = f"expected a gradient of shape {numeric.shape}"
            raise AssertionError(f"{called}: {g.name}: {expected}, got {analytic.shape}")
        largest = max(np.abs(analytic).max(initial=0), np.abs(numeric).max(initial=0), 0.1 * overall)
        scale = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), 1e-3 * largest)
        scale = np.where(scale > 0, scale, 1)
        error = np.abs(analytic - numeric) / scale
        error = np.where(np.isnan(error), np.inf, error)
        kinks[g.name] = {}
        for i in sorted(map(tuple, np.argwhere(error > tolerance)), key=lambda i: -error[i]):
            if sides := g.kink(i, eps, tolerance * scale[i]):
                kinks[g.name][i] = sides
                # Of several kinks at once each may count or not, as far as one can tell: none, or all, are right, too.
                nearest = [np.clip(analytic[i], min(sides), max(sides)), 0.0, sum(sides)]
                error[i] = min(abs(analytic[i] - value) for value in nearest) / scale[i]
            if error[i] > tolerance:  # a shorter step does not reach a kink that is only near
                shorter = abs(analytic[i] - g.slope(i, eps / 100)) / scale[i]
                error[i] = shorter if shorter <= tolerance else error[i]
            if error[i] > tolerance and not found:
                if slopes := g.at_equal_values(i, tolerance * scale[i]):
                    kinks[g.name].setdefault(i, slopes)
                    error[i] = abs(analytic[i] - np.clip(analytic[i], *slopes)) / scale[i]
                found = bool(error[i] > tolerance)
        errors[g.name] = float(error.max(initial=0))
        worst[g.name] = np.unravel_index(error.argmax(), error.shape) if error.size else ()
    if verbose:
        width = max(map(len, errors), default=0)
        print(f"{called}: relative error of each gradient (tolerance {tolerance:g})")
        for name, error in errors.items():
            remark = f", kinks: {len(kinks[name])}" if kinks[name] else ""
            print(f"  {name:<{width}}  {error:9.2e}  {'ok' if error <= tolerance else 'WRONG'}{remark}")
    g = max(checked, key=lambda g: errors[g.name], default=None)
    if g is not None and not errors[g.name] <= tolerance:
        i = worst[g.name]
        numeric = f"differences {g.numeric[i]:.6g}"
        if i in kinks[g.name]:
            numeric = "at a kink with one-sided differences {:.6g} and {:.6g}".format(*kinks[g.name][i])
        where = f"{g.place} {list(map(int, i))}: backward {g.analytic[i]:.6g}, {numeric}"
        error = f"relative error {errors[g.name]:.2e} > {tolerance:g}"
        raise AssertionError(f"{called}: the gradient of {g.name} is wrong: {error} {where}")
    return errors


def check_depends(called, checked):
    """AssertionError where all gradients are 0, and no element makes a difference: at a kink one may (|x| at 0)."""
    __tracebackhide__ = True
    if checked and not any(g.analytic.any() or g.numeric.any() or g.matters() for g in checked):
        way_out = "does it saturate at inputs so large, or is its output a constant?"
        expected = "expected an output that depends on something, got gradients of 0 alone"
        raise AssertionError(f"{called}: {expected} ({way_out})")
