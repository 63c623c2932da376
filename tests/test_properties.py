"""What must hold for every text, corpus and batch, tried on those that hypothesis thinks up."""

import ast
import csv
import functools
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ch_sentiment.commands.predict import answer_line, answer_object, answer_row
from ch_sentiment.model import CELLS, POOLS, sentiment_net
from common.training.batches import pad, shuffled_batches, sorted_batches, take
from dataset.labelled_text import load_data
from dataset.text import PAD, UNK, Cleaning, Vocab, clean, tokenize

settings.register_profile("short", parent=settings.get_profile("house"), max_examples=40)
short = settings(settings.get_profile("short"))

ROOT = Path(__file__).parents[1]
PIECES = ["<b>", "\\", "<!--", "-->", "<script>", "&amp;", "&#x27;", "\r\n", "\0", "'", "10/10", "!", "good", "\u4e2d"]
PIECES += ["\u202e", "\u0301\u0316", "\u200d", "\U0001f468\u200d\U0001f469", "\uff9e", "\x1b[31m", "\t", '"', "=1+1"]
any_text = st.text(st.characters())  # every code point, lone surrogates too
hostile = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=12).map("".join) | any_text
utf8 = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.lists(st.sampled_from(PIECES)).map("".join)
cleanings = st.builds(Cleaning, st.booleans(), st.booleans(), st.booleans(), st.booleans())
id_lists = st.lists(st.lists(st.integers(1, 9), max_size=7), min_size=1, max_size=20)


# ---- tokenizer


@short
@given(hostile, cleanings)
def test_a_token_stands_for_itself_and_holds_no_space(text, cleaning):
    tokens = tokenize(text, cleaning)
    assert tokens == tokenize(text, cleaning)
    for token in tokens:
        assert token and not any(c.isspace() or c in "\0\x1b\u202e" for c in token)
        assert token not in cleaning.removed


@short
@given(hostile)
def test_the_tokens_of_tokens_are_these_tokens(text):
    once = tokenize(text, Cleaning(remove_html=False))
    assert tokenize(" ".join(once), Cleaning(remove_html=False)) == once


@short
@given(st.lists(hostile, max_size=4), st.sampled_from(" \n\r\t\u2028"))
def test_between_texts_a_space_is_a_border(texts, space):
    plain = Cleaning(remove_html=False)  # a tag may span texts
    assert tokenize(space.join(texts), plain) == [token for text in texts for token in tokenize(text, plain)]


@short
@given(hostile)
def test_what_is_clean_stays_as_it_is(text):
    once = clean(text, remove_html=False)
    assert clean(once, remove_html=False) == once


# ---- vocabulary


@short
@given(st.lists(hostile, max_size=6), hostile, st.integers(3, 9))
def test_ids_are_within_the_vocabulary_and_stand_for_their_words(texts, other, max_size):
    token_lists = list(map(tokenize, texts))
    vocab = Vocab.build(token_lists, max_size)
    assert len(vocab) <= max_size and Vocab.build(token_lists[::-1], max_size) == vocab
    for tokens in [*token_lists, tokenize(other)]:
        ids = vocab.encode(tokens)
        assert len(ids) == len(tokens) and ((ids >= UNK) & (ids < len(vocab))).all()
        assert vocab.decode(ids) == [token if token in vocab else "<unk>" for token in tokens]


