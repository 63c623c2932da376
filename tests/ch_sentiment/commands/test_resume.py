"""`sentifish train --resume`: what goes on, what is refused, and what one seed gives in any surroundings."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, TINY, TWO, call, lines_of, start

import ch_sentiment.commands.train
import ch_sentiment.experiment.run_folder
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.corpus import Corpus
from ch_sentiment.experiment.options import FIELDS, MAY_CHANGE
from ch_sentiment.experiment.parts import Part
from common.files.checkpoint import load_checkpoint, save_arrays

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    monkeypatch.setattr(ch_sentiment.experiment.run_folder, "write_figures", lambda *a: None)  # slow, not tested here


@pytest.fixture
def run(two, capsys):
    """A folder with a training of two epochs that has ended."""
    assert call("train", "--data", two, *TINY, "--out", "r") == 0
    capsys.readouterr()
    return "r"


def history(folder="r"):
    rows = json.loads(Path(folder, "history.json").read_text())
    return [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in rows]


# ---- going on


def test_more_epochs_are_added_to_a_training_that_has_ended(run, two, capsys):
    assert call("train", "--resume", run, "--epochs", "4") == 0
    out = capsys.readouterr().out
    assert [row["epoch"] for row in history()] == [1, 2, 3, 4] and "validation accuracy" in out
    config = json.loads(Path("r/config.json").read_text())
    assert config["epochs"] == 4 and config["hidden"] == 4 and config["resume"] is None
    assert call("train", "--data", two, *TINY, "--epochs", "4", "--out", "whole") == 0
    # The schedule warms up over the first fiftieth of all steps: the first one here, whatever the number of epochs.
    assert history("whole") == history() and Path("r/model.npz").read_bytes() == Path("whole/model.npz").read_bytes()


def test_a_training_that_had_ended_says_so_and_writes_its_results_again(run, two, capsys):
    before = {name: Path(run, name).read_bytes() for name in ("model.npz", "history.json")}
    Path(run, "model.npz").unlink()
    assert call("train", "--resume", run) == 0
    assert "training had already ended: 2 epochs are done (more: --epochs N)" in capsys.readouterr().out
    assert {name: Path(run, name).read_bytes() for name in before} == before

    how = [
        "--epochs",
        "50",
        "--patience",
        "1",
        "--keep-epoch",
        "best",
        "--lr",
        "0.5",
        "--quiet",
        "--hidden",
        "4",
        "--wordvec",
        "4",
    ]
    assert call("train", "--data", two, *how, "--out", "early") == 0
    epochs, model = len(history("early")), Path("early/model.npz").read_bytes()
    assert epochs < 50
    for more in ([], ["--epochs", "60"]):
        capsys.readouterr()
        assert call("train", "--resume", "early", *more) == 0
        said = f"training had already ended after epoch {epochs}: no better val_loss for 1 epochs"
        assert said in capsys.readouterr().out
        assert len(history("early")) == epochs and Path("early/model.npz").read_bytes() == model


def test_a_run_resumes_from_any_folder_and_without_its_word_vectors(write, two, monkeypatch, tmp_path):
    words = sorted({word for _, text in TWO for word in text.split()})
    rng = np.random.default_rng(0)
    vectors = write("v.txt", "".join(f"{w} {' '.join(f'{x:.3f}' for x in rng.standard_normal(4))}\n" for w in words))
    how = ["--data", two, "--test-data", two, "--embedding", vectors, "--freeze-embedding", *TINY]
    for name, epochs in (("whole", "3"), ("cut", "2")):
        assert call("train", *how, "--epochs", epochs, "--out", name) == 0
    Path(vectors).unlink()
    cut = Path("cut").resolve()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert call("train", "--resume", cut, "--epochs", "3") == 0
    assert (cut / "model.npz").read_bytes() == (cut.parent / "whole" / "model.npz").read_bytes()


def test_what_is_shown_may_differ_before_and_after(run, capsys):
    loud = [a for a in TINY if a != "--quiet"]
    assert call("train", "--limit", "40", *loud, "--out", "loud") == 0
    assert call("train", "--resume", "loud", "--epochs", "3", "--quiet") == 0
    assert call("train", "--resume", "loud", "--epochs", "4", "--save-every", "0") == 0
    assert len(history("loud")) == 4


# ---- what is refused


def test_settings_beside_it_are_one_line_and_exit_2(said, run):
    line = said("train", "--resume", run, "--cell", "lstm", "--lr", "0.1", "--bidirectional", "--epochs", "3")
    assert "expected nothing beside it but --epochs, --device, --save-every, --processes, --no-cache, --quiet" in line
    assert "got --cell, --bidirectional, --lr" in line
    assert set(MAY_CHANGE) < set(FIELDS)


def test_fewer_epochs_than_were_started_are_one_line_and_exit_2(said, run):
    assert "--epochs: expected at least 2, so many have begun, got 1" in said("train", "--resume", run, "--epochs", "1")


def test_a_folder_without_a_training_is_one_line_and_exit_2(said, run, write):
    write("file", "")
    for name in ("nowhere", "file", ".", "r/last.npz"):
        assert "expected the folder of a training" in said("train", "--resume", name)


def test_a_file_that_is_damaged_or_of_another_kind_is_one_line_and_exit_2(said, run):
    arrays, meta = load_checkpoint("r/last.npz")
    content = bytearray(Path("r/last.npz").read_bytes())
    for place in range(0, len(content), len(content) // 9):
        damaged = bytearray(content)
        damaged[place] ^= 4
        Path("r/last.npz").write_bytes(damaged)
        assert "r/last.npz: " in said("train", "--resume", run)
    Path("r/last.npz").write_bytes(Path("r/model.npz").read_bytes())
    assert "another kind" in said("train", "--resume", run)
    for about in (None, {}, {"options": {}}, {"options": {"colour": 1}}, {**meta["about"], "net": {"cell": "rnn"}}):
        save_arrays("r/last.npz", arrays, {**meta, "about": about})
        said("train", "--resume", run)


@pytest.mark.parametrize("change", ["a word", "a label", "one more", "another order", "gone"])
def test_data_that_have_changed_are_one_line_and_exit_2(said, run, two, change):
    examples = list(TWO)
    if change == "a word":
        examples[7] = (examples[7][0], examples[7][1].replace("good", "bad"))
    elif change == "a label":
        examples[7] = ("neg", examples[7][1])
    elif change == "one more":
        examples.append(examples[0])
    else:
        examples.reverse()
    Path(two).write_text(lines_of(examples))
    if change == "gone":
        Path(two).unlink()
        assert "two.tsv: expected a file or a folder" in said("train", "--resume", run)
        return
    line = said("train", "--resume", run, "--epochs", "3")
    assert "expected the data that the training in r began with, 40 texts of sha256 " in line
    assert f"got {len(examples)} texts of sha256" in line


def test_a_fingerprint_differs_for_other_texts_labels_names_and_parts():
    def of(texts=("ab", "c", "d"), t=(0, 1, 1), names=("x", "y"), cut=2):
        parts = [Part(list(texts[some]), np.array(t[some])) for some in (slice(cut), slice(cut, None))]
        return Corpus(*parts, None, None, list(names), []).fingerprint

    others = [of(("a", "bc", "d")), of(t=(1, 1, 1)), of(names=("x", "z")), of(cut=1), of(("ab", "c"), (0, 1))]
    assert of() == of() and len({of(), *others}) == 6 and of().startswith("3 texts of sha256 ")


def test_words_that_are_cut_up_otherwise_are_one_line_and_exit_2(said, run, monkeypatch):
    from dataset.text import Vocab

    build = Vocab.from_counts.__func__
    monkeypatch.setattr(Vocab, "from_counts", classmethod(lambda cls, counts, *how: build(cls, {"a": 1}, *how)))
    assert "expected the words that the training in r began with, got others" in said("train", "--resume", run)


# ---- one training a folder


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_a_second_training_into_a_folder_is_refused_and_a_killed_one_holds_no_lock(here, capsys):
    how = ["--hidden", "4", "--wordvec", "4", "--limit", "200", "--patience", "100000", "--save-every", "0"]
    process = start("train", *how, "--epochs", "100000", "--out", "r", cwd=here)
    try:
        while not process.stdout.readline().strip().startswith("1 "):
            assert process.poll() is None
        for arguments in ([*TINY, "--out", "r"], [*TINY, "--out", "r", "--overwrite"], ["--resume", "r"]):
            assert call("train", *arguments) == 2
            out, err = capsys.readouterr()
            assert out == "" and len(err.splitlines()) == 1 and "r: another training is writing into this folder" in err
        assert process.poll() is None
        for _ in range(30):  # whoever reads meanwhile sees a whole model
            Classifier.load("r")
            load_checkpoint("r/last.npz")
    finally:
        process.kill()
        process.communicate()
    assert call("train", *TINY, "--out", "r") == 2 and "holds files" in capsys.readouterr().err
    assert call("train", "--resume", "r", "--epochs", load_checkpoint("r/last.npz")[1]["position"]["epoch"]) == 0


def test_of_two_that_start_together_one_is_refused(two, monkeypatch, capsys):
    plain = ch_sentiment.commands.train.load

    def slow(*arguments):  # meanwhile another one takes the folder, and ends
        monkeypatch.setattr(ch_sentiment.commands.train, "load", plain)
        assert call("train", "--data", two, *TINY, "--out", "r") == 0
        return plain(*arguments)

    monkeypatch.setattr(ch_sentiment.commands.train, "load", slow)
    assert call("train", "--data", two, *TINY, "--out", "r") == 2
    assert "r holds files" in capsys.readouterr().err and len(history()) == 2


WRITER = """
import sys
from ch_sentiment.experiment.classifier import Classifier
model, number = Classifier.load(sys.argv[1]), 0
print("ready", flush=True)
while True:
    number += 1
    for p in model.net.params:
        p[...] = number
    model.save(sys.argv[1])
