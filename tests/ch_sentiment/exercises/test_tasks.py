"""Every exercise: the right answer passes, however it is written, and none of the plausible wrong ones does."""

import sys

import numpy as np
import pytest

from ch_sentiment.exercises import runner, tasks
from ch_sentiment.exercises.catalogue import all_names, load
from ch_sentiment.exercises.exercise import encoded
from ch_sentiment.exercises.judge import Trial, check

NAMES = all_names()
every_exercise = pytest.mark.parametrize("name", NAMES)

# The same layer in float32, whose results lie in memory in Fortran's order.
IN_FLOAT32 = """

def as_float32(args):
    return [a.astype(np.float32) if getattr(a, "dtype", None) == np.float64 else a for a in args]


def in_fortran_order(result):
    if isinstance(result, tuple):
        return tuple(map(np.asfortranarray, result))
    return np.asfortranarray(result) if isinstance(result, np.ndarray) else result


class {name}({name}):
    def __init__(self, *weights):
        super().__init__(*as_float32(weights))

    def forward(self, *args):
        return in_fortran_order(super().forward(*as_float32(args)))

    def backward(self, *args):
        return in_fortran_order(super().backward(*as_float32(args)))
"""

# Right answers that are written differently: in each, lines of the solution and what stands in their place.
OTHERWISE = {
    "matmul": [("dW[...] = self.x.T @ dout", "np.einsum('nd,nk->dk', self.x, dout, out=dW)")],
    "sigmoid_with_loss": [
        ("(np.maximum(x, 0) - x * t + np.log1p(z)).mean()", "float(np.mean(np.logaddexp(0, x) - x * t))")
    ],
    "softmax_with_loss": [
        ("x.max(axis=1, keepdims=True)", "np.sort(x)[:, -1:]"),
        ("        dx = self.y.copy()\n", ""),
        ("        dx[np.arange(N), self.t] -= 1  # y - one_hot(t)\n", ""),
        ("dout * dx / N", "[row for row in (self.y - np.eye(self.y.shape[1])[self.t]) * (dout / N)]"),
    ],
    "embedding": [("np.add.at(dW, self.idx, dout)", "for n, v in enumerate(self.idx):\n            dW[v] += dout[n]")],
    "adam": [
        ("m[...] = self.beta1 * m + (1 - self.beta1) * g", "m += (1 - self.beta1) * (g - m)"),
        (
            "p -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)",
            "p[...] = p - self.lr * m_hat / (v_hat**0.5 + self.eps)",
        ),
    ],
    "clip_grads": [
        (
            "np.sqrt(sum((g**2).sum() for g in grads))",
            "float(np.linalg.norm(np.concatenate([g.ravel() for g in grads])))",
        ),
        ("    if norm > max_norm:\n", "    rate = min(1, max_norm / (norm + 1e-6))\n    if True:\n"),
        ("g *= max_norm / norm", "g[...] = g * rate"),
    ],
    "negative_sampling": [
        (
            "np.add.at(dW, words, ds[:, :, None] * h[:, None])",
            "rows = ds[:, :, None] * h[:, None]\n"
            "        dW += np.eye(len(W))[words.ravel()].T @ rows.reshape(-1, len(W[0]))",
        ),
        ('np.einsum("nk,nkh->nh", ds, W[words])', "(ds[:, :, None] * W[words]).sum(axis=1)"),
    ],
    "rnn_step": [
        ("da = dh_next * (1 - h_next**2)", "da = dh_next - dh_next * h_next * h_next"),
        ("dWh[...] = h_prev.T @ da", "np.matmul(h_prev.T, da, out=dWh)"),
        ("da.sum(axis=0)", "np.ones(len(da)) @ da"),
    ],
    "time_rnn": [
        ("        hs = []\n", "        hs = np.zeros((N, T, h.shape[1]))\n"),
        ("hs.append(h)", "hs[:, t] = h"),
        ("np.stack(hs, axis=1)", "hs"),
        ("        for grad in self.grads:\n            grad[...] = 0\n", "        sums = [0, 0, 0]\n"),
        (
            "            for grad, of_step in zip(self.grads, self.cells[t].grads):\n                grad += of_step\n",
            "            sums = [a + b for a, b in zip(sums, self.cells[t].grads)]\n",
        ),
        (
            "        return dxs",
            "        for grad, total in zip(self.grads, sums):\n            grad[...] = total\n        return dxs",
        ),
    ],
    "lstm_step": [
        ("o * (1 - tanh_c**2)", "(o - (o * tanh_c) * tanh_c)"),
        (
            "da = np.hstack((df, dg, di, do))",
            "da = np.empty((len(x), len(db)))\n"
            "        da.reshape(len(x), 4, -1)[...] = np.stack((df, dg, di, do), axis=1)",
        ),
    ],
    "time_lstm": [
        ("np.where(real, h_next, h), np.where(real, c_next, c)", "h + real * (h_next - h), c + real * (c_next - c)"),
        ("np.where(real, dh, 0), np.where(real, dc, 0)", "real * dh, real * dc"),
        ("np.where(real, dh_prev, dh), np.where(real, dc_prev, dc)", "dh_prev + ~real * dh, dc_prev + ~real * dc"),
    ],
    "gru_step": [("da_z @ Wh_z.T + da_r @ Wh_r.T", "da[:, : -h_prev.shape[1]] @ Wh[:, : -h_prev.shape[1]].T")],
    "bidirectional": [
        ("np.concatenate((hs1, hs2), axis=2)", "np.dstack((hs1, hs2))"),
        ("dxs1 + dxs2", "np.add(dxs1, dxs2, out=dxs1)"),
    ],
    "attention_pooling": [
        (
            "a * (da - (a * da).sum(axis=1, keepdims=True))",
            "np.stack([(np.diag(w) - np.outer(w, w)) @ d for w, d in zip(a, da)])",
        )
    ],
    "attention": [
        ("s, -np.inf)", "s, -1e9)"),
        ("dout @ v.transpose(0, 2, 1)", "np.einsum('nte,nse->nts', dout, v)"),
        ("ds.transpose(0, 2, 1) @ q", "np.einsum('nts,ntd->nsd', ds, q)"),
    ],
    "layer_norm": [
        (
            "(dn - dn.mean(axis=1, keepdims=True) - n * along) / std",
            "(len(dn[0]) * dn - dn.sum(axis=1)[:, None] - n * (dn * n).sum(axis=1)[:, None]) / (len(dn[0]) * std)",
        )
    ],
}


