"""What scripts promise: a word's script by its letters, a text's by most of its words."""

import pytest

from dataset.scripts import NONE, main_scripts, script_of
from dataset.store.token_cache import tokenize_texts


@pytest.mark.parametrize(
    ("word", "script"),
    [
        *(("film", "Latin"), ("été", "Latin"), ("ａｂ", "Latin"), ("фильм", "Cyrillic"), ("ταινία", "Greek")),
        *(("电", "Han"), ("〇", "Han"), ("ひ", "Kana"), ("カ", "Kana"), ("영화", "Hangul"), ("फिल्म", "Devanagari")),
        *(("فيلم", "Arabic"), ("סרט", "Hebrew"), ("ไ", "Thai"), ("3", NONE), ("!", NONE), ("😀", NONE), ("", NONE)),
        ("3d", "Latin"),
    ],
)
def test_the_script_of_a_word(word, script):
    assert script_of(word) == script


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("a good film", "Latin"),
        ("iPhone 很好 用", "Han"),
        ("хороший film", "Cyrillic Latin"),
        ("この映画が好き", "Kana"),
        ("味道很好の很好吃", "Han"),  # one Kana, as Chinese texts have it
        ("10/10 !!!", NONE),
        ("", NONE),
    ],
)
def test_the_script_of_a_text_is_that_of_most_words(text, script):
    (found,) = main_scripts(tokenize_texts([text], use_cache=False, progress=False))
    assert found in script.split()


def test_texts_do_not_change_each_other():
    texts = ["", "good", "хорошо", "?", "好"]
    assert main_scripts(tokenize_texts(texts, use_cache=False, progress=False)) == [
        NONE,
        "Latin",
        "Cyrillic",
        NONE,
        "Han",
    ]
