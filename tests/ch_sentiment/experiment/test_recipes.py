"""A recipe takes the place of the defaults, what is typed takes the place of the recipe's, and each of them trains."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import TWO, call, lines_of

import ch_sentiment.experiment.build
import ch_sentiment.experiment.run_folder
from ch_sentiment.experiment.auto import ABOUT
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.options import FIELDS, Config
from ch_sentiment.experiment.recipes import RECIPES, config_of
from dataset.errors import DataError

DOCS = Path(__file__).parents[3].joinpath("docs", "recipes.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ch_sentiment.experiment.run_folder, "write_figures", lambda *a: None)  # slow


def config(folder):
    return json.loads(Path(folder, "config.json").read_text())


def test_what_is_typed_wins_over_the_recipe_and_the_recipe_over_the_defaults():
    options = config_of({"recipe": "keras-bilstm", "hidden": 7, "bidirectional": False}).by_name()
    recipe = Config.of(RECIPES["keras-bilstm"].settings).by_name()
    assert (options["hidden"], options["bidirectional"], options["recipe"]) == (7, False, "keras-bilstm")
    assert all(options[name] == recipe[name] for name in set(FIELDS) - {"hidden", "bidirectional", "recipe"})
    assert config_of({"hidden": 7}) == Config.of(hidden=7)
    with pytest.raises(DataError, match="--recipe: expected one of default, short, best"):
        config_of({"recipe": "alchemy"})


def test_what_is_changed_is_what_differs_from_the_defaults():
    for recipe in RECIPES.values():
        config = Config.of(recipe.settings)
        assert Config.of(config.changes()) == config and config.changes().items() <= recipe.settings.items()
        assert not config.changes().items() & Config().by_name().items()


def test_recipes_lists_all_and_shows_the_settings_of_one(capsys):
    assert call("recipes") == 0
    listed = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert listed == {"auto": ABOUT, **{name: recipe.about for name, recipe in RECIPES.items()}}
    assert call("recipes", "auto") == 0 and capsys.readouterr().out == f"{ABOUT}\n"
    for name, recipe in RECIPES.items():
        assert call("recipes", name) == 0
        about, *settings = capsys.readouterr().out.splitlines()
        shown = dict(re.fullmatch(r"  (\w+) = (.+)", line).groups() for line in settings)
        assert about == recipe.about
        assert shown == {name: str(value) for name, value in Config.of(recipe.settings).changes().items()}
    assert call("recipes", "alchemy") == 2 and "expected one of" in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "victor-zhou"])
def test_each_trains_from_one_command_and_config_has_the_recipe_and_what_was_used(name):
    Path("v.txt").write_text("good 1 2 3\nbad -1 0.5 4\n")
    Path("two.tsv").write_text(lines_of(TWO))
    Path("more.txt").write_text("".join(f"a good bad film {i}\n" for i in range(20)))
    files = ["--embedding", "v.txt"] if RECIPES[name].settings.get("embedding") else []
    files += ["--unlabelled", "more.txt"] if name == "unlabelled" else []
    typed = ["--data", "two.tsv", "--hidden", "3", "--epochs", "1", "--quiet", "--out", "r", *files]
    assert call("train", "--recipe", name, *typed) == 0
    used, recipe = config("r"), Config.of(RECIPES[name].settings).by_name()
    assert (used["recipe"], used["data"], used["hidden"], used["epochs"]) == (name, "two.tsv", 3, 1)
    free = {"recipe", "data", "hidden", "epochs", "quiet", "out", "embedding", "unlabelled"}
    assert all(used[key] == value for key, value in recipe.items() if key not in free)
    model = Classifier.load("r")
    assert model.keep == recipe["keep"]
    if recipe["model"] != "recurrent":
        return
    net = model.net.config.get("net", model.net.config)  # of one with --wide: that beside the linear part
    assert recipe["wide"] == ("linear" in model.net.config)
    assert net["pool"] == recipe["pool"] and net["pair_size"] == recipe["pairvec"]
    assert all(net[key] == recipe[key] for key in ("dropout", "embed_dropout", "softmax"))
    assert ("embed.W" in model.net.param_names) is not recipe["freeze_embedding"]


@pytest.mark.parametrize("seed", [0, 1])
def test_victor_zhou_learns_all_held_out_phrases(seed, capsys):
    assert call("train", "--recipe", "victor-zhou", "--seed", seed, "--quiet", "--out", "r") == 0
    assert "test accuracy 100.00% on 20 texts" in capsys.readouterr().out
    model = Classifier.load("r")
    np.testing.assert_array_equal(model.net.words.embed.params[0], np.eye(19))  # 17 words, padding and unknown
    assert model.net.head.params[1].shape == (2,) and model.net.config["cell"] == "rnn"


def test_one_hot_words_are_few(capsys, monkeypatch):
    monkeypatch.setattr(ch_sentiment.experiment.build, "MOST_ONE_HOT", 10)
    assert call("train", "--embedding", "one-hot", "--quiet") == 2
    assert "--embedding one-hot: expected at most 10 words" in capsys.readouterr().err


def test_a_switch_of_a_recipe_can_be_turned_off():
    Path("two.tsv").write_text(lines_of(TWO))
    how = ["--no-bidirectional", "--no-softmax", "--hidden", "3", "--epochs", "1", "--quiet", "--out", "r"]
    assert call("train", "--recipe", "keras-bilstm", "--data", "two.tsv", *how) == 0
    assert config("r")["bidirectional"] is False and Classifier.load("r").net.config["bidirectional"] is False


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_schedule_reaches_the_learning_rate(schedule):
    how = ["--data", "phrases-small", "--hidden", "3", "--epochs", "5", "--patience", "5", "--schedule", schedule]
    assert call("train", *how, "--quiet", "--out", "r") == 0
    rates = [row["lr"] for row in json.loads(Path("r/history.json").read_text())]
    assert (rates[-1] < 0.4 * rates[1]) is (schedule == "cosine")


def test_clipping_by_element_reaches_the_gradients():
    how = ["--data", "phrases-small", "--hidden", "3", "--epochs", "1", "--optimizer", "sgd", "--lr", "1", "--quiet"]
    moved = []
    for limit in ("1e-6", "1e-3"):
        assert call("train", *how, "--clip-value", limit, "--out", limit) == 0
        moved.append(abs(Classifier.load(limit).net.head.params[1]).max())
    assert moved[0] <= 2e-6 and 2e-6 < moved[1] <= 2e-3  # two steps of at most lr * limit


@pytest.mark.parametrize(
    ("more", "recipe"), [([], "transformer"), (["--recipe", "default"], "default"), (["--recipe", "short"], "short")]
)
def test_a_transformer_starts_from_its_recipe_where_no_other_is_typed(more, recipe, capsys):
    Path("two.tsv").write_text(lines_of(TWO))
    how = ["--hidden", "4", "--epochs", "1", "--no-bidirectional", *more, "--out", "r"]
    assert call("train", "two.tsv", "--cell", "transformer", *how) == 0
    said = "--cell transformer: the settings of --recipe transformer (else --recipe default)"
    assert (said in capsys.readouterr().out) == (not more)
    wanted = Config.of(RECIPES[recipe].settings)
    assert config("r")["recipe"] == recipe and config("r")["cell"] == "transformer"
    assert (config("r")["dropout"], config("r")["patience"]) == (wanted.model.dropout, wanted.training.patience)
    assert config_of({"cell": "transformer", "recipe": None}) == config_of({"recipe": "transformer"})


def test_the_page_on_recipes_describes_each_and_gives_its_command():
    for name in RECIPES:
        assert f"\n## {name}\n" in DOCS and f"sentifish train --recipe {name}" in DOCS
