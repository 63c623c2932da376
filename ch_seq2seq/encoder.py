"""The encoder: a question becomes the states that a decoder reads. Book, chapters 7 and 8."""

from dataclasses import dataclass

import numpy as np

from ch_seq2seq.stack import RecurrentStack
from common.base_model import BaseModel


@dataclass
class Encoded:
    """What an encoder hands to a decoder; the gradients that come back have the same form.

    hs: (N, S, H), the output at each step. states: the last h of each layer, a list of (N, H). mask: (N, S) bool, True
    where the question stands, or None.
    """

    hs: np.ndarray
    states: list
    mask: np.ndarray | None = None

    def rows(self, index):
        """The questions `index`, of which one may stand several times; in C order, in which attention reads them."""
        mask = None if self.mask is None else self.mask[index]
        return Encoded(np.ascontiguousarray(self.hs[index]), [state[index] for state in self.states], mask)


class Encoder(BaseModel):
    """embed: TimeEmbedding. layers: recurrent layers on top of each other, of either or both directions. residual: see
    `RecurrentStack`.

    forward: xs (N, S) ids, mask (N, S) bool or None -> Encoded. Any class that does the same can take its place.
    """

    def __init__(self, embed, layers, residual=False):
        super().__init__()
        self.embed, self.cells = embed, RecurrentStack(layers, residual)
        self.collect(embed=embed, cells=self.cells)

    def forward(self, xs, mask=None):
        hs = self.cells.forward(self.embed.forward(xs, mask), mask)  # (N, S) -> (N, S, D) -> (N, S, H)
        return Encoded(hs, [h for h, *_ in self.cells.states], mask)  # as in the book, an LSTM's c is not handed on

    def backward(self, dencoded):
        """dencoded: Encoded of gradients -> None, since ids have no gradient."""
        self.embed.backward(self.cells.backward(dencoded.hs, dencoded.states))
