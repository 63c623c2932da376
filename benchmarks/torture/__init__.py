"""Long, random and hostile tests of the promises of docs/reliability.md. `python -m benchmarks.torture --help`.

A part is a module with `run(minutes, say)`: it runs for so many minutes, may report progress with say(line), and
returns its figures (dict of name to value), or raises AssertionError, or the CheckpointError of a damaged file.
"""
