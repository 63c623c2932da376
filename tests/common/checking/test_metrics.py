"""Every figure equals what its definition gives when it is counted out, one example or pair at a time."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.checking.metrics import (
    accuracy,
    balanced_accuracy,
    classification_report,
    confusion_matrix,
    count_right,
    f1_score,
    macro_f1,
    paired_bootstrap,
    per_class,
    roc_auc,
    roc_curve,
)

answers = st.integers(2, 4).flatmap(
    lambda c: st.tuples(
        st.just(c), st.lists(st.tuples(st.integers(0, c - 1), st.integers(0, c - 1)), min_size=1, max_size=40)
    )
)


@given(answers)
def test_confusion_accuracy_and_f1_are_the_counts(drawn):
    num_classes, pairs = drawn
    t, predicted = (np.array(side) for side in zip(*pairs))
    matrix = confusion_matrix(t, predicted, num_classes)
    f1 = []
    for i, j in itertools.product(range(num_classes), repeat=2):
        assert matrix[i, j] == sum((a, b) == (i, j) for a, b in pairs)
    for c in range(num_classes):
        tp = sum(a == b == c for a, b in pairs)
        wrong = sum((a == c) != (b == c) for a, b in pairs)
        f1.append(2 * tp / (2 * tp + wrong) if tp else 0.0)
    assert matrix.shape == (num_classes, num_classes) and matrix.sum() == len(pairs)
    assert accuracy(matrix) == pytest.approx(sum(a == b for a, b in pairs) / len(pairs))
    assert f1_score(matrix) == pytest.approx(f1[1] if num_classes == 2 else np.mean(f1))


@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=1, max_size=40))
def test_roc_auc_is_the_share_of_pairs_in_the_right_order_ties_counting_half(examples):
    positives = [s for is_positive, s in examples if is_positive]
    negatives = [s for is_positive, s in examples if not is_positive]
    got = roc_auc(np.array([p for p, _ in examples]), np.array([s for _, s in examples]) / 7)
    if not positives or not negatives:
        assert got is None
        return
    won = [1.0 if p > n else 0.5 if p == n else 0.0 for p in positives for n in negatives]
    assert got == pytest.approx(np.mean(won))


@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=1, max_size=40))
def test_the_roc_curve_counts_what_scores_at_each_threshold_or_above_and_roc_auc_is_the_area_below(examples):
    t, score = np.array([p for p, _ in examples]), np.array([s for _, s in examples]) / 7
    curve = roc_curve(t, score)
    if t.all() or not t.any():
        assert curve is None
        return
    false_rate, true_rate, threshold = curve
    assert threshold.tolist() == [np.inf, *sorted(set(score), reverse=True)]
    assert false_rate.tolist() == [np.mean(score[~t] >= least) for least in threshold]
    assert true_rate.tolist() == [np.mean(score[t] >= least) for least in threshold]
    area = np.sum(np.diff(false_rate) * (true_rate[1:] + true_rate[:-1]) / 2)
    assert area == pytest.approx(roc_auc(t, score))


def test_right_answers_are_counted_for_every_shape_of_scores_and_labels():
    logits = np.array([-1.0, 0.5, 3.0, -2.0])
    assert count_right(logits, [0, 1, 0, 1]) == 2
    assert count_right(logits[:, None], np.array([0, 1, 0, 1])) == 2
    assert count_right(logits[:, None], np.array([[0], [1], [1], [1]])) == 3
    scores = np.array([[1.0, 2.0, 0.0], [5.0, 1.0, 1.0], [0.0, 0.0, 9.0]])
    assert count_right(scores, [1, 0, 1]) == 2
    assert count_right(scores, np.eye(3)[[1, 0, 2]]) == 3


@pytest.mark.parametrize(
    ("scores", "t"), [((3, 4, 2), (3, 4)), ((3, 4), (3, 2)), ((3, 4), (2,)), ((3,), (3, 3)), ((), ())]
)
def test_answers_of_steps_and_labels_of_other_examples_are_not_counted(scores, t):
    with pytest.raises(ValueError, match="count_right: expected a score"):
        count_right(np.zeros(scores), np.zeros(t, int))


def test_the_report_of_two_classes_is_about_class_1_and_json_can_hold_it():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])
    report = classification_report([0, 1, 0, 1], probabilities, 0.25, ["bad", "good"])
    half = {"precision": 0.5, "recall": 0.5, "f1": 0.5, "n": 2}
    assert json.loads(json.dumps(report)) == {
        "accuracy": 0.5,
        "loss": 0.25,
        "f1": 0.5,
        "roc_auc": 0.75,
        "macro_f1": 0.5,
        "balanced_accuracy": 0.5,
        "per_class": {"bad": half, "good": half},
        "never_answered": [],
        "majority": {"label": "bad", "accuracy": 0.5},
        "chance": 0.5,
        "confusion": [[1, 1], [1, 1]],
        "n": 4,
    }


def test_the_report_of_more_classes_is_the_mean_over_them():
    rng = np.random.default_rng(0)
    t, p = rng.integers(0, 3, 50), rng.dirichlet([1, 1, 1], 50)
    report = classification_report(t, p, 1.0)
    assert report["roc_auc"] == pytest.approx(np.mean([roc_auc(t == c, p[:, c]) for c in range(3)]))
    assert report["f1"] == f1_score(confusion_matrix(t, p.argmax(axis=1), 3)) and report["n"] == 50
    assert classification_report(np.minimum(t, 1), p, 1.0)["roc_auc"] is None


def test_no_examples_divide_by_nothing():
    empty = np.zeros((2, 2), int)
    assert accuracy(empty) == 0.0 == f1_score(empty) == macro_f1(empty) == balanced_accuracy(empty)
    assert not np.any(per_class(empty))
    assert classification_report(np.zeros(0, int), np.zeros((0, 3)), 0.0)["majority"] == {"label": "0", "accuracy": 0.0}


@given(answers)
def test_the_scores_of_each_class_are_counted_out(drawn):
    num_classes, pairs = drawn
    matrix = confusion_matrix(*zip(*pairs), num_classes)
    for c, (precision, recall, f1) in enumerate(zip(*per_class(matrix))):
        right = sum(a == b == c for a, b in pairs)
        true, given = sum(a == c for a, _ in pairs), sum(b == c for _, b in pairs)
        assert precision == pytest.approx(right / given if given else 0)
        assert recall == pytest.approx(right / true if true else 0)
        assert f1 == pytest.approx(2 * precision * recall / (precision + recall) if right else 0)
    true, seen = {a for a, _ in pairs}, {c for pair in pairs for c in pair}
    assert balanced_accuracy(matrix) == pytest.approx(np.mean([per_class(matrix)[1][c] for c in true]))
    assert macro_f1(matrix) == pytest.approx(np.mean([per_class(matrix)[2][c] for c in seen]))


def test_295_texts_against_5_hide_behind_the_accuracy_and_stand_in_the_report():
    t = np.repeat([0, 1], [5, 295])
    report = classification_report(t, np.tile([0.1, 0.9], (300, 1)), 0.1, ["neg", "pos"])
    assert report["accuracy"] == report["majority"]["accuracy"] == pytest.approx(295 / 300)
    assert report["majority"]["label"] == "pos" and report["chance"] == 0.5 and report["f1"] > 0.99
    assert report["never_answered"] == ["neg"] and report["balanced_accuracy"] == 0.5
    assert report["per_class"]["neg"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "n": 5}
    assert report["macro_f1"] == pytest.approx(report["f1"] / 2)


def test_a_class_without_texts_is_not_one_that_is_never_answered():
    report = classification_report([0, 0, 2], np.eye(3)[[0, 0, 0]], 0.1)
    assert report["never_answered"] == ["2"] and report["per_class"]["1"]["n"] == 0
    assert report["macro_f1"] == pytest.approx(0.8 / 2) and report["chance"] == pytest.approx(1 / 3)


# ---- one model against another


def answers_of(only_a, only_b, both, neither):
    """right_a, right_b with so many examples of each kind."""
    counts = only_a, only_b, both, neither
    return np.repeat([True, False, True, False], counts), np.repeat([False, True, True, False], counts)


def test_the_bootstrap_draws_whole_examples():
    right_a, right_b = answers_of(30, 12, 120, 38)
    found = paired_bootstrap(right_a, right_b, 0, rounds=20_000)
    drawn = np.random.default_rng(1).integers(200, size=(20_000, 200))  # the same, one example at a time
    differences = (right_a[drawn].mean(axis=1) - right_b[drawn].mean(axis=1)).round(9)
    low, high = np.quantile(differences, [0.025, 0.975])
    assert found.difference == pytest.approx(18 / 200)
    assert (found.low, found.high) == (pytest.approx(low, abs=0.006), pytest.approx(high, abs=0.006))
    assert found.p == pytest.approx(np.mean(np.abs(differences - 0.09) >= 0.09 - 1e-9), abs=0.003)


def test_p_is_near_that_of_mcnemars_test():
    found = paired_bootstrap(*answers_of(60, 40, 800, 100), 0)
    z = (60 - 40) / np.sqrt(60 + 40)
    assert found.p == pytest.approx(math.erfc(z / math.sqrt(2)), abs=0.02)


def test_models_that_swap_places_swap_the_sign_and_equal_ones_do_not_differ():
    one, other = paired_bootstrap(*answers_of(50, 5, 20, 9), 0), paired_bootstrap(*answers_of(5, 50, 20, 9), 0)
    assert one.difference == -other.difference == pytest.approx(45 / 84)
    assert 0 < one.low < 45 / 84 < one.high < 1 and -1 < other.low < other.high < 0
    assert one.p == other.p == pytest.approx(1 / 10_001)  # no draw was as far
    same = paired_bootstrap(*answers_of(0, 0, 7, 3), 0)
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1)


@pytest.mark.parametrize("answers", [([], []), ([True], [True, False]), ([[True]], [[True]])])
def test_other_examples_or_none_are_refused(answers):
    with pytest.raises(ValueError, match="paired_bootstrap: expected the same examples twice, at least one, got"):
        paired_bootstrap(*answers)
