"""The classifiers as scikit-learn has its own: `fit(texts, labels)`, `predict`, `predict_proba`, `score`."""

from ch_sentiment.estimator.nbsvm import NBSVMClassifier
from ch_sentiment.estimator.sentiment import SentimentClassifier

__all__ = ["NBSVMClassifier", "SentimentClassifier"]
