"""Tokenized texts are what the tokenizer gives, text by text, from the cache or not."""

import os
import stat
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset import signs, smileys, stopwords, text
from dataset.store import array_cache, token_cache
from dataset.store.fetch import derived_folder
from dataset.store.token_cache import tokenize_texts
from dataset.text import UNK, Cleaning, Vocab, tokenize

TEXTS = ["It was good, good fun!", "", "<b>Not</b> caf\u00e9 \U0001f41f <unk> <pad>", "was it not good?", "\ud800 odd"]
any_texts = st.lists(st.text(st.sampled_from("ab c!\u00e9\n\U0001f41f\ud800\u65e5"), max_size=12), max_size=8)


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """A cache of its own for each test, which caches the shortest texts."""
    monkeypatch.setenv("SENTIFISH_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(token_cache, "_MIN_SIZE", 1)


@pytest.fixture
def counted(monkeypatch):
    """A list that grows with every text that is tokenized."""
    times = []
    monkeypatch.setattr(token_cache, "find_tokens", lambda *args: times.append(1) or tokenize(*args))
    return times


def check(tokenized, texts, cleaning=None):
    expected = [tokenize(content, cleaning or Cleaning()) for content in texts]
    assert len(tokenized) == len(texts) and [tokenized.tokens(i) for i in range(len(tokenized))] == expected
    assert tokenized.lengths().tolist() == list(map(len, expected))
    assert tokenized.ids.dtype == np.int32 and tokenized.offsets.dtype == np.int64
    for index in (None, [], range(0, len(texts), 2), np.arange(len(texts))[::-1]):
        part = expected if index is None else [expected[i] for i in index]
        for how in ({}, {"max_size": 4}, {"min_count": 2}, {"min_count": 0}):
            vocab = tokenized.build_vocab(index, **how)
            assert vocab == Vocab.build(part, **how)
            encoded = tokenized.encode(vocab)
            assert len(encoded) == len(texts)
            for ids, tokens in zip(encoded, expected):
                assert ids.dtype == np.int32 and ids.tolist() == vocab.encode(tokens).tolist()


@settings(deadline=None)  # the first text that is not ASCII waits for a table
@given(any_texts)
def test_it_is_what_the_tokenizer_and_the_vocabulary_give(texts):
    check(tokenize_texts(texts, use_cache=False), texts)
    check(tokenize_texts(texts), texts)  # written, or read where hypothesis comes back to the same texts
    check(tokenize_texts(texts), texts)


def test_a_vocabulary_of_other_texts_leaves_unknown_words():
    ids = tokenize_texts(["a b c"], use_cache=False).encode(Vocab(["c", "a"]))
    assert ids[0].tolist() == [3, UNK, 2]


def test_the_second_start_tokenizes_nothing(counted):
    check(tokenize_texts(TEXTS), TEXTS)
    assert len(counted) == len(TEXTS)
    check(tokenize_texts(TEXTS), TEXTS)
    assert len(counted) == len(TEXTS)


def test_what_changes_the_tokens_is_tokenized_again(counted, monkeypatch):
    tokenize_texts(TEXTS)
    for other in ([*TEXTS, ""], ["".join(TEXTS[:2]), *TEXTS[2:]], [TEXTS[1], TEXTS[0], *TEXTS[2:]]):
        counted.clear()
        check(tokenize_texts(other), other)
        assert len(counted) == len(other)
    counted.clear()
    without = Cleaning(remove_punctuation=True, remove_stopwords=True)
    check(tokenize_texts(TEXTS, without), TEXTS, without)
    check(tokenize_texts(TEXTS), TEXTS)
    assert len(counted) == len(TEXTS)
    monkeypatch.setattr(token_cache, "_code_digest", lambda: "another tokenizer")
    tokenize_texts(TEXTS)
    assert len(counted) == 2 * len(TEXTS)


@pytest.mark.parametrize("module", [text, signs, smileys, stopwords])
def test_the_code_of_the_tokenizer_is_part_of_the_key(module, monkeypatch, tmp_path):
    before = token_cache._code_digest()
    (tmp_path / "text.py").write_bytes(b"# changed")
    monkeypatch.setattr(module, "__file__", str(tmp_path / "text.py"))
    token_cache._code_digest.cache_clear()
    changed = token_cache._code_digest()
    token_cache._code_digest.cache_clear()
    assert changed != before


def test_without_the_cache_or_for_short_texts_nothing_is_written(monkeypatch):
    check(tokenize_texts(TEXTS, use_cache=False), TEXTS)
    monkeypatch.setattr(token_cache, "_MIN_SIZE", 10_000)
    check(tokenize_texts(TEXTS), TEXTS)
    assert not derived_folder().parent.exists()


@pytest.mark.parametrize("damage", [lambda content: content[:-30], lambda content: b"", lambda content: b"junk"])
def test_a_damaged_file_is_computed_again_and_replaced(counted, damage):
    tokenize_texts(TEXTS)
    (file,) = derived_folder().iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    check(tokenize_texts(TEXTS), TEXTS)
    assert len(counted) == 2 * len(TEXTS) and file.read_bytes() == whole


@pytest.mark.parametrize(
    "change",
    [
        {"ids": None},
        {"ids": np.array([0], np.int32)},
        {"ids": np.full(15, 99, np.int32)},
        {"ids": np.full(15, 2**31 - 1, np.int32)},
        {"ids": np.full(15, -1, np.int32)},
        {"ids": np.zeros(15, np.int32)},
        {"ids": np.arange(15, dtype=np.int32)[::-1] % 10},
        {"ids": np.zeros(15, np.float64)},
        {"ids": np.zeros(15, "M8[s]")},
        {"ids": np.zeros((5, 3), np.int32)},
        {"ids": np.zeros(15, object)},
        {"words": np.zeros(0, np.uint8)},
        {"words": np.full(30, 0xFF, np.uint8)},
        {"words": np.zeros(0, "U3")},
        {"offsets": np.array([0, 15])},
        {"offsets": np.array([15, 0, 15, 15, 15, 15])},
        {"more": np.zeros(1, np.int32)},
    ],
)
def test_a_foreign_file_with_the_right_key_is_computed_again(counted, change):
    tokenize_texts(TEXTS)
    (file,) = derived_folder().iterdir()
    key = token_cache._key(TEXTS, Cleaning())
    arrays = array_cache.load(file.name, key, token_cache._FORM, 10**6)
    assert arrays["ids"].shape == (15,)
    whole, arrays = arrays, {name: array for name, array in (arrays | change).items() if array is not None}
    file.unlink()
    array_cache.save(file.name, key, arrays)
    check(tokenize_texts(TEXTS), TEXTS)
    assert len(counted) == 2 * len(TEXTS)
    again = array_cache.load(file.name, key, token_cache._FORM, 10**6)
    assert all((again[name] == whole[name]).all() for name in whole)


def test_tokens_of_other_texts_under_the_right_key_are_found_by_a_sample(counted):
    texts = ["good"] * 3 + ["not good"]
    tokens = tokenize_texts(texts)
    (file,) = derived_folder().iterdir()
    key = token_cache._key(texts, Cleaning())
    arrays = array_cache.load(file.name, key, token_cache._FORM, 10**6)
    array_cache.save(file.name, key, arrays | {"words": np.frombuffer(b"evil\nnot", np.uint8)})
    again = tokenize_texts(texts)
    assert again.words == tokens.words == ["good", "not"] and len(counted) == 2 * len(texts)


def test_a_file_far_larger_than_the_tokens_of_the_texts_is_not_read(counted):
    texts = ["good bad " * 20_000]
    want = tokenize_texts(texts)
    (file,) = derived_folder().iterdir()
    size = 1 << 26  # lengths that fit, and a hole
    file.write_bytes(bytes(32) + struct.pack("<3Q", 2, size // 4, 1))
    os.truncate(file, 32 + 3 * 8 + 2 * 8 + size + 1)
    tracemalloc.start()
    try:
        got = tokenize_texts(texts)
        assert tracemalloc.get_traced_memory()[1] < size / 2
    finally:
        tracemalloc.stop()
    assert got.words == want.words and np.array_equal(got.ids, want.ids)
    assert len(counted) == 2 and file.stat().st_size < 1 << 20


def test_files_of_older_versions_and_of_killed_processes_are_removed_and_no_others():
    derived_folder().mkdir(parents=True)
    ours = ["tokens-1.npz", "imdb-1-labelled.npz", "imdb-1-labelled.arrays.x.part"]
    others = ["features.npz", "notes.txt", "imdb-2-labelled.arrays.x.part"]
    for name in [*ours, *others]:
        (derived_folder() / name).touch()
        os.utime(derived_folder() / name, (1, 1))
    os.utime(derived_folder() / others[-1])  # just being written
    tokenize_texts(TEXTS)
    assert sorted(file.name for file in derived_folder().iterdir() if file.suffix != ".arrays") == sorted(others)


def test_the_eight_newest_files_stay_and_files_of_other_kinds_too():
    derived_folder().mkdir(parents=True)
    (derived_folder() / "imdb-x.arrays").touch()
    for number in range(10):
        tokenize_texts([f"text number {number}"])
        for age, file in enumerate(sorted(derived_folder().glob("tokens-*"), key=lambda file: file.stat().st_mtime_ns)):
            os.utime(file, ns=(age, age))
        if number == 0:
            (first,) = derived_folder().glob("tokens-*")
    assert len(list(derived_folder().glob("tokens-*"))) == 8 and not first.exists()
    assert (derived_folder() / "imdb-x.arrays").exists()


@pytest.mark.skipif(os.name == "nt", reason="permissions of Unix")
def test_the_words_of_a_user_are_readable_by_that_user_alone():
    tokenize_texts(TEXTS)
    (file,) = derived_folder().iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_some_of_the_texts_are_those_texts_and_a_word_is_found_in_the_texts_that_hold_it():
    texts = ["not bad", "...", "good", "", "not good at all"]
    tokenized = tokenize_texts(texts, use_cache=False)
    some = tokenized.take(np.array([0, 2, 4]))
    assert [some.tokens(i) for i in range(len(some))] == [["not", "bad"], ["good"], ["not", "good", "at", "all"]]
    assert some.offsets.dtype == np.int64 and some.build_vocab() == tokenized.build_vocab()
    assert len(tokenized.take(np.array([], int))) == 0
    good = np.array([word == "good" for word in tokenized.words])
    assert tokenized.hold(good).tolist() == [False, False, True, False, True]
    assert tokenized.hold(~good).tolist() == [True, False, False, False, True]
    assert tokenize_texts([], use_cache=False).hold(np.zeros(0, bool)).tolist() == []


def test_arrays_that_pack_did_not_make_are_refused():
    assert array_cache.unpack(*array_cache.pack(TEXTS)) == TEXTS
    assert array_cache.unpack(*array_cache.pack([b"caf\xc3\xa9", ""])) == ["caf\u00e9", ""]
    flat = np.zeros(3, np.uint8)
    for offsets in ([], [1, 3], [0, 2], [0, 4], [0, 2, 1, 3], [[0, 3]]):
        with pytest.raises(ValueError, match="offsets: expected rising int64 from 0 to 3"):
            array_cache.unpack(flat, np.array(offsets, dtype=np.int64))
    with pytest.raises(ValueError, match="offsets"):
        array_cache.unpack(flat, np.array([0, 3], dtype=np.int32))


def test_some_texts_are_taken_in_the_order_of_the_positions():
    tokens = tokenize_texts(["a b", "", "c", "a c d e"])
    some = tokens.take(np.array([3, 1, 0]))
    assert [some.tokens(i) for i in range(len(some))] == [["a", "c", "d", "e"], [], ["a", "b"]]
    assert len(tokens.take(np.zeros(0, int))) == 0
