"""A program in surroundings that lack something: a locale, a home, a working folder, room on the terminal's side."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, TINY

from dataset.errors import DataError
from dataset.store import array_cache, fetch

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX shell and locales")
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
NAME = "caf\u00e9 \u65e5\u672c"


def shell(line, cwd, **environment):
    """The line in bash, `sentifish` being ours; -> exit code, standard output and error."""
    command = f'sentifish() {{ "{sys.executable}" -m ch_sentiment "$@"; }}; {line}'
    env = {**{k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(["bash", "-c", command], cwd=cwd, capture_output=True, env=env)  # noqa: S603, S607
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_names_beyond_ascii_are_written_and_read_where_the_locale_has_ascii_alone(tmp_path):
    code, out, err = shell(f"sentifish train {' '.join(TINY)} --limit 60 --out '{NAME}'", tmp_path, **ASCII)
    assert (code, err) == (0, "") and f"written to {NAME}: " in out
    assert os.listdir(os.fsencode(tmp_path)) == [NAME.encode()]
    html = f"--html '{NAME}.html'"
    assert shell(f"sentifish explain '{NAME}' 'good {NAME}' {html}", tmp_path, **ASCII)[0] == 0
    assert Path(tmp_path, f"{NAME}.html").exists()


def test_what_stands_on_a_full_device_ends_in_the_right_code(phrases_model, tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    assert shell("sentifish predict nowhere x 2>/dev/full", tmp_path) == (2, "", "")
    code, _, err = shell(f"sentifish predict {phrases_model} good >/dev/full", tmp_path)
    assert (code, err) == (2, "sentifish predict: standard output: No space left on device\n")
    code, _, err = shell("sentifish --help >/dev/full", tmp_path)
    assert (code, err) == (2, "sentifish: standard output: No space left on device\n")
    assert shell(f"sentifish predict {phrases_model} good >&- 2>&- <&-", tmp_path) == (0, "", "")


def test_a_working_folder_that_is_gone_is_one_line(tmp_path):
    (tmp_path / "gone").mkdir()
    code, out, err = shell("cd gone; rmdir ../gone; sentifish train --epochs 1 --out x", tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1) and "the working folder is not there any more" in err


@pytest.mark.parametrize("command", [["data", "list"], ["data", "path"], ["train", "imdb"], ["data", "clear"]])
def test_a_home_that_nobody_has_is_one_line(command, said, monkeypatch):
    monkeypatch.setenv("SENTIFISH_DATA", "~nosuchuser/x")
    assert "~nosuchuser/x: expected the folder of a user who has one" in said(*command)


def test_a_user_without_a_home_has_no_cache_and_hears_of_the_variable(monkeypatch):
    import pooch

    def nobody(project):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv("SENTIFISH_DATA")
    monkeypatch.setattr(pooch, "os_cache", nobody)
    with pytest.raises(DataError, match=r"~/.cache: expected .* set SENTIFISH_DATA"):
        fetch.folder()
    array_cache.save("a-1.arrays", "key", {"a": np.arange(3)})
    assert array_cache.load("a-1.arrays", "key", {"a": np.int64}, 1000) is None
