"""SentimentNet: ids -> word vectors -> encoder -> Affine -> loss. The encoders stand in one table, `CELLS`.

`sentiment_net` makes one from names and sizes: another cell, both directions or more layers are one argument away.
"""

import inspect

import numpy as np

from common.arrays.checks import as_classes, as_flag, as_floats, as_ids, as_number, as_rng, check_ratio, plain_number
from common.arrays.initializers import normal, xavier, zeros
from common.base_model import BaseModel
from common.functions import sigmoid, softmax
from common.layers import Affine, Dropout, SigmoidWithLoss, SoftmaxWithLoss
from common.pair_embedding import TimePairEmbedding
from common.pooling import POOLS, pooling_by_name
from common.recurrent.bidirectional import TimeBidirectional
from common.sequential import Sequential
from common.time_layers import TimeDropout, TimeEmbedding, TimeGRU, TimeGRUResetAfter, TimeLSTM, TimeRNN
from common.transformer import TransformerPooled
from common.type_dropout import DroppedEmbedding, TypeDropout
from dataset.text import PAD, UNK

# name: class of a recurrent layer with `init_params(D, H, rng, dtype)` for its weights, of which RecurrentEncoder makes
# an encoder; or class of an encoder, called with (D, H, rng=, dtype=), whose attribute `size` is the K of its (N, K):
# those of num_layers, pool and dropout that its constructor names are given to it, too.
# What is entered here can be chosen by name; nothing else in the tree knows the list.
CELLS = {"rnn": TimeRNN, "gru": TimeGRU, "gru-reset-after": TimeGRUResetAfter, "lstm": TimeLSTM}
CELLS["transformer"] = TransformerPooled


class SentimentNet(BaseModel):
    """A many-to-one classifier of texts, made of three parts.

    words: WordVectors, (N, T) ids -> (N, T, D) vectors. encoder: a layer or model with `forward(vectors, mask)` ->
    (N, K) and `backward(dout)` -> (N, T, D). head: Affine, (N, K) -> (N, C) logits; C = 1 is one logit for two classes
    (SigmoidWithLoss), else each class has its own (SoftmaxWithLoss). head_dropout: a Dropout before the head, or None.

    xs is (N, T) ids, PAD = 0 after the end of each text; the mask is read off them. ValueError for a row of PAD alone.
    `config`: what `sentiment_net` made it from; None for a net composed by hand.
    """

    config = None

    def __init__(self, words, encoder, head, head_dropout=None):
        super().__init__()
        self.words, self.encoder, self.head = words, encoder, head
        self.head_dropout = head_dropout or Dropout(0.0, rng=0)
        self.loss_layer = SigmoidWithLoss() if len(head.params[1]) == 1 else SoftmaxWithLoss()
        self.scores = None
        self.frozen, self.frozen_layers = words.frozen, [words.embed] if words.embed_frozen else []
        parts = getattr(encoder, "parts", {"encoder": encoder})
        self.collect(**words.parts, **parts, head_dropout=self.head_dropout, head=head)

    def predict(self, xs, batch_size=64):
        """xs (N, T) ids, or a list of N id arrays, -> scores: (N,) logits of class 1, or (N, C) logits of all; without
        dropout or backward.
        """
        return self.in_batches(lambda xs: self.score(*self.vectors(xs)), xs, batch_size)

    def probabilities(self, xs):
        """xs as for `predict` -> (N, C) probabilities."""
        return to_probabilities(self.predict(xs))

    def forward(self, xs, ts, sample_weight=None):
        """xs (N, T) ids, ts (N,) class ids, or soft labels as the loss takes them but 0.5, -> mean loss. `scores` keeps
        the logits. sample_weight: (N,) or None, what each text counts (`common.layers.SoftmaxWithLoss`).
        """
        return self.read(*self.vectors(xs), ts, **_weighted(sample_weight))

    def backward(self, dout=1):
        """Fills all `grads`; -> None, since ids have no gradient."""
        self.vectors_backward(self.read_backward(dout))

    # -- forward and backward in two halves, for whoever has something to do with the vectors between them --------

    def vectors(self, xs):
        """xs (N, T) ids -> the vectors that the encoder reads (N, T, D), and the mask (N, T)."""
        return self.words.forward(xs)

    def read(self, vectors, mask, ts, sample_weight=None):
        """Vectors (N, T, D), mask (N, T), ts (N,) class ids -> mean loss, as `forward`. `scores` keeps the logits."""
        self.scores, ts = self.score(vectors, mask), as_classes(self, ts)
        return self.loss_layer.forward(self.scores, ts, **_weighted(sample_weight))

    def read_backward(self, dout=1):
        """Fills all `grads` but those of the embeddings; -> the gradient of the vectors (N, T, D)."""
        return self.score_backward(self.loss_layer.backward(dout))

    def score(self, vectors, mask):
        """Vectors (N, T, D), mask (N, T) -> scores, as of `predict`: `read` without a loss."""
        pooled = self.head_dropout.forward(self.encoder.forward(vectors, mask))  # (N, T, D) -> (N, K)
        scores = self.head.forward(pooled)  # (N, K) @ (K, C) -> (N, C)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def score_backward(self, dscores):
        """Gradient of the scores, (N,) or (N, C), -> that of the vectors (N, T, D); fills what `read_backward` does."""
        dout = self.head.backward(dscores[:, None] if dscores.ndim == 1 else dscores)
        return self.encoder.backward(self.head_dropout.backward(dout))

    def vectors_backward(self, dout):
        """Fills the `grads` of the embeddings, from the gradient of the vectors."""
        self.words.backward(dout)


