"""CBOW and skip-gram: gradients, losses by their definitions, and that the vectors mean something."""

import numpy as np
import pytest
from conftest import normal

from ch_words.model import CBOW, SkipGram, with_full_softmax, with_negative_sampling
from ch_words.reading import load_corpus
from ch_words.vectors import analogies_solved, neighbours_related
from common.arrays.row_grad import touched_rows
from common.checking.gradient_check import check_model
from common.optimizer import Adam
from common.trainer import Trainer
from common.util import create_contexts_target
from dataset import sentences

V, H = 7, 4
CONTEXTS, TARGET = np.array([[0, 1, 3, 4], [2, 2, 6, 5], [1, 0, 2, 2]]), np.array([2, 3, 2])


def made(Model, sampled, dtype=np.float64):
    """A model whose weights are large enough for gradients to be seen."""
    if sampled:
        model = with_negative_sampling(Model, np.arange(1, V + 1), H, 3, rng=0, dtype=dtype)
    else:
        model = with_full_softmax(Model, V, H, rng=0, dtype=dtype)
    for i, W in enumerate(model.params):
        W[...] = normal(*W.shape, seed=i)
    return model


every_model = pytest.mark.parametrize(("Model", "sampled"), [(m, s) for m in (CBOW, SkipGram) for s in (False, True)])


@every_model
def test_every_gradient_is_that_of_differences(Model, sampled):
    check_model(made(Model, sampled), CONTEXTS, TARGET, projections=20)


@every_model
def test_half_the_loss_has_half_the_gradients_and_dtype_follows_the_weights(Model, sampled):
    model = made(Model, sampled, np.float32)
    model.forward(CONTEXTS, TARGET)
    model.backward()
    grads = [np.array(g) for g in model.grads]
    model.backward(0.5)
    for half, whole in zip(model.grads, grads):
        assert whole.dtype == np.float32
        np.testing.assert_allclose(np.asarray(half), whole / 2, rtol=1e-6, atol=1e-7)


def test_cbow_scores_the_mean_of_the_contexts():
    model = made(CBOW, False)
    W_in, W_out = model.params
    score = W_in[CONTEXTS].mean(axis=1) @ W_out
    y = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    assert model.forward(CONTEXTS, TARGET) == pytest.approx(-np.log(y[np.arange(3), TARGET]).mean(), rel=1e-12)


def test_the_loss_of_skip_gram_is_the_sum_over_the_contexts():
    model = made(SkipGram, False)
    W_in, W_out = model.params
    score = W_in[TARGET] @ W_out
    log_y = score - np.log(np.exp(score).sum(axis=1, keepdims=True))
    expected = -np.take_along_axis(log_y, CONTEXTS, axis=1).sum(axis=1).mean()  # (N, V) -> (N, C) -> (N,)
    assert model.forward(CONTEXTS, TARGET) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("Model", [CBOW, SkipGram])
def test_with_negative_sampling_an_update_touches_the_rows_of_its_words_only(Model):
    model = with_negative_sampling(Model, np.ones(5000), H, rng=0)
    model.forward(CONTEXTS, TARGET)
    model.backward()
    into, out = (touched_rows(g) for g in model.grads)
    assert set(into) == set((CONTEXTS if Model is CBOW else TARGET).ravel())
    right = TARGET if Model is CBOW else CONTEXTS
    assert set(right.ravel()) <= set(out) and len(out) <= 6 * right.size


def test_the_same_rng_makes_the_same_model_and_the_same_draws():
    a, b = made(CBOW, True), made(CBOW, True)
    assert a.forward(CONTEXTS, TARGET) == b.forward(CONTEXTS, TARGET)
    a, b = (with_negative_sampling(CBOW, np.ones(V), H, rng=seed) for seed in (0, 1))
    assert not np.array_equal(a.params[0], b.params[0])


@pytest.mark.parametrize("sampled", [False, True])
def test_negative_sampling_finds_what_the_full_softmax_finds(sampled, monkeypatch):
    text = sentences.load_text(1500)
    monkeypatch.setattr(sentences, "load_text", lambda: text)
    corpus, word_to_id, _ = load_corpus()
    if sampled:
        model = with_negative_sampling(CBOW, np.bincount(corpus), 60, 10, rng=0)
    else:
        model = with_full_softmax(CBOW, len(word_to_id), 60, rng=0)
    trainer = Trainer(model, Adam(lr=0.02), callbacks=[], rng=0)
    history = trainer.fit(*create_contexts_target(corpus, 5), max_epoch=5, batch_size=100)
    assert history[-1]["loss"] < 0.4 * history[0]["loss"]
    W = model.embed.params[0]
    assert analogies_solved(W, word_to_id) > 0.7 and neighbours_related(W, word_to_id) > 0.8
