"""Dropout by word type: what is dropped of a word's vector is the same wherever the word stands in a batch."""

import numpy as np

from common.arrays.checks import as_floats, as_ids, as_rng, float_dtype
from common.arrays.row_grad import plain
from common.layers import Dropout
from common.time_layers import TimeEmbedding

BITS = 16  # random bits for each element: the share that is dropped is rounded to a multiple of 2^-16


class TypeDropout(Dropout):
    """Dropout with one mask for each word of a batch instead of one for each place. After Gal and Ghahramani 2016.

    forward: xs (..., D) vectors, ids (...) whole numbers >= 0 of their words -> (..., D). Equal ids have equal masks:
    xs may be the vectors of all places (N, T, D) or those of the distinct words (K, D), and the same is dropped. (The
    paper drops whole words.) rng: Generator, int or None. Each forward takes one number from it, from which and from
    the ids alone the masks follow: whoever reads a part of a batch drops what whoever reads all of it does.
    """

    def __init__(self, dropout_ratio=0.5, rng=None):
        super().__init__(dropout_ratio, as_rng(self, rng))

    def forward(self, xs, ids):
        xs = as_floats(self, "xs", xs, None, float_dtype(xs))
        ids = as_ids(self, "ids", ids, xs.shape[:-1], 2**31)
        scale = None
        if self.active:
            dropped = min(round(self.dropout_ratio * 2**BITS), 2**BITS - 1)  # of 2^BITS equally likely numbers
            seed = int(self.rng.integers(2**64, dtype=np.uint64))
            keep = random_numbers(seed, ids, xs.shape[-1]) >= dropped
            scale = np.multiply(keep, 2**BITS / (2**BITS - dropped), dtype=xs.dtype)
        self.cache = xs.shape, scale
        return np.copy(xs) if scale is None else xs * scale


def random_numbers(seed, ids, size):
    """(..., size) uint16, which look random and are the same for the same seed, id and size. ids: (...) >= 0.

    Of 64 bits four numbers are made; those of an id are outputs of SplitMix64 (Steele, Lea and Flood 2014), whose i-th
    output is a function of seed and i. Unsigned numbers wrap around, as they should.
    """
    blocks = -(-size // (64 // BITS))
    z = ids[..., None].astype(np.uint64) * blocks + np.arange(1, blocks + 1, dtype=np.uint64, like=ids)  # (..., blocks)
    z *= 0x9E3779B97F4A7C15
    z += seed
    z ^= z >> 30
    z *= 0xBF58476D1CE4E5B9
    z ^= z >> 27
    z *= 0x94D049BB133111EB
    z ^= z >> 31
    return z.view(np.uint16)[..., :size]  # (..., blocks) -> (..., 4 blocks) -> (..., size)


class DroppedEmbedding:
    """An embedding and its TypeDropout in one: the vectors of a batch's distinct words, dropped, at all their places.

    embed: TimeEmbedding. dropout: TypeDropout. forward: ids (N, T), mask (N, T) bool -> (N, T, D), 0 at the padding:
    what the two layers give one after the other, computed for the third or so of the rows that are distinct.
    """

    def __init__(self, embed, dropout):
        self.embed, self.dropout, self.places = embed, dropout, None

    def forward(self, ids, mask=None):
        words, places = np.unique(ids, return_inverse=True)  # (K,), and for each id its place in them
        vectors = self.dropout.forward(self.embed.forward(words[None]), words[None])[0]  # (1, K) -> (1, K, D) -> (K, D)
        self.places = TimeEmbedding(vectors)  # a second embedding, of the places
        return self.places.forward(places.reshape(ids.shape), mask)  # (N, T) -> (N, T, D)

    def backward(self, dout):
        """dout (N, T, D) -> None, since ids have no gradient."""
        self.places.backward(dout)
        self.embed.backward(self.dropout.backward(plain(self.places.grads[0])[None]))
