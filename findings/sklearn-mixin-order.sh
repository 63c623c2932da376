#!/usr/bin/env bash
# scikit-learn: a classifier that inherits from BaseEstimator before ClassifierMixin is, silently, no classifier.
# Version: scikit-learn 1.9.1, numpy 2.5.5.
# Good guess: both orders of the base classes are a classifier (ClassifierMixin says so), or one of them is an error.
# Seen: class Mine(BaseEstimator, ClassifierMixin) has fit, predict and score, and answers; is_classifier() is False,
#   so cv=2 takes folds that are not stratified, of sorted labels one class each: accuracy 0.0 where the other order has
#   1.0. No warning. check_estimator tells (check_mixin_order), but not of an estimator tagged as taking strings.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.9.1 numpy==2.5.5

"$work/venv/bin/python" -W error - <<'PY'
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, is_classifier
from sklearn.model_selection import cross_val_score


class Nearest:
    """The class of the nearest mean."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.means_ = np.array([X[y == c].mean() for c in self.classes_])
        return self

    def predict(self, X):
        return self.classes_[np.abs(X - self.means_).argmin(axis=1)]


class Mine(Nearest, BaseEstimator, ClassifierMixin):
    pass


class Usual(Nearest, ClassifierMixin, BaseEstimator):
    pass


X = np.append(np.arange(10.0), np.arange(100.0, 110))[:, None]
y = np.repeat(["low", "high"], 10)  # sorted, as files often are
scores = {kind.__name__: cross_val_score(kind(), X, y, cv=2).tolist() for kind in (Mine, Usual)}
print("good guess: both are classifiers, with the same scores")
print(f"seen: is_classifier {is_classifier(Mine())} and {is_classifier(Usual())}, accuracies {scores}")
holds = not is_classifier(Mine()) and is_classifier(Usual()) and scores == {"Mine": [0, 0], "Usual": [1, 1]}
print("HOLDS" if holds else "CHANGED")
raise SystemExit(not holds)
PY
