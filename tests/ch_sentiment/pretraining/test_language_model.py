"""The language model: its gradients, the stream that it reads in both directions, the autoencoder's two readings."""

import numpy as np
import pytest

from ch_sentiment.model import sentiment_net
from ch_sentiment.pretraining import autoencoder, language_model
from ch_sentiment.pretraining.language_model import END, LanguageModel
from ch_sentiment.pretraining.options import PretrainOptions
from ch_sentiment.pretraining.texts import Texts
from common.checking.gradient_check import check_model
from common.functions import log_softmax
from common.time_layers import TimeLSTM
from dataset.text import Vocab

COUNTS = np.array([4, 1, 9, 5, 5, 3, 2])
V, D, H = len(COUNTS), 3, 4
XS = np.random.default_rng(0).integers(0, V, (4, 5))
TS = np.random.default_rng(1).integers(0, V, (4, 5))
TEXTS = [np.array(ids, np.int32) for ids in ([2, 3, 4, 5], [6, 2], [3, 3, 4, 5, 6, 2, 5])]
BOTH = ("forward", "backward")


def made(dtype=np.float64, **how):
    return LanguageModel(COUNTS, D, H, **{"rng": 0, "dtype": dtype, **how})


def options(**how):
    return PretrainOptions.of({"data": ["texts"], "batch_size": 4, "steps": 3, **how})


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"cell": "gru", "num_layers": 2},
        {"directions": BOTH, "cell": "rnn"},
        {"directions": ("backward",), "num_sampled": 3},
    ],
)
def test_gradients(how):
    model = made(stateful=False, **how)
    if "num_sampled" in how:
        model.train(False)  # the full softmax: every forward would draw others
    errors = check_model(model, XS, TS)
    assert max(errors.values()) < 1e-6


def test_gradients_of_tied_weights():
    model = LanguageModel(COUNTS, H, H, tied=True, stateful=False, rng=0, dtype=np.float64)
    assert model.embed.params[0] is model.loss.params[0]
    assert max(check_model(model, XS, TS).values()) < 1e-6


def test_the_loss_is_minus_the_log_probability_of_the_words_that_follow():
    model = made(stateful=False)
    Wx, Wh, b = model.recurrent[0].params
    hs = TimeLSTM(Wx, Wh, b).forward(model.embed.params[0][XS])
    W, b = model.loss.params
    log_p = log_softmax(hs @ W.T + b)
    assert model.forward(XS, TS) == pytest.approx(-np.take_along_axis(log_p, TS[:, :, None], 2).mean(), rel=1e-12)


def test_of_two_directions_each_reads_its_half_of_the_rows():
    both = made(directions=BOTH, stateful=False)
    losses = []
    for way, half in zip(BOTH, (slice(0, 2), slice(2, 4))):
        one = made(directions=(way,), stateful=False)
        named = dict(zip(both.param_names, both.params))
        for name, p in zip(one.param_names, one.params):
            p[...] = named[name]
        losses.append(one.forward(XS[half], TS[half]))
    assert both.forward(XS, TS) == pytest.approx(np.mean(losses), rel=1e-12)


def test_windows_read_one_after_the_other_are_the_whole_stream():
    xs, ts = language_model.examples(options(batch_size=2), TEXTS)
    steps = [(xs[i : i + 2], ts[i : i + 2]) for i in range(0, len(xs), 2)]
    assert xs.shape == ts.shape == (4, 3)
    rows = [np.concatenate([step[0][row] for step in steps]) for row in (0, 1)]
    assert np.concatenate(rows).tolist() == [2, 3, 4, 5, END, 6, 2, END, 3, 3, 4, 5]
    follow = [np.concatenate([step[1][row] for step in steps]) for row in (0, 1)]
    assert np.concatenate(follow).tolist() == [3, 4, 5, END, 6, 2, END, 3, 3, 4, 5, 6]


def test_the_second_half_of_each_step_is_read_from_the_end():
    xs, ts = language_model.examples(options(bidirectional=True, batch_size=2), TEXTS)
    assert np.concatenate(xs[0::2]).tolist() == [2, 3, 4, 5, END, 6, 2, END, 3, 3, 4, 5, 6, 2, 5][: len(xs) * 3 // 2]
    assert np.concatenate(xs[1::2]).tolist() == [END, 5, 2, 6, 5, 4, 3, 3, END, 2, 6, END, 5, 4, 3][: len(xs) * 3 // 2]
    backward = language_model.examples(options(backward=True, batch_size=1), TEXTS)
    assert np.array_equal(backward[0], xs[1::2]) and np.array_equal(backward[1], ts[1::2])


def test_a_stream_that_is_short_has_fewer_rows_and_shorter_windows():
    xs, ts = language_model.examples(options(batch_size=64, steps=50), TEXTS[1:2])
    assert xs.tolist() == [[6, 2]] and ts.tolist() == [[2, END]]


def test_states_are_forgotten_where_validation_begins_and_ends():
    model = made()
    model.forward(XS, TS)
    model.train(True)
    assert model.recurrent[0].h is not None
    model.train(False)
    assert model.recurrent[0].h is None
    model.forward(XS[:1], TS[:1])
    model.train(True)
    assert model.recurrent[0].h is None


def test_an_autoencoder_reads_a_text_and_is_asked_for_all_of_it_after_its_end():
    xs, ts = autoencoder.examples(options(task="autoencoder"), TEXTS[:2])
    assert [ids.tolist() for ids in xs] == [[2, 3, 4, END, 2, 3, 4], [6, 2, END, 6, 2]]  # cut to 3 words
    assert [ids.tolist() for ids in ts] == [[-1, -1, -1, 2, 3, 4, END], [-1, -1, 6, 2, END]]
    xs, _ = autoencoder.examples(options(task="autoencoder", backward=True), TEXTS[:1])
    assert xs[0].tolist() == [4, 3, 2, END, 4, 3, 2]


@pytest.mark.parametrize(
    "how", [{}, {"layers": 2, "cell": "gru"}, {"bidirectional": True}, {"backward": True, "cell": "rnn"}]
)
def test_what_a_classifier_can_start_from_has_the_names_and_shapes_of_its_weights(how):
    texts = Texts(TEXTS, TEXTS, Vocab(list("abcde")), "")
    chosen = options(wordvec=D, hidden=H, sampled=0, **how)
    initial = language_model.build(chosen, texts, np.random.default_rng(0)).initial()
    both = chosen.bidirectional or chosen.backward
    weights = sentiment_net(V, D, H, chosen.cell, both, chosen.layers, rng=0).weights()
    assert next(iter(initial)) == "embed.W" and len(initial) == 1 + 3 * chosen.layers * (1 + chosen.bidirectional)
    assert all(weights[name].shape == array.shape for name, array in initial.items())


def test_the_embedding_and_the_softmax_of_tied_weights_need_one_size():
    with pytest.raises(ValueError, match="LanguageModel: expected wordvec_size = hidden_size for tied weights, got 3"):
        made(tied=True)
