"""What the promises of docs/reliability.md are put to: long, random and hostile. `python -m benchmarks.torture --help`.

A part is a module with `run(minutes, say)`: it works for so many minutes, may tell its progress by say(line), and
returns its figures (dict of name to value), or raises AssertionError, or the CheckpointError of a damaged file.
"""
