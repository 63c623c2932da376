"""The estimators by themselves: what they are given, what they answer, and that they are the command line's models."""

import copy
import io
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, THREE, TINY, TWO, call, lines_of
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss

from ch_sentiment.estimator import NBSVMClassifier, SentimentClassifier
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.fit_options import OF_FIT
from common.files.checkpoint import CheckpointError
from dataset.errors import DataError

TEXTS = [text for _, text in TWO]
NAMES = [label for label, _ in TWO]
NUMBERS = np.array([int(label == "pos") for label in NAMES])
OF_THREE, THREE_NAMES = [text for _, text in THREE], [label for label, _ in THREE]


def net(**options):
    return SentimentClassifier(**{"hidden": 4, "wordvec": 4, "epochs": 2, **options})


@pytest.fixture(scope="module")
def fitted():
    return net().fit(TEXTS, NAMES)


# -- the command line's model


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "gru", "bidirectional": True, "class_weight": "balanced", "lr": 0.01},
        {"recipe": "short", "hidden": 4, "wordvec": 4, "epochs": 2},
        {"cell": "transformer", "layers": 1, "wordvec": 4, "epochs": 2, "validation": 0.3},
        {"model": "bow", "epochs": 3, "remove_stopwords": True},
    ],
    ids=str,
)
@pytest.mark.usefixtures("here", "no_figures")
def test_it_is_the_model_that_the_command_trains_to_the_bit(options, two):
    typed = []
    for name, value in options.items():
        typed += [f"--{name.replace('_', '-')}", *([] if value is True else [value])]
    assert call("train", two, *typed, "--seed", 3, "--quiet", "--out", "run") == 0
    ours, theirs = SentimentClassifier(**options, random_state=3).fit(TEXTS, NAMES).model_, Classifier.load("run")
    assert same(ours, theirs)


@pytest.mark.usefixtures("here", "no_figures")
def test_so_is_nbsvm_and_labels_of_digits_are_in_the_order_of_a_file(write):
    labels = [{"a": "2", "b": "9", "c": "10"}[label] for label in THREE_NAMES]
    write("stars.tsv", lines_of(zip(labels, OF_THREE)))
    assert call("baseline", "stars.tsv", "--epochs", 4, "--quiet", "--out", "run") == 0
    ours = NBSVMClassifier(epochs=4).fit(OF_THREE, labels)
    assert same(ours.model_, Classifier.load("run")) and ours.model_.label_names == ["2", "9", "10"]
    assert ours.classes_.tolist() == ["10", "2", "9"] and ours.score(OF_THREE, labels) == 1
    loaded = NBSVMClassifier.load("run")
    assert np.array_equal(loaded.predict_proba(OF_THREE), ours.predict_proba(OF_THREE))


def same(a, b):
    weights = zip(a.net.weights().items(), b.net.weights().items())
    equal = all(name == other and np.array_equal(p, q) for (name, p), (other, q) in weights)
    return equal and a.vocab == b.vocab and a.label_names == b.label_names and a.calibration == b.calibration


def test_every_option_of_fit_is_a_parameter_or_is_left_out_for_a_reason():
    left_out = {"seed"}  # random_state
    left_out |= {"limit", "strict", "abstain"}  # texts are chosen before; predict always answers with a label
    left_out |= {"rounds", "student_epochs", "confidence", "class_balance", "unlabelled_weight"}  # unlabelled texts
    assert set(net().get_params()) == set(OF_FIT) - left_out | {"random_state", "verbose"}
    assert set(NBSVMClassifier().get_params()) < set(net().get_params())


# -- answers


def test_probabilities_are_float64_add_up_and_follow_from_the_scores(fitted):
    p, scores = fitted.predict_proba(TEXTS), fitted.decision_function(TEXTS)
    assert p.dtype == scores.dtype == np.float64 and scores.shape == (40,)
    assert np.abs(p.sum(axis=1) - 1).max() <= 1e-12
    assert np.allclose(p[:, 1], 1 / (1 + np.exp(-scores)), rtol=0, atol=1e-12)
    assert np.array_equal(fitted.predict(TEXTS), fitted.classes_[p.argmax(axis=1)])


