"""The embedded corpus keeps its promises: balanced, unseen combinations, and order decides."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM
from common.optimizer import Adam
from common.trainer import Trainer
from dataset import phrases
from dataset.text import Vocab, tokenize

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def corpus():
    return phrases.load_data()


def test_sizes_types_and_balance_are_as_promised(corpus):
    for (x, t), least in zip(corpus, (2800, 600), strict=True):
        assert least <= len(x) == len(t) and t.dtype == np.int64
        assert {type(phrase) for phrase in x} == {str}
        assert t.mean() == 0.5
        assert all(3 <= len(tokenize(phrase)) <= 16 for phrase in x)
    assert phrases.LABEL_NAMES == ["negative", "positive"]


@pytest.mark.parametrize("seed", [1984, 0, 1])
def test_no_phrase_comes_twice_and_every_test_word_is_seen_in_training(seed):
    (x_train, _), (x_test, _) = phrases.load_data(seed)
    assert len(set(x_train + x_test)) == len(x_train) + len(x_test)
    assert set(" ".join(x_test).split()) <= set(" ".join(x_train).split())


def test_what_is_held_out_are_combinations_not_only_nouns_and_degrees(corpus):
    fillers = {*phrases._WHOLES, *phrases._PARTS, "very", "really", "quite", "so", "at", "all"}

    def combination(phrase):
        return " ".join(word for word in phrase.split() if word not in fillers)

    (x_train, _), (x_test, _) = corpus
    assert not {combination(phrase) for phrase in x_train} & {combination(phrase) for phrase in x_test}


def test_the_same_words_in_another_order_may_mean_the_opposite(corpus):
    for x, t in corpus:
        labels = {}
        for phrase, label in zip(x, t, strict=True):
            labels.setdefault(tuple(sorted(phrase.split())), []).append(int(label))
        both = [found for found in labels.values() if set(found) == {0, 1}]
        assert len(both) > 0.1 * len(x)


def test_what_follows_but_and_what_is_so_now_decide(corpus):
    known = dict(zip(corpus[0][0] + corpus[1][0], [*corpus[0][1], *corpus[1][1]], strict=True))
    checked = Counter()
    for phrase, label in known.items():
        for word in (" but ", " although "):
            before, found, after = phrase.partition(word)
            if found and not {"not", "now"} & set(phrase.split()):
                decisive = (after if word == " but " else before).split()[-1]
                assert label == int(decisive in phrases._GOOD), phrase
                checked[word] += 1
    assert min(checked.values()) > 10


def test_a_bag_of_words_stays_below_80_percent(corpus):
    vocab = Vocab.build(map(tokenize, corpus[0][0]))
    (x, t), test = (([vocab.encode(tokenize(phrase)) for phrase in texts], t) for texts, t in corpus)
    for net in (BagOfWords(len(vocab), 8, rng=0), NBSVM.of_texts(x, t, len(vocab), max_ngrams=0)):
        history = Trainer(net, Adam(lr=0.03), [], rng=0).fit(x, t, 4, 64, validation=test)
        assert history[-1]["loss"] > 0.98 * history[-2]["loss"]  # more epochs would not help
        assert 0.55 < history[-1]["val_accuracy"] < 0.75


def test_the_corpus_depends_on_the_seed_alone(corpus):
    show = "from dataset.phrases import load_data; a, b = load_data(); print(a[0], *a[1], b[0], *b[1])"
    shown = {
        subprocess.run(  # noqa: S603 (our own interpreter, our own line)
            [sys.executable, "-c", show],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1")
    }
    assert len(shown) == 1
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    again = phrases.load_data(1984)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert again[0][0] == corpus[0][0] and (again[1][1] == corpus[1][1]).all()
    assert phrases.load_data(1)[0][0] != corpus[0][0]


def test_samples_are_unseen_phrases_of_known_words(corpus):
    (x_train, _), _ = corpus
    assert len(set(phrases.SAMPLES)) == 6 and not set(phrases.SAMPLES) & set(x_train)
    assert set(" ".join(phrases.SAMPLES).split()) <= set(" ".join(x_train).split())
