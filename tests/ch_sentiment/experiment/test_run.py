"""Texts and labels in memory are the one way in, and a training says nothing: `run_experiment` and `fit`."""

import enum
import os
import signal

import numpy as np
import pytest
from conftest import THREE, TWO

from ch_sentiment.experiment.corpus import LabelledTexts, encode
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.parts import Part
from ch_sentiment.experiment.run import fit, run_experiment
from common.trainer import Trainer
from common.training.callbacks import Callback
from dataset.errors import DataError

SMALL = {"hidden": 4, "wordvec": 4, "epochs": 2}


def texts_of(labelled):
    return [text for _, text in labelled], [label for label, _ in labelled]


@pytest.mark.parametrize(
    "options", [{}, {"cell": "gru", "bidirectional": True}, {"recipe": "nbsvm"}, {"recipe": "bow"}]
)
def test_a_classifier_is_fitted_on_two_lists(options):
    model = fit(*texts_of(TWO), **{**options, "wordvec": 8, "hidden": 8, "lr": 0.02})
    assert model.label_names == ["neg", "pos"]
    probabilities = model.predict_proba(["good fine thing", "bad poor thing"])
    assert probabilities[0, 1] > 0.5 > probabilities[1, 1]


def test_any_sequence_of_texts_and_labels_will_do():
    texts, labels = texts_of(THREE)
    wanted = fit(texts, labels, **SMALL).predict_proba(texts[:3])
    for same_texts, same_labels in (
        (tuple(texts), np.array(labels)),
        (np.array(texts, object), np.array(labels, object)),
    ):
        model = fit(same_texts, list(same_labels), **SMALL)
        np.testing.assert_allclose(model.predict_proba(texts[:3]), wanted, rtol=1e-5)
    numbers = fit(texts, ["abc".index(label) * 5 for label in labels], **SMALL)
    assert numbers.label_names == ["0", "5", "10"]
    np.testing.assert_allclose(numbers.predict_proba(texts[:3]), wanted, rtol=1e-5)


def test_nothing_is_printed_and_no_file_is_written(here, capfd):
    fit(*texts_of(TWO), **SMALL)
    run_experiment(Config.of(SMALL), LabelledTexts.of(*texts_of(TWO)))
    assert capfd.readouterr() == ("", "") and list(here.iterdir()) == []


def test_a_result_has_the_scores_and_the_part_they_are_of():
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, trainer):
            seen.append(trainer.epoch)

    texts = LabelledTexts.of(*texts_of(TWO))
    result = run_experiment(Config.of(SMALL), texts, [Watch()])
    assert seen == [row["epoch"] for row in result.history] == [1, 2] and result.error is None
    assert result.scored_on == "validation" and result.scores["n"] == 4
    assert result.best["val_loss"] == min(row["val_loss"] for row in result.history)
    assert result.scores["loss"] == pytest.approx(result.best["val_loss"], rel=1e-5)
    texts.test = LabelledTexts.of(*texts_of(TWO[:10])).texts
    result = run_experiment(Config.of(SMALL), texts)
    assert result.scored_on == "test" and result.scores["n"] == 10 and texts.texts.x == []


def test_a_number_that_is_no_longer_finite_is_in_the_result_and_raised_by_fit():
    texts, labels = texts_of(TWO)
    result = run_experiment(Config.of(SMALL, lr=1e38), LabelledTexts.of(texts, labels))
    assert result.scores is None and "step" in result.error
    with pytest.raises(FloatingPointError, match="step"):
        fit(texts, labels, **SMALL, lr=1e38)


def test_a_training_that_somebody_stops_is_not_scored(monkeypatch):
    step = Trainer._train_step

    def stopped(self, *arguments):
        self.stop("SIGTERM")
        return step(self, *arguments)

    monkeypatch.setattr(Trainer, "_train_step", stopped)
    result = run_experiment(Config.of(SMALL), LabelledTexts.of(*texts_of(TWO)))
    assert result.scores is None and result.stop_reason == "SIGTERM" and result.history == []


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        ("good", [1], "texts: expected a list, got one str"),
        ({"a", "b"}, [0, 1], "texts: expected a list, got one set"),
        (["a", "b"], "xy", "labels: expected a list, got one str"),
        (["a", "b"], [0], "expected as many labels as texts, got 2 texts and 1 labels"),
        (["a", 1.5, "b"], [0, 1, 0], "text 2: expected a str, got float"),
        (["a", b"b", "b"], [0, 1, 0], "text 2: expected a str, got bytes"),
        (["a", "b"], ["x", "x"], r"labels: expected two classes or more, got \['x'\]"),
        (np.array("a"), np.array("b"), "texts: expected a list, got one ndarray"),
        (["a", "b"], [0.5, 1.5], "label 1: expected a str or an int, got float"),
        (["a", "b"], [0, float("inf")], "label 2: expected a str or an int, got float"),
        (["a", "b"], [("x",), ("y",)], "label 1: expected a str or an int, got tuple"),
        (["a", "b"], np.array([[0], [1]]), "label 1: expected a str or an int, got ndarray"),
        (["a", "b"], [1, "1"], "labels: expected all of them to be str, or all to be int, got both"),
        (["a", "b", "c"], [0, 1, 0], "texts: expected at least 2 texts of each label, got 1 labelled 1 .text 2."),
    ],
)
def test_what_are_no_labelled_texts_is_one_line(texts, labels, message):
    with pytest.raises(ValueError, match=message) as caught:
        fit(texts, labels, **SMALL)
    assert "\n" not in str(caught.value)


