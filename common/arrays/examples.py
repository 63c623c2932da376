"""The data of a training: inputs, labels and weights of N examples, checked once, from which batches are taken.

x is an array (N, ...); or a list of N id arrays of any lengths, padded by the batch to its longest; or several inputs,
each of one of these forms and of N examples: a tuple, or a dict by name. A batch of several inputs is a tuple or a dict
of arrays. t is an array (N, ...), or a list of N arrays of labels, one for each id, padded like x.
"""

from dataclasses import dataclass

import numpy as np

from common.arrays.checks import as_array, as_int32, as_number, described, is_masked

PAD = 0  # after the ids of a text, as `dataset.text.PAD`
IGNORED = -1  # after the labels of a text, as `TimeSoftmaxWithLoss.ignore_label`
INT32 = np.dtype(np.int32)
FORMS = "an array, a list of id arrays, or a tuple or dict of these"


@dataclass
class Examples:
    """N examples with their labels and, or None, a weight (N,) for each."""

    x: object
    t: object
    sample_weight: object = None

    @classmethod
    def of(cls, owner, x, t, sample_weight=None, part=""):
        """From arguments in the forms above; ValueError naming owner and part (" of validation") for any other."""
        x, t = as_inputs(owner, x, f"x{part}"), as_labels(owner, t, f"t{part}")
        if num_examples(x) != len(t) or len(t) == 0:
            expected = f"as many examples as labels{part}, at least one"
            raise ValueError(f"{owner}: expected {expected}, got {num_examples(x)} examples and {len(t)} labels")
        if isinstance(t, list):
            _check_tags(owner, x, t, part)
        return cls(x, t, None if sample_weight is None else _weights(owner, sample_weight, len(t), part))

    def __len__(self):
        return len(self.t)

    def batch(self, index, ignored=IGNORED):
        """The examples `index`: -> x, t, and by name what else `forward` is given. ignored: the label of padding."""
        x = take(self.x, index)
        weighted = {} if self.sample_weight is None else {"sample_weight": self.sample_weight[index]}
        if isinstance(self.t, list):
            steps = [part.shape[1] for part in parts(x) if part.ndim > 1]
            tags = [as_int32("Examples", "t", self.t[i]) for i in index]
            return x, pad(tags, steps[0] if steps else None, ignored), weighted
        return x, take(self.t, index), weighted


def as_inputs(owner, x, name="x"):
    """x in one of the forms above, with an array of whatever NumPy makes one of. ValueError for anything else."""
    if not isinstance(x, (tuple, dict)):
        return _as_input(owner, x, name)
    if not x:
        raise ValueError(f"{owner}: expected {name} to be {FORMS}, got an empty {type(x).__name__}")
    keys = x if isinstance(x, dict) else range(len(x))
    found = {key: _as_input(owner, x[key], f"{name}[{key!r}]") for key in keys}
    sizes = [len(part) for part in found.values()]
    if len(set(sizes)) != 1:
        got = f"{len(sizes)} inputs of {', '.join(map(str, sizes[:5]))}{' ...' if len(sizes) > 5 else ''} examples"
        expected = f"{name} to be inputs of as many examples each"
        raise ValueError(f"{owner}: expected {expected}, got {got} (the texts of one input stand in a list)")
    return found if isinstance(x, dict) else getattr(x, "_make", tuple)(found.values())


def as_labels(owner, t, name="t"):
    """t as an array, or as a list of N arrays where their lengths differ. ValueError for what are no numbers."""
    expected = f"{owner}: expected {name} to be class ids or other numbers, one for each example, got"
    if isinstance(t, (str, bytes, dict, set)) or not hasattr(t, "__len__"):
        raise ValueError(f"{expected} {described(t)}")
    array = _array(owner, name, t)
    if array.ndim == 0:
        raise ValueError(f"{expected} {described(t)}")
    if array.dtype.kind == "O" and all(hasattr(labels, "__len__") for labels in t):  # rows of different lengths
        tags = [_ids(owner, name, labels, "biu") for labels in t]
        if all(labels is not None for labels in tags):
            return tags
        place = next(i for i, labels in enumerate(tags) if labels is None)
        raise ValueError(f"{expected} {described(t[place])} at index {place}")
    elif array.dtype.kind == "O":
        array = _array(owner, name, list(t))  # numbers in an array of objects, as of a table's column
    if array.dtype.kind not in "biuf":
        kinds = [_array(owner, name, label).dtype.kind for label in t]
        place, odd = next(((i, t[i]) for i, kind in enumerate(kinds) if kind not in "biuf"), (0, t))
        way_out = "; np.unique(labels, return_inverse=True) gives names and ids" if isinstance(odd, str) else ""
        raise ValueError(f"{expected} {described(odd)} at index {place}{way_out}")
    if array.dtype.kind == "f" and np.isnan(array).any():
        place = int(np.isnan(array.reshape(len(array), -1)).any(axis=1).argmax())
        raise ValueError(f"{expected} nan at index {place}")
    return array


def parts(x):
    """The inputs of x, one or several, as a list."""
    return list(x.values()) if isinstance(x, dict) else list(x) if isinstance(x, tuple) else [x]


def num_examples(x):
    """N, of x in any of the forms above."""
    return len(parts(x)[0]) if parts(x) else 0


def is_ragged(x):
    """Whether any input is a list, which is padded by the batch."""
    return any(isinstance(part, list) for part in parts(x))


def lengths(x):
    """(N,) the ids of each example, of all inputs that are lists together; None where none is a list."""
    of_lists = [np.array([len(ids) for ids in part]) for part in parts(x) if isinstance(part, list)]
    return sum(of_lists) if of_lists else None