def _weighted(sample_weight):
    """The argument for what may be a loss or a `read` of one's own, which needs to take weights only where some are."""
    return {} if sample_weight is None else {"sample_weight": sample_weight}


class WordVectors:
    """The vector of every word and, where there is a `pair_embed`, beside it that of its pair with the word before.

    embed: TimeEmbedding. pair_embed: TimePairEmbedding or None. dropout: TimeDropout or TypeDropout. word_dropout:
    WordDropout. frozen: leave the vectors of `embed` as they are. forward: ids (N, T) -> (N, T, D + D2) and the mask.
    """

    drops = True  # whether the last forward dropped anything

    def __init__(self, embed, pair_embed=None, dropout=None, word_dropout=None, frozen=False):
        self.embed, self.pair_embed = embed, pair_embed
        self.dropout = dropout or TimeDropout(0.0, rng=0)
        self.word_dropout = word_dropout or WordDropout(0.0)
        self.embed_frozen = frozen
        self.dropped = DroppedEmbedding(embed, dropout) if isinstance(dropout, TypeDropout) and not pair_embed else None
        self.parts = {} if frozen else {"embed": embed}  # the layers by the names that their parameters have in a file
        self.parts |= {} if pair_embed is None else {"pair_embed": pair_embed}
        self.parts |= {"embed_dropout": self.dropout, "word_dropout": self.word_dropout}
        self.frozen = {"embed.W": embed.params[0]} if frozen else {}  # weights that are saved, but not trained
        self.frozen |= {} if pair_embed is None else {"pair_embed.pairs": pair_embed.pairs}

    def forward(self, xs):
        xs = np.asarray(as_ids("SentimentNet", "xs", xs, ("N", "T"), np.inf), like=self.embed.params[0])
        mask = xs != PAD
        if not (has_token := mask.any(axis=1)).all():
            got = f"got only padding in row {has_token.argmin()} of the batch"
            raise ValueError(f"SentimentNet: expected a token in every text, {got}")
        read = self.word_dropout.forward(xs)
        if self.dropped is not None:
            return self.dropped.forward(read, mask), mask
        vectors = self.embed.forward(read, mask)  # (N, T) -> (N, T, D), 0 at the padding
        if self.pair_embed is not None:
            vectors = np.concatenate((vectors, self.pair_embed.forward(xs, mask)), axis=2)  # -> (N, T, D + D2)
        self.drops = self.dropout.active
        if self.drops:
            vectors = self.dropout.forward(vectors, read if isinstance(self.dropout, TypeDropout) else None)
        return vectors, mask

    def backward(self, dout):
        """dout (N, T, D + D2) -> None, since ids have no gradient."""
        if self.dropped is not None:
            return None if self.embed_frozen else self.dropped.backward(dout)
        dout = self.dropout.backward(dout) if self.drops else dout
        D = self.embed.params[0].shape[1]
        if not self.embed_frozen:
            self.embed.backward(dout[:, :, :D])
        if self.pair_embed is not None:
            self.pair_embed.backward(dout[:, :, D:])


