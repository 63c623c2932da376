"""Why an array is wrong: what plausible mistakes would have given, compared with what came."""

from itertools import permutations

import numpy as np

TOLERANCE = 1e-4  # of the largest element expected: float32 is precise enough, no mistake is


def close(got, want):
    """Whether every element is within the tolerance."""
    return got.shape == want.shape and not wrong_elements(got, want).any()


def wrong_elements(got, want):
    """Where got (of want's shape) is further from want than the tolerance -> bools."""
    got, want = (np.asarray(a, np.float64) for a in (got, want))
    scale = np.abs(want).max(initial=0) or 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        return ~(np.abs(got - want) <= TOLERANCE * scale)  # NaN too


def same(got, other):
    """Whether two arrays are close, and not finite at the same places."""
    if got.shape != other.shape or not np.array_equal(np.isfinite(got), np.isfinite(other)):
        return False
    return close(np.where(np.isfinite(got), got, 0), np.where(np.isfinite(other), other, 0))


def telling(array, given):
    """Whether an array shows how it came about: infinities, zeros and what went in look the same after any mistake."""
    return np.isfinite(array).any() and array.any() and not any(same(array, other) for other in given)


def by_mistakes(checks, mistakes, mistaken, given):
    """Give wrong checks the text of the mistake that gives their very numbers.

    mistaken: for each mistake its list of Check. given: name of a case -> the arrays that went in. The mistake that
    explains most goes first. It has to explain something `telling`, or exactly what is wrong; one that would have made
    wrong much of what is right is not what was done.
    """
    left = {i for i, check in enumerate(checks) if check.passed is False}
    matching = {}
    for mistake, others in zip(mistakes, mistaken):
        wrong = {i for i, other in enumerate(others) if other.passed is False}
        explained = {i for i in wrong if checks[i].got is not None and same(checks[i].got, others[i].got)}
        spoiled = sum(bool(checks[i].passed) for i in wrong)
        exactly = explained == left and not spoiled
        if exactly or any(telling(checks[i].got, given[checks[i].case]) for i in explained):
            matching[mistake.says] = explained, spoiled
    while matching:
        says = max(matching, key=lambda says: len(matching[says][0] & left) - matching[says][1] / 2)
        explained, spoiled = matching.pop(says)
        if len(explained & left) <= spoiled / 2:
            break
        for i in explained & left:
            checks[i].says = says
        left -= explained


def in_general(check, case, gates, before):
    """A text for what can be seen from the array alone; "" where nothing fits. before: the array of the same name that
    came earlier in the same case, or None.
    """
    got, want = (np.asarray(a, np.float64) for a in (check.got, check.want))
    if check.verb == "unchanged":
        return "changed in place: work on a copy"
    if got.shape != want.shape:
        turned = got.shape == want.shape[::-1] and close(got.T, want)
        return f"of shape {got.shape}, expected {want.shape}{': transposed' if turned else ''}"
    if not np.isfinite(got).all():
        return "has numbers that are not finite (overflow, log of 0, or 0 / 0?)"
    if not got.any():
        remedy = " (write into the array in grads: grads[0][...] = ..., not grads[0] = ...)"
        return f"0 everywhere: was it written?{remedy if check.verb == 'grads' else ''}"
    if check.verb == "args" and any(same(got, other) for other in case.arrays()):
        return "still what went in: change the array itself (a *= ..., a[...] = ...), a = ... makes another"
    grew = before is not None and before.shape == got.shape and not close(got, before)
    if grew and close(got, before + want):
        return "added to what was there: write it anew in each call (grad[...] = ..., not +=)"
    if close(got, -want):
        return "of the opposite sign"
    if got.ndim == 2 and len(got) == got.shape[1] and close(got.T, want):
        return "transposed"
    call = -1 if "," in check.name else 0  # "dx", or "dx, next batch"
    return _factor(got, want, case.sizes) or _gates(got, want, gates) or _where(got, want, case, call)


def _factor(got, want, sizes):
    """Of a constant factor: its letters where it is made of sizes."""
    factor = (got * want).sum() / (want * want).sum() if want.any() else 0.0
    if factor == 0 or not close(got, factor * want):
        return ""
    letters = {**sizes, "N T": sizes.get("N", 0) * sizes.get("T", 0)}
    for size in sorted({*letters.values()} - {0, 1}):
        which = " = ".join([*(letter for letter in letters if letters[letter] == size), str(size)])
        if np.isclose(factor, size, rtol=1e-3):
            return f"{size} times too large ({which}): a sum for a mean?"
        if np.isclose(factor, 1 / size, rtol=1e-3):
            return f"{size} times too small ({which}): a mean for a sum?"
    tells = want.size > 1 and abs(factor - 1) > 1e-3  # one number is a multiple of any other
    return f"{factor:.4g} times what is right" if tells else ""


def _gates(got, want, gates):
    if not gates or want.shape[-1] % len(gates):
        return ""
    blocks = np.split(want, len(gates), axis=-1)
    for order in list(permutations(range(len(gates))))[1:]:
        if close(got, np.concatenate([blocks[i] for i in order], axis=-1)):
            came, right = " ".join(gates[i] for i in order), " ".join(gates)
            return f"the blocks of the gates are in the order {came}, expected {right}"
    wrong = [gate for gate, g, w in zip(gates, np.split(got, len(gates), axis=-1), blocks) if not close(g, w)]
    return f"wrong in the columns of {', '.join(wrong)} alone" if len(wrong) < len(gates) else ""


def _where(got, want, case, call):
    """Which steps of a sequence are wrong. call: 0 for the first forward, -1 for the last."""
    wrong = wrong_elements(got, want)
    masks = [a for s in case.steps for a in s.args if isinstance(a, np.ndarray) and a.dtype == bool]
    T = case.sizes.get("T")
    if got.ndim != 3 or got.shape[1] != T:
        return ""
    if close(got[:, ::-1], want):
        return "reversed in time"
    places = wrong.any(axis=2)  # (N, T, D) -> (N, T)
    if masks and masks[call].shape == places.shape and not places[masks[call]].any():
        return "wrong at the padding alone"
    steps = np.flatnonzero(places.any(axis=0))
    if len(steps) == T:
        return ""
    right = ", ".join(str(t) for t in range(T) if t not in steps)
    return f"right at step {right} of 0 to {T - 1}, wrong at the others"
