"""What is written into a held folder goes into that folder, whatever becomes of its name."""

import os
import pickle
import shutil

import pytest

from common.files.atomic_write import write_atomically
from common.files.held_folder import FolderMoved, check_stays, holding, place

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="a path of an open folder")


@pytest.fixture
def folder(tmp_path):
    """A held folder with another one in it."""
    path = tmp_path / "run"
    (path / "round" / "net").mkdir(parents=True)
    with holding(path):
        yield path


def test_in_its_place_all_is_as_ever(folder, tmp_path):
    write_atomically(folder / "a", [b"x"])
    assert (folder / "a").read_bytes() == b"x" and sorted(os.listdir(folder)) == ["a", "round"]
    check_stays(folder)
    check_stays(folder / "not there yet")
    assert place(tmp_path / "runs" / "a") == tmp_path / "runs" / "a"


@pytest.mark.parametrize("instead", [None, "folder", "file", "link"])
@pytest.mark.parametrize("inside", ["a", "round/net/a"])
def test_what_is_written_goes_where_the_folder_went(folder, tmp_path, instead, inside):
    write_atomically(folder / inside, [b"old"])
    folder.rename(tmp_path / "away")
    if instead == "folder":
        (folder / "round" / "net").mkdir(parents=True)
    elif instead == "file":
        folder.write_text("mine")
    elif instead == "link":
        (tmp_path / "other").mkdir()
        folder.symlink_to("other")
    write_atomically(folder / inside, [b"new"])
    assert (tmp_path / "away" / inside).read_bytes() == b"new"
    assert not (folder / inside).exists()
    with pytest.raises(FolderMoved, match=f"{folder}: this folder was moved") as caught:
        check_stays((folder / inside).parent)
    assert caught.value.now == str(tmp_path / "away")
    assert ("nothing was written" in str(caught.value)) == (instead is not None)
    assert pickle.loads(pickle.dumps(caught.value)).now == caught.value.now  # noqa: S301


def test_a_removed_folder_is_not_made_again(folder):
    shutil.rmtree(folder)
    for act in (lambda: write_atomically(folder / "a", [b"x"]), lambda: check_stays(folder)):
        with pytest.raises(FolderMoved, match="was removed"):
            act()
    folder.mkdir()
    with pytest.raises(FolderMoved, match="was removed"):
        write_atomically(folder / "a", [b"x"])
    assert os.listdir(folder) == []


def test_afterwards_the_name_counts_again(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    with holding(folder):
        folder.rename(tmp_path / "away")
    folder.mkdir()
    write_atomically(folder / "a", [b"x"])
    assert (folder / "a").exists()
