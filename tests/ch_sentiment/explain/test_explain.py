"""`sentifish explain`: what it says of a decision adds up, agrees with leaving words out, and is safe to look at."""

import io
import itertools
import json
import re
import shlex
import shutil
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from conftest import ROOT, call, fenced, lines_of, needs_browser, shown_in_browser

from benchmarks import long_texts
from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.commands.explain import explanation_lines
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.explain.attribution import (
    Explanation,
    columns,
    completeness,
    explain,
    margin_weight,
    margins,
    remarks,
)
from ch_sentiment.explain.figure import figure
from ch_sentiment.explain.page import STYLE, page
from ch_sentiment.model import sentiment_net
from common.checking.integrated_gradients import BATCH, MOST, TOLERANCE
from common.functions import softmax
from dataset.errors import DataError
from dataset.text import Cleaning, Vocab

WORDS = ["not", "bad", "good", "film", "the", "a", "was", "!", "script", "alert", "1"]
TEXT = "The film was not bad, not bad at all! The film was good"
HOSTILE = "a good film <script>alert(1)</script> & \"bad\" 'film' </p>\x1b[31m"
VARIANTS = {
    "lstm": {},
    "both ways, max and mean": {"bidirectional": True, "pool": "max-mean"},
    "gru, attention, dropout": {"cell": "gru", "pool": "attention", "dropout": 0.5, "word_dropout": 0.3},
    "rnn of two layers": {"cell": "rnn", "num_layers": 2, "pool": "first-last", "bidirectional": True},
    "two logits": {"softmax": True, "pool": "mean"},
    "three classes": {"num_classes": 3, "pool": "max"},
    "pairs of words": {"pair_size": 3, "num_pairs": 1},
}


def net_of(dtype=np.float32, **how):
    """Random weights, and word vectors so long that the net is far from linear."""
    net = sentiment_net(len(WORDS) + 2, 6, 8, rng=1, dtype=dtype, **how)
    net.words.embed.params[0][...] *= 15
    net.head.params[0][...] *= 3
    if net.words.pair_embed is not None:
        net.words.pair_embed.pairs[...] = 2 * (len(WORDS) + 2) + 3  # not bad
    return net


def model_of(net, **how):
    names = ["bad", "good", "odd"][: net.config["num_classes"]]
    return Classifier(net, Vocab(WORDS), names, **{"max_len": 50, **how})


