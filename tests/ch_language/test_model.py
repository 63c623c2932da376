"""The language model: a stream read window by window, tied weights, a sampled softmax, perplexity."""

import numpy as np
import pytest

from ch_language.model import CELLS, LanguageModel, windows
from common.arrays.row_grad import touched_rows
from common.arrays.tied_weights import TiedWeights
from common.checking.gradient_check import check_model
from common.functions import log_softmax
from common.optimizer import SGD, clip_grads

V, D, H, N, T = 11, 5, 6, 3, 4
TEXT = np.random.default_rng(0).integers(0, V, 61)
XS, TS = TEXT[:12].reshape(N, T), TEXT[12:24].reshape(N, T)


def model(cell="lstm", **how):
    return LanguageModel(V, **{"wordvec_size": D, "hidden_size": H, "cell": cell, "rng": 0, "dtype": np.float64, **how})


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"num_layers": 2, "dropout": 0.4},
        {"wordvec_size": H, "tied": True, "num_layers": 2},
        {"num_sampled": 4},
        {"wordvec_size": H, "tied": True, "num_sampled": 4, "counts": np.arange(V)},
    ],
    ids=["plain", "deep", "tied", "sampled", "tied_sampled"],
)
def test_gradients(cell, how):
    check_model(model(cell, **how), XS, TS)


@pytest.mark.parametrize("cell", CELLS)
def test_a_text_in_windows_is_the_text_in_one_piece(cell):
    whole, parts = model(cell), model(cell)
    loss = whole.forward(TEXT[None, :60], TEXT[None, 1:])
    losses = [parts.forward(xs, ts) * ts.size for xs, ts in windows(TEXT, 1, 7)]
    assert sum(losses) / 60 == pytest.approx(loss, rel=1e-12)
    scores = whole.predict(TEXT[None, :10])
    parts.reset_state()
    whole.reset_state()
    assert not np.allclose(scores, whole.predict(TEXT[None, :10]))  # it was in the middle of a text
    one_by_one = [parts.predict(TEXT[None, t : t + 1])[0, 0] for t in range(10)]
    whole.reset_state()
    np.testing.assert_allclose(one_by_one, whole.predict(TEXT[None, :10])[0], atol=1e-12)


def test_windows_hold_every_word_once_but_for_what_no_portion_holds():
    found = list(windows(TEXT, 4, 6))
    assert [xs.shape for xs, _ in found] == [(4, 6), (4, 6), (4, 3)]
    xs, ts = (np.concatenate(parts, axis=1) for parts in zip(*found))
    assert xs.ravel().tolist() == TEXT[:60].tolist() and ts.ravel().tolist() == TEXT[1:61].tolist()
    assert [xs.shape for xs, _ in windows(TEXT[:4], 10, 35)] == [(3, 1)]
    for bad in (TEXT[:1], TEXT[:0], TEXT[None], TEXT.astype(float)):
        with pytest.raises(ValueError, match=r"windows: .*expected"):
            list(windows(bad, 4, 6))
    with pytest.raises(ValueError, match=r"windows: expected a whole number for batch_size"):
        list(windows(TEXT, 2.5, 6))


def test_perplexity_is_that_of_all_words_and_leaves_the_model_as_it_was():
    net = model(num_layers=2, dropout=0.5, num_sampled=2)
    log_p = log_softmax(net.predict(TEXT[None, :60])[0])  # (60, V)
    net.reset_state()
    expected = np.exp(-log_p[np.arange(60), TEXT[1:]].mean())
    assert net.perplexity(TEXT, batch_size=1, time_size=7) == pytest.approx(expected, rel=1e-12)
    assert net.recurrent[0].h is None and net.loss.train_flg and all(drop.train_flg for drop in net.parts[1::2])
    net.perplexity(TEXT, batch_size=10)


def test_a_model_that_knows_nothing_has_a_perplexity_of_about_v():
    net = LanguageModel(500, 20, 20, rng=0)
    text = np.random.default_rng(1).integers(0, 500, 300)
    assert net.perplexity(text) == pytest.approx(500, rel=0.02)


@pytest.mark.parametrize("how", [{}, {"tied": True}, {"num_sampled": 5, "tied": True}])
def test_a_model_learns_what_repeats(how):
    text = np.tile([0, 3, 1, 4, 1, 5, 9, 2, 6, 5], 60)
    net = LanguageModel(V, 16, 16, rng=0, **how)
    tied, optimizer = TiedWeights(net.params), SGD(1.0)
    for _ in range(40):
        for xs, ts in windows(text, 5, 10):
            net.forward(xs, ts)
            net.backward()
            grads = tied.sum_grads(net.grads)
            clip_grads(grads, 1.0)
            optimizer.update(tied.unique, grads)
        net.reset_state()
    assert net.perplexity(text) < 1.2


def test_tied_weights_are_one_array_and_a_sampled_step_touches_few_rows_of_it():
    net = LanguageModel(2000, H, H, tied=True, num_sampled=10, rng=0)
    assert net.parts[0].params[0] is net.loss.params[0]
    net.forward(XS, TS)
    net.backward()
    tied = TiedWeights(net.params)
    assert len(tied.unique) == len(net.params) - 1
    assert len(touched_rows(tied.sum_grads(net.grads)[0])) <= 2 * V + 10


def test_two_models_of_one_seed_are_equal_and_draw_alike():
    losses = [[m.forward(XS, TS) for _ in range(3)] for m in (model(dropout=0.5, num_sampled=3) for _ in range(2))]
    assert losses[0] == losses[1] and len(set(losses[0])) == 3


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ({"cell": "elman"}, "expected a cell of rnn, gru, lstm"),
        ({"tied": True}, "for tied weights wordvec_size = hidden_size, got 'lstm', 5 and 6"),
        ({"num_layers": 0}, "num_layers >= 1, got 0"),
        ({"dropout": 1.0}, "dropout_ratio < 1"),
        ({"num_sampled": 0}, "num_sampled >= 1"),
        ({"hidden_size": 0}, "LanguageModel: expected hidden_size >= 1, got 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(how, word):
    with pytest.raises(ValueError, match=word):
        model(**how)


def test_words_that_are_not_in_the_vocabulary_are_refused():
    with pytest.raises(ValueError, match=r"TimeEmbedding: xs: expected ids in \[0, 11\), got 11"):
        model().forward(XS * 0 + V, TS)