def test_a_sure_answer_costs_its_true_loss():
    model = NBSVMClassifier(epochs=2).fit(TEXTS, NUMBERS)
    model.model_.net.params[0][...] *= 1e4
    scores = model.decision_function(TEXTS)
    assert np.abs(scores).max() > 20 and np.isfinite(scores).all()
    assert log_loss(1 - NUMBERS, model.predict_proba(TEXTS)) > 7.97  # where float32 ends


@pytest.mark.parametrize("calibration", [None, {"temperature": 2.0}])
@pytest.mark.parametrize("softmax", [False, True])
def test_scores_of_two_and_more_classes_are_those_of_the_probabilities(softmax, calibration):
    for texts, labels, shape in ((TEXTS, NAMES, (40,)), (OF_THREE, THREE_NAMES, (40, 3))):
        model = net(softmax=softmax).fit(texts, labels)
        model.model_.calibration = calibration
        scores, p = model.decision_function(texts[:40]), model.predict_proba(texts[:40])
        assert scores.shape == shape and model.predict_proba([]).shape == (0, len(model.classes_))
        odds = np.exp(scores - scores.max(axis=1, keepdims=True)) if scores.ndim == 2 else None
        expected = 1 / (1 + np.exp(-scores)) if odds is None else odds / odds.sum(axis=1, keepdims=True)
        assert np.allclose(p[:, 1] if odds is None else p, expected, rtol=0, atol=1e-12)
        assert np.allclose(p, model.model_.predict_proba(texts[:40]), rtol=0, atol=1e-7)


def test_no_texts_have_no_answers(fitted):
    assert fitted.predict([]).shape == (0,) and fitted.predict([]).dtype == fitted.classes_.dtype
    assert fitted.predict_proba([]).shape == (0, 2) and fitted.decision_function([]).shape == (0,)


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        (NUMBERS.astype(np.int8), np.int8),
        (NUMBERS.astype(float), np.float64),
        (NUMBERS.astype(object), np.int64),
        (np.array(NAMES, object), object),
        (NAMES, "<U3"),
        (pd.Series(NAMES), "<U3"),
        (pd.Series(NAMES, dtype="category"), "<U3"),
        (pd.Series(NUMBERS, dtype="Int64"), np.int64),
        (pd.DataFrame({"label": NAMES}), "<U3"),
        (NUMBERS[:, None] == 1, bool),
    ],
    ids=lambda value: getattr(value, "dtype", type(value)),
)
def test_answers_have_the_type_of_the_labels_also_from_a_pickle_and_a_file(labels, dtype, tmp_path):
    model = NBSVMClassifier(epochs=8).fit(TEXTS, labels)
    model.save(tmp_path / "m.npz")
    for each in (model, copy.deepcopy(model), NBSVMClassifier.load(tmp_path / "m.npz")):
        assert each.predict(TEXTS).dtype == each.classes_.dtype == dtype and each.score(TEXTS, labels) == 1
        assert np.array_equal(each.predict_proba(TEXTS), model.predict_proba(TEXTS))


@pytest.mark.skipif(
    not hasattr(np, "dtypes") or not hasattr(np.dtypes, "StringDType"), reason="NumPy 1 has no StringDType"
)
def test_labels_of_stringdtype_are_converted():
    labels = np.array(NAMES, np.dtypes.StringDType())
    model = NBSVMClassifier(epochs=8).fit(np.array(TEXTS, np.dtypes.StringDType()), labels)
    assert model.classes_.dtype == "<U3" and model.score(TEXTS, labels) == 1


