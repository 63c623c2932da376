"""Adam on an embedding's rows: a row that is touched again is where the steps it missed would have brought it."""

import numpy as np
import pytest

from common.arrays.row_grad import RowGrad
from common.base_model import BaseModel
from common.files.checkpoint import CheckpointError
from common.files.resume import Checkpoint, resume_training
from common.layers import Affine, SoftmaxWithLoss
from common.optimizer import Adam, AdamW
from common.time_layers import TimeEmbedding, TimeLSTM, TimeSoftmaxWithLoss
from common.trainer import Trainer

V, D, STEPS = 30, 4, 400
KINDS = [lambda **how: Adam(0.01, **how), lambda **how: AdamW(0.01, weight_decay=0.05, **how)]
both = pytest.mark.parametrize("make", KINDS, ids=["Adam", "AdamW"])


def gradients(seed=0):
    """For each step: ids of the touched rows, of which word i is one in i + 1 steps on average, and their gradients."""
    rng = np.random.default_rng(seed)
    direction = rng.standard_normal((V, D))
    for _ in range(STEPS):
        rows = np.flatnonzero(rng.random(V) < 1 / np.arange(1, V + 1))
        yield rows, direction[rows] + 0.5 * rng.standard_normal((len(rows), D))


def trained(optimizer, dense, dtype=np.float64):
    """-> W after all steps, and at its last step the rows that this touches."""
    W = np.zeros((V, D), dtype)
    grad = np.zeros_like(W) if dense else RowGrad.zeros_like(W)
    for rows, values in gradients():
        if dense:
            grad[...] = 0
            grad[rows] = values
        else:
            grad.write(rows, values)
        optimizer.update([W], [grad])
    return W, rows


@both
def test_rows_move_as_if_every_step_had_moved_them(make):
    wanted, rows = trained(make(), dense=True)
    found, _ = trained(make(), dense=False)
    lazy, _ = trained(make(lazy=True), dense=False)
    assert len(rows) > 3
    np.testing.assert_allclose(found[rows], wanted[rows], rtol=0.02)
    error, error_of_lazy = (np.abs(W - wanted)[5:].mean() for W in (found, lazy))  # of words that come now and then
    assert error < 0.2 * error_of_lazy


@both
def test_after_one_missed_step_the_row_is_exactly_where_that_step_would_have_brought_it(make):
    W, dense_W = np.ones((2, 1, 3))
    optimizer, dense = make(eps=0.0), make(eps=0.0)
    grad = RowGrad.zeros_like(W)
    for step, g in enumerate([0.5, 0.0, -2.0, 0.0, 1.0]):
        grad.write(*((np.array([0]), np.full((1, 3), g)) if g else (np.zeros(0, int), np.zeros((0, 3)))))
        optimizer.update([W], [grad])
        dense.update([dense_W], [np.full((1, 3), g)])
        if step % 2 == 0:
            np.testing.assert_allclose(W, dense_W, rtol=1e-12)


@both
def test_rows_touched_at_every_step_are_those_of_the_dense_form_bit_by_bit(make):
    W, dense_W = np.ones((2, V, D), np.float32)
    optimizer, dense, rng = make(), make(), np.random.default_rng(0)
    grad = RowGrad.zeros_like(W)
    for _ in range(5):
        values = rng.standard_normal((V, D)).astype("f")
        grad.write(np.arange(V), values)
        optimizer.update([W], [grad])
        dense.update([dense_W], [values])
    assert np.array_equal(W, dense_W)


@pytest.mark.parametrize("betas", [(0.0, 0.999), (0.9, 0.0), (0.999, 0.9), (0.9, 0.81), (0.0, 0.0)])
@pytest.mark.parametrize("eps", [0.0, 1e-8])
def test_no_betas_and_no_gap_make_a_number_that_is_not_finite(betas, eps):
    W = np.ones((3, 2), np.float32)
    optimizer, grad = Adam(0.01, *betas, eps), RowGrad.zeros_like(W)
    for step, row in [(1, 0), (2, 1), (100_000, 0), (10**9, 2), (10**9 + 2, 1)]:
        optimizer.iter = step - 1
        grad.write(np.array([row]), np.ones((1, 2), np.float32))
        optimizer.update([W], [grad])
        assert np.isfinite(W).all() and np.abs(W - 1).max() < 5


