"""After the same `np.random.seed` the Trainer takes the batches of the book's loop; so does RnnlmTrainer.

The loops here are the definitions: whole arrays shuffled again every epoch, windows read word by word.
"""

import re

import numpy as np
import pytest
from nets_to_train import At, BookNet, Scripted, points

from common.arrays.global_random import GLOBAL
from common.base_model import BaseModel
from common.files.resume import Checkpoint, resume_training, save_training
from common.layers import Affine, Dropout, Sigmoid, SoftmaxWithLoss
from common.optimizer import SGD
from common.sequential import Sequential
from common.time_layers import TimeAffine, TimeDropout, TimeEmbedding, TimeLSTM, TimeSoftmaxWithLoss
from common.trainer import RnnlmTrainer, Trainer
from common.training.batches import shuffled_batches
from common.training.callbacks import BookLog
from dataset import spiral

pytestmark = pytest.mark.filterwarnings("error")


def seeded(seed=1984):
    np.random.seed(seed)  # noqa: NPY002


def loop(model, x, t, epochs, size, lr=0.5, every=20):
    """The book's loop -> the losses of its log: of all steps since the line before."""
    logged, since = [], []
    for _ in range(epochs):
        order = np.random.permutation(np.arange(len(x)))  # noqa: NPY002
        x, t = x[order], t[order]
        for i in range(len(x) // size):
            since.append(model.forward(x[i * size : (i + 1) * size], t[i * size : (i + 1) * size]))
            model.backward()
            for p, g in zip(model.params, model.grads):
                p -= lr * g
            if i % every == 0:
                logged.append(sum(since) / len(since))
                since = []
    return logged


class WithDropout(BookNet):
    def __init__(self):
        super().__init__()
        self.layers.insert(2, Dropout(0.25))


@pytest.mark.parametrize("make", [BookNet, WithDropout])
@pytest.mark.parametrize(("epochs", "size", "every"), [(3, 5, 2), (4, 22, 1), (2, 7, 20), (5, 11, 1)])
def test_batches_dropout_and_the_log_are_those_of_the_books_loop(make, epochs, size, every, capsys):
    x, t = points()
    seeded()
    wanted = make()
    logged, after = loop(wanted, x, t, epochs, size, every=every), np.random.rand()  # noqa: NPY002
    seeded()
    found = make()
    trainer = Trainer(found, SGD(0.5))
    trainer.fit(x, t, epochs, size, eval_interval=every)
    assert np.random.rand() == after  # noqa: NPY002  (nothing else was drawn)
    assert trainer.loss_list == pytest.approx(logged, rel=1e-12)
    for p, q in zip(found.params, wanted.params):
        np.testing.assert_allclose(p, q, rtol=1e-12)
    lines = capsys.readouterr().out.splitlines()
    place = rf"\| epoch 1 \|  iter 1 / {22 // size} \| time \d+\[s\] \| loss {logged[0]:.2f}"
    assert re.fullmatch(place, lines[0]) and len(lines) == len(logged)


def test_each_fit_shuffles_the_examples_as_they_were_given():
    x, t = points()
    seeded()
    wanted = BookNet()
    for _ in range(2):
        loop(wanted, x, t, 2, 5)
    seeded()
    trainer = Trainer(BookNet(), SGD(0.5))
    for _ in range(2):
        trainer.fit(x, t, 2, 5, eval_interval=None)
    np.testing.assert_allclose(trainer.model.params[0], wanted.params[0], rtol=1e-12)
    assert trainer.current_epoch == 4 and trainer.step == 16


def test_fewer_examples_than_a_batch_are_one_step():
    model = Scripted([1.0] * 2)
    Trainer(model, SGD()).fit(np.zeros((3, 1)), np.arange(3), 2, 5, eval_interval=None)
    assert [sorted(t.tolist()) for _, t in model.seen] == [[0, 1, 2]] * 2


X, T = np.arange(7.0)[:, None], np.arange(7)
OURS = {
    "callbacks": ({"callbacks": []}, {}),
    "rng": ({"rng": 0}, {}),
    "metrics": ({"metrics": {}}, {"max_element": 1.0}),
    "validation": ({}, {"validation": (X, T)}),
    "max_element": ({}, {"max_element": 1.0}),
    "sample_weight": ({}, {"sample_weight": np.ones(7)}),
}


@pytest.mark.parametrize("name", OURS)
def test_with_anything_of_ours_the_last_short_batch_is_trained_on(name):
    class Weighted(Scripted):
        def forward(self, x, t, sample_weight=None):
            return super().forward(x, t)

    made, fitted = OURS[name]
    model = Weighted(lambda call: 1.0)
    Trainer(model, SGD(), **made).fit(X, T, 1, 3, eval_interval=None, **fitted)
    assert sorted(label for _, t in model.seen[:3] for label in t) == list(range(7))


class Noted(Scripted):
    def __init__(self):
        super().__init__(None)
        self.labels = []

    def forward(self, x, t):
        self.labels.append(np.array(t))
        return 1.0


@pytest.mark.parametrize("kind", ["texts", "inputs", "tags"])
def test_lists_and_several_inputs_keep_the_last_short_batch_and_draw_from_the_global_state(kind):
    x = [np.arange(1, n) for n in (3, 5, 2, 4, 6, 3, 2)]
    x, t = {"texts": (x, T), "inputs": ((X, x), T), "tags": (x, x)}[kind]
    runs = []
    for _ in range(2):
        seeded()
        model = Noted()
        Trainer(model, SGD()).fit(x, t, 1, 3, eval_interval=None)
        runs.append(model.labels)
    assert len(runs[0]) == 3 and all(np.array_equal(a, b) for a, b in zip(*runs, strict=True))
    seeded()
    order = [index.tolist() for index in shuffled_batches(x, 3, GLOBAL)]
    assert kind == "tags" or [t.tolist() for t in runs[0]] == order


def test_with_an_rng_the_global_state_is_neither_read_nor_moved():
    x, t = points()
    seeded()
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    net = Sequential(Affine(np.ones((2, 3)), np.zeros(3)), Dropout(0.5, 1), loss=SoftmaxWithLoss())
    Trainer(net, SGD(), [], 0).fit(x, t, 2, 5)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# ---- training that goes on: in the same process, and in another


def net():
    rng = np.random.default_rng(0)
    layers = Affine(rng.standard_normal((2, 5)), np.zeros(5)), Dropout(0.4), Affine(np.ones((5, 3)), np.zeros(3))
    return Sequential(*layers, loss=SoftmaxWithLoss())


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
@pytest.mark.parametrize("epochs_first", [0, 1])
def test_an_epoch_that_was_stopped_in_the_books_manner_goes_on_in_its_order(
    monkeypatch, tmp_path, epochs_first, elsewhere
):
    x, t = points()
    seeded()
    wanted = Trainer(net(), SGD(0.5))
    wanted.fit(x, t, 3, 5, eval_interval=None)
    seeded()
    first = Trainer(net(), SGD(0.5))
    stop_at = 4 * epochs_first + 2

    def stop(log, trainer):
        if trainer.step == stop_at:
            trainer.stop("asked to")

    monkeypatch.setattr(BookLog, "on_step_end", stop)
    first.fit(x, t, 3, 5, eval_interval=1)
    monkeypatch.undo()
    assert first.step == stop_at and first.steps_per_epoch == 4
    trainer = first
    if elsewhere:
        save_training(tmp_path / "a.npz", first)
        trainer = Trainer(net(), SGD(0.5))
        seeded(7)  # set back to what it was when the file was written
        resume_training(tmp_path / "a.npz", trainer)
    trainer.fit(x, t, 3 - epochs_first, 5, eval_interval=None)
    assert trainer.step == 12 and trainer.current_epoch == 3
    assert [row["loss"] for row in trainer.history] == [row["loss"] for row in wanted.history]
    assert all(np.array_equal(p, q) for p, q in zip(trainer.model.params, wanted.model.params))


@pytest.mark.parametrize("stop_at", [3, 5, 8])
def test_a_training_that_draws_from_the_global_state_resumes_bit_by_bit(tmp_path, stop_at):
    def build(*callbacks):
        return Trainer(net(), SGD(0.5), [*callbacks, Checkpoint(tmp_path / "a.npz")])

    x, t = points()
    seeded()
    wanted = build()
    wanted.fit(x, t, 3, 5)
    seeded()
    build(At(stop_at, lambda trainer: trainer.stop("asked to"))).fit(x, t, 3, 5)
    np.random.rand(5)  # noqa: NPY002
    second = build()
    resume_training(tmp_path / "a.npz", second)
    second.fit(x, t, 3 - second.epochs_done, 5)
    assert all(np.array_equal(p, q) for p, q in zip(second.model.params, wanted.model.params))


# ---- RnnlmTrainer

V, WORDS = 9, np.random.default_rng(0).integers(0, 9, 64)
XS, TS = WORDS[:-1], WORDS[1:]


class LanguageModel(BaseModel):
    """Embedding, LSTM that keeps its state, dropout, and an output whose weights are the embedding's, transposed."""

    def __init__(self):
        normal = np.random.default_rng(1).standard_normal
        W = normal((V, 3))
        lstm = TimeLSTM(normal((3, 12)), normal((3, 12)), normal(12), stateful=True)
        self.layers = [TimeEmbedding(W), TimeDropout(0.2), lstm, TimeAffine(W.T, np.zeros(V))]
        self.loss_layer = TimeSoftmaxWithLoss()
        self.params = [p for layer in self.layers for p in layer.params]
        self.grads = [g for layer in self.layers for g in layer.grads]
        self.seen = []

    def forward(self, xs, ts):
        self.seen.append((xs.tolist(), ts.tolist()))
        for layer in self.layers:
            xs = layer.forward(xs)
        return self.loss_layer.forward(xs, ts)

    def backward(self):
        dout = self.loss_layer.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)


