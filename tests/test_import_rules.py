"""Who may import whom, and what no module may do, read off the source."""

import ast
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHAPTERS = ("ch_words", "ch_language", "ch_seq2seq", "ch_sentiment")
SOURCES = sorted(path for folder in ("common", "dataset", *CHAPTERS) for path in (ROOT / folder).glob("**/*.py"))
TREES = {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}

# What a module may import stands on a line above its own, or in its own room. A room's name stands for all its modules
# but for those that are named themselves.
ORDER = [
    # dataset
    *(
        "dataset",
        "dataset.printable",
        "dataset.errors dataset.stopwords dataset.mojibake dataset.spiral dataset.phrases",
    ),
    *(
        "dataset.reading.encodings dataset.reading.file_kinds dataset.reading.input_file dataset.signs dataset.smileys",
        "dataset.token_patterns",
        "dataset.chinese_words",
        "dataset.lines dataset.text",
    ),
    *("dataset.phrases_small dataset.store dataset.near_duplicates dataset.scripts", "dataset.reading"),
    "dataset.portable",
    "dataset.labelled_text dataset.imdb_archive",
    "dataset.unlabelled",
    "dataset.glove dataset.imdb dataset.speeches dataset.ptb dataset.sequence dataset.sentences",
    # common
    *("common common.config common.cores", "common.threads common.model_lock", "common.forked"),
    "common.processes common.np common.arrays",
    "common.gpu",
    *("common.functions", "common.layers"),
    *("common.recurrent", "common.time_layers common.pooling", "common.type_dropout common.ngrams"),
    *("common.pair_embedding common.ppmi_vectors common.clipping", "common.optimizer"),
    "common.attention common.negative_sampling common.sampled_softmax",
    "common.skip_gram",
    *("common.files", "common.figures.names", "common.plot", "common.figures"),
    *("common.base_model", "common.sequential", "common.checking", "common.gradient_check"),
    *(
        "common.transformer",
        "common.training common.word_counts",
        "common.trainer common.util",
        "common.files.saved_training common.training.stream",
        "common.files.saved_callbacks",
        "common.files.resume",
    ),
    # the chapters
    "ch_words ch_language ch_seq2seq",
    *("ch_sentiment ch_sentiment.console", "ch_sentiment.model", "ch_sentiment.baselines"),
    *("ch_sentiment.wide", "ch_sentiment.experiment", "ch_sentiment.pretraining"),
    *("ch_sentiment.exercises.runner", "ch_sentiment.exercises.exercise", "ch_sentiment.exercises.tasks"),
    *(
        "ch_sentiment.explain ch_sentiment.audit ch_sentiment.speeches ch_sentiment.data_check ch_sentiment.exercises",
        "ch_sentiment.estimator ch_sentiment.export ch_sentiment.vectors",
        "ch_sentiment.commands",
        "ch_sentiment.program",
        "ch_sentiment.__main__",
    ),
]
RANK = {room: i for i, line in enumerate(ORDER) for room in line.split()}


def module_of(name):
    """ "common.files.resume" for "common/files/resume.py"."""
    return name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def is_script(tree):
    """Whether a source has the lines that run it as a program."""
    tests = [ast.unparse(node.test) for node in tree.body if isinstance(node, ast.If)]
    return "__name__ == '__main__'" in tests


IMPORT_BY_NAME = {
    "ch_sentiment/program.py",  # the commands
    "ch_sentiment/experiment/cells.py",  # a cell that --cell names
    "ch_sentiment/exercises/catalogue.py",  # the exercises
    "ch_sentiment/exercises/runner.py",  # a learner's file, in a process of its own
}
MODULES = {module_of(name): tree for name, tree in TREES.items()}
LESSONS = {name for name, tree in MODULES.items() if is_script(tree)} - {"ch_sentiment.__main__"}


def room_of(module):
    """The entry of RANK that stands for a module. KeyError where there is none."""
    parts = module.split(".")
    whole = len(parts) == 1 or parts[0] in CHAPTERS[:3]  # of a chapter that is one room
    named = [".".join(parts[:n]) for n in (len(parts), len(parts) - 1) if n > 1 or whole]
    return next(room for room in named if room in RANK)


def modules_imported(module):
    """The modules of this project that a module imports, each once."""
    found = set()
    for name in imported(MODULES[module]):
        while name and name not in MODULES:
            name = name.rpartition(".")[0]
        found.add(name)
    packages = {name for name in found if any(other.startswith(f"{name}.") for other in found)}
    return found - packages - {"", module}


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
    allowed = {"common", "dataset", package} if package in CHAPTERS else {package}
    for module in imported(TREES[name]):
        top = module.split(".")[0]
        assert top not in {"common", "dataset", "tests", "benchmarks", *CHAPTERS} - allowed, f"{name}: {module}"


@pytest.mark.parametrize("module", sorted(set(MODULES) - LESSONS))
def test_a_module_imports_what_stands_before_it(module):
    room = room_of(module)
    for other in modules_imported(module):
        assert other not in LESSONS, f"{module} imports the lesson {other}"
        assert room_of(other) == room or RANK[room_of(other)] < RANK[room], f"{module} imports {other}"


@pytest.mark.parametrize("module", sorted(LESSONS))
def test_a_lesson_reads_from_top_to_bottom_without_a_command(module):
    assert len((ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8").splitlines()) <= 75
    chapter = module.split(".")[0]
    rooms = {room_of(other) for other in modules_imported(module)}
    assert not {room for room in rooms if room.startswith("ch_")} - {chapter, f"{chapter}.model"}


def test_no_imports_go_in_a_circle():
    done = set()

    def follow(module, path):
        assert module not in path, " -> ".join([*path, module])
        if module not in done:
            for other in modules_imported(module):
                follow(other, [*path, module])
            done.add(module)

    for module in MODULES:
        follow(module, [])


def test_files_are_short_and_the_chapters_top_folder_can_be_taken_in_at_a_glance():
    lengths = [len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES]
    assert max(lengths) <= 300 and statistics.median(lengths) <= 100
    assert len([path for path in (ROOT / "ch_sentiment").iterdir() if path.suffix == ".py"]) <= 10


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
        by_name = name in IMPORT_BY_NAME and module.split(".")[0] == "importlib"
        assert by_name or not {module, module.split(".")[0]} & runs_code, f"{name}: {module}"
        assert name == "common/files/book_params.py" or module.split(".")[0] not in pickles, f"{name}: {module}"


@every_source
def test_the_global_random_state_is_left_alone(name):
    allowed = {"np.random.default_rng", "np.random.Generator", "np.random.SeedSequence"}
    if name == "common/checking/layer_contract.py":
        allowed |= {"np.random.get_state", "np.random.set_state"}
    if name == "common/arrays/global_random.py":
        allowed |= {f"np.random.{called}" for called in ("permutation", "rand", "get_state", "set_state")}
    if name == "dataset/spiral.py":
        allowed |= {"np.random.RandomState"}  # a generator of its own
    if name == "dataset/sequence.py":
        allowed |= {"np.random.RandomState", "np.random.shuffle"}  # the latter for seed=None, as in the book
    for node in ast.walk(TREES[name]):
        used = dotted(node) if isinstance(node, ast.Attribute) else ""
        if used.startswith(("np.random.", "numpy.random.")):
            assert used in allowed, f"{name}: {used}"
    assert "random" not in {module.split(".")[0] for module in imported(TREES[name])}


@every_source
def test_a_file_opens_with_what_it_is(name):
    assert ast.get_docstring(TREES[name])


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
import numpy, tqdm, argparse, sklearn.base, onnx  # what they do is theirs
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
