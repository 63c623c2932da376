"""Every command with hostile names of files, folders, columns, labels, texts and options: what it prints is harmless.

Nothing on standard output and error but what can be printed, line ends, and tabs between the cells of an answer; no
part of a name begins a line of its own; exit code 0 or 2, no traceback.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.torture.training import ROOT

MARK = "INJECTED"  # follows each line end in a name: no line may begin so
ALL = f"\x1b[2J\n{MARK}\r{MARK}\x07\x7f\x9b31m\u202eevil\u2028{MARK}\x0b{MARK}\u2066\ufeff\t"
ALL += " e\u0301\u0316 '\"$(id) \\ <b>"
NAMES = {
    "everything": ALL,
    "a colour": "\x1b[31mred\x1b[0m",
    "a title": "\x1b]0;title\x07",
    "line ends": f"a\n{MARK}\r\n{MARK}\x85{MARK}\u2029{MARK}",
    "carriage return": f"a\r{MARK}",
    "C1": "\x9b2J\x90\x9d",
    "directions": "\u202eevil\u202c\u2066x\u2069\u200f\u061c",
    "marks": "e" + "\u0301\u0316" * 60,
    "no UTF-8": "a\udcff\udc80b",
    "long": "x" * 240,
    "separators": "\u00a0\u3000\u2003\u00ad\u2060\ufeff",
    "signs of a shell": "a b'c\"d$e`f;g|h&i*j?k~l!m#n\\o",
    "markup": "<script>alert(1)</script>".replace("/", "\u2044"),
    "formats": "%s %(prog)s {0} {name} %d%%",
    "emoji": "\U0001f468\u200d\U0001f469 \U0001f1e9\U0001f1ea \ufe0f",
}
TINY = ["--hidden", "4", "--wordvec", "4", "--epochs", "1", "--no-cache"]


def run(minutes, say):
    """The names in random order, as many as there is time for; -> figures. AssertionError naming the command."""
    end, printed, asked = time.monotonic() + 60 * minutes, 0, 0
    for tried, kind in enumerate(np.random.default_rng().permutation(list(NAMES)), start=1):
        name = NAMES[kind]
        with tempfile.TemporaryDirectory() as folder:
            for arguments in commands(name, folder, thorough=name == ALL):
                printed += check(arguments, *ask(arguments, folder, name))
                asked += 1
        say(f"messages: {asked:,} commands, {tried} names, the last of them {kind}")
        if time.monotonic() > end:
            break
    return {"names": tried, "commands": asked, "bytes printed": printed, "control characters": 0}


def ask(arguments, folder, name):
    """A command as a process of its own; -> exit code, what it printed on standard output and error."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", "SENTIFISH_DATA": f"cache {name}"}
    command = [sys.executable, "-m", "ch_sentiment", *arguments]
    done = subprocess.run(command, cwd=folder, env=env, input=name.encode("utf-8", "replace"), capture_output=True)  # noqa: S603
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def write_texts(name, folder):
    """A file of labelled texts, and one of texts alone, whose names, columns, labels and texts all hold the name."""
    said = name.encode("utf-8", "replace").decode()  # no UTF-8 within a file would be another test
    with open(Path(folder, f"{name}.csv"), "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([f"text {said}", f"label {said}", f"group {said}"])
        rows.writerows([f"{'good' if i % 2 else 'bad'} film {said} {i}", f"{i % 2} {said}", said] for i in range(40))
    lines = [f"a good film number{i} {said}\n" for i in range(400)]
    Path(folder, f"{name}.txt").write_text("".join(lines), encoding="utf-8")
    return said


def commands(name, folder, thorough=False):
    """The arguments of one command after the other; each may rest on what those before it wrote. thorough: also those
    that take seconds.
    """
    said = write_texts(name, folder)
    file, out, none = f"{name}.csv", f"run {name}", f"none {name}"
    reading = ["--text-column", f"text {said}", "--label-column", f"label {said}"]
    yield ["train", file, *reading, *TINY, "--out", out]
    yield ["train", file, *reading, *TINY, "--out", out]  # which holds files
    yield ["train", "--resume", out]
    yield ["train", "--resume", out, "--epochs", "2"]
    yield ["train", "--resume", none]
    yield ["train", file, "--text-column", none, "--label-column", none]
    yield ["train", file, *reading, "--group-column", none]
    yield ["train", none]
    yield ["train", file, "--lr", said, "--cell", said]
    yield ["train", file, *reading, "--cell", said]
    yield ["train", file, *reading, "--embedding", none]
    yield ["train", file, *reading, "--encoding", said]
    yield ["train", file, f"--{said}"]
    yield ["train", file, *reading, "--init-from", none]
    yield ["train", file, *reading, "--out", file]
    yield ["predict", out, said, "good film", "--", name]
    yield ["predict", out, "--data", file, *reading, "--csv"]
    yield ["predict", out, "--data", file, "--json"]
    yield ["predict", out]
    yield ["predict", out, file]  # the name of a file
    yield ["predict", none, said]
    yield ["predict", out, "--with", none, said]
    yield ["explain", out, f"good film {said}", "--html", f"{name}.html"]
    yield ["explain", out, "--json", said]
    yield ["explain", out, "good", "--html", f"{none}/{name}"]
    yield ["evaluate", out, file, *reading]
    yield ["evaluate", out, f"{name}.txt"]
    yield ["evaluate", out]
    yield ["inspect", out]
    yield ["inspect", file]
    yield ["compact", out, file, *reading, "--out", f"small {name}.npz"]
    yield ["compact", out, none]
    yield ["export", out, "--page", f"page {name}.html", "--safetensors", f"{name}.safetensors"]
    yield ["export", out, "--page", f"{none}/x.html"]
    yield ["audit", out, "--label", f"1 {said}"]
    yield ["audit", out, "--label", said]
    yield ["check-data", file, *reading, "--csv", f"found {name}", "--test-data", file, "--no-cache"]
    yield ["check-data", none]
    yield ["vectors", "nearest", out, "film", said]
    yield ["vectors", "nearest", f"{name}.txt", said]
    yield ["speeches", out, file]
    yield ["exercises", "start", "matmul", "--folder", f"mine {name}"]
    yield ["exercises", "start", "matmul", "--folder", f"mine {name}"]
    yield ["exercises", "check", said]
    yield ["exercises", "check", "--folder", none]
    yield ["data", "path"]
    yield ["data", "list"]
    yield ["data", "fetch", said]
    yield ["recipes", said]
    yield [said]
    yield ["--" + said]
    if thorough:
        yield ["baseline", file, *reading, "--kind", "bow", "--epochs", "1", "--out", f"bow {name}"]
        yield ["tune", file, *reading, *TINY, "--trials", "2", "--out", f"tune {name}"]
        yield ["tune", file, *reading, *TINY, "--vary", said]
        yield ["compare", file, *reading, *TINY, "--out", f"compare {name}"]
        yield ["lr-find", file, *reading, *TINY[:4], "--steps", "3", "--out", f"lr {name}"]
        yield ["pretrain", f"{name}.txt", "--epochs", "1", "--hidden", "4", "--wordvec", "4", "--out", f"pre {name}"]
        yield ["pretrain", "--resume", none]
        yield ["evaluate", out, file, *reading, "--figures", f"figures {name}"]
        yield ["explain", out, f"good film {said}", "--png", f"{name}.png"]
        yield ["audit", out, "--data", file, *reading, "--group-column", f"group {said}"]


def check(arguments, code, out, err):
    """AssertionError unless what a command printed is harmless; -> how many bytes that were."""
    tabs = "\t" if arguments[0] in ("train", "baseline", "predict", "explain") else ""  # label, probability, text
    for where, text, kept in (("standard output", out, tabs), ("standard error", err, "")):
        bad = sorted({c for c in text if not (c.isprintable() or c in f"\n\u200c\u200d{kept}")})
        assert not bad, f"{arguments}: {bad} on {where}: {text[-500:]!r}"
        injected = [line for line in text.split("\n") if line.startswith(MARK)]
        assert not injected, f"{arguments}: a name has a line of its own on {where}: {text[-500:]!r}"
    assert code in (0, 2) and "Traceback" not in err, f"{arguments}: exit code {code}: {err[-1500:]}"
    assert code == 0 or err.count("\n") == 1 or out, f"{arguments}: expected one line, got {err!r}"
    if "--json" in arguments and code == 0:
        for line in out.splitlines():
            json.loads(line)
    return len(out.encode()) + len(err.encode())
