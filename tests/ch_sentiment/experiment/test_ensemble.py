"""Several models asked as one: `predict --with` and `evaluate --with`."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import call

from ch_sentiment.experiment.answering import report
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.ensemble import Ensemble, mean
from ch_sentiment.model import sentiment_net
from dataset.text import Cleaning, Vocab, tokenize

WORDS = ["it", "was", "good", "bad", "dull", "not"]
TEXTS = ["it was good", "it was not bad at all", "dull"]
LABELLED = "".join(f"{label}\t{text}\n" for label, text in zip(("positive", "negative", "negative"), TEXTS))


def saved(path, seed, words=WORDS, label_names=("negative", "positive"), num_classes=2, **more):
    net = sentiment_net(len(words) + 2, 4, 3, num_classes=num_classes, rng=seed)
    net.params[-2] *= 20  # sure enough to differ
    Classifier(net, Vocab(words), list(label_names), 10, **more).save(path)
    return Classifier.load(path)


@pytest.fixture
def three(here):
    """Models of their own vocabulary and cleaning each."""
    return [
        saved("a.npz", 0),
        saved("b.npz", 1, words=WORDS[::-1]),
        saved("c.npz", 2, words=["good", "bad"], cleaning=Cleaning(remove_stopwords=True)),
    ]


def test_predict_gives_the_mean_of_the_probabilities_of_all(three, capsys):
    wanted = np.mean([member.predict_proba(TEXTS) for member in three], axis=0)
    assert np.ptp([member.predict_proba(TEXTS) for member in three], axis=0).max() > 0.1
    assert call("predict", "--json", "a.npz", "--with", "b.npz", "--with", "c.npz", *TEXTS) == 0
    found = [json.loads(line)["probabilities"]["positive"] for line in capsys.readouterr().out.splitlines()]
    assert found == pytest.approx(wanted[:, 1], rel=1e-6)


def test_evaluate_scores_that_mean(three, write, capsys):
    data = write("d.tsv", LABELLED)
    assert call("evaluate", "a.npz", "--with", "b.npz", "--with", "c.npz", "--data", data, "--json") == 0
    found, p = json.loads(capsys.readouterr().out), mean([member.predict_proba(TEXTS) for member in three])
    assert found["accuracy"] == pytest.approx(np.mean(p.argmax(axis=1) == [1, 0, 0]))
    assert found["loss"] == pytest.approx(-np.log(p[[0, 1, 2], [1, 0, 0]]).mean())
    assert call("evaluate", "a.npz", "--data", data, "--json") == 0
    assert json.loads(capsys.readouterr().out).keys() == found.keys()


def test_one_model_asked_twice_is_that_model(three, write, capsys):
    data = write("d.tsv", LABELLED)
    reports = []
    for more in ([], ["--with", "a.npz"]):
        assert call("evaluate", "a.npz", *more, "--data", data, "--json") == 0
        reports.append(json.loads(capsys.readouterr().out))
    for name in ("confusion", "per_class", "never_answered", "majority", "data", "accuracy_interval"):  # of counts
        assert reports[0].pop(name) == reports[1].pop(name)
    assert reports[0] == pytest.approx(reports[1], rel=1e-5)


def test_a_sure_mistake_has_a_finite_loss():
    found = report(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([1, 0]))
    assert np.isfinite(found["loss"]) and found["loss"] > 100


def test_a_text_has_a_word_if_any_of_them_reads_one(three, capsys):
    assert call("predict", "c.npz", "it was") == 0  # nothing but stop words
    assert "1 of 1 texts hold no word" in capsys.readouterr().err
    assert call("predict", "c.npz", "--with", "a.npz", "it was") == 0
    assert capsys.readouterr().err == ""


def test_models_of_other_labels_are_refused(three, said):
    saved("d.npz", 3, label_names=("a", "b", "c"), num_classes=3)
    line = said("predict", "a.npz", "--with", "b.npz", "--with", "d.npz", "good")
    assert "--with d.npz: expected a model of the labels negative, positive, got a, b, c" in line
    assert "none.npz" in said("evaluate", "a.npz", "--with", "none.npz")


CHINESE = ["我不喜欢", "好吃 iPhone 很好！", "喜欢这家店", "film"]


@pytest.fixture
def characters_and_words(here):
    """A model that reads Chinese as characters, and one that reads it as words."""
    return [
        saved("c.npz", 0, words=["不", "喜", "欢", "好", "吃", "!", "film"]),
        saved("w.npz", 1, words=["不", "喜欢", "好吃", "!", "这家"], cleaning=Cleaning(tokenizer="words")),
    ]


@pytest.mark.parametrize("text", CHINESE)
def test_each_member_gets_the_parts_of_a_text_as_it_reads_them(characters_and_words, text):
    both = Ensemble(characters_and_words)
    words, count = both.words(text)
    assert words == tokenize(text, Cleaning(tokenizer="words")) and count == len(words)
    parts = [slice(None), np.delete(np.arange(count), 0), np.zeros(0, int)]
    expected = mean([member.predict_proba([text, " ".join(words[1:]), ""]) for member in characters_and_words])
    np.testing.assert_allclose(both.predict_proba_of_parts(words, parts), expected, rtol=1e-5)


def test_what_any_member_knows_is_known_however_it_reads(characters_and_words):
    for members in (characters_and_words, characters_and_words[::-1]):
        found = Ensemble(members).known(["喜欢", "这家", "好看", "film", "凉", "送餐"])
        assert found.tolist() == [True, True, True, True, False, False]


def test_models_of_both_tokenizers_answer_explain_and_evaluate_together(characters_and_words, write, capsys):
    for first, other in (("c.npz", "w.npz"), ("w.npz", "c.npz")):
        assert call("predict", first, "--with", other, *CHINESE) == 0
        assert call("explain", first, "--with", other, CHINESE[0], "--html", "why.html") == 0
        data = write("d.tsv", "".join(f"{('positive', 'negative')[i % 2]}\t{text}\n" for i, text in enumerate(CHINESE)))
        assert call("evaluate", first, "--with", other, "--data", data) == 0
    assert "喜欢" in (Path("why.html")).read_text(encoding="utf-8")


def test_a_model_with_words_of_another_dictionary_says_so(here, capsys):
    saved("w.npz", 1, words=["不", "不好吃", "好吃"], cleaning=Cleaning(tokenizer="words"))
    assert call("predict", "w.npz", "不好吃") == 0
    assert (
        "w.npz: trained with another version of rjieba: by this one 1 of its words would be cut, such as 不好吃"
        in capsys.readouterr().err
    )
    saved("w.npz", 1, words=["不", "好吃"], cleaning=Cleaning(tokenizer="words"))
    assert call("predict", "w.npz", "不好吃") == 0
    assert "rjieba" not in capsys.readouterr().err
