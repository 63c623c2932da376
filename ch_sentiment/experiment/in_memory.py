"""Texts and labels in memory, such as lists or columns of a data frame: checked, and without missing values."""

import warnings

import numpy as np

from common.arrays.checks import as_array, described
from dataset.errors import DataError
from dataset.labelled_text import left_out_line
from dataset.reading.labels import MISSING, label_key, listed, sorted_names
from dataset.unlabelled import UnlabelledTexts


def checked_texts(texts, labels, groups=None, sample_weight=None, strict=False, classes=None):
    """The arguments of `corpus.LabelledTexts.of`, checked. -> the fields of a Part by name (texts, t, numbers, groups,
    weights), without the pairs whose text or label is missing; names of the classes, list of str, in id order: sorted,
    those of whole numbers by their value, as in a file.

    classes: their names where they are known already. Warns of pairs that are left out. DataError where these are no
    labelled texts of two classes or more, or of others than those known, and, if `strict`, where a text or label is
    missing.
    """
    for name, values in (("texts", texts), ("labels", labels)):
        if isinstance(values, (str, bytes, dict, set, frozenset)) or not np.iterable(values):
            raise DataError(f"{name}: expected a list, got one {type(values).__name__}")
    texts, labels = list(texts), list(labels)
    if len(texts) != len(labels):
        raise DataError(f"expected as many labels as texts, got {len(texts)} texts and {len(labels)} labels")
    missing = {"no text": [], "no label": []}  # reason -> numbers from 1
    for number, (text, label) in enumerate(zip(texts, labels), start=1):
        if is_missing_value(text):
            missing["no text"].append(number)
        elif is_missing_value(label):
            missing["no label"].append(number)
    if line := left_out_line("texts", missing, len(texts), "text"):
        if strict:
            raise DataError(f"{line}, which --strict refuses")
        warnings.warn(line, stacklevel=4)  # where `fit` is called
    numbers = np.setdiff1d(1 + np.arange(len(texts)), [number for some in missing.values() for number in some])
    index = numbers.astype(int) - 1
    groups = None if groups is None else np.array(_groups(groups, len(texts)))[index]
    weights = None if sample_weight is None else as_weights(sample_weight, len(texts), index)
    texts = [_of_kind((str,), texts[i], f"text {i + 1}") for i in index]
    labels = [_of_kind((str, int, np.integer, np.bool_), _whole(labels[i]), f"label {i + 1}") for i in index]
    if len({isinstance(label, str) for label in labels}) > 1:
        raise DataError("labels: expected all of them to be str, or all to be int, got both")
    if classes is not None:
        return _known(texts, labels, classes, numbers, groups, weights), classes
    names = sorted(set(labels))
    names = sorted_names(names) if names and isinstance(names[0], str) else names
    if alike := _alike(names):
        warnings.warn(f"labels: classes of their own, though they differ in case or form only: {alike}", stacklevel=4)
    if len(names) < 2:
        raise DataError(f"labels: expected two classes or more, got {names}")
    class_ids = {name: i for i, name in enumerate(names)}
    t = np.array([class_ids[label] for label in labels])
    return {"texts": texts, "t": t, "numbers": numbers, "groups": groups, "weights": weights}, list(map(str, names))


def _known(texts, labels, classes, numbers, groups, weights):
    """The fields of a Part, where the names of the classes are known."""
    class_ids = {name: i for i, name in enumerate(classes)}
    for label, number in zip(labels, numbers):
        if str(label) not in class_ids:
            raise DataError(f"label {number}: expected one of {listed(classes)}, got {label!r}")
    t = np.array([class_ids[str(label)] for label in labels], np.int64)
    return {"texts": texts, "t": t, "numbers": numbers, "groups": groups, "weights": weights}


def checked_unlabelled(texts):
    """-> UnlabelledTexts of texts in memory; what is missing (None, nan, "") is left out. DataError."""
    if isinstance(texts, (str, bytes, dict)) or not np.iterable(texts):
        raise DataError(f"unlabelled: expected a list of texts, got one {type(texts).__name__}")
    return UnlabelledTexts.of("" if is_missing_value(text) else text for text in texts)


def _alike(names):
    """ "'Pos' and 'pos'" for names of classes that would be one in a file; "" where there are none."""
    forms = {}
    for name in filter(lambda name: isinstance(name, str), names):
        forms.setdefault(label_key(name), []).append(name)
    return ", ".join(" and ".join(map(ascii, found)) for found in forms.values() if len(found) > 1)


def _groups(values, N):
    """-> list of N str. DataError where there are more or fewer."""
    values = list(map(str, values))
    if len(values) != N:
        raise DataError(f"expected a group for each of the {N:,} texts, got {len(values):,}")
    return values


def as_weights(values, N, index):
    """-> (M,) float64, those at the positions `index`, (M,). DataError unless there are N, and these are finite
    numbers, 0 or above, and one of them above.
    """
    try:
        weights = as_array("sample_weight", "weights", values)
        if weights.dtype.kind not in "biufO":
            raise TypeError
        weights = weights.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"sample_weight: expected {N:,} numbers, got {described(values)}") from None
    if weights.shape != (N,):
        raise DataError(f"sample_weight: expected a weight for each of the {N:,} texts, got shape {weights.shape}")
    weights = weights[index]  # (N,) -> (M,)
    if not (np.isfinite(weights) & (weights >= 0)).all() or not weights.any():
        wrong = weights[~(np.isfinite(weights) & (weights >= 0))]
        got = f"{wrong[0]:g}" if len(wrong) else "nothing but 0"
        raise DataError(f"sample_weight: expected finite numbers, 0 or above, got {got}")
    return weights


def is_missing_value(value):
    """Whether a value is missing: None, nan of any float, pandas' NA and NaT, a masked number, or a str that means a
    missing value in a file (`dataset.reading.labels.MISSING`), such as "nan" from `astype(str)`.
    """
    if isinstance(value, str):
        return value.strip() in MISSING
    if isinstance(value, (float, np.floating)):
        return bool(np.isnan(value))
    return value is None or type(value).__name__ in ("NAType", "NaTType", "MaskedConstant")  # without importing pandas


def _whole(label):
    """An int for a float without a fraction: what pandas makes of a column of ints in which one is missing."""
    return int(label) if isinstance(label, (float, np.floating)) and float(label).is_integer() else label


def _of_kind(kinds, value, called):
    """The value, a str as a plain str. DataError where it is of none of the kinds."""
    if not isinstance(value, kinds):
        expected = "a str" if kinds == (str,) else "a str or an int"
        raise DataError(f"{called}: expected {expected}, got {type(value).__name__}")
    return str.__str__(value) if isinstance(value, str) else value
