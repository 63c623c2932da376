"""Word vectors by skip-gram: a word's vector predicts the words around it (`common.skip_gram`)."""

import numpy as np

from ch_sentiment.pretraining.texts import in_pieces
from common.arrays.checks import as_number, as_rng
from common.arrays.initializers import normal
from common.base_model import BaseModel
from common.skip_gram import TimeSkipGramLoss
from common.time_layers import TimeEmbedding
from common.trainer import Trainer
from dataset.text import PAD

TRAINER = Trainer


class SkipGram(BaseModel):
    """An embedding and a loss. forward: xs (N, T) ids, PAD after the end of each piece -> loss.

    counts: (V,) of the words, that of PAD is not looked at. subsample: a word of frequency f stays with
    probability sqrt(subsample / f), in each pass anew, and the others move together (0: all stay). window, sample_size:
    as of `TimeSkipGramLoss`. rng: Generator, int or None. `initial`: by the names of a SentimentNet, what it can start
    from.
    """

    pad = PAD

    def __init__(self, counts, wordvec_size, window=5, sample_size=5, subsample=1e-4, rng=None, dtype=np.float32):
        super().__init__()
        weight_rng, drawn_rng, self.rng = as_rng(self, rng).spawn(3)
        subsample = as_number(self, "subsample", subsample, least=0)
        counts = np.where(np.arange(len(counts)) == PAD, 0, counts).astype(np.float64)
        shape = len(counts), wordvec_size
        self.embed = TimeEmbedding(normal(*shape, wordvec_size**-0.5, weight_rng, dtype))
        W_out = np.zeros(shape, dtype)  # as in word2vec: at first every pair is as likely as not
        self.loss = TimeSkipGramLoss(W_out, counts, window, sample_size, rng=drawn_rng)
        frequency = np.maximum(counts, 1) / counts.sum()
        self.stays = np.minimum(np.sqrt(subsample / frequency), 1) if subsample else np.ones(len(counts))  # (V,)
        self.stays[PAD] = 0
        self.collect(embed=self.embed, loss=self.loss)

    def forward(self, xs, ts=None):
        """ts is not looked at: what is predicted are the words of xs themselves."""
        xs = self.thinned(xs, self.rng if self.training else np.random.default_rng(0))  # measured on the same words
        mask = xs != PAD
        return self.loss.forward(self.embed.forward(xs, mask), xs, mask)

    def backward(self, dout=1):
        self.embed.backward(self.loss.backward(dout))

    def thinned(self, xs, rng):
        """xs (N, T) -> (N, T') of the words that stay, in their order, PAD after them; one of them at least."""
        stays = rng.random(xs.shape, dtype=np.float32) < self.stays[xs]
        width = max(int(stays.sum(axis=1).max()), 1)
        order = np.argsort(~stays, axis=1, kind="stable")[:, :width]
        return np.where(np.take_along_axis(stays, order, axis=1), np.take_along_axis(xs, order, axis=1), PAD)

    def initial(self):
        return {"embed.W": self.embed.params[0]}


def build(options, texts, rng):
    """-> the untrained SkipGram of PretrainOptions and Texts."""
    return SkipGram(texts.counts, options.wordvec, options.window, options.negative, options.subsample, rng)


def callbacks_of(model):
    return []


def examples(options, ids_of_texts):
    """-> x, t of `Trainer.fit`: pieces (P, steps), twice."""
    rows = in_pieces(ids_of_texts, options.steps)
    return rows, rows
