"""Our numbers are PyTorch's: every output and every gradient, in float64, to nine digits.

PyTorch's side is frozen in fixtures/reference.npz; fixtures/make_reference.py says how each number was made.
"""

from pathlib import Path

import numpy as np
import pytest

from common.attention import MultiHeadAttention
from common.layers import Embedding, LayerNorm, SigmoidWithLoss, SoftmaxWithLoss
from common.optimizer import SGD, AdaDelta, AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSprop, clip_grads
from common.time_layers import (
    GRU,
    LSTM,
    RNN,
    GRUResetAfter,
    TimeBidirectional,
    TimeEmbedding,
    TimeGRU,
    TimeGRUResetAfter,
    TimeLSTM,
    TimeRNN,
)
from common.transformer import Gelu, Relu, TransformerBlock

FILE = Path(__file__).parents[1] / "fixtures" / "reference.npz"
with np.load(FILE, allow_pickle=False) as archive:
    REFERENCE = dict(archive)

# cell: (whole-sequence layer, one-step layer)
CELLS = {
    "rnn": (TimeRNN, RNN),
    "lstm": (TimeLSTM, LSTM),
    "gru_before": (TimeGRU, GRU),
    "gru_after": (TimeGRUResetAfter, GRUResetAfter),
    "gru_after_two_biases": (TimeGRUResetAfter, GRUResetAfter),
}
CASES = ("zero_state", "initial_state", "lengths", "lengths_and_initial_state")

every_cell = pytest.mark.parametrize("cell", CELLS)
every_case = pytest.mark.parametrize("case", CASES)


def frozen(folder, *names):
    """Fresh copies, so that no test can spoil another's numbers."""
    return [REFERENCE[f"{folder}/{name}"].copy() for name in names]


def assert_same(ours, folder, name):
    theirs = REFERENCE[f"{folder}/{name}"]
    assert np.shape(ours) == theirs.shape, f"{folder}/{name}"
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=f"{folder}/{name}")


def mask_of(lengths, T):
    return np.arange(T) < lengths[:, None]  # (N, T)


def initial_states(cell, case):
    h0, c0 = frozen("inputs", "h0", "c0")
    if "initial_state" not in case:
        h0, c0 = np.zeros_like(h0), np.zeros_like(c0)
    return [h0, c0] if cell == "lstm" else [h0]


# --- sequences ---------------------------------------------------------------------------------------------


def test_the_fixture_is_small():
    assert FILE.stat().st_size < 200_000


@every_case
@every_cell
def test_a_time_layer_gives_the_outputs_and_gradients_of_pytorch(cell, case):
    TimeLayer, _ = CELLS[cell]
    xs, dhs, lengths = frozen("inputs", "xs", "dhs", "lengths")
    layer = TimeLayer(*frozen(cell, "Wx", "Wh", "b"), stateful="initial_state" in case)
    if "initial_state" in case:
        layer.set_state(*initial_states(cell, case))
    mask = mask_of(lengths, xs.shape[1]) if "lengths" in case else None

    hs = layer.forward(xs, mask)
    dxs = layer.backward(dhs)

    folder = f"{cell}/{case}"
    assert_same(hs, folder, "hs")
    assert_same(dxs, folder, "dxs")
    for name, grad in zip(("dWx", "dWh", "db"), layer.grads, strict=True):
        assert_same(grad, folder, name)
    assert_same(layer.dh, folder, "dh0")
    if cell == "lstm":
        assert_same(layer.c, folder, "c")
        assert_same(layer.dc, folder, "dc0")


