"""What cleaning, tokens and vocabulary promise."""

import dataclasses
import itertools
import json
import re
import sys
import time
import tracemalloc
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataset.stopwords import NEGATIONS, STOPWORDS
from dataset.text import (
    _LONG,
    PAD,
    UNK,
    Cleaning,
    Vocab,
    clean,
    has_token,
    head,
    head_and_tail,
    tail,
    tokenize,
)
from dataset.token_patterns import _PLANES, ASCII_TOKEN, PLAIN_WORD, accents_token, token_pattern, unicode_token

any_text = st.text(st.characters(), max_size=40)  # every code point, lone surrogates too
tokens_lists = st.lists(st.lists(st.text(max_size=3), max_size=8), max_size=8)


# ---- clean


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Good<br />film", "good film"),
        ("a<!-- <b>not</b> this -->b", "a b"),
        ("a<script src='x'>if (a < b) {}</script>b<STYLE>p {}</STYLE>c", "a b c"),
        ("I <3 it, a < b and c > d", "i <3 it, a < b and c > d"),
        ("Q&amp;A &lt;b&gt; &#39;x&#x27;", "q&a <b> 'x'"),
        ("\u2018didn\u2019t\u2019 don\u00b4t", "'didn't' don't"),
        ("\uff01\uff34\u3000un\u00adlike", "!t unlike"),
    ],
)
def test_clean_leaves_what_a_reader_sees(text, expected):
    assert clean(text) == expected


def test_clean_keeps_the_case_on_demand():
    assert clean("<i>Good</i> \uff26ilm", lower=False) == " Good  Film"


@example("<À>")
@example("<scripť>a</script>")
@example("b>\u0338 <b>\u0338")
@example("\u1ffd")
@given(any_text)
def test_composed_and_decomposed_letters_are_the_same(text):
    assert clean(unicodedata.normalize("NFC", text)) == clean(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    "piece",
    [
        *["<!--", "<script>", "<a", "&#1", "<", "a'", "1.", "a\u200d", "\u0301", "\u0301\u0316" * 9, "\u00bd"],
        *[":", ":-", ":d", "d", "^", "^_", "_", "o_", "<3", "3", "(", ")", "(-", "-", ".", "'", "\\o", "\u30fb_"],
    ],
)
def test_hostile_texts_take_linear_time(piece):
    def seconds(count):
        """Of the processor, at best."""
        found = []
        for _ in range(3):
            began = time.process_time()
            tokenize(piece * count + "\u4e00")
            found.append(time.process_time() - began)
        return min(found)

    assert seconds(50_000) < 40 * seconds(5_000)  # linear is 10, quadratic 100


@pytest.mark.parametrize(("letter", "mark"), [("a", "\u0316"), ("\uff76", "\uff9e"), ("\u0f40", "\u0f73")])
def test_combining_marks_in_a_row_are_limited_to_what_a_script_uses(letter, mark):
    assert clean(letter + 30 * mark) == unicodedata.normalize("NFKC", letter + 30 * mark)
    assert clean(letter + 31 * mark + "b") == clean(letter + 30 * mark + "b")
    assert clean("\u263a\u2014" * 40) == "\u263a\u2014" * 40  # these are none


def test_every_character_that_nfkc_would_reorder_counts_as_a_mark():
    for code in range(sys.maxunicode + 1):
        if unicodedata.combining(unicodedata.normalize("NFKD", chr(code))[0]):
            assert clean(40 * chr(code)) == clean(30 * chr(code)), hex(code)


