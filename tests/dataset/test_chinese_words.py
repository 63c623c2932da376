"""What Chinese words promise: runs of Han characters alone are cut, and a word alone is cut as it is among others."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataset import chinese_words
from dataset.chinese_words import cut_otherwise, cutter, is_han_run
from dataset.errors import DataError
from dataset.store import token_cache
from dataset.store.token_cache import tokenize_texts
from dataset.text import _LONG, Cleaning, find_tokens, has_token, tokenize
from dataset.token_patterns import han_letters

WORDS = Cleaning(tokenizer="words")
chinese = st.text("不没有喜欢好吃太难推荐这家店的了一点也很送餐沒歡龥々〇\U00020000", max_size=12)
mixed = st.lists(
    chinese | st.sampled_from([" ", "，", "!", "iPhone", "\u0301", "\u200d", "😀", "の", "^_^", "<3", "1.5"])
)
any_text = mixed.map("".join) | st.text(st.characters(), max_size=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我不喜欢这家的菜", "我 不 喜欢 这家 的 菜"),
        ("一点也不好吃！不推荐", "一点 也 不 好吃 ! 不 推荐"),
        ("味道不怎么样", "味道 不怎么样"),
        ("ｉＰｈｏｎｅ15很好用，１０／１０😀:)", "iphone15 很 好 用 10/10 😀 :)"),
        ("不 喜欢", "不 喜欢"),
        ("喜\u0301欢喜欢", "喜\u0301 欢 喜欢"),
        ("<b>好吃</b>&amp;推荐", "好吃 推荐"),
        ("とても面白い映画", "と て も 面 白 い 映 画"),
        ("這家店的東西不好吃", "這 家 店 的 東 西 不 好吃"),
        ("人々 〇", "人 々 〇"),
    ],
)
def test_runs_of_han_characters_are_cut_into_words(text, expected):
    assert tokenize(text, WORDS) == expected.split()


@pytest.mark.parametrize("word", ["喜欢", "好吃", "推荐", "满意", "新鲜", "干净", "方便", "值得", "热情", "失望"])
def test_a_negation_is_a_word_of_its_own_before_a_word_that_stays_the_same(word):
    assert tokenize(f"我{word}", WORDS) == ["我", word]
    assert tokenize(f"我不{word}", WORDS) == ["我", "不", word]


@pytest.mark.parametrize(("text", "words"), [("不划算", "不划算"), ("不准时", "不准 时"), ("不难吃", "不难 吃")])
def test_but_not_before_every_word(text, words):
    assert tokenize(text, WORDS) == words.split()


@example("好吃\u0301好")
@example("(益益)-益-")
@given(any_text)
def test_what_is_no_run_of_han_characters_is_read_as_always(text):
    found = tokenize(text, WORDS)
    pieces = [list(token) if is_han_run(token) else [token] for token in found]
    assert list(itertools.chain(*pieces)) == tokenize(text)
    assert has_token(text, WORDS) is bool(found)


@given(chinese)
def test_words_joined_by_spaces_are_the_same_words(text):
    found = tokenize(text, WORDS)
    assert tokenize(" ".join(found), WORDS) == found and not cut_otherwise(found)


def test_every_han_character_is_one_word_alone():
    han = list(map(chr, han_letters()))
    assert len(han) > 90_000 and all(cutter()(character) == [character] for character in han)


def test_a_run_longer_than_any_sentence_is_cut_whole():
    text = "这家店的菜不好吃" * (_LONG // 4)
    assert "".join(find_tokens(text, WORDS)) == text


def test_words_that_are_cut_otherwise_are_named():
    assert cut_otherwise(["好吃", "不好吃", "film", "好", "よい", "好\u0301", ":)", "不怎么样"]) == ["不好吃"]


ALONE = """
import sys, dataset.text as t
t.tokenize("不好吃")
assert "rjieba" not in sys.modules
import rjieba
rjieba.add_word("不好吃", 10**6, "a")
assert rjieba.cut("不好吃") == ["不好吃"]
assert t.tokenize("不好吃", t.Cleaning(tokenizer="words")) == ["不", "好吃"]
"""


def test_only_words_import_rjieba_and_words_that_a_program_adds_to_it_change_nothing():
    subprocess.run([sys.executable, "-c", ALONE], check=True, cwd=Path(__file__).parents[2])  # noqa: S603


@pytest.fixture
def without_rjieba(monkeypatch):
    monkeypatch.setitem(sys.modules, "rjieba", None)
    cutter.cache_clear()
    yield
    cutter.cache_clear()


def test_without_rjieba_one_line_names_the_extra(without_rjieba):
    said = r"tokenizer words: expected the package rjieba, got none \(pip install 'sentifish\[zh\]'\)$"
    with pytest.raises(DataError, match=said):
        Cleaning(tokenizer="words")


@pytest.mark.parametrize("value", ["word", "Words", "", None, 1, True, ["words"], {}])
def test_cleaning_wants_one_of_the_two_tokenizers(value):
    with pytest.raises(ValueError, match="Cleaning: expected tokenizer to be characters or words, got "):
        Cleaning(tokenizer=value)


def test_the_cache_tells_tokenizers_and_versions_of_rjieba_apart(monkeypatch, tmp_path):
    monkeypatch.setenv("SENTIFISH_DATA", str(tmp_path))
    monkeypatch.setattr(token_cache, "_MIN_SIZE", 1)
    texts, made = ["不好吃", "喜欢"], []
    for cleaning, digest in ((WORDS, "a"), (Cleaning(), "a"), (WORDS, "b"), (Cleaning(), "b"), (WORDS, "a")):
        monkeypatch.setattr(chinese_words, "package_digest", lambda digest=digest: digest)
        assert tokenize_texts(texts, cleaning).tokens(0) == tokenize(texts[0], cleaning)
        made.append(sum(1 for _ in tmp_path.rglob("tokens-*")))
    assert made == [1, 2, 3, 3, 3]
