"""The page that runs a model, in a real Chromium: the same tokens and probabilities, no request, no code from texts."""

import json
import re
import shutil

import numpy as np
import pytest
from conftest import BROWSER, ROOT, TINY, call, needs_browser
from texts_of_all_scripts import NAMES, texts

from benchmarks.chromium import Chromium
from ch_sentiment.audit.card_forms import Section, Table, markdown, read_markdown
from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.explain.attribution import explain, margin_weight
from ch_sentiment.export.page import page_bytes
from ch_sentiment.export.page_tables import _WRITTEN
from ch_sentiment.model import sentiment_net
from common.pooling import POOLS
from dataset.errors import DataError
from dataset.text import Cleaning, Vocab, tokenize
from dataset.token_patterns import accents_token

FILES = ROOT / "ch_sentiment" / "export" / "page_files"
TEXTS = texts(5000)
HOSTILE = ["</script><img src=x onerror=alert(1)>", "<!--<script>", "{{script}}"]


def model_of(net, words, label_names=("bad", "good"), **more):
    return Classifier(net, Vocab(words), list(label_names), **{"max_len": 40, **more})


@pytest.fixture(scope="module")
def words():
    """Those of a few hundred of the texts, so that some of the others are unknown."""
    return Vocab.build([tokenize(text) for text in [*TEXTS[:300], "the film was not bad good"] * 2], 900).words


@pytest.fixture(scope="module")
def browser():
    chromium = Chromium(BROWSER)
    yield chromium
    chromium.close()


@pytest.fixture
def shown(browser, tmp_path):
    """shown(model, **how) -> the browser with its page. AssertionError where the page complains."""

    def show(model, path=None, **how):
        (tmp_path / "page.html").write_bytes(page_bytes(model, path, **how))
        browser.open(tmp_path / "page.html")
        assert complaints(browser) == []
        return browser

    return show


def complaints(browser):
    bad = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Page.javascriptDialogOpening")
    return [event for event in browser.events if event["method"] in bad]


def ask(browser, text, expression="true"):
    """Types a text and waits for all that is computed -> an expression after it."""
    typed = f"$('text').value = {json.dumps(text)}; update().then(() => {expression})"
    return browser.evaluate(typed)


def through_json(browser, expression):
    return json.loads(browser.evaluate(f"JSON.stringify({expression})"))


def probabilities(browser, texts):
    run = "((g) => { for (;;) { const r = g.next(); if (r.done) return [...r.value.probabilities] } })"
    return np.array(through_json(browser, f"{json.dumps(texts)}.map((text) => {run}(net.read(readText(text).ids)))"))


def rounded(model, dtype=np.float16):
    """The model with its weights as they stand in the page."""
    for param in model.net.params:
        param[...] = param.astype(dtype)
    return model


# -- tokens


@needs_browser
def test_tokens_are_pythons_for_5000_texts_of_all_scripts_every_character_and_every_entity(shown, words):
    page = shown(model_of(BagOfWords(len(words) + 2, 3, rng=0), words))
    characters = [chr(code) for code in (*range(0x32000), *range(0xE0000, 0xE0200), *range(0xFFF00, 0x100010))]
    within = [f"A{c}\u03a3{c}b {c}'c" for c in characters[::7]]
    numeric = [f"x&#{n};y" for n in (*range(300), 55296, 65535, 1114111, 1114112, 9999999999)]
    entities = [f"a&{name}b" for name in NAMES]
    for given in (TEXTS, entities, numeric, within, characters):
        found = through_json(page, f"{json.dumps(given)}.map(tokenize)")
        assert [(text, t) for text, t in zip(given, found) if t != tokenize(text)] == []


@needs_browser
@pytest.mark.parametrize("keep", ["head", "tail", "head-and-tail"])
def test_what_is_removed_and_what_is_read_of_a_longer_text_is_the_models(shown, keep):
    cleaning = Cleaning(remove_html=False, remove_punctuation=True, remove_stopwords=True, remove_negations=True)
    model = model_of(BagOfWords(4, 3, rng=0), ["a", "b"], max_len=5, keep=keep, cleaning=cleaning)
    text = "<br> Is this not the worst of all films? b c d &amp; e f!"
    found = ask(shown(model), text, "[shown.words, shown.total]")
    assert found == list(model.words(text))


