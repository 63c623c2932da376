"""The models without order are what their papers say, and `sentifish baseline` leaves what `sentifish train` leaves."""

import json
import os
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ch_sentiment.__main__ import main
from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM, ScaledSum, distinct_features, log_count_ratios
from ch_sentiment.commands import train
from ch_sentiment.experiment import run_folder
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.corpus import encode
from common.arrays.row_grad import touched_rows
from common.checking.gradient_check import check_layer, check_model
from common.optimizer import Adam
from common.trainer import Trainer, evaluate
from dataset.text import Vocab

V = 6
X = [np.array(ids, np.int32) for ids in ([2, 3, 2, 3], [3, 2], [4, 2, 3], [5], [2, 2, 2], [1, 5, 4])]
T = np.array([1, 0, 1, 0, 1, 0])


def features_of(ids):
    """What a text holds, each once: its words and its pairs."""
    return {*map(int, ids), *pairwise(map(int, ids))}


def nbsvm(num_classes=2, dtype=np.float64, **how):
    """An NBSVM of the six texts with weights at random."""
    net = NBSVM.of_texts(X, T if num_classes == 2 else np.arange(6) % num_classes, V, num_classes, dtype=dtype, **how)
    rng = np.random.default_rng(0)
    for p in net.params:
        p[...] = rng.standard_normal(p.shape)
    return net


def bow(num_classes=2, dtype=np.float64):
    return BagOfWords(V, 3, num_classes, rng=0, dtype=dtype)


# ---- NBSVM


def test_features_are_the_distinct_words_and_known_pairs_of_each_text():
    pairs = np.array([2 * V + 3, 3 * V + 2])
    found = distinct_features(np.array([[2, 3, 2, 3, 0], [3, 2, 5, 0, 0], [4, 0, 0, 0, 0]]), pairs, V)
    assert [sorted(ids[ids > 0].tolist()) for ids in found] == [[2, 3, V, V + 1], [2, 3, 5, V + 1], [4]]
    assert distinct_features(np.array([[2, 3]]), pairs[:0], V).max() == 3


def test_ratios_are_the_log_counts_of_wang_and_manning():
    net = nbsvm()
    keys = dict(zip(net.keys.tolist(), range(V, V + len(net.keys))))
    known = {f for ids in X for f in features_of(ids) if isinstance(f, tuple)}
    assert {divmod(key, V) for key in keys} == known
    counts = [Counter(f for ids, t in zip(X, T) if t == c for f in features_of(ids)) for c in (1, 0)]
    every = [*range(1, V), *known]  # the unknown word is a word; the padding is none
    p, q = ({f: 1 + count[f] for f in every} for count in counts)
    for f in every:
        r = np.log((p[f] / sum(p.values())) / (q[f] / sum(q.values())))
        assert net.ratios[keys[f[0] * V + f[1]] if isinstance(f, tuple) else f, 0] == pytest.approx(r)
    assert net.ratios[0] == 0


def test_a_text_of_weight_two_is_counted_twice_in_the_ratios():
    weight = np.array([2, 1, 1, 0, 1, 1])
    pairs = nbsvm().keys
    twice = [X[i] for i in np.repeat(np.arange(6), weight)]
    weighted = log_count_ratios(X, T, pairs, V, 2, weight)
    np.testing.assert_allclose(weighted, log_count_ratios(twice, np.repeat(T, weight), pairs, V, 2), rtol=1e-12)
    np.testing.assert_array_equal(NBSVM.of_texts(X, T, V, dtype=np.float64, sample_weight=weight).ratios, weighted)
    alike = log_count_ratios(X, T, pairs, V, 2, np.ones(6))
    np.testing.assert_array_equal(alike, log_count_ratios(X, T, pairs, V, 2))


def test_every_class_of_three_has_its_ratio_against_the_rest():
    t = np.arange(6) % 3
    net = NBSVM.of_texts(X, t, V, 3, dtype=np.float64)
    for c in range(3):
        np.testing.assert_allclose(net.ratios[:, c], NBSVM.of_texts(X, 1 * (t == c), V, dtype=np.float64).ratios[:, 0])


def test_a_score_is_the_sum_of_weight_times_ratio_over_what_the_text_holds():
    net = nbsvm()
    (W, b), keys = net.params, net.keys.tolist()
    for ids in [*X, np.array([3, 4, 3, 4]), np.array([5, 5])]:  # the last two hold pairs that were not seen
        rows = [
            f if isinstance(f, int) else V + keys.index(f[0] * V + f[1])
            for f in features_of(ids)
            if isinstance(f, int) or f[0] * V + f[1] in keys
        ]
        assert net.predict(ids[None])[0] == pytest.approx((W[rows] * net.ratios[rows]).sum() + b[0])


