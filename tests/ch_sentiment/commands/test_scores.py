"""What is said of a score: of which texts, beside what, what it hides, and what is left where a model abstains."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, call, lines_of

from ch_sentiment.commands.scores import class_table, never_answered, score_lines
from ch_sentiment.experiment.answering import report
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.run import fit

pytestmark = pytest.mark.usefixtures("here")
without_figures = pytest.mark.usefixtures("no_figures")
RARE = [("neg" if i % 30 == 0 else "pos", f"{('a', 'the')[i % 2]} good film number{i % 7}") for i in range(150)]


@pytest.fixture
def rare(write):
    """5 texts against 145 that nothing tells apart."""
    return write("rare.tsv", lines_of(RARE))


def scores_of(t, answers, names):
    return report(np.eye(len(names))[answers] * 0.8 + 0.2 / len(names), np.array(t), names)


@without_figures
def test_a_training_says_what_is_never_answered_and_what_everybody_reaches(rare, capsys):
    assert call("train", "--data", rare, *TINY, "--validation", "0.4", "--out", "r") == 0
    out = capsys.readouterr().out
    beside = '95% interval 88.64% to 99.08%; always answering "pos": 96.67%; by chance: 50.00%'
    assert f"accuracy 96.67% on 60 texts ({beside}), best epoch" in out
    assert "macro F1 0.4915, balanced accuracy 50.00%" in out
    assert re.search(r"^class +texts +precision +recall +F1\nneg +2 +- +0.0000 +0.0000\npos +58 +0.9667 ", out, re.M)
    said = 'no text was answered "neg" (2 of 60 are)'
    assert f"{said}; --class-weight balanced lets every class count the same\n" in out
    assert call("train", "--data", rare, *TINY, "--class-weight", "balanced", "--out", "b") == 0
    assert "--class-weight" not in capsys.readouterr().out
    assert json.loads(Path("b/config.json").read_text())["class_weight"] == "balanced"
    assert call("evaluate", "r", "--data", rare) == 0
    out = capsys.readouterr().out
    assert (
        re.search(r'^  95% interval +0.92\d\d to 0.98\d\d\n  always "pos" +0.9667\n  by chance +0.5000$', out, re.M)
        and 'F1 of "pos"' in out
    )
    assert 'no text was answered "neg" (5 of 150 are)\n' in out
    assert call("evaluate", "r", "--data", rare, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["never_answered"] == ["neg"] and found["per_class"]["neg"]["n"] == 5
    assert Classifier.load("r").metrics["validation"]["never_answered"] == ["neg"]


@without_figures
def test_a_last_epoch_that_was_the_best_is_said_with_what_goes_on(two, capsys):
    assert call("train", "--data", two, *TINY, "--lr", "0.01", "--keep-epoch", "best", "--out", "my run") == 0
    said = re.search(r"the last epoch was the best: more may be better \((.*)\)", capsys.readouterr().out)
    command, *rest = re.findall(r"'[^']+'|\S+", said[1])
    assert command == "sentifish" and rest == ["train", "--resume", "'my run'", "--epochs", "4"]
    assert call("train", "--resume", "my run", "--epochs", "4", "--quiet") == 0
    assert [row["epoch"] for row in json.loads(Path("my run/history.json").read_text())] == [1, 2, 3, 4]


@without_figures
def test_of_a_best_epoch_before_the_last_nothing_more_is_said(write, capsys):
    write("noise.tsv", lines_of([("ab"[i * i % 7 % 2], f"word{i}") for i in range(60)]))
    assert (
        call(
            "train", "--data", "noise.tsv", *TINY, "--epochs", "40", "--lr", "0.1", "--keep-epoch", "best", "--out", "r"
        )
        == 0
    )
    assert len(json.loads(Path("r/history.json").read_text())) < 40
    assert "the last epoch" not in capsys.readouterr().out


@without_figures
def test_a_training_chooses_how_sure_an_answer_must_be(write, capsys):
    rng = np.random.default_rng(0)
    labels = ["neg", "pos"] * 150
    own = {"neg": "bad", "pos": "good"}
    texts = [f"{own[label if rng.random() < 0.8 else 'pos']} film {rng.integers(50)}" for label in labels]
    write("d.tsv", lines_of(zip(labels, texts)))
    how = ["--data", "d.tsv", "--hidden", "8", "--wordvec", "8", "--lr", "0.02", "--quiet", "--validation", "0.3"]
    assert call("train", *how, "--calibrate", "--abstain", "0.95", "--out", "r") == 0
    out = capsys.readouterr().out
    line = re.search(
        r"^abstain: unsure below (\S+); on the 90 validation texts that chose it (\d+) \(.*\) are ", out, re.M
    )
    model = Classifier.load("r")
    assert line and "95% interval" in out and f"{model.abstain_below:.4g}" == line[1]
    found = model.metrics["abstention"]
    assert found["wanted"] == 0.95 and found["found"]["accuracy"] >= 0.95 and found["n"] == 90
    assert 0 < found["found"]["answered"] == int(line[2]) < 90
    assert model.metrics["validation"]["abstain"] == found["found"]
    assert call("inspect", "r") == 0
    assert f"\nabstain_below: {model.abstain_below}\n" in capsys.readouterr().out
    assert call("predict", "r", "bad film", "good film") == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("neg\t")
    p = model.predict_proba(["good film"]).max()
    assert call("predict", "r", "good film", "--json") == 0
    assert json.loads(capsys.readouterr().out)["unsure"] is bool(p < model.abstain_below)
    assert call("predict", "r", "good film", "--json", "--abstain-below", "0") == 0
    assert "unsure" not in capsys.readouterr().out


@without_figures
def test_where_no_threshold_will_do_that_is_said(rare, write, capsys):
    alike = write(
        "alike.tsv", lines_of([("ab"[i % 2], "the same words" + " again" * (i % 4 // 2)) for i in range(120)])
    )
    assert call("train", "--data", alike, *TINY, "--abstain", "0.99", "--validation", "0.5", "--out", "r") == 0
    said = (
        "abstain: no threshold has 99% of its answers right on the 60 validation texts that chose it, so every text is"
    )
    assert said in capsys.readouterr().out and Classifier.load("r").abstain_below is None
    assert (
        call("train", "--data", rare, *TINY, "--abstain", "0.9", "--validation", "0.4", "--out", "s") == 0
    )  # what all of them reach
    assert "abstain: unsure below 0; on the" in capsys.readouterr().out and Classifier.load("s").abstain_below == 0


@pytest.mark.parametrize("share", ["0", "95", "-0.5", "95%", "nan"])
def test_a_share_that_is_none_is_one_line(two, share, capsys):
    assert call("train", "--data", two, *TINY, "--abstain", share) == 2
    assert "--abstain: expected a share above 0, up to 1, got" in capsys.readouterr().err


def test_fit_chooses_it_too():
    model = fit(
        [text for _, text in RARE],
        [label for label, _ in RARE],
        hidden=4,
        wordvec=4,
        epochs=1,
        abstain=0.9,
        validation=0.4,
    )
    assert model.abstain_below == 0


def test_more_classes_have_no_F1_of_their_own_and_the_table_of_many_is_cut_at_the_worst():
    names = [f"class {i}" for i in range(30)]
    t = np.repeat(np.arange(30), 4)
    answers = np.where(t % 3 == 0, 0, t)  # no third class is ever answered but the first
    found = scores_of(t, answers, names)
    lines = score_lines(found).splitlines()
    assert any(line.startswith("macro F1") for line in lines) and not any(line.startswith("F1 ") for line in lines)
    table = class_table(found).splitlines()
    assert len(table) == 31 and table[1].split() == ["class", "0", "4", "0.1000", "1.0000", "0.1818"]
    cut = class_table(found, 20).splitlines()
    assert len(cut) == 22 and cut[-1] == "... and 10 classes of a higher F1 (sentifish evaluate shows all)"
    assert [line.split()[1] for line in cut[1:11]] == [*map(str, range(3, 30, 3)), "0"]
    (said,) = never_answered(found)
    assert said.startswith('no text was answered "class 3" (4 of 120 are), "class 6" (4 of 120 are), ')
    assert said.endswith(" and 4 more classes")


def test_what_is_divided_by_nothing_is_a_dash_and_labels_are_printed_harmlessly():
    names = ["\x1b[31mred\n", "b", "no text has this"]
    lines = score_lines(scores_of([0, 0, 1], [1, 1, 1], names))
    assert "\x1b" not in lines and '  always " [31mred "' in lines
    rows = {
        line.rsplit(maxsplit=4)[0].strip(): line.split()[-4:]
        for line in class_table(scores_of([0, 0, 1], [1, 1, 1], names)).splitlines()
    }
    assert rows["[31mred"] == ["2", "-", "0.0000", "0.0000"]
    assert rows["no text has this"] == ["0", "-", "-", "-"]
    assert 'no text was answered " [31mred " (2 of 3 are)' in lines and '"no text has this" (' not in lines


def test_of_a_class_that_neither_texts_nor_answers_have_there_is_no_f1():
    of_one = scores_of([0, 0], [0, 0], ["ham", "spam"])
    assert re.search(r'^F1 of "spam" +-$', score_lines(of_one), re.M)
    answered = scores_of([0, 0], [0, 1], ["ham", "spam"])
    assert re.search(r'^F1 of "spam" +0\.0000$', score_lines(answered), re.M)
