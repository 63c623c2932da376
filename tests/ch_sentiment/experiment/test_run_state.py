"""What a command goes on with: options, net and training of one file describe one training, or nothing is touched."""

import copy
import json
import re
from pathlib import Path

import pytest
from conftest import TINY, TWO, call, lines_of

import ch_sentiment.commands.train
import ch_sentiment.experiment.run_folder
from ch_sentiment.experiment.option import check_saved
from ch_sentiment.experiment.options import FIELDS, Config
from ch_sentiment.experiment.recipes import RECIPES
from ch_sentiment.experiment.run_state import sealed
from common.files.checkpoint import load_checkpoint, save_arrays
from common.training.callback import Callback
from dataset.errors import DataError

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def run(two, capsys, monkeypatch):
    """A folder with a training that has ended after two epochs; -> arrays, meta of its last.npz."""
    monkeypatch.setattr(ch_sentiment.experiment.run_folder, "write_figures", lambda *a: None)
    assert call("train", "--data", two, *TINY, "--batch-size", "16", "--out", "r") == 0
    capsys.readouterr()
    return load_checkpoint("r/last.npz")


def edited(meta, place, value):
    """A copy with another value at "position/step", its settings sealed again."""
    meta = inner = copy.deepcopy(meta)
    *way, last = [int(part) if part.isdigit() else part for part in place.split("/")]
    for key in way:
        inner = inner[key]
    inner[last] = value
    about = {name: inner for name, inner in meta["about"].items() if name != "settings"}
    return {**meta, "about": sealed(about)}