"""


def test_whoever_reads_while_another_process_writes_sees_a_whole_model(run):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITER, "r/model.npz"]
    writer = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert writer.stdout.readline() == "ready\n"
        seen, loads = set(), 0
        while loads < 100 or len(seen) < 3:  # however slow the other one is
            loads += 1
            assert writer.poll() is None
            values = {float(x) for p in Classifier.load("r").net.params for x in p.ravel()}
            seen |= values if seen or len(values) == 1 else set()
            assert not seen or len(values) == 1
    finally:
        writer.kill()
        writer.communicate()
    assert not [p for p in seen if p != int(p)]


# ---- one seed, one result


def test_one_seed_gives_the_same_bytes_whatever_the_surroundings(tmp_path, monkeypatch):
    written = []
    for number, surroundings in enumerate(
        (
            {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "UTC"},
            {"PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"},
        )
    ):
        home = tmp_path / f"home{number}"
        examples = [(label, f"{text} caf\u00e9 {i}") for i, (label, text) in enumerate(TWO)]
        for i, (label, text) in sorted(enumerate(examples), reverse=bool(number)):
            (home / "d\u00e4ta" / label).mkdir(parents=True, exist_ok=True)
            (home / "d\u00e4ta" / label / f"{i:02}.txt").write_text(text, "utf-8")
        work = home / ("w" * (number + 1))
        work.mkdir()
        with monkeypatch.context() as patched:
            for name, value in surroundings.items():
                patched.setenv(name, value)
            how = [*TINY, "--bidirectional", "--word-dropout", "0.1"]
            process = start("train", "--data", home / "d\u00e4ta", *how, "--out", "r", cwd=work)
            _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        written.append((work / "r" / "model.npz").read_bytes())
    assert written[0] == written[1]

    plain = Path.iterdir  # the disk's own order
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(sorted(plain(self), key=str, reverse=True)))
    assert (
        call("train", "--data", home / "d\u00e4ta", *TINY, "--bidirectional", "--word-dropout", "0.1", "--out", "r")
        == 0
    )
    assert Path("r/model.npz").read_bytes() == written[0]
