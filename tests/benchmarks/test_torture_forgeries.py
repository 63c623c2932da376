"""Files in which all sizes and checksums fit, and which are no model: refused, or valid, without much memory."""

import pytest

from benchmarks.torture import forgeries
from benchmarks.torture.forged import FORGERIES
from ch_sentiment.experiment import build
from common.arrays.unfilled import Unfilled, unfilled


def test_200_consistent_forgeries_are_refused_or_valid_and_take_twice_their_size_at_most(tmp_path):
    figures = forgeries.of_models(tmp_path, 200)
    assert figures["models"] == 200 and figures["refused"] > 100 and figures["a valid model"] > 10
    assert len(FORGERIES) * len(forgeries.models()) <= 200  # each kind of each model


def test_a_reader_that_takes_memory_first_is_found_out(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ShapesOnly", Unfilled)
    monkeypatch.setattr(build.Room, "__init__", _with_memory)
    with pytest.raises(AssertionError, match="bytes of memory for a file of"):
        forgeries.of_models(tmp_path, 200)


def _with_memory(room, numbers, arrays, dtype, rng=None):
    room.numbers, room.arrays, room.dtype, room.rng = numbers, arrays, dtype, rng or unfilled(Unfilled)
