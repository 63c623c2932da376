"""`sentifish <command>`, the same as `python -m ch_sentiment <command>`.

A command is a module in ch_sentiment/commands with HELP, add_arguments(parser) and run(options) -> exit code, and is
named after its file, with - for _ (docs/add_a_command.md). Only the module of the command that is called is imported.

Exit codes: 0 done; 2 bad input, in one line; 3 a loss or gradient that is no longer finite; 130 Ctrl-C; 141 a broken
pipe; 143 SIGTERM.
"""

import argparse
import gc
import importlib
import os
import pkgutil
import sys

from ch_sentiment import commands
from ch_sentiment.console import OneLineParser, ShortHelp, Terminated, as_utf8, prepare_streams, printable, terminable
from common import __version__
from common.cores import ranks_started
from common.threads import one_blas_thread

DESCRIPTION = """Train a sentiment model on labelled text, score it, and ask it about new texts.

  sentifish train                          an LSTM on the built-in phrases
  sentifish train reviews.csv --cell gru   on your own text, a file or a folder
  sentifish evaluate runs/reviews-gru-1 more.csv
  sentifish predict runs/reviews-gru-1 "I did not expect to like it, but I did!"
  sentifish predict runs/reviews-gru-1 --data new.csv --csv
"""


@one_blas_thread()  # entered before NumPy is loaded, where this is the program
def main(argv=None):
    """Run a command; -> exit code."""
    program = argv is None
    if program:  # a caller's streams are left as they are
        gc.disable()
        prepare_streams()
        argv = list(map(as_utf8, sys.argv[1:]))
        if ranks_started() > 1:
            from ch_sentiment.commands import ranks

            gc.enable()
            return ranks.run(argv, parse, run_command)
    command, options = parse(argv)
    if program:  # modules are not garbage: a start takes a tenth less where they are never looked at
        gc.freeze()
        gc.enable()
    return run_command(command, options)


def run_command(command, options):
    """-> exit code of a command, whose errors are one line."""
    from common.files.checkpoint import CheckpointError  # not above: it imports NumPy

    try:
        with terminable():
            code = command.run(options)
            sys.stdout.flush()  # here, where a broken pipe is caught
            return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, CheckpointError, OSError, MemoryError) as error:
        named = isinstance(error, OSError) and error.filename is not None
        what = "not enough memory" if isinstance(error, MemoryError) and not str(error) else error
        return fail(options, f"{error.filename}: {error.strerror}" if named else what, 2)
    except FloatingPointError as error:
        return fail(options, f"{error}; try a lower --lr or a smaller --clip", 3)
    except KeyboardInterrupt:
        return fail(options, "interrupted", 130)
    except Terminated:
        return fail(options, "terminated", 143)


def module_names():
    """Name of a command, or of another module in its folder -> name of the module, in alphabetical order."""
    return {name.replace("_", "-"): name for name in sorted(m.name for m in pkgutil.iter_modules(commands.__path__))}


def find_command(name):
    """The module of a command, or None where there is none of this name. ImportError in one line."""
    if name not in module_names():
        return None
    full_name = f"ch_sentiment.commands.{module_names()[name]}"
    try:
        module = importlib.import_module(full_name)
    except (Exception, SystemExit) as error:
        why = printable(f"{type(error).__name__}: {error}".rstrip(": "))
        raise ImportError(f"{full_name} cannot be imported ({why})") from None
    return module if isinstance(getattr(module, "HELP", None), str) else None


def all_commands(broken=None):
    """name -> module, in alphabetical order. broken: a list that gets a line for each module that cannot be imported;
    None: ImportError.
    """
    found = {}
    for name in module_names():
        try:
            command = find_command(name)
        except ImportError as error:
            if broken is None:
                raise
            broken.append(str(error))
        else:
            found |= {} if command is None else {name: command}
    return found


def parse(argv):
    """-> the module of a command, its options. SystemExit after --help, --version and for what cannot be parsed."""
    try:
        command = find_command(argv[0]) if argv else None
    except ImportError as error:
        OneLineParser(prog=f"sentifish {argv[0]}").exit(2, f"sentifish {argv[0]}: {error}\n")
    if command is not None:
        description = f"{command.HELP[:1].upper()}{command.HELP[1:]}."
        parser = OneLineParser(prog=f"sentifish {argv[0]}", description=description, formatter_class=ShortHelp)
        command.add_arguments(parser)
        dashes = argv.index("--") if "--" in argv else len(argv)
        for argument in argv[1:dashes]:  # which argparse would take for -h
            if argument.startswith("-h") and argument not in ("-h", "-help"):
                parser.error(f"unrecognized arguments: {argument}")
        # intermixed: --json may stand between the model and the texts
        namespace = argparse.Namespace(command=argv[0], after_dashes=argv[dashes + 1 :])
        return command, parser.parse_intermixed_args(argv[1:], namespace)
    as_it_stands = argparse.RawDescriptionHelpFormatter
    parser = OneLineParser(prog="sentifish", description=DESCRIPTION, formatter_class=as_it_stands)
    parser.add_argument("--version", action="version", version=f"sentifish {__version__}")
    choices = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    broken = []
    for name, module in all_commands(broken).items():
        choices.add_parser(name, help=module.HELP.replace("%", "%%"))
    parser.epilog = "\n".join(broken).replace("%(", "% (")  # which argparse would fill in
    parser.parse_args(argv)
    parser.error(f"expected a command first, got {argv[0]}")


def fail(options, message, code):
    """One line on stderr, whatever the message contains; -> code."""
    from common.training.mpi import end_with  # not above: it takes time

    end_with(f"sentifish {options.command}: {' '.join(printable(str(message)).split())}", code)
    return code


if __name__ == "__main__":
    sys.exit(main())
