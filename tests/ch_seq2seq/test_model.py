"""Sequence to sequence: gradients of whole models, learning, generation, padding."""

import itertools

import numpy as np
import pytest

from ch_seq2seq.answers import AnswerAccuracy, answer, answers_right, attention_maps
from ch_seq2seq.encoder import Encoded
from ch_seq2seq.model import CELLS, DECODERS, Seq2seq, seq2seq, text_mask
from common.base_model import BaseModel
from common.checking.gradient_check import check_model
from common.optimizer import Adam
from common.time_layers import TimeEmbedding
from common.trainer import Trainer
from common.util import eval_seq2seq

N, S, T, V, D, H = 3, 5, 4, 7, 3, 4
PAD = 0


def ids(*shape, seed=0, least=0):
    return np.random.default_rng(seed).integers(least, V, shape)


def padded():
    """Questions with padding at the end, at the beginning, and inside, where it is text."""
    xs = ids(N, S, least=1)
    xs[0, 3:] = xs[1, :2] = xs[2, 2] = PAD
    return xs


def small(decoder="plain", *args, seed=1, **how):
    model = seq2seq(V, D, H, decoder, *args, rng=seed, dtype=np.float64, **how)
    for p in model.params:
        p *= 1.5  # so that more depends on every weight
    return model


@pytest.mark.parametrize(("decoder", "cell"), list(itertools.product(DECODERS, CELLS)))
def test_gradients_of_a_model_are_right(decoder, cell):
    check_model(small(decoder, cell), ids(N, S), ids(N, T, seed=1))


@pytest.mark.parametrize(("decoder", "bidirectional"), list(itertools.product(DECODERS, (False, True))))
def test_gradients_are_right_with_layers_skip_connections_and_padding(decoder, bidirectional):
    ts = ids(N, T, seed=1)
    ts[0, 2:] = -1
    model = small(decoder, "gru", bidirectional, num_layers=3, residual=True, pad=PAD)
    check_model(model, padded(), ts, projections=2)


def test_a_skip_connection_adds_the_input_of_a_layer_to_its_output():
    plain, skipping = (small(num_layers=2, residual=residual) for residual in (False, True))
    xs = ids(N, S)
    lower = plain.encoder.cells.layers[0].forward(plain.encoder.embed.forward(xs))
    np.testing.assert_allclose(skipping.encode(xs).hs, plain.encode(xs).hs + lower, rtol=1e-12)


@pytest.mark.parametrize(("decoder", "bidirectional"), list(itertools.product(DECODERS, (False, True))))
def test_padding_has_no_influence(decoder, bidirectional):
    model, xs, ts = small(decoder, "lstm", bidirectional, pad=PAD), ids(N, S, least=1), ids(N, T)
    loss, answers = model.forward(xs, ts), model.generate(xs, 1, T)
    for before, after in ((0, 3), (2, 0), (1, 1)):
        longer = np.pad(xs, ((0, 0), (before, after)), constant_values=PAD)
        assert model.forward(longer, ts) == pytest.approx(loss, rel=1e-12)
        assert np.array_equal(model.generate(longer, 1, T), answers)
    if decoder == "attention":
        _, weight = attention_maps(model, np.pad(xs, ((0, 0), (0, 2)), constant_values=PAD), 1, T)
        assert not weight[:, :, S:].any() and weight.sum(axis=2) == pytest.approx(1)


def test_padding_inside_a_text_is_text():
    found = text_mask(np.array([[0, 4, 0, 5, 0], [3, 0, 0, 0, 3], [0, 0, 1, 0, 0]]), PAD)
    assert found.astype(int).tolist() == [[0, 1, 1, 1, 0], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]]


def test_an_answer_that_ends_early_counts_up_to_its_end():
    model, xs, ts = small("peeky"), ids(1, S), ids(1, T)
    loss = model.forward(xs, ts)
    assert model.forward(xs, np.pad(ts, ((0, 0), (0, 3)), constant_values=-1)) == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("decoder", DECODERS)
def test_generating_step_by_step_gives_the_scores_of_the_whole_answer_at_once(decoder):
    model, xs = small(decoder, "lstm", num_layers=2), ids(N, S)
    answers = model.generate(xs, 1, T)
    before = np.insert(answers[:, :-1], 0, 1, axis=1)
    at_once = model.decoder.forward(before, model.encode(xs)).argmax(axis=2)  # (N, T, V) -> (N, T)
    assert np.array_equal(answers, at_once)
    assert np.array_equal(answers, [model.generate(x[None], 1, T)[0] for x in xs])


