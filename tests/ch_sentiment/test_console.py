"""The command line in poor surroundings: another locale, closed or broken streams, bytes that are no text."""

import io
import os
import subprocess
import sys

import pytest

import dataset.lines
from ch_sentiment.__main__ import main

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX shell and locales")
SMALL = "train --limit 60 --hidden 4 --wordvec 4 --epochs 2 --out r"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("console")
    (folder / "a.tsv").write_text("bon\tcafé 中文 film\nmal\tune fin !\n" * 20, encoding="utf-8")
    assert main(["train", "--data", str(folder / "a.tsv"), "--hidden", "4", "--out", str(folder / "m"), "--quiet"]) == 0
    return folder / "m"


def shell(line, cwd, stdin=None, **environment):
    """The line in bash, `sentifish` being ours."""
    command = f'sentifish() {{ "{sys.executable}" -m ch_sentiment "$@"; }}; set -o pipefail; {line}'
    kept = {key: value for key, value in os.environ.items() if key != "LC_ALL"}
    return subprocess.run(  # noqa: S603
        ["bash", "-c", command],  # noqa: S607
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={**kept, **environment},
    )


@pytest.fixture(scope="module")
def answer(model):
    """What it prints where everything is UTF-8."""
    return shell(f"sentifish predict {model} 'café 中文 film'", model.parent, LC_ALL="C.UTF-8").stdout


@pytest.mark.parametrize(
    "environment", [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "C.UTF-8"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_the_answer_is_the_same_in_every_locale(model, answer, tmp_path, environment):
    text = "café 中文 film"
    asked = shell(f"sentifish predict {model} '{text}'", tmp_path, **environment)
    piped = shell(f"sentifish predict {model}", tmp_path, (text + "\r\n").encode(), **environment)
    assert asked.returncode == piped.returncode == 0, asked.stderr + piped.stderr
    assert asked.stdout == piped.stdout == answer and answer.decode().endswith(text + "\n")


def test_bytes_on_standard_input_that_are_no_text_are_one_line_that_names_theirs(model, tmp_path):
    done = shell(f"sentifish predict {model}", tmp_path, b"bon\ncaf\xe9\n")
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1
    assert b"standard input, line 2: expected UTF-8, got byte 0xe9" in done.stderr


def test_a_line_without_end_is_not_read_to_its_end(model, capsys, monkeypatch):
    monkeypatch.setattr(dataset.lines, "LONGEST", 20)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a good film\n" + b"x" * 20 + b"\n")))
    assert main(["predict", str(model)]) == 2
    out, err = capsys.readouterr()
    assert out.count("\n") == 1 and "a good film" in out
    assert "standard input, line 2: expected at most 20 bytes in a line, got more" in err and err.count("\n") == 1


@pytest.mark.parametrize("stream", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_no_traceback(model, tmp_path, stream):
    done = shell(f"sentifish predict {model} bon {stream}", tmp_path)
    assert done.returncode == 0 and b"Traceback" not in done.stdout + done.stderr
    done = shell(f"sentifish predict nowhere bon {stream}", tmp_path)
    assert done.returncode == 2 and done.stdout == b""


def test_training_continues_when_nobody_reads_its_table(tmp_path):
    done = shell(f"sentifish {SMALL} | head -1", tmp_path)
    assert done.returncode == 0 and done.stderr == b"" and done.stdout.count(b"\n") == 1
    assert len(list((tmp_path / "r").iterdir())) == 6


def test_hostile_texts_and_labels_are_trained_on_scored_and_shown_without_harm(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "film \x1b[2J\0 \u202e good\u2028 \r <b>x</b> $\\q$ =1+1 \U0001f468\u200d\U0001f469 a\u0301\u0316"
    labels = ["$\\q$", "\x1b[31mred <b>"]
    rows = [f"{labels[i % 2]}\t{text} {i}\r\n" for i in range(20)]
    (tmp_path / "a.tsv").write_bytes(f"\ufeff{''.join(rows)}{labels[0]}\t{'good ' * 20_000}\r\n".encode())
    assert main(["train", "--data", "a.tsv", "--hidden", "4", "--epochs", "1", "--out", "r"]) == 0
    assert main(["evaluate", "r", "--data", "a.tsv"]) == 0
    assert main(["train", "--data", "a.tsv", "--classes", "3", "--out", "three"]) == 2
    out, err = capsys.readouterr()
    assert "accuracy" in out and "expected" not in err
    assert all(c.isprintable() or c in "\n\t\r\u200d" for c in out + err)
