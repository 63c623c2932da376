"""PyTorch's side of a whole training: the net, the steps and the mean of the weights of `sentifish train`."""

import contextlib
from dataclasses import replace

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, dropout

from benchmarks.speed.pytorch import Net, copy_weights


class PooledNet(Net):
    """Embedding, dropout, both directions, greatest value and mean over the real steps, dropout, one logit."""

    def __init__(self, job, ratio):
        super().__init__(job)
        self.head = nn.Linear(4 * job.H, 1)
        self.ratio = ratio

    def last(self, xs, lengths):
        steps = torch.arange(xs.shape[1])
        real = (steps < lengths[:, None])[:, :, None]  # (N, T, 1)
        reversed_steps = torch.where(real[:, :, 0], lengths[:, None] - 1 - steps, steps)[:, :, None]  # (N, T, 1)
        vectors = dropout(self.embed(xs), self.ratio, self.training)  # (N, T, D)
        backwards = vectors.gather(1, reversed_steps.expand_as(vectors))
        # The greatest value and the mean do not depend on the order: the steps read backwards stay as they are.
        hs = torch.cat((self.recurrent(vectors)[0], self.reverse(backwards)[0]), dim=2)  # (N, T, 2H)
        top = hs.masked_fill(~real, -torch.inf).amax(dim=1)
        mean = hs.masked_fill(~real, 0).sum(dim=1) / lengths[:, None]
        return dropout(torch.cat((top, mean), dim=1), self.ratio, self.training)  # 2 (N, 2H) -> (N, 4H)


class Training:
    """Steps with fused Adam, and an exponential mean of the weights, as `common.training.averaging` says it.

    job: with the sizes of the net. config: Config of `sentifish train`. ours: the SentimentNet to begin with.
    """

    every = 10  # steps

    def __init__(self, job, config, ours):
        torch.set_flush_denormal(True)  # as `pytorch.PyTorch`
        torch.set_num_threads(job.threads)
        torch.manual_seed(config.run.seed)
        self.options, self.steps, self.counted = config.training, 0, 0
        self.net = PooledNet(replace(job, V=len(ours.params[0])), config.model.dropout)
        copy_weights(ours, self.net)
        self.weights = list(self.net.parameters())
        self.average = [p.detach().clone() for p in self.weights]
        self.optimizer = torch.optim.Adam(self.weights, lr=self.options.lr, fused=True)

    def step(self, xs, ts, rate, last):
        """One step on xs (N, T) ids, ts (N,), at a learning rate. last: of the epoch."""
        self.net.train()
        self.optimizer.param_groups[0]["lr"] = rate
        self.net.zero_grad()
        binary_cross_entropy_with_logits(self.net(torch.from_numpy(xs)), torch.from_numpy(ts).float()).backward()
        nn.utils.clip_grad_norm_(self.weights, self.options.clip)
        self.optimizer.step()
        self.steps += 1
        if last or self.steps - self.counted >= self.every:
            decay = min(self.options.average, (1 + self.steps) / (10 + self.steps)) ** (self.steps - self.counted)
            with torch.no_grad():
                torch._foreach_lerp_(self.average, self.weights, 1 - decay)
            self.counted = self.steps

    @contextlib.contextmanager
    def averaged(self):
        """Inside, the weights are their means."""
        own = [p.detach().clone() for p in self.weights]
        try:
            self._write(self.average)
            yield
        finally:
            self._write(own)

    def _write(self, weights):
        with torch.no_grad():
            torch._foreach_copy_(self.weights, weights)

    def scores(self, xs):
        """xs (N, T) ids -> (N,) logits, nothing dropped."""
        self.net.eval()
        with torch.inference_mode():
            return self.net(torch.from_numpy(xs)).numpy()