# -- what it is given


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("a good film", "texts: expected a list, got one str"),
        (b"a good film", "texts: expected a list, got one bytes"),
        (["good", None], r"texts\[1\]: expected a str, got a missing value \(None\)"),
        (["good", float("nan")], r"texts\[1\]: expected a str, got a missing value \(nan\)"),
        (pd.Series([pd.NA, "good"]), r"texts\[0\]: expected a str, got a missing value"),
        (["good", b"bad"], r"texts\[1\]: expected a str, got bytes \(decode it\)"),
        ([["good"], ["bad"]], r"texts\[0\]: expected a str, got list"),
        (np.zeros(3), r"texts\[0\]: expected a str, got float64"),
        (np.array([["good", "bad"]]), r"texts: expected one column, got an array of shape \(1, 2\)"),
        (pd.DataFrame({"a": ["good"], "b": ["bad"]}), r"texts: expected one column, got an array of shape \(1, 2\)"),
        ({"good": 1}, "texts: expected a list, got one dict"),
    ],
    ids=repr,
)
def test_what_is_no_list_of_texts_is_one_line_that_names_the_place(fitted, texts, message):
    for answer in (fitted.predict, fitted.predict_proba, fitted.decision_function):
        with pytest.raises(ValueError, match=f"^{message}"):
            answer(texts)


def test_a_vectorizer_before_it_is_named(fitted):
    from sklearn.feature_extraction.text import CountVectorizer

    counts = CountVectorizer().fit_transform(TEXTS)
    for call_it in (lambda: net().fit(counts, NAMES), lambda: fitted.predict(counts)):
        with pytest.raises(DataError, match=r"sparse matrix .no vectorizer stands before"):
            call_it()


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (TEXTS, ["pos"] * 40, "expected two classes or more, got"),
        ([], [], "expected two classes or more, got"),
        (TEXTS, NAMES[:3], "expected as many labels as texts, got 40 texts and 3 labels"),
        (TEXTS, "pos" * 40, "labels: expected a list, got one str"),
        (TEXTS, NUMBERS + 0.5, "label 1: expected a str or an int, got float"),
        (TEXTS, np.zeros((40, 2)), r"labels: expected one column, got an array of shape \(40, 2\)"),
        (TEXTS, ["a", "a\0"] * 20, "labels: expected none that ends in a NUL"),
        (TEXTS, [*NAMES[:39], 1], "labels: expected all of them to be str, or all to be int, got both"),
        ([1, *TEXTS[1:]], NAMES, "text 1: expected a str, got int"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_labelled_text_is_one_line_and_nothing_is_fitted(texts, labels, message):
    model = net()
    with pytest.raises(DataError, match=message):
        model.fit(texts, labels)
    with pytest.raises(NotFittedError, match=r"SentimentClassifier: expected `fit`"):
        model.predict(TEXTS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "lsmt"}, "--cell: expected one of rnn"),
        ({"hidden": 0}, "hidden: expected a whole number above 0"),
        ({"epochs": "3"}, "epochs: expected an int, got '3'"),
        ({"recipe": "unlabelled"}, "recipe: expected one for labelled texts"),
        ({"random_state": "a"}, "random_state: expected a whole number, 0 or above, a Generator"),
        ({"random_state": -1}, "random_state: expected a whole number, 0 or above, a Generator"),
        ({"class_weight": "bal"}, "class_weight: expected 'balanced', a dict"),
        ({"class_weight": {"good": 2}}, "class_weight: expected labels of .*'neg', 'pos'.*, got 'good'"),
        ({"class_weight": {"neg": -2}}, "class_weight: expected a number, 0 or above, for 'neg', got -2"),
    ],
    ids=str,
)
def test_parameters_are_checked_by_fit_alone(options, message):
    model = net(**options)
    assert model.get_params()[next(iter(options))] == next(iter(options.values()))
    with pytest.raises(DataError, match=message):
        model.fit(TEXTS, NAMES)


