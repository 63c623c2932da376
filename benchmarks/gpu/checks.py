"""Every layer that `sentifish train` can name, on the GPU beside NumPy: loss, scores and gradients of one step."""

import numpy as np

from ch_sentiment.model import CELLS, sentiment_net
from common.np import to_cpu, to_gpu
from common.optimizer import Adam, AdamW
from common.pooling import POOLS

NAMES = [("lstm", pool, False, 2) for pool in POOLS]
NAMES += [(cell, "last", False, 2) for cell in CELLS if cell != "lstm"]
NAMES += [(cell, "max-mean", True, 2) for cell in CELLS if cell != "transformer"]
NAMES += [("lstm", "last", False, 5)]


def differences(show, N=16, T=70, D=24, H=32, V=500):
    """-> [(name, largest difference, see `_apart`)], each shown."""
    rng = np.random.default_rng(0)
    xs = rng.integers(2, V, (N, T)).astype(np.int32)
    xs[:, ::2] = np.minimum(xs[:, ::2], 4)  # a few words are frequent
    xs[np.arange(T) >= rng.integers(1, T + 1, N)[:, None]] = 0
    found = []
    for cell, pool, both_ways, classes in NAMES:
        nets = [
            sentiment_net(V, D, H, cell, both_ways, 2, pool, classes, dropout=0.5, embed_dropout=0.3, rng=1)
            for _ in range(2)
        ]
        nets[1].to_gpu()
        ts = rng.integers(0, classes, N)
        results = [_step(net, move(xs), move(ts)) for net, move in zip(nets, (np.asarray, to_gpu))]
        found.append((f"{cell}{' both ways' if both_ways else ''}, {pool}, {classes}", _apart(*results)))
    for name, optimizer in (("Adam", Adam), ("AdamW", AdamW)):
        found.append((name, _apart(*(_updates(optimizer, move) for move in (np.array, to_gpu)))))
    for name, difference in found:
        show(f"{difference:8.1e}  {name}")
    return found


def _step(net, xs, ts):
    loss = net.forward(xs, ts)
    net.backward()
    return [np.array(loss), *(np.array(to_cpu(a)) for a in (net.scores, *net.grads))]


def _updates(optimizer, move):
    """Three steps of the same gradients: -> [weights]."""
    rng, optimizer = np.random.default_rng(3), optimizer()
    p = [move(rng.standard_normal((50, 7)).astype(np.float32)) for _ in range(2)]
    for _ in range(3):
        optimizer.update(p, [move(rng.standard_normal((50, 7)).astype(np.float32)) for _ in range(2)])
    return [np.array(to_cpu(a)) for a in p]


def _apart(theirs, ours):
    """The largest difference, as a share of the largest element of its array, or of a hundredth of that of all."""
    largest = [float(np.abs(a).max()) for a in theirs]
    floor = max(largest) / 100
    return max(float(np.abs(a - b).max()) / max(top, floor) for a, b, top in zip(theirs, ours, largest, strict=True))
