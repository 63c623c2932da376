"""What a model may be given: arrays, lists of id arrays, several inputs, and a label for every word."""

from collections import namedtuple

import numpy as np
import pytest
from nets_to_train import Scripted, quiet, timeless

from common.arrays.initializers import xavier
from common.base_model import BaseModel
from common.files.resume import Checkpoint, resume_training
from common.layers import Affine, SoftmaxWithLoss
from common.optimizer import Adam
from common.pooling import TimeMax
from common.sequential import Sequential
from common.time_layers import TimeAffine, TimeDropout, TimeEmbedding, TimeGRU, TimeSigmoidWithLoss, TimeSoftmaxWithLoss
from common.trainer import Trainer, evaluate
from common.training.batches import count_tokens, pad
from common.training.callbacks import Callback
from common.training.lr_range import RangeTest

RNG = np.random.default_rng(0)
N, V = 23, 9
LEFT, RIGHT = ([RNG.integers(1, V, RNG.integers(1, longest)) for _ in range(N)] for longest in (6, 9))
T = np.array([int(a[0] > b[0]) for a, b in zip(LEFT, RIGHT)])
TAGS = [ids % 3 for ids in LEFT]


class Pair(BaseModel):
    """Compares two texts, which it is given by position or by name."""

    def __init__(self, left=0, right=1, dropout=0.3):
        super().__init__()
        rng = np.random.default_rng(3)
        sides = []
        for name in (left, right):
            gru = TimeGRU(*TimeGRU.init_params(3, 4, rng, np.float64))
            embed, drop = TimeEmbedding(xavier(V, 3, rng, np.float64)), TimeDropout(dropout, rng)
            sides.append((name, Sequential(embed, drop, gru, TimeMax())))
        self.sides, self.loss = sides, SoftmaxWithLoss()
        self.head = Affine(xavier(8, 2, rng, np.float64), np.zeros(2))
        self.collect(left=sides[0][1], right=sides[1][1], head=self.head)

    def score(self, xs):
        return self.head.forward(np.hstack([side.forward(xs[name], mask=xs[name] != 0) for name, side in self.sides]))

    def forward(self, xs, ts, sample_weight=None):
        self.scores = self.score(xs)
        return self.loss.forward(self.scores, ts, sample_weight)

    def backward(self):
        douts = np.hsplit(self.head.backward(self.loss.backward()), 2)
        for (_, side), dout in zip(self.sides, douts):
            side.backward(dout)


class ByAttribute(Pair):
    def score(self, xs):
        return super().score((xs.left, xs.right))


Texts = namedtuple("Texts", "left right")


def tagger(C=3, loss=None, pad=0):
    rng = np.random.default_rng(2)
    embed, gru = TimeEmbedding(xavier(V, 3, rng, np.float64)), TimeGRU(*TimeGRU.init_params(3, 4, rng, np.float64))
    head = TimeAffine(xavier(4, C, rng, np.float64), np.zeros(C))
    return Sequential(embed, gru, head, loss=loss or TimeSoftmaxWithLoss(), pad=pad)


def fit(model, x, t=T, epochs=4, callbacks=(), **how):
    return Trainer(model, Adam(0.05), list(callbacks), 0, **how).fit(x, t, epochs, 4, validation=(x, t))


# ---- several inputs


def test_a_tuple_a_named_tuple_and_a_dict_are_several_inputs_that_train_alike():
    history = fit(Pair(), (LEFT, RIGHT))
    assert history[-1]["loss"] < history[0]["loss"] and history[-1]["val_accuracy"] > 0.6
    assert timeless(fit(Pair("left", "right"), {"left": LEFT, "right": RIGHT})) == timeless(history)
    assert timeless(fit(ByAttribute(), Texts(LEFT, RIGHT))) == timeless(history)


def test_each_input_may_be_an_array_or_a_list_and_stays_with_its_labels():
    numbers, ids = np.arange(7), [np.full(1 + i % 3, i + 1) for i in range(7)]
    model = Scripted(lambda call: 1.0)
    model.forward = lambda x, t: model.seen.append((x, t)) or 1.0
    quiet(model).fit({"n": numbers, "ids": ids, "rows": np.outer(numbers, [1.0, 2.0])}, numbers, 1, 3)
    for x, t in model.seen:
        assert list(x) == ["n", "ids", "rows"] and all(isinstance(part, np.ndarray) for part in x.values())
        assert x["n"].tolist() == t.tolist() == (x["ids"][:, 0] - 1).tolist() == x["rows"][:, 0].tolist()
        assert x["ids"].shape[1] == max(len(ids[i]) for i in t)


