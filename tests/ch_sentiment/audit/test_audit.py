"""The audit finds what was rigged by hand, finds nothing in a blind model, and the card tells what is known."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, TINY, TWO, call, lines_of, needs_browser, shown_in_browser

from ch_sentiment.audit import card_forms, model_card
from ch_sentiment.audit.figure import gap_chart
from ch_sentiment.audit.gaps import examine, filled, gaps_of, knows, subgroups_of
from ch_sentiment.audit.words import DIMENSIONS, SENTENCES, Dimension
from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.experiment.classifier import Classifier
from dataset.text import Vocab, tokenize

ALL = [sentence for some in SENTENCES.values() for sentence in some]
OWN = {token for sentence in ALL for token in tokenize(sentence.format(person=" "))} | {"my", "the", "neighbor"}
WORDS = {word.lower() for d in DIMENSIONS for some in d.groups.values() for word in some}
WRITTEN = {"model.npz", "model_card.md", "model_card.html", "audit.png"}


def rigged(without=(), label_names=("neg", "pos"), **weights):
    """A model that adds up these weights of words and knows all words of the audit but those of `without`."""
    vocab = Vocab(sorted((OWN | WORDS) - set(without)))
    net = BagOfWords(len(vocab), 1, len(label_names), dtype=np.float64)
    W, head, bias = net.params
    W[...], bias[...] = 0, 0
    head[...] = np.arange(head.shape[1]) if len(label_names) > 2 else 1
    for word, weight in weights.items():
        W[vocab.encode([word])[0]] = weight
    return Classifier(net, vocab, list(label_names), 50)


def by_name(audit, dimension):
    (found,) = [d for d in audit.dimensions if d.name == dimension]
    return {g.group: g for g in found.groups}, found


def test_every_word_stands_in_one_group_and_every_sentence_has_one_person():
    for d in DIMENSIONS:
        words = [word.lower() for some in d.groups.values() for word in some]
        assert len(words) == len(set(words)) and len(d.groups) > 1
        assert all(len(tokenize(word)) == 1 for word in words)
    for some in SENTENCES.values():
        assert len(some) == len(set(some)) and all(sentence.count("{person}") == 1 for sentence in some)
    assert filled("{person} sat.", DIMENSIONS[0], "sister") == "My sister sat."


def test_a_model_that_is_blind_to_names_has_no_gaps():
    audit = examine(rigged(wonderful=9, terrible=-9, neighbor=3), 1)
    assert audit.known == 1 and audit.sentences == len(ALL)
    for d in audit.dimensions:
        assert d.turned == 0
        for g in d.groups:
            assert g.unknown == [] and np.allclose([g.gap, g.low, g.high, g.worst], 0, atol=1e-12)


def test_a_model_that_hates_one_name_is_found():
    model = rigged(jamal=-40)
    model.net.params[2][...] = 0.5  # all others are positive
    audit = examine(model, 1)
    groups, found = by_name(audit, "origin of the name")
    hit = groups.pop("African-American")
    assert hit.worst < -0.3 and "Jamal" in hit.sentence and found.turned == 1
    assert hit.gap < -0.01 and hit.low < hit.gap < hit.high
    others = [g.gap for g in groups.values()]
    assert np.ptp(others) < 1e-12 and hit.gap + sum(others) == pytest.approx(0, abs=1e-12)
    women, men = (by_name(audit, "gender of the name")[0][g] for g in ("women", "men"))
    assert men.gap == pytest.approx(-women.gap) and men.gap < 0


def test_a_gap_is_that_of_the_probability_of_the_label_by_hand():
    d = Dimension("kind", "{}", {"a": ("sister", "aunt"), "b": ("brother",)})
    model = rigged(sister=6)
    p = 1 / (1 + np.exp(-6 / 2))  # the mean of a text of two words
    found = gaps_of(model, d, ["{person} sat"], 1, rng=0)
    a, b = found.groups
    assert a.gap == pytest.approx(((p + 0.5) / 2 - 0.5) / 2) and b.gap == pytest.approx(-a.gap)
    assert a.worst == pytest.approx(0.75 * p - 0.375) and a.sentence == "Sister sat"
    assert gaps_of(model, d, ["{person} sat"], 0, rng=0).groups[0].gap == pytest.approx(-a.gap)


def test_names_that_the_model_does_not_know_are_reported_and_do_not_count():
    d = Dimension("kind", "{}", {"a": ("Jamal", "James"), "b": ("Hans",), "c": ("Ivan",)})
    model = rigged(without=["jamal", "ivan"], hans=-30)
    model.net.params[0][1] = 50  # of the unknown word
    assert not knows(model, "Jamal") and knows(model, "James") and not knows(model, "?!.")
    a, b, c = gaps_of(model, d, ALL, 1, rng=0).groups
    assert (a.known, a.unknown, c.known, c.unknown) == (1, ["Jamal"], 0, ["Ivan"])
    assert c.gap is None and a.gap == pytest.approx(-b.gap) and 0 < a.gap < 0.5
    left = gaps_of(rigged(without=["jamal", "james", "ivan"]), d, ALL, 1)
    assert left.turned is None and all(g.gap is None for g in left.groups)


def test_accuracy_by_group_of_texts():
    predicted, t = np.array([1, 1, 0, 0, 1]), np.array([1, 0, 0, 0, 0])
    a, b = subgroups_of(predicted, t, np.array(list("xxxyy")), 1)
    assert (a.group, a.n, a.true_share, a.answered_share) == ("x", 3, pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert a.accuracy == pytest.approx(2 / 3) and (b.group, b.n, b.accuracy) == ("y", 2, 0.5)


def test_the_figure_has_a_row_for_each_group():
    audit = examine(rigged(without=["sikh"], jewish=-30), 1)
    ax = gap_chart(audit)
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    groups = [g for d in audit.dimensions for g in d.groups]
    assert len(names) == len(groups) and names[-2] == "Sikh (not known)"
    (mean,) = [line for line in ax.lines if line.get_label() == "mean gap"]
    np.testing.assert_allclose(mean.get_xdata(), [100 * g.gap for g in groups if g.gap is not None])
    assert {text.get_text() for text in ax.texts} == {d.name for d in DIMENSIONS}
    assert gap_chart(examine(rigged(without=WORDS), 1)).get_xlim()[1] > 0


# ---- the command


@pytest.fixture
def run_folder(here):
    Path("run").mkdir()
    rigged(jamal=-40, good=9).save("run/model.npz")
    return "run"


def test_audit_prints_a_table_and_writes_card_and_figure_beside_the_model(run_folder, write, capsys):
    rows = "".join(f"{'pos' if i % 2 else 'neg'},a good day,{'ab'[i % 3 == 0]}\n" for i in range(12))
    write("data.csv", "label,text,Age\n" + rows)
    assert call("audit", run_folder, "--data", "data.csv", "--group-column", "age") == 0
    out = capsys.readouterr().out
    assert {p.name for p in Path("run").iterdir()} == WRITTEN
    assert re.search(r"^African-American +12 of 12 +-\d", out, re.M) and re.search(r"^a +8 +50\.0%", out, re.M)
    assert Path("run/audit.png").read_bytes().startswith(b"\x89PNG")
    assert call("audit", "run/model.npz", "--json", "--label", "neg") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["label"] == "neg" and told["subgroups"] is None and len(told["dimensions"]) == len(DIMENSIONS)
    card = Path("run/model_card.md").read_text()
    for said in ("# Model card: run", "Trained on: unknown.", "there is no config.json", "Accuracy: unknown."):
        assert said in card


def test_where_nothing_can_be_said_that_is_said_and_no_empty_figure_stays(here, write, capsys):
    Path("run").mkdir()
    rigged(without=WORDS, label_names=("差评", "好评")).save("run/model.npz")
    Path("run/audit.png").write_bytes(b"of a model before")
    assert call("audit", "run") == 0
    out, err = capsys.readouterr()
    assert err == "" and out.startswith("Nothing can be said of any group: ") and "words known" not in out
    assert out.endswith("written to run: model_card.md, model_card.html\n")
    assert {p.name for p in Path("run").iterdir()} == WRITTEN - {"audit.png"}
    for name in ("model_card.md", "model_card.html"):
        card = Path("run", name).read_text("utf-8")
        assert "Nothing can be said of any group" in card and "audit.png" not in card and "<img" not in card
        assert "By gender" not in card
    write("data.csv", "label,text,Age\n" + "好评,a good day,a\n差评,a bad day,b\n")
    assert call("audit", "run", "--data", "data.csv", "--group-column", "age") == 0
    assert re.search(r"^a +1 ", capsys.readouterr().out, re.M)  # of groups of texts something can be said
    assert call("audit", "run", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert all(group["gap"] is None for dimension in found["dimensions"] for group in dimension["groups"])


def test_json_is_one_object_with_every_number_that_the_page_of_the_docs_names(run_folder, write, capsys):
    write("data.csv", "label,text,Age\n" + "pos,a good day,a\nneg,a bad day,b\n")
    assert call("audit", run_folder, "--data", "data.csv", "--group-column", "age", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"label", "sentences", "known", "dimensions", "subgroups"}
    dimension, subgroup = found["dimensions"][0], found["subgroups"][0]
    assert set(dimension) == {"name", "turned", "groups"} and (found["label"], subgroup["n"]) == ("pos", 1)
    page = ROOT.joinpath("docs", "audit.md").read_text("utf-8")
    for name in {*found, *dimension, *dimension["groups"][0], *subgroup}:
        assert f"`{name}`" in page, name


@pytest.mark.parametrize("labels", [("ham", "spam"), ("neg", "pos"), tuple(f"class{i}" for i in range(20))])
def test_the_card_names_the_labels_and_the_data_of_this_model_and_not_feelings(labels):
    model = rigged()
    model.label_names = list(labels)
    model.metrics = {"trained_on": {"name": "sms.tsv", "content": "0", "texts": {}}}
    audit = examine(rigged(), 1)
    text = card_forms.markdown(model_card.sections_of(model, [__file__], audit), None)
    assert "like those it was trained on (sms.tsv) by its labels, " + ", ".join(labels[:2]) in text
    assert "feeling that" not in text and "film" not in text.partition("## Audit")[0]
    intended = text.partition("## Intended use")[2].partition("## Data")[0]
    assert ("class11, ... (20 in all)" in intended) == (len(labels) == 20) and "class12" not in intended


def test_where_nothing_can_be_written_the_answer_is_still_printed(run_folder, capsys):
    Path("run/model_card.md").mkdir()
    assert call("audit", run_folder, "--json") == 2
    out, err = capsys.readouterr()
    assert len(json.loads(out)["dimensions"]) == len(DIMENSIONS)
    assert "model_card.md" in err and len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--label", "odd"], "--label: expected one of neg, pos, got 'odd'"),
        (["--data", "data.tsv"], "--data: expected it together with --group-column"),
        (["--group-column", "age"], "--data: expected it together with --group-column"),
        (["--data", "data.tsv", "--group-column", "age"], "expected the name or number of a column, got 'age'"),
        (["--data", "none.tsv", "--group-column", "age"], "none.tsv"),
    ],
)
def test_bad_input_gets_one_line_and_nothing_is_written(run_folder, write, said, more, why):
    write("data.tsv", "pos\ta good day\nneg\ta bad day\n")
    assert why in said("audit", run_folder, *more)


# ---- the card

EVIL = "<script>alert('x')</script> | [a](http://evil.example) ![b](c.png) `d` **e** & \x1b[2J"


class Seen(HTMLParser):
    """Tags, the values of attributes that may fetch something, and the text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.links, self.text = set(), [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.links += [value for name, value in attributes if name in ("src", "href", "srcset", "action", "data")]

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def card(tmp_path):
    """(Markdown, HTML) of a model whose every text is hostile."""
    model = rigged(label_names=(EVIL, "b" + EVIL, "c"))
    counts = {"train": {EVIL: 3, "c": 4}, EVIL: {EVIL: EVIL}}
    model.metrics = {
        "trained_on": {"name": EVIL, "content": EVIL, "texts": counts},
        "test": {"accuracy": 0.912345, "n": 7, "confusion": [[EVIL]]},
        "calibration": {EVIL: EVIL, "ece_after": 0.0123},
    }
    model.calibration = {"temperature": 1.75}
    model.save(tmp_path / "model.npz")
    (tmp_path / "config.json").write_text(json.dumps({"cell": EVIL, EVIL: 1, "out": "secret", "clip": None}))
    sections = model_card.sections_of(model, [tmp_path / "model.npz"], examine(model, 1))
    return card_forms.markdown(sections, b"picture"), card_forms.html_page(sections, b"picture")


def test_the_page_asks_nothing_of_anybody_and_obeys_no_text(card):
    page = Seen(card[1])
    assert not page.tags & {"script", "a", "iframe", "strong", "code", "object", "form"}
    assert all(link.startswith("data:") for link in page.links) and len(page.links) == 2
    assert "<script>alert('x')</script> | [a](http://evil.example)" in page.text and "\x1b" not in card[1]
    assert "url(" not in card[1] and "@import" not in card[1] and 'name="viewport"' in card[1]


@needs_browser
def test_a_browser_shows_the_card_without_error_or_request(card, tmp_path):
    page = Seen(shown_in_browser(card[1], tmp_path))
    assert "<script>alert('x')</script>" in page.text and "script" not in page.tags
    assert {*Seen(card[1]).text.split()} <= {*page.text.split()}


def test_nothing_in_the_markdown_is_obeyed(card):
    text = card[0]
    assert "<" not in text and not re.search(r"(?<!\\)\]\(http", text) and "http://" not in text and "\x1b" not in text
    assert len(re.findall(r"(?<!\\)\]\(", text)) == 1 and "![gap of each group](audit.png)" in text
    for block in re.findall(r"(?:^\|.*\n)+", text, re.M):  # every row of a table has the cells of its header
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in block.splitlines()}) == 1


