"""Every callback begins anew with another trainer, and continues with the same one and after a resumption."""

import importlib
import io
import pkgutil
import signal

import numpy as np
import pytest
from nets_to_train import OneRank

import common.files.resume
import common.training
from common.files.resume import Checkpoint, resume_training
from common.layers import Affine, Dropout, SoftmaxWithLoss
from common.optimizer import SGD, Adam
from common.sequential import Sequential
from common.trainer import Trainer
from common.training.adversarial import AdversarialTraining
from common.training.averaging import WeightAveraging
from common.training.callbacks import (
    BookLog,
    Callback,
    EarlyStopping,
    EpochTable,
    LearningRate,
    Progress,
    StopOnSignal,
)
from common.training.lr_range import RangeTest
from common.training.parallel import DataParallel, StopTogether
from common.training.stream import StreamState
from common.training.train_to_loss import TrainToLoss

X, T = np.random.default_rng(0).standard_normal((10, 3)), np.array([0, 1] * 5)


class Mean(Callback):
    """A callback of one's own: the mean of all losses, an average of the weights, and a random stream."""

    def __init__(self):
        self.losses, self.average, self.rng = [], None, np.random.default_rng(3)

    def on_step_end(self, trainer):
        self.losses.append(trainer.loss)
        keep = 0 if self.average is None else self.rng.random()
        self.average = [p + keep * (self.average[i] if keep else 0) for i, p in enumerate(trainer.model.params)]

    def state(self):
        return {"losses": self.losses, "stream": self.rng.bit_generator.state}, self.average or []

    def load_state(self, values, arrays):
        self.losses, self.average = values["losses"], arrays or None
        self.rng.bit_generator.state = values["stream"]


# class: make(path)
MAKE = {
    BookLog: lambda path: BookLog(lambda line: None),
    EpochTable: lambda path: EpochTable(lambda line: None),
    Progress: lambda path: Progress(0.0, io.StringIO()),
    EarlyStopping: lambda path: EarlyStopping(2),
    LearningRate: lambda path: LearningRate(lambda progress: 1 - progress),
    RangeTest: lambda path: RangeTest(1e-3, 1.0, 6),
    StopOnSignal: lambda path: StopOnSignal(),
    StopTogether: lambda path: StopTogether(OneRank(), (signal.SIGINT,)),
    Checkpoint: lambda path: Checkpoint(path),
    WeightAveraging: lambda path: WeightAveraging(0.9),
    StreamState: lambda path: StreamState([]),
    TrainToLoss: lambda path: TrainToLoss(0.01),
    Mean: lambda path: Mean(),
}
every_class = pytest.mark.parametrize("kind", MAKE, ids=lambda kind: kind.__name__)


class StopAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, trainer):
        if trainer.step == self.step:
            trainer.stop("asked to")


def net(seed=0, sizes=(3, 2)):
    W = np.random.default_rng(seed).standard_normal(sizes)
    return Sequential(Affine(W, np.zeros(sizes[1])), Dropout(0.2, 1), loss=SoftmaxWithLoss())


def trainer_with(*callbacks, seed=0, lr=0.1):
    return Trainer(net(seed), Adam(lr), list(callbacks), seed)


def fit(trainer, epochs=2, x=X, t=T):
    """All that a training leaves."""
    trainer.fit(x, t, epochs, 3, eval_interval=2, validation=(X, T))
    rows = [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in trainer.history]
    weights = [p.tobytes() for p in trainer.model.params]
    return rows, weights, trainer.loss_list, trainer.stop_reason, trainer.optimizer.lr


def known(callback):
    """What the object knows when it is not training, but for its clock and what it was made with."""
    leave_out = (
        "start",
        "last",
        "saved",
        "sink",
        "file",
        "path",
        "schedule",
        "weights",
        "comm",
        "rng",
        "average",
        "own",
        "steps_before",
    )
    values, arrays = callback.state()
    return {k: v for k, v in vars(callback).items() if k not in leave_out}, values, [a.tobytes() for a in arrays]


def test_no_class_of_ours_is_left_out():
    ours = set()
    for module in pkgutil.iter_modules(common.training.__path__):
        members = vars(importlib.import_module(f"common.training.{module.name}")).values()
        ours |= {c for c in members if isinstance(c, type) and issubclass(c, Callback)}
    ours |= {c for c in vars(common.files.resume).values() if isinstance(c, type) and issubclass(c, Callback)}
    assert ours - {Callback} == set(MAKE) - {Mean}


@every_class
@pytest.mark.parametrize("first", ["ended", "stopped in an epoch", "failed", "never began"])
def test_it_serves_another_trainer_like_a_new_one(kind, first, tmp_path):
    used, fresh = MAKE[kind](tmp_path / "a.npz"), MAKE[kind](tmp_path / "b.npz")
    if first == "ended":
        fit(trainer_with(used, seed=1, lr=0.5), 4)
    elif first == "stopped in an epoch":
        fit(trainer_with(used, StopAt(6), seed=1, lr=0.5), 4)
    elif first == "failed":
        fail = Callback()
        fail.on_step_end = lambda trainer: 1 / (trainer.step - 6)
        with pytest.raises(ZeroDivisionError):
            fit(trainer_with(used, fail, seed=1, lr=0.5), 4)
    else:
        fit(trainer_with(used, seed=1, lr=0.5), 0)
    assert fit(trainer_with(used)) == fit(trainer_with(fresh))
    assert known(used) == known(fresh)