class NAType:
    """Stands for pandas.NA, which is neither true nor false."""

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")

    def __eq__(self, other):
        return self

    __hash__ = None


MISSING = [None, float("nan"), np.float32("nan"), NAType(), np.ma.masked, "", " \t"]


@pytest.mark.parametrize("missing", MISSING, ids=["None", "nan", "float32", "NA", "masked", "empty", "space"])
def test_a_pair_of_which_something_is_missing_is_left_out_with_one_warning(missing):
    texts, labels = texts_of(TWO)
    plain = fit(texts, labels, **SMALL)
    with pytest.warns(UserWarning) as said:
        found = fit([*texts, missing, "a good film"], [*labels, "pos", missing], **SMALL)
    N = len(texts) + 2
    assert [str(w.message) for w in said if "not fitted" not in str(w.message)] == [
        f"texts: 2 of {N} texts are left out (no text 1, no label 1): texts {N - 1}, {N}"
    ]
    assert said[0].filename == __file__
    np.testing.assert_array_equal(found.predict_proba(texts), plain.predict_proba(texts))
    with pytest.raises(DataError, match=f"are left out .*: texts {N - 1}, {N}, which --strict refuses"):
        fit([*texts, missing, "a good film"], [*labels, "pos", missing], **SMALL, strict=True)


def test_whole_numbers_that_pandas_made_floats_of_because_one_is_missing_are_the_labels_they_were():
    texts, labels = texts_of(TWO)
    whole = [1 if label == "pos" else 0 for label in labels]
    with pytest.warns(UserWarning, match="no label 1"):
        found = LabelledTexts.of([*texts, "more"], np.array([*whole, np.nan]))
    assert found.label_names == ["0", "1"] and found.texts.t.tolist() == whole


def test_a_text_without_a_word_is_left_out_with_a_warning_and_its_group_and_weight_with_it():
    texts, labels = texts_of(TWO)
    with pytest.warns(UserWarning, match=r"texts: 1 of \d+ texts is left out \(no word 1\): text 3"):
        found = fit([*texts[:2], "... <br/>", *texts[2:]], [*labels[:2], "pos", *labels[2:]], **SMALL)
    np.testing.assert_array_equal(found.predict_proba(texts), fit(texts, labels, **SMALL).predict_proba(texts))
    with pytest.raises(DataError, match=r"no word 1\): text 3, which --strict refuses"):
        fit([*texts[:2], "...", *texts[2:]], [*labels[:2], "pos", *labels[2:]], **SMALL, strict=True)
    groups = [f"g{i // 2}" for i in range(8)]
    with pytest.warns(UserWarning, match="no text 1"):
        whole = LabelledTexts.of(["a", None, *"bcdefg"], list("xyxyxyxy"), groups, range(8))
    assert whole.texts.groups.tolist() == [groups[0], *groups[2:]] and whole.texts.weights.tolist() == [0, *range(2, 8)]
    assert whole.texts.numbers.tolist() == [1, *range(3, 9)]
    whole.texts.texts[1] = "."
    encoded = encode(whole, Config.of(validation=0.5))
    parts = [encoded.train, encoded.val]
    assert sorted(n for part in parts for n in part.numbers.tolist()) == [1, 4, 5, 6, 7, 8]
    assert all(part.groups.tolist() == [groups[n - 1] for n in part.numbers] for part in parts)
    assert all(part.weights.tolist() == [n - 1 for n in part.numbers] for part in parts)
    assert encoded.left_out == encoded.notes[:1] == ["texts: 1 of 7 texts is left out (no word 1): text 3"]


def test_texts_without_any_word_are_one_line():
    with pytest.raises(DataError, match=r"texts: expected texts with words, got none \(texts: 4 of 4 texts"):
        fit([".", "..", "-", ","], [0, 1, 0, 1], **SMALL)
    with pytest.raises(DataError, match=r"at least 2 texts of each label, got 0 labelled b; texts: 2 of 4 texts are"):
        fit(["good", "fine", "-", ","], ["a", "a", "b", "b"], **SMALL)


def test_rows_left_out_are_counted_among_all_of_the_source_where_some_are_drawn():
    part = Part([*"abcdefgh", "."] * 2, np.arange(18) % 2, numbers=np.arange(18) + 3, left_out={"no text": [1, 2]})
    lines = encode(LabelledTexts(part, ["x", "y"], name="a.csv"), Config.of(validation=0.5, limit=16)).left_out
    assert lines[0].startswith("a.csv: ") and " of 20 texts are left out (no text 2" in lines[0]