def test_the_vocabulary_does_not_depend_on_the_hash_seed():
    words = [f"w{i}" for i in range(200)] + ["\u00e9t\u00e9", "\u4e2d"]
    program = (
        "import sys, json; from dataset.text import Vocab; print(json.dumps(Vocab.build([set(sys.argv[1:])]).words))"
    )
    built = [
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", program, *words],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert built[0] == built[1] and ast.literal_eval(built[0].decode()) == sorted(words)


# ---- batches and masks


@short
@given(id_lists, st.integers(1, 6), st.integers(0, 9))
def test_every_example_comes_once_and_padding_stands_after_its_end(x, batch_size, seed):
    for batches in (shuffled_batches(x, batch_size, seed), sorted_batches(x, batch_size)):
        assert sorted(i for index in batches for i in index) == list(range(len(x)))
        assert sorted(map(len, batches))[1:] == [batch_size] * (len(batches) - 1)
        for index in batches:
            xs = take(x, index)
            assert xs.shape == (len(index), max(len(x[i]) for i in index))
            for row, i in zip(xs, index):
                assert row[: len(x[i])].tolist() == x[i] and (row[len(x[i]) :] == PAD).all()


@functools.cache
def net(cell, bidirectional, pool):
    return sentiment_net(12, 3, 4, cell, bidirectional, 2, pool, num_classes=3, rng=0, dtype=np.float64)


@short
@given(
    st.builds(net, st.sampled_from(list(CELLS)), st.booleans(), st.sampled_from(POOLS)),
    st.lists(st.lists(st.integers(1, 11), min_size=1, max_size=6), min_size=1, max_size=5),
    st.integers(0, 9),
)
def test_pad_columns_and_other_rows_change_no_score(net, x, more):
    longest = max(map(len, x))
    scores = net.predict(pad(x))
    np.testing.assert_allclose(net.predict(pad(x, longest + more)), scores, rtol=0, atol=1e-12)
    for ids, score in zip(x, scores):
        np.testing.assert_allclose(net.predict(pad([ids])), [score], rtol=0, atol=1e-12)


# ---- files of labelled text


def read_back(name, write, texts):
    """What `load_data` makes of the texts that `write(file, rows)` wrote, labels in turn."""
    rows = [("label", "text"), *zip(["a", "b"] * len(texts), texts)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        with path.open("w", encoding="utf-8", newline="") as file:
            write(file, rows)
        return load_data(path)


# A text is more than a mark for a missing one, of which the row is left out.
two_texts = st.lists(utf8.map("so ".__add__), min_size=2, max_size=6)


@short
@given(two_texts)
def test_any_text_survives_a_csv_file(texts):
    read, t, _ = read_back("a.csv", lambda file, rows: csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows), texts)
    assert read == texts and t.tolist() == [i % 2 for i in range(len(texts))]
    read, _, _ = read_back("a.csv", lambda file, rows: csv.writer(file).writerows(rows), texts)
    assert [text.lstrip(" ") for text in read] == [text.lstrip(" ") for text in texts]  # "a, b" is read as "a,b"


@short
@given(two_texts)
def test_any_line_survives_a_tsv_file(texts):
    texts = [text.replace("\n", " ").rstrip("\r") for text in texts]
    assume(not all("\t" in text for text in texts))  # every row would have a cell more than the header
    read, t, _ = read_back("a.tsv", lambda file, rows: file.writelines("\t".join(row) + "\n" for row in rows), texts)
    assert read == texts and t.tolist() == [i % 2 for i in range(len(texts))]


# ---- answers


@short
@given(hostile, hostile, st.none() | st.integers(1, 9))
def test_an_answer_is_one_line_of_three_parts_and_nothing_in_it_is_obeyed(text, label, longest):
    names, probabilities = [label, "other"], np.array([0.75, 0.25], np.float32)
    line = answer_line(names, probabilities, text, longest)
    cells = line.split("\t")
    assert len(cells) == 3 and cells[1] == "0.7500"
    assert longest is None or len(cells[2]) <= longest
    row = answer_row(names, probabilities, text)
    for cell in next(csv.reader([row], strict=True)):
        assert cell.lstrip()[:1] not in [*"=+-@"] or math.isfinite(float(cell))  # a label may be the number -1
    found = answer_object(names, probabilities, text)
    assert json.loads(found)["text"] == text and found.isascii()
    for answer in (line, row, found):
        assert all(c.isprintable() or c in "\t\u200c\u200d" for c in answer)


def test_a_text_of_any_code_points_at_length_is_answered_in_one_line():
    rng = random.Random(0)  # noqa: S311
    text = "".join(chr(rng.randrange(sys.maxunicode + 1)) for _ in range(20_000))
    line = answer_line(["a", "b"], np.array([0.75, 0.25]), text)
    assert len(line.split("\t")[2]) == len(text) and line.replace("\t", "").replace("\u200d", "").isprintable()
