"""A number of any kind, NumPy's or Python's, trains, is saved and resumed alike; what is none is refused in words."""

import json

import numpy as np
import pytest
from nets_to_train import points

from ch_sentiment.experiment.options import OPTIMIZERS, Config
from ch_sentiment.experiment.run import fit as fit_texts
from ch_sentiment.model import sentiment_net
from common.arrays.checks import as_number, as_rng, plain_number
from common.arrays.initializers import xavier
from common.files.checkpoint import load_checkpoint
from common.files.resume import Checkpoint, resume_training, save_training
from common.layers import Affine, Dropout, LayerNorm, SoftmaxWithLoss
from common.optimizer import SGD, Adam, AdamW, Momentum, clip_elements, clip_grads
from common.sequential import Sequential
from common.time_layers import TimeLSTM
from common.trainer import Trainer
from common.training.adversarial import AdversarialTraining
from common.training.callbacks import Callback, EarlyStopping, LearningRate, Progress
from common.training.lr_range import RangeTest
from common.training.schedules import steps, warm_up
from dataset.errors import DataError

X, T = points()
X = X.astype(np.float32)
FLOATS = [np.float32, np.float64, np.float16, np.array, lambda value: np.array(value, np.float32)]
WHOLES = [np.int64, np.int8, np.uint16, np.array]


def net():
    rng = np.random.default_rng(0)
    return Sequential(Affine(xavier(2, 3, rng), np.zeros(3, np.float32)), loss=SoftmaxWithLoss())


def bits(trainer):
    return [p.tobytes() for p in trainer.model.params]


# ---- they become Python's


@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rate_of_any_kind_gives_the_bits_of_a_python_number_and_is_saved_and_resumed(name, kind, tmp_path):
    path, rate = tmp_path / "a.npz", kind(0.125)
    first = Trainer(net(), OPTIMIZERS[name](lr=rate), [Checkpoint(path)], 0)
    plain = Trainer(net(), OPTIMIZERS[name](lr=0.125), [], 0)
    for trainer in (first, plain):
        trainer.fit(X, T, 2, 5)
    assert bits(first) == bits(plain) and type(first.optimizer.lr) is float
    other = Trainer(net(), OPTIMIZERS[name](lr=kind(0.5)), [Checkpoint(path)], 1)
    resume_training(path, other)
    assert other.optimizer.lr == 0.125
    for trainer in (other, plain):
        trainer.fit(X, T, 1, 5)
    assert bits(other) == bits(plain)


@pytest.mark.parametrize("kind", FLOATS)
def test_a_number_that_is_set_later_or_comes_from_a_schedule_becomes_one_too(kind, tmp_path):
    optimizer = AdamW(kind(0.5), kind(0.5), kind(0.75), kind(0.125), kind(0.25))
    assert all(type(value) in (int, float) for value in vars(optimizer).values() if value is not None)
    optimizer.lr = kind(0.25)
    assert type(optimizer.lr) is float
    callbacks = [LearningRate(lambda progress: kind(0.5)), Checkpoint(tmp_path / "a.npz", kind(1.0))]
    rows = Trainer(net(), optimizer, callbacks).fit(X, T, 1, 5, kind(1.0), max_element=kind(0.5))
    assert rows[0]["lr"] == 0.125 and json.loads(json.dumps(rows)) == rows


@pytest.mark.parametrize("kind", WHOLES)
def test_counts_and_seeds_of_any_kind_train_alike(kind, tmp_path):
    def trained(kind, path):
        callbacks = [EarlyStopping(kind(2)), Checkpoint(path)]
        trainer = Trainer(net(), Adam(kind(1)), callbacks, kind(3))
        trainer.fit(X, T, kind(2), kind(5), kind(7), kind(4), validation=(X, kind(1) * T), sample_weight=kind(1) * T)
        return trainer

    found, wanted = trained(kind, tmp_path / "a.npz"), trained(int, tmp_path / "b.npz")
    assert bits(found) == bits(wanted)
    assert type(found.max_epoch) is type(found.eval_interval) is type(found.callbacks[0].patience) is int
    metas = [load_checkpoint(tmp_path / name)[1] for name in ("a.npz", "b.npz")]
    for meta in metas:
        for row in meta["history"]:
            del row["seconds"], row["tokens_per_s"]
    assert metas[0] == metas[1]


