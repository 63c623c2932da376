"""Text from a model: temperature, top-k, the end of a sentence; and the file that keeps a model."""

import numpy as np
import pytest

from ch_language.generation import generate, probabilities
from ch_language.model import LanguageModel
from ch_language.saved import load_model, save_model
from common.files.checkpoint import CheckpointError, save_arrays
from common.functions import softmax

V = 7
SCORES = np.array([1.0, 3.0, 2.0, -1.0, 3.0, 0.0, 2.5])
WORDS = list("abcdefg")


def model(**how):
    return LanguageModel(V, **{"wordvec_size": 4, "hidden_size": 5, "rng": 0, **how})


class Counting:
    """Not trained: the word after k is k + 1, nearly always; its state is the number of words that it has read."""

    def __init__(self):
        self.loss = type("Loss", (), {"params": [None, np.zeros(V)]})()
        self.steps, self.widths = 0, []

    def predicting(self):
        return LanguageModel(2, 1, 1).predicting()

    def reset_state(self):
        self.steps = 0

    def score(self, xs):
        self.steps += xs.size
        self.widths.append(xs.shape)
        return 50 * np.eye(V)[(xs + 1) % V]  # (N, T) -> (N, T, V)


def test_probabilities_are_a_softmax_at_a_temperature():
    np.testing.assert_allclose(probabilities(SCORES, 1.0, V), softmax(SCORES))
    np.testing.assert_allclose(probabilities(SCORES, 2.0, V), softmax(SCORES / 2))
    cold = probabilities(SCORES, 1e-8, V)
    assert cold.tolist() == [0, 0.5, 0, 0, 0.5, 0, 0]
    np.testing.assert_allclose(probabilities(SCORES, 1e8, V), 1 / V, rtol=1e-6)


@pytest.mark.parametrize("top_k", [1, 2, 3, 6])
def test_the_top_k_share_all_probability_in_proportion(top_k):
    p = probabilities(SCORES, 1.0, top_k)
    kept = np.argsort(-SCORES, kind="stable")[:top_k]
    assert set(np.flatnonzero(p)) == set(kept)
    np.testing.assert_allclose(p[kept], softmax(SCORES[kept]))


def test_words_that_are_skipped_are_never_drawn_and_take_no_place_of_the_top_k():
    p = probabilities(SCORES, 1.0, 2, skip=[1, 4])
    assert set(np.flatnonzero(p)) == {6, 2}
    made = generate(model(), [0], 300, skip=[1, 2], rng=0)
    assert len(made) == 300 and set(made) == {0, 3, 4, 5, 6}


def test_generation_reads_each_word_once_and_ends_at_the_end():
    counting = Counting()
    assert generate(counting, [1, 2], 10, end=5, rng=0) == [3, 4, 5]
    assert counting.widths == [(1, 2), (1, 1), (1, 1)] and counting.steps == 0
    assert generate(counting, [1], 4, rng=0) == [2, 3, 4, 5]
    assert generate(counting, [1], 0, rng=0) == []
    assert generate(counting, [5], 3, end=5, rng=0) == [6, 0, 1]  # an end to start from is a beginning


def test_what_is_drawn_has_the_frequencies_of_the_models_softmax():
    net = model()
    for p in net.params:
        p *= 3
    expected = softmax(net.predict(np.array([[2, 3]]))[0, -1].astype(float))
    net.reset_state()
    rng = np.random.default_rng(0)
    drawn = [generate(net, [2, 3], 1, rng=rng)[0] for _ in range(2000)]
    np.testing.assert_allclose(np.bincount(drawn, minlength=V) / 2000, expected, atol=0.04)


def test_the_same_seed_writes_the_same_text_and_training_goes_on_as_before():
    net = model(dropout=0.5)
    first = generate(net, [0], 30, rng=3)
    assert first == generate(net, [0], 30, rng=3) != generate(net, [0], 30, rng=4)
    assert net.recurrent[0].h is None and net.parts[1].train_flg and not net.recurrent[0].inference


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ({"temperature": 0}, "temperature > 0, got 0"),
        ({"temperature": -1.0}, "temperature > 0, got -1.0"),
        ({"temperature": float("nan")}, "temperature > 0, got nan"),
        ({"top_k": 0}, "top_k"),
        ({"top_k": V + 1}, "top_k < 8, got 8"),
        ({"top_k": 2.5}, "a whole number for .*top_k"),
        ({"length": -1}, "length >= 0"),
        ({"ids": [V]}, r"ids: expected ids in \[0, 7\), got 7"),
        ({"ids": []}, "a word to start from and one to draw, got 0 and"),
        ({"skip": range(V)}, "one to draw, got 1 and 7 skipped"),
        ({"skip": [V]}, r"skip: expected ids in \[0, 7\), got 7"),
        ({"skip": [None]}, "skip: expected integers"),
        ({"end": V}, "0 <= end < 7"),
        ({"end": "x"}, "a whole number for .*end"),
        ({"rng": "x"}, "as rng"),
    ],
)
def test_what_cannot_be_is_refused(how, word):
    with pytest.raises(ValueError, match=f"generate: .*{word}"):
        generate(model(), **{"ids": [0], **how})


# --- the file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, {"cell": "gru", "num_layers": 2, "wordvec_size": 5, "tied": True, "dropout": 0.3}])
def test_a_saved_model_writes_the_same_text(how, here):
    net = model(**how)
    save_model("lm.npz", net, WORDS, 3.5)
    loaded, words, perplexity = load_model("lm.npz")
    assert (words, perplexity, loaded.settings) == (WORDS, 3.5, net.settings)
    assert generate(loaded, [0], 40, rng=1) == generate(net, [0], 40, rng=1)
    assert (loaded.parts[0].params[0] is loaded.loss.params[0]) == how.get("tied", False)


def test_a_file_that_is_no_language_model_is_refused_in_one_line(here):
    net = model()
    arrays = net.weights()
    big = {**net.settings, "hidden_size": 10**6}
    for number, (held, meta) in enumerate(
        [
            (arrays, {}),
            (arrays, {"words": WORDS}),
            (arrays, {"words": [1] * V, "settings": net.settings}),
            (arrays, {"words": WORDS[:-1], "settings": net.settings}),
            (arrays, {"words": WORDS, "settings": {**net.settings, "cell": "elman"}}),
            (arrays, {"words": WORDS, "settings": {**net.settings, "more": 1}}),
            *((arrays, {"words": WORDS, "settings": net.settings | more}) for more in ({"tied": 3}, {"cell": []})),
            (arrays, {"words": WORDS, "settings": big}),
            (arrays, {"words": WORDS, "settings": {**net.settings, "num_layers": 10**9}}),
            (dict(list(arrays.items())[1:]), {"words": WORDS, "settings": net.settings}),
        ]
    ):
        save_arrays(f"{number}.npz", held, meta)
        with pytest.raises(CheckpointError, match=rf"^{number}\.npz: (?!.*Error).*expected .*, got .*$"):
            load_model(f"{number}.npz")
    with pytest.raises(CheckpointError, match=r"none\.npz: expected a checkpoint, got No such file"):
        load_model("none.npz")