@every_case
@every_cell
def test_a_one_step_layer_stepped_by_hand_gives_the_outputs_and_gradients_of_pytorch(cell, case):
    _, Step = CELLS[cell]
    xs, dhs, lengths = frozen("inputs", "xs", "dhs", "lengths")
    N, T, _ = xs.shape
    weights = frozen(cell, "Wx", "Wh", "b")
    steps = [Step(*weights) for _ in range(T)]
    mask = mask_of(lengths if "lengths" in case else np.full(N, T), T)[:, :, None]  # (N, T, 1)
    states, hs, dxs = initial_states(cell, case), np.empty_like(dhs), np.empty_like(xs)

    for t, step in enumerate(steps):
        stepped = step.forward(xs[:, t], *states)
        stepped = stepped if cell == "lstm" else [stepped]
        states = [np.where(mask[:, t], new, old) for new, old in zip(stepped, states, strict=True)]
        hs[:, t] = states[0]

    dstates = [np.zeros_like(state) for state in states]
    for t in reversed(range(T)):
        dstates[0] = dstates[0] + dhs[:, t]
        dxs[:, t], *through = steps[t].backward(*(np.where(mask[:, t], d, 0) for d in dstates))
        dstates = [d_step + np.where(mask[:, t], 0, d) for d_step, d in zip(through, dstates, strict=True)]

    folder = f"{cell}/{case}"
    assert_same(hs, folder, "hs")
    assert_same(dxs, folder, "dxs")
    for i, name in enumerate(("dWx", "dWh", "db")):
        assert_same(sum(np.asarray(step.grads[i]) for step in steps), folder, name)
    for dstate, name in zip(dstates, ("dh0", "dc0")):
        assert_same(dstate, folder, name)
    if cell == "lstm":
        assert_same(states[1], folder, "c")


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru_after"])
def test_bidirectional_layers_give_the_outputs_and_gradients_of_pytorch(cell, num_layers):
    TimeLayer, _ = CELLS[cell]
    hs, dout, lengths = frozen("bidirectional", "xs", "dhs", "lengths")
    mask = mask_of(lengths, hs.shape[1])
    directions = ("forward", "backward")
    layers = []
    for i in range(num_layers):
        weights = [frozen(f"bidirectional/{cell}/l{i}/{direction}", "Wx", "Wh", "b") for direction in directions]
        layers.append(TimeBidirectional(*(TimeLayer(*w) for w in weights)))

    for layer in layers:
        hs = layer.forward(hs, mask)
    for layer in reversed(layers):
        dout = layer.backward(dout)

    folder = f"bidirectional/{cell}/{num_layers}_layers"
    assert_same(hs, folder, "hs")
    assert_same(dout, folder, "dxs")
    for i, layer in enumerate(layers):
        names = [f"l{i}/{direction}/{name}" for direction in directions for name in ("dWx", "dWh", "db")]
        for name, grad in zip(names, layer.grads, strict=True):
            assert_same(grad, folder, name)


# --- losses and small layers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "Loss"), [("softmax_with_loss", SoftmaxWithLoss), ("sigmoid_with_loss", SigmoidWithLoss)]
)
def test_a_loss_is_that_of_pytorch_even_for_logits_of_a_thousand(folder, Loss):
    loss = Loss()
    assert_same(loss.forward(*frozen(folder, "x", "t")), folder, "loss")
    assert_same(loss.backward(), folder, "dx")


def test_softmax_with_loss_takes_one_hot_labels_for_the_same_numbers():
    x, t = frozen("softmax_with_loss", "x", "t")
    loss = SoftmaxWithLoss()
    assert_same(loss.forward(x, np.eye(x.shape[1])[t]), "softmax_with_loss", "loss")
    assert_same(loss.backward(), "softmax_with_loss", "dx")


def test_layer_norm_gives_the_output_and_gradients_of_pytorch():
    x, gamma, beta, dout = frozen("layer_norm", "x", "gamma", "beta", "dout")
    layer = LayerNorm(gamma, beta, eps=1e-5)
    assert_same(layer.forward(x), "layer_norm", "out")
    assert_same(layer.backward(dout), "layer_norm", "dx")
    for name, grad in zip(("dgamma", "dbeta"), layer.grads, strict=True):
        assert_same(grad, "layer_norm", name)


@pytest.mark.parametrize("Layer", [Embedding, TimeEmbedding])
def test_an_embedding_adds_the_gradients_of_repeated_ids_as_pytorch_does(Layer):
    W, ids, dout = frozen("embedding", "W", "ids", "dout")
    layer = Layer(W)
    assert_same(layer.forward(ids), "embedding", "out")
    layer.backward(dout)
    assert_same(np.asarray(layer.grads[0]), "embedding", "dW")


# --- attention ---------------------------------------------------------------------------------------------


