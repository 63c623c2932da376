"""Virtual adversarial training: the step, the loss by hand, the gradients with the step held, the unlabelled texts."""

import os

import numpy as np
import pytest
from nets_to_train import At, timeless

from ch_sentiment.model import sentiment_net
from common.files.resume import Checkpoint, resume_training
from common.functions import log_softmax, softmax
from common.optimizer import Adam
from common.trainer import Trainer, evaluate
from common.training.parallel import DataParallel
from common.training.virtual_adversarial import Unlabelled, VirtualAdversarialTraining, joined, unit

XS = np.array([[2, 3, 4, 5], [3, 2, 0, 0], [5, 5, 2, 0]])
MORE = [np.array(ids) for ids in ([4, 4], [2, 5, 3], [3], [5, 4, 2, 2], [2, 2, 2])]
OF = {2: np.array([0, 1, 1]), 3: np.array([0, 2, 1])}  # labels, by the number of classes
KINDS = pytest.mark.parametrize("how", [{}, {"softmax": True}, {"num_classes": 3}], ids=["logit", "softmax", "three"])


def net64(scale=0.4, dtype=np.float64, **how):
    how = {"bidirectional": True, "pool": "max-mean", "pair_size": 2, "num_pairs": 1, "rng": 0, "dtype": dtype, **how}
    net = sentiment_net(6, 3, 4, **how)
    net.words.pair_embed.pairs[...] = 2 * 6 + 3
    rng = np.random.default_rng(1)
    for p in net.params:
        p += scale * rng.standard_normal(p.shape).astype(dtype)
    return net


def labels(net):
    return OF[net.config["num_classes"]]


def log_probabilities(scores):
    """(N,) or (N, C) logits -> (N, C)."""
    return log_softmax(np.stack((0 * scores, scores), axis=1) if scores.ndim == 1 else scores)


def kl(scores, others):
    """(N,) KL(p || q) of the distributions of two arrays of logits."""
    log_p, log_q = map(log_probabilities, (scores, others))
    return (np.exp(log_p) * (log_p - log_q)).sum(axis=1)


def held(trained, *arguments):
    """A forward; -> the loss, and the step and the inputs of it."""
    seen, model = {}, trained.model
    plain_step, plain_vectors = trained.step, model.vectors
    trained.step = lambda *a: seen.setdefault("step", plain_step(*a))
    model.vectors = lambda xs: plain_vectors(seen.setdefault("xs", xs))
    loss = trained.forward(*arguments)
    del trained.step, model.vectors
    return loss, seen.get("step", 0.0), seen["xs"]


def by_hand(trained, xs, ts, step, constant=None, weight=None):
    """The definition. constant: the logits that give p, those of now if None."""
    net, N = trained.model, len(ts)
    vectors, mask = net.vectors(xs)
    scores = net.score(vectors, mask)
    constant = scores if constant is None else constant
    log_p = log_probabilities(scores)
    of_label = -log_p[np.arange(N), ts]
    loss = of_label.mean() if weight is None else (weight * of_label).mean()
    loss += trained.entropy * -(np.exp(log_p) * log_p).sum(axis=1).mean()
    return loss + (kl(constant, net.score(vectors + step, mask)).mean() if trained.epsilon else 0)


@KINDS
@pytest.mark.parametrize("unlabelled", [None, MORE])
@pytest.mark.parametrize(("epsilon", "entropy"), [(0.7, 0.0), (0.7, 0.3), (0, 0.3)])
def test_loss_and_gradients_are_the_definition_with_the_step_held(how, unlabelled, epsilon, entropy):
    net = net64(**how)
    trained = VirtualAdversarialTraining(net, epsilon, unlabelled, entropy, rng=3)
    ts, weight = labels(net), np.array([0.5, 2.0, 1.0])
    loss, step, xs = held(trained, XS, ts, weight)
    assert xs.shape == (3 if unlabelled is None else 6, 4)
    constant = net.score(*net.vectors(xs))
    assert loss == pytest.approx(by_hand(trained, xs, ts, step, weight=weight), rel=1e-10)
    trained.step = lambda *a: step
    trained.training_loss(xs, ts, {"sample_weight": weight})
    for dout in (1, 0.3):
        trained.backward(dout)
        grads = [g.copy() for g in trained.grads]
        trained.backward(dout)
        assert all(np.array_equal(a, b) for a, b in zip(grads, trained.grads))
        rng, h = np.random.default_rng(2), 1e-6
        for name, p, g in zip(net.param_names, net.params, grads, strict=True):
            direction, kept, losses = rng.standard_normal(p.shape), p.copy(), []
            for sign in (1, -1):
                p[...] = kept + sign * h * direction
                losses.append(by_hand(trained, xs, ts, step, constant, weight))
            p[...] = kept
            slope = dout * (losses[0] - losses[1]) / (2 * h)
            assert (g * direction).sum() == pytest.approx(slope, rel=1e-6, abs=1e-9), name


