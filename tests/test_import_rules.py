"""Who may import whom, and what no module may do, read off the source."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("common", "dataset", "ch_sentiment") for path in (ROOT / folder).glob("**/*.py"))
TREES = {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}

# Inside common: each module may import those on the lines above it, never its neighbours or those below.
ORDER = [
    {"np", "config", "functions", "initializers", "row_grad", "batches", "metrics", "plot", "stored_zip", "whole_file"},
    {"checks", "checkpoint", "optimizer", "gradient_check"},
    {"layers", "pooling", "book_params", "callbacks"},
    {"recurrent", "base_model"},
    {"rnn", "gru", "lstm"},
    {"bidirectional"},
    {"time_layers"},
    {"trainer", "util", "parallel"},
]


def imported(tree):
    """The dotted names of all modules that a source names in an import, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted(node):
    """ "np.random.seed" for the expression that reads so; "" for others."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


every_source = pytest.mark.parametrize("name", TREES)


@every_source
def test_imports_run_one_way(name):
    package = name.split("/")[0]
    forbidden = {
        "common": ("dataset", "ch_"),
        "dataset": ("common", "ch_"),
        "ch_sentiment": (),
    }[package]
    for module in imported(TREES[name]):
        top = module.split(".")[0]
        assert not any(top == f or (f.endswith("_") and top.startswith(f)) for f in forbidden), f"{name}: {module}"
        assert top not in {"tests", "benchmarks"}


def test_inside_common_imports_follow_the_order_of_the_design():
    rank = {module: i for i, line in enumerate(ORDER) for module in line}
    for name, tree in TREES.items():
        if not name.startswith("common/") or name.endswith("__init__.py"):
            continue
        module = Path(name).stem
        if module not in rank:
            continue  # a new cell, say
        for other in imported(tree):
            parts = other.split(".")
            if parts[0] == "common" and len(parts) > 1 and parts[1] in rank:
                allowed = rank[parts[1]] < rank[module]
                assert allowed or (module, parts[1]) == ("np", "config"), f"common/{module} imports common/{parts[1]}"


@every_source
def test_no_source_evaluates_text_or_opens_a_shell_or_a_pickle(name):
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Call):
            called = dotted(node.func)
            called = called.removeprefix("builtins.")
            assert called not in {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}, f"{name}: {called}"
            for keyword in node.keywords:
                on = not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
                assert not (keyword.arg in {"shell", "allow_pickle"} and on), f"{name}: {keyword.arg}"
    runs_code = {"importlib", "runpy", "code", "codeop", "os.system", "os.popen"}
    pickles = {"pickle", "_pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "cloudpickle"}
    for module in imported(TREES[name]):
        by_name = name == "ch_sentiment/__main__.py" and module.startswith("importlib")  # of the commands
        assert by_name or not {module, module.split(".")[0]} & runs_code, f"{name}: {module}"
        assert name == "common/files/book_params.py" or module.split(".")[0] not in pickles, f"{name}: {module}"


@every_source
def test_the_global_random_state_is_left_alone(name):
    allowed = {"np.random.default_rng", "np.random.Generator", "np.random.SeedSequence"}
    if name == "common/checking/gradient_check.py":
        allowed |= {"np.random.get_state", "np.random.set_state"}
    if name == "dataset/spiral.py":
        allowed |= {"np.random.RandomState"}  # a generator of its own
    for node in ast.walk(TREES[name]):
        used = dotted(node) if isinstance(node, ast.Attribute) else ""
        if used.startswith(("np.random.", "numpy.random.")):
            assert used in allowed, f"{name}: {used}"
    assert "random" not in {module.split(".")[0] for module in imported(TREES[name])}


@every_source
def test_a_file_opens_with_what_it_is_and_stays_short(name):
    assert ast.get_docstring(TREES[name]) or name.endswith("__init__.py")
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 320


WATCH = """
import importlib, json, os, sys
touched = []
def watch(event, args):
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        touched.append(str(args[0]))
    elif event == "open" and args[1] is None and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        touched.append(str(args[0]))
    elif event in ("os.mkdir", "os.rename", "os.remove", "socket.connect", "subprocess.Popen"):
        touched.append(event)
import numpy, tqdm, argparse  # what they do is theirs
sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps({"touched": touched, "figures": "matplotlib" in sys.modules}))
"""


def test_importing_writes_nothing_reaches_nowhere_and_draws_nothing(tmp_path):
    names = [str(path.relative_to(ROOT).with_suffix("")).replace(os.sep, ".") for path in SOURCES]
    names = [n.removesuffix(".__init__") for n in names if n != "common.plot" and "figure" not in n]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", WATCH, *names]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"touched": [], "figures": False}
    assert list(tmp_path.iterdir()) == [] and done.stderr == ""