def test_missing_pairs_are_left_out_and_said():
    labels = pd.Series([None, *NAMES[1:]])
    with pytest.warns(UserWarning, match="1 of 40 texts is left out .no label 1"):
        model = net().fit([*TEXTS[:39], TEXTS[39]], labels)
    assert model.classes_.tolist() == ["neg", "pos"]


def test_a_label_of_one_text_is_learnt_without_holding_texts_out():
    with pytest.warns(UserWarning, match="a label has one text alone: no text is held out"):
        model = NBSVMClassifier().fit([*TEXTS, "rather odd"], [*NAMES, "odd"])
    assert model.classes_.tolist() == ["neg", "odd", "pos"] and model.predict(["odd"]).shape == (1,)
    with pytest.raises(DataError, match="expected at least 2 texts of each label, got 1 labelled odd"):
        net(calibrate=True).fit([*TEXTS, "rather odd"], [*NAMES, "odd"])


# -- weights and random states


def test_a_dict_of_class_weights_is_a_weight_of_each_text():
    weights = np.where(NUMBERS, 3.0, 1.0)
    one = net(class_weight={1: 3}).fit(TEXTS, NUMBERS)
    assert same(one.model_, net().fit(TEXTS, NUMBERS, sample_weight=weights).model_)
    own = np.linspace(1, 2, 40)
    both = net(class_weight={0: 1, 1: 3, 7: 9}).fit(TEXTS, NUMBERS, sample_weight=own)
    assert same(both.model_, net().fit(TEXTS, NUMBERS, sample_weight=own * weights).model_)
    with pytest.raises(DataError, match=r"sample_weight: expected a weight for each of the 40 texts, got shape .3"):
        net(class_weight={1: 3}).fit(TEXTS, NUMBERS, sample_weight=[1, 2, 3])


def test_score_is_weighted(fitted):
    right = fitted.predict(TEXTS) == NAMES
    assert fitted.score(TEXTS, NAMES) == right.mean()
    assert fitted.score(TEXTS, NAMES, sample_weight=right + 1e-9) > 0.999


def test_random_states():
    def fits(random_state):
        return [net(random_state=random_state).fit(TEXTS, NAMES) for _ in range(2)]

    assert same(*(model.model_ for model in fits(5)))
    assert not same(*(model.model_ for model in fits(None)))
    for make in (np.random.default_rng, np.random.RandomState):
        first, second = fits(make(5))
        assert not same(first.model_, second.model_)
        state = make(5)
        assert same(net(random_state=state).fit(TEXTS, NAMES).model_, first.model_)
        assert same(net(random_state=first.seed_).fit(TEXTS, NAMES).model_, first.model_)


def test_verbose_shows_the_table_of_epochs_else_nothing_is_shown(capsys):
    net().fit(TEXTS, NAMES)
    assert capsys.readouterr() == ("", "")
    model = net(verbose=1).fit(TEXTS, NAMES)
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3 and "val loss" in out and err == ""
    assert [row["epoch"] for row in model.history_] == [1, 2] and model.n_iter_ == 2


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (NUMBERS, "labels: expected str, as of `classes_`, got int64"),
        (NAMES[:1], "expected as many labels as texts, got 40 texts and 1 labels"),
        (
            pd.Series([*NAMES[:-1], None], dtype="string"),
            "labels: expected a label for each text, got one that is missing",
        ),
    ],
    ids=["numbers", "one", "missing"],
)
def test_labels_that_no_answer_can_equal_are_not_scored(fitted, labels, reason):
    with pytest.raises(DataError) as refused:
        fitted.score(TEXTS, labels)
    assert str(refused.value) == reason


def test_a_verbose_that_is_no_number_is_refused():
    with pytest.raises(DataError, match="verbose: expected 0, 1 or 2, got 'yes'"):
        net(verbose="yes").fit(TEXTS, NAMES)


# -- going on


