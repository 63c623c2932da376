"""BagOfWords: the mean of a text's word vectors, and a linear layer. What is known once the order of words is lost."""

import numpy as np

from common.base_model import BaseModel
from common.checks import as_ids
from common.initializers import normal, xavier
from common.layers import Affine, SigmoidWithLoss, SoftmaxWithLoss
from common.pooling import TimeMean
from common.time_layers import TimeEmbedding
from dataset.text import PAD


class BagOfWords(BaseModel):
    """TimeEmbedding -> TimeMean -> Affine -> loss: the continuous bag of words as a classifier. Joulin et al. 2016.

    vocab_size V, wordvec_size D. num_classes: 2 (one logit, SigmoidWithLoss) or more (a logit each, SoftmaxWithLoss).
    rng: Generator, int or None. dtype: of all weights.

    xs is (N, T) ids, PAD = 0 after the end of each text.
    """

    def __init__(self, vocab_size, wordvec_size, num_classes=2, *, rng=None, dtype=np.float32):
        super().__init__()
        self.config = {"vocab_size": vocab_size, "wordvec_size": wordvec_size, "num_classes": num_classes}
        embed_rng, head_rng = np.random.default_rng(rng).spawn(2)
        outputs = 1 if num_classes == 2 else num_classes
        self.embed = TimeEmbedding(normal(vocab_size, wordvec_size, 0.1, embed_rng, dtype))
        self.mean = TimeMean()
        self.head = Affine(xavier(wordvec_size, outputs, head_rng, dtype), np.zeros(outputs, dtype))
        self.loss_layer = SigmoidWithLoss() if num_classes == 2 else SoftmaxWithLoss()
        self.scores = None
        self.collect(embed=self.embed, mean=self.mean, head=self.head)

    def predict(self, xs):
        """xs (N, T) ids -> scores: (N,) logits of class 1 for two classes, else (N, C) logits."""
        xs = as_ids(self, "xs", xs, ("N", "T"), self.config["vocab_size"])
        mask = xs != PAD
        means = self.mean.forward(self.embed.forward(xs, mask), mask)  # (N, T) -> (N, T, D) -> (N, D)
        scores = self.head.forward(means)  # (N, D) @ (D, C) -> (N, C)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def forward(self, xs, ts):
        """xs (N, T) ids, ts (N,) class ids -> mean loss. `scores` keeps the logits."""
        self.scores = self.predict(xs)
        return self.loss_layer.forward(self.scores, ts)

    def backward(self, dout=1):
        """Fills all `grads`; -> None, since ids have no gradient."""
        dout = self.loss_layer.backward(dout)
        dout = self.head.backward(dout[:, None] if dout.ndim == 1 else dout)
        self.embed.backward(self.mean.backward(dout))
