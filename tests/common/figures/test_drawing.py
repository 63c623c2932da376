"""A figure is the same whatever a person's matplotlib is set to, and their settings are as before."""

import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib
import pytest

from common.figures.drawing import plotting, png

ROOT = Path(__file__).parents[3]
SETTINGS = """
text.usetex: True
axes.unicode_minus: False
font.family: No Such Font
savefig.bbox: tight
savefig.format: pdf
savefig.dpi: 7
figure.dpi: 900
figure.facecolor: red
interactive: True
path.sketch: 1, 100, 2
lines.linewidth: 9
image.cmap: nonsense
backend: nonsense
no.such.key: 1
"""
DRAW = """
import sys
from common.figures.drawing import png
image, _ = png(lambda plot: plot.confusion([[1, 2], [3, 4]], ["a", "$b$"]))
sys.stdout.buffer.write(image)
assert "matplotlib.pyplot" not in sys.modules
"""


def drawn(folder, **variables):
    """The PNG of another process in this folder, and nothing on its standard error."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-c", DRAW]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return drawn(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize(
    "backend", ["nonsense", "module://matplotlib_inline.backend_inline", "module://no.such", "tkagg"]
)
def test_mplbackend_of_a_notebook_or_of_nobody_changes_nothing(backend, plain, tmp_path):
    assert drawn(tmp_path, MPLBACKEND=backend) == plain


@pytest.mark.parametrize("content", [SETTINGS.encode(), b"# Gr\xf6\xdfe\nlines.linewidth: 9\n", b"\xff\xfe\x00"])
def test_a_matplotlibrc_changes_nothing(content, plain, tmp_path):
    (tmp_path / "rc").write_bytes(content)
    assert drawn(tmp_path, MATPLOTLIBRC=str(tmp_path / "rc"), MPLBACKEND="nonsense") == plain


def test_neither_do_a_matplotlibrc_of_the_folder_a_folder_that_cannot_be_written_nor_strict_warnings(plain, tmp_path):
    (tmp_path / "matplotlibrc").write_text(SETTINGS)
    (tmp_path / "file").touch()
    assert drawn(tmp_path, MPLCONFIGDIR=str(tmp_path / "file"), PYTHONWARNINGS="error") == plain


@pytest.mark.parametrize("name", ["text.usetex", "interactive"])
def test_settings_in_the_same_process_change_nothing_and_stay(name):
    def draw(plot):
        return plot.learning_curve([{"epoch": 1, "loss": -1.0}])

    image, _ = png(draw)
    with matplotlib.rc_context({name: True, "font.family": "No Such Font", "savefig.dpi": 5, "figure.dpi": 30}):
        matplotlib.rcParams["lines.linewidth"] = 9
        before = dict(matplotlib.rcParams.copy())
        assert png(draw)[0] == image
        assert dict(matplotlib.rcParams.copy()) == before


def test_the_backend_that_a_person_chose_stays():
    code = (
        "import os; from common.figures.drawing import png; png(lambda plot: plot.new_axes());"
        "import matplotlib; print(matplotlib.get_backend(), os.environ['MPLBACKEND'])"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "svg"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.stdout.split() == ["svg", "svg"]


def test_plotting_leaves_logging_and_warnings_of_matplotlib_as_they_were(monkeypatch):
    logger = logging.getLogger("matplotlib")
    monkeypatch.setattr(logger, "level", logging.INFO)
    filters = list(warnings.filters)
    with pytest.raises(KeyError), plotting():
        assert logger.level == logging.ERROR
        raise KeyError
    assert logger.level == logging.INFO and warnings.filters == filters


def test_a_figure_may_be_given_as_such_or_by_its_axes():
    def curve(plot):
        return plot.loss_curve([1, 2], 1)

    image, letters = png(curve)
    assert png(lambda plot: curve(plot).figure)[0] == image and set("loss") <= letters
