"""The protocol of anything that classifies texts: a trained model, an ensemble, an imported model.

Commands and `explain`, `audit`, `speeches` ask a model through the functions of this module, which have an answer for
what an object does not offer.
"""

import contextlib
from typing import Protocol

import numpy as np

from common.checking.abstention import answered
from common.checking.calibration import expected_calibration_error
from common.checking.intervals import wilson_interval
from common.checking.metrics import classification_report
from dataset.text import Cleaning, has_token, tokenize

SUM_TOLERANCE = 1e-3  # by which the probabilities of a text may differ from 1 in sum


class TextClassifier(Protocol):
    """Required: `label_names`, a list of C >= 2 str, and `predict_proba`. Everything below it is optional, and each of
    it without the others.

    - `has_word(text)` -> bool: whether the answer rests on any word. Default: whether the text has a token.
    - `words(text)` -> list of T str that are read, in order, and how many the text has. Default: all tokens.
    - `known(words)` -> (T,) bool: which words are in the vocabulary. Default: nothing is said about it.
    - `predict_proba_of_parts(words, parts)` -> (N, C), of the texts that hold the words at N positions each (index
      arrays or slices), cut and cleaned as these texts. Default: `predict_proba` of the words joined by spaces.
    - `word_path(words, weight, **accuracy)` -> integrated_gradients.Path along the word vectors, of the margin that is
      the sum over the classes of weight (C,) * log probability; or None. Default: None.
    - `attention(words)` -> (T,) weights of the words, or None. Default: None.
    - `abstain_below`: the answer is "unsure" where no probability is so high; or None. Default: None.
    - `max_len`, `cleaning`: how many tokens are read, and what is no token. Default: all, `Cleaning()`.
    - `processes`: how many may share the work of explain, audit and speeches. Default: one for each core.
    - `lock`: a context manager, which may be entered twice, around what asks several of these at once. Default: none.
    """

    label_names: list

    def predict_proba(self, texts):
        """List of N str -> (N, C) probabilities; a text without words has an answer, too."""


def predict_proba(model, texts):
    """N texts -> (N, C) probabilities of a TextClassifier. ValueError where it answers anything else."""
    return _checked(model, model.predict_proba(texts), len(texts))


def has_word(model, text):
    return getattr(model, "has_word", has_token)(text)


def words_of(model, text):
    """-> list of T str that the model reads, and how many words the text has."""
    if hasattr(model, "words"):
        return model.words(text)
    words = tokenize(text)
    return words, len(words)


def known(model, words):
    """List of T str -> (T,) bool, or None where the model does not tell."""
    return model.known(words) if hasattr(model, "known") else None


def predict_proba_of_parts(model, words, parts):
    """(N, C) probabilities of N parts of a text, see TextClassifier. parts: iterable."""
    if hasattr(model, "predict_proba_of_parts"):
        answers = model.predict_proba_of_parts(words, parts)
        return _checked(model, answers, len(answers))
    words = np.array(words, object)  # (T,)
    return predict_proba(model, [" ".join(words[part]) for part in parts])


def word_path(model, words, weight, **accuracy):
    """-> Path, or None where the model does not read along word vectors. accuracy: as of `integrated_gradients`."""
    return model.word_path(words, weight, **accuracy) if hasattr(model, "word_path") else None


def attention(model, words):
    """-> (T,) weights, or None where the model has none."""
    return model.attention(words) if hasattr(model, "attention") else None


def cleaning_of(model):
    """The Cleaning with which the model tokenizes."""
    return getattr(model, "cleaning", Cleaning())


def processes_of(model):
    """How many processes may share the work with a model, for `common.cores.most_processes`."""
    return getattr(model, "processes", None)


def lock_of(model):
    """What no other Python thread asks the model within."""
    return getattr(model, "lock", None) or contextlib.nullcontext()


def abstain_below(model):
    """The confidence below which a model says that it is unsure; None where it always answers."""
    return getattr(model, "abstain_below", None)


def word_for_unsure(label_names):
    """What stands in the place of a label where a model is unsure: "unsure", in brackets where a class is called so."""
    names, word = {name.casefold() for name in label_names}, "unsure"
    while word in names:
        word = f"({word})"
    return word


def trained_on(model):
    """Names of the data that a model, or each member of an ensemble, was trained on, as far as its metrics say: list of
    str, each once.
    """
    found = [getattr(member, "metrics", {}).get("trained_on") for member in getattr(model, "members", [model])]
    names = [data["name"] for data in found if isinstance(data, dict) and isinstance(data.get("name"), str)]
    return list(dict.fromkeys(names))


def report(probabilities, t, label_names=None, abstain_below=None):
    """`classification_report`, "accuracy_interval", the 95 % interval of its accuracy ([low, high]; None of no text),
    and "ece", the calibration error. probabilities: (N, C). t: (N,) class ids. label_names: C str. With a threshold
    `abstain_below`, also "abstain", what is then left (`abstention.answered`); all else is of all texts.

    The loss is the mean of -log p of the true class, finite however sure a wrong answer is.
    """
    of_truth = probabilities[np.arange(len(t)), t].astype(np.float64)  # (N, C) -> (N,)
    loss = float(-np.log(np.maximum(of_truth, np.finfo(np.float64).tiny)).mean())
    scores = classification_report(t, probabilities, loss, label_names)
    scores["accuracy_interval"] = list(wilson_interval(scores["accuracy"], len(t))) if len(t) else None
    scores["ece"] = expected_calibration_error(probabilities, t)
    return scores if abstain_below is None else {**scores, "abstain": answered(probabilities, t, abstain_below)}


def _checked(model, answers, N):
    """-> (N, C) array. ValueError unless these are N rows of probabilities, one for each of at least two labels."""
    name, expected = type(model).__name__, (N, len(model.label_names))
    if expected[1] < 2:
        raise ValueError(f"{name}: expected a model of at least two labels, got {list(model.label_names)}")
    try:
        answers = np.asarray(answers)
        came = _fault(answers, expected)
    except ValueError:
        came = "rows of different lengths"
    if came:
        raise ValueError(f"{name}: expected {expected} finite probabilities, got {came}")
    return answers


def _fault(answers, shape):
    """What is wrong with an array as probabilities of this shape; "" where nothing is."""
    if answers.shape != shape:
        return f"shape {answers.shape}"
    if answers.dtype.kind not in "biuf":
        return f"dtype {answers.dtype}"
    if not np.isfinite(answers).all():
        return "nan or inf"
    if (answers < 0).any():
        return f"{answers.min():g}, less than 0"
    sums = answers.sum(axis=1, dtype=np.float64)  # (N, C) -> (N,)
    wrong = sums[np.abs(sums - 1) > SUM_TOLERANCE]
    return f"a row that adds up to {wrong[0]:g} instead of 1" if len(wrong) else ""
