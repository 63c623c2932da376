"""PyTorch's side: the same network, weights, batches, clipping and optimizer, in the forms that its users write.

Numbers below the smallest normal float32 are set to 0, as ours are: gradients that vanish over 200 steps make them, and
many a processor is ten times as slow with them.
"""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils.rnn import pack_padded_sequence

from common.training.batches import sorted_batches, take

MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru_after": nn.GRU}


class Net(nn.Module):
    """Embedding -> recurrent layer -> last real state of each direction -> one logit, for texts of different lengths.

    The padding comes after the text, so it has no influence on a layer that reads forwards; for one that reads
    backwards the text alone is reversed. That gives what packing gives, and is the fastest form on a CPU.
    """

    backward_name = "reverse.{}_l0"

    def __init__(self, job, sparse=False):
        super().__init__()
        self.cell = job.cell
        self.embed = nn.Embedding(job.V, job.D, sparse=sparse)
        self.head = nn.Linear(job.H * (2 if job.bidirectional else 1), 1)
        self.make_recurrent(MODULES[job.cell], job)

    def make_recurrent(self, module, job):
        self.recurrent = module(job.D, job.H, batch_first=True)
        self.reverse = module(job.D, job.H, batch_first=True) if job.bidirectional else None

    def forward(self, xs):
        """xs (N, T) ids -> (N,) logits."""
        return self.head(self.last(xs, (xs != 0).sum(dim=1)))[:, 0]

    def last(self, xs, lengths):
        """-> (N, H), or (N, 2H) of both directions."""
        ends = (torch.arange(len(xs)), lengths - 1)
        last = self.recurrent(self.embed(xs))[0][ends]
        if self.reverse is None:
            return last
        steps = torch.arange(xs.shape[1])
        reversed_steps = torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)  # (N, T)
        return torch.cat((last, self.reverse(self.embed(xs.gather(1, reversed_steps)))[0][ends]), dim=1)


class PackedNet(Net):
    """The same as the tutorials have it: one bidirectional module on packed sequences."""

    backward_name = "recurrent.{}_l0_reverse"

    def make_recurrent(self, module, job):
        self.recurrent = module(job.D, job.H, batch_first=True, bidirectional=job.bidirectional)

    def last(self, xs, lengths):
        packed = pack_padded_sequence(self.embed(xs), lengths, batch_first=True, enforce_sorted=False)
        last = self.recurrent(packed)[1]
        return torch.cat(tuple(last[0] if self.cell == "lstm" else last), dim=1)  # (1 or 2, N, H) -> (N, H or 2H)


class PyTorch:
    """Fused Adam, which updates every row of the embedding."""

    def __init__(self, job):
        torch.set_flush_denormal(True)  # first: PyTorch's threads take it over when they begin
        torch.set_num_threads(job.threads)
        self.net = self.make_net(job)
        self.called = self.net  # what is called in a training step
        self.make_optimizers()

    def make_net(self, job):
        return Net(job)

    def make_optimizers(self):
        self.optimizers = [torch.optim.Adam(self.net.parameters(), lr=0.001, fused=True)]

    def forward(self, xs, ts):
        self.net.zero_grad()
        self.loss = binary_cross_entropy_with_logits(self.called(torch.from_numpy(xs)), torch.from_numpy(ts).float())
        return self.loss.item()

    def backward(self):
        self.loss.backward()

    def clip(self):
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)

    def update(self):
        for optimizer in self.optimizers:
            optimizer.step()

    def predict(self, xs):
        with torch.inference_mode():
            return self.net(torch.from_numpy(xs)).numpy()

    def answers(self, x, N):
        """List of id arrays -> (len(x),) logits; like lengths together, in batches of N."""
        scores = np.empty(len(x), np.float32)
        for index in sorted_batches(x, N):
            scores[index] = self.predict(take(x, index))
        return scores

    def gradients(self):
        """By PyTorch's names, as dense arrays."""
        return {name: p.grad.to_dense().numpy().copy() for name, p in self.net.named_parameters()}


class PackedPyTorch(PyTorch):
    """`PyTorch` on packed sequences."""

    def make_net(self, job):
        return PackedNet(job)


class CompiledPyTorch(PyTorch):
    """`PyTorch` through `torch.compile`."""

    def __init__(self, job):
        super().__init__(job)
        self.called = torch.compile(self.net)


class SparsePyTorch(PyTorch):
    """SparseAdam for the embedding, fused Adam for the rest: only rows of words that occur are updated, as ours."""

    def make_net(self, job):
        return Net(job, sparse=True)

    def make_optimizers(self):
        embed, *others = self.net.parameters()
        self.optimizers = [torch.optim.SparseAdam([embed], lr=0.001), torch.optim.Adam(others, lr=0.001, fused=True)]

    def clip(self):
        """`clip_grad_norm_` does not take sparse gradients."""
        embed, *others = (p.grad for p in self.net.parameters())
        embed = self.net.embed.weight.grad = embed.coalesce()
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in (embed.values(), *others)]))
        rate = min(1.0, 1.0 / (norm.item() + 1e-6))
        for g in (embed.values(), *others):
            g.mul_(rate)


def copy_weights(ours, theirs):
    """Write the weights of a SentimentNet into a `Net`."""
    with torch.no_grad():
        for name, a in in_torch_layout(dict(zip(ours.param_names, ours.params)), theirs).items():
            theirs.get_parameter(name).copy_(torch.from_numpy(np.array(a)))
        for p in second_biases(theirs):
            p.zero_()


def second_biases(net):
    """PyTorch's recurrent layers have two biases; except in the GRU only their sum matters, and ours have one."""
    return [] if net.cell == "gru_after" else [p for name, p in net.named_parameters() if ".bias_hh" in name]


def in_torch_layout(arrays, net):
    """Parameters of SentimentNet, or their gradients, by name -> the same by the names of `net`, its order of gates."""
    by_name = {
        "embed.weight": arrays["embed.W"],
        "head.weight": arrays["head.W"].T,
        "head.bias": arrays["head.b"],
    }
    for side, name in (("", "recurrent.{}_l0"), ("forward.", "recurrent.{}_l0"), ("backward.", net.backward_name)):
        if f"layer0.{side}Wx" in arrays:
            Wx, Wh, b = (_gates_in_torch_order(arrays[f"layer0.{side}{kind}"], net.cell) for kind in ("Wx", "Wh", "b"))
            by_name |= {name.format("weight_ih"): Wx.T, name.format("weight_hh"): Wh.T}
            by_name |= {name.format(kind): row for kind, row in zip(("bias_ih", "bias_hh"), b if b.ndim == 2 else [b])}
    return by_name


def _gates_in_torch_order(W, cell):
    """f, g, i, o -> i, f, g, o; z, r, h -> r, -z, h: PyTorch's GRU returns the old state at z = 1, ours at z = 0."""
    if cell == "lstm":
        f, g, i, o = np.split(W, 4, axis=-1)
        return np.concatenate((i, f, g, o), axis=-1)
    if cell == "gru_after":
        z, r, h = np.split(W, 3, axis=-1)
        return np.concatenate((r, -z, h), axis=-1)
    return W