def take(x, index):
    """The examples `index` of x: rows of an array, or padded arrays of a list; of several inputs, those of each."""
    if isinstance(x, dict):
        return {key: take(part, index) for key, part in x.items()}
    if isinstance(x, tuple):
        return getattr(x, "_make", tuple)(take(part, index) for part in x)
    if isinstance(x, list):
        return pad([x[i] for i in index])
    return x.take(index, axis=0) if isinstance(x, np.ndarray) else x[index]  # take is several times as fast


def pad(sequences, length=None, value=PAD):
    """A list of N id arrays -> (N, T) ints, `value` after each; T: the longest, or `length` (else ValueError)."""
    if not isinstance(sequences, (list, tuple)):
        found = as_array("pad", "sequences", sequences)
        if found.ndim == 0:
            raise ValueError(f"pad: expected a list of sequences of ids, got {described(sequences)}")
        sequences = list(found)
    sequences = [ids if type(ids) is np.ndarray and ids.dtype is INT32 else _padded(ids) for ids in sequences]
    longest = max(map(len, sequences), default=0)
    if length is not None and longest > length:
        raise ValueError(f"pad: expected sequences of at most {length} ids, got one of {longest}")
    xs = np.full((len(sequences), longest if length is None else length), value, np.int32)
    for row, ids in zip(xs, sequences):
        row[: len(ids)] = ids
    return xs


def _padded(ids):
    """Ids that are not int32 as (T,) int32."""
    ids = as_array("pad", "sequences", ids)
    if ids.ndim != 1 or (len(ids) and ids.dtype.kind not in "iu"):
        raise ValueError(f"pad: expected sequences of integer ids, got {described(ids)}")
    return as_int32("pad", "sequences", ids)


def sorted_batches(x, batch_size):
    """Index arrays in order of length (of arrays, in their order): for prediction, where order does not matter."""
    batch_size = as_number("sorted_batches", "batch_size", batch_size, least=1, whole=True)
    size = lengths(x)
    order = np.arange(num_examples(x)) if size is None else np.argsort(size, kind="stable")
    return np.split(order, range(batch_size, len(order), batch_size)) if len(order) else []


def _as_input(owner, x, name):
    if isinstance(x, list):
        return _as_texts(owner, x, name)
    if hasattr(x, "__array_interface__") or hasattr(x, "__cuda_array_interface__"):
        array = as_array(owner, name, x)  # not copied: it may be a file's (np.memmap)
    elif isinstance(x, (str, bytes, dict, tuple, set)) or not hasattr(x, "__len__"):
        raise ValueError(f"{owner}: expected {name} to be {FORMS}, got {described(x)}")
    else:
        array = as_array(owner, name, x)
    if array.dtype.kind == "O" and array.ndim == 1:
        return _as_texts(owner, list(array), name)
    if array.ndim == 0 or array.dtype.kind not in "biufc":
        raise ValueError(f"{owner}: expected {name} to be {FORMS}, got {described(array if array.ndim else x)}")
    return array


def _as_texts(owner, x, name):
    """A list of N id arrays, each of them an array."""
    texts = [_ids(owner, name, ids) for ids in x]
    place = next((i for i, ids in enumerate(texts) if ids is None), None)
    if place is None:
        return texts
    odd, way_out = x[place], "a single input of numbers is an array: np.array(x)"
    array = _array(owner, name, odd)
    if isinstance(odd, str) or array.dtype.kind in "SU":
        way_out = "words have ids in a vocabulary: Vocab.encode"
    elif array.ndim > 1 or (array.dtype.kind == "O" and isinstance(odd, list)):
        way_out = "several inputs are a tuple or a dict"
    got = f"{described(odd)} at index {place} ({way_out})"
    raise ValueError(f"{owner}: expected {name}, a list, to hold an array of whole numbers for each text, got {got}")


def _ids(owner, name, ids, kinds="iu"):
    """ids as an array (T,) of these kinds, or None where they are none."""
    if isinstance(ids, (str, bytes)) or not hasattr(ids, "__len__"):
        return None
    array = _array(owner, name, ids)
    array = array.astype(np.int32) if len(ids) == 0 else array
    return array if array.ndim == 1 and array.dtype.kind in kinds else None


def _array(owner, name, value):
    """`as_array`, but an array of objects for a list of rows of different lengths."""
    if not isinstance(value, (list, tuple)) or is_masked(value):
        return as_array(owner, name, value)
    try:
        return np.asarray(value)
    except ValueError:
        return np.empty(0, object)


def _check_tags(owner, x, t, part):
    """A label for each id of each text, or room for it in the rows of an array."""
    of_lists = isinstance(parts(x)[0], list)
    for i, (labels, ids) in enumerate(zip(t, parts(x)[0])):
        steps = len(ids) if np.ndim(ids) else 0
        if len(labels) > steps or (of_lists and len(labels) < steps):
            got = f"{steps} ids and {len(labels)} labels at index {i}"
            raise ValueError(f"{owner}: expected a label{part} for each id of a text, got {got}")


def _weights(owner, weights, N, part):
    """(N,) float64, finite and not negative."""
    array = _array(owner, f"sample_weight{part}", weights)
    if array.dtype.kind not in "biuf":
        array = np.empty(())
    if array.shape != (N,) or not (np.isfinite(array) & (array >= 0)).all():
        expected = f"a finite sample_weight{part} >= 0 for each of {N} examples"
        got = described(weights) if array.shape != (N,) else f"{array.min()} to {array.max()}"
        raise ValueError(f"{owner}: expected {expected}, got {got}")
    return array.astype(np.float64)
