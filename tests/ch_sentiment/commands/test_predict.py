"""`sentifish predict` and hostile texts: one line for each line, nothing that a terminal obeys, equal answers."""

import csv
import io
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from conftest import call

from benchmarks.torture import kills, memory
from benchmarks.torture import texts as random_texts
from benchmarks.torture.__main__ import main as torture
from ch_sentiment.__main__ import main
from ch_sentiment.commands.predict import CHARACTERS, CHUNK, chunks
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.model import sentiment_net
from common.files.checkpoint import CheckpointError
from dataset.errors import DataError
from dataset.text import Cleaning, Vocab

ROOT = Path(__file__).parents[3]
WORDS = ["good", "bad", "film", "the", "not", "caf\u00e9", "\u4e2d", "!"]
HOSTILE = {
    "NUL": "good\0film",
    "an escape": "good \x1b[31m\x1b]0;title\x07 film\x1b[2J",
    "C1 controls": "good \x9b31m film \x90",
    "lone CR, VT, FF, NEL": "good\rbad\x0bfilm\x0cnot\x85the",
    "line separators": "good\u2028bad\u2029film",
    "marks of direction": "good \u202e\u2066bad\u2069 \u200f\u061cfilm",
    "a byte order mark within": "good\ufefffilm",
    "tabs": "\tgood\t\tfilm\t",
    "noncharacters": "good \ufffe\U0010ffff \ue000 film",
    "HTML": "<b>good</b> <script>alert(1)</script> film &lt;",
    "100,000 characters": "bad " * 25_000,
    "one long word": "a" * 100_000,
    "many marks": "good a" + "\u0301\u0316" * 10_000,
    "nothing": "",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save(tmp_path_factory.mktemp("model"))


def save(folder, label_names=("bad", "good"), **how):
    """A model with random weights, none of which leaves an answer without doubt."""
    net = sentiment_net(len(WORDS) + 2, 8, 16, pool="max", num_classes=len(label_names), rng=0)
    Classifier(net, Vocab(WORDS), list(label_names), 50, **how).save(folder / "model.npz")
    return folder


@pytest.fixture
def ask(capsys, monkeypatch):
    """ask(arguments, stdin=bytes) -> exit code, standard output, standard error."""

    def asked(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = main(["predict", *map(str, arguments)])
        except SystemExit as left:
            code = left.code
        return code, *capsys.readouterr()

    return asked


def harmless(line):
    return all(c.isprintable() or c in "\t\u200c\u200d" for c in line)


# ---- one line for each line


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(("form", "columns"), [([], 3), (["--csv"], 3), (["--json"], None)])
def test_a_line_whatever_it_holds_is_answered_in_one_harmless_line(model, ask, text, form, columns):
    code, out, err = ask(model, *form, stdin=f"{text}\nthe end\n".encode())
    lines = out.removeprefix("label,probability,text\n").split("\n")
    assert code == 0 and len(lines) == 3 and lines[2] == "" and all(map(harmless, lines))
    assert "no word" in err if not text else "no known word" in err if text == "a" * 100_000 else err == ""
    if "\0" not in text:  # which no argument holds
        assert ask(model, *form, text, "the end") == (0, out, err.replace("lines", "texts"))
    if form == ["--json"]:
        assert json.loads(lines[0])["text"] == text
    else:
        rows = list(csv.reader(lines[:2])) if form else [line.split("\t") for line in lines[:2]]
        assert [len(row) for row in rows] == [3, 3] and rows[1][2] == "the end"
        assert rows[0][2] == "".join(c if c.isprintable() else " " for c in text)


def test_joiners_that_words_and_emoji_are_made_with_are_shown(model, ask):
    text = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301"
    assert ask(model, text)[1].endswith(f"\t{text}\n")


def test_line_ends_and_a_byte_order_mark_change_no_answer(model, ask):
    plain = ask(model, stdin=b"good film\nbad film\n")
    assert plain[0] == 0 and plain[1].count("\n") == 2
    assert ask(model, stdin=b"\xef\xbb\xbfgood film\r\nbad film\r\n") == plain
    assert ask(model, stdin=b"good film\nbad film") == plain == ask(model, "good film", "bad film")


def test_bytes_that_are_no_text_may_stand_in_an_argument(model, ask):
    code, out, _ = ask(model, b"good caf\xe9 \xff film".decode("utf-8", "surrogateescape"))
    assert code == 0 and out.endswith("\tgood caf    film\n")


def test_a_blank_line_is_answered_too_and_what_it_rests_on_is_said(model, ask):
    code, out, err = ask(model, stdin=b"\n...\n")
    assert code == 0 and out.count("\n") == 2
    assert err == "2 of 2 lines hold no word: their answers rest on nothing\n"
    assert ask(model, "", "...") == (0, out, err.replace("lines", "texts"))


def test_at_the_keyboard_each_line_is_answered_at_once(model, capsys, monkeypatch):
    class Keyboard(io.StringIO):
        def __next__(self):
            answered.append(sys.stdout.getvalue().count("\n"))
            return super().__next__()

        def isatty(self):
            return True

    answered = []
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stdin", Keyboard("\ngood\nbad\n"))
    assert main(["predict", str(model)]) == 0
    assert answered == [0, 1, 2, 3]
    assert "Ctrl-D ends" in capsys.readouterr().err


def test_a_terminal_that_sees_no_answers_sees_how_far_it_is(model, ask, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert "0 lines" in ask(model, stdin=b"good\nbad\nfilm\n")[2]
    assert ask(model, "good")[2] == ""


# ---- chunks


def test_lines_are_answered_before_the_input_ends_and_long_ones_in_smaller_chunks():
    assert len(next(chunks(itertools.repeat("a"), CHUNK))) == CHUNK
    long = "a" * (CHARACTERS // 2)
    assert list(map(len, chunks([long] * 5 + ["b"], CHUNK))) == [2, 2, 2]
    assert list(chunks(["a", "b", "c"], 2)) == [["a", "b"], ["c"]]
    assert list(chunks([], 2)) == []


@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_what_was_read_before_an_error_is_handed_out_first(before):
    def broken():
        yield from "abc"[:before]
        raise DataError("line 4")

    handed_out = []
    with pytest.raises(DataError, match="line 4"):
        handed_out.extend(chunks(broken(), 2))
    assert handed_out == [["a", "b"][:before], ["c"]][: -(-before // 2)]


def test_the_lines_before_one_that_is_not_utf8_are_answered(model, ask):
    code, out, err = ask(model, stdin=b"good\nbad film\ncaf\xe9\nnot\n")
    assert code == 2 and [line.split("\t")[2] for line in out.splitlines()] == ["good", "bad film"]
    assert err == "sentifish predict: standard input, line 3: expected UTF-8, got byte 0xe9\n"
    assert ask(model, "--csv", stdin=b"\xff\xfeg\0")[:2] == (2, "")


# ---- equal texts


@pytest.mark.parametrize("shape", [{}, {"label_names": ("bad", "good", "odd")}])
def test_the_answer_to_a_text_is_the_same_in_any_batch(tmp_path, ask, shape):
    folder = save(tmp_path, **shape)
    texts = [" ".join(words) for words in itertools.product(["good", "bad", "not"], repeat=3)]

    def answers(*arguments, **how):
        found = [json.loads(line) for line in ask(folder, "--json", *arguments, **how)[1].splitlines()]
        return np.array([list(each["probabilities"].values()) for each in found])

    together = answers(*texts)
    alone = np.concatenate([answers(text) for text in texts])
    lines = "".join(f"{text}\n" for text in [*["the film " * 20] * (CHUNK - 40), *texts])
    apart = answers(stdin=lines.encode())[CHUNK - 40 :]
    for others in (alone, apart):  # BLAS rounds a product of more columns in another way
        np.testing.assert_allclose(others, together, rtol=1e-5)
    assert np.ptp(together, axis=0).min() > 0.001


def test_a_text_of_words_that_the_model_leaves_out_holds_none(tmp_path, ask):
    folder = save(tmp_path, cleaning=Cleaning(remove_stopwords=True))
    assert ask(folder, "the")[0] == ask(folder, "the film")[0] == 0
    assert "1 of 1 texts hold no word" in ask(folder, "the")[2] and ask(folder, "the film")[2] == ""
    assert "1 of 2 lines hold no word" in ask(folder, stdin=b"the\nthe film\n")[2]


# ---- csv


def test_csv_has_one_header_and_no_cell_that_is_a_formula(tmp_path, ask, monkeypatch):
    monkeypatch.setattr("ch_sentiment.commands.predict.CHUNK", 4)
    folder = save(tmp_path, label_names=("=1+1", "@x"))
    texts = ["=good()", " +good", "-good", "@good", "\tgood=1", "\uff1dgood", 'good, "film"', "good - bad", "'good"]
    code, out, _ = ask(folder, "--csv", stdin="\n".join(texts).encode())
    header, *rows = csv.reader(io.StringIO(out), strict=True)
    assert code == 0 and header == ["label", "probability", "text"] and len(rows) == len(texts)
    assert all(row[0] in ("'=1+1", "'@x") and 0.5 <= float(row[1]) <= 1 for row in rows)
    shown = [*("'=good()", "' +good", "'-good", "'@good", " good=1", "'\uff1dgood"), *texts[6:]]
    assert [row[2] for row in rows] == shown


def test_one_form_at_a_time(model, ask):
    code, out, err = ask(model, "--json", "--csv", "good")
    assert code == 2 and out == "" and "not allowed with" in err


# ---- what a message or a pipe may do


@pytest.mark.parametrize("arguments", [["no\x1b[2Jwhere", "good"], ["nowhere", "--\x1b[2J"], ["--json=\x1b[2J"]])
def test_no_message_hands_an_escape_to_the_terminal(ask, arguments):
    code, out, err = ask(*arguments)
    assert code == 2 and out == "" and err.count("\n") == 1 and harmless(err[:-1])


@pytest.mark.skipif(os.name != "posix", reason="POSIX pipes")
def test_a_reader_that_has_had_enough_ends_it_quietly_with_the_exit_code_of_a_broken_pipe(model):
    command = [sys.executable, "-m", "ch_sentiment", "predict", str(model)]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(  # noqa: S603
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=b"good film\n",
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert done.returncode == 141 and done.stderr == b""


# ---- the long form: python -m benchmarks.torture


def test_the_torture_in_short(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(random_texts, "LINES", 100)
    monkeypatch.setattr(random_texts, "ARGUMENTS", 5)
    assert random_texts.run(0, lambda line: None) == {"texts": 105, "failures": 0}
    for answer in ("", "good\t0.5\ta\x1b", "a\t0.5\tb\tc"):
        with pytest.raises(AssertionError, match="texts: round 7"):
            random_texts.check(7, ["a"], subprocess.CompletedProcess([], 0, answer.encode(), b""), [])


def test_a_part_that_fails_is_reported_and_the_others_run(monkeypatch, capsys):
    for part, error in ((kills, CheckpointError("last.npz: damaged")), (random_texts, AssertionError("round 7"))):
        monkeypatch.setattr(part, "run", Mock(side_effect=error))
    assert torture(["kills", "texts"]) == 1
    told = capsys.readouterr().out.splitlines()[2:]
    assert told == ["| kills | last.npz: damaged | NO |", "| texts | round 7 | NO |"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
def test_the_memory_that_lines_take_in_short(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(memory, "LEAST", 3000)
    monkeypatch.setattr(memory, "FIRST", 1000)
    monkeypatch.setattr(memory, "ALLOWED", 0)
    with pytest.raises(AssertionError, match=r"expected growth under 0 MB, got \{'lines': 3000, "):
        memory.run(0, lambda line: None)


def test_the_way_out_of_a_text_that_is_the_name_of_a_file_can_be_pasted(phrases_model, here, capsys):
    Path("-a\x1b b.csv").write_text("text\n")
    assert call("predict", phrases_model, "-a\x1b b.csv") == 2
    way_out = "give --data $'./-a\\x1b b.csv' for the texts in it, or -- $'-a\\x1b b.csv' for this text itself"
    assert capsys.readouterr().err.endswith(f"{way_out}\n")
