"""What is fetched is verified, what is verified is kept, and what cannot be fetched is said in one sentence.
The real pooch asks a real server, on loopback, that this file starts."""

import errno
import hashlib
import io
import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from dataset.errors import DataError
from dataset.store import download, registry
from dataset.store import fetch as keeper
from dataset.store.fetch import clear, fetch, path, status, verify
from dataset.store.locks import locked

CONTENT = bytes(range(256)) * 2_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """answers: one after the other, the last one for ever: a status, bytes to send, or a function of the handler."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked = [CONTENT], []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}/some/a.bin"

    def handle_error(self, request, client_address):
        """A client that hangs up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.server.asked.append(self.path)
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


@pytest.fixture
def server():
    server = Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def pauses(monkeypatch, tmp_path):
    """A cache of its own for each test, no proxy, and pooch's pauses written down instead of waited for."""
    monkeypatch.setenv("SENTIFISH_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    import pooch.core

    pauses = []
    monkeypatch.setattr(pooch.core, "time", SimpleNamespace(sleep=pauses.append))
    return pauses


@pytest.fixture
def entry(monkeypatch):
    """A function that registers "a" -> a.bin with the given mirrors."""

    def register(*mirrors, size=None):
        made = registry.Entry("bytes", "a.bin", SHA256, size, "CC0", "this test", mirrors)
        monkeypatch.setitem(registry.ENTRIES, "a", made)
        return made

    return register


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def files(folder):
    """The names of all files below a folder that no lock or stamp is."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file.name for file in found if file.suffix not in (".lock", ".verified"))


def failure(name="a"):
    """The sentence that a fetch ends in."""
    with pytest.raises(DataError) as caught:
        fetch(name)
    said = str(caught.value)
    assert "\n" not in said and caught.value.__suppress_context__
    return said


def put_by_hand(content=CONTENT):
    path("a").parent.mkdir(parents=True, exist_ok=True)
    path("a").write_bytes(content)


# ---- the registry


def test_the_registry_is_well_formed():
    for name, one in registry.ENTRIES.items():
        assert len(one.sha256) == 64 and set(one.sha256) <= set("0123456789abcdef"), name
        assert one.mirrors and all(mirror.startswith(("https://", "doi:")) for mirror in one.mirrors), name
        assert one.licence and one.source and one.what and "/" not in one.file
    assert len({one.file for one in registry.ENTRIES.values()}) == len(registry.ENTRIES)


def test_an_unknown_name_is_told_what_names_there_are():
    for ask in (fetch, path, status, verify, clear):
        with pytest.raises(DataError, match=r"glove: expected the name of a data set, one of imdb, .*speeches\.csv"):
            ask("glove")


# ---- where files are kept


def test_the_folder_is_the_variable_s_at_the_time_of_the_call_or_the_platform_s(monkeypatch, tmp_path):
    assert path("imdb") == tmp_path / "cache" / "aclImdb_v1.tar.gz"
    monkeypatch.setenv("SENTIFISH_DATA", "~/x")
    assert keeper.folder() == Path.home() / "x"
    monkeypatch.setenv("SENTIFISH_DATA", "here")
    assert keeper.folder() == Path.cwd() / "here"
    import pooch

    for without in (lambda: monkeypatch.setenv("SENTIFISH_DATA", ""), lambda: monkeypatch.delenv("SENTIFISH_DATA")):
        without()
        assert keeper.folder() == pooch.os_cache("sentifish")


def test_nothing_is_made_or_imported_before_something_is_fetched(tmp_path):
    code = (
        "import sys, os, dataset.store.fetch as f, dataset.imdb, dataset.store.token_cache\n"
        "assert not {'pooch', 'requests', 'urllib3'} & set(sys.modules)\n"
        "assert f.status('imdb') == 'missing' and f.clear() == []\n"
        "assert f.derived_folder().parent == f.path('imdb').parent\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    data = str(home / "data")
    for cache in ({"SENTIFISH_DATA": data}, {}):
        names = dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"), str(home))
        inherited = {name: value for name, value in os.environ.items() if name != "SENTIFISH_DATA"}
        subprocess.run([sys.executable, "-c", code], check=True, env=inherited | names | cache)  # noqa: S603
        assert not [file for file in home.rglob("*") if "matplotlib" not in str(file)]


# ---- good fetches


def test_a_file_is_fetched_once_and_kept(server, entry, capfd):
    entry(server.address, size=len(CONTENT))
    assert status("a") == "missing" and not keeper.folder().exists()
    assert fetch("a") == path("a") and path("a").read_bytes() == CONTENT
    assert fetch("a") == path("a") and status("a") == "here"
    assert len(server.asked) == 1 and files(keeper.folder()) == ["a.bin"]
    assert capfd.readouterr() == ("", "")


def test_a_bar_is_shown_on_a_terminal(server, entry, monkeypatch):
    entry(server.address)

    def shown(**options):
        clear("a")
        screen = io.StringIO()
        screen.isatty = lambda: True
        monkeypatch.setattr(sys, "stderr", screen)
        fetch("a", **options)
        return screen.getvalue()

    assert "a.bin:" in (bar := shown()) and "/512k [" in bar
    assert shown(progress=False) == ""


def test_a_fetched_file_is_readable_like_any_other_new_file(server, entry):
    entry(server.address)
    put = keeper.folder().parent / "other"
    put.touch()
    assert fetch("a").stat().st_mode == put.stat().st_mode


def test_the_tutorial_s_doi_addresses_are_followed(server, entry, monkeypatch):
    import pooch.downloaders

    entry("doi:10.5281/zenodo.1/a.bin")
    asked = []

    def repository(doi, **how):
        asked.append(doi)
        return SimpleNamespace(download_url=lambda file: server.address + "?" + file)

    monkeypatch.setattr(pooch.downloaders, "doi_to_repository", repository)
    assert fetch("a").read_bytes() == CONTENT
    assert asked == ["10.5281/zenodo.1"] and server.asked == ["/some/a.bin?a.bin"]


# ---- failures that pass, and mirrors


def test_503_is_asked_again_after_growing_pauses(server, entry, pauses):
    entry(server.address)
    server.answers = [503, 503, CONTENT]
    assert fetch("a").read_bytes() == CONTENT
    assert len(server.asked) == 3 and pauses == [1, 2]


def test_a_truncated_body_is_asked_again_and_never_kept(server, entry, pauses):
    entry(server.address)
    half = CONTENT[: len(CONTENT) // 2]
    server.answers = [lambda handler: send(handler, half, claimed=len(CONTENT)), CONTENT]
    assert fetch("a").read_bytes() == CONTENT and pauses == [1]
    clear("a")
    server.answers = [lambda handler: send(handler, half, claimed=len(CONTENT))]
    assert "broken off" in failure() and files(keeper.folder()) == []


def test_a_body_shorter_than_the_registry_says_is_asked_again(server, entry, pauses):
    entry(server.address, size=len(CONTENT))
    server.answers = [CONTENT[:-1], CONTENT]
    assert fetch("a").read_bytes() == CONTENT and pauses == [1]
    clear("a")
    server.answers = [CONTENT[:-1]]
    assert "broken off after 511,999 of 512,000 bytes" in failure()


@pytest.mark.parametrize("first", [403, 503, b"another", CONTENT + b"!", lambda handler: handler.wfile.write(b"junk")])
def test_the_next_mirror_is_asked_after_any_failure(server, entry, first):
    entry(server.address, server.address + "2")
    server.answers = [first] * (3 if first == 503 or callable(first) else 1) + [CONTENT]
    assert fetch("a").read_bytes() == CONTENT
    assert server.asked[-1] == "/some/a.bin2" and server.asked[0] == "/some/a.bin"


def test_a_dead_mirror_is_passed_over(server, entry, pauses):
    entry(f"http://127.0.0.1:{closed_port()}/a.bin", server.address)
    assert fetch("a").read_bytes() == CONTENT and pauses == [1, 2]


# ---- failures that stay


@pytest.mark.parametrize(
    ("answer", "said", "asked"),
    [
        (403, ": 403 Forbidden;", 1),
        (404, ": 404 Not Found;", 1),
        (429, ": 429 Too Many Requests;", 3),
        (503, ": 503 Service Unavailable;", 3),
        (b"<html>log in</html>", f": another file (sha256 {hashlib.sha256(b'<html>log in</html>').hexdigest()});", 1),
        (CONTENT * 2, ": more than the 512,000 bytes of this file;", 1),
    ],
)
def test_what_a_server_answers_is_said_with_what_to_do(server, entry, answer, said, asked):
    entry(server.address, size=len(CONTENT) if answer == CONTENT * 2 else None)
    server.answers = [answer]
    sentence = failure()
    assert sentence.startswith(f"a: cannot be fetched ({server.address}") and said.replace(";", ");", 1) in sentence
    for part in (f"put a.bin from {server.address} (sha256 {SHA256})", str(keeper.folder()), "SENTIFISH_DATA"):
        assert part in sentence
    assert len(server.asked) == asked and files(keeper.folder()) == []


def test_refused_and_silent_servers_are_told_apart(server, entry, monkeypatch):
    refused = f"http://127.0.0.1:{closed_port()}/a.bin"
    entry(refused, server.address)
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    monkeypatch.setattr(download, "RETRIES", 0)
    server.answers = [lambda handler: time.sleep(0.4)]
    assert f"({refused}: connection refused; {server.address}: timed out)" in failure()


def test_without_a_network_a_file_that_is_here_is_used_and_one_that_is_not_is_explained(entry, monkeypatch):
    def nothing(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    entry("https://nowhere.invalid/a.bin", "doi:10.5281/zenodo.1/a.bin")
    said = failure()
    assert "https://nowhere.invalid/a.bin: host not found (is there a network?)" in said
    assert "or https://doi.org/10.5281/zenodo.1 (a.bin) (sha256" in said
    put_by_hand()
    assert fetch("a").read_bytes() == CONTENT


# ---- files put by hand, damaged files


def test_a_file_put_by_hand_is_verified_and_used(server, entry):
    entry(server.address, size=len(CONTENT))
    put_by_hand()
    assert fetch("a") == path("a") and server.asked == []


def test_a_verified_file_is_not_hashed_again_until_it_changes(entry, monkeypatch):
    entry("https://nowhere.invalid/a.bin")
    put_by_hand()
    hashed = []
    monkeypatch.setattr(keeper, "sha256", lambda file: hashed.append(file) or SHA256)
    assert [status("a"), status("a"), fetch("a")] == ["here", "here", path("a")] and len(hashed) == 1
    assert verify("a") == "here" and len(hashed) == 2
    os.utime(path("a"), ns=(1, 1))
    assert status("a") == "here" and len(hashed) == 3
    entry("https://nowhere.invalid/a.bin", size=7)  # another release of the registry
    assert status("a") == "here"
    registry.ENTRIES["a"] = registry.Entry("bytes", "a.bin", "0" * 64, None, "", "", ())
    assert status("a") == "damaged"


def test_a_file_of_another_size_is_known_to_be_damaged_without_reading_it(entry, monkeypatch):
    entry("https://nowhere.invalid/a.bin", size=len(CONTENT))
    put_by_hand(CONTENT[:-1])
    monkeypatch.setattr(keeper, "sha256", None)
    assert status("a") == "damaged"


def test_what_the_stamp_cannot_see_verify_does_and_fetch_then_mends(server, entry, capfd):
    entry(server.address)
    fetch("a")
    before = path("a").stat()
    path("a").write_bytes(b"!" + CONTENT[1:])
    os.utime(path("a"), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert status("a") == "here" and verify("a") == "damaged" and status("a") == "damaged"
    assert fetch("a").read_bytes() == CONTENT and verify("a") == "here"


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_damaged_file_is_replaced_and_kept_aside_and_that_is_said(server, entry, capfd, size):
    entry(server.address, size=size)
    put_by_hand(CONTENT[:1000])
    assert status("a") == "damaged"
    assert fetch("a").read_bytes() == CONTENT
    assert (keeper.folder() / "a.bin.damaged").read_bytes() == CONTENT[:1000]
    said = capfd.readouterr().err
    assert said.count("\n") == 1 and f"a.bin was damaged (expected sha256 {SHA256}): replaced, and kept as" in said


def test_a_damaged_file_stays_where_no_whole_one_comes(server, entry):
    entry(server.address)
    server.answers = [403]
    put_by_hand(b"mine")
    assert f"a: {path('a')} is damaged and cannot be fetched ({server.address}: 403 Forbidden)" in failure()
    assert path("a").read_bytes() == b"mine" and files(keeper.folder()) == ["a.bin"]


# ---- clear


def test_clear_removes_what_is_ours_and_nothing_else(server, entry):
    entry(server.address)
    put_by_hand(b"damaged")
    fetch("a")
    keeper.derived_folder().mkdir()
    (keeper.derived_folder() / "x.npz").touch()
    (keeper.folder() / "notes.txt").touch()
    assert clear("a") == [path("a"), keeper.folder() / "a.bin.damaged"]
    assert files(keeper.folder()) == ["notes.txt", "x.npz"]
    assert clear() == [keeper.derived_folder()] and [file.name for file in keeper.folder().iterdir()] == ["notes.txt"]
    (keeper.folder() / "notes.txt").unlink()
    fetch("a")
    assert clear() == [path("a")] and not keeper.folder().exists()


# ---- several processes


def in_a_process(entry):
    """Start a Python that fetches "a"."""
    register = f"from dataset.registry import ENTRIES, Entry\nENTRIES['a'] = {entry!r}"
    code = f"{register}\nfrom dataset.fetch import fetch\nfetch('a')"
    return subprocess.Popen([sys.executable, "-c", code], env=os.environ)  # noqa: S603


def test_a_process_killed_in_mid_download_leaves_no_half_file(server, entry):
    half_sent, killed = threading.Event(), threading.Event()

    def half(handler):
        send(handler, CONTENT[: len(CONTENT) // 2], claimed=len(CONTENT))
        half_sent.set()
        killed.wait(120)

    server.answers = [half, CONTENT]
    process = in_a_process(entry(server.address))
    try:
        assert half_sent.wait(120)
        deadline = time.monotonic() + 120
        while not files(keeper.folder()) and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
        killed.set()
    left = files(keeper.folder())
    assert len(left) == 1 and not path("a").exists() and status("a") == "missing"
    assert fetch("a").read_bytes() == CONTENT
    assert files(keeper.folder()) == ["a.bin"]  # the rest of the dead one is gone, too


def test_of_two_processes_one_downloads_and_the_other_waits(server, entry):
    asked = threading.Event()

    def slowly(handler):
        asked.set()
        time.sleep(0.3)
        send(handler, CONTENT)

    server.answers = [slowly]
    made = entry(server.address)
    processes = [in_a_process(made) for _ in range(2)]
    assert asked.wait(120)
    assert fetch("a").read_bytes() == CONTENT  # and a third one, this
    assert [process.wait() for process in processes] == [0, 0]
    assert len(server.asked) == 1 and files(keeper.folder()) == ["a.bin"]


def test_threads_exclude_each_other_too(tmp_path):
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


@pytest.mark.skipif(os.name == "nt", reason="there, a file that is open stays")
def test_a_lock_whose_file_was_removed_binds_nobody_and_is_taken_anew(tmp_path):
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


# ---- disks


def test_a_folder_that_cannot_be_made_is_named(server, entry, monkeypatch, tmp_path):
    entry(server.address)
    (tmp_path / "file").touch()
    monkeypatch.setenv("SENTIFISH_DATA", str(tmp_path / "file" / "cache"))
    assert f"a: {tmp_path / 'file' / 'cache'} cannot be written (Not a directory); put a.bin" in failure()


def read_only(monkeypatch):
    """For root a folder cannot be made read-only, so its writers are."""

    def refuse(self, *args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    for writer in ("mkdir", "write_text", "unlink", "chmod"):
        monkeypatch.setattr(Path, writer, refuse)


def test_a_read_only_cache_serves_what_it_has_and_refuses_the_rest_in_one_sentence(server, entry, monkeypatch):
    entry(server.address)
    put_by_hand()
    read_only(monkeypatch)
    assert fetch("a") == path("a") and verify("a") == "here"
    path("a").write_bytes(b"damaged")
    assert "cannot be written (Read-only file system); put a.bin from" in failure()
    assert server.asked == [] and path("a").read_bytes() == b"damaged"
    with pytest.raises(DataError, match="cannot be removed"):
        clear("a")


def test_a_full_disk_ends_the_download_and_asks_no_other_mirror(server, entry, monkeypatch):
    entry(server.address, server.address)

    def full(self, chunk):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download._Content, "write", full)
    assert "cannot be written (the disk is full); put a.bin from" in failure()
    assert len(server.asked) == 1 and files(keeper.folder()) == []


def test_a_disk_without_room_is_noticed_before_the_download(server, entry, monkeypatch):
    entry(server.address, size=len(CONTENT))
    monkeypatch.setattr(keeper.shutil, "disk_usage", lambda folder: SimpleNamespace(free=10))
    assert "cannot be written (512,000 bytes are needed, 10 are free)" in failure() and server.asked == []


def test_a_file_that_cannot_be_read_is_named(entry, monkeypatch):
    entry("https://nowhere.invalid/a.bin")
    put_by_hand()

    def refuse(file):
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(keeper, "sha256", refuse)
    for ask in (fetch, status, verify):
        with pytest.raises(DataError, match=r"a\.bin: cannot be read \(Permission denied\)"):
            ask("a")