@pytest.fixture(params=VARIANTS.values(), ids=VARIANTS)
def model(request):
    return model_of(net_of(**request.param))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a net that has learnt what "not" does to six adjectives."""
    folder = tmp_path_factory.mktemp("explain")
    adjectives = [("good", 1), ("wonderful", 1), ("fine", 1), ("bad", 0), ("terrible", 0), ("dull", 0)]
    texts = [
        (("negative", "positive")[good ^ (word == "not ")], f"the {noun} {verb} {word}{adjective}")
        for noun, verb, (adjective, good) in itertools.product(("film", "plot", "story"), ("was", "is"), adjectives)
        for word in ("", "not ", "really ", "not ")
    ]
    (folder / "texts.tsv").write_text(lines_of(texts))
    how = ["--hidden", "8", "--wordvec", "8", "--cell", "gru", "--pool", "max", "--epochs", "40", "--quiet"]
    how += ["--lr", "0.02", "--batch-size", "32", "--out", folder / "run"]
    assert call("train", "--data", folder / "texts.tsv", *how) == 0
    return folder / "run"


def margin_of(scores, answer):
    """The margin of a class by the scores of a network, (N,) or (N, C): (N,)."""
    if scores.ndim == 1:
        return scores if answer == 1 else -scores
    return scores[:, answer] - np.delete(scores, answer, axis=1).mean(axis=1)


# ---- what the numbers promise


def test_the_attributions_add_up_to_what_the_text_gains_over_zero_vectors(model):
    net = model.net
    found = explain(model, TEXT)
    vectors, mask = net.train(False) or net.vectors(model.encode([TEXT])[0][None])
    whole, nothing = (margin_of(net.score(some, mask).copy(), found.answer)[0] for some in (vectors, 0 * vectors))
    gained = float(whole - nothing)
    assert found.path.complete()
    assert found.path.attributions.sum() == pytest.approx(gained, rel=TOLERANCE)
    assert found.path.gap == pytest.approx(gained - found.path.attributions.sum(), abs=1e-5)
    assert found.path.margin == pytest.approx(whole, abs=1e-5)


def test_the_attributions_are_the_integral_of_the_gradient_by_each_word():
    net = net_of(np.float64, pool="attention")
    found = explain(model_of(net), "not bad film")
    net.train(False)
    vectors, mask = net.vectors(np.array([[2, 3, 5]]))
    sign = 1 if found.answer == 1 else -1
    steps, h = 400, 1e-5
    wanted = np.zeros(3)
    for t in range(3):  # numerically: the margin when word t alone goes a little further on its way
        ahead = np.zeros((1, 3, 1))
        ahead[0, t] = h
        for share in (np.arange(steps) + 0.5) / steps:
            up, down = (net.score((share + side * ahead) * vectors, mask)[0] for side in (1, -1))
            wanted[t] += sign * (up - down) / (2 * h) / steps
    assert found.path.attributions == pytest.approx(wanted, abs=0.01 * abs(wanted).max())


def test_steps_are_added_until_the_sum_fits():
    net = net_of(np.float64)
    net.words.embed.params[0][...] *= 20  # saturated: most of the way is flat
    found = explain(model_of(net), TEXT)
    assert found.path.steps > 32 and found.path.complete()


def stirred(factor):
    """A net whose state reads itself so strongly that a long text makes it jump; and such a text."""
    net = net_of(cell="gru")
    net.weights()["layer0.Wh"][...] *= factor
    return model_of(net, max_len=400), " ".join(np.random.default_rng(1).choice(WORDS, 300))


def test_a_jump_on_the_path_of_a_long_text_is_found():
    found = explain(*stirred(3))
    path = found.path
    jump = np.abs(np.diff(path.margins)).argmax()
    assert abs(path.margins[jump + 1] - path.margins[jump]) > abs(path.margin - path.baseline)
    assert path.shares[jump + 1] - path.shares[jump] < 1e-5
    assert path.complete() and path.steps < MOST and not remarks(found)


@pytest.mark.filterwarnings("error")
def test_a_text_that_stirs_up_too_much_is_not_called_exact():
    found = explain(*stirred(4))
    assert found.path.steps == MOST and not found.path.complete() and np.isfinite(found.path.attributions).all()
    assert remarks(found) == [f"after {MOST} steps the attributions are not exact to 1 %: see gap and doubt"]
    assert "; doubt " in completeness(found.path)


def test_occlusion_and_the_curve_are_those_of_the_texts_without_a_word_and_of_the_beginnings(model):
    found = explain(model, TEXT)
    words = found.words

    def margin(some):
        scores = model.net.predict(model.vocab.encode(some)[None])
        return margin_of(scores, found.answer)[0]

    left_out = [margin(words) - margin(words[:t] + words[t + 1 :]) for t in range(len(words))]
    assert found.occlusion == pytest.approx(left_out, abs=1e-4)
    read = [model.predict_proba([" ".join(words[: t + 1])])[0, found.answer] for t in range(len(words))]
    assert found.so_far == pytest.approx(read, abs=1e-5)
    assert found.probability == pytest.approx(found.so_far[-1], abs=1e-5) == max(found.probabilities)


def test_the_margin_is_the_log_odds_of_two_classes_and_the_lead_over_the_others_of_more():
    p = np.array([[0.2, 0.8]])
    assert margins(p, margin_weight(0, 2)) == pytest.approx(np.log(0.2 / 0.8))
    assert margins(p, margin_weight(1, 2)) == pytest.approx(np.log(0.8 / 0.2))
    logits = np.array([[5.0, 1.0, 3.0], [500.0, 100.0, 300.0]])
    assert margins(softmax(logits), margin_weight(0, 3)) == pytest.approx([3, 300])
    assert np.isfinite(margins(np.array([[0.0, 1.0]]), margin_weight(1, 2))).all()


def test_explaining_leaves_a_net_in_training_as_it_was():
    net = net_of(dropout=0.5)
    net.train(True)
    net.head_dropout.train_flg = False  # one that was switched by itself
    weights = [p.copy() for p in net.params]
    explain(model_of(net), TEXT)
    assert net.training and net.words.dropout.train_flg and not net.head_dropout.train_flg
    assert all(np.array_equal(a, b) for a, b in zip(net.params, weights))


def test_the_only_word_is_left_out_for_an_unknown_one():
    model = model_of(net_of())
    found = explain(model, "bad")
    scores = model.net.predict(np.array([[3], [1]]))
    known, unknown = margin_of(scores, found.answer)
    assert found.occlusion == pytest.approx([known - unknown], abs=1e-5)


def test_attention_weights_are_shown_where_there_are_any():
    found = explain(model_of(net_of(pool="attention")), TEXT)
    assert len(found.attention) == len(found.words) and found.attention.sum() == pytest.approx(1, abs=1e-5)
    assert "attention" in columns(found) and found.attention.min() >= 0
    assert explain(model_of(net_of(pool="mean")), TEXT).attention is None


@pytest.mark.parametrize("kind", ["bow", "nbsvm"])
def test_baselines_are_explained_by_occlusion_alone(kind):
    V = len(WORDS) + 2
    net = BagOfWords(V, 4, rng=1) if kind == "bow" else NBSVM(V, 0)
    for p in net.params + ([net.ratios] if kind == "nbsvm" else []):
        p[1:] = np.linspace(-1, 2, p[1:].size).reshape(p[1:].shape)
    found = explain(model_of(net), TEXT)
    assert found.path is None and found.strength is found.occlusion and np.abs(found.occlusion).max() > 0
    assert any("occlusion alone" in remark for remark in remarks(found))
    assert "gradients" not in page(found) and len(figure(found).axes) == 2


def test_what_was_learnt_shows_in_the_signs(trained):
    model = Classifier.load(trained)
    for text, label, word in (
        ("the film was wonderful", "positive", "wonderful"),
        ("the film was terrible", "negative", "terrible"),
        ("the film was not bad", "positive", "not"),
        ("the film was not good", "negative", "not"),
    ):
        found = explain(model, text)
        t = found.words.index(word)
        assert found.label == label and found.path.complete()
        assert found.path.attributions[t] > 0 and found.occlusion[t] > 0, text


def test_long_texts_are_measured(trained, monkeypatch, capsys):
    monkeypatch.setattr(long_texts, "SHORTEST", 5)
    data = str(trained.parent / "texts.tsv")
    long_texts.main([str(trained), "--data", data, "--texts", "2"])
    *rows, _, summary = capsys.readouterr().out.splitlines()[2:]
    assert len(rows) == 2 and summary.startswith("2 of 2 complete; median ")
    for row in rows:
        words, _, points, *shares = (float(cell.rstrip("% ")) for cell in row.strip("| ").split("|"))
        assert words == 5 and points >= BATCH and all(0 <= share < 5 for share in shares)
    monkeypatch.setattr(long_texts, "SHORTEST", 350)
    for model, path, told in (
        ("nowhere", data, "nowhere: expected"),
        (str(trained), "nowhere.tsv", "nowhere.tsv: expected"),
        (str(trained), data, "texts.tsv: expected texts of 350 to 400 words, got none"),
    ):
        with pytest.raises(SystemExit, match="2"):
            long_texts.main([model, "--data", path])
        assert told in capsys.readouterr().err.splitlines()[-1]


# ---- what bad input gets


@pytest.mark.parametrize(
    ("text", "told"), [("", "words"), (" .,- ", "words"), ("qwx zyx", "rest on nothing"), ("<b></b>", "words")]
)
def test_a_text_that_nothing_can_be_said_of_gets_one_line(phrases_model, said, text, told):
    assert told in said("explain", phrases_model, text, "--html", "x.html")


def test_a_long_text_is_cut_as_in_training_and_that_is_said(trained, here, capsys):
    text = "the film was good " * 25_000
    assert call("explain", trained, text, "--json", "--html", "x.html") == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    max_len = Classifier.load(trained).max_len
    assert (told["words_in_text"], told["words_read"], len(told["words"])) == (100_000, max_len, max_len)
    note = f"{max_len:,} of 100,000 words are read"
    assert note in err and note in (here / "x.html").read_text()


def test_scores_that_are_not_finite_are_refused():
    net = net_of()
    net.head.params[1][...] = np.nan
    with pytest.raises(ValueError, match="finite"):
        explain(model_of(net), TEXT)
    with pytest.raises(DataError, match="got none"):
        explain(model_of(net), "")


# ---- what is printed


def test_piped_it_is_plain_and_in_a_terminal_coloured(trained, here, capsys, monkeypatch):
    text = "the film was not bad"
    assert call("explain", trained, text) == 0
    plain, err = capsys.readouterr()
    assert err == "" and "\x1b" not in plain and plain.startswith("positive\t0.") and "+not" in plain
    assert all(re.search(rf"^{word}\b", plain, re.M) for word in text.split())

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def shown(**variables):
        with monkeypatch.context() as patch:
            for name in ("NO_COLOR", "TERM"):
                patch.delenv(name, raising=False)
            for name, value in variables.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdout", Terminal())
            assert call("explain", trained, text) == 0
            return sys.stdout.getvalue()

    assert re.search("\x1b\\[1;38;5;16;48;5;\\d+mnot\x1b\\[0m", shown())
    assert shown(NO_COLOR="1") == shown(TERM="dumb") == plain
    assert shown(NO_COLOR="") == shown()


def test_json_holds_every_word_and_number(trained, capsys, monkeypatch):
    assert call("explain", trained, "--json", "the film was not zzz") == 0
    told = json.loads(capsys.readouterr().out)
    found = explain(Classifier.load(trained), "the film was not zzz")
    assert told["label"] == found.label and told["probabilities"][found.label] == told["probability"]
    assert [w["word"] for w in told["words"]] == ["the", "film", "was", "not", "zzz"]
    assert [w["known"] for w in told["words"]] == [True, True, True, True, False]
    assert sum(w["gradients"] for w in told["words"]) == pytest.approx(told["margin"] - told["baseline"] - told["gap"])
    assert (told["doubt"], told["steps"]) == (pytest.approx(found.path.doubt), found.path.steps)
    assert [w["occlusion"] for w in told["words"]] == pytest.approx(found.occlusion)
    assert [w["so_far"] for w in told["words"]] == pytest.approx(found.so_far)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"the film\nwas not zzz\n")))
    assert call("explain", trained, "--json") == 0
    assert json.loads(capsys.readouterr().out) == told


def test_levels_and_order_follow_the_strength():
    strength = np.array([0.0, 1.0, -2.0, 0.1, -0.3])
    found = Explanation(
        ["a", "b"], np.array([0.5, 0.5]), 0, "", list("vwxyz"), 5, strength > 9, None, strength, strength, None
    )
    assert found.levels().tolist() == [0, 2, -5, 0, -1] and found.strongest(3).tolist() == [2, 1, 4]
    assert " ".join(explanation_lines(found, False)).split()[2:7] == ["v", "+w", "-x", "y", "-z"]
    found.occlusion = 0 * strength
    assert not found.levels().any()


# ---- the page


class Reader(HTMLParser):
    """Texts, tags and attributes of a page."""

    def __init__(self, content):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_data(self, data):
        self.texts.append(data)


def words_shown(content):
    """The words of the paragraph that shows the text."""
    return "".join(Reader(re.search(r'<p class="text".*?</p>', content, re.S)[0]).texts).split()


@pytest.fixture(scope="module")
def hostile():
    """An explanation in which label names, text and words try to be markup; and the page of it."""
    model = model_of(net_of(pool="attention"), cleaning=Cleaning(remove_html=False))
    tag = "\"><img src='http://example.com/x.png'><script>alert(2)</script>"
    model.label_names = [f"a{tag}", f"b{tag}"]
    found = explain(model, HOSTILE)
    found.words[:2] = ["<i>a</i>", "&amp;"]  # no tokenizer gives these today
    return found, page(found)


def test_the_page_holds_every_word_once_more_as_text_and_nothing_that_runs(hostile):
    found, content = hostile
    read = Reader(content)
    assert not {"script", "img", "link", "iframe", "object", "i"} & set(read.tags)
    assert not [a for a in read.attributes if a[1].startswith("on") or a[1] in ("src", "href", "style", "action")]
    everything = "".join(read.texts)
    assert "<script>alert(1)</script> & \"bad\" 'film' </p> [31m" in everything and found.label in everything
    assert "\x1b" not in content and "url(" not in content and "@import" not in content
    assert words_shown(content) == found.words and "default-src 'none'" in content
    assert read.tags.count("tr") == 2 + min(10, len(found.words)) + len(found.words)
    assert ("html", "lang", "en") in read.attributes and "width=device-width, initial-scale=1" in content
    assert re.search(r"<title>[^<]+</title>", content)


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def test_every_background_of_the_page_lets_its_letters_be_read():
    letters = re.search(r"[^-]color: (#\w{6})", STYLE)[1]
    backgrounds = re.findall(r"background: (#\w{6})", STYLE)
    assert len(backgrounds) == 11 and STYLE.count("color:") == 1  # page and ten tints; no other letters
    for background in backgrounds:
        light, dark = sorted((luminance(background), luminance(letters)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, background


def test_for_and_against_differ_in_more_than_colour():
    rules = dict(re.findall(r"\.(\w+) {([^}]*)}", STYLE))
    assert "solid" in rules["for"] and "dashed" in rules["against"] and "font-weight" in rules["for"]


@needs_browser
def test_a_browser_shows_the_page_without_error_request_or_sideways_scrolling(hostile, tmp_path):
    found, content = hostile
    dom = shown_in_browser(content, tmp_path)
    assert words_shown(dom) == found.words and "<script>alert(1)</script>" in "".join(Reader(dom).texts)


# ---- the figure


@pytest.mark.parametrize("count", [1, 5, 60])
def test_the_figure_shows_the_strongest_words_and_the_whole_curve(count):
    text = " ".join((["not", "bad", "film", "$a", "good"] * 12)[:count])
    found = explain(model_of(net_of(pool="attention"), max_len=100), text)
    bars, curve, attention = figure(found).axes
    shown = np.sort(found.strongest(20))
    assert [tick.get_text() for tick in bars.get_yticklabels()] == [found.words[t] for t in shown]
    widths = {round(bar.get_y() + bar.get_height() / 2): bar.get_width() for bar in bars.patches}
    assert [widths[i] for i in range(len(shown))] == pytest.approx(found.strength[shown])
    assert all((bar.get_hatch() is not None) == (bar.get_width() < 0) for bar in bars.patches)
    assert bars.lines[0].get_xdata() == pytest.approx(found.occlusion[shown])
    assert curve.lines[0].get_ydata() == pytest.approx(100 * found.so_far)
    assert [bar.get_height() for bar in attention.patches] == pytest.approx(100 * found.attention)
    if count <= 25:
        assert [tick.get_text() for tick in curve.get_xticklabels()] == found.words


def test_page_and_figure_are_written_where_they_are_wanted(trained, here, capsys, own_fonts):
    text = "the film was 好 🎬 not $bad$ " + "x" * 500
    assert call("explain", trained, text, "--html", "a.html", "--png", "a.png") == 0
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 1 and "2 characters of Chinese, emoji (好🎬)" in err and "好" in out
    assert (here / "a.png").read_bytes().startswith(b"\x89PNG") and "好" in (here / "a.html").read_text("utf-8")
    (here / "folder").mkdir()
    assert call("explain", trained, "the film", "--html", "folder") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_the_page_of_the_docs_shows_runs_as_it_stands(trained, here, capsys, monkeypatch):
    shutil.copytree(trained, here / "runs" / "phrases-lstm-1")
    guide = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
    commands = re.findall(r"^sentifish (.*)$", guide, re.M)
    for command in commands:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"the film was good\n")))
        assert call(*shlex.split(command.partition(" < ")[0])) == 0
    assert len(commands) == 2 and (here / "why.html").stat().st_size and (here / "why.png").stat().st_size
    names = {}
    first, second = fenced(guide, "python")
    capsys.readouterr()
    exec(first, names)  # noqa: S102
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["the", "film", "was", "not", "bad"]
    exec(second, names)  # noqa: S102
    assert capsys.readouterr().out == fenced(guide)[-1]


def test_a_page_or_figure_never_replaces_the_model_or_the_other(trained, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    shutil.copy(trained / "model.npz", "model.npz")
    before = (tmp_path / "model.npz").read_bytes()
    for option in ("--html", "--png"):
        for model in ("model.npz", "."):
            assert call("explain", model, "the film", option, "./model.npz") == 2
            assert f"{option} ./model.npz: expected another file than" in capsys.readouterr().err
    assert call("explain", "model.npz", "the film", "--html", "a", "--png", "./a") == 2
    assert "two files for --html and --png, got ./a for both" in capsys.readouterr().err
    assert (tmp_path / "model.npz").read_bytes() == before and not (tmp_path / "a").exists()
