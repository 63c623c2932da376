"""The Trainer as the book's chapters call it, and weights that several layers share."""

import re

import matplotlib
import numpy as np
import pytest
from nets_to_train import BookNet, Scripted, TwoLayerNet, points, quiet

import common.trainer
from common.arrays.tied_weights import TiedWeights
from common.base_model import BaseModel
from common.layers import Affine, SoftmaxWithLoss
from common.optimizer import SGD, Adam
from common.time_layers import TimeEmbedding
from common.trainer import Trainer
from common.training.callbacks import BookLog, Callback

matplotlib.use("Agg")


@pytest.fixture
def data():
    return points()


# ---- the book


def test_the_books_positional_call_prints_its_log_line_and_keeps_the_losses(data, capsys):
    x, t = data
    trainer = Trainer(BookNet(), SGD(1.0))
    trainer.fit(x, t, 2, 5, None, 2)
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert captured.err == ""
    assert all(re.fullmatch(r"\| epoch \d \|  iter \d / 4 \| time \d+\[s\] \| loss \d\.\d\d", line) for line in lines)
    assert [line[:25] for line in lines] == [f"| epoch {e} |  iter {i} / 4 |" for e in (1, 2) for i in (1, 3)]
    assert [f"{loss:.2f}" for loss in trainer.loss_list] == [line.rsplit(" ", 1)[1] for line in lines]


def test_a_line_of_the_books_log_holds_the_mean_since_the_line_before():
    lines = []
    trainer = quiet(Scripted([1.0, 2.0, 4.0, 8.0, 16.0]), None, BookLog(lines.append))
    trainer.fit(np.zeros((5, 1)), np.zeros(5), 1, 1, None, 2)
    assert trainer.loss_list == [1.0, 3.0, 12.0] and lines[2].endswith("loss 12.00")


@pytest.mark.parametrize("interval", [None, 0])
def test_without_an_interval_or_with_own_callbacks_nothing_is_printed(data, capsys, interval):
    Trainer(BookNet(), SGD(0.1)).fit(*data, 1, 5, eval_interval=interval)
    Trainer(BookNet(), SGD(0.1), [BookLog()]).fit(*data, 1, 5, eval_interval=interval)
    Trainer(BookNet(), SGD(0.1), []).fit(*data, 1, 5)
    assert capsys.readouterr() == ("", "")


def test_plot_returns_axes_with_the_losses_and_opens_no_window(data, monkeypatch, capsys):
    from matplotlib import pyplot

    monkeypatch.setattr(pyplot, "show", lambda *a, **k: pytest.fail("a window would open"))
    trainer = Trainer(BookNet(), SGD(0.1))
    trainer.fit(*data, 2, 5, eval_interval=1)
    ax = trainer.plot(ylim=(0, 2))
    try:
        assert ax.lines[0].get_ydata().tolist() == trainer.loss_list and len(trainer.loss_list) == 8
        assert ax.get_ylim() == (0, 2) and "x1" in ax.get_xlabel()
    finally:
        pyplot.close("all")


# ---- tied weights


def test_tied_weights_are_one_parameter_with_the_sum_of_the_gradients():
    W = np.zeros((2, 3))

    class Tied(Scripted):
        def __init__(self):
            super().__init__([1.0])
            self.params, self.grads = [W, np.zeros(1), W.T], [np.ones((2, 3)), np.zeros(1), np.full((3, 2), 10.0)]

    seen = []

    class Spy(SGD):
        def update(self, params, grads):
            seen.append(len(params))
            super().update(params, grads)

    quiet(Tied(), Spy(1.0)).fit(np.zeros((1, 1)), np.zeros(1), 1, 1)
    assert seen == [2] and (W == -11).all()


def test_tied_weights_are_found_once_for_all_steps(data, monkeypatch):
    found = []

    class Noted(TiedWeights):
        def __init__(self, params):
            found.append(params)
            super().__init__(params)

    monkeypatch.setattr(common.trainer, "TiedWeights", Noted)
    trainer = quiet(TwoLayerNet())
    trainer.fit(*data, 2, 5, validation=data)
    trainer.fit(*data, 1, 5)
    assert trainer.step == 15 and len(found) == 1


def test_a_model_that_exchanges_its_arrays_trains_those_that_it_has():
    model = Scripted(lambda call: 1.0)
    exchange = Callback()

    def untie(trainer):
        if trainer.step == 3:
            model.params[0], model.params[1] = W.copy(), W.copy()

    W = np.zeros(2)
    model.params, model.grads = [W, W], [np.ones(2), np.ones(2)]
    exchange.on_step_start = untie
    optimizer = SGD(1.0)
    trainer = quiet(model, optimizer, exchange)
    trainer.fit(np.zeros((3, 1)), np.zeros(3), 1, 1)
    assert W.tolist() == [-4, -4] and [p.tolist() for p in model.params] == [[-5, -5]] * 2


def test_embedding_gradients_reach_the_optimizer_with_their_rows():
    class Bag(BaseModel):
        def __init__(self):
            super().__init__()
            self.embed, self.head = TimeEmbedding(np.ones((50, 2))), Affine(np.ones((2, 2)), np.zeros(2))
            self.loss_layer = SoftmaxWithLoss()
            self.collect(embed=self.embed, head=self.head)

        def forward(self, xs, t):
            return self.loss_layer.forward(self.head.forward(self.embed.forward(xs).sum(axis=1)), t)

        def backward(self):
            d = self.head.backward(self.loss_layer.backward())
            self.embed.backward(np.repeat(d[:, None], 2, axis=1))

    net = Bag()
    net.head.params[0][...] = [[1.0, 0.0], [0.0, 2.0]]
    optimizer = Adam(0.1)
    quiet(net, optimizer).fit(np.array([[3, 7], [7, 9]]), np.array([0, 1]), 2, 2, 1.0)
    changed = np.flatnonzero((net.embed.params[0] != 1).any(axis=1))
    assert changed.tolist() == [3, 7, 9]
    assert np.flatnonzero(optimizer.state["m"][0].any(axis=1)).tolist() == [3, 7, 9]