def test_padded_and_ragged_inputs_have_the_same_scores_loss_and_answers():
    model = Pair()
    ragged, padded = evaluate(model, (LEFT, RIGHT), T, 4), evaluate(model, (pad(LEFT), RIGHT), T, N)
    assert ragged == pytest.approx(padded, rel=1e-12)
    np.testing.assert_allclose(model.predict((LEFT, RIGHT), 5), model.predict((pad(LEFT), pad(RIGHT))), rtol=1e-12)


def test_texts_of_like_length_in_all_inputs_share_a_batch():
    x = [np.ones(n, int) for n in (1, 9, 1, 9)]
    model = Scripted(lambda call: 1.0)
    model.forward = lambda x, t: model.seen.append(tuple(part.shape[1] for part in x)) or 1.0
    quiet(model).fit((x, x), np.zeros(4, int), 1, 2)
    assert sorted(model.seen) == [(1, 1), (9, 9)]


def test_two_inputs_continue_in_another_trainer_bit_by_bit_with_their_metrics(tmp_path):
    class StopAt(Callback):
        def on_step_end(self, trainer):
            if trainer.step == 8:  # of six an epoch
                trainer.stop("now")

    def mean(scores, t):
        return scores[t == 1].mean()

    x, path = (LEFT, RIGHT), tmp_path / "a.npz"
    wanted = fit(Pair(), x, epochs=3, metrics={"mean": mean})
    fit(Pair(), x, epochs=3, callbacks=[StopAt(), Checkpoint(path)], metrics={"mean": mean})
    trainer = Trainer(Pair(), Adam(0.05), [Checkpoint(path)], 5, metrics={"mean": mean})
    resume_training(path, trainer)
    assert timeless(trainer.fit(x, T, 2, 4, validation=(x, T))) == timeless(wanted)


def test_the_range_test_runs_on_two_inputs():
    test = RangeTest(1e-4, 1.0, 5)
    fit(Pair(), (LEFT, RIGHT), callbacks=[test])
    assert len(test.rates) == 5


@pytest.mark.parametrize(
    ("x", "came"),
    [
        ((LEFT, RIGHT[:-1]), "got 2 inputs of 23, 22 examples"),
        (tuple(LEFT), r"got 23 inputs of \d, .* \.\.\. examples \(the texts of one input stand in a list\)"),
        ([pad(LEFT), pad(RIGHT)], r"at index 0 \(several inputs are a tuple or a dict\)"),
        ([LEFT, RIGHT], r"got list of 23 at index 0 \(several inputs are a tuple or a dict\)"),
        (((LEFT, RIGHT), RIGHT), r"expected x\[0\] to be an array, a list of id arrays"),
        ({"left": LEFT, "right": "text"}, r"expected x\['right'\] to be an array.* got the str 'text'"),
        ((), "got an empty tuple"),
        ({}, "got an empty dict"),
    ],
    ids=["one is shorter", "texts", "arrays in a list", "lists in a list", "nested", "a str", "none", "empty dict"],
)
def test_what_could_mean_two_things_is_refused_with_the_way_out(x, came):
    for use in (lambda: quiet(Pair()).fit(x, T), lambda: evaluate(Pair(), x, T)):
        with pytest.raises(ValueError, match=came):
            use()
    with pytest.raises(ValueError, match=came.replace(r"x\[", r"xs\[")):
        Pair().predict(x)


@pytest.mark.parametrize(
    ("x", "came"),
    [
        (LEFT, "got x one input"),
        ((LEFT,), "got x a tuple of 1 inputs"),
        ({"a": LEFT, "b": RIGHT}, "got x a dict of 'a', 'b'"),
    ],
)
def test_validation_has_the_inputs_of_training(x, came):
    with pytest.raises(ValueError, match=f"Trainer.fit: expected validation .* a tuple of 2 inputs, .*{came}"):
        quiet(Pair()).fit((LEFT, RIGHT), T, validation=(x, T))


