"""benchmarks.book_scripts on a made-up checkout: what it runs, what it compares, what it times, how it fails."""

import pytest

from benchmarks.book_scripts.__main__ import main
from benchmarks.book_scripts.jobs import cut_texts, last_line, read_texts
from benchmarks.book_scripts.report import compare, table
from benchmarks.book_scripts.scripts import FAIL_BY_THEMSELVES, SCRIPTS, TIMINGS

CHECKOUT = {  # path -> source: packages with the book's names, and scripts that use them
    "common/__init__.py": "",
    "common/optimizer.py": """
class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr
    def update(self, params, grads):
        for p, g in zip(params, grads):
            p -= self.lr * g
""",
    "common/trainer.py": """
import numpy
class Trainer:
    def __init__(self, model, optimizer):
        self.model, self.optimizer = model, optimizer
    def fit(self, x, t, max_epoch=10, batch_size=32, max_grad=None, eval_interval=20):
        for _ in range(max_epoch):
            order = numpy.random.permutation(len(x))
            for at in numpy.split(order, len(x) // batch_size):
                self.model.forward(x[at], t[at])
                self.model.backward()
                self.optimizer.update(self.model.params, self.model.grads)
""",
    "dataset/__init__.py": "",
    "dataset/sequence.py": """
import numpy
def load_data(seed=1984):
    numpy.random.seed(seed)
    return (1, 2), (numpy.arange(9), numpy.arange(9))
""",
    "ch01/train.py": """
import sys
sys.path.append('..')
import numpy as np
from common.optimizer import SGD
from common.trainer import Trainer
class Line:
    def __init__(self):
        self.params, self.grads, self.count = [np.zeros(1)], [np.zeros(1)], 0
    def forward(self, x, t):
        self.off, self.x = x * self.params[0] - t, x
        self.count += 1
        return float((self.off ** 2).mean())
    def backward(self, dout=1):
        self.grads[0][...] = (2 * self.off * self.x).mean()
model = Line()
x = np.random.randn(40, 1)
Trainer(model, SGD(0.1)).fit(x, 3 * x, max_epoch=50, batch_size=10, eval_interval=None)
print('time 3[s]', model.params, model.count)
""",
    "ch01/forward_net.py": """
import os, sys
sys.path.append('..')
from common import optimizer
print(os.path.exists(optimizer.__file__), 1.25)
""",
    "ch02/show_ptb.py": "print(open('../dataset/ptb.train.txt').read(), 0.5)",
    "ch03/train.py": "from common.optimizer import SGD\nSGD.__init__.__defaults__[0] == 0.01 and print(0.5)\n"
    "import common.optimizer as o\nprint(2.0 if hasattr(o, 'Adam') else 1.0)",
    "ch06/clip_grads.py": "from common.trainer import Trainer\nTrainer.only_in_the_book\n",
    "ch08/train.py": "raise RuntimeError('in its own code')",
}
CHECKOUT["common/trainer.py"] += "    only_in_the_book = True\n"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkout")
    for name, source in CHECKOUT.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(source)
    (folder / "text.txt").write_text(" a b c \n d e \n")
    return folder


def run(checkout, capsys, *arguments):
    """-> exit code, the cells of each row by the first one, standard output."""
    code = main([str(checkout), "--text", str(checkout / "text.txt"), *arguments])
    out = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in out.splitlines() if line.startswith("|")]
    return code, {row[0]: row[1:] for row in rows}, out


def test_scripts_run_beside_both_and_what_they_print_is_compared(checkout, capsys):
    code, rows, out = run(checkout, capsys, "--part", "scripts")
    assert code == 1  # of one script that needs what only the checkout has
    assert rows["ch01/forward_net.py"] == rows["ch02/show_ptb.py"] == ["0", "0", "0", "the same"]
    assert rows["ch01/train.py"] == ["0", "0", "0", "the same"]
    assert rows["ch03/train.py"][:3] == ["0", "0", "0"]
    assert rows["ch03/train.py"][3].startswith("the first 1 of 2 numbers are the same, 1 are not, by 1e+02 %")
    assert rows["ch06/clip_grads.py"][1:3] == ["0", "1"]
    assert (
        rows["ch06/clip_grads.py"][3].startswith("ours: AttributeError: ")
        and "only_in" in rows["ch06/clip_grads.py"][3]
    )
    assert rows["ch08/train.py"][1:] == [
        "1",
        "1",
        f"both: RuntimeError: in its own code ({FAIL_BY_THEMSELVES['ch08/train.py']})",
    ]
    assert "exit 0: 5 with the book's packages, 4 with ours, of 6" in out
    written = {path.relative_to(checkout).as_posix() for path in checkout.rglob("*") if path.is_file()}
    assert written == {*CHECKOUT, "text.txt"}


