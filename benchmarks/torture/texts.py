"""Random texts over all of Unicode through `sentifish predict`: none may fail, and each line has one line of answer.

Each round writes thousands of lines to its standard input, in each of its forms, and gives bytes that need not be UTF-8
as arguments.
"""

import itertools
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.model import sentiment_net
from dataset.text import Vocab

LINES, ARGUMENTS = 5000, 100  # of one round
FORMS = ([], ["--csv"], ["--json"])
WORDS = ["good", "bad", "film", "not", "caf\u00e9", "\u4e2d", "!"]
PIECES = [
    *("<b>", "<!--", "-->", "<script>", "</script >", "&amp;", "&#1114112;", "&#x0;", "&"),
    *("\0", "\r", "\r\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\t", "\x1b[31m", "\x9b2J", "\x7f"),
    *("\u202e", "\u2066", "\u200f", "\ufeff", "\u200d", "\u200c", "\u0301\u0316", "\uff9e", "\ufdfa", "\u1e9e"),
    *("\U0001f468\u200d\U0001f469", "\U0001f1e9\U0001f1ea", "=1+1", "@", "'", '"', "10/10", *WORDS),
]


def run(minutes, say):
    """Rounds until the minutes are over, one at least. -> figures; AssertionError naming the round that failed."""
    end = time.monotonic() + 60 * minutes
    texts = 0
    with tempfile.TemporaryDirectory() as folder:
        save_small_model(folder)
        for number in itertools.count():
            check_round(folder, number)
            texts += LINES + ARGUMENTS
            say(f"texts: {texts:,} answered")
            if time.monotonic() >= end:
                return {"texts": texts, "failures": 0}


def check_round(folder, number):
    """One round, with its number as the seed. AssertionError."""
    rng = random.Random(number)  # noqa: S311
    lines = [random_text(rng) for _ in range(LINES)]
    form = FORMS[number % len(FORMS)]
    check(number, lines, predict([folder, *form], "".join(f"{line}\n" for line in lines).encode()), form)
    arguments = [rng.randbytes(rng.randrange(60)).replace(b"\0", b"") + b" good" for _ in range(ARGUMENTS)]
    check(number, arguments, predict([folder, *form, "--", *arguments]), form)


def predict(arguments, given=b""):
    """`sentifish predict` in a process of its own, with bytes on its standard input."""
    command = [sys.executable, "-m", "ch_sentiment", "predict", *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=False)  # noqa: S603


def check(number, texts, done, form):
    """AssertionError where it failed, or did not answer each text in one printable line."""
    said = done.stderr.decode()
    if done.returncode != 0 or said.count("\n") > 1:
        raise AssertionError(f"texts: round {number}: exit code {done.returncode}, {said[-300:]!r}")
    answers = done.stdout.decode().removeprefix("label,probability,text\n").split("\n")
    if len(answers) != len(texts) + 1 or answers[-1]:
        raise AssertionError(f"texts: round {number}: expected {len(texts)} answers, got {len(answers) - 1}")
    for answer in answers:
        if not all(c.isprintable() or c in "\t\u200c\u200d" for c in answer) or (not form and answer.count("\t") > 2):
            raise AssertionError(f"texts: round {number}: expected a line of three parts, got {answer[:300]!r}")


def random_text(rng):
    """One of many kinds: any code points, those of one script, ASCII, long runs, hostile pieces."""
    kind, length = rng.randrange(6), int(rng.expovariate(1 / 30))
    if kind == 0:
        text = "".join(chr(rng.randrange(sys.maxunicode + 1)) for _ in range(length))
    elif kind == 1:
        block = rng.randrange(0, sys.maxunicode, 128)
        text = "".join(chr(block + rng.randrange(128)) for _ in range(length))
    elif kind == 2:
        text = "".join(chr(rng.randrange(128)) for _ in range(length))
    elif kind == 3:
        text = chr(rng.randrange(sys.maxunicode + 1)) * rng.randrange(2000)
    elif kind == 4:
        text = rng.choice(PIECES) * rng.randrange(500)
    else:
        text = "".join(rng.choices(PIECES, k=length))
    return text.replace("\n", "").encode("utf-8", "ignore").decode()  # a pipe of UTF-8 holds no lone surrogate


def save_small_model(folder):
    """A model with random weights, written to the folder as a training would."""
    net = sentiment_net(len(WORDS) + 2, 8, 16, rng=0)
    Classifier(net, Vocab(WORDS), ["negative", "positive"], 400).save(Path(folder, "model.npz"))