@KINDS
def test_the_step_has_its_length_leaves_the_padding_and_hurts_more_than_any_random_one(how):
    net = net64(**how)
    trained = VirtualAdversarialTraining(net, 0.3, rng=0)
    _, step, xs = held(trained, XS, labels(net))
    np.testing.assert_allclose(np.linalg.norm(step.reshape(3, -1), axis=1), 0.3)
    assert not step[xs == 0].any()
    vectors, mask = net.vectors(xs)
    scores = net.score(vectors, mask)
    reached = kl(scores, net.score(vectors + step, mask))
    rng = np.random.default_rng(4)
    for _ in range(20):
        random = 0.3 * unit(rng.standard_normal(step.shape) * mask[:, :, None])
        assert (kl(scores, net.score(vectors + random, mask)) < reached).all()


def test_the_step_is_one_power_iteration_of_the_hessian_of_the_divergence():
    net = net64(num_classes=3)
    trained = VirtualAdversarialTraining(net, 0.3, xi=1e-4, rng=5)
    _, step, _ = held(trained, XS[:1], [1])
    vectors, mask = net.vectors(XS[:1])
    d = np.random.default_rng(5).standard_normal(vectors.shape, dtype=np.float32).astype(float)
    p = softmax(net.score(vectors, mask))[0]
    rows = []  # the Jacobian of the scores, by backward
    for c in range(3):
        net.score(vectors, mask)
        rows.append(net.score_backward(np.eye(3)[c : c + 1]).ravel())
    J = np.array(rows)
    hessian = J.T @ (np.diag(p) - np.outer(p, p)) @ J  # the Fisher information of the vectors
    expected = hessian @ d.ravel()
    np.testing.assert_allclose(step.ravel(), 0.3 * expected / np.linalg.norm(expected), atol=1e-4)


def test_in_float32_the_step_is_that_of_float64():
    steps = []
    for dtype in (np.float64, np.float32):
        trained = VirtualAdversarialTraining(net64(dtype=dtype), 0.3, rng=0)
        steps.append(held(trained, XS, OF[2])[1])
    assert steps[1].dtype == np.float32
    np.testing.assert_allclose(*steps, atol=1e-3)


def test_dropout_drops_the_same_in_all_three_readings_and_differently_at_the_next_step():
    net = net64(dropout=0.5, word_dropout=0.3, num_layers=2)
    trained = VirtualAdversarialTraining(net, 1e-9, MORE, rng=0)
    seen, plain = [], net.score
    net.score = lambda *a: seen.append(plain(*a)) or seen[-1]
    trained.forward(XS, OF[2])
    assert len(seen) == 3
    np.testing.assert_allclose(seen[0], seen[2], rtol=1e-6)
    np.testing.assert_allclose(seen[0], seen[1], atol=0.1)
    trained.forward(XS, OF[2])
    assert abs(seen[0][:3] - seen[3][:3]).max() > 0.01


def test_outside_of_training_it_is_the_model():
    net = net64(dropout=0.4)
    trained = VirtualAdversarialTraining(net, 0.5, MORE, 0.1, rng=0)
    found = evaluate(trained, XS, OF[2])
    assert found == evaluate(net, XS, OF[2]) and found["accuracy"] is not None
    assert list(trained.weights()) == list(net.weights())


def test_a_text_whose_answer_does_not_move_is_not_moved_into_nan():
    net = net64()
    net.head.params[0][...] = 0
    trained = VirtualAdversarialTraining(net, 0.5, MORE, rng=0)
    assert np.isfinite(trained.forward(XS, OF[2]))
    trained.backward()
    assert all(np.isfinite(g).all() for g in trained.grads)


