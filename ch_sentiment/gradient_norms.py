"""Vanishing and exploding gradients: the norm at each step, from the last state of an RNN, a GRU and an LSTM.

The weights are initial ones, Wh also scaled by 2 and by 1/2.

python -m ch_sentiment.gradient_norms docs/gradient_norms.png
"""

import argparse

import numpy as np

from common.checking.gradient_flow import norms_by_step
from common.figures.figure_file import check_figure, write_figure
from common.time_layers import TimeGRU, TimeLSTM, TimeRNN
from dataset.errors import one_line_errors

CELLS = {"RNN": TimeRNN, "GRU": TimeGRU, "LSTM": TimeLSTM}
SCALES = (2, 1, 0.5)  # of Wh, which starts as orthogonal matrices
N, T, D, H = 16, 100, 32, 64
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_sentiment.gradient_norms", description=__doc__.split("\n")[0])
    parser.add_argument("figure", nargs="?", default="gradient_norms.png", help="written to (default: %(default)s)")
    with one_line_errors(parser):
        run(parser.parse_args().figure)


def run(figure):
    check_figure(figure)
    xs = np.random.default_rng(SEED).standard_normal((N, T, D))
    norms = {}
    for name, cell in CELLS.items():
        Wx, Wh, b = cell.init_params(D, H, SEED, np.float64)
        norms[name] = {f"Wh x {scale}": norms_by_step(cell(Wx, scale * Wh, b), xs, SEED) for scale in SCALES}
        for scale, values in norms[name].items():
            print(f"{name:4}  {scale:8}  last step {values[-1]:.1e}  first step {values[0]:.1e}")

    def draw(plot):
        panels = plot.Figure(figsize=(10, 3.8), layout="constrained")
        for (name, of_scales), ax in zip(norms.items(), panels.subplots(1, len(CELLS), sharey=True)):
            plot.gradient_norms(of_scales, ax).set_title(name)
            ax.label_outer()
        return panels

    write_figure(figure, draw)
    print(f"written: {figure}")


if __name__ == "__main__":
    main()
