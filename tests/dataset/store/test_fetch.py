"""A file is downloaded once, verified and kept; what cannot be fetched is one sentence.
The real pooch asks a real server, on loopback, that this file starts."""

import errno
import hashlib
import io
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pooch.core
import pytest

from benchmarks.torture.odd_files import ODD
from benchmarks.torture.time_limit import time_limit
from dataset.errors import DataError
from dataset.store import fetch as store
from dataset.store import registry
from dataset.store.fetch import clear, fetch, path, status, verify

CONTENT = bytes(range(256)) * 2_000
HALF = CONTENT[: len(CONTENT) // 2]
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """answers: one after the other, the last one for ever: a status, bytes to send, or a function of the handler."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked = [CONTENT], 0

    def handle_error(self, request, client_address):
        """A client that hangs up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.server.asked += 1
        if callable(answer):
            answer(self)
        elif isinstance(answer, int):
            self.send_error(answer)
        else:
            send(self, answer)

    def log_message(self, *args):
        pass


def send(handler, content, claimed=None):
    """Answer with `content`, and say that it has `claimed` bytes."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content) if claimed is None else claimed))
    handler.end_headers()
    handler.wfile.write(content)


def cut_short(handler):
    send(handler, HALF, claimed=len(CONTENT))


@pytest.fixture
def server(register):
    """A server from which "a" can be downloaded."""
    server = Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    server.entry = register(f"http://127.0.0.1:{server.server_port}/some/a.bin")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def pauses(monkeypatch, tmp_path):
    """A cache of its own for each test, no proxy, and pooch's pauses written down instead of waited for."""
    monkeypatch.setenv("SENTIFISH_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    pauses = []
    monkeypatch.setattr(pooch.core, "time", SimpleNamespace(sleep=pauses.append))
    return pauses


@pytest.fixture
def register(monkeypatch):
    """A function that registers "a" -> a.bin with an address."""

    def register(url="https://nowhere.invalid/a.bin", sha256=SHA256):
        entry = registry.Entry("bytes", "a.bin", sha256, None, "CC0", "this test", url)
        monkeypatch.setitem(registry.ENTRIES, "a", entry)
        return entry

    return register


def files(folder):
    """The names of all files below a folder except locks and stamps."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file.name for file in found if file.name != "lock" and file.suffix != ".verified")


def failure():
    """The sentence that a fetch ends in."""
    with pytest.raises(DataError) as caught:
        fetch("a")
    message = str(caught.value)
    assert "\n" not in message and caught.value.__suppress_context__
    return message


def put_by_hand(content=CONTENT):
    path("a").parent.mkdir(parents=True, exist_ok=True)
    path("a").write_bytes(content)


# ---- names and folders


def test_the_registry_is_well_formed():
    for name, entry in registry.ENTRIES.items():
        assert len(entry.sha256) == 64 and set(entry.sha256) <= set("0123456789abcdef"), name
        assert entry.url.startswith("https://") and entry.licence and entry.source and entry.what, name
        assert "/" not in entry.file
    assert len({entry.file for entry in registry.ENTRIES.values()}) == len(registry.ENTRIES)


def test_an_unknown_name_is_answered_with_the_known_ones():
    for function in (fetch, path, status, verify, clear):
        with pytest.raises(DataError, match=r"glove: expected the name of a data set, one of imdb, .*speeches\.csv"):
            function("glove")


def test_the_folder_is_that_of_the_variable_at_the_time_of_the_call_or_the_platform_s(monkeypatch, tmp_path):
    assert path("imdb") == tmp_path / "cache" / "aclImdb_v1.tar.gz"
    monkeypatch.setenv("SENTIFISH_DATA", "~/x")
    assert store.folder() == Path.home() / "x"
    monkeypatch.setenv("SENTIFISH_DATA", "here")
    assert store.folder() == Path.cwd() / "here"
    for without in (lambda: monkeypatch.setenv("SENTIFISH_DATA", ""), lambda: monkeypatch.delenv("SENTIFISH_DATA")):
        without()
        assert store.folder() == pooch.os_cache("sentifish")


def test_nothing_is_made_or_imported_before_something_is_fetched(tmp_path):
    code = (
        "import sys, os, dataset.store.fetch as f, dataset.imdb, dataset.store.token_cache\n"
        "assert not {'pooch', 'requests', 'urllib3', 'matplotlib'} & set(sys.modules)\n"
        "assert f.status('imdb') == 'missing' and f.clear() == []\n"
        "assert f.derived_folder().parent == f.path('imdb').parent\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    for cache in ({"SENTIFISH_DATA": str(home / "data")}, {}):
        names = dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"), str(home))
        inherited = {name: value for name, value in os.environ.items() if name != "SENTIFISH_DATA"}
        subprocess.run([sys.executable, "-c", code], check=True, env=inherited | names | cache)  # noqa: S603
        assert not list(home.rglob("*"))


# ---- downloads


def test_a_file_is_downloaded_once_and_cached_silently(server, capfd):
    assert status("a") == "missing" and not store.folder().exists()
    assert fetch("a") == path("a") and path("a").read_bytes() == CONTENT
    assert fetch("a") == path("a") and status("a") == "here"
    assert server.asked == 1 and files(store.folder()) == ["a.bin"]
    assert capfd.readouterr() == ("", "")


def test_a_progress_bar_is_shown_on_a_terminal_only(server, monkeypatch):
    def shown(terminal=True, **options):
        clear("a")
        screen = io.StringIO()
        screen.isatty = lambda: terminal
        monkeypatch.setattr(sys, "stderr", screen)
        fetch("a", **options)
        return screen.getvalue()

    assert "512k/512k [" in shown()
    assert shown(progress=False) == shown(terminal=False) == ""


def test_a_downloaded_file_is_readable_like_any_other_new_file(server, tmp_path):
    (tmp_path / "other").touch()
    assert fetch("a").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("first", [503, b"<html>log in</html>", HALF, cut_short, lambda h: h.wfile.write(b"junk")])
def test_a_failure_that_passes_is_asked_again_after_growing_pauses(server, pauses, first):
    server.answers = [first, first, CONTENT]
    assert fetch("a").read_bytes() == CONTENT
    assert server.asked == 3 and pauses == [1, 2]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (403, "403 Forbidden"),
        (503, "503 Service Unavailable"),
        (b"<html>log in</html>", "the file that came has another sha256"),
        (cut_short, "no connection, or one that timed out or broke off"),
        (lambda handler: time.sleep(0.4), "no connection, or one that timed out or broke off"),
    ],
)
def test_a_failure_that_stays_is_one_sentence_with_the_way_out(server, monkeypatch, capfd, answer, reason):
    monkeypatch.setattr(store, "_TIMEOUT", 0.1)
    server.answers = [answer]
    expected = f"put a.bin from {server.entry.url} (sha256 {SHA256}) into {store.folder()}, or set SENTIFISH_DATA to"
    assert failure().startswith(f"a: cannot be downloaded ({reason}); {expected}")
    assert files(store.folder()) == [] and capfd.readouterr() == ("", "")


def test_without_a_network_a_file_that_is_here_is_used_and_a_missing_one_is_one_sentence(register, monkeypatch):
    def nothing(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    register()
    assert (
        "(no connection, or one that timed out or broke off); put a.bin from https://nowhere.invalid/a.bin" in failure()
    )
    put_by_hand()
    assert fetch("a").read_bytes() == CONTENT


# ---- files that are there


def test_a_file_put_there_by_hand_is_verified_and_used(server):
    put_by_hand()
    assert fetch("a") == path("a") and server.asked == 0


def test_a_verified_file_is_not_hashed_again_until_it_or_the_registry_changes(register, monkeypatch):
    register()
    put_by_hand()
    hashed = []
    monkeypatch.setattr(store, "sha256", lambda file: hashed.append(file) or SHA256)
    assert [status("a"), status("a"), fetch("a")] == ["here", "here", path("a")] and len(hashed) == 1
    assert verify("a") == "here" and len(hashed) == 2
    os.utime(path("a"), ns=(1, 1))
    assert status("a") == "here" and len(hashed) == 3
    register(sha256="0" * 64)
    assert status("a") == "damaged"


def test_another_file_of_the_same_size_and_time_is_not_taken_for_the_verified_one(server):
    fetch("a")
    before = path("a").stat()
    time.sleep(0.05)  # the clock of the file system has ticked
    path("a").write_bytes(b"!" + CONTENT[1:])
    os.utime(path("a"), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert status("a") == "damaged" and verify("a") == "damaged"
    assert fetch("a").read_bytes() == CONTENT and verify("a") == "here"


def test_a_damaged_file_is_replaced_and_that_is_said(server, capfd):
    put_by_hand(HALF)
    assert status("a") == "damaged"
    assert fetch("a").read_bytes() == CONTENT and files(store.folder()) == ["a.bin"]
    assert capfd.readouterr().err == f"{path('a')} was damaged (expected sha256 {SHA256}): replaced\n"


def test_a_damaged_file_stays_where_no_whole_one_comes(server):
    server.answers = [403]
    put_by_hand(b"mine")
    assert f"a: {path('a')} is damaged and cannot be downloaded (403 Forbidden)" in failure()
    assert path("a").read_bytes() == b"mine" and files(store.folder()) == ["a.bin"]


@pytest.mark.parametrize(
    "name", ["a pipe", "a socket", "a device", "a link to a device", "a link to itself", "a folder"]
)
def test_what_is_no_file_in_the_place_of_a_file_is_refused_at_once(server, name):
    path("a").parent.mkdir()
    try:
        ODD[name](path("a"), b"")
    except (OSError, AttributeError):
        pytest.skip("the administrator can, or another system")
    for function in (status, verify, fetch):
        with time_limit(20), pytest.raises(DataError, match=r"a\.bin: cannot be read \("):
            function("a")
    assert server.asked == 0 and os.path.lexists(path("a"))


@pytest.mark.parametrize(
    "name", ["a pipe", "a link to a device", "a link to nothing", "a link to a copy", "an empty file"]
)
def test_what_lies_in_the_place_of_a_stamp_or_of_a_download_in_progress_is_in_nobody_s_way(server, name, tmp_path):
    if os.name == "nt":
        pytest.skip("pipes and links of Unix")
    for place in ("incoming", "a.bin.verified"):
        clear()
        store._private("").mkdir(parents=True)
        (tmp_path / "cache" / "elsewhere").mkdir(exist_ok=True)
        ODD[name](store._private(place), b"mine")
        with time_limit(20):
            assert fetch("a").read_bytes() == CONTENT and status("a") == "here" and verify("a") == "here"
        for file in (tmp_path / "cache" / "elsewhere").iterdir():
            assert file.is_dir() or file.read_bytes() == b"mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="the administrator alone can")
def test_the_stamp_of_another_user_is_believed_only_if_the_folder_is_that_user_s(register):
    register()
    put_by_hand()
    assert status("a") == "here"
    path("a").write_bytes(b"!" + CONTENT[1:])
    stamp = store._stamp_file("a")
    for owner, state in ((12_345, "damaged"), (0, "here")):
        stamp.write_bytes(store._stamp("a"))
        os.chown(stamp, owner, owner)
        assert status("a") == state
    os.chown(store.folder(), 12_345, 12_345)
    stamp.write_bytes(store._stamp("a"))
    os.chown(stamp, 12_345, 12_345)
    assert status("a") == "here"


def test_clear_removes_what_is_ours_and_nothing_else(server):
    fetch("a")
    store.derived_folder().mkdir()
    (store.derived_folder() / "x.npz").touch()
    (store.folder() / "notes.txt").touch()
    assert clear("a") == [path("a")] and files(store.folder()) == ["notes.txt", "x.npz"]
    assert clear() == [store.derived_folder()] and [file.name for file in store.folder().iterdir()] == ["notes.txt"]
    (store.folder() / "notes.txt").unlink()
    fetch("a")
    assert clear() == [path("a")] and not store.folder().exists()


def test_clear_does_not_mind_another_process_that_writes_to_the_caches(server, monkeypatch):
    store._private("").mkdir(parents=True)
    store.derived_folder().mkdir()
    (store.derived_folder() / "x.arrays").touch()
    rmdir = os.rmdir

    def written_before(folder, **how):
        store.derived_folder().mkdir(exist_ok=True)
        (store.derived_folder() / "y.arrays").touch()
        rmdir(folder, **how)

    monkeypatch.setattr(os, "rmdir", written_before)
    assert clear() == [store.derived_folder()]
    monkeypatch.undo()


# ---- several processes


def fetch_in_a_process(entry):
    """Start a Python that fetches "a"."""
    register = f"from dataset.store.registry import ENTRIES, Entry\nENTRIES['a'] = {entry!r}"
    code = f"{register}\nfrom dataset.store.fetch import fetch\nfetch('a')"
    return subprocess.Popen([sys.executable, "-c", code], env=os.environ)  # noqa: S603


def test_a_process_killed_in_mid_download_leaves_no_half_file(server):
    half_sent, killed = threading.Event(), threading.Event()

    def half(handler):
        cut_short(handler)
        half_sent.set()
        killed.wait(120)

    server.answers = [half, CONTENT]
    process = fetch_in_a_process(server.entry)
    try:
        assert half_sent.wait(120)
        deadline = time.monotonic() + 120
        while not files(store.folder()) and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
        killed.set()
    assert len(files(store.folder())) == 1 and not path("a").exists() and status("a") == "missing"
    assert fetch("a").read_bytes() == CONTENT
    assert files(store.folder()) == ["a.bin"]  # what the killed process left is gone, too


def test_of_several_processes_one_downloads_and_the_others_wait(server):
    asked = threading.Event()

    def slowly(handler):
        asked.set()
        time.sleep(0.3)
        send(handler, CONTENT)

    server.answers = [slowly]
    processes = [fetch_in_a_process(server.entry) for _ in range(2)]
    assert asked.wait(120)
    assert fetch("a").read_bytes() == CONTENT
    assert [process.wait() for process in processes] == [0, 0]
    assert server.asked == 1 and files(store.folder()) == ["a.bin"]


# ---- disks


def test_a_folder_that_cannot_be_made_is_named(server, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SENTIFISH_DATA", str(tmp_path / "file" / "cache"))
    assert f"a: {tmp_path / 'file' / 'cache'} cannot be written (Not a directory); put a.bin" in failure()


def test_a_read_only_folder_serves_what_it_has_and_refuses_the_rest_in_one_sentence(server, monkeypatch):
    put_by_hand()

    def refuse(self, *args, **kwargs):  # for root a folder cannot be made read-only
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    for writer in ("mkdir", "write_text", "unlink", "chmod"):
        monkeypatch.setattr(Path, writer, refuse)
    assert fetch("a") == path("a") and verify("a") == "here"
    path("a").write_bytes(b"damaged")
    assert "cannot be written (Read-only file system); put a.bin from" in failure()
    assert server.asked == 0 and path("a").read_bytes() == b"damaged"
    with pytest.raises(DataError, match="cannot be removed"):
        clear("a")


def test_a_full_disk_ends_the_download_in_one_sentence(server, monkeypatch):
    def full(self, url, output_file, pooch):
        Path(output_file).write_bytes(HALF)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", full)
    assert "cannot be written (No space left on device); put a.bin from" in failure()
    assert files(store.folder()) == []


def test_a_file_that_cannot_be_read_is_named(register, monkeypatch):
    register()
    put_by_hand()

    def refuse(file):
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(store, "sha256", refuse)
    for function in (fetch, status, verify):
        with pytest.raises(DataError, match=r"a\.bin: cannot be read \(Permission denied\)"):
            function("a")


def test_the_messages_of_pooch_are_off_only_during_a_download(server):
    seen = []
    handler = logging.Handler()
    handler.emit = seen.append
    pooch.get_logger().addHandler(handler)
    try:
        fetch("a")
        assert seen == []
        pooch.retrieve(server.entry.url, SHA256, "b.bin", store.folder())
        assert len(seen) == 1
    finally:
        pooch.get_logger().removeHandler(handler)
