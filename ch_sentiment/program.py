"""The program `sentifish`: it finds the command that is called, runs it, and says in one line why it failed.

Only the module of the command that is called is imported.
"""

import argparse
import gc
import importlib
import os
import pkgutil
import re
import sys

from ch_sentiment import commands
from ch_sentiment.console import OneLineParser, ShortHelp, Terminated, printable, terminable
from ch_sentiment.console.signals import Interruptible
from ch_sentiment.console.streams import discard, finish_streams, prepare_streams
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


def program():
    """Run the command that `sys.argv` names, as a process of its own; -> exit code."""
    in_utf8()
    gc.disable()
    prepare_streams()
    try:
        code = run_command(sys.argv[1:], Interruptible())
    except SystemExit as left:  # --help, or what cannot be parsed
        code = left.code
    try:
        finish_streams()
    except BrokenPipeError:
        code = code or 141
    except OSError as error:
        code = code or fail("sentifish", f"standard output: {error.strerror}", 2)
    return code


def in_utf8():
    """Where the locale has another encoding, in which many a name of a file cannot be written, start again in UTF-8."""
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode and sys.executable:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606


@one_blas_thread()  # entered before NumPy is loaded, where this is the program
def run_command(argv, signals=None):
    """Run a command; -> exit code. signals: Interruptible of a program. SystemExit as `parse`."""
    if signals is not None and ranks_started() > 1:
        from ch_sentiment.commands import ranks  # not above: a process that runs alone needs none of it

        gc.enable()
        return ranks.run(argv, parse, execute, signals)
    command, options = parse(argv)
    if signals is not None:
        gc.freeze()  # modules are not garbage: a start takes a tenth less where they are never looked at
        gc.enable()
    return execute(command, options, signals)


def execute(command, options, signals=None):
    """-> exit code of a command, whose errors are said in one line."""
    from common.files.checkpoint import CheckpointError  # not above: it imports NumPy

    called = f"sentifish {options.command}"
    try:
        with terminable() if signals is None else signals:
            code = command.run(options)
            sys.stdout.flush()  # here, where a broken pipe is caught
            return code
    except BrokenPipeError:
        discard(sys.stdout)
        return 141
    except (ValueError, CheckpointError, OSError, MemoryError) as error:
        return fail(called, in_words(error), 2)
    except FloatingPointError as error:
        return fail(called, f"{error}; try a lower --lr or a smaller --clip", 3)
    except KeyboardInterrupt:
        return fail(called, "interrupted", 130)
    except Terminated:
        return fail(called, "terminated", 143)


def in_words(error):
    """What is said of bad input, or of what the system refused."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, FileNotFoundError) and error.errno is not None:  # nameless: the folder that names are read in
        return "the working folder is not there any more"
    return "not enough memory" if isinstance(error, MemoryError) and not str(error) else error


def fail(called, message, code):
    """One line on stderr, whatever the message contains; -> code."""
    from common.training.mpi import end_with  # not above: it takes time

    message = re.sub(r"\s*\n\s*", " ", str(message).strip())
    end_with(f"{called}: {printable(message)}", code)
    return code


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
