"""A few of the signals of `benchmarks.torture.signals`."""

import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.torture import signals

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads /proc")


def test_signals_at_any_moment_end_a_command_in_a_line_and_leave_nothing(tmp_path):
    rng = np.random.default_rng(19)
    signals.prepare(tmp_path, timed=False)
    seconds = dict.fromkeys(signals.COMMANDS, 0.5)
    for name, numbers in (
        ("train", [signal.SIGINT]),
        ("train", [signal.SIGTERM, signal.SIGTERM]),
        ("predict", [signal.SIGINT, signal.SIGINT]),
    ):
        assert "signals" in list(signals.one(tmp_path, rng, seconds, name, numbers))


IMPORTING = """
import signal, sys
import ch_sentiment.__main__ as program

class Finder:
    def find_spec(name, path=None, target=None):
        if name == "{module}":
            signal.raise_signal({number})

sys.meta_path.insert(0, Finder)
sys.exit(program.main())
"""


@pytest.mark.parametrize("module", ["ch_sentiment.program", "numpy", "ch_sentiment.commands.train"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_program_imports_is_one_line(number, code, module):
    command = [sys.executable, "-c", IMPORTING.format(module=module, number=int(number)), "train", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == code and re.fullmatch("sentifish: (interrupted|terminated)\n", done.stderr)


def test_what_a_signal_must_not_leave_is_seen(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "x.partial.tmp").touch()
    (tmp_path / "r" / "fine").touch()
    assert sorted(signals.left_over(tmp_path)) == ["empty/", "x.partial.tmp"]
    with pytest.raises(AssertionError, match="Traceback"):
        signals.check_end(130, "Traceback ...", [signal.SIGINT], "then")
    with pytest.raises(AssertionError, match="exit code"):
        signals.check_end(1, "", [signal.SIGINT], "then")
