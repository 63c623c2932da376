"""The same run without one of its levers at a time: what each of them contributes."""

from benchmarks.accuracy.trainings import meaning_of_run
from ch_sentiment.experiment.option import flag
from ch_sentiment.experiment.options import FIELDS, GROUP_OF
from dataset.errors import DataError

# Settings that are one lever: without the first, the others mean nothing, or were chosen for it.
TOGETHER = {"pairvec": ("max_pairs",), "schedule": ("epochs",)}


def without_each(run, arguments):
    """-> {"RUN-without-LEVER": arguments}: every setting of model and training that is not the default, put back to it.

    arguments: of the run. DataError where they have no such setting.
    """
    changes = [name for name in meaning_of_run(arguments).changes() if GROUP_OF[name] in ("model", "training")]
    others = [other for name in changes for other in TOGETHER.get(name, ())]
    levers = [name for name in changes if name not in others]
    if not levers:
        raise DataError(f"--ablate {run}: expected a run with settings of its own, got the defaults")
    found = {}
    for lever in levers:
        off = [default_of(name) for name in (lever, *TOGETHER.get(lever, ())) if name in changes]
        if None not in off:
            found[f"{run}-without-{lever.replace('_', '-')}"] = " ".join([arguments, *off])
    return found


def default_of(name):
    """The argument that puts an option back to its default, or None: there is none for what is not set."""
    default = FIELDS[name].default
    if default is None:
        return None
    return flag(name).replace("--", "--no-") if default is False else f"{flag(name)}={default}"