def test_a_class_weight_may_name_a_class_that_comes_later():
    texts = [text for text, label in zip(TEXTS, NAMES) if label == "pos"]
    labels = ["pos"] * len(texts)
    model = net(class_weight={"neg": 3}).partial_fit(texts, labels, classes=["neg", "pos"])
    assert model.partial_fit(texts, labels).classes_.tolist() == ["neg", "pos"]
    with pytest.raises(DataError, match="class_weight: expected labels of"):
        net(class_weight={"other": 3}).partial_fit(texts, labels, classes=["neg", "pos"])


def test_a_small_copy_that_went_on_travels_as_it_is(fitted):
    model = copy.deepcopy(fitted)
    model.model_.packed = "int8"
    model.partial_fit(TEXTS, NAMES)
    assert (copy.deepcopy(model).predict_proba(TEXTS) == model.predict_proba(TEXTS)).all()


def test_partial_fit_goes_on_from_the_weights_and_says_which_words_are_new():
    model = net(lr=0.03, calibrate=True, validation=0.3).fit(TEXTS * 5, NAMES * 5)
    before, vocab, temperature = model.predict_proba(TEXTS), model.model_.vocab, model.model_.temperature
    with pytest.warns(UserWarning, match="partial_fit: 1 of 3 words are new and stay unknown: splendid"):
        assert model.partial_fit(["good splendid thing", "thing"], ["pos", "pos"], sample_weight=[1, 2]) is model
    after = model.predict_proba(TEXTS)
    assert np.abs(after - before).max() < 0.3 and (after[:, 1] > before[:, 1]).mean() > 0.9
    assert model.model_.vocab is vocab and model.model_.temperature == temperature and model.n_iter_ == 3
    for _ in range(15):
        model.partial_fit(TEXTS, NAMES)
    assert model.score(TEXTS, NAMES) == 1


@pytest.mark.parametrize(
    "make", [lambda: net(lr=0.03, batch_size=4), lambda: NBSVMClassifier(lr=0.03)], ids=["net", "nbsvm"]
)
def test_partial_fit_begins_with_all_labels_that_will_come(make):
    model = make().partial_fit(TEXTS[:2] + TEXTS, NAMES[:2] + NAMES, classes=["neg", "odd", "pos"])
    assert model.classes_.tolist() == ["neg", "odd", "pos"] and model.predict_proba(TEXTS).shape == (40, 3)
    for _ in range(15):
        model.partial_fit(TEXTS, NAMES)
    assert model.score(TEXTS, NAMES) == 1


@pytest.mark.parametrize(
    "options", [{"recipe": "short", "epochs": 1}, {"adversarial": 0.1, "class_weight": {"pos": 2}}]
)
def test_partial_fit_after_every_kind_of_training(options):
    model = net(**options).fit(TEXTS, NAMES).partial_fit(TEXTS, NAMES)
    assert np.isfinite(model.decision_function(TEXTS)).all()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((["good"], ["odd"]), {}, "label 1: expected one of neg, pos, got 'odd'"),
        ((TEXTS, NAMES, ["neg", "odd"]), {}, "classes: expected those of before"),
        ((["...", "--"], ["neg", "pos"]), {}, "expected texts with words, got none"),
        ((TEXTS, NAMES), {"class_weight": "balanced"}, "expected a dict or None for partial_fit"),
    ],
)
def test_partial_fit_refuses_what_does_not_fit_and_stays_as_it_was(arguments, options, message):
    model = net().fit(TEXTS, NAMES)
    before = model.predict_proba(TEXTS)
    with pytest.raises(DataError, match=message):
        model.set_params(**options).partial_fit(*arguments)
    assert np.array_equal(model.predict_proba(TEXTS), before)
    with pytest.raises(DataError, match="expected all labels that will come, two or more"):
        net().partial_fit(["good"], ["pos"])


# -- files


