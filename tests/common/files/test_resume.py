"""n steps and n more with a new process's objects in between are 2 n steps, bit by bit."""

import functools
import json
import os
from pathlib import Path

import numpy as np
import pytest
from nets_to_train import OneRank

from ch_sentiment.experiment.options import OPTIMIZERS
from ch_sentiment.model import CELLS, sentiment_net
from common.arrays.initializers import xavier
from common.base_model import BaseModel
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
from common.files.resume import Checkpoint, read_about, resume_training, save_training
from common.layers import Affine, Dropout, SoftmaxWithLoss
from common.optimizer import SGD, Adam
from common.sequential import Sequential
from common.time_layers import TimeDropout
from common.trainer import Trainer
from common.training.callbacks import BookLog, Callback, EarlyStopping, EpochTable, LearningRate
from common.training.parallel import DataParallel
from common.training.schedules import cosine, warm_up

FIXTURES = Path(__file__).parents[2] / "fixtures"

RNG = np.random.default_rng(0)
X = [RNG.integers(1, 12, RNG.integers(1, 5)) for _ in range(14)]
T = np.array([int(ids[0] > ids[-1]) for ids in X])
STEPS = 4  # an epoch, with batches of four


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)


class StopAt(Callback):
    """Asks training to stop after a step: in the middle of an epoch, or (the last one) at its end."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, trainer):
        if trainer.step == self.step and self.step % STEPS:
            trainer.stop("asked to")

    def on_epoch_end(self, trainer):
        if trainer.step == self.step:
            trainer.stop("asked to")


def build(path, stop_at=None, cell="lstm", optimizer=Adam, seed=0, **how):
    net = sentiment_net(12, 4, 3, cell, True, pool="max", dropout=0.3, word_dropout=0.1, rng=seed, **how)
    callbacks = [LearningRate(warm_up(0.2, cosine)), EarlyStopping(None, "val_loss"), StopAt(stop_at)]
    return Trainer(net, optimizer(lr=0.05), [*callbacks, Checkpoint(path)] if path else callbacks, rng=seed)


def fit(trainer, epochs=3):
    """Train until so many epochs are done; -> all that must be equal: history, weights, what the callbacks know."""
    trainer.fit(X, T, epochs - trainer.epochs_done, 4, max_grad=1.0, validation=(X[:5], T[:5]))
    return result(trainer)


def result(trainer):
    history = [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in trainer.history]
    weights = trainer.model.weights() if hasattr(trainer.model, "weights") else trainer.model.params
    return (
        history,
        [w.tobytes() for w in (weights.values() if isinstance(weights, dict) else weights)],
        [[m.tobytes() for m in memory] for memory in trainer.optimizer.state.values()],
        trainer.optimizer.iter,
        trainer.step,
        trainer.rng.bit_generator.state,
    )


@functools.cache
def undisturbed(cell="lstm", optimizer=Adam, epochs=3):
    return fit(build(None, cell=cell, optimizer=optimizer), epochs)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("resume")


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("step", [STEPS, STEPS + 3], ids=["end of an epoch", "middle of one"])
def test_training_that_is_resumed_gives_the_same_bits(folder, cell, optimizer, step):
    path = folder / "resumed.npz"
    fit(build(path, step, cell, optimizer), 2)
    second = build(path, None, cell, optimizer, seed=7)  # other weights, other streams: all of them come from the file
    resume_training(path, second)
    assert second.step == step and (second.running is None) == (step == STEPS)
    assert fit(second, 2) == undisturbed(cell, optimizer, 2)


def test_a_training_that_drops_by_word_is_resumed_with_the_same_bits(tmp_path):
    by_word, path = {"type_dropout": True}, tmp_path / "a.npz"
    fit(build(path, STEPS + 3, **by_word), 2)
    second = build(path, None, seed=7, **by_word)
    resume_training(path, second)
    wanted = fit(build(None, **by_word), 2)
    assert fit(second, 2) == wanted != undisturbed(epochs=2)


def test_training_resumes_from_every_step_and_many_stops_equal_none(folder):
    path = folder / "often.npz"
    trainer = build(path, 1)
    fit(trainer)
    for step in range(2, 3 * STEPS + 1):
        trainer = build(path, step, seed=step)
        resume_training(path, trainer)
        assert trainer.step == step - 1
        last = fit(trainer)
    assert last == undisturbed()


def test_a_training_killed_between_two_saves_does_the_steps_since_the_last_one_again(folder):
    class Killed(Exception):
        pass

    class Kill(Callback):
        def on_step_start(self, trainer):
            if trainer.step == STEPS + 3:
                raise Killed

    path = folder / "killed.npz"
    trainer = build(path)
    trainer.callbacks.insert(0, Kill())
    trainer.callbacks[-1].minutes = 0.0  # a save after every step
    with pytest.raises(Killed):
        fit(trainer)
    second = build(path, seed=7)
    resume_training(path, second)
    assert second.step == STEPS + 2
    assert fit(second) == undisturbed()


def test_it_is_saved_at_the_start_at_each_epochs_end_at_a_pause_and_when_the_minutes_are_over(tmp_path, monkeypatch):
    import common.files.resume

    now, saved = [0.0], []
    monkeypatch.setattr(common.files.resume.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(common.files.resume, "save_training", lambda path, trainer, about: saved.append(trainer.step))
    trainer = build(tmp_path / "a.npz", 3 * STEPS - 1)
    trainer.callbacks[-1].minutes = 2.0
    tick = Callback()
    tick.on_step_start = lambda trainer: now.__setitem__(0, now[0] + 60.0 * (trainer.step > STEPS))
    trainer.callbacks.insert(0, tick)
    fit(trainer)
    assert saved == [0, STEPS, STEPS + 2, STEPS + 4, STEPS + 4, STEPS + 6, STEPS + 7]


def test_what_is_saved_at_a_pause_is_the_last_step_not_the_best_epoch(folder):
    path = folder / "pause.npz"
    trainer = build(path, STEPS + 1)
    weights = []
    note = Callback()
    note.on_step_end = lambda trainer: weights.append(trainer.model.params[0].copy())
    trainer.callbacks.insert(0, note)
    fit(trainer)
    saved = load_checkpoint(path)[0]["weight.embed.W"]
    assert np.array_equal(saved, weights[-1])
    assert np.array_equal(trainer.model.params[0], weights[STEPS - 1]) and not np.array_equal(weights[-1], saved * 0)


# ---- what must not be forgotten


class Block:
    """A layer that holds another, and others in a list and a dict: streams at any depth."""

    param_names = ("W", "b")

    def __init__(self, n, rng):
        first, second, third = rng.spawn(3)
        self.affine = Affine(xavier(n, n, rng), np.zeros(n, np.float32))
        self.drops = [Dropout(0.5, first), {"inner": (TimeDropout(0.5, second),)}]
        self.noise = np.random.Generator(np.random.MT19937(third.integers(100)))
        self.params, self.grads = self.affine.params, self.affine.grads

    def forward(self, x):
        x = self.drops[1]["inner"][0].forward(self.drops[0].forward(x))
        return self.affine.forward(x + self.noise.normal(0, 0.1, x.shape).astype(x.dtype))

    def backward(self, dout):
        return self.drops[0].backward(self.drops[1]["inner"][0].backward(self.affine.backward(dout)))


class Nested(BaseModel):
    def __init__(self, rng):
        super().__init__()
        rng = np.random.default_rng(rng)
        self.block, self.head = Block(3, rng), Affine(xavier(3, 2, rng), np.zeros(2, np.float32))
        self.frozen = {"table": rng.standard_normal(4).astype(np.float32)}
        self.loss_layer = SoftmaxWithLoss()
        self.collect(block=self.block, head=self.head)

    def forward(self, x, t):
        return self.loss_layer.forward(self.head.forward(self.block.forward(x)), t)

    def backward(self):
        self.block.backward(self.head.backward(self.loss_layer.backward()))


class Average(Callback):
    """What a colleague may add: an average of the weights, with arrays to remember and a stream of its own."""

    def __init__(self, rng):
        self.average, self.rng = None, np.random.default_rng(rng)

    def on_step_end(self, trainer):
        keep = self.rng.random()
        first = self.average is None
        self.average = [
            p.copy() if first else keep * a + p for a, p in zip(self.average or [0] * 99, trainer.model.params)
        ]

    def state(self):
        return {"stream": self.rng.bit_generator.state}, self.average or []

    def load_state(self, values, arrays):
        self.average, self.rng.bit_generator.state = arrays or None, values["stream"]


@pytest.mark.parametrize("step", [STEPS, STEPS + 2])
def test_streams_of_nested_layers_frozen_weights_and_callbacks_with_arrays_are_remembered(tmp_path, step):
    x, t = RNG.standard_normal((14, 3)).astype(np.float32), T

    def train(seed, stop_at=None, path=tmp_path / "a.npz", resume=False):
        average = Average(seed)
        trainer = Trainer(Nested(seed), Adam(0.05), [average, StopAt(stop_at), Checkpoint(path)], rng=seed)
        if resume:
            resume_training(path, trainer)
        trainer.fit(x, t, 3 - trainer.epochs_done, 4)
        return result(trainer), [a.tobytes() for a in average.average]

    wanted = train(0, path=tmp_path / "b.npz")
    train(0, stop_at=step)
    assert train(5, resume=True) == wanted
    names = set(load_checkpoint(tmp_path / "a.npz")[1]["streams"])
    block = {"block.drops.0.rng", "block.drops.1.inner.0.rng", "block.noise"}
    assert names == {"order"} | {f"model.{'layers.0' + name[5:]}" for name in block}


def test_frozen_embeddings_are_saved_and_tied_weights_have_one_memory(tmp_path):
    path = tmp_path / "a.npz"
    frozen = {"embed_W": RNG.standard_normal((12, 4)), "freeze_embedding": True}
    wanted = fit(build(None, **frozen))
    fit(build(path, 5, **frozen))
    other = build(path, freeze_embedding=True, seed=3)  # the vectors come from the file
    resume_training(path, other)
    assert fit(other) == wanted

    class Tied(Nested):
        def __init__(self, rng):
            super().__init__(rng)
            self.params = [*self.params, self.params[0].T]
            self.grads = [*self.grads, np.ones((3, 3), np.float32)]
            self.param_names = [*self.param_names, "again"]

    def tied(seed):
        return Trainer(Tied(seed), Adam(0.05), [Checkpoint(path)], rng=0)

    x = RNG.standard_normal((14, 3)).astype(np.float32)
    first, second = tied(0), tied(1)
    first.fit(x, T, 1, 4)
    resume_training(path, second)
    for trainer in (first, second):
        trainer.fit(x, T, 1, 4)
    assert result(first) == result(second)


def test_the_numbers_of_an_optimizer_and_the_books_losses_are_restored(tmp_path):
    def trainer(**how):
        return Trainer(Nested(0), Adam(**how), [BookLog(lambda line: None), Checkpoint(tmp_path / "a.npz")])

    x = RNG.standard_normal((14, 3)).astype(np.float32)
    first, second = trainer(lr=0.5, beta1=0.3), trainer(lr=0.1)
    first.fit(x, T, 1, 4, eval_interval=3)
    resume_training(tmp_path / "a.npz", second)
    assert (second.optimizer.lr, second.optimizer.beta1, second.optimizer.iter) == (0.5, 0.3, 4)
    assert second.loss_list == first.loss_list != []


def test_with_another_number_of_epochs_the_schedule_is_that_of_the_new_plan(tmp_path):
    def rates(epochs, then=None):
        seen = []
        note = Callback()
        note.on_step_end = lambda trainer: seen.append(trainer.optimizer.lr)
        trainer = build(tmp_path / "a.npz")
        trainer.callbacks.insert(-1, note)
        fit(trainer, epochs)
        if then:
            trainer = build(tmp_path / "a.npz")
            trainer.callbacks.insert(-1, note)
            resume_training(tmp_path / "a.npz", trainer)
            fit(trainer, then)
        return seen

    assert rates(1, then=3)[STEPS:] == rates(3)[STEPS:]


@pytest.mark.parametrize("patience", [1, 2])
def test_patience_continues_counting_and_a_training_it_has_ended_does_no_further_step(tmp_path, patience):
    x = RNG.standard_normal((14, 3)).astype(np.float32)

    def train(stop_at=None, resume=False):
        best = EarlyStopping(patience, "loss")
        callbacks = [best, StopAt(stop_at), Checkpoint(tmp_path / "a.npz")]
        trainer = Trainer(Nested(0), SGD(0.0), callbacks, rng=0)  # no rate: the losses differ by their noise alone
        if resume:
            resume_training(tmp_path / "a.npz", trainer)
        trainer.fit(x, T, 9 - trainer.epochs_done, 4)
        return trainer, best

    wanted, _ = train()
    assert wanted.epoch < 9 and "no better loss" in wanted.stop_reason
    train(stop_at=STEPS + 1)
    went_on, best = train(resume=True)
    assert result(went_on)[0] == result(wanted)[0] and went_on.stop_reason == wanted.stop_reason
    again, best_again = train(resume=True)
    assert again.step == wanted.step and again.stop_reason == wanted.stop_reason
    assert best_again.best_epoch == best.best_epoch and result(again)[1] == result(wanted)[1]


def test_a_training_that_version_0_1_0_saved_in_its_second_epoch_continues_as_it_would_have_there():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((14, 3)).astype(np.float32)
    layers = [
        Affine(np.zeros((3, 4), "f"), np.zeros(4, "f")),
        Dropout(0.3, 1),
        Affine(np.zeros((4, 2), "f"), np.zeros(2, "f")),
    ]
    model = Sequential(*layers, loss=SoftmaxWithLoss())
    best = EarlyStopping(None, "loss")
    trainer = Trainer(model, Adam(), [BookLog(lambda line: None), LearningRate(cosine), best], rng=7)
    resume_training(FIXTURES / "training_0_1_0.npz", trainer)
    assert trainer.step == 6 and trainer.epochs_done == 1 and best.best_epoch == 1
    trainer.fit(x, (x[:, 0] > 0).astype(int), 2, 4)
    losses = [row["loss"] for row in trainer.history]  # those of version 0.1.0, in one go
    assert losses == pytest.approx([0.4443215536219733, 0.327285177473511, 0.19025656953454018], rel=1e-5)
    logged = [1.28168785572052, 0.16261763870716095]  # the third was of one step there, now of all since the second
    assert trainer.loss_list == pytest.approx([*logged, 0.3006672943], rel=1e-5)


@pytest.mark.parametrize("held", [False, True])
def test_a_training_may_be_resumed_with_or_without_a_model_that_wraps_it(tmp_path, held):
    def build_wrapped(seed, wrapped, *callbacks):
        trainer = build(None, None, seed=seed)
        trainer.callbacks = [*trainer.callbacks[:2], *callbacks]
        trainer.model = DataParallel(trainer.model, OneRank()) if wrapped else trainer.model
        return trainer

    path = tmp_path / "a.npz"
    fit(build_wrapped(0, held, StopAt(STEPS + 2), Checkpoint(path)), 2)
    other = build_wrapped(7, not held)
    resume_training(path, other)
    history, wanted = fit(other, 2)[0], undisturbed(epochs=2)[0]
    assert [row["loss"] for row in history] == pytest.approx([row["loss"] for row in wanted], rel=1e-5)


# ---- what is refused


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"optimizer": SGD}, "optimizer: SGD lr iter, got Adam lr iter beta1 beta2 eps"),
        ({"cell": "gru"}, r"weight\.layer0\.forward\.Wx: float32 \(4, 9\), got float32 \(4, 12\)"),
        ({"dtype": np.float64}, r"weight\.embed\.W: float64 \(12, 4\), got float32 \(12, 4\)"),
    ],
)
def test_another_training_is_refused_and_changes_nothing(folder, other, words):
    path = folder / "refused.npz"
    fit(build(path, 2))
    trainer = build("x", **other)
    before = [p.copy() for p in trainer.model.params], str(trainer.rng.bit_generator.state)
    with pytest.raises(CheckpointError, match=rf"refused\.npz: expected a training with {words}$"):
        resume_training(path, trainer)
    assert all(np.array_equal(a, b) for a, b in zip(before[0], trainer.model.params))
    assert trainer.epoch == 0 and trainer.running is None and before[1] == str(trainer.rng.bit_generator.state)


def test_other_callbacks_and_other_streams_are_refused_but_what_only_prints_may_come_and_go(folder):
    path = folder / "callbacks.npz"
    fit(build(path, 2))
    trainer = build("x")
    trainer.callbacks[:] = [*trainer.callbacks[:2], EpochTable(lambda line: None)]
    resume_training(path, trainer)
    del trainer.callbacks[0]
    with pytest.raises(CheckpointError, match="callbacks with state: EarlyStopping, got LearningRate EarlyStopping"):
        resume_training(path, trainer)
    trainer = build("x")
    trainer.model.more = Dropout(0.5)
    with pytest.raises(CheckpointError, match=r"stream model\.more\.rng: MT19937, got none"):
        resume_training(path, trainer)
    trainer = build("x")
    trainer.rng = np.random.Generator(np.random.SFC64(0))
    with pytest.raises(CheckpointError, match="stream order: SFC64, got PCG64"):
        resume_training(path, trainer)


def test_files_of_another_kind_or_form_are_refused(folder):
    path = folder / "form.npz"
    trainer = build(path, 2)
    fit(trainer)
    arrays, meta = load_checkpoint(path)
    for change in (
        {"kind": "another"},
        {"running": {"steps": 1}},
        {"streams": None},
        {"position": 3},
        {"callbacks": [1]},
    ):
        save_arrays(path, arrays, json.loads(json.dumps({**meta, **change})))
        with pytest.raises(CheckpointError, match=r"form\.npz: (expected a sentifish|its contents do not fit)"):
            resume_training(path, build("x"))
    save_arrays(path, {"a": np.zeros(2)})
    for read in (read_about, lambda path: resume_training(path, build("x"))):
        with pytest.raises(CheckpointError, match="another kind"):
            read(path)


def test_numbers_that_are_no_longer_finite_are_not_saved_over_those_that_were(folder):
    path = folder / "finite.npz"
    trainer = build(path, 2)
    fit(trainer)
    before = path.read_bytes()
    trainer.optimizer.state["v"][0][0] = np.inf
    with pytest.raises(FloatingPointError, match=r"step 2: array optimizer.v.0: expected finite"):
        save_training(path, trainer)
    assert path.read_bytes() == before


def test_a_training_that_has_not_started_can_be_saved_and_describes_itself(tmp_path):
    path = tmp_path / "a.npz"
    save_training(path, build("x"), {"any": ["thing", 1.5]})
    fresh = build("x", seed=3)
    resume_training(path, fresh)
    assert fresh.epoch == 0 and np.array_equal(fresh.model.params[0], build("x").model.params[0])
    assert read_about(path)[0] == {"any": ["thing", 1.5]}
