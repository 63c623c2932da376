"""`sentifish <command>`, the same as `python -m ch_sentiment <command>`. A command is a module with HELP,
add_arguments and run.

Exit codes: 0 done; 2 bad input, said in one line; 3 a loss or gradient that is no longer finite; 130 Ctrl-C; 141
whoever read our output has had enough; 143 SIGTERM.
"""

import argparse
import os
import sys

# The products of a step are small: a second BLAS thread gains little on an idle machine, and on a busy one each thread
# waits for the other, which can make a step many times as slow. Whoever sets a number is obeyed.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
if not any(variable in os.environ for variable in THREAD_VARIABLES):
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))  # read when NumPy is first imported, below

from ch_sentiment.commands import (  # noqa: E402
    audit,
    baseline,
    compare,
    data,
    evaluate,
    explain,
    inspect,
    lr_find,
    predict,
    recipes,
    speeches,
    train,
    tune,
)
from ch_sentiment.console import OneLineParser, Terminated, as_utf8, prepare_streams, printable, terminable  # noqa: E402
from common.files.checkpoint import CheckpointError  # noqa: E402
from common.training.parallel import end_with  # noqa: E402

COMMANDS = {
    "train": train,
    "baseline": baseline,
    "compare": compare,
    "recipes": recipes,
    "lr-find": lr_find,
    "tune": tune,
    "evaluate": evaluate,
    "predict": predict,
    "explain": explain,
    "speeches": speeches,
    "inspect": inspect,
    "audit": audit,
    "data": data,
}
DESCRIPTION = """Train a sentiment model on labelled text, score it, and ask it about new texts.

  sentifish train                                   an LSTM on the built-in phrases, in seconds
  sentifish train --data reviews.tsv --cell gru     on your own text: label<TAB>text, or .csv, or a folder
  sentifish evaluate runs/reviews-gru-1 --data more.tsv
  sentifish predict runs/reviews-gru-1 "I did not expect to like it, but I did!"
"""


def main(argv=None):
    """Run a command; -> exit code."""
    prepare_streams()
    parser = OneLineParser(
        prog="sentifish", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=module.HELP, description=f"{module.HELP.capitalize()}."))
    argv = list(map(as_utf8, sys.argv[1:])) if argv is None else argv
    if argv and argv[0] in COMMANDS:  # intermixed: --json may stand between the model and the texts
        options = commands.choices[argv[0]].parse_intermixed_args(argv[1:], argparse.Namespace(command=argv[0]))
    else:
        options = parser.parse_args(argv)
    try:
        with terminable():
            code = COMMANDS[options.command].run(options)
            sys.stdout.flush()  # here, where a broken pipe is nobody's traceback
            return code
    except (ValueError, CheckpointError, OSError, MemoryError) as error:
        if isinstance(error, BrokenPipeError):  # whoever read our output has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        named = isinstance(error, OSError) and error.filename is not None
        return fail(options, f"{error.filename}: {error.strerror}" if named else error, 2)
    except FloatingPointError as error:
        return fail(options, f"{error}; try a lower --lr or a smaller --clip", 3)
    except KeyboardInterrupt:
        return fail(options, "interrupted", 130)
    except Terminated:
        return fail(options, "terminated", 143)


def fail(options, message, code):
    """One line on stderr, whatever the message holds."""
    end_with(f"sentifish {options.command}: {' '.join(printable(str(message)).split())}", code)
    return code


if __name__ == "__main__":
    sys.exit(main())