@every_class
def test_a_further_fit_of_the_same_trainer_goes_on(kind, tmp_path):
    callback, path = MAKE[kind](tmp_path / "a.npz"), tmp_path / "state.npz"
    one = trainer_with(callback)
    fit(one)
    before = known(callback)
    seen = []
    note = Callback()
    note.on_fit_start = lambda trainer: seen.append(known(callback))
    one.callbacks = [note, callback]
    fit(one)
    assert seen == [before]
    assert not path.exists()


@every_class
def test_a_resumed_training_goes_on_also_where_the_object_served_another_before(kind, tmp_path):
    path = tmp_path / "last.npz"

    def trainer(*more, seed, callback):
        return trainer_with(callback, *more, Checkpoint(path), seed=seed)

    wanted = MAKE[kind](tmp_path / "a.npz"), None
    wanted = wanted[0], fit(trainer(seed=0, callback=wanted[0]), 3)
    fit(trainer(StopAt(6), seed=0, callback=MAKE[kind](tmp_path / "b.npz")), 3)
    saved = path.read_bytes()
    used = MAKE[kind](tmp_path / "c.npz")
    fit(trainer_with(used, seed=5, lr=0.5), 1)  # a fold before
    path.write_bytes(saved)
    again = trainer(seed=7, callback=used)
    resume_training(path, again)
    if kind is not RangeTest:  # which is one training, and has no state
        assert fit(again, 3 - again.epochs_done) == wanted[1]
        assert known(used) == known(wanted[0])
        assert fit(trainer_with(used)) == fit(trainer_with(MAKE[kind](tmp_path / "d.npz")))


def test_the_weights_of_one_fold_never_reach_the_next():
    best = EarlyStopping(None)
    folds = [np.arange(10) % 3 == k for k in range(3)]
    for shared in (best, None):
        trained = []
        for k, held_out in enumerate(folds):
            model = net(k)
            trainer = Trainer(model, SGD(5.0 if k else 0.5), [shared or EarlyStopping(None)], 0)
            trainer.fit(X[~held_out], T[~held_out], 3, 4, validation=(X[held_out], T[held_out]))
            trained.append([p.tobytes() for p in model.params])
        if shared:
            of_shared = trained
    assert of_shared == trained and len({tuple(weights) for weights in trained}) == 3


@every_class
@pytest.mark.parametrize("used_before", [False, True])
def test_a_state_that_is_loaded_by_hand_is_for_the_next_trainer_alone(kind, used_before, tmp_path):
    make = MAKE[kind]
    other, callback = make(tmp_path / "a.npz"), make(tmp_path / "b.npz")
    stopped = trainer_with(other, StopAt(6))
    fit(stopped, 4)
    values, arrays = other.state()
    if used_before:
        fit(trainer_with(callback, seed=3))
    callback.load_state(values, arrays)
    seen = []

    class Note(Callback):
        def on_fit_start(self, trainer):
            seen.append(repr(callback.state()))

    fit(trainer_with(Note(), callback), 0)
    assert seen == [repr((values, arrays))]
    assert fit(trainer_with(callback)) == fit(trainer_with(make(tmp_path / "c.npz")))


def test_a_constructor_may_load_its_own_state():
    class Count(Callback):
        def __init__(self):
            self.load_state({"count": 0}, [])

        def on_step_end(self, trainer):
            self.count += 1

        def state(self):
            return {"count": self.count}, []

        def load_state(self, values, arrays):
            self.count = values["count"]

    count = Count()
    for _ in range(2):
        fit(trainer_with(count), 1)
        assert count.count == 4


def test_nothing_of_it_shows_in_the_attributes_of_a_callback_and_it_can_be_copied():
    import copy
    import pickle

    best = EarlyStopping(2)
    before = set(vars(best))
    trainer = trainer_with(best)
    fit(trainer)
    assert set(vars(best)) == before
    for again in (copy.deepcopy(best), pickle.loads(pickle.dumps(best))):  # noqa: S301
        assert again.best == best.best
        assert fit(trainer_with(again)) == fit(trainer_with(EarlyStopping(2)))


def test_state_that_on_fit_start_makes_is_no_state_before_it():
    class Late(Callback):
        def on_fit_start(self, trainer):
            self.seen = 0

        def on_step_end(self, trainer):
            self.seen += 1

        def state(self):
            return {"seen": self.seen}, []

        def load_state(self, values, arrays):
            self.seen = values["seen"]

    late = Late()
    for _ in range(2):
        fit(trainer_with(late), 1)
        assert late.seen == 4


def test_a_model_that_was_wrapped_can_be_trained_alone_or_wrapped_again():
    wanted, found = net(), net()
    fit(Trainer(DataParallel(found, OneRank()), Adam(), [], 0))
    fit(Trainer(DataParallel(found, OneRank()), Adam(), [], 0), 1, X[:7], T[:7])
    fit(Trainer(wanted, Adam(), [], 0))
    fit(Trainer(wanted, Adam(), [], 0), 1, X[:7], T[:7])
    assert fit(Trainer(found, Adam(), [], 1)) == fit(Trainer(wanted, Adam(), [], 1))
    assert AdversarialTraining(found, 1).scores is None
