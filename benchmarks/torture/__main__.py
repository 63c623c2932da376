"""`python -m benchmarks.torture --minutes M [PART ...]` prints a row of a Markdown table for each part.

Exit code 1 if one of them failed.
"""

import argparse
import sys

from benchmarks.torture import (
    caches,
    faults,
    files,
    hostile,
    inputs,
    kills,
    memory,
    messages,
    mutants,
    ranks,
    resume,
    signals,
    tampered,
    texts,
    threads,
)
from common.files.checkpoint import CheckpointError

PARTS = {
    "mutants": mutants,
    "hostile": hostile,
    "faults": faults,
    "kills": kills,
    "resume": resume,
    "tampered": tampered,
    "texts": texts,
    "files": files,
    "memory": memory,
    "messages": messages,
    "signals": signals,
    "ranks": ranks,
    "threads": threads,
    "caches": caches,
    "inputs": inputs,
}


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.torture", description="Test the promises of reliability."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--minutes", type=float, default=1.0, metavar="M", help="time for each part (default: 1)")
    parser.add_argument(
        "--count", type=int, default=files.COUNT, metavar="N", help="mutants of `files` (default: 20000)"
    )
    parser.add_argument("--start", type=int, default=0, metavar="N", help="the first mutant of `files` (default: 0)")
    options = parser.parse_args(argv)
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        parser.error(f"expected parts of {', '.join(PARTS)}, got {', '.join(unknown)}")
    code = 0
    print("| part | figures | held |\n| --- | --- | --- |")
    for name in options.parts or PARTS:
        try:
            further = {"count": options.count, "start": options.start} if name == "files" else {}
            figures = PARTS[name].run(options.minutes, lambda line: print(line, file=sys.stderr, flush=True), **further)
            result = "; ".join(f"{key}: {formatted(value)}" for key, value in figures.items())
            held = "yes"
        except (AssertionError, CheckpointError) as error:
            result, held, code = " ".join(str(error).split()), "NO", 1
        print(f"| {name} | {result} | {held} |", flush=True)
    return code


def formatted(value):
    """A number with thousands separators, anything else as it is."""
    return f"{value:,}" if isinstance(value, int | float) else value


if __name__ == "__main__":
    sys.exit(main())
