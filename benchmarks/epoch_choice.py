"""What an epoch that n validation texts choose is worth, beside the last epoch of the same training.

    python -m benchmarks.epoch_choice

Each training, on texts drawn from the built-in phrases, is scored epoch by epoch on all 770 held-out phrases. Then n of
these are drawn many times: the epoch of their lowest mean loss, with patience, is what a validation part of n texts
would have kept; the other phrases tell what that is worth.
"""

import argparse
from functools import partial

import numpy as np

from ch_sentiment.experiment.corpus import LabelledTexts, Part, encode
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.run import Experiment
from common.cores import most_processes
from common.processes import map_in_order
from common.training.callbacks import Callback
from dataset import phrases

SIZES = (5, 10, 20, 30, 50, 100, 200)


class EachEpoch(Callback):
    """Keeps the probability of the true class of each of N test texts after every epoch: list of (N,)."""

    experiment, p = None, ()

    def on_epoch_end(self, trainer):
        part = self.experiment.data.test
        p = self.experiment.model.predict_proba_of_ids(part.x)[np.arange(len(part)), part.t]  # (N, C) -> (N,)
        self.p = [*self.p, np.maximum(p, 1e-12)]


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.epoch_choice", description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, nargs="+", default=[60, 200], help="to train on (default: 60 200)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=40, help="of each (default: %(default)s)")
    parser.add_argument("--patience", type=int, default=2, help="default: %(default)s, as of sentifish train")
    parser.add_argument("--draws", type=int, default=300, help="of n texts (default: %(default)s)")
    options = parser.parse_args(argv)
    print("| texts to train on | last epoch | " + " | ".join(f"chosen by {n}" for n in SIZES) + " |")
    print("| --- " * (len(SIZES) + 2) + "|")
    for N in options.texts:
        found = list(map_in_order(partial(training_worth, N, options), range(options.seeds), most_processes()))
        print(f"| {N} | " + " | ".join(f"{value:.1%}" for value in np.mean(found, axis=0)) + " |", flush=True)


def training_worth(N, options, seed):
    """`worth` of a training on N texts."""
    return worth(probabilities(N, seed, options.epochs), options, seed)


def probabilities(N, seed, epochs):
    """(E, M) probabilities of the true classes of M test phrases after each epoch of a training on N others."""
    (x, t), (x_test, t_test) = phrases.load_data()
    index = np.random.default_rng(seed).permutation(len(x))[:N]
    texts = Part([x[i] for i in index], t[index])
    data = LabelledTexts(texts, phrases.LABEL_NAMES, Part(x_test, t_test), name="phrases")
    config = Config.of(validation=0.0, seed=seed, epochs=epochs, batch_size=8, average=0.0)
    watch = EachEpoch()
    watch.experiment = Experiment(config, encode(data, config), callbacks=[watch])
    watch.experiment.train()
    return np.array(watch.p)


def worth(p, options, seed):
    """Mean accuracies: of the last epoch, and of that which n texts choose, for n of SIZES. p: (E, M)."""
    losses, right, rng = -np.log(p), p > 0.5, np.random.default_rng(seed)
    found = [right[-1].mean()]
    for n in SIZES:
        of_draws = []
        for _ in range(options.draws):
            order = rng.permutation(p.shape[1])
            epoch = chosen(losses[:, order[:n]].mean(axis=1), options.patience)
            of_draws.append(right[epoch, order[n:]].mean())
        found.append(np.mean(of_draws))
    return found


def chosen(losses, patience):
    """The epoch, from 0, that patience keeps. losses: (E,)."""
    best = 0
    for epoch, loss in enumerate(losses):
        best = epoch if loss < losses[best] else best
        if epoch - best >= patience:
            break
    return best


if __name__ == "__main__":
    main()
