"""`sentifish speeches`: no word is lost, shares add up to 100, files hold what is told, bad files are one line."""

import csv
import io
import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import call

from ch_sentiment.commands.speeches import RESULTS
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.speeches.figure import share_bars, speech_line, speech_lines
from ch_sentiment.speeches.reading import limits_of, with_neighbours

DATA = os.environ.get("SENTIFISH_TEST_DATA")
ANN = "It was not bad. I liked it! We did not like the rest of it. " * 4
BEN = "A dull and bad day.\n\nNot a good one, they said (twice)."
ROWS = f'speaker,speech,source\nAnn,"{ANN}",radio\nBen,"{BEN}",=1+1\nAnn,I liked the end.,\n'


@pytest.fixture
def speeches(write):
    return write("speeches.csv", ROWS)


@pytest.fixture
def found(phrases_model, speeches, here, capsys):
    """found(arguments) -> what --json printed."""

    def ask(*arguments):
        out = ["--paragraph-words", 8, "--out", "out", "--overwrite", "--json"]
        assert call("speeches", phrases_model, speeches, *out, *arguments) == 0
        return json.loads(capsys.readouterr().out)

    return ask


def probabilities(found):
    return [part["probability"] for speech in found["speeches"] for part in speech["paragraphs"]]


def test_every_paragraph_has_the_models_probability_and_no_word_is_lost(found, phrases_model):
    told = found()
    model = Classifier.load(phrases_model)
    assert [(s["speaker"], s["source"]) for s in told["speeches"]] == [("Ann", "radio"), ("Ben", "=1+1"), ("Ann", "")]
    for speech, text in zip(told["speeches"], (ANN, BEN, "I liked the end.")):
        texts = [part["text"] for part in speech["paragraphs"]]
        assert " ".join(texts).split() == text.split()
        assert [part["words"] for part in speech["paragraphs"]] == [len(t.split()) for t in texts]
        expected = np.concatenate([model.predict_proba([t]) for t in texts])
        np.testing.assert_allclose([part["probability"] for part in speech["paragraphs"]], expected[:, 1], rtol=1e-5)
        assert [part["label"] for part in speech["paragraphs"]] == [told["labels"][p.argmax()] for p in expected]
    assert len(told["speeches"][0]["paragraphs"]) > 3


def test_a_speakers_shares_are_of_all_their_paragraphs_and_add_to_100(found):
    told = found()
    ann, ben = told["speakers"]
    of_ann = [part for speech in told["speeches"] if speech["speaker"] == "Ann" for part in speech["paragraphs"]]
    assert (ann["speaker"], ann["speeches"], ann["paragraphs"]) == ("Ann", 2, len(of_ann))
    assert ann["words"] == len(ANN.split()) + 4 and ben["words"] == len(BEN.split())
    for label in told["labels"]:
        share = 100 * sum(part["label"] == label for part in of_ann) / len(of_ann)
        assert ann["shares"][label] == pytest.approx(share)
    assert ann["mean_probability"] == pytest.approx(np.mean([part["probability"] for part in of_ann]))
    assert all(sum(row["shares"].values()) == pytest.approx(100) for row in told["speakers"])


def test_four_files_are_written_and_the_json_is_what_is_printed(found, phrases_model):
    told = found()
    assert sorted(os.listdir("out")) == sorted(RESULTS)
    assert json.loads(Path("out/speeches.json").read_text("utf-8")) == told
    assert told["limits"] == limits_of(Classifier.load(phrases_model))


def test_the_csv_has_a_row_for_every_paragraph_and_no_formula(found):
    told = found()
    rows = list(csv.DictReader(io.StringIO(Path("out/paragraphs.csv").read_text("utf-8")), strict=True))
    assert [row["probability"] for row in rows] == [f"{p:.4f}" for p in probabilities(told)]
    assert {row["source"] for row in rows} == {"radio", "'=1+1", ""}
    assert [(row["speech"], row["paragraph"]) for row in rows[-2:]] in (
        [("2", "2"), ("3", "1")],
        [("2", "1"), ("3", "1")],
    )


def test_the_table_has_a_line_for_every_speaker_and_says_what_it_cannot_say(phrases_model, speeches, capsys):
    assert call("speeches", phrases_model, speeches) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["speaker", "paragraphs", "words"]
    for line, (name, words) in zip(lines[1:3], (("Ann", len(ANN.split()) + 4), ("Ben", len(BEN.split())))):
        cells = line.split()
        assert (cells[0], int(cells[2])) == (name, words)
        assert float(cells[3]) + float(cells[4]) == pytest.approx(100, abs=0.11)
    assert limits_of(Classifier.load(phrases_model)) in lines
    assert lines[-1].startswith(f"written to {Path('runs', 'speeches-1')}: ")


