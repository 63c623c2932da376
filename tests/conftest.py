"""What several test files share: every cell and every sequence layer by name, masks, one call that runs a layer; and
the command line, called here or as a process, in a folder of its own.
"""

import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import environment  # noqa: F401  (before all that reads the variables it sets)
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from labelled_files import read, rows  # noqa: F401  (fixtures)

import ch_sentiment.__main__
import ch_sentiment.experiment.run_folder
from benchmarks.gpu import stand_in
from ch_sentiment.experiment.classifier import Classifier
from common import cores
from common.attention import MultiHeadAttention, PositionalEmbedding, PositionalEncoding
from common.gpu.kernels import kernel
from common.pooling import TimeAttentionPooling, TimeBiLast, TimeFirstLast, TimeLast, TimeMax, TimeMaxMean, TimeMean
from common.recurrent.bidirectional import TimeBidirectional, TimeBiLSTM
from common.recurrent.gru import GRU, TimeGRU
from common.recurrent.gru_reset_after import GRUResetAfter, TimeGRUResetAfter
from common.recurrent.lstm import LSTM, TimeLSTM
from common.recurrent.rnn import RNN, TimeRNN
from common.recurrent.simple import SimpleTimeGRU, SimpleTimeGRUResetAfter, SimpleTimeLSTM, SimpleTimeRNN
from common.time_layers import Simple_TimeAffine, TimeAffine, TimeDropout

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts its background jobs deaf to Ctrl-C

# A test, or what draws its examples, that is slow once, on a busy machine, is not wrong.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

D, H = 3, 2  # word-vector and hidden size wherever a test does not say otherwise

# name: (fast layer over sequences, one-step layer, plain loop over it, gates, rows of b or None)
CELLS = {
    "rnn": (TimeRNN, RNN, SimpleTimeRNN, 1, None),
    "lstm": (TimeLSTM, LSTM, SimpleTimeLSTM, 4, None),
    "gru_before": (TimeGRU, GRU, SimpleTimeGRU, 3, None),
    "gru_after": (TimeGRUResetAfter, GRUResetAfter, SimpleTimeGRUResetAfter, 3, None),
    "gru_after_two_biases": (TimeGRUResetAfter, GRUResetAfter, SimpleTimeGRUResetAfter, 3, 2),
}


