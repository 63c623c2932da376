"""Self-training: models label texts that have no labels, and a new model learns from these and the labelled ones.

Each round: the mean of the teachers' calibrated probabilities -> the surest texts, class by class -> a student, trained
anew from random weights -> which teaches the next round. Scudder 1965; Lee 2013; Xie et al. 2020 (noisy student).
"""

import functools
import warnings
from dataclasses import dataclass, field, replace

import numpy as np

from ch_sentiment.experiment.options import GROUP_OF, Config
from ch_sentiment.experiment.recipes import RECIPES
from ch_sentiment.experiment.soft_labelled import read_with, texts_of, with_soft_labels
from common.checking.calibration import fit_temperature
from common.checking.intervals import paired_change, wilson_interval
from common.checking.metrics import trivial_accuracies
from common.functions import softmax
from common.training.soft_labels import choose_confident
from dataset.errors import DataError

CALIBRATED = 100  # validation texts from which a temperature is fitted; with fewer it would be chance
TINY = 1e-12  # of a probability, before its logarithm
CHUNK = 2000  # texts that are labelled between two signs of progress
TOO_FEW = 200  # validation texts: below, an accuracy of 90 % is off by more than 4 points


class Stopped(Exception):
    """A training in a round did not come to its end. name: of the training. result: its `run.Result`."""

    def __init__(self, name, result):
        super().__init__(name)
        self.name, self.result = name, result


class InMemory:
    """The `run` of `self_train` where nothing is written. train: as there. Doubts are warnings."""

    def __init__(self, train):
        self.train = train

    def labels(self, number, make):
        return make()

    def tell(self, found):
        for line in warnings_before(found) if found.after is None else warnings_after(found):
            warnings.warn(line, stacklevel=6)  # where `fit` is called

    def wrapped(self, items, doing):
        return items


@dataclass
class Teacher:
    """name: for messages, or that of its training. model: Classifier. knows: whether it may have been trained on
    validation texts. path: of its file, where it is given.
    """

    name: str
    model: object
    knows: bool = False
    path: str | None = None


@dataclass
class Round:
    """What is known of a round, as JSON can hold it. accuracy, before, after: on the n validation texts, of the mean of
    the teachers, of the model before the round (`reference`), and of the student. sure, sure_right: validation answers
    of the teachers that are as sure as the labels, and the share of them that is right. always: the accuracy of always
    giving one answer. change: after - before and its interval. kept: the model that is better, by its name.
    """

    number: int
    n: int
    teachers: dict  # name -> accuracy
    accuracy: float
    always: float
    sure: int
    sure_right: float | None
    texts: int
    chosen: dict = field(default_factory=dict)  # label -> how many texts
    unsure: int = 0
    surplus: int = 0  # sure, but more than fit the balance of the classes
    reference: str | None = None
    before: float | None = None
    after: float | None = None
    change: list | None = None
    kept: str | None = None


def self_train(config, data, given, run):
    """-> name of the model that is kept, list of Round.

    config: Config of the student. data: Corpus with texts without labels. given: list of Teacher, [] to train NB-SVM
    and the student's own kind for it. run: object with these methods:

    - train(name, config, data) -> Classifier, trained on `data` under this name ("round-1/net")
    - labels(number, make) -> arrays, Round: those that `make()` returned, now or before the training was resumed
    - tell(round): the round is labelled (its `after` is None), or done
    - wrapped(iterable, doing) -> the same, with signs of progress

    DataError where no text without a label is sure enough and there is no model to fall back on.
    """
    if len(data.val) == 0:  # by which each round is judged
        raise DataError("validation: expected a share above 0 for texts without labels, got 0")
    kinds = kinds_of(config, given)
    *_, main = kinds  # the last one is the student that is asked for
    teachers, kept, rounds = given, None, []
    if not given:
        teachers = [
            Teacher(name, run.train(name, of_kind, replace(read_with(data, of_kind.model), held_back=True)))
            for kind, of_kind in kinds.items()
            for name in [f"round-0/{kind}"]
        ]
        kept = f"round-0/{main}"
    if config.unlabelled.student_epochs is not None:
        kinds[main] = config.with_(epochs=config.unlabelled.student_epochs)
    for number in range(1, rounds_of(config) + 1):
        make = functools.partial(labelled, number, teachers, kept, data, config, run.wrapped)
        arrays, found = run.labels(number, make)
        run.tell(found)
        rounds.append(found)
        if not len(arrays["index"]):
            if kept is None:
                sure = found.texts - found.unsure
                rare = ", of each class some (--class-balance none does without)" if sure else ""
                expected = f"expected texts of which the teachers are so sure{rare}, got {sure:,} of {found.texts:,}"
                raise DataError(f"--confidence {config.unlabelled.confidence:g}: {expected}")
            found.kept = kept
            return kept, rounds
        models = {}
        for kind, each in kinds.items():
            joined = with_soft_labels(data, each, arrays["index"], arrays["targets"])
            name = f"round-{number}/{kind}"
            models[name] = run.train(name, each, replace(joined, held_back=True))
        student = f"round-{number}/{main}"
        judge(found, student, models[student], arrays["before"], data)
        run.tell(found)
        kept = found.kept
        if kept != student:
            return kept, rounds
        teachers = [Teacher(name, model) for name, model in models.items()]
    return kept, rounds


