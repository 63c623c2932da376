"""Figures beside a model: whole or not at all, and none stops the work; what is wrong with one is said."""

import sys

import pytest

from ch_sentiment.experiment.output import drawn, write_figures, write_json


def curve(plot):
    return plot.loss_curve([2, 1], 1)


def broken(plot):
    raise RuntimeError("no\n  way")


def test_figures_are_written_as_png(tmp_path):
    said = []
    write_figures({tmp_path / "a.png": curve, tmp_path / "b.png": lambda plot: curve(plot).figure}, said.append)
    assert said == [] and (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_figure_that_cannot_be_drawn_is_one_line_and_the_others_are_written(tmp_path):
    (tmp_path / "b.png").write_bytes(b"of a training before")
    said = []
    names = {"a.png": curve, "b.png": broken, "c.png": broken, "d.png": lambda plot: 1 / 0}
    write_figures({tmp_path / name: draw for name, draw in names.items()}, said.append)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert said == [
        "b.png, c.png: not drawn (RuntimeError: no way)",
        "d.png: not drawn (ZeroDivisionError: division by zero)",
    ]


def test_a_reason_of_a_hundred_lines_is_cut():
    said = []
    drawn({"a.png": lambda plot: 1 / len([][0:0] or {}) if plot else None}, said.append)
    drawn({"a.png": lambda plot: plot.Figure(figsize="x " * 999)}, said.append)
    assert len(said) == 2 and all(len(line) < 300 and "\n" not in line for line in said)


def test_without_matplotlib_that_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = []
    assert drawn({"a.png": curve, "b.png": curve}, said.append) == {}
    (line,) = said
    assert line.startswith("a.png, b.png: not drawn (ModuleNotFoundError: ") and "matplotlib" in line


def test_interruptions_are_not_swallowed():
    def interrupted(plot):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drawn({"a.png": interrupted}, print)


def test_a_script_without_a_font_is_said_once_for_all_figures(own_fonts):
    said = []
    names = ["好评", "差评"]
    found = drawn({c: lambda plot: plot.confusion([[1, 2], [3, 4]], names) for c in "ab"}, said.append)
    (line,) = (one for one in said if "joined" not in one)
    assert sorted(found) == ["a", "b"] and "3 characters of Chinese" in line and "Noto Sans CJK" in line


def test_a_disk_error_is_an_error(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        write_figures({tmp_path / "nowhere" / "a.png": curve}, print)


def test_json_can_be_read_by_people(tmp_path):
    write_json(tmp_path / "a.json", {"a": "好", "b": "\udcff"})
    assert (tmp_path / "a.json").read_text("utf-8") == '{\n  "a": "好",\n  "b": "\\udcff"\n}\n'
