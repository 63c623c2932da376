"""A language model of the layers of a classifier: every word predicts the next one, or, read backward, the one before.

    p(x_t+1 | x_1, ..., x_t) = softmax(W h_t + b),  h_t: the last recurrent layer's state after word t

The texts are one stream, each followed by END; windows of it are read one after the other (truncated BPTT).
"""

import numpy as np

from ch_sentiment.model import CELLS
from common.arrays.checks import as_number, as_rng
from common.arrays.initializers import normal, xavier
from common.base_model import BaseModel
from common.sampled_softmax import TimeAffineSoftmaxWithLoss, TimeSampledSoftmaxWithLoss
from common.time_layers import TimeDropout, TimeEmbedding
from common.training.stream import StreamState, StreamTrainer
from dataset.text import PAD

END = PAD  # the id of the end of a text, whose embedding a classifier never reads

TRAINER = StreamTrainer


class LanguageModel(BaseModel):
    """An embedding, recurrent layers with dropout between all of these, and a softmax over the vocabulary.

    counts: (V,) how often each word occurs. directions: of "forward" and "backward"; of two, each reads its half of the
    rows, with layers of its own. tied: the embedding is the softmax's W, too (D = H). num_sampled: words drawn for a
    training step's softmax, 0: all. stateful: a forward goes on where the one before it ended. rng: Generator, int or
    None. forward: xs, ts (N, T) ids, rows of backward ones reversed in time -> mean loss of a word.
    """

    pad = None  # every id is a word, or the end of a text

    def __init__(
        self,
        counts,
        wordvec_size,
        hidden_size,
        cell="lstm",
        num_layers=1,
        directions=("forward",),
        tied=False,
        num_sampled=0,
        dropout=0.0,
        stateful=True,
        rng=None,
        dtype=np.float32,
    ):
        super().__init__()
        V, num_layers = len(counts), as_number(self, "num_layers", num_layers, least=1, whole=True)
        if tied and wordvec_size != hidden_size:
            expected = "expected wordvec_size = hidden_size for tied weights"
            raise ValueError(f"LanguageModel: {expected}, got {wordvec_size} and {hidden_size}")
        weight_rng, drop_rng, drawn_rng = as_rng(self, rng).spawn(3)
        W = normal(V, wordvec_size, 0.1, weight_rng, dtype)
        self.embed = TimeEmbedding(W)
        W_out, b_out = W if tied else xavier(V, hidden_size, weight_rng, dtype), np.zeros(V, dtype)
        self.loss = TimeAffineSoftmaxWithLoss(W_out, b_out)
        if num_sampled:
            self.loss = TimeSampledSoftmaxWithLoss(W_out, b_out, num_sampled, counts, drawn_rng)
        self.stacks, self.recurrent = {direction: [] for direction in directions}, []
        for stack in self.stacks.values():
            for k in range(num_layers):
                D = hidden_size if k else wordvec_size
                layer = CELLS[cell](*CELLS[cell].init_params(D, hidden_size, weight_rng, dtype), stateful=stateful)
                stack += [TimeDropout(dropout, drop_rng), layer]
                self.recurrent.append(layer)
            stack.append(TimeDropout(dropout, drop_rng))
        named = {f"{way}{k}": layer for way, stack in self.stacks.items() for k, layer in enumerate(stack)}
        self.collect(embed=self.embed, **named, loss=self.loss)

    def train(self, flag=True):
        """As of `BaseModel`; the texts of the other mode are forgotten."""
        if flag != self.training:
            self.reset_state()
        super().train(flag)

    def reset_state(self):
        for layer in self.recurrent:
            layer.reset_state()

    def forward(self, xs, ts):
        vectors = np.split(self.embed.forward(xs), len(self.stacks))  # (N, T) -> (N / 2, T, D) for each direction
        found = []
        for hs, stack in zip(vectors, self.stacks.values()):
            for layer in stack:
                hs = layer.forward(hs)  # (N / 2, T, D) -> (N / 2, T, H)
            found.append(hs)
        return self.loss.forward(np.concatenate(found), ts)  # (N, T, H)

    def backward(self, dout=1):
        found = []
        for dhs, stack in zip(np.split(self.loss.backward(dout), len(self.stacks)), self.stacks.values()):
            for layer in reversed(stack):
                dhs = layer.backward(dhs)
            found.append(dhs)
        self.embed.backward(np.concatenate(found))

    def initial(self):
        """By the names of a SentimentNet, what it can start from: embedding and recurrent layers."""
        found = {"embed.W": self.embed.params[0]}
        for way, stack in self.stacks.items():
            prefix = "" if list(self.stacks) == ["forward"] else f"{way}."
            for k, layer in enumerate(stack[1::2]):
                found |= {f"layer{2 * k}.{prefix}{n}": p for n, p in zip(layer.param_names, layer.params)}
        return found


def directions(options):
    """Those in which a language model reads, of PretrainOptions."""
    return ("forward", "backward") if options.bidirectional else ("backward",) if options.backward else ("forward",)


def build(options, texts, rng, stateful=True):
    """-> the untrained LanguageModel of PretrainOptions and Texts."""
    return LanguageModel(
        texts.counts,
        options.wordvec,
        options.hidden,
        options.cell,
        options.layers,
        directions(options),
        options.tied,
        min(options.sampled, len(texts.vocab) - 1),
        options.dropout,
        stateful,
        rng,
    )


def callbacks_of(model):
    return [StreamState(model.recurrent)]


def examples(options, ids_of_texts):
    """-> x, t of `StreamTrainer.fit`: windows (S N, T) of the stream in the order in which they are read, and the words
    that follow. A stream that is too short for `batch_size` rows of `steps` words has fewer of them.
    """
    ways = directions(options)
    size, words = options.batch_size // len(ways), sum(map(len, ids_of_texts)) + len(ids_of_texts) - 1
    T = min(options.steps, words)
    size = max(min(size, words // T), 1)
    steps = words // (size * T)
    windows = []
    for way in ways:
        stream = np.concatenate([part for ids in ids_of_texts for part in (ids, [END])])
        stream = stream[::-1] if way == "backward" else stream
        # (size S T,) -> (S, size, T): row i of step s goes on at row i of step s + 1
        cut = [part[: size * steps * T].reshape(size, steps, T).swapaxes(0, 1) for part in (stream[:-1], stream[1:])]
        windows.append(cut)
    return [np.concatenate(parts, axis=1).reshape(-1, T).astype(np.int32) for parts in zip(*windows)]
