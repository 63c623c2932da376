"""What is to be run on a machine with a GPU runs, on the stand-in."""

import sys

import pytest

from benchmarks.gpu import __main__ as script
from benchmarks.gpu import times
from benchmarks.gpu.kernels_in_c import compiled, compiler


def test_the_script_runs_on_the_stand_in(cupy, capsys):
    assert script.main(["--stand-in"]) == 0
    out = capsys.readouterr().out
    assert "passed" in out and "a stand-in for CuPy" in out and "losses of the first epoch" in out


def test_without_a_gpu_it_says_so(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert script.main([]) == 2
    assert "expected CuPy" in capsys.readouterr().err


@pytest.mark.skipif(compiler() is None, reason="no C compiler: the kernels are not used")
@pytest.mark.parametrize(("cell", "of_a_time_step"), [("lstm", 4), ("gru", 8)])
def test_the_calls_of_a_step_are_few_beside_those_of_its_time_steps(cell, of_a_time_step, cupy):
    short, long = (times.calls_of_step(cell, T) for T in (50, 100))
    assert long - short == 50 * of_a_time_step
    assert short - 50 * of_a_time_step < 160


@pytest.mark.skipif(compiler() is None, reason="no C compiler")
def test_a_kernel_that_does_not_fit_its_arguments_is_an_error(cupy):
    import numpy as np

    double = compiled("T x, int32 k", "T y", "y = k * x;", "scaled")
    y = np.zeros(3)
    double([np.arange(3.0), 2, y], None)
    assert y.tolist() == [0, 2, 4]
    for wrong in ([np.arange(3.0), 2], [np.arange(4.0), 2, y], [np.arange(3, dtype=np.float32), 2, y]):
        with pytest.raises(AssertionError):
            double(wrong, None)
    with pytest.raises(AssertionError, match="error"):
        compiled("T x", "T y", "y = unknown;", "wrong")([y, y], None)
