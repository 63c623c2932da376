"""Are the gradients right? Those of each layer and of whole models beside central differences, as a table.

python -m ch_sentiment.gradient_check
"""

import numpy as np

from ch_sentiment.model import CELLS, POOLS, sentiment_net
from common.attention import Attention, MultiHeadAttention
from common.checking.gradient_check import check_layer, check_model
from common.layers import Affine, Embedding, LayerNorm, SigmoidWithLoss, SoftmaxWithLoss
from common.pooling import TimeAttentionPooling, TimeMax, TimeMean
from common.time_layers import TimeBidirectional, TimeGRU, TimeGRUResetAfter, TimeLSTM, TimeRNN
from dataset.errors import run_script

N, T, D, H, V = 3, 4, 5, 6, 7
LENGTHS = [4, 1, 3]


def main():
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.standard_normal(shape)

    def weights(cell):
        return cell.init_params(D, H, rng, np.float64)

    x, xs, ids = normal(N, D), normal(N, T, D), rng.integers(0, V, (N, T))
    mask = np.arange(T) < np.array(LENGTHS)[:, None]

    check_layer(Affine(normal(D, H), normal(H)), x, verbose=True)
    check_layer(Embedding(normal(V, D)), ids, verbose=True)
    check_layer(LayerNorm(normal(D), normal(D)), x, verbose=True)
    check_layer(SigmoidWithLoss(), normal(N), np.array([0, 1, 1]), verbose=True)
    check_layer(SoftmaxWithLoss(), x, np.array([0, 4, 2]), verbose=True)
    for cell in (TimeRNN, TimeGRU, TimeGRUResetAfter, TimeLSTM):
        check_layer(cell(*weights(cell)), xs, mask=mask, verbose=True)
    check_layer(
        TimeBidirectional(TimeLSTM(*weights(TimeLSTM)), TimeRNN(*weights(TimeRNN))), xs, mask=mask, verbose=True
    )
    for pool in (TimeMean(), TimeMax(), TimeAttentionPooling(normal(D, H), normal(H), normal(H))):
        check_layer(pool, xs, mask=mask, verbose=True)
    check_layer(Attention(), xs, normal(N, T + 1, D), mask=mask, verbose=True)
    heads = MultiHeadAttention(*MultiHeadAttention.init_params(D, H, rng, np.float64), num_heads=2)
    check_layer(heads, xs, mask=mask, verbose=True)

    padded = np.where(mask, 1 + rng.integers(1, V - 1, (N, T)), 0)
    for cell in CELLS:
        bidirectional = hasattr(CELLS[cell], "init_params")  # not an encoder by itself
        for pool in POOLS:
            net = sentiment_net(V, D, H, cell, bidirectional, 2, pool, dropout=0.3, rng=1, dtype=np.float64)
            worst = max(check_model(net, padded, np.array([0, 1, 1]), projections=2).values())
            layers = f"two {'bidirectional ' * bidirectional}layers of {cell}"
            print(f"SentimentNet, {layers}, pool {pool}: worst relative error {worst:.1e}")


if __name__ == "__main__":
    run_script(main, __doc__)
