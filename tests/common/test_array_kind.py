"""Arrays of another kind pass through the same code: a stand-in for CuPy, which refuses to become a NumPy array."""

import conftest
import numpy as np
import pytest
from conftest import SEQUENCE_LAYERS, normal, prefix_mask, run

from benchmarks.gpu.stand_in import ndarray as Device
from benchmarks.gpu.stand_in import on_device
from common.layers import Affine, Dropout, Embedding, LayerNorm, Sigmoid, SigmoidWithLoss, Softmax, SoftmaxWithLoss
from common.negative_sampling import NegativeSamplingLoss
from common.sampled_softmax import TimeAffineSoftmaxWithLoss, TimeSampledSoftmaxWithLoss
from common.time_layers import Simple_TimeSoftmaxWithLoss, TimeEmbedding, TimeSigmoidWithLoss, TimeSoftmaxWithLoss
from common.type_dropout import DroppedEmbedding, TypeDropout

pytestmark = pytest.mark.usefixtures("cupy")


def same(ours, theirs):
    assert isinstance(ours, Device), f"became {type(ours).__name__}"
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours.a, theirs, rtol=0, atol=1e-12)


def moved(layer):
    """The same layer with its weights on the device."""
    return type(layer)(*(Device(p.copy()) for p in layer.params))


def test_the_stand_in_refuses_what_cupy_refuses():
    x = Device(np.ones(3))
    for mix in (lambda: np.asarray(x), lambda: x + np.ones(3), lambda: np.where(np.ones(3, bool), x, 0)):
        with pytest.raises(TypeError):
            mix()
    with pytest.raises(TypeError):
        np.sum(x, where=Device(np.ones(3, bool)))
    assert isinstance(np.zeros(3, like=x), Device)
    assert isinstance(np.matmul(x, x), Device)


WEIGHTS_OF = conftest.weights_of


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", SEQUENCE_LAYERS)
def test_a_sequence_layer_stays_on_the_device(name, masked, monkeypatch):
    xs, mask = normal(3, 4, 4), prefix_mask([1, 4, 0], 4) if masked else None
    out, dxs, grads = run(SEQUENCE_LAYERS[name](), xs, mask)
    monkeypatch.setattr("conftest.weights_of", lambda *a, **k: on_device(WEIGHTS_OF(*a, **k)))
    monkeypatch.setattr("conftest.normal", lambda *a, **k: on_device(normal(*a, **k)))
    layer = SEQUENCE_LAYERS[name]()
    assert all(isinstance(a, Device) for a in (*layer.params, *layer.grads))
    for _ in range(2):  # the second forward reuses the buffers
        if name == "dropout":
            layer = SEQUENCE_LAYERS[name]()
        device_out = layer.forward(Device(xs), None if mask is None else Device(mask))
        same(device_out, out)
        same(layer.backward(Device(normal(*out.shape, seed=9))), dxs)
        for ours, theirs in zip(layer.grads, grads, strict=True):
            same(ours, theirs)


@pytest.mark.parametrize("Layer, masked", [(Embedding, False), (TimeEmbedding, False), (TimeEmbedding, True)])
def test_an_embedding_stays_on_the_device(Layer, masked):
    ids, mask = np.array([[1, 4, 4], [0, 1, 2]]), prefix_mask([2, 3], 3)
    plain, layer = Layer(normal(5, 2)), Layer(Device(normal(5, 2)))
    plain_args, args = ((ids, mask), (Device(ids), Device(mask))) if masked else ((ids,), (Device(ids),))
    same(layer.forward(*args), plain.forward(*plain_args))
    plain.backward(normal(2, 3, 2))
    layer.backward(Device(normal(2, 3, 2)))
    same(layer.grads[0], np.asarray(plain.grads[0]))


@pytest.mark.parametrize(
    "layer",
    [Affine(normal(3, 2), normal(2)), LayerNorm(normal(3), normal(3)), Sigmoid(), Softmax()],
    ids=lambda layer: type(layer).__name__,
)
def test_a_plain_layer_stays_on_the_device(layer):
    device_layer, x = moved(layer), normal(4, 3)
    out = layer.forward(x)
    same(device_layer.forward(Device(x)), out)
    same(device_layer.backward(Device(normal(*out.shape))), layer.backward(normal(*out.shape)))
    for ours, theirs in zip(device_layer.grads, layer.grads, strict=True):
        same(ours, theirs)


