"""Time to accuracy: `sentifish train --bidirectional` until so many of the texts held out are answered rightly, and the
same training in PyTorch: the same net, weights to begin with, batches, dropout, schedule, clipping, Adam and mean of
the weights. What dropout drops is drawn by each for itself.

Reading the texts is not part of the time, scoring the validation part after each epoch is.
"""

import time

import numpy as np

from ch_sentiment.experiment.corpus import encode
from ch_sentiment.experiment.load import load
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.run import WARM_UP, Experiment, new_net
from common.training.batches import shuffled_batches, sorted_batches, take
from common.training.callbacks import Callback
from common.training.schedules import warm_up

SAME = 1e-4  # the first scores of both differ by less


class StopAt(Callback):
    """Stops at the end of the first epoch whose accuracy on the validation part is that of the job."""

    def __init__(self, target):
        self.target = target

    def on_epoch_end(self, trainer):
        if trainer.history[-1]["val_accuracy"] >= self.target:
            trainer.stop("accuracy")


def prepared(job):
    """-> Config, Corpus."""
    config = Config.of(
        data=job.data, group_file=job.group_file or None, bidirectional=True, hidden=job.H, wordvec=job.D
    )
    return config, encode(load(config.data), config)


def ours(job):
    """-> seconds, epochs, and the accuracy that was reached."""
    config, data = prepared(job)
    experiment = Experiment(config, data, callbacks=[StopAt(job.target)])
    start = time.perf_counter()
    experiment.train()
    seconds = time.perf_counter() - start
    history = experiment.trainer.history
    return {"seconds": seconds, "epochs": len(history), "accuracy": history[-1]["val_accuracy"]}


def pytorch(job):
    """The same, by PyTorch."""
    from benchmarks.speed.pytorch_training import Training

    config, data = prepared(job)
    options, rng = config.training, np.random.default_rng(config.run.seed).spawn(4)[2]  # as `Experiment` draws batches
    net = new_net(config, data)[0]
    training = Training(job, config, net)
    _check_same(net, training, data.val.x)
    schedule, step = warm_up(WARM_UP), 0
    steps = options.epochs * -(-len(data.train) // options.batch_size)
    start = time.perf_counter()
    for epoch in range(1, options.epochs + 1):  # noqa: B007
        batches = shuffled_batches(data.train.x, options.batch_size, rng)
        for i, index in enumerate(batches, start=1):
            rate = options.lr * schedule(step / steps)
            training.step(take(data.train.x, index), data.train.t[index], rate, last=i == len(batches))
            step += 1
        right = 0
        with training.averaged():
            for index in sorted_batches(data.val.x, options.batch_size):
                right += int(((training.scores(take(data.val.x, index)) > 0) == data.val.t[index]).sum())
        if right / len(data.val) >= job.target:
            break
    return {"seconds": time.perf_counter() - start, "epochs": epoch, "accuracy": right / len(data.val)}


def _check_same(net, training, x):
    """Both answer the same before they are trained."""
    xs = take(x, np.arange(min(64, len(x))))
    worst = float(np.abs(net.predict(xs) - training.scores(xs)).max())
    if not worst < SAME:
        raise SystemExit(f"time_to_accuracy: PyTorch's first scores and ours differ by {worst:.1e}")