def test_an_optimizer_of_ones_own_with_numbers_of_numpy_is_saved_and_resumed(tmp_path):
    class Own:
        def __init__(self, lr):
            self.lr, self.decay, self.iter, self.state = np.float32(lr), np.array(0.5), np.int64(0), {}

        def update(self, params, grads):
            self.iter += 1
            for p, g in zip(params, grads):
                p -= self.lr * self.decay**self.iter * g

    path = tmp_path / "a.npz"
    Trainer(net(), Own(0.25), [Checkpoint(path)], 0).fit(X, T, 2, 5)
    other = Trainer(net(), Own(0.5), [], 0)
    resume_training(path, other)
    assert (other.optimizer.lr, other.optimizer.iter, other.optimizer.decay) == (0.25, 10, 0.5)


def test_what_a_callback_puts_into_the_history_or_its_state_is_saved(tmp_path):
    class Own(Callback):
        def on_epoch_end(self, trainer):
            trainer.history[-1] |= {"a": np.float32(0.5), "b": np.arange(2), "c": [np.int64(1)], "d": np.True_}

        def state(self):
            return {"best": np.float32(0.5), "all": (np.int8(1), {"x": np.float64(2)})}, []

    trainer = Trainer(net(), SGD(), [Own()])
    trainer.fit(X, T, 1)
    save_training(tmp_path / "a.npz", trainer, {"about": np.int64(3)})
    meta = load_checkpoint(tmp_path / "a.npz")[1]
    row = meta["history"][0]
    assert [row[name] for name in "abcd"] == [0.5, [0, 1], [1], True] and meta["about"] == {"about": 3}
    assert meta["callbacks"][0]["memory"] == {"best": 0.5, "all": [1, {"x": 2.0}]}


def test_sizes_and_shares_of_a_net_are_json_and_the_numbers_are_those_of_python():
    sizes = np.array([9, 3, 4, 2])
    how = {"num_layers": np.int8(2), "num_classes": np.uint8(3), "dropout": np.float32(0.5), "bidirectional": np.True_}
    found = sentiment_net(*sizes[:3], rng=np.int64(3), **how)
    plain = {name: value.item() for name, value in how.items()}
    wanted = sentiment_net(9, 3, 4, rng=3, **plain)
    assert json.loads(json.dumps(found.config)) == wanted.config
    assert [p.tobytes() for p in found.params] == [p.tobytes() for p in wanted.params]
    assert type(Dropout(np.float64(0.5)).dropout_ratio) is float and type(LayerNorm(*np.ones((2, 3))).eps) is float


def test_options_of_fit_and_of_a_configuration_are_python_numbers(tmp_path):
    how = {"hidden": np.int64(4), "wordvec": np.array(4), "epochs": np.int8(1), "lr": np.float32(0.01)}
    model = fit_texts(["a good film", "a bad film"] * 10, ["praise", "blame"] * 10, **how, seed=np.int64(1))
    model.save(tmp_path / "model.npz")
    assert json.loads(json.dumps(Config.of(**how).by_name()))["hidden"] == 4
    with pytest.raises(DataError, match=r"lr: expected a float, got '0\.01'"):
        fit_texts(["a", "b"], ["x", "y"], lr="0.01")


