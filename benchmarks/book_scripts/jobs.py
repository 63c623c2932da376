"""A folder for each job, with the book's chapters and one pair of packages, and the process that runs it."""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOOK, OURS = "the book's", "ours"
SIDES = (BOOK, OURS)
_PACKAGES = ("common", "dataset")
_SEQUENCES = ("addition.txt", "date.txt")  # of the checkout, so that both sides read the same lines
_LONGEST = 3600  # seconds of a script


@dataclass(frozen=True)
class Bench:
    """What does not change from job to job. checkout: Path of the book's repository. texts: lists of lines, {"train":
    ..., "valid": ..., "test": ...}. threads: of BLAS.
    """

    checkout: Path
    texts: dict
    threads: int = 1

    def run(self, side, job, words=None, kernel=None):
        """Run a job (see `runner.main`) in a fresh folder -> exit code, standard output, standard error.

        words: the text is cut after so many. kernel: another one of OpenBLAS (on x86), which rounds differently.
        """
        with tempfile.TemporaryDirectory() as folder:
            self._fill(Path(folder), side, words)
            command = [sys.executable, str(Path(__file__).with_name("runner.py")), json.dumps(job)]
            env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
            env |= {"MPLBACKEND": "Agg", "PYTHONWARNINGS": "ignore", "PYTHONIOENCODING": "utf-8"}
            env |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(self.threads))
            env |= {"OPENBLAS_CORETYPE": kernel} if kernel else {}
            try:
                done = subprocess.run(  # noqa: S603
                    command, cwd=folder, env=env, capture_output=True, encoding="utf-8", timeout=_LONGEST
                )
            except subprocess.TimeoutExpired:
                return 124, "", f"more than {_LONGEST} s"
            return done.returncode, done.stdout, done.stderr

    def seconds(self, side, timing, seconds):
        """The median time of one update, epoch or token. RuntimeError: the script failed, with its last line."""
        job = {"script": timing.path, "kind": timing.kind, "seconds": seconds, "path_too": timing.path_too}
        code, out, err = self.run(side, job | {"model": timing.model, "sizes": timing.sizes})
        if code:
            raise RuntimeError(f"{timing.name}, {side}: {last_line(err)}")
        return statistics.median(json.loads(last_line(out)))

    def _fill(self, folder, side, words):
        """Chapters, packages and texts."""
        skip = shutil.ignore_patterns("__pycache__", "ptb.*.*", "ptb.vocab.pkl")  # the book keeps what it has read
        for chapter in sorted(self.checkout.glob("ch0[1-8]")):
            shutil.copytree(chapter, folder / chapter.name, ignore=skip)
        for package in _PACKAGES:
            shutil.copytree((self.checkout if side == BOOK else ROOT) / package, folder / package, ignore=skip)
        for name in _SEQUENCES:
            if (self.checkout / "dataset" / name).is_file():
                shutil.copy(self.checkout / "dataset" / name, folder / "dataset" / name)
        for part, lines in cut_texts(self.texts, words).items():
            (folder / "dataset" / f"ptb.{part}.txt").write_text("".join(lines), encoding="utf-8")


def read_texts(files):
    """One to three files of text -> {"train": list of lines, "valid": ..., "test": ...}. A part without a file is the
    last tenth of the training text, whose words are all known. OSError, ValueError: unreadable.
    """
    read = [Path(file).read_text(encoding="utf-8").splitlines(keepends=True) for file in files]
    texts = dict(zip(("train", "valid", "test"), read, strict=False))
    tenth = texts["train"][-max(1, len(texts["train"]) // 10) :]
    return {"valid": tenth, "test": tenth} | texts


def cut_texts(texts, words):
    """The texts after the first `words` words of the training text; the others are then its last tenth."""
    if words is None:
        return texts
    count, lines = 0, []
    for line in texts["train"]:
        if count >= words:
            break
        lines.append(line)
        count += len(line.split()) + 1
    tenth = lines[-max(1, len(lines) // 10) :]
    return {"train": lines, "valid": tenth, "test": tenth}


def last_line(text):
    """The last line with something in it."""
    lines = [line for line in re.split(r"[\r\n]", text) if line.strip()]
    return lines[-1].strip() if lines else "nothing said"