def normal(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def weights_of(cell, D=D, H=H, seed=0, dtype=np.float64):
    *_, gates, biases = CELLS[cell]
    b_shape = (gates * H,) if biases is None else (biases, gates * H)
    shapes = (D, gates * H), (H, gates * H), b_shape
    return [0.6 * normal(*shape, seed=seed + i).astype(dtype) for i, shape in enumerate(shapes)]


def time_cell(cell, D=D, H=H, seed=0, dtype=np.float64, stateful=False):
    return CELLS[cell][0](*weights_of(cell, D, H, seed, dtype), stateful=stateful)


def one_step(cell, weights):
    return CELLS[cell][1](*weights)


def simple_time_cell(cell, D=D, H=H, seed=0, dtype=np.float64, stateful=False):
    return CELLS[cell][2](*weights_of(cell, D, H, seed, dtype), stateful=stateful)


def bidirectional(first, second, dtype=np.float64, stateful=False):
    pair = (time_cell(cell, seed=seed, dtype=dtype, stateful=stateful) for cell, seed in ((first, 0), (second, 10)))
    return TimeBidirectional(*pair)


# Everything that takes forward(xs (N, T, 4), mask): name -> a function of dtype that makes one.
RECURRENT = {cell: lambda dtype=np.float64, cell=cell: time_cell(cell, D=4, dtype=dtype) for cell in CELLS}
RECURRENT |= {
    f"simple_{cell}": lambda dtype=np.float64, cell=cell: simple_time_cell(cell, D=4, dtype=dtype) for cell in CELLS
}
RECURRENT["bidirectional"] = lambda dtype=np.float64: TimeBidirectional(
    time_cell("gru_before", D=4, dtype=dtype), time_cell("rnn", D=4, H=3, seed=5, dtype=dtype)
)
RECURRENT["bilstm"] = lambda dtype=np.float64: TimeBiLSTM(
    *weights_of("lstm", D=4, dtype=dtype), *weights_of("lstm", D=4, seed=5, dtype=dtype)
)
POOLING = {
    "last": lambda dtype=np.float64: TimeLast(),
    "bilast": lambda dtype=np.float64: TimeBiLast(),
    "first-last": lambda dtype=np.float64: TimeFirstLast(),
    "mean": lambda dtype=np.float64: TimeMean(),
    "max": lambda dtype=np.float64: TimeMax(),
    "max-mean": lambda dtype=np.float64: TimeMaxMean(),
    "attention": lambda dtype=np.float64: TimeAttentionPooling(
        normal(4, 3, dtype=dtype), normal(3, seed=1, dtype=dtype), normal(3, seed=2, dtype=dtype)
    ),
}
STEPWISE = {
    "affine": lambda dtype=np.float64: TimeAffine(normal(4, 5, dtype=dtype), normal(5, seed=1, dtype=dtype)),
    "simple_affine": lambda dtype=np.float64: Simple_TimeAffine(
        normal(4, 5, dtype=dtype), normal(5, seed=1, dtype=dtype)
    ),
    "dropout": lambda dtype=np.float64: TimeDropout(0.5, rng=3),
}
ATTENTION = {
    "multi_head": lambda dtype=np.float64: MultiHeadAttention(
        *(0.6 * normal(4, *shape, seed=i).astype(dtype) for i, shape in enumerate([(4,), ()] * 4)), num_heads=2
    ),
    "positions": lambda dtype=np.float64: PositionalEncoding(),
    "learned_positions": lambda dtype=np.float64: PositionalEmbedding(normal(14, 4, dtype=dtype)),
}
SEQUENCE_LAYERS = RECURRENT | STEPWISE | POOLING | ATTENTION


def prefix_mask(lengths, T):
    return np.arange(T) < np.asarray(lengths)[:, None]  # (N, T)


def run(layer, xs, mask=None, seed=9):
    """forward and backward with random gradients: -> output, gradient of xs, gradients of params (copies)."""
    out = layer.forward(xs, mask)
    dxs = layer.backward(normal(*out.shape, seed=seed, dtype=out.dtype))
    return out, dxs, [np.array(g) for g in layer.grads]


# ---- what the pages show

ROOT = Path(__file__).parents[1]


def fenced(page, language=""):
    """The blocks of a page (its text) between ``` and ```, of one language."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.M | re.S)
    return [block for named, block in blocks if named == language]


# ---- the command line

TINY = ["--hidden", "4", "--wordvec", "4", "--epochs", "2", "--quiet"]


def call(*arguments):
    """main, with argparse's way of leaving turned into its exit code."""
    try:
        return ch_sentiment.__main__.main([str(a) for a in arguments])
    except SystemExit as left:
        return left.code


def start(*arguments, cwd, **how):
    """A real process."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "MPLBACKEND": "Agg"}
    command = [sys.executable, "-W", "error", "-m", "ch_sentiment", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=cwd, env=env, stdout=pipe, stderr=pipe, text=True, **how)  # noqa: S603


def everything(folder):
    """path -> bytes of all files below a folder, and None for folders."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in Path(folder).rglob("*")}


def same_weights(*folders):
    """Whether two runs have the same network to the bit, and the same words."""
    a, b = map(Classifier.load, folders)
    return a.vocab == b.vocab and all(np.array_equal(p, q) for p, q in zip(a.net.params, b.net.params))


def lines_of(label_texts, separator="\t"):
    return "".join(f"{label}{separator}{text}\n" for label, text in label_texts)


@pytest.fixture(autouse=True, scope="session")
def no_wish_for_colours():
    """Only now, because pytest reads the same variables for its own output."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PYTHON_COLORS"):
            patch.delenv(name, raising=False)
        patch.setenv("TERM", "xterm")
        yield


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder of one's own."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def no_figures(monkeypatch):
    """Trainings draw nothing: that takes most of the time of a small one."""
    monkeypatch.setattr(ch_sentiment.experiment.run_folder, "write_figures", lambda *a: None)


@pytest.fixture
def write(here):
    def write_file(name, content):
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write_file


TWO = [("pos" if i % 2 else "neg", f"{'good fine' if i % 2 else 'bad poor'} thing number{i % 5}") for i in range(40)]
THREE = [("abc"[i % 3], f"{('good', 'bad', 'odd')[i % 3]} thing") for i in range(42)]


@pytest.fixture
def old_phrases(monkeypatch):
    """`phrases-small` as version 0.1.0 had them, on which its trainings began."""
    parts = json.loads((ROOT / "tests" / "fixtures" / "v0.1.0" / "phrases_small.json").read_text("utf-8")).values()
    found = [(part["texts"], np.array(part["t"])) for part in parts]
    monkeypatch.setattr("dataset.phrases_small.load_data", lambda: found)


@pytest.fixture
def two(write):
    return write("two.tsv", lines_of(TWO))


@pytest.fixture(scope="session")
def phrases_model(tmp_path_factory):
    """A tiny model of the phrases, made once; nobody writes to it."""
    folder = tmp_path_factory.mktemp("model") / "run"
    assert call("train", *TINY, "--limit", "100", "--out", folder) == 0
    return folder


@pytest.fixture
def said(here, capsys):
    """refused(arguments) -> the one line, once it is sure that nothing else happened."""

    def refused(*arguments, code=2):
        before = everything(here)
        assert call(*arguments) == code
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1 and re.match(rf"sentifish( {arguments[0]})?: ", err)
        assert "Traceback" not in err and everything(here) == before
        return err

    return refused


# ---- a GPU


@pytest.fixture
def cupy(monkeypatch):
    """What `import cupy` gives: the stand-in, whose `calls` are counted."""
    monkeypatch.setitem(sys.modules, "cupy", stand_in.module())
    kernel.cache_clear()
    yield stand_in
    kernel.cache_clear()


# ---- pages

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium")


def shown_in_browser(content, folder):
    """The elements of a page as a browser made them, in a frame 400 pixels wide: a window is not made so narrow.

    AssertionError where its console says a word, where it scrolls sideways, or asks for a host that a text names.
    """
    frame = '<body style="margin:0"><iframe id="f" src="page.html" style="width:400px;height:900px;border:0"></iframe>'
    measure = "<script>onload=()=>{let d=f.contentDocument.documentElement;f.title=d.scrollWidth+' of '+d.clientWidth;"
    (folder / "page.html").write_text(content, encoding="utf-8")
    (folder / "frame.html").write_text(f"{frame}{measure}p.textContent=d.outerHTML}}</script><pre id=p></pre>")
    flags = ["--headless", "--disable-gpu", "--no-sandbox", "--enable-logging=stderr", "--allow-file-access-from-files"]
    log = folder / "net.json"
    flags += [f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", "--disable-background-networking"]
    command = [BROWSER, *flags, "--dump-dom", (folder / "frame.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)  # noqa: S603
    assert "CONSOLE" not in done.stderr
    assert re.search(r'title="(\d+) of \1"', done.stdout), "wider than 400 pixels"
    assert not re.search(r"example\.com|evil\.example", log.read_text())
    (inner,) = re.findall(r'<pre id="p">(.*?)</pre>', done.stdout, re.S)
    return html.unescape(inner)


@pytest.fixture
def own_fonts(monkeypatch):
    """As if no fonts were installed but those that come with matplotlib."""
    import matplotlib
    from matplotlib import font_manager

    from common.figures import fonts

    own = [f for f in font_manager.fontManager.ttflist if str(f.fname).startswith(matplotlib.get_data_path())]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    fonts._search.cache_clear()
    yield
    fonts._search.cache_clear()


@pytest.fixture
def machine_of(monkeypatch):
    """A function of a number: from then on the machine has so many cores and a fork, and no variable says anything."""
    for name in (cores.VARIABLE, *cores.RANK_VARIABLES, *cores.THREAD_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cores, "can_fork", lambda: True)
    return lambda number: monkeypatch.setattr(cores, "cores", lambda: number)