@pytest.mark.parametrize("names", [["sms.tsv"], [], ["a.csv", "b.csv"]])
def test_what_the_answers_mean_is_said_of_this_models_data_and_labels(names):
    def member(name):
        return SimpleNamespace(metrics={"trained_on": {"name": name}}, label_names=["ham", "spam"])

    members = [member(name) for name in names] or [SimpleNamespace(metrics={})]
    said = limits_of(SimpleNamespace(label_names=["ham", "spam"], members=members))
    assert 'a text labelled "ham" or of one labelled "spam"' in said and "film" not in said and "praise" not in said
    assert (f"trained on {', '.join(names)} can" in said) == bool(names)
    hostile = SimpleNamespace(label_names=["a\x1b[2J\n", "b" * 99], metrics={"trained_on": {"name": "\x1b[2J\n"}})
    assert limits_of(hostile).isprintable() and len(limits_of(hostile)) < 500
    assert limits_of(SimpleNamespace(label_names=["a", "b"], metrics={"trained_on": [1]}))


# ---- context


def test_a_paragraph_stays_whole_between_the_nearest_words_of_its_neighbours():
    abc = [list("abc"), list("de"), list("fgh")]
    for most, joined in (
        (100, ["abcde", "abcdefgh", "defgh"]),
        (None, ["abcde", "abcdefgh", "defgh"]),
        (4, ["abcd", "cdef", "efgh"]),
        (3, ["abc", "def", "fgh"]),
    ):
        assert list(map("".join, with_neighbours(abc, most))) == joined
    uneven = [list("a"), list("bc"), list("defghi")]  # one neighbour takes the room that the other leaves
    assert "".join(with_neighbours(uneven, 7)[1]) == "abcdefg"
    assert "".join(with_neighbours(uneven[::-1], 7)[1]) == "fghibca"
    assert with_neighbours([["a"]], 5) == [["a"]]


def test_with_context_neighbours_count_but_not_those_of_another_speech(found, phrases_model):
    alone, told = found(), found("--context")
    assert told["context"] and not alone["context"]
    texts = [[part["text"] for part in speech["paragraphs"]] for speech in told["speeches"]]
    assert texts == [[part["text"] for part in speech["paragraphs"]] for speech in alone["speeches"]]
    model = Classifier.load(phrases_model)
    joined = [" ".join(of_one[max(i - 1, 0) : i + 2]) for of_one in texts for i in range(len(of_one))]
    np.testing.assert_allclose(probabilities(told), model.predict_proba(joined)[:, 1], rtol=1e-5)
    moved = np.abs(np.subtract(probabilities(told), probabilities(alone)))
    assert (moved[:-1] > 1e-4).any() and moved[-1] < 1e-5  # the last paragraph is a speech of its own


# ---- figures


def test_the_bars_of_a_speaker_add_to_100_in_the_order_of_the_table():
    speakers = [
        {"speaker": "Ann $x$", "shares": {"bad": 25.0, "good": 75.0}},
        {"speaker": "a name of more than twenty-four letters", "shares": {"bad": 100.0, "good": 0.0}},
    ]
    ax = share_bars(speakers, ["bad", "good"])
    bad, good = ax.containers
    assert [bar.get_width() for bar in bad] == [25, 100] and [bar.get_width() for bar in good] == [75, 0]
    assert [bar.get_x() for bar in good] == [25, 100] and ax.get_xlim() == (0, 100)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["Ann $x$", "a name of mo…our letters"]
    assert ax.yaxis_inverted() and [text.get_text() for text in ax.get_legend().get_texts()] == ["bad", "good"]
    assert [text.get_text() for text in ax.texts] == ["25 %", "100 %", "75 %", ""]
    shades = [np.dot(bars[0].get_facecolor()[:3], (0.3, 0.6, 0.1)) for bars in (bad, good)]
    assert shades[1] - shades[0] > 0.3  # as they are in grey


def test_the_line_of_a_speech_holds_its_probabilities():
    speech = {"speaker": "Ann", "paragraphs": [{"probability": p} for p in (0.2, 0.9, 0.4)]}
    ax = speech_line(speech)
    assert list(ax.lines[1].get_xdata()) == [1, 2, 3] and list(ax.lines[1].get_ydata()) == [0.2, 0.9, 0.4]
    assert ax.get_title() == "Ann" and list(ax.lines[0].get_ydata()) == [0.5, 0.5]
    ax.figure.canvas.draw()
    assert all(tick == round(tick) for tick in ax.get_xticks())


