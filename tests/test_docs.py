"""What README and docs/ show is run as it stands: the Python of the pages below with the output beside it, and the
commands of all pages. Each command is read by its own parser; those of `sentifish` are run, on small files of the names
that they use (the archives that would be fetched among them) and with small settings.
"""

import argparse
import importlib.util
import inspect
import io
import itertools
import re
import runpy
import shlex
import sys
import tarfile
import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT, TINY, TWO, call, fenced, lines_of

from ch_sentiment import model
from ch_sentiment.program import all_commands
from common.optimizer import Adam
from common.recurrent.lstm import LSTM
from dataset import glove, imdb
from dataset.store import registry
from dataset.store.fetch import sha256

COMMANDS = all_commands()
FILES = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").glob("*.md"))]
PAGES = {path.relative_to(ROOT).as_posix(): path for path in FILES}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PAGES.items()}
OURS = [
    f"docs/{name}.md"
    for name in (
        *("layers", "fast_layers", "masks", "many_to_one", "compose", "fit", "write_a_layer", "your_data", "words"),
        *("scores", "attention", "ch_words", "ch_language", "ch_seq2seq", "exercises", "wide"),
        *("chinese", "scripts", "scikit_learn", "onnx", "compact", "page", "vectors"),
    )
]

TRAINING = ("train", "baseline", "lr-find", "tune", "compare")
SMALL = [
    ["--epochs", "1"],
    ["--limit", "40"],
    ["--hidden", "4"],
    ["--wordvec", "4"],
    ["--trials", "1"],
    ["--steps", "5"],
]
SHAPES = {  # what each command prints, as a regular expression for all of it; a new one must say something
    "train": r"(?s).*accuracy \d+\.\d+% on .*\n  \w+\t[01]\.\d{4}\t.*\nwritten to \S+: .*model\.npz.*\n",
    "baseline": r"(?s).*accuracy \d+\.\d+% on .*\nwritten to \S+: .*model\.npz.*\n",
    "lr-find": r"(?s).*the loss falls .*\nwritten to \S+: lr_find\.json, lr_find\.png\n",
    "tune": r"(?s)1 trials, .*\n +1  accuracy .*\nwritten to \S+: search\.json, trials\.jsonl\n",
    "evaluate": r"(.+\n)+texts +[\d,]+\naccuracy +[01]\.\d{4}\n(  95% interval .*\n)?  always (?s:.*)\n\n"
    r"conf.*\n.*(\n\w+( +\d+){2}){2}\n",
    "predict": r"(label,probability,text\n)?(\w+[\t,][01]\.\d{4}[\t,].+\n)+|.*text.*,label,.*\n(.+,[01]\.\d{4}\n)+",
    "inspect": r"checkpoint of format \d+, (?s:.*)arrays: \d+\n(  \S+: \S+ of shape .*\n)+state: every checksum fits\n",
    "recipes": r"(.+\n)+",
}


def shown(page):
    """The commands of a page in their order: (program, arguments, what is read from standard input or None)."""
    for block in fenced(TEXTS[page]):
        for line in block.replace("\\\n", " ").splitlines():
            line = re.sub(r"^mpiexec -n \d+ ", "", line)
            if found := re.match(r"(sentifish|python -m \S+)(?: (?!\S+:)(.*))?$", line):
                program, rest = found[1], shlex.split(found[2] or "", comments=True)
                end = next((i for i, word in enumerate(rest) if word in ("<", ">", "|", "&&", "&")), len(rest))
                yield program, rest[:end], rest[end + 1] if rest[end : end + 1] == ["<"] else None


def every_command():
    return [
        pytest.param(program, arguments, id=f"{page}: {shlex.join([program, *arguments])}")
        for page in PAGES
        for program, arguments, _ in shown(page)
    ]


class Read(Exception):
    """The arguments were read."""


@pytest.fixture
def parse(monkeypatch):
    """parse(arguments) -> what the command line's own parser makes of them, None where it refuses; nothing is run."""

    def parse_only(arguments):
        found = []
        with monkeypatch.context() as patch:
            for module in COMMANDS.values():
                patch.setattr(module, "run", lambda options: found.append(options) or 0)
            call(*arguments)
        return found[0] if found else None

    return parse_only