def test_the_pairs_chosen_are_those_in_the_most_texts():
    assert nbsvm(max_ngrams=1).keys.tolist() == [2 * V + 3] and nbsvm(max_ngrams=0).keys.tolist() == []
    assert len(nbsvm(max_ngrams=99).keys) == len(nbsvm().keys) == 6


def test_gradients_of_a_scaled_sum_agree_with_differences_and_know_their_rows():
    rng = np.random.default_rng(0)
    r = rng.standard_normal((7, 3))
    r[0] = 0
    layer = ScaledSum(rng.standard_normal((7, 3)), rng.standard_normal(3), r)
    check_layer(layer, np.array([[1, 2, 0], [2, 4, 6]]))
    layer.forward(np.array([[1, 2, 0], [2, 4, 6]]))
    layer.backward(np.ones((2, 3)))
    assert touched_rows(layer.grads[0]).tolist() == [1, 2, 4, 6]


def test_word_ids_beyond_the_vocabulary_are_refused_though_there_are_such_features():
    for net in (nbsvm(), bow()):
        with pytest.raises(ValueError, match=r"expected ids in \[0, 6\), got 6"):
            net.predict(np.array([[6]]))
        with pytest.raises(ValueError, match=r"expected integers of shape \(N, T\)"):
            net.predict(np.array([1.0]))


# ---- both

MAKE = {"bow": bow, "nbsvm": nbsvm}
both = pytest.mark.parametrize("kind", MAKE)


@both
@pytest.mark.parametrize("num_classes", [2, 3])
def test_gradients_of_the_model_agree_with_differences(kind, num_classes):
    xs = np.array([[2, 3, 2, 0], [4, 1, 0, 0], [5, 5, 5, 5]])
    ts = np.array([0, 1, num_classes - 1])
    check_model(MAKE[kind](num_classes), xs, ts)
    check_model(MAKE[kind](num_classes), xs, ts, None, np.array([0.5, 2.0, 0.0]))  # no mask of one's own, weights


@both
def test_padding_changes_nothing(kind):
    net = MAKE[kind]()
    xs = np.array([[2, 3, 2], [4, 2, 0]])
    np.testing.assert_allclose(net.predict(np.pad(xs, ((0, 0), (0, 5)))), net.predict(xs), rtol=0, atol=1e-12)


@both
@pytest.mark.parametrize("num_classes", [2, 3])
def test_a_saved_model_gives_the_same_bits(kind, num_classes, tmp_path):
    net = MAKE[kind](num_classes, np.float32)
    model = Classifier(net, Vocab(list("abcd")), ["x", "y", "z"][:num_classes], 9)
    model.save(tmp_path / "m.npz")
    loaded = Classifier.load(tmp_path / "m.npz")
    texts = ["a b a", "c", "never seen"]
    assert type(loaded.net) is type(net) and loaded.net.config == net.config
    assert np.array_equal(loaded.predict_proba(texts), model.predict_proba(texts))


def test_pairs_separate_what_words_cannot():
    """Every text holds the same three words; the order of the first two decides."""
    x = [np.array(ids, np.int32) for ids in ([2, 3, 4], [3, 2, 4])] * 20
    t = np.array([1, 0] * 20)
    pairs, words = NBSVM.of_texts(x, t, 5), BagOfWords(5, 4, rng=0)
    for net in (pairs, words):
        Trainer(net, Adam(lr=0.1), [], rng=0).fit(x, t, 10, 8)
    assert evaluate(pairs, x, t)["accuracy"] == 1
    one, other = words.predict(np.array(x[:2]))  # which of them is the greater may be rounding
    assert one == pytest.approx(other, rel=1e-5, abs=1e-6)


# ---- the command

DRAW = run_folder.write_figures


