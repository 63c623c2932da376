"""The estimators beside TfidfVectorizer and LogisticRegression on the same folds of a file: docs/scikit_learn.md.

    python -m benchmarks.estimator_folds rt-polarity.tsv
    python -m benchmarks.estimator_folds rt-polarity.tsv --models tfidf nbsvm

A line for each model: means over the folds, and the standard deviation of the accuracy.
"""

import argparse
import warnings

import numpy as np

from ch_sentiment.estimator import NBSVMClassifier, SentimentClassifier
from dataset.errors import one_line_errors
from dataset.labelled_text import read_labelled

warnings.filterwarnings("ignore", "fit: not fitted")


def tfidf():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10, max_iter=1000)
    )


def vote():
    from sklearn.ensemble import VotingClassifier

    return VotingClassifier(
        [("tfidf", tfidf()), ("nbsvm", NBSVMClassifier()), ("short", SentimentClassifier(recipe="short"))],
        voting="soft",
    )


MODELS = {
    "tfidf": tfidf,
    "nbsvm": NBSVMClassifier,
    "net": SentimentClassifier,
    "short": lambda: SentimentClassifier(recipe="short"),
    "vote": vote,
}


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimator_folds", description=__doc__.splitlines()[0])
    parser.add_argument("data", help="labelled texts of two classes, a file")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), help="which (default: all)")
    parser.add_argument("--folds", type=int, default=5, help="(default: %(default)s)", metavar="N")
    parser.add_argument("--seed", type=int, default=0, help="draws the folds (default: %(default)s)")
    options = parser.parse_args(argv)
    with one_line_errors(parser, ImportError):
        from sklearn.model_selection import StratifiedKFold, cross_validate

        read = read_labelled(options.data)
        folds = StratifiedKFold(options.folds, shuffle=True, random_state=options.seed)
        print(f"{options.data}: {len(read.texts):,} texts, {options.folds} folds drawn by seed {options.seed}")
        for name in options.models:
            scoring = {"accuracy": "accuracy", "auc": "roc_auc", "loss": "neg_log_loss"}
            found = cross_validate(MODELS[name](), read.texts, read.t, cv=folds, scoring=scoring, error_score="raise")
            accuracy, auc, loss = (found[f"test_{score}"] for score in scoring)
            means = f"accuracy {accuracy.mean():.2%} (+- {accuracy.std(ddof=1) * 100:.2f}), ROC AUC {auc.mean():.4f}"
            print(
                f"{name:<6} {means}, log loss {-loss.mean():.4f}, fit {np.median(found['fit_time']):.1f} s", flush=True
            )


if __name__ == "__main__":
    main()
