"""`sentifish inspect` says what is in a file, whatever stands there, and believes none of it."""

import json

import numpy as np
import pytest

from benchmarks.torture.forge import Parts, small_model
from ch_sentiment.__main__ import main
from common.files.checkpoint import save_arrays


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.npz"
    small_model(path)
    return path


def test_inspect_shows_what_a_model_is(model, capsys):
    for path in (model, model.parent):
        assert main(["inspect", str(path)]) == 0
        told = capsys.readouterr().out
        for said in ("format 2", "sentifish 0.1.0", "kind: sentifish classifier", "cell: gru", "words: 100", '"odd"'):
            assert said in told
        assert "embed.W: <f4 of shape (102, 128), sha256 " in told and told.endswith("state: every checksum fits\n")
        assert f"{model.stat().st_size:,} bytes" in told


def test_json_shows_the_same(model, capsys):
    assert main(["inspect", str(model), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["meta"]["words"] == 100 and told["meta"]["net"]["vocab_size"] == 102
    assert told["arrays"][0]["shape"] == [102, 128] and told["state"] == "every checksum fits"


@pytest.mark.parametrize("how", [[], ["--json"]])
def test_of_a_damaged_file_it_shows_what_it_can_and_exits_with_2(model, capsys, how):
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    assert main(["inspect", str(model), *how]) == 2
    out, err = capsys.readouterr()
    assert "sentifish classifier" in out and "its checksum does not fit its contents" in out
    assert err.startswith(f"sentifish inspect: {model}: array ") and len(err.splitlines()) == 1
    model.write_bytes(content[:-1])
    assert main(["inspect", str(model), *how]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert main(["inspect", str(model.with_name("none.npz")), *how]) == 2


@pytest.mark.parametrize("how", [[], ["--json"]])
def test_nothing_in_it_is_obeyed(model, capsys, how):
    evil = "\x1b[2J\x07\u202e\ud800\nstate: fine" + 1000 * "x"
    parts = Parts.of(model.read_bytes())
    content = parts.content
    content["library"] = evil
    content["meta"] = {"kind": evil, evil: [evil], "net": {evil: evil}, "label_names": [evil], "words": evil, "n": 3}
    model.write_bytes(parts.assemble(json.dumps(content).encode()))
    assert main(["inspect", str(model), *how]) == 0
    out = capsys.readouterr().out
    assert all(line.isprintable() and len(line) < 20_000 for line in out.splitlines()) and "\nstate: fine" not in out


def test_any_kind_of_checkpoint_will_do(model, capsys):
    for meta in ([1, "x"], {}, "text", 3, {"kind": "other", "words": 3}):
        save_arrays(model, {"W": np.ones(3)}, meta)
        assert main(["inspect", str(model)]) == 0
        assert "W: <f8 of shape (3,)" in capsys.readouterr().out
