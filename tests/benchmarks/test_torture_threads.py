"""benchmarks.torture threads, in short: 8 threads on one model get the bits that one thread gets, whatever they ask."""

import warnings

import numpy as np
import pytest

from benchmarks.torture import threads

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # the estimators are hardly trained
    KINDS = {name: threads.questions(model) for name, model in threads.classifiers().items()} | threads.others()


@pytest.mark.parametrize("kind", KINDS)
def test_eight_threads_get_what_one_gets(kind):
    assert threads.differing(KINDS[kind], calls=10) == 0


def test_answers_that_differ_are_found():
    numbers = iter(range(10_000))
    assert threads.differing([lambda: np.array(next(numbers))], threads=2, calls=5) == 10


def test_an_error_in_a_thread_is_found():
    first = [np.zeros(1)]
    with pytest.raises(AssertionError, match="IndexError"):
        threads.differing([first.pop], threads=2, calls=1)
