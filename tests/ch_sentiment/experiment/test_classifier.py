"""A model file holds all that an answer needs, gives the same bits back, and is refused where its parts do not fit."""

import sys

import numpy as np
import pytest

import ch_sentiment.experiment.build
from ch_sentiment.experiment.build import MODELS
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.model import sentiment_net
from common.checking.abstention import abstention_threshold
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
from dataset.chinese_words import cutter
from dataset.text import Cleaning, Vocab, tokenize

TEXTS = ["good film", "a bad film !", "not bad at all", "good", "日本 good", "bad " * 30]


def make(num_classes=2, **how):
    words = sorted({word for text in TEXTS for word in tokenize(text)} - {"at"})
    net = sentiment_net(len(words) + 2, 4, 3, num_classes=num_classes, rng=0, **how)
    return Classifier(net, Vocab(words), ["neg", "pos", "odd"][:num_classes], 7, {"best": {"val_loss": 0.5}})


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.npz"
    make().save(path)
    return path


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"num_classes": 3},
        {
            "cell": "gru",
            "bidirectional": True,
            "num_layers": 2,
            "pool": "attention",
            "dropout": 0.2,
            "word_dropout": 0.1,
            "type_dropout": True,
        },
        {"cell": "rnn", "pool": "max", "dtype": np.float64},
    ],
    ids=["lstm", "three", "gru", "rnn64"],
)
def test_a_loaded_model_gives_the_same_bits_and_saves_to_the_same_bytes(tmp_path, how):
    model = make(**how)
    model.save(tmp_path / "a.npz")
    loaded = Classifier.load(tmp_path / "a.npz")
    assert np.array_equal(loaded.predict_proba(TEXTS), model.predict_proba(TEXTS))
    assert loaded.predict_proba(TEXTS).dtype == np.float64
    assert (loaded.vocab, loaded.label_names, loaded.max_len) == (model.vocab, model.label_names, 7)
    assert loaded.metrics == model.metrics and loaded.net.config == model.net.config
    loaded.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_the_folder_of_a_run_is_as_good_as_its_file(saved):
    for path in (saved.parent, str(saved.parent)):
        assert Classifier.load(path).label_names == ["neg", "pos"]


def test_order_and_batch_mates_do_not_matter(monkeypatch):
    import ch_sentiment.experiment.classifier

    for model in (make(), make(3), make(bidirectional=True)):
        wanted = model.predict_proba(TEXTS)
        np.testing.assert_allclose(model.predict_proba(TEXTS[::-1])[::-1], wanted, rtol=0, atol=1e-6)
        alone = np.concatenate([model.predict_proba([text]) for text in TEXTS])
        np.testing.assert_allclose(alone, wanted, rtol=0, atol=1e-6)
        monkeypatch.setattr(ch_sentiment.experiment.classifier, "BATCH", 4)
        np.testing.assert_allclose(model.predict_proba(TEXTS), wanted, rtol=0, atol=1e-6)


def test_a_text_without_words_and_unknown_words_have_an_answer():
    model = make()
    p = model.predict_proba(["", "...", "never seen", "unseen"])
    assert np.isfinite(p).all() and np.allclose(p.sum(axis=1), 1) and np.array_equal(p[0], p[1])
    assert model.predict_proba([]).shape == (0, 2)


def test_longer_texts_keep_head_and_tail():
    model = make()
    ids = model.encode(["good film not bad at all a film bad good"])[0]
    assert ids.tolist() == model.vocab.encode(["good", "film", "not", "bad", "film", "bad", "good"]).tolist()


def test_the_report_scores_labelled_ids():
    model = make()
    x, t = model.encode(TEXTS), np.array([1, 0, 1, 1, 1, 0])
    report = model.report(x, t)
    p = model.predict_proba(TEXTS)
    assert report["n"] == 6 and report["accuracy"] == (p.argmax(axis=1) == t).mean()
    assert report["loss"] == pytest.approx(-np.log(p[np.arange(6), t]).mean(), rel=1e-5)
    assert np.sum(report["confusion"]) == 6


def test_a_threshold_is_chosen_saved_and_in_the_report(tmp_path):
    model = make()
    x, t = model.encode(TEXTS), np.array([1, 0, 1, 1, 1, 0])
    assert model.abstain_below is None and "abstain" not in model.report(x, t)
    p = model.predict_proba(TEXTS)
    for accuracy in (0.5, 1.0):
        model.choose_abstention(x, t, accuracy)
        assert model.abstain_below == abstention_threshold(p, t, accuracy)
    model.abstain_below = float(np.median(p.max(axis=1)))
    model.save(tmp_path / "m.npz")
    loaded = Classifier.load(tmp_path / "m.npz")
    assert loaded.abstain_below == model.abstain_below
    found = loaded.report(x, t)["abstain"]
    assert found["answered"] == 3 and found["n"] == 6 and found["coverage"] == 0.5


def test_without_a_threshold_the_file_is_as_before(tmp_path):
    make().save(tmp_path / "m.npz")
    assert "abstain_below" not in load_checkpoint(tmp_path / "m.npz")[1]
    assert Classifier.load(tmp_path / "m.npz").abstain_below is None


