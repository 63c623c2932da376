"""Texts and labels at the door of an estimator: lists, arrays and columns of data frames become lists and arrays."""

from collections.abc import Iterator

import numpy as np

from ch_sentiment.experiment.in_memory import is_missing_value
from dataset.errors import DataError


def as_column(values, called):
    """N values in a list, an array of any dtype, a column of a data frame, or an array or frame of one column -> list
    of N. DataError for one value, a mapping, a sparse matrix and several columns.
    """
    if isinstance(values, (str, bytes, dict, set, frozenset)) or not np.iterable(values):
        raise DataError(f"{called}: expected a list, got one {type(values).__name__}")
    if hasattr(values, "toarray"):
        raise DataError(f"{called}: expected a list, got a sparse matrix (no vectorizer stands before this estimator)")
    shape = getattr(values, "shape", (None,))
    if len(shape) == 2 and shape[1] == 1:
        return list(np.asarray(values).reshape(-1))  # (N, 1) -> (N,)
    if len(shape) != 1:
        raise DataError(f"{called}: expected one column, got an array of shape {tuple(shape)}")
    return list(values)


def as_texts(texts):
    """-> list of N str to be answered. DataError that names the first position where there is none."""
    texts = as_column(texts, "texts")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            got = f"a missing value ({text})" if is_missing_value(text) else type(text).__name__
            raise DataError(f"texts[{i}]: expected a str, got {got}{' (decode it)' if type(text) is bytes else ''}")
    return list(map(str.__str__, texts))


def as_labels(labels, index=None):
    """-> (M,) array of the labels at the positions `index` (None: all), in the dtype that they came in; StringDType,
    which scikit-learn refuses, becomes `<U`, and objects other than str the numbers that they are. DataError as of
    `as_column`.
    """
    if isinstance(labels, Iterator):  # whoever has counted its labels has used them up
        raise DataError(f"labels: expected a list, got one {type(labels).__name__}")
    column = as_column(labels, "labels")
    index = np.arange(len(column)) if index is None else index
    chosen = [column[i] for i in index]
    if cut := [label for label in chosen if isinstance(label, str) and label.endswith("\0")]:
        raise DataError(f"labels: expected none that ends in a NUL, which NumPy cuts off, got {cut[0]!r}")
    if isinstance(getattr(labels, "dtype", None), np.dtype):
        found = np.asarray(labels).reshape(-1)[index]
        if found.dtype.kind in "biufU" or (found.dtype.kind == "O" and all(isinstance(label, str) for label in chosen)):
            return found
    return np.array(chosen)


def with_label(texts, labels):
    """(M,) positions of the pairs in two lists of N that miss neither text nor label. DataError for other lengths."""
    if len(texts) != len(labels):
        raise DataError(f"expected as many labels as texts, got {len(texts)} texts and {len(labels)} labels")
    missing = [is_missing_value(text) or is_missing_value(label) for text, label in zip(texts, labels)]
    return np.flatnonzero(~np.array(missing, bool))


def names_of(classes):
    """(C,) labels -> what they are called in a model's file: list of C str, "1" for 1.0 as for 1."""
    plain = classes.tolist()
    return [str(int(label) if isinstance(label, float) else label) for label in plain]


def classes_named(names, dtype):
    """The reverse of `names_of`: names in any order -> (C,) labels of a dtype, sorted; str where they are no others."""
    kind = None
    try:
        kind = np.dtype(dtype).kind
        if kind == "b":
            return np.unique([{"False": False, "True": True}[name] for name in names])
        if kind in "iuf":
            return np.unique(np.array(list(map(int, names)), dtype))
    except (KeyError, TypeError, ValueError, OverflowError):
        pass
    return np.unique(np.array(names, object if kind == "O" else str))


def distinct(labels):
    """-> the distinct labels, sorted, and how many there are of each. DataError where they cannot be compared."""
    try:
        return np.unique(labels, return_counts=True)
    except TypeError:
        raise DataError("labels: expected all of them to be str, or all to be int, got several types") from None
