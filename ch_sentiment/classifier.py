"""A trained model with all that it needs to read a text: network, vocabulary, labels, length limit. One file.

Whoever predicts, evaluates or explains starts from `Classifier.load(path)` and needs nothing else.
"""

import os
from dataclasses import dataclass, field

import numpy as np

from ch_sentiment.model import SentimentNet, to_probabilities
from common.batches import sorted_batches, take
from common.checkpoint import CheckpointError, load_checkpoint, save_arrays
from common.metrics import classification_report
from dataset.text import UNK, Vocab, head_and_tail, tokenize

KIND = "sentifish classifier"
BATCH = 128


@dataclass
class Classifier:
    """net: SentimentNet. vocab: Vocab. label_names: class names in id order. max_len: longer texts keep head and tail.

    metrics: what was measured of it, for whoever looks into the file.
    """

    net: SentimentNet
    vocab: Vocab
    label_names: list
    max_len: int
    metrics: dict = field(default_factory=dict)

    def encode(self, texts):
        """Texts -> list of (T,) id arrays. A text without any token becomes one unknown word: it has an answer, too."""
        return [self.encode_tokens(tokenize(text)) for text in texts]

    def encode_tokens(self, tokens):
        """Tokens of one text -> (T,) ids, T <= max_len."""
        return self.vocab.encode(head_and_tail(tokens, self.max_len)) if tokens else np.array([UNK], np.int32)

    def scores(self, x):
        """List of N id arrays -> scores of the network, (N,) or (N, C), in the order of x; read in batches of like
        length.
        """
        outputs = 1 if len(self.label_names) == 2 else len(self.label_names)
        scores = np.empty((len(x), outputs), self.net.params[0].dtype)
        for index in sorted_batches(x, BATCH):
            scores[index] = self.net.predict(take(x, index)).reshape(len(index), outputs)
        return scores[:, 0] if outputs == 1 else scores

    def probabilities(self, texts):
        """N texts -> (N, C) probabilities."""
        return to_probabilities(self.scores(self.encode(texts)))

    def report(self, x, t):
        """List of N id arrays and (N,) class ids -> `classification_report`."""
        scores = self.scores(x)
        return classification_report(t, to_probabilities(scores), float(self.net.loss_layer.forward(scores, t)))

    def save(self, path):
        """Write it all to one file (`common.checkpoint`)."""
        meta = {
            "kind": KIND,
            "net": self.net.config,
            "words": self.vocab.words,
            "label_names": list(self.label_names),
            "max_len": self.max_len,
            "metrics": self.metrics,
        }
        save_arrays(path, dict(zip(self.net.param_names, self.net.params)), meta)

    @classmethod
    def load(cls, path):
        """From the file, or the folder of a run that holds model.npz. Raises CheckpointError naming file and defect."""
        path = os.path.join(path, "model.npz") if os.path.isdir(path) else path
        arrays, meta = load_checkpoint(path)
        if not isinstance(meta, dict) or meta.get("kind") != KIND:
            raise CheckpointError(f"{path}: expected a {KIND}, got another kind of checkpoint")
        try:
            vocab, labels, max_len = Vocab(meta["words"]), meta["label_names"], meta["max_len"]
            embed = arrays["embed.W"]
            if len(vocab) != len(embed) or meta["net"]["vocab_size"] != len(embed):
                raise ValueError(f"expected a vocabulary of {len(embed)} words, got {len(vocab)}")
            if not isinstance(labels, list) or not all(isinstance(name, str) for name in labels):
                raise ValueError(f"expected a list of label names, got {labels!r}")
            if len(labels) != meta["net"]["num_classes"]:
                raise ValueError(f"expected {meta['net']['num_classes']} label names, got {labels}")
            if not isinstance(max_len, int) or max_len < 1:
                raise ValueError(f"expected max_len >= 1, got {max_len!r}")
            _check_sizes(meta["net"], arrays)
            net = SentimentNet(**meta["net"], rng=0, dtype=embed.dtype)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(f"{path}: its contents do not fit each other: {error}") from None
        wanted = {name: p.shape for name, p in zip(net.param_names, net.params)}
        came = {name: a.shape for name, a in arrays.items()}
        if wanted != came:
            raise CheckpointError(f"{path}: expected the arrays {wanted}, got {came}")
        for name, p in zip(net.param_names, net.params):
            if arrays[name].dtype.kind != "f":
                raise CheckpointError(f"{path}: {name}: expected floats, got {arrays[name].dtype}")
            p[...] = arrays[name]
        return cls(net, vocab, labels, max_len, meta.get("metrics", {}))


def _check_sizes(config, arrays):
    """ValueError where a configuration asks for far more memory than its arrays have: it is refused before it is
    built.
    """
    elements = sum(a.size for a in arrays.values())
    hidden, wordvec = config["hidden_size"], config["wordvec_size"]
    sizes = [config["num_layers"] * hidden**2, hidden * wordvec, wordvec * config["vocab_size"]]
    if not all(isinstance(size, int) and 0 < size <= elements for size in sizes):
        raise ValueError(f"expected a network of {elements:,} numbers, got a configuration of other sizes")