def edited(path, change):
    """The file again after change(arrays, meta)."""
    arrays, meta = load_checkpoint(path)
    change(arrays, meta)
    save_arrays(path, arrays, meta)
    with pytest.raises(CheckpointError) as caught:
        Classifier.load(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def resize(name, shape):
    return lambda arrays, meta: arrays.update({name: np.zeros(shape, np.float32)})


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays, meta: meta["words"].pop(),
        lambda arrays, meta: meta["words"].append("more"),
        lambda arrays, meta: meta["words"].__setitem__(0, meta["words"][1]),
        lambda arrays, meta: meta["words"].__setitem__(0, 3),
        lambda arrays, meta: meta.update(words="abcdefghij"[: len(meta["words"])]),
        lambda arrays, meta: meta.update(words=None),
        lambda arrays, meta: meta.pop("words"),
        lambda arrays, meta: meta.update(label_names=["one"]),
        lambda arrays, meta: meta.update(label_names=["a", "b", "c"]),
        lambda arrays, meta: meta.update(label_names=["a", 2]),
        lambda arrays, meta: meta.update(label_names="ab"),
        lambda arrays, meta: meta.update(label_names={"a": 0, "b": 1}),
        lambda arrays, meta: meta.update(max_len=0),
        lambda arrays, meta: meta.update(max_len="many"),
        lambda arrays, meta: meta.update(keep="middle"),
        lambda arrays, meta: meta.pop("net"),
        lambda arrays, meta: meta.update(net=[]),
        lambda arrays, meta: meta["net"].update(cell="transformer"),
        lambda arrays, meta: meta["net"].update(cell=["lstm"]),
        lambda arrays, meta: meta["net"].update(cell="gru"),
        lambda arrays, meta: meta["net"].update(num_layers=2),
        lambda arrays, meta: meta["net"].update(bidirectional=True),
        lambda arrays, meta: meta["net"].update(dropout="much"),
        lambda arrays, meta: meta["net"].update(extra=1),
        lambda arrays, meta: meta["net"].update(rng=1),
        lambda arrays, meta: arrays.pop("embed.W"),
        lambda arrays, meta: arrays.pop("head.b"),
        lambda arrays, meta: arrays.update(more=np.ones(3, np.float32)),
        resize("embed.W", (3, 3)),
        resize("embed.W", ()),
        resize("head.b", (2,)),
        lambda arrays, meta: arrays.update({"embed.W": arrays["embed.W"].astype(int)}),
        lambda arrays, meta: arrays.update({"head.b": arrays["head.b"].astype(int)}),
        lambda arrays, meta: arrays.update({"head.b": arrays["head.b"].astype(np.float64)}),
        lambda arrays, meta: arrays.clear(),
        lambda arrays, meta: meta.update(model="os.system"),
        lambda arrays, meta: meta.update(model=["SentimentNet"]),
        lambda arrays, meta: meta.pop("model"),
        lambda arrays, meta: meta.update(label_names=["a", "a"]),
        lambda arrays, meta: meta.update(max_len=True),
        lambda arrays, meta: meta.update(metrics=[]),
        lambda arrays, meta: meta.update(cleaning={"remove_html": 1}),
        lambda arrays, meta: meta.update(calibration={"temperature": 0.0}),
        *(lambda arrays, meta, p=p: meta.update(abstain_below=p) for p in (-0.1, 1.5, 1, True, "0.5", [0.5])),
        lambda arrays, meta: meta["net"].update(num_layers=True),
        lambda arrays, meta: meta["net"].update(bidirectional=0),
    ],
)
def test_parts_that_do_not_fit_each_other_are_refused(saved, change):
    edited(saved, change)


@pytest.mark.parametrize(
    "huge",
    [
        {"hidden_size": 1 << 30},
        {"wordvec_size": 1 << 40},
        {"vocab_size": 1 << 40},
        {"num_layers": 1 << 40},
        {"num_classes": 1 << 40},
        {"hidden_size": 10**30},
        {"hidden_size": 1.5},
        {"num_layers": 100, "hidden_size": 10},
        {"num_layers": 5, "hidden_size": 1},
        {"hidden_size": 13},
        {"wordvec_size": 20},
    ],
)
def test_sizes_that_the_arrays_cannot_have_are_refused_without_allocating(saved, huge, monkeypatch):
    monkeypatch.setattr(ch_sentiment.experiment.build, "sentiment_net", lambda *a, **k: pytest.fail("it was built"))
    edited(saved, lambda arrays, meta: meta["net"].update(huge))


def test_arrays_in_another_order_still_go_to_their_names(saved):
    wanted = Classifier.load(saved).predict_proba(TEXTS)
    arrays, meta = load_checkpoint(saved)
    save_arrays(saved, dict(reversed(arrays.items())), meta)
    assert np.array_equal(Classifier.load(saved).predict_proba(TEXTS), wanted)


