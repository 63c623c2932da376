"""Our side: SentimentNet, clipping and Adam."""

import numpy as np

from ch_sentiment.model import CELLS, sentiment_net
from common.optimizer import Adam, clip_grads
from common.time_layers import TimeGRUResetAfter


class TimeGRUTwoBiases(TimeGRUResetAfter):
    """With two biases, as PyTorch's."""

    @classmethod
    def init_params(cls, wordvec_size, hidden_size, rng=None, dtype=np.float32):
        Wx, Wh, b = super().init_params(wordvec_size, hidden_size, rng, dtype)
        return Wx, Wh, np.stack((b, b))


CELLS["gru_after"] = TimeGRUTwoBiases


def new_net(job):
    """The net of a job, as it is before training."""
    return sentiment_net(job.V, job.D, job.H, cell=job.cell, bidirectional=job.bidirectional, rng=0)


class Ours:
    """The four parts of a training step, as `Trainer` does them one after the other, and a prediction."""

    def __init__(self, job):
        self.model = self.net = new_net(job)  # net: what is trained, which may wrap the model
        self.optimizer = Adam(lazy=True)  # as SparseAdam, with which it is compared

    def forward(self, xs, ts):
        return self.net.forward(xs, ts)

    def backward(self):
        self.net.backward()

    def clip(self):
        clip_grads(self.net.grads, 1.0)

    def update(self):
        self.optimizer.update(self.net.params, self.net.grads)

    def predict(self, xs):
        return self.model.predict(xs)

    def answers(self, x, N):
        """List of id arrays -> (len(x), 2) probabilities; in the batches of `Classifier`."""
        from ch_sentiment.experiment.classifier import Classifier  # here: its memory is not that of a step
        from dataset.text import Vocab

        return Classifier(self.model, Vocab([]), ["negative", "positive"], max_len=0).predict_proba_of_ids(x)

    def gradients(self):
        """By name, as dense arrays of their own."""
        return {name: np.array(g) for name, g in zip(self.net.param_names, self.net.grads)}
