"""Files of texts that were spoiled: each is read, or refused in one line.

They are made from those of `tests/fixtures/people`, of every format. Mutant n depends on the seed and on n alone:
`python -m benchmarks.torture files --start 4711 --count 1` makes one again.
"""

import contextlib
import io
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np

from benchmarks.torture.file_mutations import Spoiled, spoil
from benchmarks.torture.time_limit import TooLong, time_limit
from ch_sentiment.program import parse
from dataset.errors import DataError
from dataset.labelled_text import ReadOptions, left_out_line, read_labelled, read_texts

sys.path.append(str(Path(__file__).parents[2] / "tests"))
from fixtures.people import FILES

COUNT = 20_000
SECONDS = 10.0  # for a file of some kilobytes
LONGEST = 1000  # characters of a message
ENCODINGS = ["utf-8", "latin-1", "gbk", "cp1251", "utf-16", "utf-16-le", "utf-7", "idna", "rot13", "base64", "nonsense"]
ENCODINGS += ["unicode_escape", "", "utf-8\0", "cp500"]
COLUMNS = ["text", "label", "TEXT", "review text", "1", "2", "0", "-1", "9" * 30, "", "\u00b2", "nothing", "1.5"]
TINY = ["--epochs", "1", "--hidden", "4", "--wordvec", "4", "--quiet"]
EVERY = 10  # mutants: one of them goes through a training and an answering, too


def run(minutes, say, count=COUNT, start=0, seed=0):
    """`count` mutants from number `start` on, or as many as `minutes` allow. -> figures. AssertionError."""
    outcomes, failures, slowest, end = Counter(), {}, 0.0, time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in range(start, start + count):
            began = time.process_time()
            try:
                outcomes[check(number, seed, Path(folder, str(number)))] += 1
            except (Exception, SystemExit, TooLong) as error:
                place = traceback.extract_tb(error.__traceback__)[-1]
                kind = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
                failures.setdefault(kind, []).append(number)
                say(f"files: mutant {number}: {kind}: {' '.join(str(error).split())[:300]!r}")
            slowest = max(slowest, time.process_time() - began)
            if number % 1000 == 999:
                say(f"files: {number + 1:,}, {dict(outcomes)}")
            if time.monotonic() > end:
                break
    if failures:
        listed = "; ".join(f"{kind}: {len(found)}, first {found[0]}" for kind, found in failures.items())
        raise AssertionError(f"files: {listed}")
    figures = {"files": sum(outcomes.values()), **dict(sorted(outcomes.items()))}
    return {**figures, "tracebacks": 0, "warnings": 0, "slowest, seconds": round(slowest, 2)}


def check(number, seed, folder):
    """Make one mutant and read it as `train` does, then as `predict --data` does; -> the first outcome."""
    rng = np.random.default_rng([seed, number])
    path = write(rng, FILES[number % len(FILES)], folder / "files")
    how, known = options(rng)
    with time_limit(SECONDS):
        outcome = judged(lambda: check_labelled(read_labelled(path, how, **known), known))
        judged(lambda: check_texts(*read_texts(path, how)))
        if number % EVERY == 0:
            out = folder / "run"
            trained = judged(lambda: command("train", "--data", path, "--out", out, *TINY))
            assert out.exists() == (trained == "read"), "a training that was refused left something behind"
            if trained == "read":
                judged(lambda: command("predict", out, "--data", path))
    shutil.rmtree(folder)
    return outcome


def command(*arguments):
    """A command of `sentifish` within this process, without its figures and what it prints; its errors are raised."""
    module, parsed = parse(list(map(str, arguments)))
    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    with mock.patch("ch_sentiment.experiment.run_folder.write_figures"), quiet[0], quiet[1]:
        assert module.run(parsed) == 0


def write(rng, entry, folder):
    """Write a spoiled entry; -> the path that is given."""
    spoiled = Spoiled(entry.path, dict(entry.files), {})
    spoil(rng, spoiled)
    folder.mkdir(parents=True)
    for name, content in spoiled.files.items():
        path = folder / name
        with contextlib.suppress(OSError):  # a file where a folder should be, a name that is too long
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for name, target in spoiled.links.items():
        with contextlib.suppress(OSError):
            (folder / name).symlink_to(target)
    return folder / spoiled.path


def options(rng):
    """Mostly none: -> ReadOptions, further arguments of `read_labelled`."""
    how, known = {}, {}
    if rng.random() < 0.1:
        how["encoding"] = ENCODINGS[rng.integers(len(ENCODINGS))]
    for name in ("text_column", "label_column", "weight_column", "group_column"):
        if rng.random() < 0.05:
            how[name] = COLUMNS[rng.integers(len(COLUMNS))]
    if rng.random() < 0.05:
        how["strict"] = True
    if rng.random() < 0.05:
        known["num_classes"] = int(rng.integers(2, 4))
    if rng.random() < 0.05:
        known["label_names"] = [["negative", "positive"], ["0", "1"], ["1", "2", "3"]][rng.integers(3)]
    return ReadOptions(**how), known


def judged(read):
    """ "read" or "refused"; AssertionError for a message that is not one printable line."""
    try:
        read()
    except DataError as error:
        said = str(error)
        assert one_line(said), f"a message: {said!r}"
        return "refused"
    return "read"


def one_line(said):
    """Whether a message is one; what acts on a terminal is replaced where it is printed."""
    return len(said.splitlines()) == 1 and len(said) <= LONGEST


def check_labelled(found, known):
    """Whether what was read fits together."""
    n = len(found.texts)
    assert found.t.shape == found.numbers.shape == (n,) and found.t.dtype == np.int64, "shapes"
    assert found.t.min() >= 0 and found.t.max() < len(found.label_names), "class ids"
    assert not known.get("label_names") or found.label_names == known["label_names"], "label names"
    assert len(set(found.label_names)) == len(found.label_names) > 1 and all(map(str.strip, found.label_names)), "names"
    assert all(isinstance(text, str) and text.strip() for text in found.texts), "an empty text"
    assert found.weights is None or (found.weights.shape == (n,) and np.isfinite(found.weights).all()), "weights"
    assert found.groups is None or len(found.groups) == n, "groups"
    lines = [*found.notes, *filter(None, [left_out_line("a.csv", found.left_out)])]
    assert all(map(one_line, lines)), f"a line: {lines}"


def check_texts(header, rows):
    assert header is None or all(isinstance(name, str) for name in header), "header"
    for number, text, cells in rows:
        assert number >= 1 and isinstance(text, str) and isinstance(cells, list | tuple), "a row"
