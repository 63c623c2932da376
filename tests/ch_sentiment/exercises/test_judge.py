"""The judge and files that do what no solution should: each gets one line that says so, and none of them passes."""

import io
import json
import os
import re
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import ROOT

from ch_sentiment.exercises import process, runner
from ch_sentiment.exercises.catalogue import load
from ch_sentiment.exercises.judge import Trial, check
from dataset.errors import DataError

RIGHT = load("matmul").solution
FORWARD = "        (W,) = self.params\n        self.x = x\n"  # where lines are put in
assert RIGHT.count(FORWARD) == 1


def inside(line):
    """The right answer with a line at the beginning of forward."""
    return RIGHT.replace(FORWARD, f"        {line}\n{FORWARD}")


def on_top(lines):
    """The right answer below other lines."""
    return f"{lines}\n{RIGHT}"


@pytest.fixture
def judged(tmp_path):
    """judged(text) -> Verdict."""

    def judge(text, **options):
        path = tmp_path / "matmul.py"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return check("matmul", path, time_limit=60, **options)

    return judge


GARBAGE = "for fd in range(3, 40):\n    try: os.write(fd, b'x' * 1000)\n    except OSError: pass"
# What ends or spoils the process that it runs in: a process each. The others share one.
ALONE = ("ours behind", "sys.exit", "os._exit", "killed", "garbage", "the judge's", "np.array", "imports ended")
BAD = {
    "empty": ("", "no class|got none"),
    "not Python": ("def f(:", "SyntaxError: .*line 1"),
    "ours behind the judge's back": (
        f"import sys\nsys.meta_path.pop(0)\nsys.path.insert(0, {os.fspath(ROOT)!r})\nfrom common.layers import MatMul",
        "PermissionError: files of this project cannot be read.*line 4, while it was imported",
    ),
    "the solution read": (
        f"open({os.fspath(ROOT / 'ch_sentiment' / 'exercises' / 'tasks' / 'matmul.py')!r})",
        "PermissionError: files of this project cannot be read.*line 1, while it was imported",
    ),
    "an assertion": (inside("assert x is None"), r"^AssertionError: line \d+, in forward"),
    "a name of an error in lines": ("raise type('A\\nB', (Exception,), {})('c\\x1b[2J')", r"^A B: c \[2J: line 1"),
    "too large": (RIGHT.replace("return x @ W", "return np.zeros((10**4, 1000))"), "y: an array of shape .* too large"),
    "the judge's JSON": (on_top("import json\njson.dumps = None"), "its process ended .exit code 0. before all"),
    "not text": (b"\xff\xfe\x00\x01", "SyntaxError|ValueError"),
    "a zip": (b"PK\x03\x04" + bytes(50), "SyntaxError|ValueError"),
    "import of nothing": (
        "import nothing_of_this_name",
        "ModuleNotFoundError: No module named .*line 1, while it was imported",
    ),
    "import of ours": ("from common.layers import MatMul", "ImportError: common cannot be used in an exercise.*line 1"),
    "import of torch": (inside("import torch"), "ImportError: torch cannot be used"),
    "an error at import": ("1 / 0", "ZeroDivisionError: .*line 1, while it was imported"),
    "sys.exit at import": ("import sys; sys.exit(0)", "ends the program: line 1, while it was imported"),
    "sys.exit in forward": (inside("raise SystemExit"), r"ends the program: line \d+, in forward"),
    "os._exit at import": ("import os; os._exit(0)", r"its process ended \(exit code 0\).*while it was imported"),
    "os._exit in forward": (inside("import os; os._exit(7)"), r"its process ended \(exit code 7\).*in forward"),
    "killed": (
        inside("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
        "its process crashed .SIGKILL.*forward",
    ),
    "KeyboardInterrupt": (inside("raise KeyboardInterrupt"), "KeyboardInterrupt"),
    "a hostile error": (
        on_top("class E(Exception):\n    def __str__(self): raise E") + "\nraise E",
        r"E: \?: line \d+, while it was imported",
    ),
    "recursion": (inside("self.forward(x)"), "RecursionError"),
    "input": (inside("input()"), "EOFError"),
    "no class": ("class Matmul: pass", "expected a class MatMul, got none"),
    "a function": ("def MatMul(W): return None", "forward"),
    "no forward": (
        "class MatMul:\n    def __init__(self, W): self.grads = [W]",
        "AttributeError: .*no attribute 'forward'",
    ),
    "no argument": ("class MatMul: pass", "TypeError"),
    "no grads": (
        RIGHT.replace("self.grads = [np.zeros_like(W)]", "self.grads = []"),
        r"expected 1 \(dW\), got 0|unpack",
    ),
    "None": (RIGHT.replace("return x @ W", "x @ W"), "y: expected an array, got None .is a `return` missing"),
    "text": (RIGHT.replace("return x @ W", "return 'x'"), "y: expected an array of numbers, got str"),
    "objects": (
        RIGHT.replace("return x @ W", "return (x @ W).astype(object)"),
        "expected an array of numbers, got ndarray",
    ),
    "two results": (RIGHT.replace("return x @ W", "return x, W"), r"forward: expected 1 \(y\), got 2"),
    "ragged": (RIGHT.replace("return x @ W", "return [[1], [1, 2]]"), "expected 1|inhomogeneous"),
    "a transpose missing": (RIGHT.replace("dout @ W.T", "dout @ W"), "ValueError: matmul.*is a transpose missing"),
    "another transpose missing": (
        RIGHT.replace("self.x.T @ dout", "dout.T @ self.x"),
        r"ValueError: .*from shape \(2,5\) into shape \(5,2\) .is a transpose missing",
    ),
    "sizes that differ": (inside("x + np.ones((9, 4))"), r"ValueError: .*\(3,4\) \(9,4\): line"),
    "much memory": (inside("np.zeros((10**7, 10**7))"), "it needs too much memory: line|MemoryError"),
    "garbage for the judge": (on_top("import os\n" + GARBAGE), "cannot be read"),
    "the judge's stream closed": (on_top("import os\nos.closerange(3, 40)"), "its process ended"),
    "the judge's stream closed for ever": (
        on_top("import os, time\nos.closerange(3, 40)\ntime.sleep(60)"),
        "it closed the stream to the judge, while it was imported",
    ),
    "an error in lines": ("raise ValueError('one\\ntwo\\n' * 1000)", "ValueError: one two one .*line 1"),
    "np.array replaced": (on_top("import numpy as np\nnp.array = np.asarray = None"), "TypeError"),
    "imports ended": (on_top("import sys\nsys.meta_path.clear()\nimport nothing_at_all"), "ModuleNotFoundError"),
}


@pytest.fixture(scope="module")
def judged_together(tmp_path_factory):
    """judged_together(exercise, name -> text) -> name -> Verdict, out of one process."""

    def judge(exercise, texts):
        folder = tmp_path_factory.mktemp("files")
        paths = [folder / f"file{i}.py" for i in range(len(texts))]
        for path, text in zip(paths, texts.values()):
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        trial = Trial(load(exercise), 5)
        found = trial.run(paths, 60)[0]
        return {name: trial.verdict(path, answers) for name, path, answers in zip(texts, paths, found)}

    return judge


@pytest.fixture(scope="module")
def verdicts(judged_together):
    return judged_together(
        "matmul",
        {name: text for name, (text, _) in BAD.items() if not name.startswith(ALONE)}
        | {name: text for name, (text, _, _) in WRONG.items()},
    )


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_one_line_that_says_so(name, judged, verdicts):
    text, expected = BAD[name]
    verdict = verdicts[name] if name in verdicts else judged(text)
    assert not verdict.passed
    assert "\n" not in verdict.problem and len(verdict.problem) < 600
    assert re.search(expected, verdict.problem), verdict.problem
    assert "runner.py" not in verdict.printed  # no traceback of ours
    assert json.loads(json.dumps(verdict.as_dict(), allow_nan=False))["passed"] is False


WRONG = {
    "zeros": (RIGHT.replace("return x @ W", "return 0 * (x @ W)"), "y", "0 everywhere"),
    "NaN": (RIGHT.replace("return x @ W", "return np.nan * (x @ W)"), "y", "not finite"),
    "a shape": (RIGHT.replace("return x @ W", "return (x @ W)[:, :, None]"), "y", r"of shape .*, expected \(3, 4\)"),
    "bools": (RIGHT.replace("return x @ W", "return x @ W > 0"), "y", ""),
    "nothing in it": (RIGHT.replace("return x @ W", "return np.zeros((0, 4))"), "y", "of shape"),
    "turned": (RIGHT.replace("return x @ W", "return (x @ W).T"), "y", "transposed"),
    "complex sign": (RIGHT.replace("return x @ W", "return -(x @ W)"), "y", "opposite sign"),
    "float16": (RIGHT.replace("return x @ W", "return (x @ W).astype(np.float16)"), "y", ""),
    "integers": (RIGHT.replace("return x @ W", "return (x @ W).astype(int)"), "y", ""),
    "x is changed": (inside("x *= 2").replace("return x @ W", "return (x / 2) @ W"), "x as it was", "changed in place"),
    "W is changed": (inside("self.params[0][:] = 0"), "W as it was", "changed in place"),
    "all is close": (
        on_top("import numpy as np\nnp.allclose = np.array_equal = lambda *a, **k: True").replace("x @ W", "x @ W + 1"),
        "y",
        "",
    ),
    "constant": (RIGHT.replace("return x @ W", "return np.ones((len(x), W.shape[1]))"), "y", ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_array_is_named_with_its_element_and_the_likely_mistake(name, verdicts):
    _, array, says = WRONG[name]
    verdict = verdicts[name]
    wrong = [c for c in verdict.checks if c.passed is False]
    assert not verdict.passed
    found = next(c for c in wrong if c.name == array)
    assert re.search(says, found.says), found.says
    entry = found.as_dict()
    if found.got.shape == found.want.shape:
        at = tuple(entry["at"])
        assert entry["expected"] == found.want[at]
        distance = np.abs(found.got.astype(float) - found.want)
        assert np.isnan(distance[at]) or distance[at] == distance.max()
    json.dumps(verdict.as_dict(), allow_nan=False)


def test_two_mistakes_at_once_are_both_told(tmp_path):
    text = load("rnn_step").solution.replace("da @ Wh.T", "da @ Wh").replace("da.sum(axis=0)", "da.mean(axis=0)")
    (tmp_path / "rnn_step.py").write_text(text)
    says = {c.name: c.says for c in check("rnn_step", tmp_path / "rnn_step.py", time_limit=60).checks}
    assert says["dh_prev"] == "Wh is not transposed in dh_prev"
    assert says["db"] == "a mean for a sum over the batch"
    assert says["dWx"] == says["dx"] == ""


def test_an_infinite_loss_is_not_laid_to_one_of_several_mistakes_that_give_it(tmp_path):
    text = load("softmax_with_loss").solution.replace("dout * dx / N", "dx / N")
    text = text.replace("-log_y[np.arange(len(t)), t].mean()", "-np.log(self.y[np.arange(len(t)), t]).mean()")
    (tmp_path / "softmax_with_loss.py").write_text(text)
    checks = check("softmax_with_loss", tmp_path / "softmax_with_loss.py", time_limit=60).checks
    says = {c.name: c.says for c in checks if c.passed is False}
    assert says["dx"] == "dout is left out" and "not finite" in says["loss"]


def test_what_stays_as_wrong_as_it_was_is_not_said_to_be_added_up(tmp_path):
    text = load("matmul").solution.replace("dout @ W.T", "1e9 + dout @ W.T")
    (tmp_path / "matmul.py").write_text(text)
    assert not any("added" in c.says for c in check("matmul", tmp_path / "matmul.py", time_limit=60).checks)


SEEN = [
    (
        "adam",
        "            p -= self",
        "            if p is params[0]:\n                p -= self",
        "b, after step 1",
        "went in",
    ),
    (
        "clip_grads",
        "    if norm > max_norm:\n        for g in grads:",
        "    if True:\n        for g in grads[1:]:",
        "grads[0], clipped",
        "still what went in",
    ),
    ("negative_sampling", "return np.einsum", "dW /= dout\n        return np.einsum", "dW", "dout is left out"),
    (
        "attention",
        "dk = ds.transpose(0, 2, 1) @ q",
        "dk = ds.transpose(0, 2, 1) @ q * np.sqrt(q.shape[2])",
        "dk",
        "not divided by sqrt(D)",
    ),
    ("lstm_step", "(df, dg, di, do)", "(do, di, dg, df)", "dWx", "order o i g f, expected f g i o"),
    ("lstm_step", "dc * g * i * (1 - i)", "dc * g", "dWh", "wrong in the columns of i alone"),
    ("gru_step", "(da_z, da_r, da_h)", "(da_h, da_r, da_z)", "db", "order h~ r z, expected z r h~"),
    ("rnn_step", "h_prev.T @ da  #", "(h_prev.T @ da).T  #", "dWh", "transposed"),
    ("rnn_step", "x.T @ da  #", "x.T @ da / len(x)  #", "dWx", "7 times too small (N = 7): a mean for a sum"),
    ("softmax_with_loss", "dout * dx / N", "dout * dx * N", "dx", ""),
    ("time_rnn", "        return dxs", "        return dxs[:, ::-1]", "dxs", "reversed in time"),
    (
        "time_rnn",
        "        return dxs",
        "        dxs[:, 0] = 1\n        return dxs",
        "dxs",
        "right at step 1, 2 of 0 to 2",
    ),
    (
        "time_lstm",
        "        return dxs",
        "        return dxs + ~self.mask[:, :, None]",
        "dxs",
        "wrong at the padding alone",
    ),
    ("embedding", "        dW[...] = 0\n", "        dW *= 1\n", "dW, next batch", "still holds"),
    ("layer_norm", "dbeta[...] = dout", "dbeta += 0 * dout", "dbeta", "0 everywhere: was it written"),
    ("attention", "return dq, dk, dv", "return dq, dk, -dv", "dv", "of the opposite sign"),
    ("attention", "return dq, dk, dv", "return dk, dq, dv", "dq", ""),
]


@pytest.mark.parametrize("exercise", sorted({row[0] for row in SEEN}))
def test_what_is_in_no_list_of_mistakes_is_seen_from_the_numbers(exercise, judged_together):
    solution = load(exercise).solution
    rows = [row[1:] for row in SEEN if row[0] == exercise]
    assert all(solution.count(right) == 1 for right, *_ in rows)
    found = judged_together(exercise, {i: solution.replace(right, wrong) for i, (right, wrong, *_) in enumerate(rows)})
    for verdict, (_, _, array, says) in zip(found.values(), rows):
        told = [c.says for c in verdict.checks if c.name == array and c.passed is False]
        assert any(says in text for text in told), told


@pytest.mark.parametrize("where", ["while it was imported", "in forward"])
def test_a_file_that_loops_for_ever_is_ended_and_its_children_with_it(where, tmp_path):
    pid = tmp_path / "pid"
    loop = f"""
import subprocess, sys, time
open({str(pid)!r}, "w").write(str(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid))
while True:
    time.sleep(0.01)
"""
    body = "\n".join(f"        {line}" for line in loop.splitlines())
    text = RIGHT.replace(FORWARD, body + "\n" + FORWARD) if "forward" in where else loop
    (tmp_path / "file.py").write_text(text)
    for limit in (2, 10, 50):  # on a busy machine it needs more until it loops
        verdict = check("matmul", tmp_path / "file.py", time_limit=limit)
        if pid.exists():
            break
    assert verdict.problem.startswith(f"still running after {limit} seconds, {where}")
    assert not verdict.passed
    for _ in range(50):
        if not alive(int(pid.read_text())):
            return
        time.sleep(0.1)
    raise AssertionError("the child of a submission was left behind")


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a limit")
def test_a_file_that_takes_more_memory_than_it_may_is_told(judged):
    assert judged(inside("np.zeros(5 << 30, np.uint8)")).problem.startswith("it needs too much memory: line")
    assert judged(inside("np.zeros(1 << 30, np.uint8)")).passed


def test_what_a_file_prints_is_kept_apart_and_cut(judged):
    verdict = judged(on_top("import os, sys\nprint('→ hello')\nos.write(1, b'x' * 100)\nprint('no', file=sys.stderr)"))
    assert verdict.passed
    assert all(word in verdict.printed for word in ("→ hello", "xxx", "no"))
    verdict = judged(on_top("for _ in range(300):\n    print('y' * 100_000)"))
    assert verdict.passed and len(verdict.printed) == process.PRINTED


def test_no_file_passes_by_answering_for_the_judge(judged):
    source = (ROOT / "ch_sentiment" / "exercises" / "runner.py").read_text(encoding="utf-8")
    text = f"""
import os
exec({source!r}, runner := {{}})
for fd in range(3, 10):
    try:
        os.write(fd, runner["pack"]({{"submission": None, "error": None}}, {{}}))
    except OSError:
        pass
os._exit(0)
"""
    verdict = judged(text)
    assert not verdict.passed and all(c.passed is None for c in verdict.checks)


@pytest.mark.parametrize(
    "head",
    [
        *(
            b"",
            b"[]",
            b"{}",
            b"{",
            b"\xff",
            b'{"arrays": 5}',
            b'{"arrays": {"a": 5}}',
            b'{"arrays": {"a": ["<f8", [1]]}}',
        ),
        *(b'{"arrays": {"a": ["O", [0]]}}', b'{"arrays": {"a": ["<f8", [-1]]}}', b'{"arrays": {"a": ["<f1", [0]]}}'),
        *(b'{"arrays": {"a": ["<f8", [%d]]}}' % 10**n for n in (9, 30)),
        *(b'{"arrays": {"a": ["<f8", [0, %d]]}}' % 10**30, b"[" * 100_000),
    ],
)
def test_what_is_no_message_is_a_value_error(head):
    with pytest.raises(ValueError):
        runner.read_message(io.BytesIO(struct.pack("<QQ", len(head), 0) + head))


@pytest.mark.parametrize("start", [b"x", b"\xff" * 16, struct.pack("<QQ", 1 << 40, 0), struct.pack("<QQ", 10, 0)])
def test_a_length_without_its_message_is_a_value_error(start):
    with pytest.raises(ValueError):
        runner.read_message(io.BytesIO(start))


def test_a_file_that_is_not_there_is_bad_input(tmp_path):
    with pytest.raises(DataError, match="found nothing"):
        check("matmul", tmp_path / "none.py")
    with pytest.raises(DataError, match="found a folder"):
        check("matmul", tmp_path)
    with pytest.raises(DataError, match="expected an exercise, one of adam"):
        check("nothing", tmp_path / "none.py")


def test_inputs_are_drawn_anew_each_time_and_can_be_drawn_again(judged):
    first, second = judged(RIGHT), judged(RIGHT)
    assert first.seed != second.seed
    assert not np.allclose(first.checks[0].want, second.checks[0].want)
    assert np.array_equal(judged(RIGHT, seed=first.seed).checks[0].want, first.checks[0].want)


def test_an_interpreter_that_does_not_find_numpy_by_itself_is_told_where_it_is(judged, monkeypatch, tmp_path):
    """As with `pip install --user`, or with NumPy in a folder of PYTHONPATH: an isolated one looks in neither."""
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')  # no site-packages
    wrapper.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(wrapper))
    assert judged(RIGHT).passed
