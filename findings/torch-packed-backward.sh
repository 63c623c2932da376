#!/usr/bin/env bash
# PyTorch, CPU: where all texts have one length, packing them makes the backward of a GRU and an RNN several times as slow.
# Version: torch 2.13.0+cpu (200 MB, from PyTorch's own index), one thread, float32. Times of one machine; the ratio is of medians.
# Good guess: a packed batch of equal lengths is the same sums in the same order, so it takes about as long (an LSTM does).
# Seen: N=64 T=200 D=100 H=128: GRU backward 22 times as long packed as padded, RNN 26 times, LSTM 1.0 times. Said to hold
#   while GRU and RNN take at least twice as long and the LSTM less than half as long again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    --extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0+cpu

"$work/venv/bin/python" -W ignore - <<'PY'
import statistics
import time

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

torch.set_num_threads(1)
torch.set_flush_denormal(True)
N, T, D, H = 64, 200, 100, 128
lengths = torch.full((N,), T)


def backward_seconds(layer, x, packed):
    """The time of one backward from the last state."""
    layer.zero_grad()
    last = layer(pack_padded_sequence(x, lengths, batch_first=True) if packed else x)[1]
    loss = (last[0] if isinstance(last, tuple) else last).sum()
    start = time.perf_counter()
    loss.backward()
    return time.perf_counter() - start


ratios = {}
for cell in (nn.RNN, nn.GRU, nn.LSTM):
    torch.manual_seed(0)
    layer, x = cell(D, H, batch_first=True), torch.randn(N, T, D)
    times = {packed: [] for packed in (False, True)}
    for _ in range(6):
        for packed in times:
            times[packed].append(backward_seconds(layer, x, packed))
    padded, packed = (statistics.median(times[key][1:]) for key in times)
    ratios[cell.__name__] = packed / padded
    print(f"{cell.__name__}: backward {1e3 * padded:.0f} ms padded, {1e3 * packed:.0f} ms packed")
print("a good guess: about as long")
holds = ratios["RNN"] > 2 and ratios["GRU"] > 2 and ratios["LSTM"] < 1.5
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
