#!/usr/bin/env bash
# scikit-learn: check_estimator runs ONE check for an estimator of texts and passes a classifier that breaks every rule.
# Version: scikit-learn 1.9.1, numpy 2.5.5.
# Good guess: an estimator tagged as taking strings gets its checks with strings, or at least those without data (fit
#   returns self, no parameter changes, set_params works).
# Seen: with input_tags.two_d_array = False, as for all text vectorizers of scikit-learn itself, all is left out but
#   check_estimator_cloneable; a SkipTestWarning says that it cannot test this, but the list of results says "passed". The
#   string tag has nothing to do with it: with two_d_array left True the same class gets 55 checks (on numbers).
#   So passing check_estimator says nothing about a text classifier: its promises need tests of its own.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.9.1 numpy==2.5.5

cd "$work"
"$work/venv/bin/python" - <<'PY'
import warnings

from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.utils.estimator_checks import check_estimator


class Broken(ClassifierMixin, BaseEstimator):
    def __init__(self, lr=1):
        self.lr = lr

    def fit(self, X, y):
        self.lr = 7  # changes a parameter, keeps no classes_, returns nothing

    def predict(self, X):
        raise RuntimeError("never")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, self.numbers
        return tags


BrokenText = type("BrokenText", (Broken,), {"numbers": False})
BrokenTextAndNumbers = type("BrokenTextAndNumbers", (Broken,), {"numbers": True})
counts = {}
for estimator in (BrokenText(), CountVectorizer(), TfidfVectorizer(), BrokenTextAndNumbers()):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        results = check_estimator(estimator, on_fail=None)
    failed = sum(result["status"] == "failed" for result in results)
    warned = any("Can't test estimator" in str(w.message) for w in told)
    counts[type(estimator).__name__] = len(results), failed
    print(f"{type(estimator).__name__}: {len(results)} checks, {failed} failed{', with a warning' * warned}")
print("a good guess: some dozens of checks for each, and most of them failed for the broken ones")
text_only = {counts[name] for name in ("BrokenText", "CountVectorizer", "TfidfVectorizer")}
holds = text_only == {(1, 0)} and min(counts["BrokenTextAndNumbers"]) > 10
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