def test_the_tokens_of_a_long_text_take_little_more_than_the_list_that_holds_them():
    text = "good film " * 20_000
    tokenize(text)
    tracemalloc.start()
    tokens = tokenize(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * sys.getsizeof(tokens) + len(text)


# ---- tokenize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Didn't like o'clock 'quoted' dogs'", "didn't like o'clock quoted dogs"),
        ("10/10! 3.5/5, 1,000 in 1980. 3D 1980s", "10/10 ! 3.5/5 1,000 in 1980 3d 1980s"),
        ("so_so-so (good)...bad; what?!", "so so so good bad what ? !"),
        ("Caf\u00e9 cafe\u0301 Ti\u1ebfng Vi\u1ec7t", "caf\u00e9 caf\u00e9 ti\u1ebfng vi\u1ec7t"),
        ("हिन्दी में क्षेत्र", "हिन्दी में क्षेत्र"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0631\u062f\u200c ok",
            "\u0645\u06cc\u200c\u062e\u0648\u0631\u062f ok",
        ),
        ("ශ්\u200dරී", "ශ්\u200dරී"),
        ("한국어 영화", "한국어 영화"),
        ("很好看 3D", "很 好 看 3d"),
        ("とてもスーパー", "と て も ス ー パ ー"),
        ("ดีมาก ๑๒", "ดี ม า ก ๑๒"),
        ("ကောင်း ខ្មែរ ດີ", "ကော င်း ខ្ មែ រ ດີ"),
        ("❤\ufe0f👍🏽★★", "❤ 👍 ★ ★"),
        ("👨\u200d👩\u200d👧🇩🇪🇫🇷", "👨\u200d👩\u200d👧 🇩🇪 🇫🇷"),
        ("1\ufe0f\u20e3 st", "1\u20e3 st"),
    ],
)
def test_tokens_of_many_scripts(text, expected):
    assert tokenize(text) == expected.split()


@given(any_text)
def test_no_text_raises_and_no_token_is_empty_or_holds_a_space(text):
    for token in tokenize(text):
        assert token and not any(character.isspace() for character in token)


@given(st.text(st.characters(max_codepoint=127)))
def test_the_fast_path_for_ascii_agrees_with_the_general_one(text):
    assert tokenize(text) == unicode_token().findall(clean(text))


def test_the_token_pattern_is_made_of_all_planes_that_have_characters():
    left_out = set(range(sys.maxunicode + 1)).difference(*_PLANES)
    assert {unicodedata.category(chr(code)) for code in left_out} == {"Cn", "Co"}  # none, and private


def test_numerals_too_long_for_int_do_not_raise():
    assert tokenize("a &#" + "1" * 5000 + ";")[0] == "a"


def test_equal_tokens_share_their_memory():
    one, other = tokenize("An excellent film \u00e9t\u00e9"), tokenize("excellent \u00e9t\u00e9")
    assert one[1] is other[0] and one[3] is other[1]
    assert sys.intern("excellent") is one[1]


# ---- Cleaning

REVIEW = "This is <b>not</b> a good film! I didn't like it &amp; she's never been without \U0001f600, was it? But..."


@pytest.mark.parametrize(
    ("cleaning", "expected"),
    [
        (
            Cleaning(),
            "this is not a good film ! i didn't like it she's never been without \U0001f600 was it ? but",
        ),
        (
            Cleaning(remove_html=False),
            "this is b not b a good film ! i didn't like it amp she's never been without \U0001f600 was it ? but",
        ),
        (
            Cleaning(remove_punctuation=True),
            "this is not a good film i didn't like it she's never been without \U0001f600 was it but",
        ),
        (Cleaning(remove_stopwords=True), "not good film ! didn't like never without \U0001f600 ? but"),
        (Cleaning(remove_negations=True), "this is a good film ! i like it she's been \U0001f600 was it ?"),
        (
            Cleaning(remove_punctuation=True, remove_stopwords=True, remove_negations=True),
            "good film like \U0001f600",
        ),
    ],
)
def test_each_option_of_cleaning_does_what_it_says(cleaning, expected):
    assert tokenize(REVIEW, cleaning) == expected.split()
    assert Cleaning(**json.loads(json.dumps(dataclasses.asdict(cleaning)))) == cleaning


def test_typographic_apostrophes_do_not_hide_a_stop_word():
    assert tokenize("It\u2019s SHE\u2019S didn\u2019t", Cleaning(remove_stopwords=True)) == ["didn't"]


