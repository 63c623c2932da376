"""How many labels that were changed on purpose `sentifish check-data` finds, among its first rows.

    python -m benchmarks.label_errors train.tsv

For each seed the labels of some texts, drawn at random, become another label, drawn at random; the table says how many
of them are among the first rows of the label errors that are reported. The data's own errors are among these, too.
"""

import argparse
import time
from dataclasses import replace

import numpy as np

from ch_sentiment.data_check.check import LABEL_ERROR, check
from ch_sentiment.data_check.label_errors import FOLDS
from ch_sentiment.experiment.load import load
from ch_sentiment.experiment.options import DataOptions
from dataset.errors import DataError


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.label_errors", description=__doc__.splitlines()[0])
    parser.add_argument("data", help="labelled texts, as of sentifish train")
    parser.add_argument("--flips", type=int, default=200, help="labels to change (default: %(default)s)")
    parser.add_argument("--first", type=int, default=400, help="rows to look at (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="times, each with others (default: %(default)s)")
    parser.add_argument("--folds", type=int, default=FOLDS, help="of the cross-validation (default: %(default)s)")
    options = parser.parse_args(argv)
    try:
        data = load(DataOptions(data=options.data))
    except DataError as error:
        parser.error(str(error))
    if not 0 < options.flips <= len(data.texts):
        parser.error(f"--flips: expected 1 to {len(data.texts):,}, got {options.flips}")
    head = f"changed labels in the first {options.first} rows | in all suspected | suspected | seconds of one core"
    print(f"| seed | {head} |")
    print("| --- | --- | --- | --- | --- |")
    for seed in range(options.seeds):
        changed, flipped = flip(data, options.flips, seed)
        start = time.process_time()
        suspects = check(changed, folds=options.folds).of(LABEL_ERROR)
        seconds = time.process_time() - start
        hits = np.isin([suspect.line for suspect in suspects], flipped)
        found = f"{hits[: options.first].sum()} of {options.flips} | {hits.sum()} | {len(suspects)} | {seconds:.0f}"
        print(f"| {seed} | {found} |", flush=True)


def flip(data, count, seed):
    """LabelledTexts with `count` labels changed, and the lines where these stand: (count,)."""
    rng = np.random.default_rng(seed)
    index = rng.choice(len(data.texts), count, replace=False)
    t = data.texts.t.copy()
    C = len(data.label_names)
    t[index] = (t[index] + rng.integers(1, C, count)) % C
    return replace(data, texts=replace(data.texts, t=t)), data.texts.numbers[index]


if __name__ == "__main__":
    main()