def test_the_peeky_decoder_sees_the_question_at_every_step():
    model = small("peeky")
    encoded = model.encode(ids(N, S))
    scores = model.decoder.forward(ids(N, T), encoded)
    same_state = model.decoder.states
    other = Encoded(encoded.hs, [state + 1 for state in encoded.states])
    assert scores.shape == (N, T, V)
    assert not np.allclose(
        model.decoder.forward(ids(N, 1), encoded, same_state), model.decoder.forward(ids(N, 1), other, same_state)
    )


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_model_learns_to_copy(decoder):
    rng = np.random.default_rng(0)
    xs = rng.integers(2, 5, (400, 3))
    ts = np.insert(xs, 0, 1, axis=1)
    model = seq2seq(5, 8, 32, decoder, rng=0)
    trainer = Trainer(model, Adam(0.02), [AnswerAccuracy(xs[:50], ts[:50], batch_size=20)], 0)
    history = trainer.fit(xs[50:], ts[50:], 12, 32, 5.0)
    assert history[-1]["loss"] < history[0]["loss"] / 4
    assert history[-1]["val_accuracy"] == 1 == answers_right(model, xs[:50], ts[:50]).mean()
    assert np.array_equal(answer(model, xs[:5], 1, 3, batch_size=2), xs[:5])


def test_the_books_evaluation_takes_a_model(capsys):
    model, xs = small(), ids(1, S)
    right = np.insert(model.generate(xs, 1, T), 0, 1, axis=1)
    wrong = (right + (np.arange(T + 1) == T)) % V
    names = dict(enumerate("abcdefg"))
    assert [eval_seq2seq(model, xs, ts, names, verbose=True) for ts in (right, wrong)] == [1, 0]
    assert "".join(names[i] for i in xs[0]) in capsys.readouterr().out


def test_parameters_are_saved_and_read_back(here):
    one, other = small("attention"), small("attention", seed=2)
    one.save_params("model.npz")
    other.load_params("model.npz")
    assert np.array_equal(one.generate(ids(N, S), 1, T), other.generate(ids(N, S), 1, T))
    assert one.param_names[:3] == ["encoder.embed.W", "encoder.cells.0.Wx", "encoder.cells.0.Wh"]


class MeanEncoder(BaseModel):
    """An encoder of somebody's own: a bag of words."""

    def __init__(self):
        super().__init__()
        self.embed = TimeEmbedding(np.random.default_rng(0).standard_normal((V, H)))
        self.collect(embed=self.embed)

    def forward(self, xs, mask=None):
        hs = self.embed.forward(xs, mask)
        return Encoded(hs, [hs.mean(axis=1)], mask)

    def backward(self, dencoded):
        self.embed.backward(dencoded.hs + dencoded.states[0][:, None] / dencoded.hs.shape[1])


@pytest.mark.parametrize("decoder", DECODERS)
def test_an_encoder_of_ones_own_takes_the_place_of_ours(decoder):
    model = Seq2seq(MeanEncoder(), small(decoder).decoder)
    check_model(model, ids(N, S), ids(N, T, seed=1))
    assert model.generate(ids(N, S), 1, T).shape == (N, T)


def test_weights_of_examples_weigh_the_loss():
    model, xs, ts = small(), ids(2, S), ids(2, T)
    losses = [model.forward(xs[[i]], ts[[i]]) for i in range(2)]
    assert model.forward(xs, ts, sample_weight=np.array([2.0, 0.0])) == pytest.approx(losses[0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m: m.forward(ids(N, S)[0], ids(N, T)),
            r"Seq2seq: xs: expected ids of shape \(N, T\), T > 0, got int64",
        ),
        (lambda m: m.forward(ids(N, S), ids(N, 1)), r"Seq2seq: ts: expected a start id and at least one more"),
        (lambda m: m.forward(np.zeros((N, S)), ids(N, T)), r"Seq2seq: xs: expected ids .*, got float64"),
        (lambda m: m.encode(np.full((N, S), PAD)), r"Seq2seq: xs: expected some text in every row"),
        (lambda m: m.generate(ids(N, S, least=1), V, T), rf"TimeEmbedding: xs: expected ids in \[0, {V}\), got {V}"),
        (lambda m: m.generate(ids(N, S, least=1), 1, 0), r"sample_size"),
        (lambda m: seq2seq(V, D, H, "peek"), r"seq2seq: expected a decoder of plain, peeky, attention and a cell"),
        (lambda m: seq2seq(V, D, 3, bidirectional=True), r"seq2seq: expected an even hidden_size"),
        (lambda m: seq2seq(V, 0, H), r"seq2seq: expected wordvec_size >= 1, got 0"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_name(call, message):
    with pytest.raises(ValueError, match=message):
        call(small(pad=PAD))
