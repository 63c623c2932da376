"""Runs one script of the book in a process of its own: `python runner.py '{"script": ...}'`, in the root of a folder
that has its chapters and a `common` and a `dataset`. It seeds NumPy, cuts the training short and takes the time; the
script itself is unedited. Nothing of this project is imported but what that folder has."""

import importlib
import importlib.util
import inspect
import json
import os
import runpy
import sys
import time
from pathlib import Path

import numpy as np


class Enough(BaseException):
    """The script has done as much as is wanted."""


def main(job):
    """job: dict with script and seed; for a cut: updates, fits, questions; for a time: kind, seconds, model, sizes; for
    Adam from the book: adam. Any of these may be missing. Times (list of seconds) are printed as JSON on the last line.
    """
    job |= {"times": [], "ends": []}
    root, script = Path.cwd(), Path(job["script"])
    sys.path[0:1] = [str(root / script.parent), str(root)]  # before an installed package `common`
    if job.get("path_too"):
        sys.path.insert(1, str(root / job["path_too"]))
    for module, wrap in (("optimizer", time_updates), ("trainer", cut_training)):
        wrap(importlib.import_module(f"common.{module}"), job)
    if job.get("adam"):
        importlib.import_module("common.optimizer").Adam = book_adam(job["adam"])
    leave_the_seed_alone(job)
    os.chdir(script.parent)
    np.random.seed(job.get("seed", 0))  # noqa: NPY002  (the scripts draw from it)
    try:
        if job.get("kind") == "tokens":
            time_tokens(script.stem, job)
        else:
            runpy.run_path(script.name, run_name="__main__")
    except Enough:
        pass
    if job.get("kind") == "update":
        job["times"] = np.diff(job["ends"][2:]).tolist()  # the first ones make buffers
    if job.get("kind"):
        print(f"\n{json.dumps(job['times'])}")


def time_updates(module, job):
    """Every optimizer's `update` notes when it ends; enough of them end the script."""
    ends = job["ends"]
    for cls in {value for value in vars(module).values() if isinstance(value, type) and "update" in vars(value)}:

        def update(self, *args, update=cls.update):
            update(self, *args)
            ends.append(time.perf_counter())
            if job.get("kind") == "update" and len(ends) > 5 and ends[-1] - ends[2] > job["seconds"]:
                raise Enough

        cls.update = update


def cut_training(module, job):
    """`fit` of each trainer makes so many updates in one epoch; after so many calls the script ends."""
    calls, inside = [], []
    for cls in (getattr(module, name, None) for name in ("Trainer", "RnnlmTrainer")):
        if cls is None:
            continue

        def fit(self, x, t, *args, fit=cls.fit, **named):
            if inside:  # one that another one calls
                return fit(self, x, t, *args, **named)
            given = inspect.signature(fit).bind(self, x, t, *args, **named)
            given.apply_defaults()
            calls.append(time.perf_counter())
            if job.get("kind") == "epoch" and len(calls) == 2:
                job["times"].append(calls[1] - calls[0])
                raise Enough
            if job.get("fits") and len(calls) > job["fits"]:
                raise Enough
            if job.get("updates"):
                count = job["updates"] * given.arguments["batch_size"] * given.arguments.get("time_size", 1)
                names = list(given.arguments)
                given.arguments |= {names[1]: x[:count], names[2]: t[:count], "max_epoch": 1}
            inside.append(True)
            try:
                return fit(*given.args, **given.kwargs)
            finally:
                inside.pop()

        cls.fit = fit


def leave_the_seed_alone(job):
    """The book's loaders seed NumPy's global state: here it is put back, so that the seed of the job counts. The test
    part of sequences is cut.
    """
    for name in ("spiral", "sequence"):
        try:
            module = importlib.import_module(f"dataset.{name}")
        except ImportError:
            continue

        def load_data(*args, load=module.load_data, **named):
            state = np.random.get_state()  # noqa: NPY002
            data = load(*args, **named)
            np.random.set_state(state)  # noqa: NPY002
            if job.get("questions") and isinstance(data[1], tuple):
                data = data[0], tuple(part[: job["questions"]] for part in data[1])
            return data

        module.load_data = load_data


def book_adam(path):
    """The class Adam of another file, which gets plain arrays: what is then still different is not the optimizer."""
    spec = importlib.util.spec_from_file_location("the_optimizer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    class Adam(module.Adam):
        def update(self, params, grads):
            super().update(params, [np.asarray(grad) for grad in grads])

    return Adam


def time_tokens(module, job):
    """Seconds of each token that a model generates, one after the other, from random weights."""
    model = getattr(importlib.import_module(module), job["model"])(*job["sizes"])
    begun = time.perf_counter()
    question = np.arange(29 if job["sizes"][0] > 13 else 7)[None] % job["sizes"][0]  # as long as a date or an addition
    while time.perf_counter() - begun < job["seconds"] or len(job["times"]) < 10:
        start = time.perf_counter()
        if job["model"].endswith("Gen"):  # a language model
            model.predict(np.array([[len(job["times"]) % 100]]))
            count = 1
        else:
            count = 11
            model.generate(question, 0, count)
        job["times"].append((time.perf_counter() - start) / count)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
