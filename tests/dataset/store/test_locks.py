"""A lock excludes processes and threads from each other and outlives none of them."""

import os
import subprocess
import sys
import threading
import time

import pytest

from dataset.store.locks import locked, locked_if_free


def test_threads_exclude_each_other(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(20):
            with locked(tmp_path / "lock"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1 and len(most) == 60


def test_a_lock_that_another_process_holds_is_not_free_until_it_dies(tmp_path):
    code = "import sys; from dataset.store.locks import locked\nwith locked(sys.argv[1]): print(flush=True); input()"
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code, tmp_path / "lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        process.stdout.readline()
        with locked_if_free(tmp_path / "lock") as held:
            assert not held
        process.kill()
    with locked_if_free(tmp_path / "lock") as held:
        assert held


def test_an_error_inside_releases_the_lock_and_passes(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path / "lock"):
        raise KeyError
    with locked_if_free(tmp_path / "lock") as held:
        assert held


@pytest.mark.skipif(os.name == "nt", reason="there, a file that is open stays")
def test_whoever_waits_for_a_lock_whose_file_is_removed_locks_a_new_file(tmp_path):
    lock, found = tmp_path / "lock", []

    def wait():
        with locked(lock):
            found.append(lock.exists())

    waiting = threading.Thread(target=wait)
    with locked(lock):
        waiting.start()
        time.sleep(0.1)
        lock.unlink()
    waiting.join()
    assert found == [True]


@pytest.mark.skipif(os.name == "nt", reason="there, a file in it is locked")
def test_the_lock_of_a_folder_is_no_file_that_somebody_could_remove(tmp_path):
    with locked(tmp_path):
        assert os.listdir(tmp_path) == []
        with locked_if_free(tmp_path) as held:
            assert not held
    with locked_if_free(tmp_path) as held:
        assert held
