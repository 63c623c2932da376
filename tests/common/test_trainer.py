"""The loop, its history and its promises: any model, any lengths, one seed."""

import numpy as np
import pytest
from nets_to_train import At, BookNet, Scripted, TwoLayerNet, points, quiet

from common.optimizer import SGD, Adam
from common.trainer import evaluate
from common.training.callbacks import BookLog, Callback, EpochTable, Progress
from dataset import spiral

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


@pytest.fixture
def data():
    return points()


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