def test_a_gradient_that_becomes_dense_leaves_nothing_to_catch_up_on():
    W, dense_W = np.ones((2, 4, 2))
    optimizer, dense, grad = Adam(0.1), Adam(0.1), RowGrad.zeros_like(W)
    for step in range(6):
        values = np.full((4, 2), 1.0 + step)
        if step % 2:
            grad[...] = values
        else:
            grad.write(np.arange(4), values)
        optimizer.update([W], [grad])
        dense.update([dense_W], [values])
    np.testing.assert_allclose(W, dense_W, rtol=1e-12)
    assert optimizer.state["last"][0].tolist() == [6] * 4


@both
@pytest.mark.parametrize("written", [True, False], ids=["into the RowGrad", "another array"])
def test_before_a_dense_step_and_after_it_rows_are_where_every_step_would_have_brought_them(make, written):
    """As of a row whose gradient is now and then written by other code, or summed with a dense one."""
    W, dense_W = np.ones((2, 6, 2))
    optimizer, dense, grad, rng = make(), make(), RowGrad.zeros_like(W), np.random.default_rng(0)
    for step in range(60):
        values = rng.standard_normal((6, 2)) + 0.5
        if step % 4 == 3:
            if written:
                grad[...] = values
            optimizer.update([W], [grad if written else values])
        else:
            rows = np.array([step % 3, 3 + step % 3])
            grad.write(rows, values[rows])
            values = np.asarray(grad).copy()
            optimizer.update([W], [grad])
        dense.update([dense_W], [values])
    assert step % 4 == 3  # the last step was dense: no row is behind
    np.testing.assert_allclose(W, dense_W, atol=0.01 * np.abs(dense_W - 1).mean())


def test_layers_without_rows_have_no_more_state_than_the_formula():
    optimizer = Adam()
    optimizer.update([np.ones(3)], [np.ones(3)])
    assert list(optimizer.state) == ["m", "v"] and not hasattr(optimizer, "last")


class Tagger(BaseModel):
    def __init__(self):
        super().__init__()
        normal = np.random.default_rng(0).standard_normal
        self.parts = [TimeEmbedding(normal((V, D))), TimeLSTM(normal((D, 12)), normal((3, 12)), normal(12))]
        self.loss_layer = TimeSoftmaxWithLoss()
        self.collect(embed=self.parts[0], lstm=self.parts[1])

    def forward(self, xs, ts):
        for layer in self.parts:
            xs = layer.forward(xs)
        return self.loss_layer.forward(xs, ts)

    def backward(self):
        dout = self.loss_layer.backward()
        for layer in reversed(self.parts):
            dout = layer.backward(dout)


def test_a_training_resumes_with_the_steps_that_its_rows_have_missed(tmp_path):
    rng = np.random.default_rng(0)
    x, t = rng.integers(0, V, (12, 2)), rng.integers(0, 3, (12, 2))

    def build(epochs, **how):
        return Trainer(Tagger(), Adam(0.1, **how), [Checkpoint(tmp_path / "a.npz")], 0)

    wanted = build(4)
    wanted.fit(x, t, 4, 3)
    build(2).fit(x, t, 2, 3)
    with pytest.raises(CheckpointError, match=r"expected a training with optimizer\.last\.0: none, got int64 \(30,\)"):
        resume_training(tmp_path / "a.npz", build(2, lazy=True))
    second = build(2)
    resume_training(tmp_path / "a.npz", second)
    second.fit(x, t, 2, 3)
    assert all(np.array_equal(p, q) for p, q in zip(second.model.params, wanted.model.params))
    assert [len(last) for last in second.optimizer.state["last"]] == [V, 0, 0, 0]


def test_the_book_style_call_of_update_takes_plain_lists():
    layer = Affine(np.ones((2, 2)), np.zeros(2))
    loss = SoftmaxWithLoss()
    optimizer = Adam()
    for _ in range(2):
        loss.forward(layer.forward(np.ones((3, 2))), np.array([0, 1, 1]))
        layer.backward(loss.backward())
        optimizer.update(layer.params, layer.grads)
    assert optimizer.iter == 2
