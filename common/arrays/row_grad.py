"""A gradient that reads as a dense (V, D) array and knows which of its rows are not zero.

A batch touches a few thousand words of a vocabulary of any size. Zeroing, clipping and the optimizers ask
`touched_rows(grad)` and work on those rows alone, so that a step costs the same at V = 20,000 and V = 200,000.
"""

import numpy as np

WRITERS = {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal}  # into their first argument
FEW = 16  # up to so many equal ids are added one rank at a time, more of them by one reduction each


class RowGrad(np.ndarray):
    """A dense array, zero but in `rows` ((K,) sorted ids), or anywhere once other code has written into it.

    Writes by an index, `fill`, `out=` and NumPy's functions are noticed, those by a view (`grad[2:4][...] = 1`) and by
    other methods (`grad.sort()`) are not: code that writes so sets `rows = None`.
    """

    @classmethod
    def zeros_like(cls, W):
        """All zero, no row touched. The system maps its pages only when they are written to."""
        grad = np.zeros(W.shape, W.dtype).view(cls)
        grad.rows = np.zeros(0, np.intp)
        return grad

    def __array_finalize__(self, source):
        self.rows = None  # views and copies count as dense

    def write(self, rows, values):
        """Make `values` (K, D) the only rows that are not zero; `rows` (K,) distinct ids."""
        dense = self.view(np.ndarray)
        dense[slice(None) if self.rows is None else self.rows] = 0
        dense[rows] = values
        self.rows = rows

    # Other code may write anywhere: from then on the array counts as dense.
    def __setitem__(self, key, value):
        self.rows = None
        super().__setitem__(key, value)

    def fill(self, value):
        self[...] = value

    def __array_function__(self, func, types, args, kwargs):
        for written in (args[0] if func in WRITERS and args else None, kwargs.get("out")):
            if isinstance(written, RowGrad):
                written.rows = None
        return super().__array_function__(func, types, args, kwargs)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        if out is not None:
            kwargs["out"] = tuple(plain(o) for o in out)
        result = getattr(ufunc, method)(*map(plain, inputs), **kwargs)
        for o in inputs[:1] if method == "at" else out or ():  # ufunc.at writes into its first argument
            if isinstance(o, RowGrad):
                o.rows = None
        return out[0] if out is not None and len(out) == 1 else result


def plain(a):
    """The same memory as a plain array: writing into it leaves `rows` as they are."""
    return a.view(np.ndarray) if isinstance(a, RowGrad) else a


def add_grads(grads):
    """The sum of a list of gradients, new, a RowGrad if all are; of known touched rows only those are read."""
    known = [(touched_rows(g), plain(g)) for g in grads if touched_rows(g) is not None]
    dense = [plain(g) for g in grads if touched_rows(g) is None]
    if not dense:
        total = RowGrad.zeros_like(grads[0])
        values = np.concatenate([g.take(rows, axis=0) for rows, g in known])
        total.write(*sum_rows(np.concatenate([rows for rows, _ in known]), values))
        return total
    total = sum(dense[2:], dense[0] + dense[1]) if len(dense) > 1 else dense[0].copy()
    for rows, g in known:
        total[rows] += g.take(rows, axis=0)
    return total.view(RowGrad) if all(isinstance(g, RowGrad) for g in grads) else total


def touched_rows(grad):
    """The (K,) ids of the rows that can differ from zero, or None where any element can."""
    return getattr(grad, "rows", None)


def sum_rows(ids, values, counted=None):
    """The distinct ids, sorted, and the sum of the values that belong to each.

    ids (M,) integers >= 0, values (M, D) -> rows (K,), sums (K, D); of the places `counted` alone, where given. Added
    in order of appearance, as `np.add.at` and `np.add.reduceat` do at a fraction of the speed.
    """
    order = _sorting(ids) if counted is None else counted[_sorting(ids[counted])]
    ordered = ids[order]
    new = np.ones(len(order), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    starts = np.flatnonzero(new)
    counts = np.diff(starts, append=len(order))
    sums = values.take(order[starts], axis=0)  # (K, D): the first of each
    for rank in range(1, min(FEW, counts.max(initial=0))):
        several = np.flatnonzero((counts > rank) & (counts <= FEW))
        sums[several] += values.take(order[starts[several] + rank], axis=0)
    for k in np.flatnonzero(counts > FEW):
        np.add.reduce(values.take(order[starts[k] : starts[k] + counts[k]], axis=0), axis=0, out=sums[k])
    return ordered[starts], sums


def _sorting(ids):
    """What np.argsort(ids, kind="stable") gives, for ids in [0, 2^32): NumPy sorts 16 bits at a time by counting."""
    order = np.argsort(ids.astype(np.uint16), kind="stable")
    high = (ids >> 16).astype(np.uint16)
    return order[np.argsort(high[order], kind="stable")] if high.any() else order
