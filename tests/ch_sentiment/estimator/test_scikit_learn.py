"""The estimators in scikit-learn's own searches, votes, calibrations and pipelines."""

import copy
import pickle
import pickletools
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from conftest import TWO
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (before the search that it enables)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
    permutation_test_score,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object

from ch_sentiment.estimator import NBSVMClassifier, SentimentClassifier

TEXTS = [text for _, text in TWO]
NAMES = np.array([label for label, _ in TWO])  # "neg" or "pos"
THIRDS = [f"{('good', 'bad', 'odd')[i % 3]} thing number{i % 4}" for i in range(42)]

TEXT_KINDS = {
    "list": list,
    "object": lambda texts: np.array(texts, object),
    "<U": np.array,
    "pandas": pd.Series,
    "frame of one column": lambda texts: pd.DataFrame({"text": texts}),
}
if hasattr(np, "dtypes") and hasattr(np.dtypes, "StringDType"):  # NumPy 2
    TEXT_KINDS["StringDType"] = lambda texts: np.array(texts, np.dtypes.StringDType())
LABEL_KINDS = {
    "str": NAMES,
    "int": np.where(NAMES == "pos", 1, 0),
    "bool": NAMES == "pos",
}


def small(**options):
    return NBSVMClassifier(**{"epochs": 8, **options})


def net(**options):
    return SentimentClassifier(**{"hidden": 4, "wordvec": 4, "epochs": 1, **options})


def tfidf():
    return make_pipeline(TfidfVectorizer(), LogisticRegression())


META = {
    "Pipeline": lambda: make_pipeline(small()),
    "FunctionTransformer": lambda: make_pipeline(FunctionTransformer(), small()),
    "GridSearchCV": lambda: GridSearchCV(small(), {"lr": [0.003, 0.03]}, cv=2, error_score="raise"),
    "HalvingGridSearchCV": lambda: HalvingGridSearchCV(
        small(), {"lr": [0.003, 0.03]}, cv=2, min_resources=20, random_state=0, error_score="raise"
    ),
    "Calibrated sigmoid": lambda: CalibratedClassifierCV(small(), method="sigmoid", cv=2),
    "Calibrated isotonic": lambda: CalibratedClassifierCV(small(), method="isotonic", cv=2),
    "Calibrated temperature": lambda: CalibratedClassifierCV(small(), method="temperature", cv=2),
    "Voting hard": lambda: VotingClassifier([("a", small()), ("b", small(ngrams=1))]),
    "Voting soft": lambda: VotingClassifier([("a", small()), ("b", small(ngrams=1))], voting="soft"),
    "Stacking": lambda: StackingClassifier([("a", small()), ("b", small(ngrams=1))], cv=2),
    "OneVsRest": lambda: OneVsRestClassifier(small()),
    "TunedThreshold": lambda: TunedThresholdClassifierCV(small(), thresholds=3, cv=2),
}


@pytest.mark.parametrize("meta", META)
@pytest.mark.parametrize("texts", TEXT_KINDS)
def test_every_kind_of_texts_and_labels_fits_and_answers_are_labels_of_the_kind_fitted(meta, texts):
    kinds = list(LABEL_KINDS.values())
    labels = kinds[(list(META).index(meta) + list(TEXT_KINDS).index(texts)) % len(kinds)]
    texts = TEXT_KINDS[texts](TEXTS)
    model = META[meta]().fit(texts, labels)
    answers = model.predict(texts)
    assert answers.dtype == labels.dtype and np.array_equal(answers, labels)
    if hasattr(model, "predict_proba"):
        assert np.abs(model.predict_proba(texts).sum(axis=1) - 1).max() <= 1e-12


@pytest.mark.parametrize("meta", [name for name in META if name != "TunedThreshold"])  # which takes two classes alone
@pytest.mark.filterwarnings("ignore:fit. a label has one text alone:UserWarning")  # in the first steps of halving
def test_there_may_be_more_classes(meta):
    labels = np.array(["a", "b", "c"])[np.arange(42) % 3]
    assert META[meta]().fit(THIRDS, labels).score(THIRDS, labels) > 0.9


@pytest.mark.parametrize("labels", LABEL_KINDS.values(), ids=LABEL_KINDS)
def test_a_frozen_one_stays_as_it_was_fitted(labels):
    fitted = small().fit(TEXTS, labels)
    frozen = FrozenEstimator(fitted).fit(["other"], ["label"])
    assert np.array_equal(frozen.predict(TEXTS), labels)
    found = CalibratedClassifierCV(frozen).fit(TEXTS, labels)
    assert np.array_equal(found.predict(TEXTS), labels)


