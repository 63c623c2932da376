"""What the estimators share: they train by the experiment's `fit`, answer by its Classifier, and travel as its file."""

import io
import warnings
from dataclasses import replace

import numpy as np

from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.estimator import going_on
from ch_sentiment.estimator.base import BaseEstimator, NotFittedError, TextClassifierMixin
from ch_sentiment.estimator.columns import as_column, as_labels, as_texts, classes_named, distinct, names_of, with_label
from ch_sentiment.estimator.settings import from_plain, processes_of, seed_of, to_plain, weighted
from ch_sentiment.experiment import run
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.in_memory import as_weights
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.model import to_probabilities
from common.training.callback import Callback
from common.training.callbacks import EpochTable, Progress
from dataset.errors import DataError


class TextClassifier(TextClassifierMixin, BaseEstimator):
    """A classifier of texts in scikit-learn's form. A subclass has an `__init__` that stores its arguments.

    After `fit`: `classes_`, (C,) sorted labels, of the dtype fitted; `model_`, the Classifier, with which `explain`
    and all else of Sentifish works; `history_`, a dict for each epoch; `seed_`, what random_state came to.

    Texts and labels may be lists, arrays (object, str, StringDType), columns of a data frame, and frames of one column;
    labels are str, whole numbers or bool. DataError, a ValueError, for others, NotFittedError before `fit`.
    """

    recipe = None

    # -- fitting

    def fit(self, texts, labels, sample_weight=None):
        """Train on N texts and N labels; -> self. sample_weight: N numbers, 0 or above, what each counts in the loss.

        A pair that misses its text or label, or whose text has no word, is left out, with a warning. Where a label has
        one text alone, none are held out to validate.
        """
        texts, listed, options = as_column(texts, "texts"), as_column(labels, "labels"), self._options()
        classes, counts = distinct(as_labels(labels, with_label(texts, listed)))
        alone = options.get("validation") != 0 and 1 in counts and self._can_hold_out_none(options)
        options |= {"validation": 0.0} if alone else {}
        log, weights = _Log(), weighted(sample_weight, self.class_weight, listed)
        callbacks = [log, *self._shown()]
        model = run.fit(texts, listed, callbacks, sample_weight=weights, **options)
        if alone:
            warnings.warn("fit: a label has one text alone: no text is held out to validate", stacklevel=2)
        self._have(model, classes, options["seed"], log.rows)
        return self

    def partial_fit(self, texts, labels, classes=None, sample_weight=None):
        """Train on N texts for one epoch, all of them, going on from the weights; -> self.

        An estimator that is not fitted takes its vocabulary from these texts, and `classes`, all labels that will come
        (None: those of these texts), from the first call. Later on words that are new stay unknown, with a warning. No
        text is held out: neither an epoch is chosen nor a temperature; the one that `fit` has found stays.
        """
        if self.class_weight == "balanced":
            raise DataError(
                "class_weight: expected a dict or None for partial_fit, which sees some texts, got 'balanced'"
            )
        texts, listed, options = as_column(texts, "texts"), as_column(labels, "labels"), self._options()
        given = labels if classes is None else classes
        given, _ = distinct(as_labels(given, with_label(texts, listed) if classes is None else None))
        model, old_rows = None, []
        if self.__sklearn_is_fitted__():
            model, old_rows = self.model_, self.history_
            if classes is not None and names_of(given) != names_of(self.classes_):
                raise DataError(f"classes: expected those of before, {self.classes_.tolist()}, got {given.tolist()}")
            given = self.classes_
        of_pass = {**options, "seed": options["seed"] + len(old_rows)}  # another order of the texts in every pass
        log, weights = _Log(), weighted(sample_weight, self.class_weight, listed, given.tolist())
        callbacks = [log, *self._shown()]
        model = going_on.trained(model, texts, listed, names_of(given), weights, of_pass, callbacks)
        self._have(model, given, options["seed"], [*old_rows, *log.rows])
        return self

    def _options(self):
        """The options of `experiment.run.fit` by name."""
        options = {"recipe": self.recipe, **self.get_params(deep=False)}
        if options["recipe"] == "unlabelled":
            raise DataError(
                "recipe: expected one for labelled texts, got 'unlabelled' (`fit` of ch_sentiment.experiment)"
            )
        options |= {"processes": processes_of(self.processes), "seed": seed_of(self.random_state)}
        own = ["random_state", "verbose", *(["class_weight"] if isinstance(self.class_weight, dict) else [])]
        return {name: value for name, value in options.items() if value is not None and name not in own}

    @staticmethod
    def _can_hold_out_none(options):
        """Whether the options want no validation part."""
        try:
            run.check_config(config_of({**options, "validation": 0.0}))
        except DataError:
            return False
        return True

    def _shown(self):
        """-> callbacks that show a training, as `verbose` says. DataError where it is no number."""
        if not isinstance(self.verbose, (int, np.integer, np.bool_)):
            raise DataError(f"verbose: expected 0, 1 or 2, got {self.verbose!r}")
        return [*([EpochTable()] if self.verbose else []), *([Progress()] if self.verbose > 1 else [])]

    def _have(self, model, classes, seed, history):
        """Be fitted: at once, for another thread may ask meanwhile."""
        found = {"model_": model, "classes_": classes, "seed_": seed, "history_": history, "n_iter_": len(history)}
        vars(self).update(found)

    # -- answers

    def decision_function(self, texts):
        """-> (N,) float64, log(p / (1 - p)) of `classes_[1]`, of two classes; else (N, C), whose softmax are the
        probabilities: scores of the network, divided by the temperature where the model was calibrated.
        """
        return self._scores(texts, *self._fitted())

    def _scores(self, texts, model, classes):
        texts = as_texts(texts)
        order = [model.label_names.index(name) for name in names_of(classes)]
        two = len(order) == 2
        if not texts:
            return np.zeros((0,) if two else (0, len(order)))
        model.processes = processes_of(self.processes)
        scores = model.scores(model.encode(texts)).astype(np.float64) / model.temperature
        if scores.ndim == 1:
            return scores if order == [0, 1] else -scores
        scores = scores[:, order]  # (N, C)
        return scores[:, 1] - scores[:, 0] if two else scores

    def predict_proba(self, texts):
        """-> (N, C) float64 probabilities of `classes_`."""
        return to_probabilities(self.decision_function(texts))

    def predict(self, texts):
        """-> (N,) the most probable labels, of the dtype of `classes_`."""
        model, classes = self._fitted()
        scores = self._scores(texts, model, classes)
        return classes[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]

    def score(self, texts, labels, sample_weight=None):
        """-> share of right answers, weighted by sample_weight (N,). DataError for other numbers of texts and labels,
        a label that is missing, and str where numbers were fitted, or the reverse: they would be equal to none.
        """
        answers, listed = self.predict(texts), as_column(labels, "labels")
        if len(with_label(answers, listed)) < len(answers):
            raise DataError("labels: expected a label for each text, got one that is missing")
        labels = as_labels(labels)
        expected, got = ("str" if values.dtype.kind in "UO" else values.dtype.name for values in (answers, labels))
        if len(labels) and (expected == "str") != (got == "str"):
            raise DataError(f"labels: expected {expected}, as of `classes_`, got {got}")
        weights = None if sample_weight is None else as_weights(sample_weight, len(answers), slice(None))
        return float(np.average(answers == labels, weights=weights))

    def __sklearn_is_fitted__(self):
        return hasattr(self, "model_")

    def _fitted(self):
        """-> model_ and classes_, of one `fit`, whatever another thread fits meanwhile. NotFittedError."""
        self._check_fitted()
        state = dict(vars(self))
        return state["model_"], state["classes_"]

    def _check_fitted(self):
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"{type(self).__name__}: expected `fit`, `partial_fit` or `load` before, got none")

    # -- the file and the pickle

    def save(self, path):
        """Write the file that `sentifish predict` and every other command reads; raises as `Classifier.save`."""
        model, classes = self._fitted()
        plain = to_plain(self.get_params(deep=False), self.seed_)
        own = {"class": type(self).__name__, "labels": classes.dtype.str, "parameters": plain}
        replace(model, metrics={**model.metrics, "estimator": own}).save(path)

    @classmethod
    def load(cls, path):
        """-> an estimator from a file, or the folder of a training. Parameters and the type of the labels are those of
        the estimator that saved it; of a training by the command line the defaults, and str. CheckpointError.
        """
        model = Classifier.load(path)
        if cls.recipe == "nbsvm" and not isinstance(model.net, NBSVM):
            raise DataError(f"{path}: expected an NB-SVM, got {type(model.net).__name__} (SentimentClassifier.load)")
        self, dtype = cls(), "<U"
        match model.metrics.get("estimator"):
            case {"class": str(name), "labels": str(dtype), "parameters": {**parameters}}:
                if name == cls.__name__ and not set(parameters) - set(self.get_params()):
                    self.set_params(**from_plain(parameters))
        self._have(model, classes_named(model.label_names, dtype), None, [])
        return self

    def __getstate__(self):
        """Parameters and the bytes of the model's file: nothing in a pickle is code but the name of the class."""
        state = dict(vars(self))
        if "model_" in state:
            file = io.BytesIO()
            state["model_"].save(file)
            state |= {"model_": file.getvalue(), "classes_": state["classes_"].dtype.str}
        return state

    def __setstate__(self, state):
        vars(self).update(state)
        if "model_" in state:
            self.model_ = Classifier.load(io.BytesIO(state["model_"]))
            self.classes_ = classes_named(self.model_.label_names, state["classes_"])


class _Log(Callback):
    """Keeps the history of a training."""

    rows = ()

    def on_fit_end(self, trainer):
        self.rows = list(trainer.history)