def fill(layer, folder):
    """The parameters of a layer become those of the reference, which stand there one after the other."""
    (values,) = frozen(folder, "params")
    ends = np.cumsum([p.size for p in layer.params])
    assert len(values) == ends[-1]
    for p, part in zip(layer.params, np.split(values, ends)):
        p[...] = part.reshape(p.shape)
    return layer


def assert_same_gradients(layer, folder):
    assert_same(np.concatenate([g.ravel() for g in layer.grads]), folder, "dparams")


@pytest.mark.parametrize("case", ["all", "lengths", "causal", "memory"])
def test_heads_give_the_outputs_weights_and_gradients_of_pytorch(case):
    xs, dout, lengths, memory = frozen("attention", "xs", "dout", "lengths", "memory")
    D, M = xs.shape[2], (memory if case == "memory" else xs).shape[2]
    weights = (np.empty(shape) for width in (D, M, M, D) for shape in ((width, D), (D,)))
    layer, folder = fill(MultiHeadAttention(*weights, num_heads=2), f"attention/{case}"), f"attention/{case}"
    mask = mask_of(lengths, xs.shape[1])
    how = {
        "all": {},
        "lengths": {"mask": mask},
        "causal": {"causal": True},
        "memory": {"memory": memory, "memory_mask": mask_of(lengths, memory.shape[1])},
    }[case]
    assert_same(layer.forward(xs, **how), folder, "out")
    real = mask[:, None, :, None] if case == "lengths" else True  # what padding reads is nothing for us
    theirs = np.where(real, REFERENCE[f"{folder}/weight"], 0)
    np.testing.assert_allclose(layer.attention_weight, theirs, rtol=1e-9, atol=1e-12)
    dxs = layer.backward(dout)
    for name, ours in zip(("dxs", "dmemory"), dxs if case == "memory" else [dxs]):
        assert_same(ours, folder, name)
    assert_same_gradients(layer, folder)


@pytest.mark.parametrize(("name", "activation"), [("relu", Relu), ("gelu", Gelu)])
def test_a_transformer_block_gives_the_outputs_and_gradients_of_pytorch(name, activation):
    xs, dout, lengths = frozen("transformer", "xs", "dout", "lengths")
    mask, folder = mask_of(lengths, xs.shape[1]), f"transformer/{name}"
    layer = fill(TransformerBlock(xs.shape[2], 2, 5, activation=activation, dtype=np.float64), folder)
    real = mask[:, :, None]
    assert_same(np.where(real, layer.forward(xs, mask=mask), 0), folder, "out")
    assert_same(layer.backward(np.where(real, dout, 0)), folder, "dxs")
    assert_same_gradients(layer, folder)


# --- optimizers --------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "sgd": (SGD, {"lr": 0.1}),
    "momentum": (Momentum, {"lr": 0.1, "momentum": 0.9}),
    "nesterov": (Nesterov, {"lr": 0.1, "momentum": 0.9}),
    "adagrad": (AdaGrad, {"lr": 0.1, "eps": 1e-7}),
    "adadelta": (AdaDelta, {"lr": 1.0, "rho": 0.95, "eps": 1e-6}),
    "rmsprop": (RMSprop, {"lr": 0.01, "decay_rate": 0.99, "eps": 1e-8}),
    "adam": (Adam, {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}),
    "adamw": (AdamW, {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_takes_the_steps_of_pytorch(name):
    Optimizer, options = OPTIMIZERS[name]
    optimizer = Optimizer(**options)
    params, grads = frozen("optimizer/start", "W", "b"), frozen("optimizer/grads", "W", "b")
    expected = frozen(f"optimizer/{name}", "W", "b")
    for step in range(len(grads[0])):
        optimizer.update(params, [grad[step] for grad in grads])
        for ours, theirs in zip(params, expected, strict=True):
            np.testing.assert_allclose(ours, theirs[step], rtol=1e-9, err_msg=f"step {step}")


@pytest.mark.parametrize("case", ["above", "below"])
def test_clip_grads_scales_in_place_as_pytorch_does_and_returns_the_norm(case):
    grads = frozen(f"clip/{case}/before", "0", "1", "2")
    norm = clip_grads(grads, 1.0)
    assert_same(norm, f"clip/{case}", "norm")
    for i, grad in enumerate(grads):
        assert_same(grad, f"clip/{case}/after", str(i))