def test_answers_grow_sure_where_entropy_counts_and_steady_where_the_divergence_does():
    def trained_net(**how):
        net = net64(0.1)
        Trainer(VirtualAdversarialTraining(net, **how, rng=0), Adam(0.01), [], 0).fit(XS, OF[2], 30, 3)
        p = net.probabilities(MORE)
        return -(p * np.log(p)).sum(axis=1).mean()

    assert trained_net(epsilon=0, entropy=0.5, unlabelled=MORE) < trained_net(epsilon=1.0, unlabelled=MORE)


# ---- unlabelled texts


def test_texts_without_labels_are_drawn_among_those_of_about_the_length_of_the_batch():
    rng = np.random.default_rng(0)
    texts = [np.full(size, 3) for size in rng.permutation(np.arange(1, 2001))]
    found = Unlabelled(texts)
    xs = np.zeros((10, 500), int)
    for row, size in zip(xs, range(300, 500, 20)):
        row[:size] = 2
    sizes = [(found.draw(xs, rng) != 0).sum(axis=1) for _ in range(50)]
    assert {size.shape for size in sizes} == {(10,)}
    assert min(map(min, sizes)) >= 300 and max(map(max, sizes)) <= 480
    assert len(set(np.concatenate(sizes))) > 120  # of 181
    few = (found.draw(xs[:, :1], rng) != 0).sum(axis=1)  # texts of one word: among the 80 shortest
    assert few.max() <= 80 and len(set(few)) == 10


def test_fewer_texts_than_a_batch_holds_are_all_read_and_arrays_need_no_lengths():
    rng = np.random.default_rng(0)
    assert sorted(map(tuple, Unlabelled(MORE[:2]).draw(XS, rng))) == [(2, 5, 3), (4, 4, 0)]
    assert sorted(Unlabelled(np.arange(2)).draw(XS, rng)) == [0, 1]


def test_several_inputs_are_joined_each_with_its_own():
    ids, offset = joined((XS, np.zeros(3)), (np.array([[2, 3, 4, 5, 2]]), np.ones(1)))
    assert ids.shape == (4, 5) and not ids[:3, 4].any() and offset.tolist() == [0, 0, 0, 1]
    assert joined({"a": XS}, {"a": XS[:1]})["a"].shape == (4, 4)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_training_that_is_resumed_gives_the_same_bits(tmp_path, monkeypatch, step):
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    texts, ts = [*MORE, *XS[[0, 1, 2]]], np.array([0, 1, 0, 1, 0, 1, 1, 0])

    def build(stop_at=None, seed=0):
        net = net64(dropout=0.3, word_dropout=0.2)
        trained = VirtualAdversarialTraining(net, 0.3, MORE, 0.1, rng=seed)
        stop = At(stop_at, lambda trainer: trainer.stop("asked to"))
        return Trainer(trained, Adam(0.05), [stop, Checkpoint(tmp_path / "last.npz")], seed)

    def fit(trainer):
        trainer.fit(texts, ts, 2 - trainer.epochs_done, 3)
        return timeless(trainer.history), [p.tobytes() for p in trainer.model.params]

    whole = fit(build())
    fit(build(step))
    second = build(seed=7)
    resume_training(tmp_path / "last.npz", second)
    assert second.step == step and fit(second) == whole


# ---- what cannot be


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"epsilon": -1}, "expected epsilon >= 0, got -1"),
        ({"epsilon": 0}, "expected epsilon or entropy above 0, got 0 and 0"),
        ({"epsilon": 1, "entropy": "much"}, "expected a number for entropy >= 0"),
        ({"epsilon": 1, "xi": 0}, "expected xi > 0, got 0"),
        ({"epsilon": 1, "unlabelled": ["a text"]}, "expected unlabelled, a list, to hold an array of whole numbers"),
    ],
)
def test_it_is_one_line_that_names_the_argument(how, message):
    with pytest.raises(ValueError, match=f"VirtualAdversarialTraining: {message}"):
        VirtualAdversarialTraining(net64(), **how)


def test_ranks_that_share_a_batch_are_refused():
    with pytest.raises(ValueError, match="DataParallel: expected a model whose batches can be shared, got Virtual"):
        DataParallel(VirtualAdversarialTraining(net64(), 0.5), None)
