"""`sentifish data`: what there is, whether it is here and whole; nothing is fetched but from this machine."""

import hashlib
from types import SimpleNamespace

import pooch.core
import pytest

from ch_sentiment.__main__ import main
from dataset.store import registry

CONTENT = b"speaker,speech,source\n"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty folder, and a registry of one small file that cannot be downloaded."""
    monkeypatch.setenv("SENTIFISH_DATA", str(tmp_path / "cache"))
    digest = hashlib.sha256(CONTENT).hexdigest()
    url = "http://127.0.0.1:1/small.csv"
    small = registry.Entry("a small file", "small.csv", digest, len(CONTENT), "CC0", "made by the test", url)
    monkeypatch.setattr(registry, "ENTRIES", {"small": small})
    monkeypatch.setattr("ch_sentiment.commands.data.ENTRIES", registry.ENTRIES)
    monkeypatch.setattr(pooch.core, "time", SimpleNamespace(sleep=lambda seconds: None))  # between its tries
    return tmp_path / "cache"


def put(cache, content):
    cache.mkdir(exist_ok=True)
    (cache / "small.csv").write_bytes(content)


def test_list_shows_size_licence_source_and_whether_it_is_here(cache, capsys):
    assert main(["data", "list"]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("small", "0.0 MB", "missing", "CC0", "made by the test", str(cache)))
    assert not cache.exists()
    put(cache, CONTENT)
    assert main(["data", "list"]) == 0
    assert "0.0 MB, here" in capsys.readouterr().out


def test_path_shows_where_a_file_would_be_and_makes_nothing(cache, capsys):
    assert main(["data", "path"]) == main(["data", "path", "small"]) == 0
    assert capsys.readouterr().out.splitlines() == [str(cache), str(cache / "small.csv")]
    assert not cache.exists()


def test_a_file_put_there_by_hand_is_verified_and_used(cache, capsys):
    put(cache, CONTENT)
    assert main(["data", "fetch", "small"]) == 0
    assert capsys.readouterr().out.strip() == str(cache / "small.csv")
    assert main(["data", "verify", "small"]) == 0
    assert capsys.readouterr().out == "small\there\n"


def test_verify_is_exit_2_for_a_damaged_file_and_for_a_missing_one_that_was_named(cache, capsys):
    assert main(["data", "verify"]) == 0
    assert main(["data", "verify", "small"]) == 2
    put(cache, CONTENT[:-1] + b"x")
    assert main(["data", "verify"]) == 2
    assert capsys.readouterr().out.splitlines()[-1] == "small\tdamaged"


def test_clear_removes_what_is_ours_and_says_so(cache, capsys):
    put(cache, CONTENT)
    (cache / "mine.txt").write_text("precious")
    assert main(["data", "clear"]) == 0
    assert "small.csv" in capsys.readouterr().out
    assert [file.name for file in cache.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fetch"], "expected names"),
        (["fetch", "moon"], "moon"),
        (["path", "moon"], "moon"),
        (["burn"], "burn"),
        (["fetch", "small"], "127.0.0.1:1"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(cache, capsys, arguments, words):
    try:
        code = main(["data", *arguments])
    except SystemExit as exit:
        code = exit.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "") and len(err.splitlines()) == 1 and words in err
    assert not (cache / "small.csv").exists()


def test_a_file_that_cannot_be_downloaded_is_named_with_address_folder_and_sha256(cache, capsys):
    assert main(["data", "fetch", "small"]) == 2
    err = capsys.readouterr().err
    assert "http://127.0.0.1:1/small.csv" in err and str(cache) in err
    assert hashlib.sha256(CONTENT).hexdigest() in err
