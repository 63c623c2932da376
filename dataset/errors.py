"""The error that a user can correct, as opposed to a programmer; the command line shows its message and exits."""

import argparse
import contextlib
import sys

from dataset.printable import PrintableStream, printable


class DataError(ValueError):
    """Bad input, in one line: what was expected, what came, and where (file, line, object)."""


@contextlib.contextmanager
def reading(path):
    """An OSError in the block becomes a DataError that names the file, `path` if the system names none."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror or error})") from None


@contextlib.contextmanager
def one_line_errors(parser, *others):
    """What a script was given and cannot use, a DataError, an OSError or one of `others` in the block, ends it with one
    line on standard error and exit code 2; Ctrl-C with one line and 130. What is printed in the block is printable.
    """
    out, err = (stream and PrintableStream(stream) for stream in (sys.stdout, sys.stderr))  # None without a console
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield
    except (DataError, OSError, *others) as error:
        text = f"{error.filename}: {error.strerror}" if getattr(error, "filename", None) else error
        parser.exit(2, f"{parser.prog}: {printable(str(text))}\n")
    except KeyboardInterrupt:
        parser.exit(130, f"\n{parser.prog}: interrupted\n")


def run_script(main, doc):
    """Run the main() of a script without arguments: --help shows its docstring, `doc`, and an argument is refused."""
    spec = sys.modules["__main__"].__spec__  # None where the file was named, not the module
    parser = argparse.ArgumentParser(prog=spec and f"python -m {spec.name}", description=doc.split("\n")[0])
    with one_line_errors(parser):
        parser.parse_args()
        main()
