"""The loop, its history and its promises: any model, any lengths, one seed, and an end that loses nothing."""

import re
import signal

import matplotlib
import numpy as np
import pytest

import common.trainer
from common.arrays.tied_weights import TiedWeights
from common.base_model import BaseModel
from common.layers import Affine, MatMul, Sigmoid, SoftmaxWithLoss
from common.optimizer import SGD, Adam
from common.time_layers import TimeEmbedding
from common.trainer import Trainer, evaluate
from common.training.callbacks import BookLog, Callback, EarlyStopping, EpochTable, Progress, StopOnSignal
from dataset import spiral

matplotlib.use("Agg")

ROW = [
    "epoch",
    "loss",
    "accuracy",
    "grad_norm",
    "tokens_per_s",
    "val_loss",
    "val_accuracy",
    "lr",
    "seconds",
]


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


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((22, 2))
    return x, (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)


def quiet(model, optimizer=None, *callbacks, rng=0):
    return Trainer(model, optimizer or SGD(0.1), list(callbacks), rng)


# ---- training


@pytest.mark.parametrize("make", [TwoLayerNet, BookNet])
def test_a_two_layer_net_learns_the_spiral(make):
    x, t = spiral.load_data()
    net = make()
    quiet(net, Adam(0.03)).fit(x, t, 150, 30)
    h = x
    for layer in net.chain if make is TwoLayerNet else net.layers:
        h = layer.forward(h)
    assert (h.argmax(axis=1) == t.argmax(axis=1)).mean() > 0.9


def test_the_loss_falls_fifty_steps_in_a_row_on_fixed_data(data):
    x, t = data
    losses = []
    fall = Callback()
    fall.on_step_end = lambda trainer: losses.append(trainer.loss)
    quiet(TwoLayerNet(), SGD(0.3), fall).fit(x, t, 50, len(t))
    assert len(losses) == 50 and (np.diff(losses) < 0).all()


def test_history_has_a_row_per_epoch_with_these_columns(data):
    x, t = data
    trainer = quiet(TwoLayerNet(), SGD(0.05))
    history = trainer.fit(x, t, 3, 5, validation=(x, t))
    assert history is trainer.history and [row["epoch"] for row in history] == [1, 2, 3]
    for row in history:
        assert sorted(row) == sorted(ROW)
        assert all(type(row[key]) in (int, float) for key in ROW)
        assert row["lr"] == 0.05 and row["seconds"] > 0 and row["tokens_per_s"] > 0 and row["grad_norm"] > 0
    last = evaluate(trainer.model, x, t)
    assert history[-1]["val_loss"] == pytest.approx(last["loss"], rel=1e-12)
    assert history[-1]["val_accuracy"] == last["accuracy"]
    trainer.fit(x, t, 2, 5)
    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5] and trainer.step == 25
    assert history[-1]["val_loss"] is None and history[-1]["val_accuracy"] is None


def test_loss_and_accuracy_of_a_row_are_means_over_examples_not_batches(data):
    x, t = data
    net = TwoLayerNet()
    row = quiet(net, SGD(0.0)).fit(x, t, 1, 5)[0]  # lr 0: the same net throughout; batches of 5, 5, 5, 5 and 2
    assert row["loss"] == pytest.approx(net.forward(x, t), rel=1e-12)
    assert row["accuracy"] == (net.scores.argmax(axis=1) == t).mean()


def test_grad_norm_is_the_largest_of_the_epoch_before_clipping():
    grads = [([1.0, 0.0], 0.0), ([3.0, 4.0], 0.0), ([0.0, 2.0], 0.0)]
    model = Scripted(lambda call: 1.0, grads)
    row = quiet(model, SGD(1.0)).fit(np.zeros((3, 1)), np.zeros(3), 1, 1, 0.5)[0]
    assert row["grad_norm"] == 5.0
    assert model.params[0] == pytest.approx([-0.5 - 0.3, -0.4 - 0.5], rel=1e-5)  # each step clipped to 0.5


def test_the_last_partial_batch_is_trained_on(data):
    x, t = data
    model = Scripted(lambda call: 1.0)
    trainer = quiet(model)
    trainer.fit(x, t, 2, 8)
    assert sorted(len(ts) for _, ts in model.seen[:3]) == [6, 8, 8] and trainer.steps_per_epoch == 3
    for epoch in (model.seen[:3], model.seen[3:]):
        got = np.concatenate([xb for xb, _ in epoch])
        assert np.array_equal(np.sort(got, axis=0), np.sort(x, axis=0))