class WordDropout:
    """Reads a share of the words as unknown while training, so that no single word is relied upon. Iyyer et al. 2015.

    forward: xs (N, T) ids -> the same, some of them UNK.
    """

    param_names = ()

    def __init__(self, ratio, rng=None):
        self.params, self.grads = [], []
        self.ratio = check_ratio(self, "ratio", ratio)
        self.rng = as_rng(self, rng)
        self.train_flg = True

    def forward(self, xs):
        if not self.train_flg or self.ratio == 0:
            return xs
        unknown = np.asarray(self.rng.random(xs.shape, dtype=np.float32) < self.ratio, like=xs)
        return np.where(unknown & (xs != PAD), UNK, xs)


class RecurrentEncoder(Sequential):
    """Recurrent layers on top of each other, then pooling: vectors (N, T, D), mask (N, T) -> (N, K).

    layers: list of what takes `forward(xs, mask)`, (N, T, D) -> (N, T, H), dropout between them included; the last one
    gives vectors of `width`. pool: a name of `POOLS`; rng, dtype: of its weights, where it has any. `size`: K.
    """

    def __init__(self, layers, pool, width, bidirectional=False, rng=None, dtype=np.float32):
        self.pool = pooling_by_name(pool, width, bidirectional, rng, dtype)
        super().__init__(*layers, self.pool)  # (N, T, D) -> (N, T, H) -> (N, K)
        self.size = width * (2 if pool in ("first-last", "max-mean") else 1)
        self.parts = {**{f"layer{i}": layer for i, layer in enumerate(layers)}, "pool": self.pool}
        self.collect(**self.parts)

    def forward(self, vectors, mask):
        return super().forward(vectors, mask=mask)


