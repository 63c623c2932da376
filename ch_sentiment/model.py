"""SentimentNet: ids -> Embedding -> recurrent layers -> pooling -> Affine -> loss; a variant is one argument away."""

import numpy as np

from common.arrays.checks import as_floats
from common.arrays.initializers import normal, xavier
from common.base_model import BaseModel
from common.functions import sigmoid, softmax
from common.layers import Affine, Dropout, SigmoidWithLoss, SoftmaxWithLoss
from common.pair_embedding import TimePairEmbedding
from common.pooling import TimeAttentionPooling, TimeBiLast, TimeFirstLast, TimeLast, TimeMax, TimeMaxMean, TimeMean
from common.time_layers import TimeBidirectional, TimeDropout, TimeEmbedding, TimeGRU, TimeLSTM, TimeRNN
from dataset.text import PAD, UNK

CELLS = {"rnn": TimeRNN, "gru": TimeGRU, "lstm": TimeLSTM}
POOLS = ("last", "first-last", "mean", "max", "max-mean", "attention")


class SentimentNet(BaseModel):
    """A many-to-one classifier of texts.

    vocab_size V, wordvec_size D, hidden_size H (of each direction): sizes > 0. cell: "rnn", "gru" or "lstm".
    bidirectional: read both ways. num_layers: recurrent layers on top of each other. pool: "last", "first-last",
    "mean", "max", "max-mean" or "attention". num_classes: 2 (one logit, SigmoidWithLoss) or more (a logit each,
    SoftmaxWithLoss). pair_size: size of a second vector at every word, that of its pair with the word before it
    (`word_pairs.TimePairEmbedding`); num_pairs: how many pairs have one of their own (their keys are to be written to
    `pair_embed.pairs`). softmax: a logit each for two classes, too. dropout: the share dropped of the embeddings,
    between layers and before the head; embed_dropout: that of the embeddings, where it is another. word_dropout: the
    share of words read as unknown while training. embed_W: (V, D) word vectors to start from. freeze_embedding: leave
    them as they are. rng: Generator, int or None. dtype: of all weights. ValueError names an argument out of its range.

    xs is (N, T) ids, PAD = 0 after the end of each text; the mask is read off them. ValueError for a row of PAD alone.
    """

    def __init__(
        self,
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
        word_dropout=0.0,
        embed_W=None,
        freeze_embedding=False,
        rng=None,
        dtype=np.float32,
    ):
        super().__init__()
        sizes = {"vocab_size": vocab_size, "wordvec_size": wordvec_size, "hidden_size": hidden_size}
        for name, value in {**sizes, "num_layers": num_layers}.items():
            if value < 1:
                raise ValueError(f"SentimentNet: expected {name} >= 1, got {value}")
        if pair_size < 0 or num_pairs < 0:
            raise ValueError(f"SentimentNet: expected pair_size and num_pairs >= 0, got {pair_size} and {num_pairs}")
        if num_classes < 2:
            raise ValueError(f"SentimentNet: expected num_classes >= 2, got {num_classes}")
        if cell not in CELLS or pool not in POOLS:
            expected = f"a cell of {', '.join(CELLS)} and a pool of {', '.join(POOLS)}"
            raise ValueError(f"SentimentNet: expected {expected}, got {cell!r} and {pool!r}")
        self.config = {
            **sizes,
            "cell": cell,
            "bidirectional": bidirectional,
            "num_layers": num_layers,
            "pool": pool,
            "num_classes": num_classes,
            "pair_size": pair_size,
            "num_pairs": num_pairs,
            "softmax": softmax,
            "dropout": dropout,
            "embed_dropout": embed_dropout,
            "word_dropout": word_dropout,
            "freeze_embedding": freeze_embedding,
        }
        # A stream for each part: adding a layer or a dropout changes no other part's numbers.
        weight_rng, dropout_rng, word_rng = np.random.default_rng(rng).spawn(3)
        embed_rng, head_rng, pool_rng, *layer_rngs, pair_rng = weight_rng.spawn(4 + num_layers)
        embed_drop_rng, head_drop_rng, *drop_rngs = dropout_rng.spawn(2 + num_layers)

        self.word_dropout = WordDropout(word_dropout, word_rng)
        W = normal(vocab_size, wordvec_size, std=0.1, rng=embed_rng, dtype=dtype)
        if embed_W is not None:
            W[...] = as_floats(self, "embed_W", embed_W, W.shape, dtype)
        self.embed = TimeEmbedding(W)
        self.frozen = {"embed.W": W} if freeze_embedding else {}  # weights that are saved, but not trained
        self.pair_embed = None
        if pair_size > 0:
            W = normal(num_pairs + 1, pair_size, std=0.1, rng=pair_rng, dtype=dtype)
            self.pair_embed = TimePairEmbedding(W, np.zeros(num_pairs, np.int64), vocab_size)
            self.frozen["pair_embed.pairs"] = self.pair_embed.pairs
        self.embed_dropout = TimeDropout(dropout if embed_dropout is None else embed_dropout, embed_drop_rng)
        self.recurrent_layers = []
        width = wordvec_size + pair_size
        for i in range(num_layers):
            if i > 0:
                self.recurrent_layers.append(TimeDropout(dropout, drop_rngs[i]))
            self.recurrent_layers.append(_recurrent(cell, bidirectional, width, hidden_size, layer_rngs[i], dtype))
            width = hidden_size * (2 if bidirectional else 1)  # (N, T, D) -> (N, T, H or 2H)
        self.pool = _pooling(pool, bidirectional, width, pool_rng, dtype)  # (N, T, H) -> (N, H)
        width *= 2 if pool in ("first-last", "max-mean") else 1
        self.head_dropout = Dropout(dropout, head_drop_rng)
        outputs = 1 if num_classes == 2 and not softmax else num_classes
        self.head = Affine(xavier(width, outputs, head_rng, dtype), np.zeros(outputs, dtype))
        self.loss_layer = SigmoidWithLoss() if outputs == 1 else SoftmaxWithLoss()
        self.scores = None

        named = {} if freeze_embedding else {"embed": self.embed}
        named |= {} if self.pair_embed is None else {"pair_embed": self.pair_embed}
        named |= {"embed_dropout": self.embed_dropout, "word_dropout": self.word_dropout}
        named |= {f"layer{i}": layer for i, layer in enumerate(self.recurrent_layers)}
        self.collect(**named, pool=self.pool, head_dropout=self.head_dropout, head=self.head)

    def predict(self, xs):
        """xs (N, T) ids -> scores: (N,) logits of class 1, or (N, C) logits of all; without dropout, or a way back."""
        with self.predicting():
            return self.score(*self.vectors(xs))

    def probabilities(self, xs):
        """xs (N, T) ids -> (N, C) probabilities."""
        return to_probabilities(self.predict(xs))

    def forward(self, xs, ts):
        """xs (N, T) ids, ts (N,) class ids -> mean loss. `scores` keeps the logits."""
        return self.read(*self.vectors(xs), ts)

    def backward(self, dout=1):
        """Fills all `grads`; -> None, since ids have no gradient."""
        self.vectors_backward(self.read_backward(dout))

    # -- forward and backward in two halves, for whoever has something to do with the vectors between them --------

    def vectors(self, xs):
        """xs (N, T) ids -> the vectors that the recurrent layers read (N, T, D), and the mask (N, T)."""
        xs = np.asanyarray(xs)
        if xs.ndim != 2 or xs.dtype.kind not in "iu":
            raise ValueError(f"SentimentNet: expected ids of shape (N, T), got {xs.dtype} of shape {xs.shape}")
        mask = xs != PAD
        if not mask.any(axis=1).all():
            raise ValueError(
                f"SentimentNet: expected a token in every text, got only padding in row {mask.any(axis=1).argmin()}"
            )
        vectors = self.embed.forward(self.word_dropout.forward(xs), mask)  # (N, T) -> (N, T, D)
        if self.pair_embed is not None:
            vectors = np.concatenate((vectors, self.pair_embed.forward(xs, mask)), axis=2)
        return self.embed_dropout.forward(vectors, mask), mask

    def read(self, vectors, mask, ts):
        """Vectors (N, T, D), mask (N, T), ts (N,) class ids -> mean loss. `scores` keeps the logits."""
        self.scores = self.score(vectors, mask)
        return self.loss_layer.forward(self.scores, ts)

    def read_backward(self, dout=1):
        """Fills all `grads` but those of the embeddings; -> the gradient of the vectors (N, T, D)."""
        return self.score_backward(self.loss_layer.backward(dout))

    def score(self, vectors, mask):
        """Vectors (N, T, D), mask (N, T) -> scores, as of `predict`: `read` without a loss."""
        hs = vectors
        for layer in self.recurrent_layers:
            hs = layer.forward(hs, mask)
        pooled = self.head_dropout.forward(self.pool.forward(hs, mask))
        scores = self.head.forward(pooled)  # (N, H) @ (H, C) -> (N, C)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def score_backward(self, dscores):
        """Gradient of the scores, (N,) or (N, C), -> that of the vectors (N, T, D); fills what `read_backward` does."""
        dout = self.head.backward(dscores[:, None] if dscores.ndim == 1 else dscores)
        dout = self.pool.backward(self.head_dropout.backward(dout))
        for layer in reversed(self.recurrent_layers):
            dout = layer.backward(dout)
        return dout

    def vectors_backward(self, dout):
        """Fills the `grads` of the embeddings, from the gradient of the vectors."""
        dout = self.embed_dropout.backward(dout)
        D = self.config["wordvec_size"]
        if not self.config["freeze_embedding"]:
            self.embed.backward(dout[:, :, :D])
        if self.pair_embed is not None:
            self.pair_embed.backward(dout[:, :, D:])


