"""The learner's folder: a file for each exercise begun, and `progress.json`, which only helps the memory."""

import contextlib
import itertools
import json
from pathlib import Path

from common.files.atomic_write import write_atomically
from dataset.errors import DataError
from dataset.reading.input_file import read_text

PROGRESS = "progress.json"


class Folder:
    """OSError where it cannot be written."""

    def __init__(self, path):
        self.path = Path(path)

    def file(self, name):
        """Where the file of an exercise is, or would be."""
        return self.path / f"{name}.py"

    def start(self, exercise, again=False):
        """Write the file to begin with -> its path, and that of the older one, which is kept (again), or None.

        DataError where there is a file already, unless again.
        """
        path, kept = self.file(exercise.name), None
        self.path.mkdir(parents=True, exist_ok=True)
        if again and path.exists():
            kept = next(p for i in itertools.count(1) if not (p := path.with_suffix(f".{i}.py")).exists())
            path.rename(kept)
        try:
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(exercise.stub)
        except FileExistsError:
            raise DataError(f"{path} is there already; --again keeps it under another name and begins anew") from None
        return path, kept

    def progress(self):
        """name -> {"passed": bool, "hints": number shown}; without those of which nothing is known."""
        with contextlib.suppress(OSError, ValueError, RecursionError):
            known = json.loads(read_text(self.path / PROGRESS))
            if isinstance(known, dict):
                return {name: _entry(value) for name, value in known.items()}
        return {}

    def note(self, name, **changes):
        """Keep what changed of an exercise; nothing where the folder is not there."""
        progress = self.progress()
        changed = {**progress, name: {**progress.get(name, _entry({})), **changes}}
        if changed != progress and self.path.is_dir():
            text = json.dumps(changed, indent=2, sort_keys=True) + "\n"
            write_atomically(self.path / PROGRESS, [text.encode()])


def _entry(value):
    value = value if isinstance(value, dict) else {}
    hints = value.get("hints")
    return {"passed": value.get("passed") is True, "hints": hints if type(hints) is int and hints >= 0 else 0}
