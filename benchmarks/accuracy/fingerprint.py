"""A fingerprint of the settings that a figure was measured with, so that a figure older than its recipe is noticed.

A page carries it behind the arguments, where no reader sees it: `--recipe best`<!-- 3f2a90c1 -->.
"""

import hashlib
import json
import re

from benchmarks.accuracy.trainings import OF_SOME, RUNS, meaning_of_run, needs_of
from ch_sentiment.experiment.options import FIELDS, GROUP_OF

# To be raised by whoever changes the code so that a training of the same settings reaches something else: then all
# figures are to be measured anew. tests/benchmarks/test_fingerprint.py notices most of such changes.
NUMERICS = 1
# Values of options that came later under which all is as before, beside None, False and 0.
OFF = {"layer_decay": 1.0, "keep_epoch": "auto", "tokenizer": "characters"}
PATHS = ("FILE", "FOLDER", "MODEL", "RUN_FOLDER")  # metavar of options of which only it counts that they are given
MARK = re.compile(r"`([^`\n]+)`<!-- ([0-9a-f]{8}) -->")
COMMAND = "python -m benchmarks.accuracy --data train.tsv --group-file train.movies.txt"


def fingerprint(config, teachers=()):
    """Eight hexadecimal digits of what the options of model, training and unlabelled texts are (Config), and of those
    of the runs that the training reads.

    Left out is what is off (None, False, 0, `OFF`), so that a new option that is off changes nothing, how unlabelled
    texts are used where there are none, and options that a baseline does not have. teachers: fingerprints.
    """
    content = json.dumps([NUMERICS, sorted(settings(config).items()), list(teachers)])
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def settings(config):
    """The options that count, by name."""
    recurrent, options = config.model.model == "recurrent", config.by_name()
    left_out = ["data", "run", *([] if any(options[name] for name in OF_SOME) else ["unlabelled"])]
    found = {}
    for name, value in options.items():
        option = FIELDS[name].metadata
        off = not value or value == OFF.get(name)
        if GROUP_OF[name] not in left_out and not off and (recurrent or not option["baselines"]):
            found[name] = option["argument"].get("metavar") in PATHS or value
    return found


def of_training(training):
    """The fingerprint of a Training."""
    return fingerprint(training.options, map(of_training, training.needs))


def of_arguments(arguments, known=RUNS):
    """The fingerprint of a run with these arguments, as in `known`: {name of a run: arguments}. DataError."""
    return fingerprint(meaning_of_run(arguments), [of_arguments(known[need], known) for need in needs_of(arguments)])


def arguments_of(span):
    """The arguments of a run that a page names: "sentifish train a.tsv --recipe best", "--recipe best" or "best"."""
    if command := re.fullmatch(r"sentifish (train|baseline)(?: [^- ]\S*)?(?: (.*))?", span):
        return " ".join([*(["--recipe nbsvm"] if command[1] == "baseline" else []), *filter(None, [command[2]])])
    return span if span.startswith("-") else RUNS.get(span, f"--recipe {span}")


def name_of(span):
    """A name for the run that a page names."""
    return "-".join(re.findall(r"\w+", arguments_of(span)))


def stale(page, text):
    """-> list of lines, one for each mark of a page that is not the fingerprint of what it stands behind."""
    found = []
    for mark in MARK.finditer(text):
        span, measured = mark.groups()
        now = of_arguments(arguments_of(span))
        if now != measured:
            above = re.findall(r"^python -m benchmarks\.accuracy .*$", text[: mark.start()], re.MULTILINE)
            again = above[-1] if above else f'{COMMAND} --runs --run "{name_of(span)}={arguments_of(span)}"'
            changed = f"the settings of `{span}` are others than its figures were measured with ({measured}, now {now})"
            found.append(f"{page}: {changed}; measure it anew: {again}")
    return found
