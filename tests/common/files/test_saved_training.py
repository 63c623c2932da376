"""A file whose checksums fit, and which no training can have written, is refused before anything is changed."""

import copy
import json

import numpy as np
import pytest

from common.arrays.global_random import GLOBAL
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
from common.files.resume import Checkpoint, resume_training
from common.files.saved_training import check_stream, plain
from common.layers import Affine, Dropout, SoftmaxWithLoss
from common.optimizer import AdaGrad, Adam, AdamW, RMSprop
from common.sequential import Sequential
from common.trainer import Trainer
from common.training.callbacks import BookLog, Callback, EarlyStopping, LearningRate, TrainToLoss, WeightAveraging
from common.training.schedules import cosine

X = np.random.default_rng(0).standard_normal((14, 3)).astype("f")
T = (X[:, 0] > 0).astype(int)


class Largest(Callback):
    """A callback of one's own: a number, a random stream, a text and arrays."""

    def __init__(self):
        self.largest, self.rng, self.name, self.seen = 0.0, np.random.default_rng(3), "largest", []

    def on_step_end(self, trainer):
        self.largest = max(self.largest, trainer.loss + self.rng.random())
        self.seen = [*self.seen[-1:], np.float32([trainer.loss])]

    def state(self):
        return {"largest": self.largest, "stream": self.rng.bit_generator.state, "name": self.name}, self.seen

    def load_state(self, values, arrays):
        self.largest, self.name, self.seen = values["largest"], values["name"], arrays
        self.rng.bit_generator.state = values["stream"]


class Stop(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, trainer):
        if trainer.step == self.step:
            trainer.stop("enough")


def build(path, step=None, seed=0, kind=Adam, rng=0, keeper=EarlyStopping, metrics=None):
    layers = [Affine(np.ones((3, 4), "f"), np.zeros(4, "f")), Dropout(0.3, seed)]
    model = Sequential(*layers, Affine(np.ones((4, 2), "f"), np.zeros(2, "f")), loss=SoftmaxWithLoss())
    best = keeper(None, "loss") if keeper is EarlyStopping else keeper()
    callbacks = [BookLog(lambda line: None), LearningRate(cosine), WeightAveraging(0.9, 2), best, Largest(), Stop(step)]
    return Trainer(model, kind(0.05), [*callbacks, Checkpoint(path)], rng, metrics=metrics)


def trained(path, step, **how):
    """A training that stopped after this step, of four an epoch, in a file; -> its arrays and meta."""
    build(path, step, **how).fit(X, T, 4, 4, eval_interval=3)
    return load_checkpoint(path)


def everything(trainer):
    """All that is to stay as it is."""
    optimizer = trainer.optimizer
    state = optimizer.state and [a.tobytes() for arrays in optimizer.state.values() for a in arrays]
    return repr(
        (
            [w.tobytes() for w in trainer.model.weights().values()],
            [(k, v) for k, v in vars(optimizer).items() if k != "state"],
            state,
            plain([trainer.rng.bit_generator.state, trainer.model.layers[1].rng.bit_generator.state]),
            [trainer.epoch, trainer.step, trainer.running, trainer.history, trainer.loss_list],
            [(sorted(vars(c)), plain(c.state()), getattr(c, "_served", 0)) for c in trainer.callbacks],
        )
    )


def refused(path, arrays, meta, words=None, **how):
    save_arrays(path, arrays, meta)
    trainer = build(path, **how)
    before = everything(trainer)
    with pytest.raises(CheckpointError, match=words) as caught:
        resume_training(path, trainer)
    assert str(caught.value).startswith(f"{path}: ") and str(caught.value).isprintable()
    assert everything(trainer) == before


def edited(meta, place, value):
    """A copy with another value at "position/step"; ... removes the key."""
    meta = inner = copy.deepcopy(meta)
    *way, last = [int(part) if part.isdigit() else part for part in place.split("/")]
    for key in way:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return meta


