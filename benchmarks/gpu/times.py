"""The time of a training step on the GPU, beside PyTorch's cuDNN LSTM; and how many calls such a step gives to it."""

import time

import numpy as np

from benchmarks.gpu import stand_in
from ch_sentiment.model import sentiment_net
from common.optimizer import Adam, clip_grads

SIZES = N, T, D, V = 64, 200, 100, 20_000
WARM_UP, STEPS = 5, 20
CELLS = ("rnn", "lstm", "gru", "gru-reset-after")


def device():
    """The GPU and the version of CuPy, in words."""
    import cupy

    if cupy.__version__ == "stand-in":
        return "a stand-in for CuPy"
    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    return f"CuPy {cupy.__version__}, {name}, CUDA {cupy.cuda.runtime.runtimeGetVersion()}"


def our_step(cell, H, sizes=SIZES):
    """-> a function that takes a step, and has waited for the GPU when it returns: `clip_grads` gives a number."""
    import cupy

    N, T, D, V = sizes
    net, optimizer = sentiment_net(V, D, H, cell, rng=0), Adam(lazy=True)
    net.to_gpu()
    xs, ts = (cupy.asarray(a) for a in _batch(N, T, V))

    def step():
        net.forward(xs, ts)
        net.backward()
        clip_grads(net.grads, 1.0)
        optimizer.update(net.params, net.grads)
        float(net.params[-1][0])  # waits for the update, too

    return step


def torch_step(H):
    """The same of PyTorch, whose LSTM is cuDNN's; None where torch sees no GPU."""
    try:
        import torch
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    embed, lstm, head = torch.nn.Embedding(V, D), torch.nn.LSTM(D, H, batch_first=True), torch.nn.Linear(H, 1)
    net = torch.nn.ModuleList((embed, lstm, head)).cuda()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001, fused=True)
    xs, ts = (torch.from_numpy(a).cuda() for a in _batch(N, T, V))

    def step():
        optimizer.zero_grad()
        logits = head(lstm(embed(xs))[0][:, -1])[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, ts.float())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        loss.item()
        torch.cuda.synchronize()

    return step


def print_times(show):
    """Medians in milliseconds. cuDNN's rounding is that of `torch.backends.cudnn.allow_tf32`, ours of float32."""
    show(f"a call of NumPy on an array of CuPy: {_call():.1f} microseconds")
    for H in (128, 512):
        ours = {cell: _median(our_step(cell, H)) for cell in CELLS}
        for cell, ms in ours.items():
            show(f"{cell} H={H}: {ms:.2f} ms a step")
        if step := torch_step(H):
            ms = _median(step)
            show(f"PyTorch LSTM H={H}: {ms:.2f} ms a step, {ms / ours['lstm']:.2f} of ours")
        else:
            show("PyTorch: no torch that sees this GPU")


def print_calls(show):
    """The calls of CuPy in a step, each of which takes some 16 microseconds."""
    for cell in CELLS:
        count = calls_of_step(cell)
        show(f"{cell}: {count} calls a step, {16e-3 * count:.0f} ms at 16 microseconds each")


def calls_of_step(cell, T=T):
    """How many calls a step over T time steps gives to the GPU, by the count of the stand-in."""
    step = our_step(cell, 4, (8, T, 4, 50))
    step()
    stand_in.calls.clear()
    step()
    return sum(stand_in.calls.values())


def _call(count=2000):
    """Microseconds of a small sum."""
    import cupy

    a = cupy.zeros(8)
    start = time.perf_counter()
    for _ in range(count):
        np.add(a, a, out=a)
    float(a[0])
    return 1e6 * (time.perf_counter() - start) / count


def _batch(N, T, V):
    rng = np.random.default_rng(0)
    return rng.integers(2, V, (N, T)).astype(np.int32), rng.integers(0, 2, N)


def _median(step):
    for _ in range(WARM_UP):
        step()
    seconds = []
    for _ in range(STEPS):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return 1000 * float(np.median(seconds))