def rnnlm_loop(model, epochs, N, T, max_grad, every, lr=0.5):
    """-> the perplexities of the book's log. Weights that are tied are updated once, by the sum of both gradients."""
    read, logged, since = 0, [], []
    for _ in range(epochs):
        for step in range(len(XS) // (N * T)):
            places = [[(i * (len(XS) // N) + read + t) % len(XS) for t in range(T)] for i in range(N)]
            read += T
            since.append(model.forward(XS[places], TS[places]))
            model.backward()
            tied = np.asarray(model.grads[0]) + model.grads[4].T
            params = [*model.params[:4], model.params[5]]
            grads = [tied, *(g.copy() for g in model.grads[1:4]), model.grads[5].copy()]
            rate = max_grad / (np.sqrt(sum((g**2).sum() for g in grads)) + 1e-6)
            for p, g in zip(params, grads):
                p -= lr * g * min(rate, 1)
            if step % every == 0:
                logged.append(np.exp(sum(since) / len(since)))
                since = []
    return logged


@pytest.mark.parametrize(("N", "T", "every"), [(2, 5, 2), (4, 3, 1), (1, 10, 3), (63, 1, 1), (3, 20, 1)])
def test_windows_tied_weights_clipping_and_log_are_those_of_the_books_loop(N, T, every, capsys):
    seeded()
    wanted = LanguageModel()
    logged = rnnlm_loop(wanted, 3, N, T, 0.25, every)
    seeded()
    model = LanguageModel()
    trainer = RnnlmTrainer(model, SGD(0.5))
    trainer.fit(XS, TS, 3, N, T, 0.25, every)
    steps = 63 // (N * T)
    assert model.seen == wanted.seen and trainer.time_idx == 3 * steps * T and trainer.eval_interval == every
    assert trainer.ppl_list == pytest.approx(logged, rel=1e-9) and trainer.current_epoch == 3
    for p, q in zip(model.params, wanted.params):
        np.testing.assert_allclose(p, q, rtol=1e-9)
    lines = capsys.readouterr().out.splitlines()
    start = rf"\| epoch 1 \|  iter 1 / {steps} \| time \d+\[s\] \| perplexity {logged[0]:.2f}"
    assert re.fullmatch(start, lines[0]) and len(lines) == len(logged)


def test_each_fit_of_a_language_model_reads_the_text_from_its_start():
    trainer = RnnlmTrainer(LanguageModel(), SGD(0.1))
    for _ in range(2):
        trainer.fit(XS, TS, 1, 2, 5, eval_interval=1)
        assert len(trainer.ppl_list) == 6 and trainer.time_idx == 30
    seen = trainer.model.seen
    assert seen[:6] == seen[6:] and trainer.current_epoch == 2 and len(trainer.history) == 2
    assert trainer.history[0]["tokens_per_s"] > 0


def test_get_batch_goes_on_from_time_idx_and_behind_the_end_from_the_start():
    trainer = RnnlmTrainer(LanguageModel(), SGD())
    x, t = trainer.get_batch(np.arange(10), np.arange(10) + 100, 2, 3)
    assert x.tolist() == [[0, 1, 2], [5, 6, 7]] and (t == x + 100).all() and x.dtype == t.dtype == np.int32
    assert trainer.get_batch(list(range(10)), list(range(10)), 2, 3)[1].tolist() == [[3, 4, 5], [8, 9, 0]]
    assert trainer.time_idx == 6


def test_its_plot_is_of_the_perplexities():
    from matplotlib import pyplot

    trainer = RnnlmTrainer(LanguageModel(), SGD(0.1))
    trainer.fit(XS, TS, 1, 2, 5, None, 2)
    ax = trainer.plot(ylim=(0, 500))
    try:
        assert ax.lines[0].get_ydata().tolist() == trainer.ppl_list and len(trainer.ppl_list) == 3
        assert ax.get_ylim() == (0, 500) and ax.get_ylabel() == "perplexity" and "x2" in ax.get_xlabel()
    finally:
        pyplot.close("all")


@pytest.mark.parametrize("stop_at", [2, 5, 6])
def test_resumed_from_a_file_it_reads_on_where_it_was(stop_at, tmp_path):
    def build(*callbacks):
        model = LanguageModel()
        model.layers[2].stateful = False  # no checkpoint holds the state
        return RnnlmTrainer(model, SGD(0.5), [*callbacks, Checkpoint(tmp_path / "a.npz")])

    wanted, first, second = build(), build(At(stop_at, lambda trainer: trainer.stop("asked to"))), build()
    for trainer in (wanted, first):
        seeded()
        trainer.fit(XS, TS, 3, 2, 10)  # three steps an epoch
    resume_training(tmp_path / "a.npz", second)
    second.fit(XS, TS, 3 - second.epochs_done, 2, 10)
    assert wanted.model.seen == first.model.seen + second.model.seen
    assert all(np.array_equal(p, q) for p, q in zip(wanted.model.params, second.model.params))


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ((XS[:9], TS[:9], 1, 2, 5), r"^RnnlmTrainer.fit: expected a text of .* = 10 words, got 9$"),
        ((XS, TS[:-1], 1, 2, 5), "expected as many examples as labels"),
        ((XS, TS, 1, 2, 0), "RnnlmTrainer.fit: expected time_size >= 1, got 0"),
        ((XS, TS, 1, 0.5, 5), "RnnlmTrainer.fit: expected a whole number for batch_size >= 1, got 0.5"),
        (([], [], 1), "RnnlmTrainer.fit: expected a text of .* = 700 words, got 0"),
        ((None, None, 1), r"RnnlmTrainer.fit: xs: expected integers of shape \(T,\), got object of shape"),
        ((XS[:, None], TS[:, None], 1, 2, 5), r"RnnlmTrainer.fit: xs: expected integers of shape \(T,\), got int64 of"),
    ],
)
def test_what_is_no_text_is_an_error_in_one_line(how, says):
    with pytest.raises(ValueError, match=says) as caught:
        RnnlmTrainer(LanguageModel(), SGD()).fit(*how)
    assert "\n" not in str(caught.value)


def test_a_text_may_be_a_list_of_ids_or_of_small_integers():
    trained = [RnnlmTrainer(LanguageModel(), SGD(0.1), []) for _ in range(3)]
    for trainer, ids in zip(trained, ((XS, TS), (XS.tolist(), TS.tolist()), (XS.astype("u1"), TS.astype("u1")))):
        trainer.fit(*ids, 1, 2, 5)
    first, *others = (trainer.model.seen for trainer in trained)
    assert all(seen == first for seen in others)


def test_a_loss_that_is_not_finite_is_named_with_its_step_and_changes_nothing():
    model = LanguageModel()
    model.param_names = ["embed.W", "lstm.Wx", "lstm.Wh", "lstm.b", "out.W", "out.b"]
    model.params[2][0, 0] = np.nan
    before = [p.copy() for p in model.params]
    with pytest.raises(FloatingPointError, match=r"^step 1: the loss is nan; the first gradient that is not finite is"):
        RnnlmTrainer(model, SGD()).fit(XS, TS, 1, 2, 5)
    assert all(np.array_equal(p, q, equal_nan=True) for p, q in zip(model.params, before))


# ---- chapter 1


def test_one_line_repeats_the_losses_of_chapter_1(capsys):
    seeded()
    np.random.randn(300)  # noqa: NPY002  (as the book's `load_data` leaves the state)
    x, t = spiral.load_data()
    weights = [0.01 * np.random.randn(*shape) for shape in ((2, 10), (10, 3))]  # noqa: NPY002
    layers = Affine(weights[0], np.zeros(10)), Sigmoid(), Affine(weights[1], np.zeros(3))
    trainer = Trainer(Sequential(*layers, loss=SoftmaxWithLoss()), SGD(lr=1.0))
    trainer.fit(x, t, 300, 30, eval_interval=10)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("loss 1.10") and lines[-1].startswith("| epoch 300 |  iter 1 / 10 |")
    # the book's, to within its 1e-7 in the loss
    book = [1.09798, 0.72402, 0.46915, 0.22207, 0.14222, 0.10869]
    assert [trainer.loss_list[i] for i in (0, 49, 99, 149, 199, 299)] == pytest.approx(book, abs=1e-5)
