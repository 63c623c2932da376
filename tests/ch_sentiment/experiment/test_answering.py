"""`predict_proba` and `label_names` are all that a model needs: a stand-in of five lines works in every command."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import call, lines_of

from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.experiment import answering
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.ensemble import Ensemble
from ch_sentiment.experiment.parts import CachedTexts
from ch_sentiment.explain.attribution import explain, remarks
from ch_sentiment.explain.figure import figure
from ch_sentiment.explain.page import page
from ch_sentiment.model import sentiment_net
from ch_sentiment.speeches.reading import read
from ch_sentiment.speeches.reading import remarks as speech_remarks
from dataset.errors import DataError
from dataset.speeches import Speech
from dataset.text import Cleaning, Vocab

TEXT = "such a good film, not bad"
LABELLED = [("good", "a good day"), ("bad", "a bad day"), ("good", "bad luck"), ("bad", "nothing")]


class Keyword:
    label_names = ["bad", "good"]  # noqa: RUF012

    def predict_proba(self, texts):
        p = np.array([0.2 + 0.6 * ("good" in text) + 0.1 * ("Jamal" in text) for text in texts])
        return np.stack((1 - p, p), axis=1)


@pytest.fixture
def stand_in(monkeypatch):
    """Every command gets a Keyword, whatever its MODEL."""
    for command in ("predict", "evaluate", "explain", "speeches", "audit"):
        monkeypatch.setattr(f"ch_sentiment.commands.{command}.load_model", lambda options: Keyword())
    return Keyword()


def classifier(seed=0, words=("good", "bad", "film", "not"), **how):
    net = sentiment_net(len(words) + 2, 4, 3, rng=seed)
    net.head.params[0][...] *= 20
    return Classifier(net, Vocab(list(words)), ["bad", "good"], **{"max_len": 6, **how})


# ---- with nothing but the protocol


def test_explain_leaves_words_out_of_the_text():
    found = explain(Keyword(), TEXT)
    assert found.words == ["such", "a", "good", "film", "not", "bad"] and found.label == "good"
    assert found.occlusion == pytest.approx([0, 0, np.log(4) - np.log(0.25), 0, 0, 0])
    assert found.so_far == pytest.approx([0.2, 0.2, 0.8, 0.8, 0.8, 0.8])
    assert found.path is None and found.attention is None and found.known is None
    assert remarks(found) == ["this model is not explained along word vectors: occlusion alone"]
    assert "for for5" in page(found) and "the model does not know" not in page(found)
    assert len(figure(found).axes) == 2
    with pytest.raises(DataError, match="expected words in the text, got none"):
        explain(Keyword(), "...")
    assert explain(Keyword(), "good").occlusion == pytest.approx([np.log(4) - np.log(0.25)])


def test_explain_prints_what_is_known_of_it(stand_in, capsys):
    assert call("explain", "any", TEXT, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["steps"] is None and [word["known"] for word in printed["words"]] == [None] * 6
    assert call("explain", "any", TEXT) == 0
    assert "+good" in capsys.readouterr().out


def test_predict_answers(stand_in, capsys):
    assert call("predict", "any", "good", "bad") == 0
    assert capsys.readouterr().out == "good\t0.8000\tgood\nbad\t0.8000\tbad\n"
    assert call("predict", "any", "...") == 0
    assert "1 of 1 texts hold no word" in capsys.readouterr().err


def test_any_model_is_unsure_below_a_threshold(stand_in, write, capsys):
    assert call("predict", "any", "good", "a good Jamal", "bad", "--abstain-below", "0.85") == 0
    assert capsys.readouterr().out == "unsure\t0.8000\tgood\ngood\t0.9000\ta good Jamal\nunsure\t0.8000\tbad\n"
    assert call("predict", "any", "good", "--abstain-below", "0.8", "--csv") == 0  # as sure as that is sure enough
    assert capsys.readouterr().out == "label,probability,text\ngood,0.8000,good\n"
    assert call("predict", "any", "good", "--abstain-below", "0.9", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["label"], answer["unsure"], answer["probability"]) == ("unsure", True, pytest.approx(0.8))
    assert answer["probabilities"]["good"] == pytest.approx(0.8)
    data = write("d.tsv", lines_of([*LABELLED, ("good", "good Jamal")]))
    assert call("evaluate", "any", "--data", data, "--abstain-below", "0.85", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["abstain"] == {"below": 0.85, "n": 5, "answered": 1, "coverage": 0.2, "accuracy": 1.0}
    assert found["accuracy"] == 0.8  # of all texts, as without a threshold
    for below in ("2", "-0.5", "much", "nan"):
        assert call("predict", "any", "good", "--abstain-below", below) == 2
        assert "--abstain-below: expected a number from 0 to 1, got" in capsys.readouterr().err


def test_a_threshold_of_the_model_is_the_default_and_0_overrides_it(stand_in, write, capsys, monkeypatch):
    monkeypatch.setattr(Keyword, "abstain_below", 0.85, raising=False)
    data = write("d.tsv", lines_of(LABELLED))
    none, all_of_them = "all 4 texts, none is answered", "4 of 4 texts (100.00%) are answered, 75.00% of these rightly"
    for typed, label, said in (
        ([], "unsure", [f"unsure below 0.85: {none}"]),
        (["--abstain-below", "0"], "good", []),
        (["--abstain-below", "0.5"], "good", [f"unsure below 0.5: {all_of_them}"]),
    ):
        assert call("predict", "any", "good", *typed) == 0
        assert capsys.readouterr() == (f"{label}\t0.8000\tgood\n", "")
        assert call("evaluate", "any", "--data", data, *typed) == 0
        assert re.findall("unsure below 0.*", capsys.readouterr().out) == said


def test_a_class_that_is_called_unsure_is_told_from_what_is(stand_in, capsys, monkeypatch):
    monkeypatch.setattr(Keyword, "label_names", ["Unsure", "good"])
    assert call("predict", "any", "good", "bad", "--abstain-below", "0.9", "--json") == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["label"] for line in out.splitlines()] == ["(unsure)", "(unsure)"]
    assert err == "a class is called 'unsure': what is less sure than 0.9 is answered '(unsure)'\n"
    assert call("predict", "any", "bad") == 0
    assert capsys.readouterr() == ("Unsure\t0.8000\tbad\n", "")


def test_the_mean_of_models_has_no_threshold_of_its_own(here, capsys):
    for seed in (0, 1):
        model = classifier(seed, abstain_below=0.99)
        model.save(f"{seed}.npz")
    assert call("predict", "0.npz", "good film") == 0
    assert capsys.readouterr().out.startswith("unsure\t")
    assert call("predict", "0.npz", "--with", "1.npz", "good film") == 0
    out, err = capsys.readouterr()
    assert not out.startswith("unsure") and "the thresholds of single models are not those of their mean" in err
    assert call("predict", "0.npz", "--with", "1.npz", "good film", "--abstain-below", "0.99") == 0
    out, err = capsys.readouterr()
    assert out.startswith("unsure") and err == ""


def test_evaluate_scores_and_draws(stand_in, write, capsys):
    data = write("d.tsv", lines_of(LABELLED))
    assert call("evaluate", "any", "--data", data, "--json", "--figures", "found") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["accuracy"], report["n"], report["confusion"]) == (0.75, 4, [[2, 0], [1, 1]])
    assert report["loss"] == pytest.approx(-(3 * np.log(0.8) + np.log(0.2)) / 4)
    assert len(list(Path("found").iterdir())) == 4
    write("e.tsv", lines_of([*LABELLED, ("good", "...")]))
    assert call("evaluate", "any", "--data", "e.tsv", "--strict") == 2
    assert "e.tsv: 1 of 5 rows is left out (no word 1): line 5, which --strict refuses" in capsys.readouterr().err
    assert call("evaluate", "any", "--data", "e.tsv", "--json") == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 0.75


def test_audit_compares_all_words_and_says_so(stand_in, write, capsys):
    write("folder/any.npz", "a file")
    data = write("d.csv", "label,text,age\n" + "".join(f"{label},{text},1\n" for label, text in LABELLED))
    assert call("audit", "folder/any.npz", "--data", data, "--group-column", "age") == 0
    out = capsys.readouterr().out
    assert "the model does not tell which words it knows, so all are compared" in out
    assert re.search("^African-American +12 of 12 ", out, re.M) and "nothing can be said" not in out
    card = Path("folder/model_card.md").read_text()
    assert "Keyword" in card and "Accuracy: unknown" in card and "does not tell which words it knows" in card
    assert call("audit", "folder/any.npz", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    groups = {g["group"]: g for d in printed["dimensions"] for g in d["groups"]}
    assert printed["known"] is None and "Jamal" in groups["African-American"]["sentence"]


def test_speeches_are_read_with_and_without_context(stand_in, write, capsys):
    path = write("s.csv", "speaker,speech\nAnn,A good day. A bad day. A long day.\n")
    for more, p in ([], [0.8, 0.2, 0.2]), (["--context"], [0.8, 0.8, 0.2]):
        how = ["--paragraph-words", 3, "--out", "out", "--overwrite"]
        assert call("speeches", "any", path, *how, *more) == 0
        assert "the model does not tell which words it knows" in capsys.readouterr().out
        (speech,) = json.loads(Path("out/speeches.json").read_text())["speeches"]
        assert [part["probability"] for part in speech["paragraphs"]] == pytest.approx(p)


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (np.ones((2, 3)), r"shape \(2, 3\)"),
        (np.ones(2), r"shape \(2,\)"),
        (np.full((2, 2), np.nan), "nan or inf"),
        ([["a", "b"], ["c", "d"]], "dtype <U1"),
        ([["0.5", "0.5"], ["0.5", "0.5"]], "dtype <U3"),
        (np.array([[0.5, 0.5], [0.5, None]]), "dtype object"),
        ([[0.5, 0.5], [1.0]], "rows of different lengths"),
        ([[0.5, 0.5], [1.25, -0.25]], "-0.25, less than 0"),
        ([[0.5, 0.5], [0.75, 0.5]], "a row that adds up to 1.25 instead of 1"),
        ([[0.5, 0.502], [0.5, 0.5]], "a row that adds up to 1.002 instead of 1"),
    ],
)
def test_an_answer_that_is_none_is_refused_by_the_name_of_the_model(answer, came):
    model = Keyword()
    model.predict_proba = lambda texts: answer
    with pytest.raises(ValueError, match=rf"Keyword: expected \(2, 2\) finite probabilities, got {came}"):
        answering.predict_proba(model, ["a", "b"])


@pytest.mark.parametrize("answer", [[[0, 1], [1, 0]], np.float32([[0.5, 0.5004], [0.3, 0.7]])])
def test_integers_and_rounded_probabilities_are_answers(answer):
    model = Keyword()
    model.predict_proba = lambda texts: answer
    np.testing.assert_array_equal(answering.predict_proba(model, ["a", "b"]), answer)


def test_a_model_of_one_label_is_refused_in_one_line():
    class One:
        label_names = ("a",)

        def predict_proba(self, texts):
            return np.ones((len(texts), 1))

    for ask in (lambda: explain(One(), "a film"), lambda: answering.predict_proba(Ensemble([One()]), ["a"])):
        with pytest.raises(ValueError, match=r"^One: expected a model of at least two labels, got \['a'\]$"):
            ask()


@pytest.mark.parametrize("more", [{}, {"max_len": 2}, {"max_len": None}])
def test_each_optional_part_of_the_protocol_stands_alone(more):
    model = Keyword()
    for name, value in more.items():
        setattr(model, name, value)
    model.words = lambda text: (text.split()[:2], len(text.split()))
    speech = Speech("Ann", "A good film it was. Not a bad one.", "")
    reading = read(model, speech, 5)
    how_far = ": the model reads 2 words" if more.get("max_len") else ""
    assert list(speech_remarks([reading], model))[-1] == f"2 of 2 paragraphs are cut{how_far}"
    assert read(model, speech, 5, context=True).probabilities.shape == (2, 2)
    assert explain(model, "good film it was").words == ["good", "film"]


def test_a_model_that_reads_more_than_words_is_explained_with_a_remark():
    found = explain(Keyword(), "Jamal is good")
    assert found.probability == pytest.approx(0.9) and found.so_far[-1] == pytest.approx(0.8)
    expected = "the text has the probability 0.9000, its words joined by spaces 0.8000: the words explain the second"
    assert expected in remarks(found)


# ---- what a Classifier offers beyond it is the same as what its predict_proba says


def test_parts_of_a_text_have_the_probabilities_of_the_texts_that_they_are():
    class Plain:
        def __init__(self, model):
            self.label_names, self.predict_proba = model.label_names, model.predict_proba

    model = classifier()
    words, total = model.words("A good film! Not bad, not at all")
    assert words == ["a", "good", "film", "not", "at", "all"] and total == 9
    parts = [slice(3), np.array([0, 2, 4]), slice(0), np.arange(6)]
    found = answering.predict_proba_of_parts(model, words, iter(parts))
    np.testing.assert_allclose(found, answering.predict_proba_of_parts(Plain(model), words, parts), rtol=1e-5)
    assert found.shape == (4, 2) and found[2] == pytest.approx(model.predict_proba(["unheard"])[0], rel=1e-5)


def test_texts_that_bring_their_tokens_get_the_same_answers():
    texts = ["a good film", "bad " * 9, "not good", "unheard", "!"]
    for how in ({}, {"cleaning": Cleaning(remove_punctuation=True)}, {"keep": "tail"}):
        model = classifier(**how)
        tokenized = CachedTexts(texts, cached=False)
        np.testing.assert_allclose(model.predict_proba(tokenized), model.predict_proba(texts), rtol=1e-5)
        assert tokenized.tokens(model.cleaning) is tokenized.tokens(model.cleaning)


def test_the_log_odds_of_a_sure_answer_are_finite_and_exact():
    model = classifier()
    model.net.head.params[0][...] = 0
    model.net.head.params[1][...] = 200
    found = explain(model, "good film")
    assert found.path.margin == pytest.approx(200)
    (p,) = model.predict_proba(["good film"])
    assert np.log(p[1]) - np.log(p[0]) == pytest.approx(200)


def test_a_temperature_divides_the_margin():
    plain, tempered = classifier(), classifier(calibration={"temperature": 4.0})
    a, b = explain(plain, "not a bad film"), explain(tempered, "not a bad film")
    np.testing.assert_allclose(b.occlusion, a.occlusion / 4, rtol=1e-4)
    np.testing.assert_allclose(b.path.attributions, a.path.attributions / 4, rtol=1e-4)


# ---- an ensemble


def test_an_ensemble_of_any_models_is_one():
    members = [classifier(), Keyword()]
    model = Ensemble(members)
    wanted = np.mean([member.predict_proba([TEXT]) for member in members], axis=0)
    np.testing.assert_allclose(model.predict_proba([TEXT]), wanted, rtol=1e-6)
    assert model.max_len is None and model.known(["good"]) is None and model.label_names == ["bad", "good"]
    found = explain(model, "a good film")
    without = answering.predict_proba(model, ["a film"])[0]
    p = found.probabilities
    lost = np.log(p[1] / p[0]) - np.log(without[1] / without[0])
    assert found.occlusion[1] == pytest.approx(lost if found.label == "good" else -lost, rel=1e-4)
    assert found.path is None


def test_an_ensemble_of_different_labels_or_of_nobody_is_refused():
    other = Keyword()
    other.label_names = ["good", "bad"]
    for members in ([Keyword(), other], []):
        with pytest.raises(ValueError, match="Ensemble: expected models of the same labels, got"):
            Ensemble(members)


def test_an_ensemble_reads_what_any_member_reads():
    few = classifier(words=("film",), cleaning=Cleaning(remove_stopwords=True), max_len=2)
    model = Ensemble([few, classifier()])
    assert model.words("it was a good film") == (["it", "was", "a", "good", "film"], 5)
    assert model.known(["good", "unheard", "film"]).tolist() == [True, False, True]
    assert model.max_len == 6 and not model.cleaning.removed
    of_marks = classifier(cleaning=Cleaning(remove_punctuation=True))
    assert Ensemble([few, of_marks]).words("a film !") == (["a", "film", "!"], 3)  # "a" is for one, "!" for the other
    assert model.has_word("it was") and not few.has_word("it was")


def nbsvm(**how):
    words = Vocab(["good", "bad", "film", "not"])
    texts = ["good film", "not bad", "bad film", "not good"]
    net = NBSVM.of_texts([words.encode(text.split()) for text in texts], np.array([1, 1, 0, 0]), len(words))
    net.params[0][...] = 0.7
    return Classifier(net, words, ["bad", "good"], **{"max_len": 400, **how})


LONG = "A film that was not bad! " + "The plot is good? It is so long. " * 79 + "Not a bad film!"
MIXED = {
    "a cell that reads one word": lambda: [classifier(), classifier(max_len=1, cleaning=NONE_LEFT)],
    "that one first": lambda: [classifier(max_len=1, cleaning=NONE_LEFT), classifier()],
    "the head and the tail": lambda: [classifier(keep="head"), classifier(seed=1, keep="tail", max_len=9)],
    "all and some": lambda: [classifier(max_len=400), nbsvm(max_len=10_000)],
    "all, some and a stand-in": lambda: [classifier(max_len=400, keep="tail"), nbsvm(max_len=10_000), Keyword()],
    "an ensemble of ensembles": lambda: [Ensemble([classifier(keep="tail"), nbsvm()]), Ensemble([nbsvm(keep="head")])],
    "cleanings of which none is the least": lambda: [
        classifier(cleaning=Cleaning(remove_punctuation=True)),
        classifier(seed=1, cleaning=Cleaning(remove_stopwords=True), max_len=4),
    ],
}
NONE_LEFT = Cleaning(remove_stopwords=True, remove_punctuation=True)


@pytest.mark.parametrize("text", ["good film", "it was not a bad film!", LONG], ids=["two", "some", "many"])
@pytest.mark.parametrize("members", MIXED.values(), ids=MIXED)
def test_an_ensemble_explains_the_answer_that_it_gives(members, text):
    model = Ensemble(members())
    words, total = model.words(text)
    parts = [np.arange(len(words)), slice(len(words)), slice(0, len(words) - 1)]
    found = answering.predict_proba_of_parts(model, words, parts)
    answer = model.predict_proba([text])[0]
    np.testing.assert_allclose(found[:2], [answer, answer], rtol=1e-5)
    np.testing.assert_allclose(found[2], model.predict_proba([" ".join(words[:-1])])[0], rtol=1e-5)
    assert total >= len(words)


def test_so_far_ends_with_the_answer_and_occlusion_starts_from_it():
    model = Ensemble([classifier(), classifier(seed=1, max_len=1, cleaning=NONE_LEFT)])
    found = explain(model, "the good film")
    p, q = model.predict_proba(["the good film", "the film"])
    assert found.so_far[-1] == pytest.approx(p.max(), rel=1e-5)
    lost = np.log(p[1] / p[0]) - np.log(q[1] / q[0])
    assert found.occlusion[1] == pytest.approx(lost if found.label == "good" else -lost, rel=1e-4)
    assert remarks(found) == ["this model is not explained along word vectors: occlusion alone"]


@pytest.fixture
def two_files(here):
    classifier(0).save("a.npz")
    Path("b").mkdir()
    classifier(1, words=("film", "bad", "good", "jamal", "emily", "james", "she", "he")).save("b/model.npz")
    return [Classifier.load("a.npz"), Classifier.load("b")]


def test_explain_asks_several_models(two_files, capsys):
    assert (
        call("explain", "a.npz", "not a bad film", "--with", "b", "--json", "--html", "x.html", "--png", "x.png") == 0
    )
    out, err = capsys.readouterr()
    printed = json.loads(out)
    wanted = Ensemble(two_files).predict_proba(["not a bad film"])[0]
    assert list(printed["probabilities"].values()) == pytest.approx(wanted, rel=1e-5)
    assert printed["steps"] is None and "occlusion alone" in err and Path("x.png").stat().st_size
    assert [word["known"] for word in printed["words"]] == [True, False, True, True]


def test_audit_averages_several_models_and_the_card_describes_each(two_files, capsys):
    assert call("audit", "b", "--with", "a.npz", "--json") == 0
    groups = {g["group"]: g for d in json.loads(capsys.readouterr().out)["dimensions"] for g in d["groups"]}
    assert groups["African-American"]["known"] == 1  # of the names, one model knows Jamal
    card = Path("b/model_card.md").read_text()
    assert card.startswith("# Model card: b + a\n")
    for line in ("The answer is the mean of the probabilities of these models.", "Model 1, b:", "Model 2, a:"):
        assert line in card
    assert card.count("sha256 of the file") == 2


def test_speeches_are_read_by_several_models(two_files, write, capsys):
    path = write("s.csv", "speaker,speech\nAnn,A good film. A bad film. Not a film.\n")
    how = ["--paragraph-words", 3, "--out", "out", "--json"]
    assert call("speeches", "a.npz", path, "--with", "b", *how) == 0
    (speech,) = json.loads(capsys.readouterr().out)["speeches"]
    wanted = Ensemble(two_files).predict_proba([part["text"] for part in speech["paragraphs"]])[:, 1]
    assert [part["probability"] for part in speech["paragraphs"]] == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("command", ["predict", "evaluate", "explain", "speeches", "audit"])
def test_models_of_other_labels_are_refused_by_every_command(two_files, said, command):
    net = sentiment_net(6, 4, 3, rng=0)
    Classifier(net, Vocab(["good", "bad", "film", "not"]), ["no", "yes"], 6).save("other.npz")
    text = ["x"] if command in ("predict", "explain") else []
    expected = "--with other.npz: expected a model of the labels bad, good, got no, yes"
    assert expected in said(command, "a.npz", *text, "--with", "other.npz")