def test_examples_stay_with_their_labels_in_batches_of_lists_and_of_arrays(data):
    x, _ = data
    for examples in (x, [np.arange(1, 2 + i) for i in range(22)]):
        model = Scripted(lambda call: 1.0)
        quiet(model).fit(examples, np.arange(22), 1, 4)
        for xb, tb in model.seen:
            for row, i in zip(xb, tb):
                assert np.array_equal(row[: len(examples[i])], examples[i]) and not row[len(examples[i]) :].any()


def test_lists_of_id_arrays_are_padded_by_the_batch_and_their_tokens_counted():
    x = [np.ones(n, int) for n in (1, 9, 2, 8, 1, 9)]
    model, tokens = Scripted(lambda call: 1.0), []
    note = Callback()
    note.on_step_end = lambda trainer: tokens.append(trainer.running.tokens)
    row = quiet(model, None, note).fit(x, np.zeros(6), 1, 2)[0]
    assert sorted(xb.shape for xb, _ in model.seen) == [(2, 1), (2, 8), (2, 9)]
    assert tokens[-1] == 30 and row["tokens_per_s"] > 0


def test_accuracy_is_none_where_a_model_keeps_no_scores(data):
    history = quiet(BookNet()).fit(*data, 1, 5, validation=data)
    assert history[0]["accuracy"] is None is history[0]["val_accuracy"]
    assert history[0]["val_loss"] == pytest.approx(evaluate(BookNet(), *data)["loss"], rel=1)


def test_a_model_trains_in_training_mode_and_is_scored_in_the_other(data):
    class Noted(TwoLayerNet):
        modes = ()

        def forward(self, x, t):
            self.modes = (*self.modes, self.training)
            return super().forward(x, t)

    net = Noted()
    quiet(net).fit(*data, 2, 22, validation=data)
    assert net.modes == (True, False, True, False)


# ---- one seed


def weights_after(seed, shuffle, data):
    net = TwoLayerNet(seed)
    quiet(net, Adam(0.01), rng=shuffle).fit(*data, 3, 4)
    return np.concatenate([p.ravel() for p in net.params])


def test_one_seed_gives_the_same_bits_and_another_gives_others(data):
    first = weights_after(0, 0, data)
    assert np.array_equal(first, weights_after(0, 0, data))
    assert not np.array_equal(first, weights_after(0, 1, data))


def test_the_global_random_state_is_neither_used_nor_changed(data):
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()  # noqa: NPY002
    first = weights_after(0, 7, data)
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(before[1], after[1]) and before[2:] == after[2:]
    np.random.seed(4)  # noqa: NPY002
    assert np.array_equal(first, weights_after(0, 7, data))


# ---- the book


def test_the_books_positional_call_prints_its_log_line_and_keeps_the_losses(data, capsys):
    x, t = data
    trainer = Trainer(BookNet(), SGD(1.0))
    trainer.fit(x, t, 2, 5, None, 2)
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert captured.err == ""
    assert all(re.fullmatch(r"\| epoch \d \|  iter \d / 5 \| time \d+\[s\] \| loss \d\.\d\d", line) for line in lines)
    assert [line[:25] for line in lines] == [f"| epoch {e} |  iter {i} / 5 |" for e in (1, 2) for i in (1, 3, 5)]
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
        assert ax.lines[0].get_ydata().tolist() == trainer.loss_list and len(trainer.loss_list) == 10
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


# ---- numbers that are not finite


