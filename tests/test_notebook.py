"""docs/tour.ipynb is a notebook of format 4 without stored outputs, and runs from top to bottom."""

import json
import re

import matplotlib
import pytest
from conftest import ROOT, everything
from matplotlib import pyplot

PATH = ROOT / "docs" / "tour.ipynb"
NOTEBOOK = json.loads(PATH.read_text(encoding="utf-8"))
CELLS = NOTEBOOK["cells"]
FIELDS = {
    "markdown": {"cell_type", "id", "metadata", "source"},
    "code": {"cell_type", "id", "metadata", "source", "execution_count", "outputs"},
}


def test_its_form_is_that_of_format_4_5():
    assert set(NOTEBOOK) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    assert NOTEBOOK["metadata"]["kernelspec"]["name"] == "python3"
    for cell in CELLS:
        assert set(cell) == FIELDS[cell["cell_type"]]
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"])
        *lines, last = cell["source"]
        assert all(line.endswith("\n") and "\n" not in line[:-1] for line in lines) and "\n" not in last
    assert len({cell["id"] for cell in CELLS}) == len(CELLS)


def test_no_outputs_are_stored_and_each_code_cell_but_the_first_follows_a_word_on_it():
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code_cells())
    kinds = [cell["cell_type"] for cell in CELLS]
    assert kinds[0] == kinds[-1] == "markdown" and "code code code" not in " ".join(kinds)


def test_what_it_links_to_is_there():
    text = "".join(line for cell in CELLS if cell["cell_type"] == "markdown" for line in cell["source"])
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert targets and all((PATH.parent / target).exists() for target in targets)


@pytest.fixture
def no_window():
    before = matplotlib.get_backend()
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")
    pyplot.switch_backend(before)


def test_it_runs_from_top_to_bottom_and_shows_what_it_says(here, no_window, capsys):
    names = {"__name__": "tour"}
    for cell in code_cells():
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)  # noqa: S102
    printed = capsys.readouterr().out
    for cell in ("TimeLSTM", "TimeGRU"):
        (accuracy,) = re.findall(rf"^{cell}: (\d+\.\d)% of 770 held-out phrases$", printed, re.M)
        assert float(accuracy) > 95
    assert re.search(r"^  Wh +\S+  ok$", printed, re.M) and "WRONG" not in printed
    assert len(re.findall(r"^(?:negative|positive) (?:\w+\([01]\.\d\d\) ?)+$", printed, re.M)) == len(names["own"])
    assert float(re.search(r"^largest difference (\S+)$", printed, re.M)[1]) < 1e-5
    drawn = [ax for number in pyplot.get_fignums() for ax in pyplot.figure(number).axes]
    text, *curves, first, second, third = drawn
    assert [ax.get_ylabel() for ax in (text, *curves)] == ["text", "loss", "accuracy in %"]
    words = [[cell.get_text().split("\n")[0] for cell in ax.texts] for ax in (first, second, third)]
    assert words == [phrase.split() for phrase in names["own"]]
    for ax in curves:
        assert {line.get_label() for line in ax.lines} >= {"training", "validation"}
    assert everything(here) == {}


def code_cells():
    return [cell for cell in CELLS if cell["cell_type"] == "code"]
