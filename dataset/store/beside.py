"""Files that a reader has put where the book keeps its data: beside the modules of the package `dataset`."""

from pathlib import Path

from dataset.store import stderr

FOLDER = Path(__file__).parents[1]

_mentioned = set()  # files that standard error has a line about


def find(file_name):
    """The Path of a file in the folder of the package `dataset`, or None. That it is used, as it is and without any
    check, is said once on standard error.
    """
    path = FOLDER / file_name
    if not path.is_file():
        return None
    if path not in _mentioned:
        _mentioned.add(path)
        stderr.write(f"{path}: used as it is")
    return path