def replaced(text, pairs):
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.fixture
def write_file(tmp_path):
    """Write a file of Python -> its path."""

    def write(text):
        path = tmp_path / f"file{len(list(tmp_path.iterdir()))}.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@every_exercise
def test_right_answers_pass_with_twenty_seeds_however_they_are_written(name, write_file):
    exercise = load(name)
    texts = [exercise.solution, replaced(exercise.solution, OTHERWISE[name])]
    trial = Trial(exercise, *range(20))
    makes = {step.name for case in trial.cases for step in case.steps if step.verb == "make"}
    texts += [exercise.solution + IN_FLOAT32.format(name=made) for made in makes if name != "adam"]
    paths = [write_file(text) for text in [*texts, exercise.stub]]
    found, printed = trial.run(paths, 60)
    *right, stub = map(trial.verdict, paths, found)
    for verdict in right:
        assert verdict.passed and str(verdict).endswith(": passed"), verdict
    assert stub.unwritten and not stub.passed and printed == ""


@every_exercise
def test_every_plausible_mistake_is_refused_and_told_by_its_name(name):
    exercise = load(name)
    assert len(exercise.mistakes) >= 4
    assert len({mistake.says for mistake in exercise.mistakes}) == len(exercise.mistakes)
    assert all(exercise.solution.count(mistake.right) == 1 for mistake in exercise.mistakes)
    trial = Trial(exercise, 3, 4)
    for mistake, checks in zip(exercise.mistakes, trial.mistaken):
        wrong = [c for c in checks if c.passed is False]
        trial.diagnose(checks)
        assert {c.says for c in wrong} == {mistake.says}


