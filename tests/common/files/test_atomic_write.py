"""A file is the former one or the new one; what a killed writer left goes, what a living one is at stays."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common.files import atomic_write
from common.files.atomic_write import SUFFIX, remove_stale, write_atomically

ROOT = Path(__file__).parents[3]
WRITER = """
import sys, time
from common.files.atomic_write import write_atomically

def pieces():
    yield b"half"
    print("writing", flush=True)
    time.sleep(600)

write_atomically(sys.argv[1], pieces())
"""
posix = pytest.mark.skipif(os.name != "posix", reason="locks of folders")


def test_pieces_become_one_file(tmp_path, monkeypatch):
    write_atomically(tmp_path / "a", [b"one", memoryview(b"two"), bytearray(b""), b"three"])
    assert (tmp_path / "a").read_bytes() == b"onetwothree"
    monkeypatch.chdir(tmp_path)
    write_atomically("a", [b"x"])
    assert Path("a").read_bytes() == b"x" and os.listdir() == ["a"]


@posix
def test_a_pipe_is_written_into_and_stays_one(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(
        OSError, match="the name of a file, got a pipe"
    ):  # nobody reads it: no wait for somebody who may
        write_atomically(path, [b"lost"])
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(path, [b"one", b"two"])
    assert os.read(reader, 100) == b"onetwo"
    os.close(reader)
    assert path.is_fifo()


@pytest.mark.skipif(os.name != "posix", reason="a link needs rights on Windows")
@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_stays_one_and_its_target_is_written(tmp_path, there):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "a", tmp_path / "link"
    if there:
        target.write_bytes(b"old")
    link.symlink_to(target)
    write_atomically(link, [b"new"])
    assert link.is_symlink() and target.read_bytes() == b"new"
    assert [sorted(os.listdir(folder)) for folder in (tmp_path, target.parent)] == [["elsewhere", "link"], ["a"]]


def test_contents_are_synced_before_they_get_their_name_and_the_name_after(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("fsync"), fsync(handle))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("replace"), replace(a, b))[1])
    write_atomically(tmp_path / "a", [b"x"])
    assert done == ["fsync", "replace", "fsync"][: 3 if os.name == "posix" else 2]


def test_an_error_names_the_file(tmp_path):
    for path in (tmp_path / "none" / "a", tmp_path):
        with pytest.raises(OSError) as caught:
            write_atomically(path, [b"x"])
        assert caught.value.filename == str(path)
    assert os.listdir(tmp_path) == []


@pytest.fixture
def writer(tmp_path):
    """A process in the midst of writing tmp_path / "a"."""
    command = [sys.executable, "-c", WRITER, str(tmp_path / "a")]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout.readline() == b"writing\n"
        yield process
        process.kill()


@posix
def test_what_a_living_writer_is_at_stays_and_what_a_killed_one_left_goes(tmp_path, writer):
    (tmp_path / "mine.tmp").write_text("mine")
    (temporary,) = tmp_path.glob("*" + SUFFIX)
    assert remove_stale(tmp_path) == [] and temporary.exists()
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert remove_stale(tmp_path) == [temporary.name]
    assert os.listdir(tmp_path) == ["mine.tmp"]


@posix
def test_writers_do_not_wait_for_each_other(tmp_path, writer):
    write_atomically(tmp_path / "b", [b"x"])
    assert (tmp_path / "b").read_bytes() == b"x"


def test_where_folders_cannot_be_locked_all_stays_and_writing_works(tmp_path, monkeypatch):
    def refuse(*args):
        raise OSError("no locks here")

    stale = tmp_path / f"a.0{SUFFIX}"
    stale.write_bytes(b"half")
    if atomic_write.fcntl is not None:
        monkeypatch.setattr(atomic_write.fcntl, "flock", refuse)
    write_atomically(tmp_path / "a", [b"x"])
    assert remove_stale(tmp_path) == [] and stale.exists()
    assert remove_stale(tmp_path / "none") == []
