"""Estimators that one thread fits while another asks them."""

import threading

import numpy as np
import pytest

from benchmarks.torture.threads import switching_often
from ch_sentiment.estimator import NBSVMClassifier

TEXTS = ["good film", "bad film", "fine plot", "dull plot", "odd thing", "strange thing"] * 3


@pytest.fixture
def two_fits():
    """Estimators with two labels and with three, of other types."""
    two, three = (NBSVMClassifier(epochs=1, validation=0) for _ in range(2))
    with pytest.warns(UserWarning):
        return two.fit(TEXTS[:4], ["yes", "no"] * 2), three.fit(TEXTS, [5, 7, 9] * 6)


@pytest.mark.parametrize("ask", ["predict", "predict_proba", "decision_function"])
def test_an_answer_is_that_of_one_fit(two_fits, ask):
    asked, expected = NBSVMClassifier(), [getattr(each, ask)(TEXTS) for each in two_fits]
    stop, fits = threading.Event(), [(each.model_, each.classes_, 0, []) for each in two_fits]
    asked._have(*fits[0])

    def fit():
        while not stop.is_set():
            for fitted in fits:
                asked._have(*fitted)

    thread = threading.Thread(target=fit)
    with switching_often():
        thread.start()
        try:
            found = [getattr(asked, ask)(TEXTS) for _ in range(60)]
        finally:
            stop.set()
            thread.join()
    for answer in found:
        assert any(answer.shape == one.shape and np.array_equal(answer, one) for one in expected)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_partial_fit_beside_predictions_gives_what_it_gives_alone():
    weights = []
    for beside in (False, True):
        fitted = NBSVMClassifier().partial_fit(TEXTS, [0, 1] * 9)
        thread = threading.Thread(target=lambda one=fitted: [one.partial_fit(TEXTS, [0, 1] * 9) for _ in range(3)])
        thread.start()
        while beside and thread.is_alive():
            assert np.isfinite(fitted.predict_proba(TEXTS[:2])).all()
        thread.join()
        weights.append([p.tobytes() for p in fitted.model_.net.params])
    assert weights[0] == weights[1]