def rounds_of(config):
    """How many rounds a Config asks for: where the texts without labels have another use, none unless it says so."""
    others = config.training.virtual_adversarial or config.training.entropy
    return (0 if others else 1) if config.unlabelled.rounds is None else config.unlabelled.rounds


def kinds_of(config, given):
    """name -> Config of what is trained in each round, the student last."""
    if given or config.model.model == "nbsvm":
        return {config.model.model if config.model.model != "recurrent" else "net": config}
    values, linear = config.by_name(), dict(RECIPES["nbsvm"].settings)
    same = ("vocab_size", "remove_stopwords", "remove_punctuation", "tokenizer", "class_weight", "drop_longer")
    same += tuple(name for name, group in GROUP_OF.items() if group in ("data", "unlabelled", "run"))
    nbsvm = Config.of({**linear, **{name: values[name] for name in same if name != "init_from"}})
    return {"nbsvm": nbsvm, "bow" if config.model.model == "bow" else "net": config}


def labelled(number, teachers, reference, data, config, wrapped=lambda items, doing: items):
    """-> arrays (index (K,) of the chosen texts, targets (K, C), before (N,) which validation texts the reference
    answers rightly), Round.

    reference: name of the teacher that the student is measured by; None: the best one.
    """
    options, t = config.unlabelled, data.val.t
    of_validation = {teacher.name: [] for teacher in teachers}
    total = 0
    for teacher in teachers:
        model = calibrated(teacher, data)
        of_validation[teacher.name] = model.predict_proba(texts_of(data, "validation", config.model.cleaning))
        total = total + label(model, texts_of(data, "unlabelled", config.model.cleaning), wrapped, teacher.name)
    right = {name: p.argmax(axis=1) == t for name, p in of_validation.items()}
    p_val, mean = np.mean(list(of_validation.values()), axis=0), total / len(teachers)  # (N, C), (M, C)
    if len(teachers) > 1 and trusted(teachers, data):
        p_val, mean = recalibrated(p_val, t, p_val), recalibrated(p_val, t, mean)
    if reference is None:
        honest = [teacher.name for teacher in teachers if not teacher.knows]
        reference = max(honest, key=lambda name: right[name].mean(), default=None)
    shares = np.bincount(data.train.t, minlength=mean.shape[1]) / len(data.train)
    index = choose_confident(mean, options.confidence, shares if options.class_balance == "labelled" else None)
    answers, sure = mean[index].argmax(axis=1), p_val.max(axis=1) >= options.confidence
    is_sure, before = int(np.sum(mean.max(axis=1) >= options.confidence)), right.get(reference)
    found = Round(
        number=number,
        n=len(t),
        teachers={name: float(of.mean()) for name, of in right.items()},
        accuracy=float(np.mean(p_val.argmax(axis=1) == t)),
        always=trivial_accuracies(t, data.label_names)["majority"]["accuracy"],
        sure=int(sure.sum()),
        sure_right=float(np.mean(p_val[sure].argmax(axis=1) == t[sure])) if sure.any() else None,
        texts=len(mean),
        chosen={name: int(np.sum(answers == c)) for c, name in enumerate(data.label_names)},
        unsure=len(mean) - is_sure,
        surplus=is_sure - len(index),
        reference=reference,
        before=None if before is None else float(before.mean()),
    )
    of_reference = np.zeros(0, np.int8) if before is None else before.astype(np.int8)
    return {"index": index, "targets": mean[index].astype(np.float32), "before": of_reference}, found