# ---- what is none


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adam("0.01"), "Adam: expected a number for lr >= 0, got the str '0.01'"),
        (lambda: Adam(net().params, 0.01), r"Adam: expected .* lr >= 0, got list of 2 \(params are given to update"),
        (lambda: Adam(None), "Adam: expected a number for lr >= 0, got None"),
        (lambda: Adam(True), "Adam: expected a number for lr >= 0, got True"),
        (lambda: SGD(np.True_), "SGD: expected a number for lr >= 0, got True"),
        (lambda: SGD(np.nan), "SGD: expected lr >= 0, got nan"),
        (lambda: SGD(np.float32("inf")), "SGD: expected lr >= 0, got inf"),
        (lambda: SGD(-1), "SGD: expected lr >= 0, got -1"),
        (lambda: SGD(np.array([0.1])), r"SGD: expected a number for lr >= 0, got float64 of shape \(1,\)"),
        (lambda: SGD(1j), "SGD: expected a number for lr >= 0, got 1j"),
        (lambda: Adam(0.1, 1.0), "Adam: expected 0 <= beta1 < 1, got 1.0"),
        (lambda: Adam(0.1, eps="tiny"), "Adam: expected a number for eps >= 0, got the str 'tiny'"),
        (lambda: AdamW(weight_decay=-0.1), "AdamW: expected weight_decay >= 0, got -0.1"),
        (lambda: Momentum(0.1, "0.9"), "Momentum: expected a number for 0 <= momentum < 1"),
        (lambda: setattr(SGD(), "lr", "0.1"), "SGD: expected a number for lr >= 0, got the str '0.1'"),
        (lambda: EarlyStopping("3"), "EarlyStopping: expected a whole number for patience >= 0, got the str '3'"),
        (lambda: EarlyStopping(2.5), "EarlyStopping: expected a whole number for patience >= 0, got 2.5"),
        (lambda: EarlyStopping("val_loss"), r"patience >= 0, got the str 'val_loss' \(None: never stops early\)"),
        (lambda: Checkpoint("a.npz", "10"), "Checkpoint: expected a number for minutes >= 0, got the str '10'"),
        (lambda: Checkpoint(10), "Checkpoint: expected the path of a file, got 10"),
        (lambda: Progress(np.nan), "Progress: expected interval >= 0, got nan"),
        (lambda: RangeTest("a", 1, 5), "RangeTest: expected a number for low > 0, got the str 'a'"),
        (lambda: RangeTest(0.1, 1, 5.5), "RangeTest: expected a whole number for count, got 5.5"),
        (lambda: AdversarialTraining(net(), 0), "AdversarialTraining: expected epsilon > 0, got 0"),
        (lambda: AdversarialTraining(net(), "1"), "AdversarialTraining: expected a number for epsilon > 0"),
        (lambda: LearningRate("cosine"), "LearningRate: expected a function of progress.* got the str 'cosine'"),
        (lambda: steps("3"), "steps: expected a whole number for count >= 0, got the str '3'"),
        (lambda: warm_up(2.0), "warm_up: expected 0 <= share < 1, got 2.0"),
        (lambda: Dropout("0.5"), "Dropout: expected a number for 0 <= dropout_ratio < 1, got the str '0.5'"),
        (lambda: Dropout(0.5, rng="0"), "Dropout: expected a seed .* as rng, got the str '0'"),
        (lambda: sentiment_net(9, 3.0, 4), "SentimentNet: expected a whole number for wordvec_size >= 1, got 3.0"),
        (lambda: sentiment_net(9, 3, True), "SentimentNet: expected a whole number for hidden_size >= 1, got True"),
        (lambda: TimeLSTM.init_params(3, "4"), "LSTM: expected a whole number for hidden_size >= 1, got the str '4'"),
        (lambda: xavier(3.0, 4), "xavier: expected a whole number for n_in and n_out >= 1, got 3.0"),
        (lambda: clip_grads([], "5"), "clip_grads: expected a number for max_norm > 0, got the str '5'"),
        (lambda: clip_elements([], np.nan), "clip_elements: expected limit > 0, got nan"),
        (lambda: as_rng("X", -1), r"X: expected a seed \(a whole number >= 0\), .* as rng, got -1"),
        (lambda: as_rng("X", 1.5), "X: expected a seed .* as rng, got 1.5"),
    ],
)
def test_it_is_a_value_error_that_names_owner_argument_and_what_came(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"max_epoch": 2.0}, "a whole number for max_epoch >= 0, got 2.0"),
        ({"batch_size": "8"}, "a whole number for batch_size >= 1, got the str '8'"),
        ({"batch_size": None}, "a whole number for batch_size >= 1, got None"),
        ({"batch_size": True}, "a whole number for batch_size >= 1, got True"),
        ({"max_grad": "5"}, "a number for max_grad > 0, got the str '5'"),
        ({"max_grad": 0}, "max_grad > 0, got 0"),
        ({"max_element": np.nan}, "max_element > 0, got nan"),
        ({"eval_interval": 0.5}, "a whole number for eval_interval >= 0, got 0.5"),
    ],
)
def test_numbers_of_fit_are_looked_at_before_the_first_step(how, message):
    trainer = Trainer(net(), SGD(), [])
    with pytest.raises(ValueError, match=f"Trainer.fit: expected {message}"):
        trainer.fit(X, T, **how)
    assert trainer.step == 0


@pytest.mark.parametrize("factor", [np.nan, None, "0.5", -1, np.ones(2)])
def test_a_schedule_that_gives_no_factor_is_named_and_the_rate_is_put_back(factor):
    trainer = Trainer(net(), SGD(0.5), [LearningRate(lambda progress: factor)])
    with pytest.raises(ValueError, match=r"LearningRate: expected .*schedule\(0\) >= 0, got"):
        trainer.fit(X, T, 1)
    assert trainer.optimizer.lr == 0.5


def test_infinity_is_a_number_where_it_means_never():
    trainer = Trainer(net(), SGD(), [])
    assert trainer.fit(X, T, 1, max_grad=np.inf, max_element=np.float32("inf"))
    assert Progress(np.inf).interval == np.inf


def test_other_values_stay_what_they_are():
    values = ["text", None, [1], np.ones(3), object]
    assert all(plain_number(value) is value for value in values)
    assert as_number("X", "n", 1) == 1 and type(as_number("X", "n", np.int8(1))) is int
    first, second = as_rng("X", np.array(5)), as_rng("X", 5)
    assert first.random() == second.random() and as_rng("X", first) is first
