"""A figure is a whole file or none, and a name that cannot be used is found before the work."""

import errno

import pytest
from conftest import everything

from common.figures import figure_file
from common.figures.figure_file import check_figure, write_figure


def draw(plot):
    return plot.loss_curve([3.0, 2.0, 1.0], 1)


@pytest.mark.parametrize(
    ("name", "start"), [("f.png", b"\x89PNG"), ("f.PDF", b"%PDF"), ("f.svg", b"<?xml"), ("f", b"\x89PNG")]
)
def test_the_ending_of_the_name_is_the_format(name, start, here):
    assert check_figure(name) == name and everything(here) == {}
    write_figure(name, draw)
    assert (here / name).read_bytes().startswith(start) and len(list(here.iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "why"),
    [("nowhere/f.png", "no such folder"), ("f.xyz", "Format 'xyz'"), ("folder", "a folder")],
)
@pytest.mark.parametrize("call", [check_figure, lambda path: write_figure(path, draw)])
def test_a_name_that_cannot_be_used_is_one_line(call, name, why, here):
    (here / "folder").mkdir()
    before = everything(here)
    with pytest.raises(OSError, match="cannot be written") as error:
        call(name)
    assert why in str(error.value) and "\n" not in str(error.value) and str(error.value).startswith(name)
    assert everything(here) == before


def test_letters_that_no_font_has_are_named(here, capsys):
    write_figure("f.png", draw)
    assert capsys.readouterr().err == ""
    write_figure("f.png", lambda plot: plot.word_map([[0.0, 1.0], [1.0, 0.0]], ["\U00012000", "a"], ["g", "g"]))
    err = capsys.readouterr().err
    assert "uneiform" in err and len(err.splitlines()) == 1


def test_a_full_disk_leaves_the_old_figure(here, monkeypatch):
    def full(path, pieces):
        raise OSError(errno.ENOSPC, "No space left on device", path)

    (here / "f.png").write_bytes(b"old")
    monkeypatch.setattr(figure_file, "write_atomically", full)
    with pytest.raises(OSError, match=r"^f.png: cannot be written \(No space left on device\)$"):
        write_figure("f.png", draw)
    assert (here / "f.png").read_bytes() == b"old"
