"""Parts that are held out from a training: files of texts to train on, and of texts that are scored once.

`train` draws its validation part, on which the epoch is chosen, from the former.
"""

import csv
import io
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.accuracy.trainings import Split
from ch_sentiment.data_check.label_errors import assign_folds
from ch_sentiment.experiment.corpus import limited, split
from ch_sentiment.experiment.load import load
from ch_sentiment.experiment.options import Config
from common.files.atomic_write import write_atomically
from dataset.errors import DataError

COLUMNS = {"text_column": "text", "label_column": "label"}
UNUSED = "unlabelled.txt"  # the texts whose labels are not used, with those of --unlabelled


def folds(told, K, seed, out):
    """-> list of K Splits: the texts are cut into K parts, each of which is held out once. DataError.

    Each class is spread evenly, and no group is cut. told: options by name. seed: draws the parts.
    """
    return _in_a_process(_folds, told, K, seed, out)


def few_labels(told, counts, seeds, out):
    """-> {"1,000 labels": list of Split, by seed} for each of `counts` (None: all): trained on so many texts, scored on
    the part that the seed holds out. DataError.

    The part is the validation part of the Split of `trainings.splits_of`; the fewer texts are among the more.
    Where --unlabelled is told, the texts of the rest join its texts, without their labels.
    """
    return _in_a_process(_few_labels, told, counts, seeds, out)


def _in_a_process(function, *arguments):
    """Nothing is loaded in this process: the peak of memory of those that it starts would begin at its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _folds(told, K, seed, out):
    texts, part = _loaded(told, seed)
    groups = np.arange(len(part)) if part.groups is None else part.groups
    if not 2 <= K <= len(set(groups)):
        raise DataError(f"--folds: expected 2 to {len(set(groups)):,} parts of {texts.name}, got {K}")
    fold = assign_folds(part.t, groups, K, np.random.default_rng(seed))  # (N,)
    found = []
    for k in range(K):
        folder = out / "parts" / f"fold{k + 1}"
        own = _written(folder, texts, part, np.flatnonzero(fold != k), np.flatnonzero(fold == k), told)
        found.append(Split(f"fold {k + 1}", k, own))
    return found


def _few_labels(told, counts, seeds, out):
    found = {}
    for seed in seeds:
        texts, part = _loaded(told, seed)
        rng = np.random.default_rng(seed).spawn(1)[0]  # as `corpus.encode` does
        index, held_out = split(part, told["validation"], texts, rng)
        index = evenly(index, part.t)
        for count in counts:
            n = len(index) if count is None else count
            if n > len(index):
                raise DataError(f"--labels: expected at most {len(index):,}, so many are left to train on, got {n:,}")
            folder = out / "parts" / f"{'all' if count is None else count}-seed{seed}"
            own = _written(folder, texts, part, index[:n], held_out, told)
            if "unlabelled" in told:
                own["unlabelled"] = _unused(folder, told["unlabelled"], [part.texts[i] for i in index[n:]])
            found.setdefault(count, []).append((n, Split(f"seed {seed}", seed, own)))
    # where all are taken, each split has its own number of them
    return {f"{round(np.mean([n for n, _ in some])):,} labels": [s for _, s in some] for some in found.values()}


def evenly(index, t):
    """The positions `index`, (n,), in an order in which each beginning has all classes in their share. t: (N,) ids."""
    place = np.empty(len(index))  # of each text among those of its class, as a share
    for label in np.unique(t[index]):
        of_class = np.flatnonzero(t[index] == label)
        place[of_class] = (np.arange(len(of_class)) + 0.5) / len(of_class)
    return index[np.argsort(place, kind="stable")]


def _loaded(told, seed):
    """-> LabelledTexts and the Part of them that is used."""
    config = Config.of({name: value for name, value in told.items() if name not in ("unlabelled", "leave_out")})
    texts = load(config.data)
    return texts, limited(texts, config.data.limit, np.random.default_rng(seed))


def _written(folder, texts, part, train, held_out, told):
    """Write both parts; -> what a training is told in the place of `told`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"data": folder / "train.csv", "test_data": folder / "held-out.csv"}
    for path, index in zip(files.values(), (train, held_out)):
        groups = [""] * len(part) if part.groups is None else part.groups
        rows = [(texts.label_names[part.t[i]], part.texts[i], groups[i]) for i in index]
        text = io.StringIO(newline="")
        csv.writer(text).writerows([("label", "text", "group"), *rows])
        write_atomically(path, [text.getvalue().encode("utf-8")])
    ours = ("data", "group_file", "group_column", "limit", "text_column", "label_column")
    told = {name: value for name, value in told.items() if name not in ours}
    grouped = {} if part.groups is None else {"group_column": "group"}
    return {**{name: str(path) for name, path in files.items()}, **COLUMNS, **grouped, **told}


def _unused(folder, file, texts):
    """Write the texts of the file and those of the list, one a line; -> the name of what is written."""
    path = folder / UNUSED
    lines = "".join(" ".join(text.split()) + "\n" for text in texts)
    write_atomically(path, [Path(file).read_bytes().rstrip(b"\n") + b"\n", lines.encode("utf-8")])
    return str(path)