class WordDropout:
    """Reads a share of the words as unknown while training, so that no single word is relied upon. Iyyer et al. 2015.

    forward: xs (N, T) ids -> the same, some of them UNK.
    """

    param_names = ()

    def __init__(self, ratio, rng=None):
        if not 0 <= ratio < 1:
            raise ValueError(f"WordDropout: expected 0 <= ratio < 1, got {ratio}")
        self.params, self.grads = [], []
        self.ratio = ratio
        self.rng = np.random.default_rng(rng)
        self.train_flg = True

    def forward(self, xs):
        if not self.train_flg or self.ratio == 0:
            return xs
        return np.where((self.rng.random(xs.shape, dtype=np.float32) < self.ratio) & (xs != PAD), UNK, xs)


def to_probabilities(scores):
    """Logits of SentimentNet, (N,) or (N, C), -> (N, C) probabilities."""
    if scores.ndim == 1:
        return np.stack((sigmoid(-scores), sigmoid(scores)), axis=1)
    return softmax(scores)


def _recurrent(cell, bidirectional, wordvec_size, hidden_size, rng, dtype):
    layer = CELLS[cell]
    forward_rng, backward_rng = rng.spawn(2)
    one = layer(*layer.init_params(wordvec_size, hidden_size, forward_rng, dtype))
    if not bidirectional:
        return one
    return TimeBidirectional(one, layer(*layer.init_params(wordvec_size, hidden_size, backward_rng, dtype)))


def _pooling(pool, bidirectional, width, rng, dtype):
    if pool == "attention":
        W, v = xavier(width, width, rng, dtype), xavier(width, 1, rng, dtype)[:, 0].copy()
        return TimeAttentionPooling(W, np.zeros(width, dtype), v)
    if pool == "last":
        return TimeBiLast() if bidirectional else TimeLast()
    return {"first-last": TimeFirstLast, "mean": TimeMean, "max": TimeMax, "max-mean": TimeMaxMean}[pool]()
