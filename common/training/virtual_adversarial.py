"""Virtual adversarial training: the answer must stay the same where the vectors of a text move a little, whichever way.

It asks for no labels, so that texts without any can be read beside those that have them. Miyato, Maeda, Koyama and
Ishii 2018; of texts, Miyato, Dai and Goodfellow 2017. It works for any model whose forward and backward come in two
halves, with the input vectors between them:

    vectors(xs) -> vectors (N, T, D), mask (N, T)
    score(vectors, mask) -> logits (N,) of two classes, or (N, C)
    score_backward(dscores) -> the gradient of the vectors; overwrites the grads of all that `score` went through
    vectors_backward(dvectors); overwrites the grads of all that `vectors` went through
    loss_layer: forward(scores, ts) -> mean loss, backward(dout) -> the gradient of the scores

A layer belongs to one of the halves.
"""

import numpy as np

from common.arrays.checks import as_number, as_rng
from common.arrays.examples import as_inputs, lengths, num_examples, pad, parts, take
from common.arrays.row_grad import RowGrad
from common.base_model import WrappedModel, layers_below
from common.functions import log_softmax, sigmoid, softmax
from common.layers import SigmoidWithLoss, SoftmaxWithLoss

CHOICE = 8  # from so many times as many unlabelled texts, at least, those of a batch are drawn


class VirtualAdversarialTraining(WrappedModel):
    """What a Trainer trains in place of a model that comes in two halves. Nothing is added to the model itself.

    forward: xs (N, T) ids, ts (N,) class ids -> the mean loss of the labelled texts + the mean over them and as many
    unlabelled ones of KL(p(.|x) || p(.|x + r)) + entropy times the mean of H(p(.|x)), as `training_loss` says. Outside
    of training, the plain loss. sample_weight: (N,) or None, what each labelled text counts in the first.

    epsilon: the length of r, the step of all vectors of a text together; 0: without the second. unlabelled: inputs
    without labels, in any form that `Trainer.fit` takes, or None. xi: the length of the random step of the power
    iteration. rng: of that, and of which unlabelled texts are read when. ValueError for a number out of its range, or
    where neither epsilon nor entropy is above 0.
    """

    one_process = True  # its unlabelled texts and random steps are not divided among ranks

    def __init__(self, model, epsilon, unlabelled=None, entropy=0.0, xi=0.1, rng=None):
        super().__init__(model)
        owner = type(self).__name__
        self.epsilon = as_number(self, "epsilon", epsilon, least=0)
        self.entropy = as_number(self, "entropy", entropy, least=0)
        if self.epsilon == self.entropy == 0:
            raise ValueError(f"{owner}: expected epsilon or entropy above 0, got 0 and 0")
        self.xi, self.rng = as_number(self, "xi", xi, above=0), as_rng(self, rng)
        self.unlabelled = None if unlabelled is None else Unlabelled(as_inputs(owner, unlabelled, "unlabelled"))
        rngs = [getattr(layer, "rng", None) for _, layer in layers_below(self)]
        self.streams = [rng for rng in rngs if hasattr(rng, "bit_generator")]  # of dropout
        self.cache = None

    def forward(self, xs, ts, sample_weight=None):
        model, weighted = self.model, {} if sample_weight is None else {"sample_weight": sample_weight}
        if not model.training:
            loss = model.forward(xs, ts, **weighted)
            self.scores = model.scores
            return loss
        if self.unlabelled is not None:
            xs = joined(xs, self.unlabelled.draw(xs, self.rng))
        return self.training_loss(xs, ts, weighted)

    def training_loss(self, xs, ts, weighted):
        """xs: M >= N inputs, of which the first N have the labels ts.

        p = p(.|x) is a constant in KL(p || p(.|x + r)), and so is r. Dropout drops the same in all three readings, so
        that they differ by the steps alone.
        """
        model, N = self.model, len(ts)
        vectors, mask = model.vectors(xs)
        self.before = [stream.bit_generator.state for stream in self.streams]
        scores = model.score(vectors, mask)  # (M,) or (M, C)
        self.scores = scores[:N]
        of_target = SigmoidWithLoss() if scores.ndim == 1 else SoftmaxWithLoss()  # cross entropy with probabilities
        p = sigmoid(scores) if scores.ndim == 1 else softmax(scores)
        entropy = of_target.forward(scores, p)
        loss = model.loss_layer.forward(scores[:N], ts, **weighted) + self.entropy * entropy
        dscores = self.entropy * _entropy_gradient(scores, p)
        dscores[:N] += model.loss_layer.backward()
        dvectors = model.score_backward(dscores)
        # Further readings write over these grads; those of embeddings, as large as the vocabulary, are not theirs.
        first = [None if isinstance(g, RowGrad) else g.copy() for g in self.grads]
        self.cache = dvectors, first, None
        if self.epsilon == 0:
            return loss
        step = self.step(vectors, mask, of_target, p)
        kl = of_target.forward(self._score_again(vectors + step, mask), p) - entropy
        self.cache = dvectors, first, of_target
        return loss + kl

    def step(self, vectors, mask, of_target, p):
        """r (M, T, D): each text's step of length epsilon along which KL(p || p(.|x + r)) grows fastest.

        KL and its gradient are 0 at r = 0, so that it grows as r' H r / 2, H its Hessian there. One power iteration,
        r ~ H d, with H d = (gradient at xi d - gradient at 0) / xi, d a random unit step: the gradient at xi d. At a
        masked place d is 0, and r is, too.
        """
        d = np.asarray(self.rng.standard_normal(vectors.shape, dtype=np.float32), like=vectors) * mask[:, :, None]
        of_target.forward(self._score_again(vectors + unit(d.astype(vectors.dtype)) * self.xi, mask), p)
        return unit(self.model.score_backward(of_target.backward(len(p)))) * self.epsilon

    def _score_again(self, vectors, mask):
        for stream, state in zip(self.streams, self.before):
            stream.bit_generator.state = state
        return self.model.score(vectors, mask)

    def backward(self, dout=1):
        """Fills all `grads`."""
        dvectors, first, of_target = self.cache
        dmoved = 0 if of_target is None else self.model.score_backward(of_target.backward(dout))
        for g, of_first in zip(self.grads, first):
            if of_first is not None:
                g[...] = dout * of_first + (0 if of_target is None else g)
        self.model.vectors_backward(dmoved + dout * dvectors)


