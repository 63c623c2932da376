"""`sentifish <command>`, the same as `python -m ch_sentiment <command>`.

A command is a module in ch_sentiment/commands with HELP, add_arguments(parser) and run(options) -> exit code, and is
named after its file, with - for _ (docs/add_a_command.md).

Exit codes: 0 done; 2 bad input, in one line; 3 a loss or gradient that is no longer finite; 130 Ctrl-C; 141 a broken
pipe; 143 SIGTERM.
"""

import os
import sys
from _signal import SIG_DFL, SIG_IGN, SIGINT, SIGTERM, getsignal, signal  # not `signal`: 3 ms without `end`


def main(argv=None):
    """Run a command; -> exit code. None: that of `sys.argv`, as a program; a caller's streams and signals stay."""
    if argv is None:
        for number in (SIGINT, SIGTERM):
            if getsignal(number) != SIG_IGN:  # of a job in the background
                signal(number, end)
    try:
        from ch_sentiment.program import program, run_command  # once a signal cannot disturb what is imported
    except (Exception, SystemExit) as error:
        if argv is None:
            end_ranks(error)
        raise

    return program() if argv is None else run_command(argv)


def end(number, frame):
    """A signal while the program starts: there is nothing yet to be cleaned up."""
    rank = os.environ.get("PMI_RANK", os.environ.get("OMPI_COMM_WORLD_RANK"))
    if rank in (None, "0"):
        os.write(2, b"sentifish: interrupted\n" if number == SIGINT else b"sentifish: terminated\n")
    if rank is not None:  # others would wait for one that has left; of one that a signal ended, mpiexec ends them
        signal(number, SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(128 + number)


def end_ranks(error):
    """What cannot be imported ends all ranks of mpiexec: the others would wait for one that has left."""
    from common.cores import ranks_started

    if ranks_started() > 1:
        from common.training.mpi import end_all

        end_all(f"sentifish: the program cannot be imported ({error!r})", 2)


if __name__ == "__main__":
    sys.exit(main())