def test_it_is_a_classifier_of_strings_and_folds_are_stratified():
    tags = get_tags(net())
    assert is_classifier(net()) and tags.input_tags.string and not tags.input_tags.two_d_array
    ordered = np.argsort(NAMES, kind="stable")  # unstratified folds would lack a class
    scores = cross_validate(small(), [TEXTS[i] for i in ordered], NAMES[ordered], cv=2, error_score="raise")
    assert scores["test_score"].min() > 0.9


def test_clone_and_set_params_carry_every_parameter():
    made = SentimentClassifier(cell="gru", hidden=3, class_weight={"pos": 2}, random_state=5)
    copied = clone(made)
    assert copied.get_params() == made.get_params() and copied is not made
    assert copied.set_params(hidden=9).hidden == 9 and made.hidden == 3
    assert "hidden=3" in repr(made) and "epochs" not in repr(made) and "SentimentClassifier" in made._repr_html_()
    with pytest.raises(ValueError, match="hiden"):
        made.set_params(hiden=3)


def test_searches_in_several_processes_find_what_one_finds():
    grid = {"nbsvmclassifier__lr": [0.0001, 0.03], "nbsvmclassifier__ngrams": [1, 2]}
    found = [GridSearchCV(make_pipeline(small()), grid, cv=2, n_jobs=n).fit(TEXTS, NAMES) for n in (1, 2)]
    scores = [search.cv_results_["mean_test_score"] for search in found]
    assert np.array_equal(*scores)
    votes = VotingClassifier([("a", small()), ("b", small(ngrams=1))], n_jobs=2)  # whose models come back
    assert votes.fit(TEXTS, NAMES, sample_weight=np.ones(40)).score(TEXTS, NAMES) == 1


def test_other_searches_with_values_of_numpy():
    values = {"hidden": np.array([2, 4]), "lr": np.array([0.01, 0.1], np.float32), "cell": np.array(["gru", "rnn"])}
    values["bidirectional"] = np.array([True, False])
    search = RandomizedSearchCV(net(), values, n_iter=2, cv=2, random_state=0, error_score="raise")
    assert search.fit(TEXTS, NAMES).best_score_ > 0
    by_epochs = HalvingRandomSearchCV(
        small(),
        {"lr": [0.01, 0.02, 0.03, 0.04]},
        resource="epochs",
        max_resources=4,
        cv=2,
        random_state=0,
        error_score="raise",
    )
    assert by_epochs.fit(TEXTS, NAMES).best_params_["epochs"] >= 1


def test_validation_of_several_kinds():
    found = cross_validate(
        small(), TEXTS, LABEL_KINDS["int"], cv=2, scoring=["roc_auc", "neg_log_loss", "average_precision", "f1_macro"]
    )
    assert found["test_roc_auc"].min() == 1 and found["test_neg_log_loss"].max() < 0
    for method, shape in (("predict_proba", (40, 2)), ("decision_function", (40,)), ("predict", (40,))):
        assert cross_val_predict(small(), TEXTS, NAMES, cv=2, method=method).shape == shape
    score, _, _ = permutation_test_score(small(), TEXTS, NAMES, cv=2, n_permutations=2)
    assert score > 0.9
    _, of_training, _ = learning_curve(small(), TEXTS, NAMES, cv=2, train_sizes=[0.5, 1.0])
    assert of_training.shape == (2, 2)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "partial_fit: .* words are new")
        sizes, *_ = learning_curve(
            small(), TEXTS, NAMES, cv=2, train_sizes=[0.5, 1.0], exploit_incremental_learning=True, error_score="raise"
        )
    assert sizes.tolist() == [10, 20]


def test_a_threshold_is_tuned_for_a_named_class():
    scoring = make_scorer(f1_score, pos_label="pos")
    tuned = TunedThresholdClassifierCV(small(), scoring=scoring, thresholds=5, cv=2).fit(TEXTS, NAMES)
    assert f1_score(NAMES, tuned.predict(TEXTS), pos_label="pos") == 1
    always = FixedThresholdClassifier(small(), threshold=0.0, pos_label="neg").fit(TEXTS, NAMES)
    assert set(always.predict(TEXTS)) == {"neg"}


def test_columns_of_a_frame_and_drawings():
    frame = pd.DataFrame({"text": TEXTS, "stars": range(40), "label": NAMES})
    by_column = ColumnTransformer([("text", "passthrough", ["text"])])
    for chosen in (by_column, FunctionTransformer(lambda frame: frame["text"])):
        assert make_pipeline(chosen, small()).fit(frame, frame["label"]).score(frame, frame[["label"]]) == 1
    fitted = small().fit(frame[["text"]], frame["label"])
    assert permutation_importance(fitted, frame[["text"]], NAMES, n_repeats=2, random_state=0).importances_mean > 0
    drawn = CalibrationDisplay.from_estimator(fitted, TEXTS, NAMES, n_bins=2, pos_label="pos")
    assert drawn.prob_true.tolist() == [0, 1]


