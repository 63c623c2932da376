"""The book's evaluations of a language model and of a seq2seq model: what they return, and what they print."""

import sys

import numpy as np
import pytest

from common.base_model import BaseModel
from common.time_layers import TimeAffine, TimeDropout, TimeEmbedding, TimeLSTM, TimeSoftmaxWithLoss
from common.util import eval_perplexity, eval_seq2seq

V, WORDS = 7, np.random.default_rng(0).integers(0, 7, 103)


class LanguageModel(BaseModel):
    """As the book's: lists filled by hand, stateful, dropout."""

    def __init__(self, dropout=0.5, seed=0):
        normal = np.random.default_rng(seed).standard_normal
        self.drop, self.lstm = TimeDropout(dropout, 0), TimeLSTM(normal((3, 8)), normal((2, 8)), normal(8), True)
        self.layers = [TimeEmbedding(normal((V, 3))), self.drop, self.lstm, TimeAffine(normal((2, V)), normal(V))]
        self.loss_layer = TimeSoftmaxWithLoss()
        self.params = [p for layer in self.layers for p in layer.params]
        self.grads = [g for layer in self.layers for g in layer.grads]

    def forward(self, xs, ts):
        for layer in self.layers:
            xs = layer.forward(xs)
        return self.loss_layer.forward(xs, ts)


class WithFlag(LanguageModel):
    """As the book's better model: the flag comes with every call, and stays."""

    def forward(self, xs, ts, train_flg=True):
        self.drop.train_flg = train_flg
        return super().forward(xs, ts)


class Foreign:
    """No BaseModel."""

    def __init__(self, model):
        self.forward = lambda xs, ts: model.forward(xs, ts)


def by_hand(model, words, N, T):
    """exp of the mean loss over all windows, each place read by itself: row i begins at i * ((len - 1) // N)."""
    jump, losses = (len(words) - 1) // N, []
    for step in range((len(words) - 1) // (N * T)):
        xs = [[words[i * jump + step * T + t] for t in range(T)] for i in range(N)]
        ts = [[words[i * jump + step * T + t + 1] for t in range(T)] for i in range(N)]
        losses.append(model.forward(np.array(xs), np.array(ts)))
    return np.exp(np.mean(losses))


@pytest.mark.parametrize(("N", "T"), [(1, 1), (2, 5), (10, 10), (3, 34), (102, 1), (1, 102)])
@pytest.mark.parametrize("make", [LanguageModel, WithFlag, lambda **how: Foreign(LanguageModel(0.0))])
def test_perplexity_is_that_of_all_windows_in_order_and_nothing_is_dropped(make, N, T, capsys):
    model = make()
    found = eval_perplexity(model, WORDS, N, T)
    assert found == pytest.approx(by_hand(LanguageModel(0.0), WORDS, N, T), rel=1e-9) and type(found) is float
    assert capsys.readouterr() == ("evaluating perplexity ...\n", "")
    if isinstance(model, BaseModel):
        assert model.drop.train_flg and model.training and not model.lstm.inference
    assert eval_perplexity(make(), list(WORDS), N, T) == pytest.approx(found, rel=1e-12)


def test_the_state_goes_on_where_it_was():
    model = LanguageModel(0.0)
    first = eval_perplexity(model, WORDS, 2, 5)
    assert eval_perplexity(model, WORDS, 2, 5) != first
    model.lstm.reset_state()
    assert eval_perplexity(model, WORDS, 2, 5) == pytest.approx(first, rel=1e-12)


def test_in_a_terminal_a_bar_shows_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    eval_perplexity(LanguageModel(), WORDS, 2, 5)
    out, err = capsys.readouterr()
    assert out == "evaluating perplexity ...\n" and "/10" in err


@pytest.mark.parametrize("words", [0, 1, 350])
def test_a_text_too_short_for_the_window_is_an_error_in_one_line(words, capsys):
    with pytest.raises(ValueError, match=rf"^eval_perplexity: expected a text of .* = 350 words, got {words}$"):
        eval_perplexity(LanguageModel(), np.zeros(words, int))
    assert capsys.readouterr() == ("", "")
    with pytest.raises(ValueError, match="eval_perplexity: expected batch_size >= 1, got 0"):
        eval_perplexity(LanguageModel(), WORDS, 0)


def test_a_perplexity_beyond_float64_is_infinite_without_a_warning():
    model = LanguageModel()
    model.layers[-1].params[0][...] *= 1e6
    assert eval_perplexity(model, WORDS, 2, 5) == np.inf


# ---- seq2seq

CHARS = dict(enumerate("01+_ \u00fc"))
QUESTION, CORRECT = np.array([[1, 2, 0, 4]]), np.array([[3, 1, 1, 4]])  # "1+0 ", "_" and "11 "


class Says:
    def __init__(self, *answer):
        self.answer, self.asked = list(answer), []

    def generate(self, *how):
        self.asked.append(how)
        return self.answer


def test_an_answer_is_right_where_every_character_is(capsys):
    model = Says(1, 1, 4)
    assert eval_seq2seq(model, QUESTION, CORRECT, CHARS) == 1
    ((question, start, size),) = model.asked
    assert question is QUESTION and start == 3 and size == 3
    assert eval_seq2seq(Says(1, 1, 0), QUESTION, CORRECT, CHARS) == 0
    assert eval_seq2seq(Says(np.int64(1), np.array(1), 4), QUESTION, CORRECT, CHARS) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="letters stand for the marks there")
def test_verbose_prints_question_answer_and_guess(capsys):
    eval_seq2seq(Says(1, 1, 4), QUESTION, CORRECT, CHARS, verbose=True)
    eval_seq2seq(Says(0, 5, 4), QUESTION, CORRECT, CHARS, True, is_reverse=True)
    right, wrong = "\033[92m\u2611\033[0m", "\033[91m\u2612\033[0m"
    assert capsys.readouterr().out == f"Q 1+0 \nT 11 \n{right} 11 \n---\nQ  0+1\nT 11 \n{wrong} 0\u00fc \n---\n"


def test_where_the_marks_cannot_be_written_letters_are(monkeypatch):
    class Narrow:
        encoding, text = "ascii", ""

        def write(self, text):
            self.text += text.encode(self.encoding).decode()

        def flush(self):
            pass

    monkeypatch.setattr(sys, "stdout", Narrow())
    eval_seq2seq(Says(1, 1, 4), QUESTION, CORRECT, CHARS, True)
    eval_seq2seq(Says(1, 0, 4), QUESTION, CORRECT, CHARS, True)
    assert [line for line in sys.stdout.text.splitlines() if line[0] in "OX"] == ["O 11 ", "X 10 "]


def test_an_answer_without_a_start_is_an_error_in_one_line():
    with pytest.raises(ValueError, match="eval_seq2seq: expected an answer that begins with its start id"):
        eval_seq2seq(Says(), QUESTION, np.zeros((1, 0), int), CHARS)
