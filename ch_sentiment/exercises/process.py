"""Runs submissions in a process of their own, with limits of time, memory and output; what comes back are arrays.

The process group is killed at the end, whatever the submission started. What it says about itself is not asked for:
the arrays are compared by the judge, and what is missing counts as wrong.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ch_sentiment.console import printable
from ch_sentiment.exercises import runner
from common.threads import THREAD_VARIABLES

TIME_LIMIT = 10.0  # seconds, for the whole of a file
MEMORY = 3 << 30  # bytes
PRINTED = 4000  # bytes of what a file prints that are kept
REFUSED = ("common", "dataset", "ch_sentiment", "ch_words", "ch_language", "ch_seq2seq")
REFUSED += ("torch", "jax", "tensorflow", "keras", "autograd", "tinygrad")
BOOT = "import runpy, sys; sys.path.append(sys.argv[2]); runpy.run_path(sys.argv[1], run_name='runner')['main']()"


@dataclass
class Answers:
    """Of one submission. found: {} when it began, {} after its import, then the arrays by name of each step.
    error: type, text and line of the exception that ended it, or None. ended: why nothing came any more, or None.
    """

    found: list = field(default_factory=list)
    error: dict | None = None
    ended: str | None = None


def run_submissions(paths, cases, arrays, time_limit=TIME_LIMIT, memory=MEMORY):
    """Run the cases on each file; -> a list of Answers, and the beginning of what was printed (str)."""
    header = {"paths": [os.path.abspath(path) for path in paths], "cases": cases}
    header |= {"memory": memory, "refused": REFUSED}
    answers, printed = [Answers() for _ in paths], bytearray()
    with tempfile.TemporaryFile() as request:
        request.write(runner.pack(header, arrays))
        request.seek(0)
        with _started(request) as process:
            reader = _thread(_read_answers, process.stdout, answers, state := {"came": "nothing"})
            printer = _thread(_read_printed, process.stderr, printed)
            reader.join(time_limit)
            late = reader.is_alive()
            if state["came"] == "nothing" and not late:  # the process is ending by itself: how?
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(1)
            code = process.poll()
        for thread in (reader, printer):
            thread.join(1)
    if state["came"] != "the end":
        unreadable = "what it sent to the judge cannot be read, or is too much"
        ending = unreadable if state["came"] == "something else" else _ending(code)
        why = f"still running after {time_limit:g} seconds" if late else ending
        next(a for a in reversed(answers) if a.found or a is answers[0]).ended = why
    return answers, bytes(printed).decode("utf-8", "replace")


@contextlib.contextmanager
def _started(request):
    """The process, killed with all that it started at the end."""
    # -u: what is printed is there when it is killed. NumPy may be in a folder that an isolated interpreter does not
    # look into; so it is named.
    command = [sys.executable, "-I", "-B", "-u", "-X", "utf8", "-c", BOOT]
    command += [runner.__file__, str(Path(np.__file__).parents[1])]
    group = {"process_group": 0} if os.name == "posix" else {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    process = subprocess.Popen(  # noqa: S603
        command,
        stdin=request,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1")},
        **group,
    )
    try:
        yield process
    finally:
        _kill(process)
        process.wait()


def _kill(process):
    """The process and what it started."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        command = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    with contextlib.suppress(OSError):
        process.kill()


def _thread(function, *args):
    thread = threading.Thread(target=function, args=args, daemon=True)
    thread.start()
    return thread


def _read_answers(stream, answers, state):
    """Until the stream ends, or all are done, or something comes that is no answer, as `state` says afterwards."""
    left = runner.LONGEST
    with contextlib.suppress(OSError), stream:
        try:
            while state["came"] == "nothing" and (message := runner.read_message(stream)):
                header, found = message
                left -= sum(array.nbytes for array in found.values()) + 1000
                if left < 0:
                    raise ValueError("too much")
                if header["submission"] is None:
                    state["came"] = "the end"
                else:
                    answer = answers[header["submission"]]
                    answer.error = _checked(header["error"])
                    answer.found += [] if answer.error else [found]
        except (ValueError, KeyError, TypeError, IndexError):
            state["came"] = "something else"


def _checked(error):
    """The error that a process reports, in the form that is expected, or None."""
    if error is None:
        return None
    line = error["line"] if type(error["line"]) is int else None
    kind, text = (" ".join(printable(str(error[key])[:300]).split()) for key in ("type", "text"))
    return {"type": kind[:100], "text": text, "line": line}


def _read_printed(stream, printed):
    with contextlib.suppress(OSError, ValueError), stream:
        while piece := stream.read(1 << 16):
            printed += piece[: PRINTED - len(printed)] if len(printed) < PRINTED else b""


def _ending(code):
    if code is None:
        return "it closed the stream to the judge"
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f"its process crashed ({name})"
    return f"its process ended (exit code {code}) before all was done"