@pytest.mark.usefixtures("no_figures")
def test_the_file_is_read_by_the_command_and_a_training_by_the_estimator(tmp_path, capsys, two):
    model = net(class_weight={True: 2.0}, random_state=np.random.default_rng(0)).fit(TEXTS, NUMBERS == 1)
    model.save(tmp_path / "m.npz")
    assert call("predict", tmp_path / "m.npz", "a good thing") == 0
    assert str(model.predict(["a good thing"])[0]) in capsys.readouterr().out
    loaded = SentimentClassifier.load(tmp_path / "m.npz")
    assert loaded.get_params() == {**model.get_params(), "random_state": model.seed_}
    assert call("train", two, *TINY, "--out", "run") == 0
    trained = SentimentClassifier.load("run")
    assert trained.classes_.tolist() == ["neg", "pos"]
    assert np.array_equal(trained.predict_proba(TEXTS), Classifier.load("run").predict_proba(TEXTS))
    with pytest.raises(DataError, match="expected an NB-SVM, got SentimentNet"):
        NBSVMClassifier.load("run")


@pytest.mark.parametrize("said", ["x", {}, {"class": "SentimentClassifier", "labels": "<q", "parameters": {"a": 1}}, 3])
def test_what_a_file_says_wrongly_of_its_estimator_does_no_harm(fitted, said, tmp_path):
    model = copy.deepcopy(fitted).model_
    model.metrics["estimator"] = said
    model.save(tmp_path / "m.npz")
    assert SentimentClassifier.load(tmp_path / "m.npz").predict(TEXTS).tolist() == fitted.predict(TEXTS).tolist()


def test_a_pickle_holds_parameters_and_the_file_and_one_that_is_damaged_is_refused(fitted):
    state = fitted.__getstate__()
    assert Classifier.load(io.BytesIO(state["model_"])).vocab == fitted.model_.vocab
    assert pickle.loads(pickle.dumps(net(hidden=7))).hidden == 7  # noqa: S301
    broken = bytearray(state["model_"])
    broken[-1000] ^= 1
    with pytest.raises(CheckpointError, match=r"^a stream: "):
        net().__setstate__({**state, "model_": bytes(broken)})


WITHOUT = """
import sys
sys.modules["sklearn"] = None  # importing it fails
import copy, pickle, warnings
warnings.filterwarnings("ignore", "fit: not fitted")
import numpy as np
from ch_sentiment.estimator import NBSVMClassifier, SentimentClassifier
texts, labels = ["a good thing", "a bad thing"] * 20, ["pos", "neg"] * 20
model = SentimentClassifier(hidden=4, wordvec=4, epochs=1)
for call in (lambda: model.predict(texts), lambda: model.set_params(hiden=3)):
    try:
        call()
    except ValueError as error:
        print(error)
assert model.get_params()["hidden"] == 4 and model.set_params(hidden=5).hidden == 5
print(model)
model.fit(texts, labels, sample_weight=np.ones(40)).partial_fit(texts, labels)
assert model.predict_proba(texts).shape == (40, 2) and model.decision_function(texts).shape == (40,)
assert model.score(texts, labels) >= 0.5 and model.classes_.tolist() == ["neg", "pos"]
model.save(sys.argv[1])
for other in (SentimentClassifier.load(sys.argv[1]), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
    assert other.predict(texts).tolist() == model.predict(texts).tolist() and other.get_params() == model.get_params()
assert NBSVMClassifier(epochs=8).fit(texts, labels).score(texts, labels) == 1
assert not any(name.startswith("sklearn.") for name in sys.modules)
"""


def test_it_works_without_scikit_learn(tmp_path):
    command = [sys.executable, "-W", "error", "-c", WITHOUT, str(tmp_path / "m.npz")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    not_fitted, unknown, shown = done.stdout.splitlines()
    assert not_fitted == "SentimentClassifier: expected `fit`, `partial_fit` or `load` before, got none"
    assert unknown.startswith("SentimentClassifier: expected parameters of") and unknown.endswith("got hiden")
    assert shown == "SentimentClassifier(epochs=1, hidden=5, random_state=0, verbose=0, wordvec=4)"