@pytest.mark.parametrize("loss", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite_names_step_and_gradient_and_changes_nothing(loss):
    model = Scripted([1.0, 1.0, loss], [(1.0, 1.0), (1.0, 1.0), (1.0, np.nan)])
    trainer = quiet(model, SGD(1.0))
    with pytest.raises(FloatingPointError, match=r"step 3: the loss is -?(nan|inf); .* is that of right"):
        trainer.fit(np.zeros((5, 1)), np.zeros(5), 1, 1)
    assert model.params[0].tolist() == [-2, -2] and model.params[1].tolist() == [-2, -2, -2]


def test_a_loss_that_is_not_finite_with_finite_gradients_says_so():
    with pytest.raises(FloatingPointError, match="step 1: the loss is nan; all gradients are finite"):
        quiet(Scripted([np.nan])).fit(np.zeros((1, 1)), np.zeros(1), 1, 1)


@pytest.mark.parametrize("max_grad", [None, 1.0])
def test_a_gradient_that_is_not_finite_under_a_finite_loss_stops_training_too(max_grad):
    model = Scripted([1.0, 1.0], [(1.0, 1.0), (np.inf, 1.0)])
    trainer = quiet(model, SGD(1.0))
    with pytest.raises(FloatingPointError, match=r"step 2: the gradient of left is not finite"):
        trainer.fit(np.zeros((4, 1)), np.zeros(4), 1, 1, max_grad)
    assert trainer.step == 2 and model.params[0][0] == pytest.approx(-1 if max_grad is None else -1 / np.sqrt(5))


def test_the_best_epoch_is_restored_when_the_loss_is_no_longer_finite():
    # train, validate, train, validate, train: the second epoch is worse, the third fails
    model = Scripted([1.0, 0.5, 1.0, 0.9, np.nan])
    best = EarlyStopping(None)
    with pytest.raises(FloatingPointError):
        quiet(model, SGD(1.0), best).fit(np.zeros((1, 1)), np.zeros(1), 3, 1, validation=(np.zeros((1, 1)), [0]))
    assert best.best_epoch == 1 and model.params[0].tolist() == [-1, -1]


def test_a_validation_loss_that_is_not_finite_stops_training_and_is_never_the_best():
    model = Scripted([1.0, 0.5, 1.0, np.nan, 1.0, 0.1])
    best = EarlyStopping(None)
    with pytest.raises(FloatingPointError, match="validation loss"):
        quiet(model, SGD(1.0), best).fit(np.zeros((1, 1)), np.zeros(1), 3, 1, validation=(np.zeros((1, 1)), [0]))
    assert best.best_epoch == 1 and best.best == 0.5 and model.params[0].tolist() == [-1, -1]


def test_numbers_that_overflow_give_the_error_and_no_warnings(data):
    net = TwoLayerNet(dtype=np.float32)
    with pytest.raises(FloatingPointError, match="step"):
        quiet(net, Adam(1e38)).fit(*data, 20, 5, 1.0)


# ---- Ctrl-C


class OneAtATime(Exception):
    """Raised by the handler that a test puts in place of Python's own."""


@pytest.fixture
def handler():
    def stop(number, frame):
        raise OneAtATime

    before = signal.signal(signal.SIGINT, stop)
    yield stop
    signal.signal(signal.SIGINT, before)


def ctrl_c(trainer):
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_after_the_step_returns_the_history_and_puts_the_handler_back(data, handler):
    trainer = quiet(TwoLayerNet(), None, At(7, ctrl_c))
    history = trainer.fit(*data, 5, 5, validation=data)
    assert trainer.step == 7 and trainer.stop_reason == "SIGINT"
    assert [row["epoch"] for row in history] == [1] and trainer.epoch == 2 and trainer.running.steps == 2
    assert signal.getsignal(signal.SIGINT) is handler


def test_ctrl_c_keeps_the_best_weights_so_far(handler):
    model = Scripted([1.0, 0.5, 1.0, 0.9, 1.0])
    best = EarlyStopping(None)
    trainer = quiet(model, SGD(1.0), best, At(3, ctrl_c))
    trainer.fit(np.zeros((1, 1)), np.zeros(1), 9, 1, validation=(np.zeros((1, 1)), [0]))
    assert len(trainer.history) == 2 and best.best_epoch == 1 and model.params[0].tolist() == [-1, -1]


def test_a_second_ctrl_c_interrupts_at_once_and_the_best_is_still_restored(handler):
    model = Scripted([1.0, 0.5, 1.0, 0.9, 1.0])
    trainer = quiet(model, SGD(1.0), EarlyStopping(None), At(2, ctrl_c), At(2, ctrl_c))
    with pytest.raises(OneAtATime):
        trainer.fit(np.zeros((1, 1)), np.zeros(1), 9, 1, validation=(np.zeros((1, 1)), [0]))
    assert signal.getsignal(signal.SIGINT) is handler and model.params[0].tolist() == [-1, -1]


def timeless(history):
    return [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in history]


@pytest.mark.parametrize("step", [1, 3, 5, 7, 9, 10])  # five steps an epoch
def test_training_continues_after_ctrl_c_as_if_uninterrupted(data, handler, step):
    undisturbed = quiet(TwoLayerNet(), Adam(0.1))
    wanted = timeless(undisturbed.fit(*data, 2, 5, validation=data))
    starts, pauses = [], []
    note = Callback()
    note.on_epoch_start = lambda trainer: starts.append(trainer.epoch)
    note.on_pause = lambda trainer: pauses.append((trainer.step, trainer.running.steps))
    trainer = quiet(TwoLayerNet(), Adam(0.1), At(step, ctrl_c), note)
    done = len(trainer.fit(*data, 2, 5, validation=data))
    assert pauses == [(step, step - 5 * done)] and (trainer.epochs_done, trainer.epoch) == (done, done + 1)
    history = trainer.fit(*data, 2 - done, 5, validation=data)
    assert timeless(history) == wanted and starts == [1, 2] and trainer.stop_reason is None
    assert (trainer.step, trainer.total_steps, trainer.max_epoch, trainer.running) == (10, 10, 2, None)
    assert all(np.array_equal(p, q) for p, q in zip(trainer.model.params, undisturbed.model.params))
    assert trainer.rng.bit_generator.state == undisturbed.rng.bit_generator.state


def test_an_unfinished_epoch_continues_with_its_own_examples_and_batches_only(data):
    trainer = quiet(TwoLayerNet(), None, At(3, lambda trainer: trainer.stop("asked to")))
    trainer.fit(*data, 1, 5)
    for x, t, size in ((*data, 6), (data[0][:20], data[1][:20], 5)):
        with pytest.raises(ValueError, match="expected the 22 examples and batch_size 5 of the unfinished epoch"):
            trainer.fit(x, t, 1, size)
    assert trainer.fit(*data, 0, 5) == [] and trainer.step == 3
    assert len(trainer.fit(*data, 1, 5)) == 1


def test_a_stream_that_others_draw_from_too_continues_where_it_was(data):
    def fit(*stops):
        draws = []
        draw = Callback()
        draw.on_step_end = lambda trainer: draws.append(trainer.rng.random())
        trainer = quiet(TwoLayerNet(), None, draw, *(At(step, lambda trainer: trainer.stop("now")) for step in stops))
        for _ in (*stops, None):
            trainer.fit(*data, 2 - trainer.epochs_done, 5)
        return draws

    assert fit(2, 8) == fit()


def test_the_seconds_of_an_epoch_leave_out_the_time_between_two_fits(data, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(common.trainer.time, "perf_counter", lambda: now[0])
    tick = Callback()
    tick.on_step_start = lambda trainer: now.__setitem__(0, now[0] + 2.0)
    trainer = quiet(TwoLayerNet(), None, tick, At(3, lambda trainer: trainer.stop("now")))
    trainer.fit(*data, 1, 5)
    now[0] += 1000.0
    row = trainer.fit(*data, 1, 5)[0]
    assert row["seconds"] == 10.0 and row["tokens_per_s"] == 2.2


def test_the_first_reason_to_stop_is_the_one_that_stays(data):
    stop = Callback()
    stop.on_step_end = lambda trainer: trainer.stop("first")
    stop.on_pause = lambda trainer: trainer.stop("second")
    trainer = quiet(TwoLayerNet(), None, stop)
    trainer.fit(*data, 1, 5)
    assert trainer.stop_reason == "first"


def test_after_an_error_a_new_epoch_begins(data):
    trainer = quiet(TwoLayerNet(), None, At(3, lambda trainer: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        trainer.fit(*data, 1, 5)
    assert trainer.running is None and [row["epoch"] for row in trainer.fit(*data, 1, 5)] == [2]


@pytest.mark.parametrize("eval_interval", [None, 1])
def test_without_callbacks_no_handler_is_set_and_ctrl_c_is_an_exception_as_elsewhere(data, handler, eval_interval):
    class Interrupted(TwoLayerNet):
        def backward(self):
            assert signal.getsignal(signal.SIGINT) is handler
            signal.raise_signal(signal.SIGINT)

    trainer = Trainer(Interrupted(), SGD(0.1), [] if eval_interval else None)
    with pytest.raises(OneAtATime):
        trainer.fit(*data, 1, 5, eval_interval=eval_interval)
    assert trainer.running is None and trainer.step == 1


def test_an_error_in_a_step_puts_the_handler_back_too(data, handler):
    with pytest.raises(ValueError):
        quiet(TwoLayerNet()).fit(np.zeros((3, 7)), np.zeros(3, int), 1, 1)
    assert signal.getsignal(signal.SIGINT) is handler


def test_other_signals_can_be_listened_to_and_threads_do_without(data, handler):
    import threading

    trainer = quiet(TwoLayerNet(), None, StopOnSignal((signal.SIGTERM,)), At(2, lambda _: signal.raise_signal(15)))
    before = signal.getsignal(signal.SIGTERM)
    trainer.fit(*data, 5, 5)
    assert trainer.stop_reason == "SIGTERM" and trainer.step == 2 and signal.getsignal(signal.SIGTERM) is before
    done = []
    thread = threading.Thread(target=lambda: done.append(quiet(TwoLayerNet()).fit(*data, 1, 5)))
    thread.start()
    thread.join()
    assert len(done[0]) == 1


# ---- what callbacks see


def test_callbacks_are_called_in_order_and_can_read_where_training_is(data):
    calls = []

    class Spy(Callback):
        def __getattribute__(self, name):
            if name.startswith("on_"):
                return lambda t: calls.append((name[3:], t.epoch, t.step, t.max_epoch, t.total_steps))
            return super().__getattribute__(name)

    quiet(TwoLayerNet(), None, Spy()).fit(*data, 2, 11)
    names = [call[0] for call in calls]
    epoch = ["epoch_start", "step_start", "step_end", "step_start", "step_end", "epoch_end"]
    assert names == ["fit_start", *epoch, *epoch, "fit_end"]
    assert [c[1:3] for c in calls] == [
        (0, 0),
        (1, 0),
        (1, 1),
        (1, 1),
        (1, 2),
        (1, 2),
        (1, 2),
        *[(2, 2)],
        *[(2, 3)] * 2,
    ] + [(2, 4)] * 4
    assert all(call[3:] == (2, 4) for call in calls)


def test_fit_end_is_called_however_training_ends(data):
    ended = []
    note, fail = Callback(), At(2, lambda trainer: 1 / 0)
    note.on_fit_end = lambda trainer: ended.append(trainer.step)
    with pytest.raises(ZeroDivisionError):
        quiet(TwoLayerNet(), None, note, fail).fit(*data, 1, 5)
    assert ended == [2]


def test_stop_at_the_end_of_an_epoch_ends_training_there(data):
    stop = Callback()
    stop.on_epoch_end = lambda trainer: trainer.stop("enough")
    trainer = quiet(TwoLayerNet(), None, stop)
    assert len(trainer.fit(*data, 5, 5, validation=data)) == 1 and trainer.stop_reason == "enough"
    assert trainer.history[0]["val_loss"] is not None


def test_callbacks_that_print_leave_the_numbers_alone(data, capsys):
    def run(*callbacks):
        net = TwoLayerNet()
        quiet(net, Adam(), *callbacks).fit(*data, 2, 5, validation=data)
        return np.concatenate([p.ravel() for p in net.params])

    assert np.array_equal(run(), run(EpochTable(), Progress(0.0), BookLog()))
    assert capsys.readouterr().out


# ---- errors


@pytest.mark.parametrize(
    ("x", "t", "how"),
    [
        (np.zeros((3, 2)), np.zeros(2, int), {}),
        (np.zeros((0, 2)), np.zeros(0, int), {}),
        ([], [], {}),
        (np.zeros((3, 2)), np.zeros(3, int), {"batch_size": 0}),
        (np.zeros((3, 2)), np.zeros(3, int), {"batch_size": -1}),
        (np.zeros((3, 2)), np.zeros(3, int), {"max_epoch": -1}),
        pytest.param(np.zeros((3, 2)), np.zeros(3, int), {"validation": (np.zeros((2, 2)), np.zeros(3, int))}),
        pytest.param(np.zeros((3, 2)), np.zeros(3, int), {"validation": (np.zeros((0, 2)), np.zeros(0, int))}),
    ],
)
def test_arguments_that_cannot_be_are_a_value_error_before_anything_happens(x, t, how):
    model = Scripted(lambda call: 1.0)
    with pytest.raises(ValueError, match=r"Trainer\.fit: expected"):
        quiet(model).fit(x, t, **how)
    assert model.call == 0


def test_no_epochs_are_an_empty_history(data):
    assert quiet(TwoLayerNet()).fit(*data, 0) == []


def test_evaluate_is_the_mean_over_all_examples_whatever_the_batch_size(data):
    x, t = data
    net = TwoLayerNet()
    wanted = net.forward(x, t)
    for batch_size in (1, 5, 22, 100):
        got = evaluate(net, x, t, batch_size)
        assert got["loss"] == pytest.approx(wanted, rel=1e-12)
        assert (
            got["accuracy"]
            == (net.chain[2].forward(net.chain[1].forward(net.chain[0].forward(x))).argmax(1) == t).mean()
        )
    assert evaluate(BookNet(), x, t)["accuracy"] is None
