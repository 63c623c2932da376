#!/usr/bin/env bash
# scikit-learn: a string handed to fit through a grid search is cut into letters if it is as long as the texts are many.
# Version: scikit-learn 1.9.1, numpy 2.5.5 (metadata routing off, the default).
# Good guess: fit(texts, y, language="english") hands "english" on, whatever the number of texts.
# Seen: anything whose len() is the number of texts counts as one value per text and is split with them: with 7 texts
#   "english" reaches the folds' fits as ['i', 's', 'h'] and ['e', 'n', 'g', 'l'], and the last, refitting, one whole.
#   With 8 texts all get "english". cross_val_score(params=...) does the same.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.9.1 numpy==2.5.5

"$work/venv/bin/python" - <<'PY'
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, cross_val_score

told = []


class Classifier(ClassifierMixin, BaseEstimator):
    def __init__(self, lr=1):
        self.lr = lr

    def fit(self, X, y, language=None):
        told.append(language)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[0], len(X))


def languages(n, search):
    told.clear()
    search([f"text {i}" for i in range(n)], [i % 2 for i in range(n)])
    return told[:]


def grid(texts, y):
    GridSearchCV(Classifier(), {"lr": [1]}, cv=2).fit(texts, y, language="english")


def score(texts, y):
    cross_val_score(Classifier(), texts, y, cv=2, params={"language": "english"})


seven, eight, scored = languages(7, grid), languages(8, grid), languages(7, score)
print("7 texts, GridSearchCV.fit(..., language='english'), what each fit got:", seven)
print("8 texts, the same:", eight)
print("7 texts, cross_val_score(..., params={'language': 'english'}):", scored)
print("a good guess: 'english' each time")
cut = [["i", "s", "h"], ["e", "n", "g", "l"]]
holds = seven == [*cut, "english"] and eight == ["english"] * 3 and scored == cut
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