def files():
    return {str(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(Path("r").rglob("*")) if p.is_file()}


WRONG = {
    "about/options/batch_size": [None, True, 0, 2.5, "16", [16], 2**31, 8, 40],
    "about/options/epochs": ["3", 0, None, True, 2.5, -1, 10**400],
    "about/options/lr": [None, 0, -0.1, "x", True, 0.5],
    "about/options/optimizer": ["lbfgs", None, 3, "adagrad"],
    "about/options/cell": ["gru", "none", None, 3, "os:system"],
    "about/options/hidden": [5, "4", 10**9],
    "about/options/clip": ["1", True, -1, []],
    "about/options/average": [1, 0.5, 0, None],
    "about/options/pool": ["max", "x", None],
    "about/options/wide": [True, 0, None],
    "about/options/model": ["bow", "nbsvm", "x", None],
    "about/options/seed": [-1, 2.5, "0", None],
    "about/options/dropout": [1, -0.5, 0.25, None, True],
    "about/options/teacher": ["a", [1], {}],
    "about/options/data": [None, 3, "", "nowhere"],
    "about/options/quiet": [1, None, "yes"],
    "about/options/validation": [0.3, 0, "x", 1.0],
    "about/options": [None, [], {"colour": 1}],
    "about/net/num_classes": [3, True, 0, 10**400],
    "about/net/cell": ["gru", None],
    "about/net/softmax": [True, 0],
    "about/net": [None, [], {}],
    "about/model": ["NBSVM", None, 3],
    "about/words": [None, [], ["x"]],
    "about/data": [None, "x"],
    "position/step": [-2, 3, 5, 2.5],
    "position/epoch": [1, 3, -1],
    "history": [[]],
    "history/1/lr": [0.5, None],
    "history/0/average": [0.5, None],
    "optimizer/numbers/lr": [None, 0.5, -1],
    "optimizer/numbers/iter": [5, None, 2.5],
    "optimizer/numbers/beta1": [0.5, 1],
    "callbacks/0/memory/base": [None, 0.5],
    "callbacks/0/memory/first": [1, None],
    "callbacks/1/memory/steps": [5],
}


@pytest.mark.parametrize("of", ["about/options", "about/[nmwd]", "[phoc]"])
def test_a_value_that_the_training_did_not_have_is_refused_and_no_file_is_touched(said, run, of):
    arrays, meta = run
    for place, value in [(name, value) for name in WRONG if re.match(of, name) for value in WRONG[name]]:
        save_arrays("r/last.npz", arrays, edited(meta, place, value))
        before = files()
        line = said("train", "--resume", "r")
        assert line[:-1].isprintable(), (place, value)
        assert files() == before, (place, value, line)


def test_a_setting_that_leaves_no_trace_is_refused_by_its_sha256_and_older_files_have_none(said, run):
    arrays, meta = run
    for name, value in (
        ("clip", 2.0),
        ("patience", 5),
        ("schedule", "cosine"),
        ("batch_size", 15),
        ("calibrate", True),
    ):
        about = {**meta["about"], "options": {**meta["about"]["options"], name: value}}
        save_arrays("r/last.npz", arrays, {**meta, "about": about})
        before = files()
        assert "r/last.npz: expected the settings that the training began with" in said("train", "--resume", "r")
        assert files() == before
    without = {name: value for name, value in meta["about"].items() if name != "settings"}
    save_arrays("r/last.npz", arrays, {**meta, "about": without})
    assert call("train", "--resume", "r", "--epochs", "3") == 0


def test_what_recipes_and_defaults_set_may_stand_in_a_file():
    for settings in [{}, *(recipe.settings for recipe in RECIPES.values())]:
        for name, value in json.loads(json.dumps(Config.of(settings).by_name())).items():
            check_saved(FIELDS[name], value)
    for name, value in (("teacher", ["a", "b"]), ("split_seed", 7), ("limit", None), ("lr", 1)):
        check_saved(FIELDS[name], value)
    with pytest.raises(DataError, match=r"^--lr: expected a number, got None$"):
        check_saved(FIELDS["lr"], None)


class Stop(Callback):
    """Ends a training as Ctrl-C twice would."""

    def on_step_start(self, trainer):
        if trainer.step == 2:
            raise KeyboardInterrupt


def test_a_self_training_whose_files_were_changed_is_refused(said, two, write, monkeypatch, capsys):
    write("more.txt", "".join(f"{text} unseen{i}\n" for i, (_, text) in enumerate(TWO)))
    how = ["--unlabelled", "more.txt", *TINY, "--confidence", "0.5", "--class-balance", "none", "--validation", "0.3"]
    with monkeypatch.context() as patched:
        stops = lambda config, data: ([Stop()] if data.labelled else [], None)  # noqa: E731
        patched.setattr(ch_sentiment.commands.train, "callbacks_of", stops)
        assert call("train", "--data", two, *how, "--model", "bow", "--out", "r") == 130
    capsys.readouterr()

    def refused(path, name):
        before = files()
        code, err = call("train", "--resume", "r"), capsys.readouterr().err
        assert code == 2 and name in err.splitlines()[-1] and files() == before, (path, err)

    path = Path("r/self_training.json")
    good, state = path.read_text(), json.loads(path.read_text())
    assert state["done"] == ["round-0/nbsvm", "round-0/bow"]
    older = {name: value for name, value in state.items() if name != "settings"}
    for value in (
        *(older | {"options": value} for value in (3, {"colour": 1}, older["options"] | {"lr": "x"})),
        *(older | {"done": done} for done in (["../x"], state["done"][1:], state["done"] * 2, "x", [1], None)),
        *(older | {"data": value} for value in (3, "x")),
        *(older | {"teachers": value} for value in ({"a": "b"}, None, {"a": 1})),
        *([], None, 3, {}, older | {"more": 1}, state | {"settings": 3}),
        state | {"options": state["options"] | {"lr": 0.5}},
    ):
        path.write_text(json.dumps(value))
        refused(path, "self")
    path.write_text(good)
    rows = Path("r/round-0/bow/history.json")
    good = rows.read_text()
    for value in ("[1]", "{}", "x", "[" * 100_000, '[{"epoch": 1}]'):
        rows.write_text(value)
        refused(rows, "history.json: ")
    rows.write_text(good)
    arrays, meta = load_checkpoint("r/round-1/labels.npz")
    for other, more in (
        *(({"index": index}, {}) for index in (arrays["index"] - 1, arrays["index"][:-1], arrays["index"] * 1.0)),
        *(({"targets": targets}, {}) for targets in (arrays["targets"] * 2, arrays["targets"].T)),
        *(({}, {name: None}) for name in ("number", "n", "teachers", "accuracy", "texts", "chosen")),
        *(({}, more) for more in ({"number": 2}, {"reference": "nobody"}, {"kept": "x"}, {"chosen": {"neg": 1}})),
        *(({}, {"teachers": value}) for value in ({}, {"nobody": 0.5}, {"round-0/bow": "x"})),
        ({"before": arrays["before"] - 5}, {}),
        ({"more": arrays["before"]}, {}),
    ):
        save_arrays("r/round-1/labels.npz", arrays | other, meta | more)
        refused(more or other, "labels.npz: ")
    save_arrays("r/round-1/labels.npz", arrays, meta)
    path.write_text(json.dumps(older))
    assert call("train", "--resume", "r", "--quiet") == 0


def test_a_pretraining_whose_settings_were_changed_is_refused(said, write, capsys):
    write(
        "texts.txt", lines_of([(str(i), f"{text} text{i}") for i, (_, text) in enumerate(TWO * 8)]).replace("\t", " ")
    )
    how = ["--hidden", "4", "--wordvec", "4", "--epochs", "1", "--quiet", "--validation", "0.2", "--out", "r"]
    how += ["--batch-size", "4"]
    assert call("pretrain", "texts.txt", *how) == 0
    capsys.readouterr()
    arrays, meta = load_checkpoint("r/last.npz")
    for place, value in (
        *(("about/options/data", value) for value in (None, "x", [], [1])),
        *(("about/options/steps", value) for value in (None, 0, "5", 10**30)),
        *(("about/options/batch_size", value) for value in (None, 1, 2.5)),
        *(("about/options/cell", value) for value in ("gru", "os:system", None)),
        *(("about/options/lr", value) for value in (None, 0.5, True)),
        *(("about/options", value) for value in (None, [], {})),
        ("about/words", None),
        ("about/texts", 3),
        ("position/step", 99),
    ):
        save_arrays("r/last.npz", arrays, edited(meta, place, value))
        before = files()
        said("pretrain", "--resume", "r", "--epochs", "2")
        assert files() == before
    about = {**meta["about"], "options": {**meta["about"]["options"], "clip": 2.0}}
    save_arrays("r/last.npz", arrays, {**meta, "about": about})
    assert "expected the settings that the training began with" in said("pretrain", "--resume", "r")
    save_arrays("r/last.npz", arrays, meta)
    assert call("pretrain", "--resume", "r", "--epochs", "2", "--quiet") == 0
