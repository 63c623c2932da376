"""A model goes to the GPU and comes back: its layers, what they share, what is frozen, its files, its training."""

import numpy as np
import pytest
from nets_to_train import TwoLayerNet

from benchmarks.gpu.kernels_in_c import compiler
from ch_sentiment.model import sentiment_net
from common.base_model import BaseModel
from common.files.resume import resume_training, save_training
from common.layers import Embedding
from common.np import to_cpu, to_gpu, what_a_gpu_lacks
from common.optimizer import Adam
from common.time_layers import TimeAffine
from common.trainer import Trainer
from common.training.callbacks import EarlyStopping, WeightAveraging

# Without a C compiler no kernel runs: Adam then moves all rows of an embedding at every step.
CLOSE, LOOSE = (1e-5, 1e-6) if compiler() else (0.1, 0.2)
pytestmark = pytest.mark.usefixtures("cupy")
IDS = [np.array(ids) for ids in ([2, 3, 4], [5], [3, 3, 6, 2], [4, 4])]
T = np.array([0, 1, 1, 0])


def net(**how):
    return sentiment_net(9, 4, 3, rng=0, **how)


def trained(model, callbacks=(), epochs=4):
    trainer = Trainer(model, Adam(lr=0.05, lazy=True), list(callbacks), rng=1)
    trainer.fit(IDS, T, epochs, 2, 1.0, validation=(IDS, T))
    return trainer


def losses(trainer):
    return [row["loss"] for row in trainer.history]


@pytest.mark.parametrize("how", [{}, {"freeze_embedding": True}, {"bidirectional": True, "pool": "attention"}])
def test_every_weight_goes_there_and_back(how):
    moved, stays = net(**how), net(**how)
    moved.to_gpu()
    assert list(moved.weights()) == list(stays.weights())
    assert not any(isinstance(a, np.ndarray) for a in (*moved.weights().values(), *moved.grads))
    assert moved.words.embed.params[0] is moved.weights()["embed.W"]
    np.testing.assert_allclose(moved.predict(IDS), stays.predict(IDS), rtol=0, atol=1e-6)
    moved.to_cpu()
    assert all(np.array_equal(a, b) for a, b in zip(moved.weights().values(), stays.weights().values(), strict=True))
    assert all(isinstance(a, np.ndarray) for a in (*moved.weights().values(), *moved.grads))
    np.testing.assert_array_equal(moved.predict(IDS), stays.predict(IDS))


def test_tied_weights_stay_the_same_memory():
    class Tied(BaseModel):
        def __init__(self):
            super().__init__()
            W = np.ones((4, 3))
            self.collect(embed=Embedding(W), affine=TimeAffine(W.T, np.zeros(4)))

    model = Tied()
    model.to_gpu()
    model.params[0][0] = 5
    assert (model.params[1].get()[:, 0] == 5).all() and model.params[1] is model.layers[1].params[0]


@pytest.mark.parametrize("make", [TwoLayerNet, lambda: net(dropout=0.5)], ids=["by_hand", "sentiment_net"])
def test_a_trainer_takes_its_batches_there(make):
    x, t = (np.random.default_rng(0).standard_normal((6, 2)), np.arange(6) % 3) if make is TwoLayerNet else (IDS, T)
    found = []
    for move in (lambda model: None, lambda model: model.to_gpu()):
        model = make()
        move(model)
        trainer = Trainer(model, Adam(lazy=True), [], rng=1)
        trainer.fit(x, t, 3, 4, 1.0, validation=(x, t), sample_weight=None)
        found.append([(row["loss"], row["accuracy"], row["val_loss"], row["val_accuracy"]) for row in trainer.history])
    np.testing.assert_allclose(found[1], found[0], rtol=CLOSE)


@pytest.mark.parametrize("there", ["gpu to cpu", "cpu to gpu", "gpu to gpu"])
def test_a_training_goes_on_where_it_was_left_on_either(there, tmp_path):
    def begin(device):
        model = net()
        if device == "gpu":
            model.to_gpu()
        return model, [EarlyStopping(5), WeightAveraging(0.9, every=2)]

    straight = trained(*begin("cpu"))
    first, second = there.split(" to ")
    save_training(tmp_path / "last.npz", trained(*begin(first), epochs=2))
    model, callbacks = begin(second)
    again = Trainer(model, Adam(lr=0.05, lazy=True), callbacks, rng=1)
    resume_training(tmp_path / "last.npz", again)
    again.fit(IDS, T, 2, 2, 1.0, validation=(IDS, T))
    np.testing.assert_allclose(losses(again), losses(straight), rtol=CLOSE)
    for a, b in zip(model.params, straight.model.params, strict=True):
        np.testing.assert_allclose(to_cpu(a), b, rtol=1e-4, atol=LOOSE)


def test_a_file_of_weights_is_the_same_from_either(tmp_path):
    model = net()
    model.save_params(tmp_path / "cpu.npz")
    model.to_gpu()
    model.save_params(tmp_path / "gpu.npz")
    assert (tmp_path / "cpu.npz").read_bytes() == (tmp_path / "gpu.npz").read_bytes()
    net().load_params(tmp_path / "gpu.npz")


def test_weights_are_read_into_a_model_that_is_there(tmp_path):
    net(dropout=0.1).save_params(tmp_path / "w.npz")
    model = sentiment_net(9, 4, 3, rng=5)
    model.to_gpu()
    model.load_params(tmp_path / "w.npz")
    assert all(np.array_equal(to_cpu(a), b) for a, b in zip(model.params, net().params))


def test_several_processes_do_not_share_a_gpu():
    model = net()
    model.to_gpu()
    with pytest.raises(ValueError, match="weights in NumPy arrays, got some on a GPU"):
        Trainer(model, Adam(), [], rng=1, processes=2).fit(IDS, T, 1, 2)


def test_what_is_missing_is_said(monkeypatch, cupy):
    assert what_a_gpu_lacks() is None
    module = cupy.module()
    module.cuda.is_available = lambda: False
    monkeypatch.setitem(__import__("sys").modules, "cupy", module)
    assert what_a_gpu_lacks() == "a GPU that CUDA finds, got none"
    monkeypatch.setitem(__import__("sys").modules, "cupy", None)
    assert what_a_gpu_lacks().startswith("CuPy (pip install 'sentifish[gpu]'), got: ")
    with pytest.raises(ImportError):
        to_gpu(np.ones(1))