def test_the_pattern_of_the_page_has_all_that_is_rewritten_for_it():
    assert all(written in accents_token().pattern for written in _WRITTEN)


# -- arithmetic


NETS = {
    **{f"lstm-{pool}": {"cell": "lstm", "pool": pool} for pool in POOLS},
    **{f"both-{pool}": {"cell": "gru", "pool": pool, "bidirectional": True} for pool in POOLS},
    "rnn": {"cell": "rnn", "num_classes": 5},
    "reset-after": {"cell": "gru-reset-after", "num_layers": 2, "pool": "attention"},
    "stacked": {"cell": "lstm", "num_layers": 2, "bidirectional": True, "pool": "max-mean", "num_classes": 3},
    "softmax": {"cell": "gru-reset-after", "softmax": True, "bidirectional": True},
}


def net_of(words, **how):
    net = sentiment_net(len(words) + 2, 7, 6, **{"cell": "lstm", **how}, rng=1)
    for param in net.params:  # as far from 0 as those of a trained net
        param += 0.5 * np.random.default_rng(2).standard_normal(param.shape).astype(param.dtype)
    return net


@needs_browser
@pytest.mark.parametrize("name", NETS)
def test_probabilities_are_pythons_for_500_texts(shown, words, name):
    C = NETS[name].get("num_classes", 2)
    model = model_of(net_of(words, **NETS[name]), words, [f"c{j}" for j in range(C)], calibration={"temperature": 1.7})
    given = [*TEXTS[:500], "", "the film was not bad"]
    exact = probabilities(shown(model, dtype="float32"), given)
    np.testing.assert_allclose(exact, model.predict_proba(given), rtol=0, atol=1e-5)
    found = probabilities(shown(model), given)
    assert np.abs(found - exact).max() < 0.02  # of the rounded weights
    np.testing.assert_allclose(found, rounded(model).predict_proba(given), rtol=0, atol=1e-4)


@needs_browser
@pytest.mark.parametrize("name", ["both-max", "stacked", "reset-after", "rnn", "both-last", "lstm-mean"])
def test_the_weights_and_the_curve_are_those_of_explain_and_the_gradients_those_of_backward(shown, words, name):
    C = NETS[name].get("num_classes", 2)
    model = model_of(net_of(words, **NETS[name]), words, [f"c{j}" for j in range(C)], calibration={"temperature": 0.6})
    page = shown(model, dtype="float32")
    ask(page, "the film was good", "true")  # whose steps are taken over for what begins in the same way
    text = "the film was not bad , not good at all"
    seen = ask(page, text, "[shown.weights, shown.soFar, shown.gradients.vectors.map((v) => [...v]), shown.answer]")
    found = explain(model, text)
    assert seen[3] == found.answer
    np.testing.assert_allclose(seen[0], found.occlusion, atol=2e-4)
    np.testing.assert_allclose(seen[1], found.so_far, atol=1e-4)
    vectors, mask = model.net.vectors(model.encode([text])[0][None])
    model.net.train(False)
    scores = model.net.score(vectors, mask)
    weight = margin_weight(found.answer, C) / model.temperature
    weight = (weight[1:] if scores.ndim == 1 else weight).reshape(scores.shape).astype(np.float32)
    np.testing.assert_allclose(seen[2], model.net.score_backward(weight)[0], atol=1e-4)


@needs_browser
def test_a_page_of_fewer_words_knows_the_most_frequent_ones(shown):
    model = model_of(net_of(["a", "b", "c"]), ["a", "b", "c"])
    found = probabilities(shown(model, words=2, dtype="float32"), ["a b c", "a b d"])
    np.testing.assert_allclose(found, model.predict_proba(["a b d"] * 2), atol=1e-5)


# -- the page