def trusted(teachers, data):
    """Whether the validation part can say how sure the teachers should be."""
    return len(data.val) >= CALIBRATED and not any(teacher.knows for teacher in teachers)


def recalibrated(p_val, t, probabilities):
    """Probabilities (M, C) at the temperature that suits p_val (N, C), those of texts with the labels t (N,): the mean
    of models that differ is less sure than it is right.
    """
    temperature = fit_temperature(np.log(np.maximum(p_val, TINY)), t)
    return softmax(np.log(np.maximum(probabilities, TINY)) / (temperature or 1.0))


def calibrated(teacher, data):
    """The teacher's Classifier with a temperature that is fitted on the validation part, where that can be trusted."""
    if not trusted([teacher], data):
        return teacher.model
    model = replace(teacher.model, calibration=None)
    model.calibrate(model.encode(texts_of(data, "validation", model.cleaning)), data.val.t)
    return model


def label(model, texts, wrapped, name):
    """CachedTexts -> (M, C) probabilities."""
    starts = range(0, len(texts), CHUNK)
    found = [
        model.predict_proba(texts.take(np.arange(start, min(start + CHUNK, len(texts)))))
        for start in wrapped(starts, f"labelling, {name}")
    ]
    return np.concatenate(found)


def judge(found, student, model, before, data):
    """Write into a Round how the student does on the validation part, and which model is kept: the one before, only
    where the student is worse beyond noise.
    """
    probabilities = model.predict_proba(texts_of(data, "validation", model.cleaning))
    after = probabilities.argmax(axis=1) == data.val.t  # (N, C) -> (N,)
    found.after, found.kept = float(after.mean()), student
    if len(before):
        found.change = list(paired_change(before, after))
        if found.change[2] < 0:
            found.kept = found.reference


def knows_validation(model, data):
    """Whether a given teacher was trained on texts of the same name, but other ones or split in another way."""
    trained_on = model.metrics.get("trained_on", {})
    same_name = trained_on.get("name") == data.summary()["name"]
    return same_name and trained_on.get("content") != data.labelled_fingerprint


def warnings_before(found, given=()):
    """Lines on what a user should doubt before the student is trained. found: Round. given: list of Teacher."""
    for teacher in given:
        if teacher.knows:
            known = "so it may know validation texts, and its accuracy and its confidence are too good"
            yield f"{teacher.name} was trained on another split or another version of these texts, {known}"
    low, high = wilson_interval(found.accuracy, found.n)
    if found.n < TOO_FEW:
        yield (
            f"{found.n:,} validation texts cannot say whether a round helps: {found.accuracy:.1%} of them is anything"
            f" from {low:.1%} to {high:.1%}"
        )
    if low <= found.always:
        yield (
            f"the teachers are too weak: {found.accuracy:.2%} on the validation part is not surely more than the"
            f" {found.always:.2%} of always giving one answer, so their labels teach little but noise"
        )
    elif found.sure_right is not None and found.sure >= CALIBRATED and found.sure_right < 0.75:
        yield f"the teachers are weak: of their answers that are so sure, {found.sure_right:.1%} are right"


def warnings_after(found):
    """Lines on a round that gained nothing. found: Round."""
    if found.change is None:
        return
    change, low, high = (100 * x for x in found.change)
    span = f"{change:+.2f} points, 95% interval {low:+.2f} to {high:+.2f}"
    if high < 0:
        yield f"round {found.number} made it worse ({span}): {found.kept} is kept"
    elif low <= 0:
        yield f"round {found.number} gained nothing that {found.n:,} validation texts can tell ({span})"
