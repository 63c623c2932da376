"""Seq2seq: an encoder reads the question, a decoder writes the answer. `seq2seq` makes one from names and sizes."""

import numpy as np

from ch_seq2seq.decoders import AttentionDecoder, Decoder, PeekyDecoder
from ch_seq2seq.encoder import Encoder
from common.arrays.checks import as_array, as_number, as_rng
from common.arrays.initializers import normal, xavier
from common.base_model import BaseModel
from common.time_layers import (
    TimeAffine,
    TimeBidirectional,
    TimeEmbedding,
    TimeGRU,
    TimeLSTM,
    TimeRNN,
    TimeSoftmaxWithLoss,
)

CELLS = {"rnn": TimeRNN, "gru": TimeGRU, "lstm": TimeLSTM}
DECODERS = {"plain": Decoder, "peeky": PeekyDecoder, "attention": AttentionDecoder}


class Seq2seq(BaseModel):
    """encoder: ids (N, S), mask -> Encoded. decoder: ids (N, T), Encoded -> scores (N, T, V) (`ch_seq2seq.decoders`).

    forward: xs (N, S) ids, ts (N, T + 1) ids -> mean loss of ts[:, 1:], each id from those before it; ts[:, 0] is the
    start id. A row of ts may end in `ignore_label` (-1), which does not count. pad: the id that fills questions up, at
    their end or, reversed, at their beginning; it is masked. None: nothing is.
    """

    ignore_label = -1

    def __init__(self, encoder, decoder, pad=None):
        super().__init__()
        self.encoder, self.decoder, self.pad = encoder, decoder, pad
        self.loss_layer = TimeSoftmaxWithLoss()
        self.collect(encoder=encoder, decoder=decoder)

    def forward(self, xs, ts, sample_weight=None):
        xs, ts = self._ids("xs", xs), self._ids("ts", ts)
        if len(ts) != len(xs):
            raise ValueError(f"Seq2seq: ts: expected an answer to each of {len(xs)} questions, got {len(ts)}")
        if ts.shape[1] < 2:
            raise ValueError(f"Seq2seq: ts: expected a start id and at least one more, got shape {ts.shape}")
        before = np.where(ts[:, :-1] == self.ignore_label, 0, ts[:, :-1])  # these come after all that counts
        scores = self.decoder.forward(before, self.encode(xs))  # (N, T) -> (N, T, V)
        return self.loss_layer.forward(scores, ts[:, 1:], sample_weight=sample_weight)

    def backward(self, dout=1):
        """Fills all `grads`; -> None, since ids have no gradient."""
        self.encoder.backward(self.decoder.backward(self.loss_layer.backward(dout)))

    def encode(self, xs):
        """xs (N, S) ids -> Encoded."""
        xs = self._ids("xs", xs)
        return self.encoder.forward(xs, None if self.pad is None else text_mask(xs, self.pad))

    def generate(self, xs, start_id, sample_size):
        """The most probable id at each step (greedy search): xs (N, S) ids -> (N, sample_size) ids.

        start_id: what every answer begins with; it is not in the result.
        """
        sample_size = as_number("Seq2seq.generate", "sample_size", sample_size, least=1, whole=True)
        start_id = as_number("Seq2seq.generate", "start_id", start_id, least=0, whole=True)
        with self.predicting():
            encoded = self.encode(xs).rows(slice(None))  # in C order once, not at each step
            ids, states = np.full(len(encoded.hs), start_id), None
            sampled = np.empty((len(ids), sample_size), np.int64)
            for t in range(sample_size):
                scores = self.decoder.forward(ids[:, None], encoded, states)[:, 0]  # (N, 1) -> (N, 1, V) -> (N, V)
                sampled[:, t] = ids = scores.argmax(axis=1)
                states = self.decoder.states
        return sampled

    def _ids(self, name, ids):
        ids = as_array(self, name, ids)
        if ids.ndim != 2 or ids.shape[1] == 0 or ids.dtype.kind not in "iu":
            expected = "expected ids of shape (N, T), T > 0"
            raise ValueError(f"Seq2seq: {name}: {expected}, got {ids.dtype} of shape {ids.shape}")
        return ids


def text_mask(xs, pad):
    """(N, S) bool, True from the first id of a row that is not `pad` to the last one: blanks inside a text are text.

    ValueError for a row of `pad` alone.
    """
    real = xs != pad
    if not (has_text := real.any(axis=1)).all():
        raise ValueError(f"Seq2seq: xs: expected some text in every row, got only padding in row {has_text.argmin()}")
    after_first = np.logical_or.accumulate(real, axis=1)
    before_last = np.logical_or.accumulate(real[:, ::-1], axis=1)[:, ::-1]
    return after_first & before_last


def seq2seq(
    vocab_size,
    wordvec_size,
    hidden_size,
    decoder="plain",
    cell="lstm",
    bidirectional=False,
    num_layers=1,
    residual=False,
    *,
    pad=None,
    rng=None,
    dtype=np.float32,
):
    """A Seq2seq from names and sizes, its weights drawn at random.

    vocab_size V, wordvec_size D, hidden_size H: sizes > 0. decoder: a name of `DECODERS`, cell: of `CELLS`.
    bidirectional: the encoder reads both ways, with H / 2 for each. num_layers: on top of each other, in encoder and
    decoder. residual: skip connections between them. pad: see `Seq2seq`. rng: Generator, int or None. dtype: of all
    weights. ValueError names an argument out of its range.
    """
    sizes = {"vocab_size": vocab_size, "wordvec_size": wordvec_size, "hidden_size": hidden_size}
    sizes["num_layers"] = num_layers
    V, D, H, num_layers = (as_number("seq2seq", name, n, least=1, whole=True) for name, n in sizes.items())
    if decoder not in DECODERS or cell not in CELLS:
        expected = f"a decoder of {', '.join(DECODERS)} and a cell of {', '.join(CELLS)}"
        raise ValueError(f"seq2seq: expected {expected}, got {decoder!r} and {cell!r}")
    if bidirectional and H % 2:
        raise ValueError(f"seq2seq: expected an even hidden_size for both directions, got {H}")
    embed_rng, encoder_rng, decoder_rng, affine_rng = as_rng("seq2seq", rng).spawn(4)
    made = CELLS[cell]

    def layers(first, rng, directions=1):
        stack = []
        for i in range(num_layers):
            sizes = (H if i else first, H // directions)
            ways = [made(*made.init_params(*sizes, rng, dtype)) for _ in range(directions)]
            stack.append(TimeBidirectional(*ways) if directions == 2 else ways[0])
        return stack

    question, answer = (TimeEmbedding(normal(V, D, std=0.1, rng=embed_rng, dtype=dtype)) for _ in range(2))
    peek, width = {"plain": (0, H), "peeky": (H, 2 * H), "attention": (0, 2 * H)}[decoder]
    affine = TimeAffine(xavier(width, V, affine_rng, dtype), np.zeros(V, dtype))
    return Seq2seq(
        Encoder(question, layers(D, encoder_rng, 2 if bidirectional else 1), residual),
        DECODERS[decoder](answer, layers(peek + D, decoder_rng), affine, residual),
        pad,
    )
