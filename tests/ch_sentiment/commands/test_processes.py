"""Commands that ask a model on several cores: the answers of one process, a live pipe answered at once, one line for
what cannot be shared.
"""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import ROOT, call

from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.explain.attribution import explain
from ch_sentiment.model import sentiment_net
from common import processes
from common.cores import VARIABLE, can_fork
from common.processes import map_on_cores
from dataset.store.token_cache import tokenize_texts
from dataset.text import Vocab

pytestmark = pytest.mark.skipif(not can_fork(), reason="no fork")
WORDS = ["good", "bad", "film", "the", "not", "!"]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture(autouse=True)
def shared(monkeypatch):
    """However little the work is, it is shared; returns the list of the ids of processes that were started."""
    started, fork = [], os.fork

    def counted():
        if pid := fork():
            started.append(pid)
        return pid

    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(processes, "WORTH", 0.0)
    monkeypatch.setattr("ch_sentiment.commands.predict.WORTH", 0.0)
    monkeypatch.setattr(os, "fork", counted)
    return started


def classifier():
    net = sentiment_net(len(WORDS) + 2, 8, 16, pool="max", bidirectional=True, rng=0)
    return Classifier(net, Vocab(WORDS), ["bad", "good"], 200)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.npz"
    classifier().save(path)
    return path


def many_texts(N=400):
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice([*WORDS, "caf\u00e9", "\u4e2d"], rng.integers(1, 40))) for _ in range(N)]


def test_predict_proba_has_the_same_bits_with_any_number_of_processes(shared):
    model, texts = classifier(), many_texts()
    model.processes = 1
    alone = model.predict_proba(texts)
    assert not shared
    for number in (2, 3):
        model.processes = number
        np.testing.assert_array_equal(model.predict_proba(texts), alone)
    assert shared


def test_the_variable_overrules_from_python_too(shared, monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    classifier().predict_proba(many_texts())
    assert not shared


def test_tokens_are_those_of_one_process_in_the_same_order(shared):
    texts = many_texts(3000)
    alone = tokenize_texts(texts, None, False, False)
    together = tokenize_texts(texts, None, False, False, lambda f, items: map_on_cores(f, items, 2))
    assert len(shared) == 2 and together.words == alone.words
    np.testing.assert_array_equal(together.ids, alone.ids)
    np.testing.assert_array_equal(together.offsets, alone.offsets)


def test_a_long_text_is_explained_alike(shared):
    model, text = classifier(), " ".join(many_texts(8))
    model.processes = 1
    alone = explain(model, text)
    model.processes = 2
    together = explain(model, text)
    assert shared
    for name in ("occlusion", "so_far"):
        np.testing.assert_array_equal(getattr(together, name), getattr(alone, name))
    np.testing.assert_array_equal(together.path.attributions, alone.path.attributions)


@pytest.mark.parametrize("form", [[], ["--csv"], ["--json"]])
@pytest.mark.parametrize("of_file", [False, True])
def test_predict_prints_the_same_with_any_number_of_processes(
    model, tmp_path, capsys, monkeypatch, form, of_file, shared
):
    monkeypatch.setattr("ch_sentiment.commands.predict.CHUNK", 64)
    texts = many_texts()
    (tmp_path / "new.txt").write_text("\n".join(texts), "utf-8")
    found = []
    for number in (1, 2):
        asked = ["--data", tmp_path / "new.txt"] if of_file else texts
        assert call("predict", model, *asked, *form, "--processes", number) == 0
        found.append(capsys.readouterr())
    assert shared and found[0] == found[1] and found[0].out.count("\n") in (len(texts), len(texts) + 1)


def test_evaluate_audit_and_speeches_say_the_same(model, tmp_path, capsys, shared):
    rows = "".join(f"{text}\t{'good' if 'good' in text else 'bad'}\n" for text in many_texts())
    (tmp_path / "new.tsv").write_text(f"text\tlabel\n{rows}", "utf-8")
    speech = "good film. the bad film! " * 100
    (tmp_path / "s.csv").write_text("speaker,speech,source\n" + f"A,{speech},x\nB,{speech} not,y\n", "utf-8")
    commands = [["evaluate", model, tmp_path / "new.tsv", "--json"], ["audit", model, "--json"]]
    for command in commands:
        said = []
        for number in (1, 2):
            assert call(*command, "--processes", number) == 0
            said.append(capsys.readouterr().out)
        assert said[0] == said[1]
    for number in (1, 2):
        out = ["--out", tmp_path / f"out{number}"]
        assert call("speeches", model, tmp_path / "s.csv", *out, "--json", "--processes", number) == 0
    one, two = ((tmp_path / f"out{number}" / "speeches.json").read_text() for number in (1, 2))
    assert one == two and shared


@pytest.mark.parametrize("command", ["predict", "evaluate", "explain", "audit", "speeches"])
@pytest.mark.parametrize("number", ["0", "-1", "two", "1.5"])
def test_a_number_of_processes_that_is_none_is_refused_in_one_line(command, number, capsys):
    assert call(command, "model.npz", "--processes", number) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert "argument --processes: expected a whole number above 0" in err


def test_a_variable_that_is_no_number_is_refused_in_one_line(model, capsys, monkeypatch):
    monkeypatch.setenv(VARIABLE, "many")
    assert call("predict", model, "good") == 2
    assert f"{VARIABLE}: expected a whole number from 1 on, got 'many'" in capsys.readouterr().err


def test_a_process_that_is_killed_ends_predict_with_one_line(model, capsys, monkeypatch):
    monkeypatch.setattr("ch_sentiment.commands.predict.answers", lambda *_: os.kill(os.getpid(), 9))
    assert call("predict", model, *many_texts(), "--processes", "2") == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "was killed by signal 9" in err


@pytest.mark.parametrize("number", ["1", "2"])
def test_the_lines_of_a_live_pipe_are_answered_while_it_stays_open(model, number):
    command = [sys.executable, "-m", "ch_sentiment", "predict", model, "--processes", number]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=ENV) as process:  # noqa: S603
        for lines in ([b"good film"], [b"bad film", b"not good"], [b"the film"] * 70):
            process.stdin.write(b"".join(line + b"\n" for line in lines))
            process.stdin.flush()
            answered = [process.stdout.readline().rstrip().split(b"\t")[2] for _ in lines]  # waits for them
            assert answered == lines
            time.sleep(0.15)
        process.stdin.write(b"bad")
        process.stdin.close()
        assert process.stdout.read().endswith(b"\tbad\n")
    assert process.returncode == 0


IMPORTS = """
import sys
from ch_sentiment.__main__ import main
assert main(["predict", sys.argv[1], "I did not expect to like it, but I did!"]) == 0
print(*sys.modules)
"""


def test_predict_of_a_text_imports_nothing_that_it_does_not_need(model):
    done = subprocess.run([sys.executable, "-c", IMPORTS, model], env=ENV, capture_output=True, text=True, check=True)  # noqa: S603
    loaded = set(done.stdout.splitlines()[-1].split())
    needless = (
        "tqdm multiprocessing threadpoolctl matplotlib pooch email socket zipfile tarfile concurrent.futures logging"
    )
    needless += (
        " html dataset.labelled_text dataset.glove dataset.imdb dataset.store.fetch ch_sentiment.experiment.corpus"
    )
    assert not loaded & set(needless.split())