WRONG = {
    "position/step": [None, True, -1, 2.5, "x", 10**30, 1, ...],
    "position/epoch": [None, -1, 1.0, 0, ...],
    "position/more": [1],
    "optimizer/numbers/lr": [None, True, "x", -0.5, [], 10**400],
    "optimizer/numbers/iter": [None, 2.5, -1, False, 10**30],
    "optimizer/numbers/beta1": [1, -0.1, "0.9", {}],
    "optimizer/numbers": [None, [], {}],
    "streams/order/state/state": [None, -1, 2.5, True, 2**128, "x"],
    "streams/order/state/inc": [2],
    "streams/order/has_uint32": [2, -1, True],
    "streams/order/uinteger": [2**32, -1],
    "streams/order/state": [{}, 3, ...],
    "streams/order/bit_generator": ["MT19937", None, ...],
    "streams": [None, {}, []],
    "running/num_examples": [0, -14, None, 4],
    "running/batch_size": [0, 4.0, None, 14],
    "running/steps": [5, -1, 2.5, True],
    "running/stream": [None, {}, []],
    "running/loss_sum": [None, "NaN", True],
    "running/norm": [-1.0],
    "running/right": [99, 1.5, -1],
    "running/scored": [1, None],
    "running/order": [[1]],
    "running": [{}, [], True, 3],
    "history": [None, {}, [1], []],
    "history/0": [None, {}, []],
    "history/0/epoch": [0, 2, 1.0, True],
    "history/0/loss": [None, "x", {}],
    "history/0/accuracy": [1.5, "x"],
    "history/0/seconds": [-1, ...],
    "loss_list": [None, [True], ["x"], {}],
    "callbacks": [None, [], {}],
    "callbacks/0/memory/losses": [None, [None], {}, [1.0] * 99],
    "callbacks/1/memory/base": ["x", True, []],
    "callbacks/1/memory/first": [-1, 99, 0.0, None],
    "callbacks/2/memory/steps": [-1, 7, 2.5, True, 0],
    "callbacks/2/memory/counted": [-1, 7, None],
    "callbacks/2/memory/away": [0, None, False],
    "callbacks/3/memory/best": [None, 0, True, "x", ...],
    "callbacks/3/memory/best_epoch": [None, 0, 2, 1.0, True],
    "callbacks/4/memory/largest": [None, True, "x", [], {}, ...],
    "callbacks/4/memory/stream/has_uint32": [2, None],
    "callbacks/4/memory/stream": [None, {}, 1, ...],
    "callbacks/4/memory/name": [None, 1],
    "callbacks/4/memory": [None, [], {}],
    "callbacks/4/arrays": [None, 0, 99, 10**12, True],
    "callbacks/4/name": ["Other", None, "\x1b[2J"],
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "last.npz"
    return path, *trained(path, 6)


@pytest.mark.parametrize("place", WRONG)
def test_a_value_that_no_training_can_have_is_refused_and_nothing_is_changed(saved, place):
    path, arrays, meta = saved
    for value in WRONG[place]:
        refused(path, arrays, edited(meta, place, value))


def test_the_untouched_file_is_resumed_into_a_trainer_that_refused_others_before(saved):
    path, arrays, meta = saved
    trainer = build(path, seed=5)
    for place in ("callbacks/4/memory/stream/state", "position/step", "optimizer/numbers/lr"):
        save_arrays(path, arrays, edited(meta, place, None))
        with pytest.raises(CheckpointError):
            resume_training(path, trainer)
    save_arrays(path, arrays, meta)
    resume_training(path, trainer)
    whole = build(path.parent / "whole.npz")
    for each in (trainer, whole):
        each.fit(X, T, 4 - each.epochs_done, 4, eval_interval=3)
    assert [w.tobytes() for w in trainer.model.params] == [w.tobytes() for w in whole.model.params]
    assert trainer.loss_list == whole.loss_list and trainer.callbacks[4].largest == whole.callbacks[4].largest


class Fails(Largest):
    """Whose `load_state` changes what it can, and then fails."""

    def load_state(self, values, arrays):
        super().load_state(values, arrays)
        self.more, self.seen = 1, None
        raise RuntimeError("two\nlines")


def test_another_form_is_refused_in_words_before_any_array_is_read(saved):
    path, arrays, meta = saved
    for place in ("optimizer", "optimizer/numbers", "optimizer/numbers/iter", "position", "streams"):
        for value in (..., None, 1.5, [], "x"):
            refused(path, arrays, edited(meta, place, value), r"^(?!.*Error).*expected ")


def test_a_whole_number_that_no_array_can_hold_is_a_float_for_the_optimizer(tmp_path):
    arrays, meta = trained(tmp_path / "last.npz", 5, kind=RMSprop)
    save_arrays(tmp_path / "last.npz", arrays, edited(meta, "optimizer/numbers/eps", 10**30))
    trainer = build(tmp_path / "last.npz", kind=RMSprop)
    resume_training(tmp_path / "last.npz", trainer)
    trainer.fit(X, T, 4, 4)
    assert trainer.optimizer.eps == 1e30 and Adam(10**30).lr == 1e30
    with pytest.raises(ValueError, match="expected lr >= 0"):
        Adam(10**400)


def test_after_an_error_in_load_state_all_callbacks_are_as_they_were(tmp_path):
    path = tmp_path / "a.npz"

    def with_two(step=None, seed=0, last=Largest):
        trainer = build(path, step, seed)
        trainer.callbacks.insert(-1, last())
        return trainer

    with_two(6).fit(X, T, 4, 4)
    arrays, meta = load_checkpoint(path)
    meta["callbacks"][-1]["name"] = "Fails"
    save_arrays(path, arrays, meta)
    trainer = with_two(seed=3, last=Fails)
    before = everything(trainer)
    with pytest.raises(CheckpointError, match="RuntimeError: two lines"):
        resume_training(path, trainer)
    assert everything(trainer) == before
    other = with_two(seed=3, last=Fails)
    for each in (trainer, other):  # none of them has been told that it serves another trainer now
        each.fit(X, T, 1, 4)
    assert everything(trainer).split("accuracy")[0] == everything(other).split("accuracy")[0]


def test_arrays_that_no_training_can_have_are_refused(saved):
    path, arrays, meta = saved
    for name in ("callback.2.1", "callback.3.0", "optimizer.v.0", "weight.0.W"):
        for a in (arrays[name][:1], arrays[name].astype("f8"), arrays[name].astype("i4"), np.float32(1)):
            refused(path, arrays | {name: a}, meta)
        refused(path, {n: a for n, a in arrays.items() if n != name}, meta)
    for name in ("callback.9.0", "callback.3.9", "weight.more", "running.more", "running.scores", "running.order"):
        refused(path, arrays | {name: np.arange(14)}, meta)
    refused(path, arrays | {"optimizer.v.0": -1 - arrays["optimizer.v.0"]}, meta, r"optimizer\.v\.0: expected")


@pytest.mark.parametrize(("kind", "slot"), [(AdaGrad, "h"), (RMSprop, "h"), (AdamW, "v")])
def test_a_mean_of_squares_below_0_is_refused(tmp_path, kind, slot):
    arrays, meta = trained(tmp_path / "a.npz", 6, kind=kind)
    name = f"optimizer.{slot}.0"
    refused(
        tmp_path / "a.npz", arrays | {name: arrays[name] - 9}, meta, "expected a finite number, 0 or above", kind=kind
    )


def test_the_order_of_the_book_is_a_permutation(tmp_path):
    path = tmp_path / "a.npz"

    def as_the_book():
        model = Sequential(Affine(np.ones((3, 2), "f"), np.zeros(2, "f")), loss=SoftmaxWithLoss())
        return Trainer(model, Adam(0.05))

    trainer = as_the_book()
    with np.random.default_rng(0) and pytest.MonkeyPatch.context() as patched:
        patched.setattr(BookLog, "on_step_end", lambda self, trainer: trainer.step == 6 and trainer.stop("enough"))
        trainer.fit(X, T, 4, 4, eval_interval=3)
    from common.files.resume import save_training

    save_training(path, trainer)
    arrays, meta = load_checkpoint(path)
    resume_training(path, as_the_book())
    order = arrays["running.order"]
    for wrong in (order[:-1], order + 1, np.zeros_like(order), order.astype("f8"), order[None]):
        save_arrays(path, arrays | {"running.order": wrong}, meta)
        with pytest.raises(CheckpointError, match="permutation of 14 examples"):
            resume_training(path, as_the_book())
    save_arrays(path, {name: a for name, a in arrays.items() if name != "running.order"}, meta)
    with pytest.raises(CheckpointError, match="order of the examples or the stream"):
        resume_training(path, as_the_book())


def test_the_labels_of_metrics_are_as_many_as_the_scores_and_the_examples(tmp_path):
    path, metrics = tmp_path / "a.npz", {"share": lambda scores, labels: float(np.mean(labels))}
    arrays, meta = trained(path, 6, metrics=metrics)
    resume_training(path, build(path, metrics=metrics))
    for name in ("scores", "labels"):
        refused(
            path, arrays | {f"running.{name}": arrays[f"running.{name}"][:3]}, meta, "of 8 examples", metrics=metrics
        )
        without = {n: a for n, a in arrays.items() if n != f"running.{name}"}
        refused(path, without, meta, "expected", metrics=metrics)


def test_a_training_to_a_loss_knows_its_last_epoch(tmp_path):
    arrays, meta = trained(tmp_path / "a.npz", 6, keeper=TrainToLoss)
    for value in (0, 2, None, 1.0):
        wrong = edited(meta, "callbacks/3/memory/best_epoch", value)
        refused(tmp_path / "a.npz", arrays, wrong, "TrainToLoss", keeper=TrainToLoss)


# ---- random streams


GENERATORS = {
    name: np.random.Generator(getattr(np.random, name)(1)) for name in ("PCG64", "PCG64DXSM", "Philox", "SFC64")
}
GENERATORS |= {"MT19937": np.random.Generator(np.random.MT19937(1)), "NumPy's own": GLOBAL}


def leaves(state, way=()):
    for key, value in state.items():
        yield from leaves(value, (*way, key)) if isinstance(value, dict) else [(*way, key)]


@pytest.mark.parametrize("name", GENERATORS)
def test_a_state_is_taken_as_it_was_and_in_no_other_form(name):
    rng = GENERATORS[name]
    state = plain(rng.bit_generator.state)
    check_stream("stream", rng, state)
    for way in leaves(state):
        for value in (None, True, -1, 2.5, "x", [], {}, 2**200, ...):
            wrong = edited(state, "/".join(way), value)
            if json.dumps(wrong) != json.dumps(state) and not (way == ("gauss",) and value in (True, -1, 2.5, 2**200)):
                with pytest.raises(ValueError, match="stream"):
                    check_stream("stream", rng, wrong)
    assert plain(rng.bit_generator.state) == state


def test_a_place_beyond_a_generators_memory_is_refused():
    for name, key in (("MT19937", "state/pos"), ("NumPy's own", "state/pos"), ("Philox", "buffer_pos")):
        state = plain(GENERATORS[name].bit_generator.state)
        for value in (-1, 5 if name == "Philox" else 625, 2**31):
            with pytest.raises(ValueError, match="stream"):
                check_stream("stream", GENERATORS[name], edited(state, key, value))