@pytest.mark.parametrize(("program", "arguments"), every_command())
def test_every_command_is_one_that_its_program_reads(program, arguments, parse, monkeypatch):
    module = program.removeprefix("python -m ")
    scripts = {script.__name__: [name] for name, script in COMMANDS.items()} | {"sentifish": [], "ch_sentiment": []}
    if module in scripts:
        assert parse([*scripts[module], *arguments]), arguments
        return
    assert importlib.util.find_spec(module), f"no module {module}"
    if not arguments:
        return
    real = argparse.ArgumentParser.parse_args

    def parse_args(*args, **kwargs):
        real(*args, **kwargs)
        raise Read

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    with warnings.catch_warnings(), pytest.raises(Read):
        warnings.simplefilter("ignore", RuntimeWarning)  # that the module is known already
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def test_a_command_with_an_unknown_option_would_be_noticed(parse):
    assert parse(["train", "--hidden", "4"]) and not parse(["train", "--hiden", "4"])


def with_small_settings(arguments, parse):
    """The same command, with those of the small settings that it knows."""
    if arguments[0] not in TRAINING or {"--resume", "--init-from"} & set(arguments):
        return arguments
    sure_enough = [["--confidence", "0"]] if "--unlabelled" in arguments else []
    small = [
        setting for setting in SMALL if setting[0] != "--wordvec" or not {"--embedding", "--recipe"} & {*arguments}
    ]
    for setting in [*small, *sure_enough, ["--quiet"]]:
        if parse([*arguments, *setting]):
            arguments = [*arguments, *setting]
    return arguments


def write_stand_ins(folder):
    for name in ("reviews.tsv", "more-reviews.tsv", "train.tsv", "rt-polarity.tsv", "few.tsv", "others.tsv"):
        (folder / name).write_text(lines_of(TWO))
    rows = "".join(f"{label},{text},film {i // 4}\n" for i, (label, text) in enumerate(TWO))
    (folder / "reviews.csv").write_text(f"label,text,film\n{rows}")
    (folder / "train.movies.txt").write_text("".join(f"film {i // 4}\n" for i in range(len(TWO))))
    (folder / "grouped.csv").write_text(
        "age,label,text\n" + "".join(f"{i % 3},{label},{text}\n" for i, (label, text) in enumerate(TWO))
    )
    for name in ("new.csv", "new-reviews.csv"):
        (folder / name).write_text("text\na good thing\na bad thing\n")
    (folder / "review.txt").write_text("a good thing\n")
    (folder / "my-speeches.csv").write_text("speaker,speech\nA,a good thing is said\nB,a bad thing is said\n")
    (folder / "lines.txt").write_text("a good thing\na bad thing\n")
    (folder / "unlabelled.txt").write_text("".join(f"a {('good', 'bad')[i % 2]} thing {i}\n" for i in range(300)))
    (folder / "few").mkdir()
    for name in ("labelled.tsv", "test.tsv"):
        (folder / "few" / name).write_text(lines_of(TWO))
    (folder / "few" / "labelled.groups.txt").write_text((folder / "train.movies.txt").read_text())
    (folder / "few" / "unlabelled.txt").write_text((folder / "unlabelled.txt").read_text())
    (folder / "glove.6B.50d.txt").write_text(vectors(50))
    (folder / "word_vectors.txt").write_text(vectors(8))
    chinese = "label,review\n" + "".join(f"{i % 2},{'菜很好吃' if i % 2 else '菜不好吃'}{i // 2}\n" for i in range(40))
    (folder / "waimai_10k.csv").write_text(chinese, encoding="utf-8")
    (folder / "waimai-gbk.csv").write_text(chinese, encoding="gbk")
    (folder / "peephole.py").write_text("".join(fenced(TEXTS["docs/write_a_layer.md"], "python")[:2]))


def vectors(D):
    """Lines of a word and D numbers."""
    words = sorted({word for _, text in TWO for word in text.split()})
    return "".join(f"{word} {' '.join(f'{np.sin(i * j):.3f}' for j in range(D))}\n" for i, word in enumerate(words, 1))