@pytest.mark.parametrize("meta", [{}, {"kind": "another"}, [1], "text"])
def test_another_kind_of_checkpoint_is_refused(tmp_path, meta):
    save_arrays(tmp_path / "m.npz", {"embed.W": np.ones((2, 2))}, meta)
    with pytest.raises(CheckpointError, match=r"m\.npz: expected a sentifish classifier"):
        Classifier.load(tmp_path / "m.npz")


class Counted:
    """Another model of the same contract: the mean of a weight for each word."""

    def __init__(self, vocab_size, dtype):
        self.config, self.W = {"vocab_size": vocab_size, "num_classes": 2}, np.zeros(vocab_size, dtype)
        self.params = [self.W]

    def weights(self):
        return {"W": self.W}

    def predict(self, xs):
        return self.W[xs].sum(axis=1) / (xs != 0).sum(axis=1)


def test_another_model_is_one_line_in_the_closed_list(tmp_path, monkeypatch):
    words = ["good", "bad"]
    model = Classifier(Counted(4, np.float32), Vocab(words), ["neg", "pos"], 7)
    model.net.W[2:] = 2, -3
    model.save(tmp_path / "m.npz")
    with pytest.raises(CheckpointError, match=r"m\.npz: .* expected a model of SentimentNet, .*, got 'Counted'"):
        Classifier.load(tmp_path / "m.npz")
    monkeypatch.setitem(MODELS, "Counted", lambda config, manifest: Counted(config["vocab_size"], np.float32))
    loaded = Classifier.load(tmp_path / "m.npz")
    assert type(loaded.net) is Counted and np.array_equal(loaded.predict_proba(TEXTS), model.predict_proba(TEXTS))


def test_weights_are_read_straight_into_the_network(saved, monkeypatch):
    """So that a load takes the file's size once, not twice."""
    import ch_sentiment.experiment.classifier

    kept = {}

    def load(path, into):
        arrays, meta = load_checkpoint(path, into)
        kept.update(arrays)
        return arrays, meta

    monkeypatch.setattr(ch_sentiment.experiment.classifier, "load_checkpoint", load)
    weights = Classifier.load(saved).net.weights()
    assert list(weights) and all(weights[name] is kept[name] for name in weights)


def test_parameters_alone_a_missing_file_and_an_empty_folder_are_refused(tmp_path):
    make().net.save_params(tmp_path / "p.npz")
    for path in (tmp_path / "p.npz", tmp_path / "none.npz", tmp_path):
        with pytest.raises(CheckpointError, match=str(tmp_path)):
            Classifier.load(path)


@pytest.mark.parametrize("softmax", [False, True])
def test_scores_that_are_not_finite_are_no_answer(softmax, tmp_path):
    model = make(softmax=softmax, pool="mean")
    for p in model.net.params:
        p[...] = 3e38  # finite: a file may hold them
    model.save(tmp_path / "model.npz")
    model = Classifier.load(tmp_path / "model.npz")
    for ask in (model.predict_proba, lambda texts: model.report(model.encode(texts), np.zeros(len(texts), int))):
        with pytest.raises(ValueError, match="expected a model with finite scores"):
            ask(TEXTS)


def test_one_str_is_no_list_of_texts():
    with pytest.raises(ValueError, match="expected a list of texts, got one str"):
        make().predict_proba("good")


def chinese(path, tokenizer="words"):
    model = make()
    model.cleaning = Cleaning(tokenizer=tokenizer)
    model.save(path)


def test_a_model_records_what_chinese_is_read_as(tmp_path):
    chinese(tmp_path / "w.npz")
    loaded = Classifier.load(tmp_path / "w.npz")
    assert loaded.cleaning.tokenizer == "words" and loaded.words("不好吃") == (["不", "好吃"], 2)
    _, meta = load_checkpoint(tmp_path / "w.npz")
    del meta["cleaning"]["tokenizer"]  # as versions before it wrote it
    save_arrays(tmp_path / "old.npz", make().net.weights(), meta)
    assert Classifier.load(tmp_path / "old.npz").words("不好吃") == (["不", "好", "吃"], 3)


def test_a_model_of_words_is_refused_in_one_line_where_rjieba_is_missing(tmp_path, monkeypatch):
    chinese(tmp_path / "w.npz")
    monkeypatch.setitem(sys.modules, "rjieba", None)
    cutter.cache_clear()
    try:
        with pytest.raises(CheckpointError, match=r"w\.npz: .*package rjieba.* \(pip install 'sentifish\[zh\]'\)$"):
            Classifier.load(tmp_path / "w.npz")
    finally:
        cutter.cache_clear()


@pytest.mark.parametrize("tokenizer", ["jieba", "", 1, None, True, ["words"], {"words": 1}, "words\nx"])
def test_a_forged_tokenizer_is_one_line(tmp_path, tokenizer):
    chinese(tmp_path / "w.npz")
    _, meta = load_checkpoint(tmp_path / "w.npz")
    meta["cleaning"]["tokenizer"] = tokenizer
    save_arrays(tmp_path / "f.npz", make().net.weights(), meta)
    with pytest.raises(CheckpointError, match=r"^\S*f\.npz: .*expected tokenizer to be characters or words, got .*$"):
        Classifier.load(tmp_path / "f.npz")