def test_a_quick_run_cuts_the_training_and_several_seeds_are_several_rows(checkout, capsys):
    code, _, out = run(checkout, capsys, "--part", "scripts", "--quick", "--only", "ch01/train", "--seed", "1", "2")
    assert code == 0 and out.count("| ch01/train.py |") == 2 and out.count("| the same |") == 2


def test_times_are_ratios_and_a_script_that_fails_is_named(checkout, capsys):
    code, rows, _ = run(checkout, capsys, "--part", "times", "--quick", "--only", "ch01/train.py", "ch08")
    assert code == 0
    kind, book, ours, ratio, needed, _ = rows["ch01 train"]
    assert (kind, needed) == ("update", "1.0") and book.endswith(" ms") and ours.endswith(" ms") and float(ratio) > 0
    assert rows["ch08 attention"][-1] == "ch08 attention, the book's: RuntimeError: in its own code"


@pytest.mark.parametrize("pairs", ["0", "-1", "two"])
def test_bad_options_are_one_line_and_exit_2(checkout, tmp_path, capsys, pairs):
    assert main([str(checkout), "--text", str(tmp_path / "nowhere.txt")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    for arguments in ([str(tmp_path)], [str(checkout), "--pairs", pairs]):
        with pytest.raises(SystemExit) as caught:
            main([*arguments, "--text", str(checkout / "text.txt")])
        assert caught.value.code == 2


def test_numbers_are_compared_to_rounding_and_clocks_and_progress_are_not():
    theirs = "epoch 1 | time 3[s] | loss 1.10\n0.0% done\n1 / 20\nw [ 1.00000 -2.5]"
    assert compare(theirs, theirs.replace("3[s]", "44[s]").replace("0.0% done\n1 / 20\n", "")) == "the same"
    assert compare(theirs, theirs.replace("1.10", "1.11")) == "the same to rounding"
    assert compare(theirs, theirs.replace("1.00000", "1.00001")) == "the same to rounding"
    assert compare(theirs, theirs.replace("loss", "lots")) == "the same to rounding, other words"
    assert compare(theirs, theirs + " 7") == "other words (4 numbers, 5 of ours)"
    said = compare(theirs, theirs.replace("1.10", "1.21"))
    assert said == "the first 1 of 4 numbers are the same, 1 are not, by 10 % in the median; the last are -2.5 and -2.5"


def test_parts_without_a_text_are_the_end_of_the_training_text_and_a_cut_one_keeps_whole_lines(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("".join(f" a b {i} \n" for i in range(20)))
    texts = read_texts([path])
    assert texts["valid"] == texts["test"] == texts["train"][-2:] and len(texts["train"]) == 20
    assert cut_texts(texts, None) is texts
    assert cut_texts(texts, 7) == {"train": texts["train"][:2], "valid": [" a b 1 \n"], "test": [" a b 1 \n"]}
    assert read_texts([path, path, path])["valid"] == texts["train"]


def test_the_list_is_that_of_the_issue():
    assert len(SCRIPTS) == len({script.path for script in SCRIPTS}) == 27
    assert set(FAIL_BY_THEMSELVES) < {script.path for script in SCRIPTS} and len(FAIL_BY_THEMSELVES) == 3
    needed = {timing.name: timing.needed for timing in TIMINGS}
    assert needed["ch04 train"] == 5 and needed["ch05 train"] == 2
    assert {ratio for name, ratio in needed.items() if name[:4] in ("ch01", "ch03")} == {1}
    assert {ratio for name, ratio in needed.items() if name[:4] in ("ch06", "ch07", "ch08", "toke")} == {1.5}


def test_tables_and_last_lines_are_whole():
    assert table(["a", "b"], [[1, "x|y"]]) == "| a | b |\n| --- | --- |\n| 1 | x/y |"
    assert last_line("one\r2 / 3\n\n") == "2 / 3" and last_line("") == "nothing said"
