"""The fused loops of a GPU give what the layers give on the CPU. The kernels' text runs here as C (benchmarks/gpu)."""

import numpy as np
import pytest
from conftest import CELLS, normal, prefix_mask, time_cell

from benchmarks.gpu.kernels_in_c import compiler
from common.gpu.kernels import on_gpu
from common.gpu.sequences import is_fused
from common.np import to_cpu, to_gpu
from common.recurrent.lstm import LSTM, TimeLSTM
from common.time_layers import TimeBidirectional

N, T, D, H = 7, 9, 5, 6
LENGTHS = [1, 9, 0, 4, 9, 2, 8]
TOLERANCE = {"float32": 1e-4, "float64": 1e-12}

pytestmark = pytest.mark.usefixtures("cupy")
every_cell = pytest.mark.parametrize("cell", CELLS)
needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler: the kernels are not used")


def on_device(layer):
    """The same layer with its weights on the GPU."""
    return type(layer)(*map(to_gpu, layer.params), stateful=layer.stateful)


def both(cell, dtype="float64", **how):
    layer = time_cell(cell, D, H, dtype=np.dtype(dtype).type, **how)
    return layer, on_device(layer)


def results(layer, move, xs, mask, dhs):
    """All that a forward and a backward leave, as NumPy arrays."""
    hs = layer.forward(move(xs), mask if mask is None else move(mask))
    dxs = layer.backward(move(dhs))
    states = [getattr(layer, name) for state in layer.states for name in (state, f"d{state}")]
    return [np.array(to_cpu(a)) for a in (hs, dxs, *states, *layer.grads)]


def close(ours, theirs, dtype="float64"):
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("mask", [None, prefix_mask(LENGTHS, T)], ids=["none", "lengths"])
@every_cell
def test_a_fused_layer_gives_what_it_gives_on_the_cpu(cell, mask, dtype):
    plain, layer = both(cell, dtype)
    assert is_fused(layer) == (compiler() is not None) and not is_fused(plain)
    xs, dhs = normal(N, T, D, dtype=np.dtype(dtype).type), normal(N, T, H, seed=9, dtype=np.dtype(dtype).type)
    theirs = results(plain, np.asarray, xs, mask, dhs)
    for _ in range(2):
        close(results(layer, to_gpu, xs, mask, dhs), theirs, dtype)


@pytest.mark.parametrize("steps", [1, 2])
@every_cell
def test_few_steps_and_a_state_that_goes_on(cell, steps):
    plain, layer = both(cell, stateful=True)
    for seed in range(3):
        xs, dhs = normal(N, steps, D, seed=seed), normal(N, steps, H, seed=9)
        close(results(layer, to_gpu, xs, None, dhs), results(plain, np.asarray, xs, None, dhs))
    layer.reset_state(), plain.reset_state()
    layer.set_state(to_gpu(normal(N, H))), plain.set_state(normal(N, H))
    close(results(layer, to_gpu, xs, None, dhs), results(plain, np.asarray, xs, None, dhs))


@every_cell
def test_padding_has_no_influence_and_no_gradient(cell):
    _, layer = both(cell)
    mask, xs, dhs = prefix_mask(LENGTHS, T), normal(N, T, D), normal(N, T, H, seed=9)
    first = results(layer, to_gpu, xs, mask, dhs)
    xs[~mask] = np.nan
    second = results(layer, to_gpu, xs, mask, dhs)
    assert all(np.array_equal(a, b) for a, b in zip(first, second)) and not second[1][~mask].any()


@every_cell
def test_backward_gives_the_same_twice_and_what_was_returned_stays(cell):
    _, layer = both(cell)
    hs = layer.forward(to_gpu(normal(N, T, D)))
    kept = hs.get()
    dxs, grads = layer.backward(to_gpu(normal(N, T, H))), [g.get() for g in layer.grads]
    again = layer.backward(to_gpu(normal(N, T, H)))
    assert np.array_equal(dxs.get(), again.get()) and dxs.a.flags.c_contiguous and hs.a.flags.c_contiguous
    assert all(np.array_equal(a, b.get()) for a, b in zip(grads, layer.grads))
    layer.forward(to_gpu(normal(N, T, D, seed=5)))
    assert np.array_equal(hs.get(), kept)


@every_cell
def test_inference_leaves_nothing_for_backward_and_wrong_arrays_are_refused(cell):
    _, layer = both(cell)
    with pytest.raises(ValueError, match=r"xs: expected floats of shape \(N, T, 5\)"):
        layer.forward(to_gpu(normal(N, T, D + 1)))
    with pytest.raises(ValueError, match="mask: expected bools"):
        layer.forward(to_gpu(normal(N, T, D)), to_gpu(np.ones((N, T))))
    layer.forward(to_gpu(normal(N, T, D)))
    with pytest.raises(ValueError, match="dhs: expected floats"):
        layer.backward(to_gpu(normal(N, T, H + 1)))
    layer.inference = True
    layer.forward(to_gpu(normal(N, T, D)))
    with pytest.raises(ValueError, match="expected a forward before it"):
        layer.backward(to_gpu(normal(N, T, H)))


@needs_compiler
@pytest.mark.parametrize(("cell", "calls"), [("rnn", 4), ("lstm", 4), ("gru_after", 4), ("gru_before", 8)])
def test_a_step_is_a_product_and_a_kernel_there_and_back(cell, calls, cupy):
    _, layer = both(cell)
    counts, _ = [], layer.grads  # which are made once
    for steps in (20, 40):
        cupy.calls.clear()
        layer.forward(to_gpu(normal(N, steps, D)))
        layer.backward(to_gpu(normal(N, steps, H)))
        counts.append(cupy.calls.total())
    assert counts[1] - counts[0] == 20 * calls


def test_both_directions(cupy):
    plain = TimeBidirectional(time_cell("lstm", D, H), time_cell("gru_after", D, H, seed=5))
    layer = TimeBidirectional(*map(on_device, plain.layers))
    xs, mask, dhs = normal(N, T, D), prefix_mask(LENGTHS, T), normal(N, T, 2 * H, seed=9)
    found = layer.forward(to_gpu(xs), to_gpu(mask)), layer.backward(to_gpu(dhs)), *layer.grads
    close([a.get() for a in found], [plain.forward(xs, mask), plain.backward(dhs), *plain.grads])


def test_a_cell_of_ones_own_has_no_kernel_and_runs_by_arrays():
    class Mine(LSTM):
        pass

    class TimeMine(TimeLSTM):
        cell_class = Mine

    plain = TimeMine(*time_cell("lstm", D, H).params)
    layer = TimeMine(*map(to_gpu, plain.params))
    assert not is_fused(layer) and not on_gpu(plain.params[0])
    xs, dhs = normal(N, T, D), normal(N, T, H, seed=9)
    found = layer.forward(to_gpu(xs)), layer.backward(to_gpu(dhs)), *layer.grads
    close([a.get() for a in found], [plain.forward(xs), plain.backward(dhs), *plain.grads])
