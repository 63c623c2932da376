"""How often the recipe victor-zhou answers all 20 held-out phrases rightly, each time from 58 others and a new net.

    python -m benchmarks.small_phrases
    python -m benchmarks.small_phrases --held-out 0.1 --keep-epoch best

Run k draws phrases-small by the seed k, and net and order by the same. The second line is what came of it before: six
of the 58 phrases are held out and choose the epoch.
"""

import argparse

from ch_sentiment.experiment.corpus import LabelledTexts, Part
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.experiment.run import run_experiment
from common.checking.intervals import wilson_interval
from common.cores import most_processes
from common.processes import map_in_order
from dataset import phrases_small


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.small_phrases", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=32, help="seeds 0 to N - 1 (default: %(default)s)", metavar="N")
    parser.add_argument("--held-out", type=float, default=0.0, help="share of the 58 (default: %(default)s)")
    parser.add_argument("--keep-epoch", choices=("auto", "best", "last"), default="auto", help="as of sentifish train")
    parser.add_argument("--epochs", type=int, default=200, help="at most (default: %(default)s)")
    options = parser.parse_args(argv)
    how = {"recipe": "victor-zhou", "validation": options.held_out, "keep_epoch": options.keep_epoch}
    how |= {"epochs": options.epochs, "patience": options.epochs}
    found = []
    trainings = map_in_order(lambda seed: run(seed, how), range(options.runs), most_processes())
    for seed, (accuracy, epoch) in enumerate(trainings):
        found.append(accuracy)
        print(f"seed {seed:>2}: {accuracy:7.2%} of 20, epoch {epoch}", flush=True)
    right = sum(accuracy == 1 for accuracy in found)
    low, high = wilson_interval(right / len(found), len(found))
    mean = f"mean {sum(found) / len(found):.2%}, lowest {min(found):.2%}"
    print(f"all 20 rightly: {right} of {len(found)} runs (95% interval {low:.0%} to {high:.0%}); {mean}")


def run(seed, options):
    """-> the accuracy on the test part of phrases-small as drawn by the seed, and the epoch that was kept."""
    (x, t), (x_test, t_test) = phrases_small.load_data(seed)
    texts = LabelledTexts(Part(x, t), phrases_small.LABEL_NAMES, Part(x_test, t_test), name="phrases-small")
    result = run_experiment(config_of({**options, "seed": seed}), texts)
    return result.scores["accuracy"], result.best["epoch"]


if __name__ == "__main__":
    main()
