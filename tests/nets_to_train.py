"""What the tests of the Trainer train: nets in our manner and in the book's, one whose losses are given; and callbacks
that do one thing at one step.
"""

import numpy as np

from ch_sentiment.model import sentiment_net
from common.base_model import BaseModel
from common.layers import Affine, MatMul, Sigmoid, SoftmaxWithLoss
from common.optimizer import SGD
from common.trainer import Trainer
from common.training.callbacks import Callback


class TwoLayerNet(BaseModel):
    """In our manner: named layers, scores kept."""

    def __init__(self, seed=0, sizes=(2, 10, 3), dtype=np.float64):
        super().__init__()
        rng = np.random.default_rng(seed)
        D, H, C = sizes
        self.chain = [
            Affine(rng.standard_normal((D, H)).astype(dtype), np.zeros(H, dtype)),
            Sigmoid(),
            Affine(rng.standard_normal((H, C)).astype(dtype), np.zeros(C, dtype)),
        ]
        self.loss_layer = SoftmaxWithLoss()
        self.scores = None
        self.collect(first=self.chain[0], activation=self.chain[1], second=self.chain[2])

    def forward(self, x, t):
        for layer in self.chain:
            x = layer.forward(x)
        self.scores = x
        return self.loss_layer.forward(x, t)

    def backward(self):
        dout = self.loss_layer.backward()
        for layer in reversed(self.chain):
            dout = layer.backward(dout)


class BookNet:
    """In the book's manner: no base class, no scores, no train(), lists made by hand."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.layers = [Affine(rng.standard_normal((2, 10)), np.zeros(10)), Sigmoid(), MatMul(rng.random((10, 3)))]
        self.loss_layer = SoftmaxWithLoss()
        self.params, self.grads = [], []
        for layer in self.layers:
            self.params += layer.params
            self.grads += layer.grads

    def forward(self, x, t):
        for layer in self.layers:
            x = layer.forward(x)
        return self.loss_layer.forward(x, t)

    def backward(self, dout=1):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)


class Scripted:
    """A model whose losses and gradients are given: what the trainer makes of them is what is tested."""

    def __init__(self, losses, grads=None):
        self.params, self.grads = [np.zeros(2), np.zeros(3)], [np.ones(2), np.ones(3)]
        self.param_names = ["left", "right"]
        self.losses, self.gradients, self.call = losses, grads, 0
        self.seen = []

    def forward(self, x, t):
        self.seen.append((np.array(x), np.array(t)))
        loss = self.losses(self.call) if callable(self.losses) else self.losses[self.call]
        self.call += 1
        return loss

    def backward(self):
        if self.gradients is not None:
            for g, value in zip(self.grads, self.gradients[self.call - 1]):
                g[...] = value


class At(Callback):
    """Calls `do(trainer)` at the end of a step."""

    def __init__(self, step, do):
        self.step, self.do = step, do

    def on_step_end(self, trainer):
        if trainer.step == self.step:
            self.do(trainer)


def quiet(model, optimizer=None, *callbacks, rng=0):
    return Trainer(model, optimizer or SGD(0.1), list(callbacks), rng)


def points():
    """22 points of three classes: x (22, 2), t (22,)."""
    x = np.random.default_rng(1).standard_normal((22, 2))
    return x, (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)


def timeless(history):
    return [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in history]


class Ladder:
    """A model whose one weight falls by 1 a step, and whose validation losses are given, one an epoch."""

    def __init__(self, val_losses):
        self.params, self.grads = [np.zeros(1)], [np.ones(1)]
        self.val_losses = val_losses
        self.training, self.epoch = True, 0

    def train(self, flag=True):
        self.training = flag

    def forward(self, x, t):
        if self.training:
            return 1.0
        self.epoch += 1
        return self.val_losses[self.epoch - 1]

    def backward(self):
        pass


def fit_ladder(val_losses, *callbacks, epochs=None, n=2, batch_size=1, validation=True, **how):
    x, t = np.zeros((n, 1)), np.zeros(n)
    trainer = Trainer(Ladder(val_losses), SGD(1.0), list(callbacks), 0)
    held_out = (np.zeros((1, 1)), np.zeros(1)) if validation else None
    trainer.fit(x, t, epochs or len(val_losses), batch_size, validation=held_out, **how)
    return trainer


class OneRank:
    """The communicator of a job of one."""

    rank, size = 0, 1

    def allgather(self, thing):
        return [thing]

    def Bcast(self, a, root):
        pass

    def Allreduce(self, own, total):
        total[...] = own

    def Allgatherv(self, own, everyones):
        everyones[0][...] = own.reshape(everyones[0].shape)


def short_texts(N, V=30, seed=1):
    """N id arrays of 1 to 8 words, and labels 0 or 1."""
    rng = np.random.default_rng(seed)
    x = [rng.integers(2, V, rng.integers(1, 9)) for _ in range(N)]
    return x, rng.integers(0, 2, N)


def small_net(seed=0, dtype=np.float64, **options):
    """A SentimentNet for them."""
    return sentiment_net(30, 4, 5, pool="max", rng=seed, dtype=dtype, **options)