@needs_browser
def test_no_text_label_or_card_becomes_markup_and_nothing_leaves_the_page(shown, browser, tmp_path, monkeypatch):
    net = sentiment_net(5, 3, 4, num_classes=3, rng=0)
    model = model_of(net, ["<img>", "good", "</script>"], HOSTILE, abstain_below=0.99)
    model.metrics = {"trained_on": {"name": HOSTILE[0], "content": HOSTILE[1], "texts": {"train": {HOSTILE[0]: 3}}}}
    page = shown(model)
    for text in [*HOSTILE, "good \u202e\u0000\ud800 &lt;img src=x onerror=alert(1)&gt; http://evil.example/x"]:
        ask(page, text)
    assert page.evaluate("document.querySelectorAll('img, iframe, #model ~ script').length") == 2  # our own two scripts
    assert page.evaluate("model.labels") == HOSTILE
    assert page.evaluate("$('card').textContent").count(HOSTILE[0]) > 0
    assert complaints(page) == []
    asked = [e["params"]["request"]["url"] for e in page.events if e["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(("file:", "data:,"))] == [] and len(asked) <= 2
    refused = "fetch('https://example.com').then(() => 'sent', () => 'refused')"
    assert page.evaluate(refused) == "refused"
    assert page.evaluate("localStorage.length + document.cookie.length") == 0


@needs_browser
def test_every_kind_of_text_gets_an_answer_or_is_told_why_there_is_none(shown):
    model = model_of(net_of(["good", "bad"]), ["good", "bad"], max_len=50)
    page, label = shown(model), "$('label').textContent"
    assert ask(page, "", label) == "No words yet"
    assert ask(page, " , \n", label) == "No words yet"
    assert ask(page, "unheard of", label) == "No word that the model knows"
    assert "None of them is in the model's vocabulary" in page.evaluate("$('note').textContent")
    assert re.fullmatch(r"(good|bad), \d+\.\d %", ask(page, "good", label))
    assert ask(page, "good bad, " * 10_000, "shown.words.length") == 50
    assert "50 of 20,000 words are read (head-and-tail)" in page.evaluate("$('note').textContent")
    model.abstain_below = 1.0
    assert re.fullmatch(r"unsure \((good|bad), \d+\.\d %\)", ask(shown(model), "good", label))


@needs_browser
def test_keys_and_buttons_go_from_word_to_word(shown):
    page = shown(model_of(net_of(["good", "bad"], bidirectional=True), ["good", "bad"]))
    ask(page, "good and bad")
    key = "$('words').children[at].dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true}))"
    assert page.evaluate("document.querySelectorAll('#words [tabindex=\"0\"]').length") == 1
    for name, now in (("ArrowRight", 1), ("End", 2), ("ArrowRight", 2), ("ArrowLeft", 1), ("Home", 0)):
        page.evaluate(key % name)
        assert page.evaluate("[at, document.activeElement === $('words').children[at]]") == [now, True]
    page.evaluate("$('next').click()")
    assert page.evaluate("$('step').textContent") == "Word 2 of 3, “and”: the state comes from “good”."
    page.evaluate("$('layer').value = '0 1'; $('layer').dispatchEvent(new Event('change'))")
    assert "comes from “bad”, since this direction reads from the end" in page.evaluate("$('step').textContent")
    page.evaluate("$('previous').click(); chooseUnit(3)")
    assert page.evaluate("$('sum').textContent").startswith("Unit 4 of 6: c′ = f·c + i·g = ")
    assert re.search(r"lets \d+\.\d % of it pass out of|on to", page.evaluate("$('backward').textContent"))


@needs_browser
def test_the_page_fits_a_phone_and_names_everything_for_a_screen_reader(shown):
    page = shown(model_of(net_of(["good"], num_layers=2), ["good"], ["a" * 60, "b"]))
    page.call("Emulation.setDeviceMetricsOverride", width=320, height=800, deviceScaleFactor=1, mobile=True)
    ask(page, "good " * 30 + "x" * 200)
    page.evaluate("$('numbers').open = $('card').open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.call("Emulation.clearDeviceMetricsOverride")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"textbox", "button", "combobox", "slider", "listbox", "option", "img", "image"}
    found = [node for node in nodes if not node["ignored"] and node["role"]["value"] in roles]
    assert len(found) > 40 and [node for node in found if not node.get("name", {}).get("value")] == []


def test_our_own_code_is_short_and_cannot_end_its_element():
    scripts = [path.read_text(encoding="utf-8") for path in FILES.glob("*.js")]
    assert sum(len(script.splitlines()) for script in scripts) < 600
    assert not any(word in script for script in scripts for word in ("</script", "<!--", "innerHTML +=", "Segmenter"))
    assert max(len(line) for script in scripts for line in script.splitlines()) <= 120


# -- the card


def test_a_card_is_read_back_as_it_was_written():
    table = Table(["a|b", "c"], [["1 | 2", ""], ["\\", "<b> & *x* [y](http://z)"]])
    sections = [Section("One # `two`", ["A text.", table, "| not a table"]), Section("Audit", ["_ ~"])]
    assert read_markdown(markdown(sections, b"png")) == sections
    assert read_markdown("| a |\n\nb") == [Section("", [Table(["a"], []), "b"])]  # no card of ours: without a title


def test_the_card_beside_the_model_is_shown_where_it_is_of_this_file(phrases_model, tmp_path):
    folder = shutil.copytree(phrases_model, tmp_path / "run")
    model = Classifier.load(folder)
    without = page_bytes(model, folder).decode()
    assert "Without an audit" in without and "Trained on: phrases" in without
    assert call("audit", folder) == 0
    page = page_bytes(model, folder).decode()
    assert "Without an audit" not in page and "<h3>Audit</h3>" in page and "<h3>Recipe</h3>" in page
    model.save(folder / "model.npz")
    model.label_names = ["x", "y"]
    model.save(folder / "model.npz")
    assert "is of another model file" in page_bytes(model, folder).decode()


# -- what is refused


@pytest.mark.parametrize(
    ("options", "got"),
    [
        (["--cell", "transformer"], "one with the encoder transformer"),
        (["--pairvec", "2"], "one with vectors of word pairs (--pairvec)"),
        (["--wide"], "a net with a linear part (--wide)"),
        (["--tokenizer", "words"], "one that reads words, for which a browser has no segmenter"),
        (["--model", "nbsvm"], "NB-SVM"),
    ],
)
def test_a_model_that_a_page_cannot_run_is_refused_by_name(here, no_figures, capsys, options, got):
    assert call("train", "--data", "phrases-small", *TINY, *options, "--epochs", 1, "--out", "run") == 0
    refused(capsys, f"got {got} (--onnx writes other models, too)", "run", "--page", "page.html")
    assert not (here / "page.html").exists()


def refused(capsys, reason, *arguments):
    capsys.readouterr()
    assert call("export", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.endswith(f"{reason}\n") and len(err.splitlines()) == 1


def test_other_mistakes_are_refused_too(phrases_model, here, capsys):
    for option, value in (("--words", 3), ("--page-weights", "float32")):
        refused(
            capsys, f"{option}: expected --page FILE beside it, got none", phrases_model, "--onnx", "a", option, value
        )
    refused(capsys, "--words: expected a number above 0, got 0", phrases_model, "--page", "a.html", "--words", 0)
    model = Classifier.load(phrases_model)
    model.net.params[0][3, 1] = 70_000
    with pytest.raises(DataError, match=r"float16 holds, got 70000 in embed.W \(--page-weights float32\)"):
        page_bytes(model)
    assert page_bytes(model, dtype="float32")
    model.net.params[0][3, 1] = np.nan
    with pytest.raises(DataError, match=r"got nan or inf in embed.W"):
        page_bytes(model)
    assert list(here.iterdir()) == []


def test_the_page_in_docs_is_what_its_command_gives(here):
    """But for the weights, what the card says of them, and what depends on the Python that wrote it."""
    page = (ROOT / "docs" / "page.md").read_text(encoding="utf-8")
    train, export = re.search(r"(sentifish train .*)\n.*\n(sentifish export .*)\n", page).groups()
    assert call(*train.split()[1:], "--epochs", 1, "--quiet") == 0 and call(*export.split()[1:]) == 0
    old, new = ((path).read_text(encoding="utf-8") for path in (ROOT / "docs" / "phrases.html", here / "phrases.html"))
    parts = r"(?s)<details id=\"card\">.*?</details>|<script type=\"text/plain\".*?</script>"
    held = r'<script type="application/json" id="model">(.*?)</script>'
    assert re.sub(f"{parts}|{held}", "", old) == re.sub(f"{parts}|{held}", "", new)
    first, second = (json.loads(re.search(held, content)[1]) for content in (old, new))
    assert {**first, "tables": 0} == {**second, "tables": 0}
    assert len(old) < 120_000 and "<h3>Audit</h3>" in old


def test_an_installation_has_the_files_of_the_page():
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert 'package_data={"ch_sentiment.export": ["page_files/*"]}' in setup and len(list(FILES.iterdir())) == 5
