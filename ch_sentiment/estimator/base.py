"""What an estimator inherits: scikit-learn's base classes where it is installed, else what little of them is needed.

ClassifierMixin stands before BaseEstimator: in the other order scikit-learn takes the estimator for no classifier, and
its cross-validation no longer has every class in its share.
"""

import inspect

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.metadata_routing import UNUSED
except ImportError:  # the extra `sklearn`: all that is ours works without it
    UNUSED = None

    class NotFittedError(ValueError, AttributeError):
        """An estimator was asked before it was fitted."""

    class ClassifierMixin:
        """Marks a classifier."""

        _estimator_type = "classifier"

    class BaseEstimator:
        """Parameters by the names of the arguments of `__init__`, which stores each as it is."""

        def get_params(self, deep=True):
            """-> parameters by name. deep: of no meaning, since no parameter is an estimator."""
            names = sorted(set(inspect.signature(type(self)).parameters))
            return {name: getattr(self, name) for name in names}

        def set_params(self, **params):
            """-> self, with other values of some parameters. ValueError for a name that is none."""
            valid = self.get_params()
            for name in params:
                if name not in valid:
                    raise ValueError(f"{type(self).__name__}: expected parameters of {', '.join(valid)}, got {name}")
            vars(self).update(params)
            return self

        def __repr__(self):
            given = {name: value for name, value in self.get_params().items() if value is not None}
            return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"


DATA, TEXTS = {"texts": UNUSED, "labels": UNUSED}, {"texts": UNUSED}


class TextClassifierMixin(ClassifierMixin):
    """A classifier whose input is a list of texts, and what scikit-learn should know of that."""

    # Texts and labels are the data: metadata routing hands on `sample_weight` alone (and `classes` of partial_fit).
    __metadata_request__fit = __metadata_request__partial_fit = __metadata_request__score = DATA
    __metadata_request__predict = __metadata_request__predict_proba = TEXTS
    __metadata_request__decision_function = TEXTS

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags
