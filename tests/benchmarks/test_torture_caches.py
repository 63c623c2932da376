"""benchmarks.torture caches, in short: whatever lies in the place of a cache, a start gets what it gets without one."""

import contextlib

import numpy as np
import pytest

from benchmarks.torture import caches
from benchmarks.torture.odd_files import ODD
from benchmarks.torture.time_limit import TooLong, time_limit


@pytest.mark.parametrize("name", caches.CACHES)
def test_what_lies_in_the_place_of_a_cache_changes_nothing(name):
    with caches.made(name, 2) as (file, answer):
        assert caches.turn_bits(file, answer, every=11) > 60
        assert caches.put_odd_things(file, answer) > len(ODD)
        assert caches.mutate(np.random.default_rng(0), file, answer, 30, float("inf")) == 30


def test_what_a_cache_must_not_do_is_found(monkeypatch):
    def fail(error):
        raise error

    monkeypatch.setattr(caches, "LIMIT", 1)
    for answer in (lambda: 2, lambda: fail(OSError()), lambda: fail(Warning()), lambda: fail(TooLong())):
        with pytest.raises(AssertionError):
            caches.check(answer, 1, "this")
    with contextlib.suppress(AttributeError), pytest.raises(TooLong), time_limit(0.01):
        while True:
            pass