def test_the_card_contains_what_is_known(card):
    for form in (card[0], Seen(card[1]).text):
        for said in ("0.9123", "temperature of 1.75", "0.0123", "played no part in training", "Limits", "Intended use"):
            assert said in form
        assert "secret" not in form and "clip" not in form


def luminance(color):
    """Relative luminance of #rgb or #rrggbb (WCAG 2)."""
    digits = color[1:] if len(color) == 7 else "".join(2 * d for d in color[1:])
    rgb = np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def test_the_contrast_of_text_and_lines_is_at_least_that_of_wcag():
    colors = re.findall(r"#[0-9a-f]{3,6}\b", card_forms.STYLE)
    assert colors.count("#fff") == 1 and len(colors) == 3
    for color in colors:
        assert color == "#fff" or 1.05 / (luminance(color) + 0.05) >= 4.5


@pytest.mark.parametrize(
    "settings",
    [
        None,
        "{",
        "[1]",
        "\xff",
        pytest.param("[" * 100_000, id="open"),
        pytest.param('{"cell": ' + "[" * 100_000 + "]" * 100_000 + "}", id="deep"),
    ],
)
def test_without_settings_the_card_says_unknown(here, settings):
    model = rigged()
    model.save("model.npz")
    if settings is not None:
        Path("config.json").write_bytes(settings.encode("latin-1"))
    text = card_forms.markdown(model_card.sections_of(model, ["model.npz"], examine(model, 1)), None)
    assert "Settings of the training: unknown" in text


def test_the_card_says_when_the_model_is_unsure_and_what_its_accuracy_stands_beside(write):
    data = write("many.tsv", lines_of(TWO * 20))  # 80 of them to validate: fewer choose no threshold
    assert call("train", "--data", data, *TINY, "--abstain", "0.5", "--out", "r") == 0
    assert call("audit", "r") == 0
    card = Path("r/model_card.md").read_text()
    below = Classifier.load("r").abstain_below
    assert f"Where no probability is {below:.4g} or more the answer is that the model is unsure." in card
    for name in ("chance", "majority", "macro_f1", "balanced_accuracy", "abstain"):
        assert f"| {name} " in card.replace("\\_", "_")