@given(any_text)
@pytest.mark.parametrize("cleaning", [Cleaning(), Cleaning(remove_punctuation=True)])
def test_has_token_agrees_with_tokenize(cleaning, text):
    for part in (text, text[:1], "!", "! a"):
        assert has_token(part, cleaning) is bool(tokenize(part, cleaning))


@given(any_text)
def test_without_html_removal_no_text_raises_either(text):
    assert all(tokenize(text, Cleaning(remove_html=False)))


def test_the_two_lists_of_words_are_apart_and_made_of_single_tokens():
    assert not STOPWORDS & NEGATIONS
    assert {"not", "no", "nor", "never", "but", "without", "won't", "cannot"} <= NEGATIONS
    assert {"the", "of", "is", "it's"} <= STOPWORDS
    assert not {"very", "too", "only", "good", "like"} & (STOPWORDS | NEGATIONS)
    for word in STOPWORDS | NEGATIONS:
        assert tokenize(word) == [word]


def test_cleaning_wants_bools():
    with pytest.raises(ValueError, match="remove_html to be True or False, got 'no'"):
        Cleaning(remove_html="no")


# ---- head_and_tail


@given(st.lists(st.integers(0, 99), max_size=12), st.integers(1, 14))
def test_head_and_tail_keeps_both_ends(tokens, max_len):
    kept = head_and_tail(tokens, max_len)
    head = -(-max_len // 2)
    expected = tokens if len(tokens) <= max_len else tokens[:head] + tokens[len(tokens) - max_len // 2 :]
    assert kept == expected
    ids = np.array(tokens, dtype=np.int64)
    np.testing.assert_array_equal(head_and_tail(ids, max_len), expected)
    assert head_and_tail(ids, max_len).dtype == ids.dtype


@pytest.mark.parametrize("max_len", [1, 3, 5, 9])
def test_head_and_tail_alone_keep_the_first_and_the_last(max_len):
    tokens = list("abcde")
    assert head(tokens, max_len) == tokens[: min(max_len, 5)]
    assert tail(tokens, max_len) == tokens[max(5 - max_len, 0) :]
    assert tail(np.arange(5), max_len).tolist() == list(range(5))[-max_len:]


def test_head_and_tail_wants_room_for_one():
    with pytest.raises(ValueError, match="max_len >= 1, got 0"):
        head_and_tail(["a"], 0)


# ---- Vocab


def test_ids_follow_count_then_alphabet():
    vocab = Vocab.build([["b", "a", "c"], ["c", "b"], []])
    assert vocab.id_to_word == ["<pad>", "<unk>", "b", "c", "a"]
    assert vocab.word_to_id == {"b": 2, "c": 3, "a": 4}
    assert len(vocab) == 5 and "a" in vocab and "z" not in vocab


def test_max_size_counts_the_two_special_ids_and_min_count_drops_the_rare():
    lists = [["a", "a", "b", "b", "c"]]
    assert Vocab.build(lists, max_size=3).words == ["a"]
    assert Vocab.build(lists, min_count=2).words == ["a", "b"]


@given(tokens_lists)
def test_known_tokens_survive_the_round_trip_and_the_words_are_the_vocabulary(lists):
    vocab = Vocab.build(iter(lists))
    for tokens in lists:
        ids = vocab.encode(tokens)
        assert ids.dtype == np.int32 and ids.shape == (len(tokens),)
        assert vocab.decode(ids) == tokens
        assert not np.isin([PAD, UNK], ids).any()
    assert Vocab(vocab.words) == vocab == Vocab.build(reversed(lists))


def test_unknown_words_and_the_literal_names_of_the_special_ids():
    vocab = Vocab(["film"])
    assert vocab.encode(["film", "zebra", "<pad>", "<unk>"]).tolist() == [2, UNK, UNK, UNK]
    assert "<pad>" not in vocab
    real = Vocab(["<unk>", "<pad>"])
    assert real.encode(["<unk>", "<pad>", "film"]).tolist() == [2, 3, UNK]
    assert real.decode([0, 1, 2, 3]) == ["<pad>", "<unk>", "<unk>", "<pad>"]


def test_vocabularies_are_equal_by_their_words():
    assert Vocab(["a", "b"]) == Vocab(("a", "b")) != Vocab(["b", "a"])
    assert Vocab(["a"]) != ["a"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Vocab(["a", "b", "a"]), "expected distinct words, got 'a' twice, for ids 2 and 4"),
        (lambda: Vocab(["a", 3]), "got 3 for id 3"),
        (lambda: Vocab("abc"), "got one str 'abc'"),
        (lambda: Vocab.build([["a"]], max_size=2), "max_size > 2"),
        (lambda: Vocab.build(["a text"]), "tokenize it first"),
        (lambda: Vocab(["a"]).encode("a text"), "tokenize it first"),
        (lambda: Vocab(["a"]).decode([3]), "ids from 0 to 2, got 3"),
        (lambda: Vocab(["a"]).decode([-1]), "got -1"),
    ],
)
def test_misuse_is_a_value_error_that_says_what_came(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_no_sign_beside_a_word_a_number_or_a_smiley_makes_another_of_it_in_another_unicode_form():
    for sign in filter(str.isprintable, map(chr, range(0x80, 0x4000))):
        for text in (f"a{sign}b", f"{sign}:)", f"3{sign}"):
            expected = tokenize(text)
            assert all(tokenize(unicodedata.normalize(form, text)) == expected for form in ("NFC", "NFD")), ascii(text)


@pytest.mark.parametrize("sign", "\u2122\u2120\u2103\u33a1\u20a8\u3231\u2460\u2474\u2488\u00bd")
def test_a_sign_that_stands_for_letters_or_a_number_changes_no_word_beside_it(sign):
    assert tokenize(f"film{sign}good") == ["film", *tokenize(sign), "good"]


@pytest.mark.parametrize("text", ["don`t", "DON`T", "don\u1feft", "don\u2019t"])
def test_a_backtick_between_letters_is_an_apostrophe(text):
    assert tokenize(text) == ["don't"]
    assert tokenize(f"`{text}` is `code`") == ["don't", "is", "code"]


some_text = st.text("abeo0_-'\u00e9\u0301\u4e2d\u2764\u200d\u2044 8b)t:dx.1!", max_size=12) | any_text


@given(some_text)
def test_plain_words_are_tried_first_and_change_nothing(text):
    text = clean(text)
    pattern = token_pattern(text)
    assert pattern.findall(text) == re.findall(pattern.pattern.removeprefix(f"{PLAIN_WORD}|"), text)


@given(some_text)
def test_the_patterns_of_simpler_texts_find_what_that_of_all_scripts_does(text):
    text = clean(text)
    assert token_pattern(text).findall(text) == unicode_token().findall(text)


def test_a_text_with_accents_has_the_pattern_that_takes_no_time_to_make():
    assert token_pattern(clean("caf\u00e9 \u201cn\u00e4chste\u201d \u2013 \u20ac 5 \u00bd")) is accents_token()
    assert token_pattern("film") is ASCII_TOKEN
    assert token_pattern("\u4e2d") is token_pattern("e\u0301") is unicode_token()


def test_no_mark_and_no_letter_of_an_unspaced_script_is_missing_in_the_pattern_of_texts_with_accents():
    for code in itertools.chain(*_PLANES):
        if token_pattern(chr(code)) is accents_token():
            assert accents_token().findall(f"a{chr(code)}b") == unicode_token().findall(f"a{chr(code)}b"), hex(code)


@pytest.mark.parametrize("cleaning", [Cleaning(), Cleaning(remove_punctuation=True, remove_stopwords=True)])
def test_a_long_text_has_the_tokens_of_its_lines(cleaning):
    lines = ["It is good, isn't it? :)", "caf\u00e9 10/10!"] * (_LONG // 20)
    assert len(text := "\n".join(lines)) > _LONG
    assert tokenize(text, cleaning) == [token for line in lines for token in tokenize(line, cleaning)]