@pytest.fixture
def films(tmp_path, monkeypatch):
    """A folder of one's own with 40 reviews of ten films, four each; nothing is drawn, which takes a second."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_folder, "write_figures", lambda *a: None)
    rows = [f"{'np'[i % 2]}\tfilm{i // 4}\t{('poor', 'fine')[i % 2]} film{i // 4} word{i % 3}\n" for i in range(40)]
    Path("films.tsv").write_text("label\tfilm\ttext\n" + "".join(rows))
    return ["--data", "films.tsv", "--group-column", "film", "--quiet"]


def call(*arguments):
    try:
        return main([str(a) for a in arguments])
    except SystemExit as left:
        return left.code


@both
def test_baseline_leaves_what_train_leaves_and_the_other_commands_read_it(kind, films, capsys, monkeypatch):
    monkeypatch.setattr(run_folder, "write_figures", DRAW)
    assert call("baseline", *films, "--kind", kind, "--validation", "0.2", "--lr", "0.03") == 0
    out, err = capsys.readouterr()
    assert err == "" and re.search(r"^validation accuracy 100\.00% on 8 texts \(.*\), last epoch \d+$", out, re.M)
    folder = Path("runs", f"films-{kind}-1")
    written = ["config.json", "confusion.png", "history.json", "last.npz", "learning_curve.png", "model.npz"]
    assert sorted(name for name in os.listdir(folder) if name[0] != ".") == written and f"written to {folder}" in out
    config = json.loads((folder / "config.json").read_text())
    assert config["model"] == kind and config["group_column"] == "film"
    assert call("evaluate", folder, "--data", "films.tsv", "--json") == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 1
    assert call("predict", folder, "a fine film", "never") == 0
    assert capsys.readouterr().out.startswith("p\t")


def test_train_and_baseline_validate_on_the_same_texts(films, monkeypatch):
    seen = []

    def watch(*arguments):
        seen.append(encode(*arguments))
        return seen[-1]

    monkeypatch.setattr(train, "encode", watch)
    for seed in (0, 1):
        how = [*films, "--seed", seed, "--limit", "32", "--validation", "0.2", "--epochs", "1"]
        assert call("train", *how, "--hidden", "4", "--wordvec", "4") == call("baseline", *how) == 0
    for one, other in (seen[:2], seen[2:]):
        assert one.val.texts == other.val.texts and np.array_equal(one.val.numbers, other.val.numbers)
        assert one.train.texts == other.train.texts and one.vocab == other.vocab
        assert not set(one.train.groups) & set(one.val.groups)
    assert seen[0].val.texts != seen[2].val.texts


def test_one_seed_is_one_file_to_the_byte_and_texts_are_read_whole(films):
    for name in ("a", "b"):
        assert call("baseline", *films, "--kind", "bow", "--out", name) == 0
    assert Path("a/model.npz").read_bytes() == Path("b/model.npz").read_bytes()
    assert len(Classifier.load("a").encode(["word " * 5000])[0]) == 5000


def test_a_baseline_resumes_where_it_stopped(films):
    for kind in MAKE:
        how = [*films, "--kind", kind, "--out"]
        assert call("baseline", *how, f"{kind}-once", "--epochs", "3", "--patience", "9") == 0
        assert call("baseline", *how, f"{kind}-twice", "--epochs", "1", "--patience", "9") == 0
        assert call("train", "--resume", f"{kind}-twice", "--epochs", "3", "--quiet") == 0
        weights = [Classifier.load(f"{kind}-{name}").net.weights() for name in ("once", "twice")]
        assert all(np.array_equal(a, b) for a, b in zip(*map(dict.values, weights)))


def test_texts_of_one_word_have_no_pairs_and_yet_a_model(films):
    Path("words.tsv").write_text("p\tfine\nn\tpoor\n" * 20)
    assert call("baseline", "--data", "words.tsv", "--quiet", "--out", "r") == 0
    assert Classifier.load("r").predict_proba(["fine fine", "poor"]).argmax(axis=1).tolist() == [1, 0]


def test_three_classes(films):
    Path("three.tsv").write_text("a\tfine\nb\tpoor thing\nc\todd thing\n" * 14)
    for kind in MAKE:
        how = "--epochs", "30", "--lr", "0.03", "--quiet", "--kind", kind, "--out", kind
        assert call("baseline", "--data", "three.tsv", "--classes", "3", *how) == 0
        found = Classifier.load(kind).predict_proba(["fine", "poor thing", "odd thing"])
        assert found.argmax(axis=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "svm"], "invalid choice: 'svm'"),
        (["--max-pairs", "0"], "expected a whole number above 0"),
        (["--data", "none.tsv"], "none.tsv: expected a file or a folder"),
        (["--group-column", "actor"], "got 'actor'; there are the columns"),
        (["--group-file", "films.tsv"], "expected --group-file or --group-column, got both"),
        (["--vocab-size", "2"], "--vocab-size: expected at least 3"),
        (["--cell", "lstm"], "unrecognized arguments"),
        (["--out", "films.tsv"], "--out: expected a folder"),
    ],
)
def test_bad_input_is_one_line_exit_2_and_nothing_written(films, capsys, arguments, said):
    assert call("baseline", *films, *arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and said in err
    assert err.startswith("sentifish baseline: ") and os.listdir() == ["films.tsv"]


@both
@pytest.mark.parametrize("how", [["--model"], ["--recipe"]])
def test_what_only_a_recurrent_net_has_is_refused_and_the_folder_is_called_after_the_model(kind, how, films, capsys):
    for more in (["--cell", "gru"], ["--embedding", "one-hot"], ["--no-bidirectional"], ["--pairvec", "4"]):
        assert call("train", *films, *how, kind, *more) == 2
        assert f"expected a recurrent model, got {kind}" in capsys.readouterr().err
    assert not Path("runs").exists()
    assert call("train", *films, *how, kind, "--hidden", "4", "--epochs", "1") == 0
    assert [folder.name for folder in Path("runs").iterdir()] == [f"films-{kind}-1"]