def sentiment_net(
    vocab_size,
    wordvec_size,
    hidden_size,
    cell="lstm",
    bidirectional=False,
    num_layers=1,
    pool="last",
    num_classes=2,
    *,
    pair_size=0,
    num_pairs=0,
    softmax=False,
    dropout=0.0,
    embed_dropout=None,
    type_dropout=False,
    word_dropout=0.0,
    embed_W=None,
    freeze_embedding=False,
    rng=None,
    dtype=np.float32,
):
    """A SentimentNet from names and sizes, its weights drawn at random.

    vocab_size V, wordvec_size D, hidden_size H (of each direction): sizes > 0. cell: a name of `CELLS`. bidirectional:
    read both ways. num_layers: recurrent layers on top of each other. pool: a name of `POOLS`. num_classes: 2 (one
    logit) or more (a logit each); softmax: a logit each for two classes, too. pair_size: size of a second vector at
    every word, that of its pair with the word before it; num_pairs: how many pairs have one of their own (their keys
    are to be written to `words.pair_embed.pairs`). dropout: the share dropped of the embeddings, between layers and
    before the head; embed_dropout: that of the embeddings, where it is another; type_dropout: drop the same of a word
    throughout a batch. word_dropout: the share of words read as unknown while training. embed_W: (V, D) word vectors to
    start from. freeze_embedding: leave them as they are. rng: Generator, int or None. dtype: of all weights. ValueError
    names an argument out of its range.
    """
    given = {name: value for name, value in locals().items() if name not in ("embed_W", "rng", "dtype")}
    config = {name: plain_number(value) for name, value in given.items()}
    vocab_size, wordvec_size, hidden_size, num_layers, num_classes, pair_size, num_pairs = _sizes(**config)
    # A stream for each part: adding a layer or a dropout changes no other part's numbers.
    weight_rng, dropout_rng, word_rng = as_rng("SentimentNet", rng).spawn(3)
    embed_rng, head_rng, pool_rng, *layer_rngs, pair_rng = weight_rng.spawn(4 + num_layers)
    embed_drop_rng, head_drop_rng, *drop_rngs = dropout_rng.spawn(2 + num_layers)

    if embed_W is None:
        W = normal(vocab_size, wordvec_size, std=0.1, rng=embed_rng, dtype=dtype)
    else:
        W = np.array(as_floats("SentimentNet", "embed_W", embed_W, (vocab_size, wordvec_size), dtype), order="C")
    pair_embed = None
    if pair_size > 0:
        pair_W = normal(num_pairs + 1, pair_size, std=0.1, rng=pair_rng, dtype=dtype)
        pair_embed = TimePairEmbedding(pair_W, zeros((num_pairs,), pair_rng, np.int64), vocab_size)
    vector_dropout = TypeDropout if type_dropout else TimeDropout
    words = WordVectors(
        TimeEmbedding(W),
        pair_embed,
        vector_dropout(dropout if embed_dropout is None else embed_dropout, embed_drop_rng),
        WordDropout(word_dropout, word_rng),
        freeze_embedding,
    )
    made, width = CELLS[cell], wordvec_size + pair_size
    if hasattr(made, "init_params"):
        layers = []
        for i, layer_rng in enumerate(layer_rngs):
            layers += [TimeDropout(dropout, drop_rngs[i])] if i else []
            sides = layer_rng.spawn(2)[: 1 + bidirectional]
            directions = [made(*made.init_params(width, hidden_size, side, dtype)) for side in sides]
            layers.append(TimeBidirectional(*directions) if bidirectional else directions[0])
            width = hidden_size * len(sides)  # (N, T, D) -> (N, T, H or 2H)
        encoder = RecurrentEncoder(layers, pool, width, bidirectional, pool_rng, dtype)
    else:
        more = {name: config[name] for name in options_taken(made)}
        encoder = made(width, hidden_size, **more, rng=layer_rngs[0], dtype=dtype)
    outputs = 1 if num_classes == 2 and not softmax else num_classes
    head = Affine(xavier(encoder.size, outputs, head_rng, dtype), zeros((outputs,), head_rng, dtype))
    net = SentimentNet(words, encoder, head, Dropout(dropout, head_drop_rng))
    net.config = config
    return net


def options_taken(encoder):
    """The arguments of `sentiment_net` that an encoder of `CELLS` is given: those of these three that it names."""
    return [name for name in ("num_layers", "pool", "dropout") if name in inspect.signature(encoder).parameters]


def to_probabilities(scores):
    """Logits of SentimentNet, (N,) or (N, C), -> (N, C) probabilities."""
    if scores.ndim == 1:
        return np.stack((sigmoid(-scores), sigmoid(scores)), axis=1)
    return softmax(scores)


def _sizes(cell, pool, **given):
    """The sizes as Python ints. ValueError naming the first argument of `sentiment_net` that is out of its range."""
    for name in ("bidirectional", "softmax", "type_dropout", "freeze_embedding"):
        as_flag("SentimentNet", name, given[name])
    least = {"vocab_size": 1, "wordvec_size": 1, "hidden_size": 1, "num_layers": 1, "num_classes": 2}
    least |= {"pair_size": 0, "num_pairs": 0}
    if cell not in CELLS or pool not in POOLS:
        expected = f"a cell of {', '.join(CELLS)} and a pool of {', '.join(POOLS)}"
        raise ValueError(f"SentimentNet: expected {expected}, got {cell!r} and {pool!r}")
    return [as_number("SentimentNet", name, given[name], least=low, whole=True) for name, low in least.items()]
