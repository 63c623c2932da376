"""The environment of all tests, the same whoever starts them: what a test says of defaults must not hang on a shell.

Imported first by conftest.py, before NumPy and Matplotlib, which read their variables when they are loaded. Left alone
are OPENBLAS_CORETYPE and NPY_DISABLE_CPU_FEATURES, by which one asks for the arithmetic of another processor.
"""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
TAKEN_AWAY = re.compile(
    r"(OMP|MKL|BLIS|VECLIB|GOTO)_.*|OPENBLAS_(DEFAULT_)?NUM_THREADS"  # how many threads
    r"|(PMI|PMIX|OMPI|HYDRA|MPIEXEC|SLURM|PBS)_.*"  # being one of several ranks, or a job of a cluster
    r"|PYTHON(HASHSEED|INTMAXSTRDIGITS|IOENCODING|OPTIMIZE|SAFEPATH|STARTUP|UNBUFFERED|UTF8|COERCECLOCALE|WARNINGS)"
    r"|LANG|LANGUAGE|LC_.*|MATPLOTLIBRC|TQDM_.*|\w+_proxy",
    re.IGNORECASE,
)

for name in filter(TAKEN_AWAY.fullmatch, list(os.environ)):
    del os.environ[name]
_python_path = [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
os.environ |= {
    "PYTHONPATH": os.pathsep.join(map(os.path.abspath, _python_path)),  # for processes that start in another folder
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "COLUMNS": "80",
    "LINES": "24",
    "NO_PROXY": "*",
    "MPLBACKEND": "Agg",
}
if "SENTIFISH_TEST_DATA" in os.environ:
    os.environ["SENTIFISH_TEST_DATA"] = os.path.abspath(os.environ["SENTIFISH_TEST_DATA"])
if "PYTEST_XDIST_WORKER" not in os.environ:  # a worker has it from the process that started it
    _kept = tempfile.mkdtemp(prefix="sentifish-tests-")
    atexit.register(shutil.rmtree, _kept, ignore_errors=True)
    os.environ["MPLCONFIGDIR"] = os.path.join(_kept, "matplotlib")
    os.environ["SENTIFISH_DATA"] = os.path.join(_kept, "data")

    import matplotlib.font_manager  # noqa: F401  (lists the fonts in that folder; each process would do so anew)