def test_classes_that_differ_in_case_or_unicode_form_are_warned_of():
    labels = ["Pos", "pos", "caf\u00e9", "cafe\u0301", "x"] * 4
    with pytest.warns(UserWarning, match=r"only: 'Pos' and 'pos', 'cafe\\u0301' and 'caf\\xe9'$"):
        assert len(LabelledTexts.of(["good"] * 20, labels).label_names) == 5


def test_a_weight_of_a_pair_that_is_left_out_is_not_asked_for():
    with pytest.warns(UserWarning, match="no text 1"):
        whole = LabelledTexts.of(["a", "b", None], [0, 1, 1], sample_weight=[1, 2, float("nan")])
    assert whole.texts.weights.tolist() == [1, 2]


def test_an_option_that_there_is_not_is_named():
    for name in ("colour", "out", "resume", "data", "test_data", "group_file", "classes", "quiet"):
        with pytest.raises(TypeError, match=f"got {name}"):
            fit(["a", "b"], [0, 1], **{name: "x"})
    with pytest.raises(DataError, match=r"--naive-bayes: expected two classes, got 3 \(--no-naive-bayes does"):
        fit(*texts_of(THREE), naive_bayes=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "x"}, "model: expected one of recurrent, bow, nbsvm, got 'x'"),
        ({"optimizer": "Adam"}, "optimizer: expected one of sgd, .*, got 'Adam'"),
        ({"schedule": 1}, "schedule: expected a str, got 1"),
        ({"cell": object}, "cell: expected a str, got <class 'object'>"),
        ({"cell": "tree"}, "--cell: expected one of rnn"),
        ({"epochs": "3"}, "epochs: expected an int, got '3'"),
        ({"epochs": 1.5}, "epochs: expected an int, got 1.5"),
        ({"epochs": 0}, "epochs: expected a whole number above 0"),
        ({"epochs": True}, "epochs: expected an int, got True"),
        ({"lr": float("nan")}, "lr: expected a number above 0, got 'nan'"),
        ({"dropout": 1}, "dropout: expected a number from 0 up to"),
        ({"bidirectional": 1}, "bidirectional: expected a bool, got 1"),
        ({"hidden": None}, "hidden: expected an int, got None"),
        ({"adversarial": 0.3, "model": "bow"}, "--adversarial: expected a recurrent model, got bow"),
        ({"entropy": 0.3, "model": "nbsvm"}, "--entropy: expected a recurrent model, got nbsvm"),
        ({"adversarial": 0.3, "entropy": 0.1}, "--entropy: expected no --adversarial beside it, got 0.3"),
        ({"adversarial": 0.3, "virtual_adversarial": 1.0}, r"--virtual-adversarial: .* \(--adversarial 0 does"),
    ],
)
def test_a_value_that_cannot_be_is_one_line_that_names_its_option(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        fit(*texts_of(TWO), **{**SMALL, **options})
    assert "\n" not in str(caught.value)


def test_numbers_of_numpy_and_none_where_there_need_be_no_limit_are_options_too():
    options = {"epochs": np.int64(1), "lr": np.float32(0.01), "clip": None, "patience": None, "seed": 3}
    assert fit(*texts_of(TWO), **{**SMALL, **options}).label_names == ["neg", "pos"]


def test_a_column_of_objects_gives_labels_and_a_str_enum_its_value():
    class Column:
        """What a column of a data frame offers: a length and its values in order."""

        def __init__(self, values):
            self.values = values

        def __len__(self):
            return len(self.values)

        def __iter__(self):
            return iter(self.values)

    class Mood(enum.StrEnum):
        UP, DOWN = "up", "down"

    texts, labels = texts_of(TWO)
    for column in (Column(labels), np.array(labels, object)):
        assert fit(Column(texts), column, **SMALL).label_names == ["neg", "pos"]
    moods = [Mood.UP if label == "pos" else Mood.DOWN for label in labels]
    assert LabelledTexts.of(texts, moods).label_names == ["down", "up"]
    assert LabelledTexts.of(texts, [label == "pos" for label in labels]).label_names == ["False", "True"]
    assert LabelledTexts.of(["a", "b", "c"], [10, 9, 9]).label_names == ["9", "10"]


def test_what_a_model_was_trained_on_is_not_a_data_set_of_another_name():
    assert fit(*texts_of(TWO), **SMALL).metrics["trained_on"]["name"] == "texts"


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_in_fit_is_a_keyboard_interrupt_and_leaves_the_handler(monkeypatch):
    step, before = Trainer._train_step, signal.getsignal(signal.SIGINT)

    def pressed(self, *arguments):
        signal.raise_signal(signal.SIGINT)
        return step(self, *arguments)

    monkeypatch.setattr(Trainer, "_train_step", pressed)
    with pytest.raises(KeyboardInterrupt):
        fit(*texts_of(TWO), **SMALL)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_training_that_a_callback_ends_is_scored():
    class Content(Callback):
        def on_step_end(self, trainer):
            trainer.stop("good enough")

    result = run_experiment(Config.of(SMALL), LabelledTexts.of(*texts_of(TWO)), [Content()])
    assert result.stop_reason == "good enough" and result.scores["n"] == 4
