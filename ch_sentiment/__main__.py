"""`sentifish <command>`, the same as `python -m ch_sentiment <command>`. A command is a module with HELP,
add_arguments and run.

Exit codes: 0 done; 2 bad input, said in one line; 3 a loss or gradient that is no longer finite; 130 Ctrl-C.
"""

import argparse
import os
import sys

from ch_sentiment import evaluate, predict, train
from common.checkpoint import CheckpointError

COMMANDS = {"train": train, "evaluate": evaluate, "predict": predict}
DESCRIPTION = """Train a sentiment model on labelled text, score it, and ask it about new texts.

  sentifish train                                   an LSTM on the built-in phrases, in seconds
  sentifish train --data reviews.tsv --cell gru     on your own text: label<TAB>text, or .csv, or a folder
  sentifish evaluate runs/reviews-gru-1 --data more.tsv
  sentifish predict runs/reviews-gru-1 "I did not expect to like it, but I did!"
"""


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage in front of it."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv=None):
    """Run a command; -> exit code."""
    parser = OneLineParser(
        prog="sentifish", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        sub = commands.add_parser(name, help=module.HELP, description=module.__doc__)
        module.add_arguments(sub)
    options = parser.parse_args(argv)
    try:
        return COMMANDS[options.command].run(options)
    except (ValueError, CheckpointError, OSError, MemoryError) as error:
        if isinstance(error, BrokenPipeError):  # whoever read our output has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return fail(options, error, 2)
    except FloatingPointError as error:
        return fail(options, f"{error}; try a lower --lr or --clip", 3)
    except KeyboardInterrupt:
        return fail(options, "interrupted", 130)


def fail(options, message, code):
    """One line on stderr, whatever the message holds."""
    print(f"sentifish {options.command}: {' '.join(str(message).split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