def test_a_stack_with_another_kind_of_model():
    stack = StackingClassifier([("ours", small()), ("theirs", tfidf())], cv=2).fit(TEXTS, NAMES)
    assert stack.score(TEXTS, NAMES) == 1


def test_texts_and_labels_are_no_metadata_and_weights_are_routed():
    requests = get_routing_for_object(net())
    assert set(requests.fit.requests) == set(requests.score.requests) == {"sample_weight"}
    assert set(requests.partial_fit.requests) == {"sample_weight", "classes"}
    assert set(requests.predict.requests) == set(requests.decision_function.requests) == set()
    with sklearn.config_context(enable_metadata_routing=True):
        weighted = small().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(weighted, {}, cv=2).fit(TEXTS, NAMES, sample_weight=np.ones(40))
        assert search.best_score_ > 0.9
    fitted = pickle.loads(pickle.dumps(search.best_estimator_))  # noqa: S301
    assert get_routing_for_object(clone(fitted)).fit.requests == {"sample_weight": True}


# -- who refuses lists of texts, what they say, and the way around (docs/scikit_learn.md)

REFUSED = {
    "Bagging": (lambda: BaggingClassifier(small(), n_estimators=2), "Expected 2D array, got 1D array"),
    "AdaBoost": (lambda: AdaBoostClassifier(small(), n_estimators=2), "Expected 2D array, got 1D array"),
    "OneVsOne": (lambda: OneVsOneClassifier(small()), "Expected 2D array, got 1D array"),
    "SelfTraining": (lambda: SelfTrainingClassifier(small()), "Expected 2D array, got 1D array"),
    "Stacking with passthrough": (
        lambda: StackingClassifier([("a", small())], cv=2, passthrough=True),
        "must have same number of dimensions",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_those_that_refuse_a_list_of_texts_say_so(name):
    make, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        make().fit(TEXTS, LABEL_KINDS["int"])


@pytest.mark.parametrize("name", ["Bagging", "AdaBoost"])
def test_a_column_of_texts_in_two_dimensions_is_taken(name):
    make, _ = REFUSED[name]
    column = np.array(TEXTS, object)[:, None]
    assert make().fit(column, NAMES).score(column, NAMES) == 1


@pytest.mark.parametrize("name", ["Bagging", "OneVsOne", "SelfTraining"])
def test_numbers_of_texts_are_taken_in_their_place(name):
    texts, numbers, labels = np.array(TEXTS, object), np.arange(40)[:, None], LABEL_KINDS["int"].copy()
    by_number = FunctionTransformer(lambda numbers: texts[numbers[:, 0].astype(int)])
    model = REFUSED[name][0]().set_params(estimator=make_pipeline(by_number, small()))
    labels[:10] = -1 if name == "SelfTraining" else labels[:10]
    assert (model.fit(numbers, labels).predict(numbers) == LABEL_KINDS["int"]).mean() > 0.9


def test_a_union_of_features_has_no_place_for_a_classifier():
    with pytest.raises(TypeError, match="should implement fit and transform"):
        FeatureUnion([("ours", small())]).fit(TEXTS, NAMES)
    with pytest.raises(AttributeError):
        small().set_output(transform="pandas")


# -- the pickle


def test_joblib_and_copies_carry_the_model_and_no_code(tmp_path):
    fitted = net(random_state=3).fit(TEXTS, LABEL_KINDS["bool"])
    joblib.dump(fitted, tmp_path / "m.joblib")
    loaded = joblib.load(tmp_path / "m.joblib")
    assert np.array_equal(loaded.predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    assert loaded.get_params() == fitted.get_params() and loaded.classes_.dtype == bool
    operations = list(pickletools.genops(pickle.dumps(fitted, protocol=4)))
    names = [argument for op, argument, _ in operations if "UNICODE" in op.name][:2]
    assert names == ["ch_sentiment.estimator.sentiment", "SentimentClassifier"]
    assert [op.name for op, *_ in operations].count("STACK_GLOBAL") == 1
    assert not any(op.name in ("GLOBAL", "INST", "REDUCE", "OBJ") for op, *_ in operations)
    assert np.array_equal(copy.deepcopy(fitted).decision_function(TEXTS), fitted.decision_function(TEXTS))
