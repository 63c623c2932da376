"""The program on several ranks of mpiexec: the first runs the command, the others help it to train; all end together.

Only the first reads, prints and writes. A command that has no use for other ranks is refused.
"""

import argparse
import contextlib
import io
import time
import traceback

from ch_sentiment.console import Terminated, printable, warn
from common.cores import rank_started, ranks_started
from common.training.mpi import end_with, join, tell

SHARED = ("train",)  # the commands that have work for several ranks
HEAD_START = 1.0  # second that the first rank has to say why: Open MPI's mpiexec ends all with the first that fails


def run(argv, parse, execute, signals):
    """-> exit code of a program that mpiexec started several times. parse: function of argv -> the module of a command,
    its options; SystemExit as argparse. execute: function of these and of `signals` (Interruptible) -> exit code.
    """
    called = f"sentifish {printable(argv[0])}" if argv else "sentifish"
    if not argv or argv[0] not in SHARED:
        return refuse(called, argv, parse)
    command = argparse.Namespace(command=argv[0])
    try:
        with signals:
            comm = join()  # before anything else may fail: the others would wait for this rank
            if comm.rank:
                return execute(Follower(comm), command, signals)
            code = execute(Leader(argv, parse), command, signals)
            tell(comm, code)
            return code
    except BaseException as error:
        line, code = ending(called, error)
        end_with(line, code)
        return code


class Leader:
    """The command of the first rank: the one that was called."""

    def __init__(self, argv, parse):
        self.argv, self.parse = argv, parse

    def run(self, options):
        try:
            command, options = self.parse(self.argv)
        except SystemExit as left:  # --help, or what cannot be parsed; argparse has said it
            return exit_code(left)
        return command.run(options)


class Follower:
    """The command of any other rank: to train what the first hands out, and print nothing."""

    def __init__(self, comm):
        self.comm = comm

    def run(self, options):
        with silence():
            try:
                from ch_sentiment.experiment.follower import follow  # not above: it imports NumPy
            except (Exception, SystemExit) as error:
                raise ValueError(f"the program cannot be imported ({type(error).__name__}: {error})") from None
            return follow(self.comm)


def refuse(called, argv, parse):
    """-> exit code of a command for one process. The first rank says so, or shows the help that was asked for."""
    rank, code = rank_started(), 2
    with silence() if rank else contextlib.nullcontext():
        try:
            parse(argv)
            shared = f"only {', '.join(SHARED)} has work for several"
            warn(f"{called}: expected one process, got {ranks_started()} ranks of mpiexec: {shared}")
        except SystemExit as left:
            code = exit_code(left)
    if rank and code:
        time.sleep(HEAD_START)
    return code


@contextlib.contextmanager
def silence():
    """Inside, nothing is printed."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def ending(called, error):
    """-> what is said of an error that no command expects, or that came outside of one; exit code."""
    match error:
        case KeyboardInterrupt():
            return f"{called}: interrupted", 130
        case Terminated():
            return f"{called}: terminated", 143
        case SystemExit():  # in the midst of a command, where 0 is no success
            return f"{called}: SystemExit: {error}", exit_code(error) or 1
        case ValueError():
            return f"{called}: {error}", 2
    return "".join(traceback.format_exception(error)).rstrip(), 1


def exit_code(left):
    """The exit code that a SystemExit asks for."""
    return left.code if isinstance(left.code, int) else 0 if left.code is None else 1
