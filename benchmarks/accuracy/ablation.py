"""The same run without one of its levers at a time: what each of them contributes."""

import re

from benchmarks.accuracy.trainings import meaning_of_run
from ch_sentiment.experiment.option import flag
from ch_sentiment.experiment.options import FIELDS, GROUP_OF
from ch_sentiment.experiment.recipes import RECIPES
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
        names = [name for name in (lever, *TOGETHER.get(lever, ())) if name in changes]
        off = [said(name, FIELDS[name].default) for name in names]
        without = without_recipe(arguments, names) if None in off else " ".join([arguments, *off])
        found[f"{run}-without-{lever.replace('_', '-')}"] = without
    return found


def said(name, value):
    """The argument that gives an option this value; None for None, which no argument says."""
    if isinstance(value, bool):
        return flag(name) if value else flag(name).replace("--", "--no-")
    return None if value is None else f"{flag(name)}={value}"


def without_recipe(arguments, names):
    """The arguments with the settings of their recipe in its place, but for those of the options `names`."""
    config = meaning_of_run(arguments)
    settings = RECIPES[config.run.recipe].settings if config.run.recipe else {}
    kept = [said(name, value) for name, value in settings.items() if name not in (*names, "data")]
    return re.sub(r"--recipe[ =]\S+", " ".join(filter(None, kept)), arguments)