class Unlabelled:
    """Inputs without labels, of which each batch gets some of about its own length, so that little is padding."""

    def __init__(self, x):
        self.x, size = x, lengths(x)
        self.order = np.arange(num_examples(x)) if size is None else np.argsort(size, kind="stable")
        self.size = None if size is None else size[self.order]  # sorted

    def draw(self, xs, rng):
        """-> as many inputs as xs holds (or all, where there are fewer), drawn at random among those whose length is
        between the shortest and the longest of xs, or among at least CHOICE times as many of the nearest lengths.
        """
        count, N = num_examples(xs), len(self.order)
        low, high = 0, N
        if self.size is not None:
            steps = (parts(xs)[0] != 0).sum(axis=1)  # (N, T) -> (N,)
            low, high = np.searchsorted(self.size, steps.min()), np.searchsorted(self.size, steps.max(), "right")
            wanted = min(CHOICE * count, N)
            low = min(max(low - max(wanted - (high - low), 0) // 2, 0), N - wanted)
            high = max(high, low + wanted)
        chosen = rng.choice(high - low, min(count, high - low), replace=False)
        return take(self.x, self.order[low + chosen])


def joined(xs, more):
    """Two batches of inputs, of one form, as one: ids padded to the longer of them."""
    if isinstance(xs, dict):
        return {key: joined(part, more[key]) for key, part in xs.items()}
    if isinstance(xs, tuple):
        return tuple(map(joined, xs, more))
    if xs.ndim == 2 and xs.shape[1] != more.shape[1]:
        return pad([*xs, *more])  # (N, T), (M, S) -> (N + M, max(T, S))
    return np.concatenate((xs, more))


def unit(steps):
    """Each text's steps (N, T, D) at a common length of 1; where all are 0 they stay so."""
    length = np.sqrt((steps * steps).sum(axis=(1, 2), keepdims=True))  # (N, T, D) -> (N, 1, 1)
    return steps / np.maximum(length, np.finfo(length.dtype).tiny)


def _entropy_gradient(scores, p):
    """Of the mean of H = -sum_c p_c log p_c, p the probabilities of the scores:  dH / dscore_c = -p_c (log p_c + H)."""
    if scores.ndim == 1:
        return -scores * p * (1 - p) / len(p)  # of two classes: log p - log(1 - p) is the score
    log_p = log_softmax(scores)
    return -p * (log_p - (p * log_p).sum(axis=1, keepdims=True)) / len(p)