@every_exercise
def test_the_references_gradients_are_those_of_central_differences(name):
    exercise = load(name)
    for case in exercise.cases(np.random.default_rng(7)):
        if not {"forward", "backward"} <= {step.name for step in case.steps}:
            return  # Adam and clipping have no gradients
        calls = {step.name: step for step in case.steps}
        make, forward, backward = case.steps[0], calls["forward"], calls["backward"]
        steps = [make, forward, backward, *([calls["grads"]] if "grads" in calls else [])]
        (as_json,), arrays = encoded([type(case)(case.name, steps)])
        outs = [n for step in steps[2:] for n in step.out]
        found = {k: v for step in runner.run_steps(exercise.reference, as_json, arrays) for k, v in step.items()}
        inputs = [a for step in (forward, make) for a in step.args if getattr(a, "dtype", None) == np.float64]
        assert len(outs) == len(inputs)
        for out, x in zip(outs, inputs):
            numeric = np.array([difference(exercise, as_json[:2], arrays, backward, x, i) for i in np.ndindex(x.shape)])
            np.testing.assert_allclose(found[out].ravel(), numeric, rtol=1e-4, atol=1e-5 * np.abs(numeric).max())


def difference(exercise, steps, arrays, backward, x, i, eps=1e-5):
    """The central difference of what `backward` would propagate."""

    def value(step):
        before = x[i]
        x[i] += step
        *_, outs = runner.run_steps(exercise.reference, steps, arrays)
        x[i] = before
        return sum(np.sum(out * dout) for out, dout in zip(outs.values(), backward.args))

    return (value(eps) - value(-eps)) / (2 * eps)


def test_there_are_sixteen_and_each_comes_after_what_it_needs():
    assert len(NAMES) >= 16
    for i, name in enumerate(NAMES):
        assert set(load(name).after) <= set(NAMES[:i])


@every_exercise
def test_a_learners_file_says_what_it_is_about_and_names_nothing_of_the_judge(name):
    exercise = load(name)
    assert 2 <= len(exercise.hints) <= 3 and exercise.title and len(exercise.title) < 76
    for text in (exercise.stub, exercise.solution):
        assert text.startswith(f'"""{exercise.title}')
        assert "---" not in text and "ch_sentiment" not in text and "common" not in text
    assert "raise NotImplementedError" in exercise.stub and "Your part" in exercise.stub
    assert "NotImplementedError" not in exercise.solution
    assert all(mistake.right in exercise.solution for mistake in exercise.mistakes)


ONE_FILE = '''"""Halving: a first exercise of one's own.

forward     y = x / 2
"""

from ch_sentiment.exercises.exercise import Case, Exercise, Mistake, Step


# --- the learner's file ---
def halve(x):
    # --- your part: y ---
    return x / 2
    # --- end ---


# --- the judge ---
def cases(rng):
    yield Case("three numbers", [Step("function", "halve", (rng.standard_normal(3),), ("y",))])


EXERCISE = Exercise(
    chapter=1,
    reference={"halve": halve},
    cases=cases,
    hints=("Divide by 2.",),
    mistakes=(Mistake("doubled", "x / 2", "x * 2"),),
)
'''


def test_an_exercise_is_added_in_one_file(tmp_path, monkeypatch, write_file):
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "halving.py").write_text(ONE_FILE)
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path / "tasks")])
    try:
        assert "halving" in all_names()
        exercise = load("halving")
        assert exercise.stub.endswith("def halve(x):\n    # Your part: y.\n    raise NotImplementedError\n")
        assert check("halving", write_file(exercise.solution)).passed
        wrong = check("halving", write_file(exercise.solution.replace("x / 2", "2 * x")))
        assert [c.says for c in wrong.checks] == ["doubled"]
    finally:
        load.cache_clear()
        sys.modules.pop(f"{tasks.__name__}.halving", None)
