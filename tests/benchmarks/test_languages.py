"""The grammars of benchmarks.languages, and one small run of it and of benchmarks.chinese."""

import re
from collections import Counter

import pytest

from benchmarks import chinese, languages
from benchmarks.grammars import GRAMMARS
from dataset.scripts import script_of
from dataset.text import tokenize

SCRIPTS = {"english": {"Latin"}, "turkish": {"Latin"}, "chinese": {"Han"}, "japanese": {"Han", "Kana"}}
SCRIPTS |= {"korean": {"Hangul"}, "thai": {"Thai"}, "arabic": {"Arabic"}, "hindi": {"Devanagari"}}


@pytest.mark.parametrize("name", GRAMMARS)
def test_what_is_held_out_is_new_and_made_of_known_words(name):
    train, test = languages.phrases(name)
    texts = [phrase.text for phrase in train + test]
    assert len(set(texts)) == len(texts) and 3 * len(train) < 4 * len(texts) + len(test)
    words = {word for phrase in train for word in tokenize(phrase.text)}
    assert 30 < len(words) < 80 and {script for word in words if (script := script_of(word))} == SCRIPTS[name]
    for phrase in test:
        assert words.issuperset(tokenize(phrase.text)), phrase.text


@pytest.mark.parametrize("name", GRAMMARS)
def test_as_many_phrases_of_each_kind_are_positive_as_negative(name):
    for part in languages.phrases(name):
        counts = Counter((phrase.kind, phrase.label) for phrase in part)
        assert len(counts) == 6 and all(counts[kind, 0] == counts[kind, 1] for kind in languages.KINDS)


def test_both_labels_of_two_opinions_have_the_same_words_where_the_frame_wants_one_form_of_each():
    train, test = languages.phrases("thai")
    words = [[sorted(tokenize(p.text)) for p in train + test if p[1:] == (label, "two opinions")] for label in (0, 1)]
    assert sorted(words[0]) == sorted(words[1])


@pytest.mark.parametrize("name", GRAMMARS)
def test_a_negation_turns_the_label(name):
    """The frames of one opinion, each with its first noun and first pair of adjectives."""
    grammar = GRAMMARS[name]
    by_text = {phrase.text: phrase.label for part in languages.phrases(name) for phrase in part}
    for label, kind in enumerate(("bad", "good")):
        words = {"noun": grammar.words("nouns")[0], "a": grammar.words(kind)[0]}
        assert [by_text[frame.format(**words)] for frame in grammar.affirmed] == [label] * 5
        assert [by_text[frame.format(**words)] for frame in grammar.negated] == [1 - label] * 5


def test_a_row_for_each_model(capsys):
    languages.main(["--languages", "turkish", "--seeds", "1", "--epochs", "1"])
    head, rule, *rows = capsys.readouterr().out.splitlines()
    assert [row.split(" | ")[4] for row in rows] == ["default", "nbsvm"]
    assert len({line.count("|") for line in (head, rule, *rows)}) == 1


def test_characters_and_words_of_chinese_are_compared(tmp_path, capsys):
    file = tmp_path / "zh.csv"
    rows = [f"{i % 2},{'菜很好吃' if i % 2 else '菜不好吃'}{i}" for i in range(40)]
    file.write_text("\n".join(["label,review", *rows]), encoding="utf-8")
    chinese.main([str(file), "--models", "nbsvm", "--splits", "1"])
    *counts, characters, words, both = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in counts] == ["characters", "words"]
    for line, tokenizer in ((characters, "characters"), (words, "words")):
        assert re.fullmatch(
            rf"nbsvm, {tokenizer}: accuracy [\d.]+% \(.*\); good words negated: .* by another seed", line
        )
    assert re.fullmatch(r"nbsvm: other answers [\d.]+% by words", both)