def put_archives(monkeypatch, folder):
    """Small ones of their form in the place of what would be fetched, in the folder where it is kept."""
    folder.mkdir()
    monkeypatch.setenv("SENTIFISH_DATA", str(folder))
    monkeypatch.setattr(imdb, "_PER_CLASS", len(TWO) // 2)
    monkeypatch.setattr(imdb, "_UNLABELLED", 0)
    with tarfile.open(folder / "aclImdb_v1.tar.gz", "w:gz") as archive:
        for part, (i, (label, text)) in itertools.product(("train", "test"), enumerate(TWO)):
            content = f"{text} ({part} {i})".encode()
            member = tarfile.TarInfo(f"aclImdb/{part}/{label}/{i // 2}_{i % 10}.txt")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    with zipfile.ZipFile(folder / "glove.6B.zip", "w") as archive:
        for name in glove.MEMBERS.values():
            archive.writestr(name, vectors(int(re.search(r"(\d+)d", name)[1])))
    (folder / "speeches.csv").write_text("speaker,speech\nA,a good thing is said\nB,a bad thing is said\n")
    for name, entry in registry.ENTRIES.items():
        if (file := folder / entry.file).exists():
            found = {"sha256": sha256(file), "size": file.stat().st_size}
            monkeypatch.setitem(registry.ENTRIES, name, replace(entry, **found))


@pytest.mark.parametrize("page", [page for page in PAGES if any(p == "sentifish" for p, _, _ in shown(page))])
def test_the_commands_of_a_page_run_in_their_order(page, here, own_cells, no_figures, cupy, parse, monkeypatch, capsys):
    put_archives(monkeypatch, here / "cache")
    write_stand_ins(here)
    for program, arguments, source in shown(page):
        if program != "sentifish" or "--help" in arguments:
            continue
        arguments = with_small_settings(arguments, parse)
        asked = None if arguments[0] in TRAINING else getattr(parse(arguments), "model", None)
        if asked and not (here / asked).exists():
            assert call("train", "--data", "reviews.tsv", *TINY, "--out", asked) == 0
        capsys.readouterr()
        with monkeypatch.context() as patch, (here / (source or "lines.txt")).open(encoding="utf-8") as stdin:
            patch.setattr(sys, "stdin", stdin)
            code = call(*arguments)
        out, err = capsys.readouterr()
        not_yet = arguments[:2] == ["exercises", "check"]  # of a file that was begun
        assert code == (1 if not_yet else 0), f"{arguments}: {err}"
        shape = r"(\{.*\}\n)+" if "--json" in arguments else SHAPES.get(arguments[0], r"(?s).*\S.*")
        assert re.fullmatch(shape, out), f"{arguments}: {out}"
        if source and arguments[0] == "predict":
            answers = len(out.splitlines()) - ("--csv" in arguments)
            assert answers == len((here / source).read_text().splitlines())


@pytest.fixture
def own_cells():
    """The table of cells, to which a page adds one, is as before afterwards."""
    before = dict(model.CELLS)
    yield
    model.CELLS.clear()
    model.CELLS.update(before)


@pytest.mark.parametrize("page", [page for page in OURS if fenced(TEXTS[page], "python")])
def test_the_python_of_a_page_prints_what_stands_below_it(page, here, own_cells, capsys):
    names = {"__name__": page}
    blocks = re.findall(r"^```python\n(.*?)^```\n(?:\n```\n(.*?)^```\n)?", TEXTS[page], re.M | re.S)
    assert blocks
    for code, printed in blocks:
        exec(compile(code, page, "exec"), names)  # noqa: S102
        assert capsys.readouterr().out == printed


@pytest.mark.parametrize(
    ("page", "blocks", "name"),
    [("write_a_layer", [0, 1], "TimePeepholeLSTM"), ("fit", [1], "PairEncoder")],
)
def test_the_file_of_a_page_is_a_choice_of_the_command_line(page, blocks, name, here, own_cells, monkeypatch, capsys):
    """A cell of one's own in one file, and an encoder: trained, asked and resumed by name from the folder it is in."""
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    code = fenced(TEXTS[f"docs/{page}.md"], "python")
    (here / f"code_of_{page}.py").write_text("".join(code[i] for i in blocks))
    cell = ["--cell", f"code_of_{page}:{name}"]
    assert call("train", "--data", "phrases-small", *TINY, *cell, "--epochs", 1, "--out", "r") == 0
    assert call("train", "--resume", "r", "--epochs", 2, *cell) == 0
    capsys.readouterr()
    assert call("predict", "r", "not bad", *cell) == 0
    assert re.fullmatch(r"\w+\t0\.\d{4}\tnot bad\n", capsys.readouterr().out)


def test_the_code_of_the_page_on_training_continues_where_training_stopped(here):
    net = model.sentiment_net(9, 3, 4)
    x, t = [np.array([2, 3]), np.array([4, 5, 6])] * 4, np.array([0, 1] * 4)
    names = {"model": net, "optimizer": Adam(), "x": x, "t": t, "x_val": x[:2], "t_val": t[:2]}
    (code,) = fenced(TEXTS["docs/training.md"], "python")
    exec(code.replace("max_epoch=10,", "max_epoch=3,"), names)  # noqa: S102
    assert names["trainer"].epochs_done == 10
    assert names["found"]["recall"] == names["history"][names["trainer"].callbacks[1].best_epoch - 1]["val_recall"]


def test_the_cell_of_the_page_would_fail_its_check_with_a_wrong_sign():
    code = "\n".join(fenced(TEXTS["docs/write_a_layer.md"], "python")[:3])
    for right, wrong in (
        (" + do * p[2]", ""),
        ("dc * f + df * p[0]", "dc * f - df * p[0]"),
        ("do * c_next)).sum", "do * c_prev)).sum"),
        ("da = np.hstack((df, dg, di, do))", "da = np.hstack((df, di, dg, do))"),
        ("dWx[...] = x.T", "dWx[...] += x.T"),
    ):
        assert code.count(right) == 1
        with pytest.raises(AssertionError, match="TimePeepholeLSTM"):
            exec(code.replace(right, wrong), {"__name__": "broken"})  # noqa: S102


def test_each_line_beside_an_equation_stands_in_its_file():
    pages = TEXTS["docs/layers.md"] + TEXTS["docs/explain.md"] + TEXTS["docs/adversarial.md"]
    lines = re.findall(r"\| `([^`|]+)` \| ([\w/]+\.py) \|$", pages, re.M)
    assert len(lines) == len(re.findall(r"[\w/]+\.py \|$", pages, re.M)) > 26
    for line, path in lines:
        assert line in (ROOT / path).read_text(encoding="utf-8"), line


def test_each_rule_of_the_graph_is_a_line_of_backward():
    _, table = TEXTS["docs/layers.md"].split("| the line in `LSTM.backward` |")
    rules = re.findall(r"^\|[^|]+\|[^|`]+\| `([^`]+)`", table.split("\n\n")[0], re.M)
    assert len(rules) == 7
    assert set(rules) <= {line.partition("  # ")[0].strip() for line in inspect.getsource(LSTM.backward).splitlines()}


def test_the_graph_shows_every_array_and_every_operation_of_a_step():
    ax = runpy.run_path(str(ROOT / "docs" / "draw_graph.py"))["draw"]()
    words = sorted(text.get_text() for text in ax.texts if text.get_text())
    assert words == sorted(
        ["x", "h", "c", "Wx", "Wh", "b", "f", "g", "i", "o", "c'", "h'", *["MatMul"] * 2, *"σσσ+×+××", *["tanh"] * 2]
    )


def test_the_index_lists_every_page_once():
    listed = re.findall(r"\]\((\w+\.md)\)", TEXTS["docs/README.md"])
    pages = {path.name for name, path in PAGES.items() if name.startswith("docs/")} - {"README.md"}
    assert len(listed) == len(set(listed)) and set(listed) == pages


@pytest.mark.parametrize("page", ["findings/README.md", "docs/elsewhere.md"])
def test_every_finding_has_one_row_and_the_versions_of_its_script(page):
    rows = [line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if re.match(r"\|.*\.sh`", line)]
    names = [re.search(r"`([\w-]+\.sh)`", row)[1] for row in rows]
    assert sorted(names) == sorted(path.name for path in (ROOT / "findings").glob("*.sh"))
    for row, name in zip(rows, names):
        script = (ROOT / "findings" / name).read_text(encoding="utf-8")
        assert all(version in script for version in re.findall(r"\b\d+\.\d+\.\d+\b", row)), name


@pytest.mark.parametrize("page", PAGES)
def test_the_scripts_and_modules_that_a_page_names_are_there(page):
    named = re.findall(r"`((?:common|dataset|ch_\w+|tests|benchmarks|findings|docs)/[\w/.-]+\.\w+)`", TEXTS[page])
    example = {"ch_sentiment/commands/count_words.py"}
    assert [name for name in named if name not in example and not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_is_there(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", TEXTS[page]):
        if "://" not in target:
            assert (PAGES[page].parent / target).exists(), target


@pytest.mark.parametrize("page", OURS)
def test_the_options_that_a_page_names_are_there(page, capsys):
    for command in COMMANDS:
        call(command, "--help")
    known = {f"--{name}" for name in re.findall(r"--(?:\[no-\])?([a-z][a-z-]+)", capsys.readouterr().out)}
    assert set(re.findall(r"`(--[a-z][a-z-]+)", TEXTS[page])) <= known
    assert len(TEXTS[page].splitlines()) <= 125
