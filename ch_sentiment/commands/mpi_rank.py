"""One of several ranks that train together (`mpiexec -n 2 sentifish train`): the first alone prints and writes."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from ch_sentiment.console import say
from common.threads import blas_threads
from common.training.parallel import world


@contextlib.contextmanager
def options_of_rank(typed):
    """-> the options `typed`, by name; for another rank than the first such that it trains in silence, and in a folder
    that is then thrown away.
    """
    comm = world()
    if comm is None or comm.rank == 0:
        if comm is not None and not typed.get("quiet"):
            say(f"{comm.size} ranks share every batch, BLAS threads of each: {blas_threads() or 'all'}")
        yield typed
        return
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w", encoding="utf-8") as nowhere:
        own = {"quiet": True}
        if "resume" in typed:
            shutil.copytree(typed["resume"], Path(folder, "run"), ignore=shutil.ignore_patterns(".*", "*.tmp"))
            own["resume"] = str(Path(folder, "run"))
        else:
            own["out"] = str(Path(folder, "run"))
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            yield {**typed, **own}
