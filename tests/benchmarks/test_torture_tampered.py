"""benchmarks.torture tampered, in short: a saved training with one value changed is refused, or the same training."""

import json

import pytest

from benchmarks.torture import tampered, tampering


@pytest.mark.parametrize(("name", "count"), [("lstm", 30), ("self-training", 5), ("language model", 5)])
def test_a_changed_value_is_refused_or_leads_to_the_same_model(name, count):
    figures = tampered.run(5, print, [name], count=count)
    assert figures["changes"] == figures["refused"] + figures["the same"] + figures["free"] == count
    assert figures["refused"] >= count // 2


def test_every_leaf_of_a_json_value_is_changed_removed_and_swapped():
    value = {"a": 1, "b": [2.5, {"c": None}], "d": "x"}
    changes = list(tampering.changed_json(value))
    places = {place for place, _ in changes}
    assert {
        "/a",
        "/a removed",
        "/a swapped",
        "/b/0",
        "/b/1/c",
        "/b/1/c removed",
        "/b longer",
        "/d",
        "/more added",
    } <= places
    assert all(json.dumps(new) != json.dumps(value) for _, new in changes)
    assert value == {"a": 1, "b": [2.5, {"c": None}], "d": "x"}


def test_what_is_accepted_and_differs_is_found(tmp_path):
    with tampered.no_figures():
        folder = tmp_path / "lstm"
        tampered.begin("lstm", folder)
        path = folder / "run" / "last.npz"
        assert tampered.judge("train", folder, path, "about", bytes, None) == "refused"
        with pytest.raises(AssertionError, match="a silent difference"):
            tampered.judge("train", folder, path, "about", path.read_bytes, None)
