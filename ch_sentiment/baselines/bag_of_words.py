"""BagOfWords: the mean of a text's word vectors, and a linear layer. What is known once the order of words is lost."""

import numpy as np

from common.arrays.checks import as_rng, as_sizes
from common.arrays.initializers import normal, xavier, zeros
from common.layers import Affine, SigmoidWithLoss, SoftmaxWithLoss
from common.pooling import TimeMean
from common.sequential import Sequential
from common.time_layers import TimeEmbedding
from dataset.text import PAD


class BagOfWords(Sequential):
    """TimeEmbedding -> TimeMean -> Affine -> loss: the continuous bag of words as a classifier. Joulin et al. 2016.

    vocab_size V, wordvec_size D. num_classes: 2 (one logit, SigmoidWithLoss) or more (a logit each, SoftmaxWithLoss).
    rng: Generator, int or None. dtype: of all weights.

    forward: xs (N, T) ids, PAD = 0 after the end of each text, and ts (N,) class ids -> mean loss.
    """

    def __init__(self, vocab_size, wordvec_size, num_classes=2, *, rng=None, dtype=np.float32):
        embed_rng, head_rng = as_rng("BagOfWords", rng).spawn(2)
        sizes = {"vocab_size": vocab_size, "wordvec_size": wordvec_size, "num_classes": num_classes}
        vocab_size, wordvec_size, num_classes = as_sizes(self, **sizes)
        outputs = 1 if num_classes == 2 else num_classes
        super().__init__(
            TimeEmbedding(normal(vocab_size, wordvec_size, 0.1, embed_rng, dtype)),  # (N, T) -> (N, T, D)
            TimeMean(),  # -> (N, D)
            Affine(xavier(wordvec_size, outputs, head_rng, dtype), zeros((outputs,), head_rng, dtype)),  # -> (N, C)
            loss=SigmoidWithLoss() if num_classes == 2 else SoftmaxWithLoss(),
            pad=PAD,
        )
        self.config = {"vocab_size": vocab_size, "wordvec_size": wordvec_size, "num_classes": num_classes}