def test_each_speech_has_a_panel_of_its_own():
    speeches = [{"speaker": name, "paragraphs": [{"probability": 0.5}]} for name in ("Ann", "Ben", "Ann")]
    panels = speech_lines(speeches, "good $x$")
    assert [ax.get_title() for ax in panels] == ["Ann", "Ben", "Ann"] and panels[0].figure.axes == panels
    assert panels[0].figure.get_supylabel() == "probability of good $x$"


def test_names_that_are_markup_or_in_another_script_are_drawn(phrases_model, write):
    path = write("odd.csv", "text,speaker\nIt was good.,$\\frac{\n不好。,安\x1b[2J\n")
    assert call("speeches", phrases_model, path, "--out", "out") == 0
    assert all(Path("out", name).stat().st_size > 100 for name in RESULTS)
    assert b"\x1b" not in Path("out/paragraphs.csv").read_bytes()


# ---- what is written of it


def test_the_commands_of_the_page_run(phrases_model, write, here, monkeypatch, capsys):
    path = write("my-speeches.csv", ROWS)
    monkeypatch.setattr("dataset.speeches.fetch", lambda name: Path(path))
    page = Path(__file__).parents[3].joinpath("docs", "speeches.md").read_text("utf-8")
    commands = [line.split() for line in page.splitlines() if line.startswith("sentifish speeches ")]
    assert len(commands) == 4
    for _, name, _, *others in commands:
        assert call(name, phrases_model, *others) == 0
        assert "Ann" in capsys.readouterr().out


# ---- what a reader is told, and bad input


def test_what_the_answers_do_not_rest_on_is_said(phrases_model, write, capsys, monkeypatch):
    monkeypatch.setattr("ch_sentiment.commands.speeches.MOST_DRAWN", 1)
    many = write("many.csv", f"speaker,speech\nAnn,{'xyzzy ' * 20}\nBen,{'it was good ' * 200}\nCid,xyzzy good\n")
    assert call("speeches", phrases_model, many, "--paragraph-words", 500, "--out", "out") == 0
    out = capsys.readouterr().out
    assert "1 of 3 paragraphs hold no word that the model knows: their answers rest on nothing" in out
    assert "1 of 3 paragraphs are cut: the model reads 400 words" in out
    assert "the figures show the first 1 only" in out and "of the words of 3 paragraphs" in out


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "name,words\nAnn,good\n",
            "bad.csv, line 1: expected columns 'speaker' and 'speech' (or 'text'), got 'name', 'words'",
        ),
        ("", "expected columns 'speaker' and 'speech'"),
        ("speaker,speech\n", "expected speeches below the header"),
        (b"speaker,speech\nAnn,caf\xe9\n", "expected UTF-8"),
        ("speaker,speech\nAnn,\n", "got an empty speech"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(phrases_model, write, said, content, expected):
    assert expected in said("speeches", phrases_model, write("bad.csv", content), "--out", "out")


def test_what_else_cannot_be_done_is_one_line(phrases_model, speeches, write, said):
    assert "there is none of this name" in said("speeches", phrases_model, "nowhere.csv")
    assert "nowhere" in said("speeches", "nowhere", speeches)
    assert "--paragraph-words" in said("speeches", phrases_model, speeches, "--paragraph-words", 0)
    write("full/mine", "precious")
    assert "--out: expected a new or empty folder" in said("speeches", phrases_model, speeches, "--out", "full")


def test_a_model_of_three_labels_is_refused(write, speeches, here, capsys):
    data = write("three.tsv", "".join(f"{'abc'[i % 3]}\tword{i % 3} thing\n" for i in range(42)))
    tiny = ["--hidden", 2, "--wordvec", 2, "--epochs", 1, "--quiet"]
    assert call("train", "--data", data, "--classes", 3, *tiny, "--out", "model") == 0
    capsys.readouterr()
    assert call("speeches", "model", speeches) == 2
    assert capsys.readouterr().err == "sentifish speeches: model: expected a model of two labels, got 3\n"


@pytest.mark.skipif(DATA is None, reason="SENTIFISH_TEST_DATA is not set")
def test_the_eight_speeches_of_the_tutorial(phrases_model, here, capsys):
    path = Path(DATA, "speeches", "speeches.csv")
    assert call("speeches", phrases_model, path, "--json", "--out", "out") == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["speeches"]) == len(told["speakers"]) == 8
    assert all(sum(row["shares"].values()) == pytest.approx(100) for row in told["speakers"])
