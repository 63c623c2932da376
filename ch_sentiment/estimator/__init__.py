"""The classifiers as scikit-learn has its own: `fit(texts, labels)`, `predict`, `predict_proba`, `score`."""
