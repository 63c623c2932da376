"""Text that is safe in a terminal, and names that can be pasted into a shell."""

import os
import shutil
import subprocess

import pytest

from benchmarks.torture.messages import ALL, NAMES
from ch_sentiment.console import as_argument, printable, quoted
from ch_sentiment.console.text import printable_styled


def test_what_is_kept_stays_and_all_else_that_acts_on_a_terminal_is_a_space():
    assert printable("a\tb\nc\x1b[2J\x9b\u202e\udcff") == "a b c [2J   "
    assert printable("a\tb\nc\x1b", "\t\n") == "a\tb\nc "
    assert printable("\U0001f468\u200d\U0001f469 e\u0301") == "\U0001f468\u200d\U0001f469 e\u0301"


def test_styles_stay_and_no_other_escape():
    assert printable_styled("\x1b[1;38;5;16mgood\x1b[0m \x1b[2J\x1b]0;t\x07") == "\x1b[1;38;5;16mgood\x1b[0m  [2J ]0;t "


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
@pytest.mark.parametrize("name", [*NAMES.values(), "plain", "a  b", "-x", "--", "it's", "", "\\x41", "caf\u00e9"])
def test_a_name_that_is_pasted_into_a_shell_is_the_name_again(name):
    pasted = as_argument(name)
    assert printable(pasted) == pasted
    done = subprocess.run(  # noqa: S603
        ["bash", "-c", f"printf '%s|' {os.fsencode(pasted).decode()}"],  # noqa: S607
        capture_output=True,
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert os.fsdecode(done.stdout) == f"./{name}|" if name.startswith("-") else f"{name}|"


def test_the_names_that_are_tried_hold_what_is_feared():
    assert {"\x1b", "\n", "\r", "\t", "\x07", "\x7f", "\x9b", "\u202e", "\u2028"} <= set(ALL)


def test_a_text_that_is_pasted_is_the_text_again_also_with_a_dash_before_it():
    assert quoted("-a b") == "'-a b'" and quoted("a\x1b'") == "$'a\\x1b\\''"