# ---- a label for every word


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_a_tagger_is_scored_over_its_real_steps_whatever_the_batch_and_the_padding(batch_size):
    model, words = tagger(), np.concatenate(TAGS)
    answers = np.concatenate([scores.argmax(axis=1) for scores in model.predict(LEFT)])
    found = evaluate(model, LEFT, TAGS, batch_size)
    assert found["accuracy"] == (answers == words).mean()
    for x, t in (
        (pad(LEFT), TAGS),
        (pad(LEFT), pad(TAGS)),
        (pad(LEFT), pad(TAGS, value=-1)),
        (np.pad(pad(LEFT), ((0, 0), (0, 3))), TAGS),
    ):
        assert evaluate(model, x, t, batch_size) == pytest.approx(found, rel=1e-12)


def test_a_tagger_learns_from_ragged_tags_and_its_epochs_count_steps():
    history = fit(tagger(), LEFT, TAGS, 30)
    assert history[-1]["val_accuracy"] > 0.95 and history[-1]["val_loss"] < history[0]["val_loss"]
    still = Trainer(tagger(), Adam(0.0), [], 0).fit(LEFT, TAGS, 1, 4)[0]  # lr 0: the same net throughout
    assert still["accuracy"] == evaluate(tagger(), LEFT, TAGS)["accuracy"]
    assert still["loss"] == pytest.approx(evaluate(tagger(), LEFT, TAGS)["loss"], rel=1e-12)


def test_tags_of_yes_and_no_and_labels_that_do_not_count_by_another_name():
    binary = fit(tagger(1, TimeSigmoidWithLoss()), LEFT, [ids % 2 == 1 for ids in LEFT], 30)
    assert binary[-1]["val_accuracy"] > 0.9
    assert [scores.shape for scores in tagger(1, TimeSigmoidWithLoss()).predict(LEFT)] == [ids.shape for ids in LEFT]
    loss = TimeSoftmaxWithLoss()
    loss.ignore_label = 2
    counted = np.concatenate(TAGS) != 2
    answers = np.concatenate([scores.argmax(axis=1) for scores in tagger().predict(LEFT)])
    right = (answers == np.concatenate(TAGS))[counted].mean()
    assert evaluate(tagger(loss=loss), LEFT, TAGS)["accuracy"] == right


def test_a_tagger_of_ones_own_counts_all_steps_with_a_label():
    class Own(Scripted):
        def forward(self, x, t):
            self.scores = np.eye(3)[t]  # (N, T) -> (N, T, C): always right, also at -1
            return 1.0

    found = evaluate(Own(None), LEFT, TAGS, metrics={"steps": lambda scores, t: len(t)})
    assert found == {"loss": 1.0, "accuracy": 1.0, "steps": sum(map(len, LEFT))}


@pytest.mark.parametrize(
    ("tags", "came"),
    [
        ([*TAGS[:-1], np.append(TAGS[-1], 0)], "a label for each id of a text, got 2 ids and 3 labels at index 22"),
        (TAGS[:-1], "got 23 examples and 22 labels"),
        ([["a"] * len(ids) for ids in LEFT], "got list of . at index 0"),
        ([ids / 3 for ids in TAGS], r"got float64 of shape \(.,\) at index 0"),
    ],
)
def test_tags_that_do_not_fit_are_refused_by_their_place(tags, came):
    with pytest.raises(ValueError, match=f"Trainer.fit: expected .*{came}"):
        quiet(tagger()).fit(LEFT, tags)


# ---- how fast


def test_tokens_are_the_ids_that_are_not_padding():
    ids, index = pad(LEFT), np.arange(5)
    real = sum(len(LEFT[i]) for i in index)
    assert count_tokens(LEFT, index) == count_tokens(ids, index) == real
    assert count_tokens(ids, index, None) == 5 * ids.shape[1]
    assert count_tokens((LEFT, pad(RIGHT)), index) == real + sum(len(RIGHT[i]) for i in index)
    assert count_tokens({"ids": LEFT, "numbers": np.ones((N, 4))}, index) == real
    assert count_tokens(np.ones((N, 3, 2)), index) == 5
    tokens = []
    note = Callback()
    note.on_step_end = lambda trainer: tokens.append(trainer.running.tokens)
    for x, padding in ((LEFT, 0), (ids, 0), (ids, None)):
        quiet(tagger(pad=padding), None, note).fit(x, pad(TAGS) if x is ids else TAGS, 1, 4)
    assert tokens[5::6] == [sum(map(len, LEFT))] * 2 + [ids.size]
