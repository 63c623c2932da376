"""What a person should know before they use a model, as one page: data, recipe, accuracy, calibration, audit, limits.

Made of what the model's file and its folder hold; the rest is "unknown". Mitchell et al. 2019, "Model cards
for model reporting".
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from ch_sentiment.audit.card_forms import Section, Table
from ch_sentiment.console import shorten
from ch_sentiment.experiment.answering import cleaning_of, trained_on
from ch_sentiment.experiment.classifier import MODEL
from ch_sentiment.experiment.options import GROUP_OF
from dataset.reading.input_file import read_text

UNKNOWN = "unknown"
GAP_HEAD = ("group", "words known", "gap", "95 % interval", "worst")
SUBGROUP_HEAD = ("group of texts", "texts", "accuracy", "95 % interval", "true", "answered")
GROUP_WIDTH = 30  # characters of a group of texts in a table
SHOWN = 30  # subgroups; JSON has all
LABELS = 12  # named in a sentence
OF_DATA = ("recipe", "seed", "split_seed", "validation", "limit", "group_column")  # shown with the recipe, too


def sections_of(model, paths, audit):
    """The card of a TextClassifier, read from the files `paths`, with a `gaps.Audit`: -> list of Section.

    paths: of one model, or of each member of an ensemble. What an object does not offer is "unknown".
    """
    paths = list(map(Path, paths))
    members = list(zip(getattr(model, "members", [model]), paths))
    return [
        Section(f"Model card: {' + '.join(map(_name, paths))}", _each(members, _what)),
        Section("Intended use", [_intended(model), NOT_INTENDED]),
        Section("Data", _each(members, _data)),
        Section("Recipe", _each(members, _recipe)),
        Section("Accuracy", _each(members, _accuracy)),
        Section("Calibration", _each(members, _calibration)),
        Section("Audit", _audit(audit)),
        Section("Limits", [*LIMITS, *_each(members, _cut)]),
    ]


def sections_of_metrics(model):
    """The part of a card that needs no audit and no file: what a model knows of its data and its scores."""
    return [
        Section("Intended use", [_intended(model), NOT_INTENDED]),
        Section("Data", _data(model, None)),
        Section("Accuracy", _accuracy(model, None)),
        Section("Calibration", _calibration(model, None)),
        Section("Limits", [*LIMITS[:3], *_cut(model, None)]),
    ]


def _each(members, parts_of):
    """The parts of each member one after the other; where there are several, each with its name before it."""
    if len(members) == 1:
        return parts_of(*members[0])
    parts = ["The answer is the mean of the probabilities of these models."]
    for number, (member, path) in enumerate(members, start=1):
        parts += [f"Model {number}, {_name(path)}:", *parts_of(member, path)]
    return parts


def _name(path):
    return path.resolve().parent.name if path.name == MODEL else path.stem


def _metrics(model):
    return getattr(model, "metrics", {})


def _cut(model, path):
    longest, keep = getattr(model, "max_len", None), getattr(model, "keep", UNKNOWN)
    return [] if longest is None else [f"A text is cut to {longest:,} words ({keep})."]


NOT_INTENDED = (
    "Not for decisions about people: hiring, credit, benefits, health, moderation without appeal, or watching what "
    "somebody writes. Not for texts of another kind or language than the data below without a test on such texts."
)
LIMITS = [
    "Every text gets one of the labels, and so does one that several fit or none. Irony, sarcasm, humour, mixed "
    "feelings, and words whose sense changes with age and place mislead it. A text is read without its context.",
    "A word that is not in the vocabulary is read as the unknown word: names and words of small groups are lost first.",
    "The model repeats what its texts and word vectors hold, stereotypes included.",
    "The audit tries a few English sentences and words of this project's own. It can show that answers depend on who "
    "is spoken of; that it finds nothing does not show that they never do.",
]


def _intended(model):
    """In the words of this model: its data and its labels, whatever they are."""
    names, labels = ", ".join(trained_on(model)), model.label_names
    more = f", ... ({len(labels):,} in all)" if len(labels) > LABELS else ""
    return (
        f"To sort texts like those it was trained on{f' ({names})' if names else ''} by its labels, "
        f"{', '.join(labels[:LABELS])}{more}, in bulk, where a wrong answer costs little and a person can look again."
    )


def _what(model, path):
    rows = [["model", type(getattr(model, "net", model)).__name__], ["labels", ", ".join(model.label_names)]]
    if hasattr(model, "vocab"):
        rows.append(["words", f"{len(model.vocab):,}"])
    if hasattr(model, "net"):
        sizes = {name: value for name, value in model.net.config.items() if not isinstance(value, (list, dict))}
        rows.append(["parameters", f"{sum(p.size for p in model.net.params):,}"])
        rows.append(["sizes and switches", _listed(sizes)])
    rows.append(["cleaning of a text", _listed(asdict(cleaning_of(model)))])
    rows.append(["sha256 of the file", hashlib.sha256(path.read_bytes()).hexdigest()])
    return [Table(["what", "value"], rows)]


def _data(model, path):
    """What a training writes into the file on its data, where it did."""
    found = _metrics(model).get("trained_on")
    asked = "Who wrote the texts, in which language, when, and whether they agreed to this use: " + UNKNOWN + "."
    if not isinstance(found, dict) or not isinstance(found.get("texts"), dict):
        return [f"Trained on: {UNKNOWN}.", asked]
    counts = {part: labels for part, labels in found["texts"].items() if isinstance(labels, dict)}
    names = list(dict.fromkeys(label for labels in counts.values() for label in labels))
    rows = [[part, *(str(labels.get(name, 0)) for name in names)] for part, labels in counts.items()]
    trained_on = f"Trained on: {found.get('name', UNKNOWN)} ({found.get('content', UNKNOWN)})."
    return [trained_on, Table(["part", *names], rows), asked]


def _recipe(model, path):
    """What config.json, beside the model, says of the model and its training; no path, no switch of the run."""
    try:
        settings = json.loads(read_text(path.parent / "config.json")).items()
        shown = [(k, v) for k, v in settings if k in OF_DATA or GROUP_OF.get(k) not in ("data", "run")]
        rows = [[key, _shown(value)] for key, value in shown if value is not None]
    except (OSError, ValueError, AttributeError, RecursionError):  # no JSON, no object, or one that is too deep
        return [f"Settings of the training: {UNKNOWN}, there is no config.json beside the model."]
    return [Table(["setting", "value"], rows)]


def _accuracy(model, path):
    roles = {
        "test": "Test part: it played no part in training.",
        "validation": _role_of_validation(model),
    }
    names = ("n", "accuracy", "accuracy_interval", "chance", "majority", "loss", "f1", "macro_f1", "balanced_accuracy")
    names = (*names, "roc_auc", "ece", "never_answered", "abstain", "confusion")
    parts = []
    if isinstance(found := _metrics(model).get("compact"), dict):
        parts.append("This is a small copy of a model, whose figures stand below. What both reach, before and after:")
        parts.append(Table(["measure", "value"], [[name, _shown(value)] for name, value in found.items()]))
    for part, role in roles.items():
        if isinstance(found := _metrics(model).get(part), dict):
            rows = [[name, _shown(found[name])] for name in names if name in found]
            parts += [role, Table(["measure", "value"], rows)]
    return parts or [f"Accuracy: {UNKNOWN}."]


def _role_of_validation(model):
    if _metrics(model).get("kept") == "last":
        return "Validation part: too few texts to choose an epoch, so it played no part in training."
    return "Validation part: it chose the epoch, so that new texts may fare a little worse."


def _calibration(model, path):
    found = _metrics(model).get("calibration")
    scores = "Scores are used unchanged, without a temperature."
    if getattr(model, "calibration", None) is not None:
        scores = f"Scores are divided by a temperature of {model.calibration['temperature']:.4g}."
    if (below := getattr(model, "abstain_below", None)) is not None:
        scores += f" Where no probability is {below:.4g} or more the answer is that the model is unsure."
    if not isinstance(found, dict):
        return [scores]
    and_epoch = "" if _metrics(model).get("kept") == "last" else " and the epoch"
    chosen = f"Expected calibration error on the validation part, which chose the temperature{and_epoch}:"
    return [scores, chosen, Table(["measure", "value"], [[name, _shown(value)] for name, value in found.items()])]


def known_words(audit):
    """How much of the sentences the model knows, in words."""
    if audit.known is None:
        return "the model does not tell which words it knows, so all are compared"
    return f"the model knows {audit.known:.0%} of the sentences' own words"


def nothing_compared(audit):
    """Said instead of tables and a figure where `Audit.compared` is False."""
    return (
        "Nothing can be said of any group: of the English words for people that would be compared, the model knows too "
        f"few. {known_words(audit).capitalize()}."
    )


def _audit(audit):
    parts = [] if audit.compared else [nothing_compared(audit)]
    parts += [
        f"{audit.sentences} sentences in which only the person changes. The gap is the probability of {audit.label} "
        "above or below the mean of the dimension, in points of 100, with its 95 % interval. Of many intervals, one in "
        "twenty misses by chance; of a group of which few words are known, the interval is too narrow; "
        f"{known_words(audit)}."
    ]
    for d in audit.dimensions if audit.compared else ():
        changed = UNKNOWN if d.turned is None else f"{d.turned:.0%}"
        parts.append(f"By {d.name}. Sentences in which the label changes: {changed}.")
        rows = [[*gap_cells(g), g.sentence or ""] for g in d.groups]
        parts.append(Table([*GAP_HEAD, "the worst sentence"], rows))
    if audit.subgroups is None:
        return [*parts, f"Accuracy by group of texts: {UNKNOWN}, no such texts were given (--data, --group-column)."]
    more = f" The {SHOWN} largest of {len(audit.subgroups):,}." if len(audit.subgroups) > SHOWN else ""
    what = f"Accuracy by group of texts, and the share of {audit.label} among true and among predicted labels.{more}"
    return [*parts, what, Table(list(SUBGROUP_HEAD), list(map(subgroup_cells, audit.subgroups[:SHOWN])))]


def gap_cells(g):
    """A GroupGap below GAP_HEAD, in points of 100: list of str."""
    numbers = ["-"] * 3
    if g.gap is not None:
        numbers = [f"{100 * g.gap:+.2f}", f"{100 * g.low:+.2f} to {100 * g.high:+.2f}", f"{100 * g.worst:+.2f}"]
    return [g.group, f"{g.known} of {g.known + len(g.unknown)}", *numbers]


def subgroup_cells(s):
    """A Subgroup below SUBGROUP_HEAD: list of str."""
    shares = f"{s.accuracy:.1%}", f"{100 * s.low:.1f} to {100 * s.high:.1f}", f"{s.true_share:.1%}"
    return [shorten(s.group, GROUP_WIDTH), f"{s.n:,}", *shares, f"{s.answered_share:.1%}"]


def _listed(values):
    return ", ".join(f"{key} {_shown(value)}" for key, value in values.items() if value is not None)


def _shown(value):
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and all(isinstance(end, float) for end in value):
        return " to ".join(map(_shown, value))  # an interval
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