def test_dropout_stays_on_the_device():
    layer = Dropout(0.5, rng=0)
    same(layer.forward(Device(np.ones((4, 3)))), Dropout(0.5, rng=0).forward(np.ones((4, 3))))
    assert isinstance(layer.backward(Device(np.ones((4, 3)))), Device)
    layer, plain, ids, xs = TypeDropout(0.5, rng=0), TypeDropout(0.5, rng=0), np.arange(4), normal(4, 3)
    same(layer.forward(Device(xs), Device(ids)), plain.forward(xs, ids))
    same(layer.backward(Device(xs)), plain.backward(xs))
    W, ids, mask = normal(5, 3), np.array([[1, 4, 4], [0, 1, 2]]), prefix_mask([2, 3], 3)
    plain, layer = (DroppedEmbedding(TimeEmbedding(W), TypeDropout(0.5, 0)) for W in (W, Device(W.copy())))
    same(layer.forward(Device(ids), Device(mask)), plain.forward(ids, mask))
    plain.backward(normal(2, 3, 3))
    layer.backward(Device(normal(2, 3, 3)))
    same(layer.embed.grads[0], np.asarray(plain.embed.grads[0]))


MASK = prefix_mask([1, 3], 3)
LOSSES = {
    "softmax": (SoftmaxWithLoss, (normal(4, 3), np.array([0, 2, 1, 2]))),
    "softmax_one_hot": (SoftmaxWithLoss, (normal(4, 3), np.eye(3)[[0, 2, 1, 2]])),
    "sigmoid": (SigmoidWithLoss, (normal(4, 1), np.array([0, 1, 1, 0]))),
    "time_softmax": (TimeSoftmaxWithLoss, (normal(2, 3, 4), np.array([[0, 2, -1], [1, 3, 0]]))),
    "time_softmax_masked": (TimeSoftmaxWithLoss, (normal(2, 3, 4), np.array([[0, 9, 9], [1, 3, -1]]), MASK)),
    "simple_time_softmax_masked": (
        Simple_TimeSoftmaxWithLoss,
        (normal(2, 3, 4), np.array([[0, 9, 9], [1, 3, -1]]), MASK),
    ),
    "time_sigmoid": (TimeSigmoidWithLoss, (normal(2, 3), np.array([[0, 1, 1], [1, 0, 0]]))),
    "time_sigmoid_masked": (TimeSigmoidWithLoss, (normal(2, 3), np.array([[0, 9, 1], [1, 0, 0]]), MASK)),
}


@pytest.mark.parametrize(("Loss", "arguments"), LOSSES.values(), ids=LOSSES)
def test_a_loss_stays_on_the_device(Loss, arguments):
    plain, loss = Loss(), Loss()
    assert loss.forward(*map(Device, arguments)) == pytest.approx(plain.forward(*arguments), abs=1e-12)
    same(loss.backward(), plain.backward())


@pytest.mark.parametrize("how", [{}, {"num_sampled": 3, "rng": 0}], ids=["full", "sampled"])
def test_a_loss_that_holds_the_output_weights_stays_on_the_device(how):
    Loss, W, b = TimeSampledSoftmaxWithLoss if how else TimeAffineSoftmaxWithLoss, normal(7, 4), normal(7, seed=1)
    plain, loss = Loss(W, b, **how), Loss(Device(W), Device(b), **how)
    arguments = normal(2, 3, 4), np.array([[1, 9, 9], [4, 5, -1]]), MASK, np.array([1, 0.5])
    for _ in range(2):  # the second gradient is written over the first
        assert loss.forward(*map(Device, arguments)) == pytest.approx(plain.forward(*arguments), abs=1e-12)
        same(loss.backward(), plain.backward())
        for ours, theirs in zip(loss.grads, plain.grads, strict=True):
            same(ours, np.asarray(theirs))


def test_negative_sampling_stays_on_the_device():
    W, h, target, weight = normal(5, 3), normal(4, 3, seed=1), np.array([0, 2, 2, 4]), np.array([1.0, 0, 2, 1])
    plain, loss = (NegativeSamplingLoss(a, np.arange(5), rng=0) for a in (W, Device(W)))
    found = loss.forward(*map(Device, (h, target, weight)))
    assert found == pytest.approx(plain.forward(h, target, weight), abs=1e-12)
    same(loss.backward(), plain.backward())
    same(loss.grads[0], np.asarray(plain.grads[0]))
