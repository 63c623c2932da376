"""Three decoders of one contract: the answer is read and continued, given what the encoder made of the question.

forward: ids (N, T), Encoded, states -> scores (N, T, V) of the id that follows each. states: what the layers start
from, in the form of `states` after a forward; None: from the encoder's. So a whole answer is one call in training,
and in generation one call a step, with T = 1. backward: dscores -> Encoded of gradients.
"""

import numpy as np

from ch_seq2seq.encoder import Encoded
from ch_seq2seq.stack import RecurrentStack
from common.attention import Attention
from common.base_model import BaseModel


class Decoder(BaseModel):
    """It knows the question by its first state alone. Book, chapter 7; Sutskever et al. 2014.

    embed: TimeEmbedding (V, D). layers: recurrent layers, the first of input size D. affine: TimeAffine (H, V).
    residual: see `RecurrentStack`.
    """

    def __init__(self, embed, layers, affine, residual=False):
        super().__init__()
        self.embed, self.cells, self.affine = embed, RecurrentStack(layers, residual), affine
        self.collect(embed=embed, cells=self.cells, affine=affine)

    @property
    def states(self):
        """Of each layer, after a forward: (h,) or (h, c), (N, H) each."""
        return self.cells.states

    def forward(self, ids, encoded, states=None):
        self.encoded = encoded
        hs = self.cells.forward(self.embed.forward(ids), None, _first(encoded, states))  # (N, T) -> (N, T, H)
        return self.affine.forward(hs)  # (N, T, H) @ (H, V) -> (N, T, V)

    def backward(self, dscores):
        self.embed.backward(self.cells.backward(self.affine.backward(dscores)))
        return Encoded(np.zeros_like(self.encoded.hs), self.cells.dstates)


class PeekyDecoder(Decoder):
    """It sees the encoder's last state at every step, in the first layer and in the Affine. Book, chapter 7; Cho et al.
    2014.

    As `Decoder`, but for the sizes: the first layer has inputs of H + D, affine is (H + H, V).
    """

    def forward(self, ids, encoded, states=None):
        self.encoded = encoded
        h = encoded.states[-1]  # (N, H)
        peek = np.broadcast_to(h[:, None], (len(h), ids.shape[1], h.shape[1]))  # (N, H) -> (N, T, H)
        xs = np.concatenate((peek, self.embed.forward(ids)), axis=2)  # (N, T, H), (N, T, D) -> (N, T, H + D)
        hs = self.cells.forward(xs, None, _first(encoded, states))  # -> (N, T, H)
        return self.affine.forward(np.concatenate((peek, hs), axis=2))  # (N, T, H + H) -> (N, T, V)

    def backward(self, dscores):
        H = self.encoded.states[-1].shape[1]
        dout = self.affine.backward(dscores)  # (N, T, V) -> (N, T, H + H)
        dxs = self.cells.backward(dout[:, :, H:])  # (N, T, H) -> (N, T, H + D)
        self.embed.backward(dxs[:, :, H:])
        *dstates, dh = self.cells.dstates
        dh = dh + (dout[:, :, :H] + dxs[:, :, :H]).sum(axis=1)  # (N, T, H) -> (N, H)
        return Encoded(np.zeros_like(self.encoded.hs), [*dstates, dh])


class AttentionDecoder(Decoder):
    """At every step it reads a mean of the encoder's outputs, weighted by how well they fit its own state. Book,
    chapter 8; Luong et al. 2015.

    As `Decoder`, but affine is (H + H, V). After a forward `attention_weight` (N, T, S) says where it looked.
    """

    def __init__(self, embed, layers, affine, residual=False):
        super().__init__(embed, layers, affine, residual)
        self.attention = Attention()
        self.collect(embed=embed, cells=self.cells, attention=self.attention, affine=affine)

    @property
    def attention_weight(self):
        return self.attention.attention_weight

    def forward(self, ids, encoded, states=None):
        hs = self.cells.forward(self.embed.forward(ids), None, _first(encoded, states))  # (N, T) -> (N, T, H)
        context = self.attention.forward(encoded.hs, hs, encoded.mask)  # (N, S, H), (N, T, H) -> (N, T, H)
        return self.affine.forward(np.concatenate((context, hs), axis=2))  # (N, T, H + H) -> (N, T, V)

    def backward(self, dscores):
        dout = self.affine.backward(dscores)  # (N, T, V) -> (N, T, H + H)
        H = dout.shape[2] // 2
        dhs_enc, dhs = self.attention.backward(dout[:, :, :H])
        self.embed.backward(self.cells.backward(dhs + dout[:, :, H:]))
        return Encoded(dhs_enc, self.cells.dstates)


def _first(encoded, states):
    return [(h,) for h in encoded.states] if states is None else states
