"""A trained model with all that it needs to read a text: network, vocabulary, labels, length limit. One file.

Whoever predicts, evaluates or explains starts from `Classifier.load(path)` and needs nothing else.
"""

import os
from dataclasses import asdict, dataclass, field

import numpy as np

from ch_sentiment.bag_of_words import BagOfWords
from ch_sentiment.model import SentimentNet, to_probabilities
from ch_sentiment.nbsvm import NBSVM
from common.batches import sorted_batches, take
from common.checkpoint import CheckpointError, load_checkpoint, save_arrays
from common.metrics import classification_report
from dataset.text import UNK, Cleaning, Vocab, head_and_tail, tokenize

KIND = "sentifish classifier"
BATCH = 128
MODELS = {model.__name__: model for model in (SentimentNet, BagOfWords, NBSVM)}


@dataclass
class Classifier:
    """net: SentimentNet. vocab: Vocab. label_names: class names in id order. max_len: longer texts keep head and tail.

    metrics: what was measured, for whoever looks into the file. cleaning: what is left out of a text before it is read.
    """

    net: SentimentNet
    vocab: Vocab
    label_names: list
    max_len: int
    metrics: dict = field(default_factory=dict)
    cleaning: Cleaning = field(default_factory=Cleaning)

    def encode(self, texts):
        """Texts -> list of (T,) id arrays. A text without any token becomes one unknown word: it has an answer, too."""
        token_lists = (head_and_tail(tokenize(text, self.cleaning), self.max_len) for text in texts)
        return [self.vocab.encode(tokens) if tokens else np.array([UNK], np.int32) for tokens in token_lists]

    def scores(self, x):
        """List of N id arrays -> scores of the network, (N,) or (N, C), in the order of x; read by length, in parts."""
        outputs = 1 if len(self.label_names) == 2 else len(self.label_names)
        scores = np.empty((len(x), outputs), self.net.params[0].dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # of weights that are huge: their scores tell
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
            "model": type(self.net).__name__,
            "net": self.net.config,
            "words": self.vocab.words,
            "label_names": list(self.label_names),
            "max_len": self.max_len,
            "cleaning": asdict(self.cleaning),
            "metrics": self.metrics,
        }
        save_arrays(path, self.net.weights(), meta)

    @classmethod
    def load(cls, path):
        """From the file, or the folder of a run that holds model.npz. Raises CheckpointError naming file and defect."""
        path = os.path.join(path, "model.npz") if os.path.isdir(path) else path
        arrays, meta = load_checkpoint(path)
        if not isinstance(meta, dict) or meta.get("kind") != KIND:
            raise CheckpointError(f"{path}: expected a {KIND}, got another kind of checkpoint")
        try:
            return cls._from(arrays, meta)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(f"{path}: its contents do not fit each other: {error}") from None

    @classmethod
    def _from(cls, arrays, meta):
        """ValueError and its like where arrays and meta do not fit each other."""
        config, vocab, label_names = meta["net"], Vocab(meta["words"]), meta["label_names"]
        if len(vocab) != config["vocab_size"]:
            raise ValueError(f"expected a vocabulary of {config['vocab_size']} words, got {len(vocab)}")
        if not isinstance(label_names, list) or not all(isinstance(name, str) for name in label_names):
            raise ValueError(f"expected a list of label names, got {label_names!r}")
        if len(label_names) != config["num_classes"]:
            raise ValueError(f"expected {config['num_classes']} label names, got {label_names}")
        if not isinstance(meta["max_len"], int) or meta["max_len"] < 1:
            raise ValueError(f"expected max_len >= 1, got {meta['max_len']!r}")
        _check_sizes(config, arrays)
        net = MODELS[meta["model"]](**config, rng=0, dtype=arrays["embed.W"].dtype)
        weights = net.weights()
        wanted, came = ({name: a.shape for name, a in some.items()} for some in (weights, arrays))
        if wanted != came:
            raise ValueError(f"expected the arrays {wanted}, got {came}")
        for name, weight in weights.items():
            if arrays[name].dtype != weight.dtype:
                raise ValueError(f"{name}: expected {weight.dtype}, got {arrays[name].dtype}")
            weight[...] = arrays[name]
        return cls(net, vocab, label_names, meta["max_len"], meta["metrics"], Cleaning(**meta["cleaning"]))


def _check_sizes(config, arrays):
    """ValueError where a configuration asks for more memory than its arrays have: it is refused before it is built."""
    elements = sum(a.size for a in arrays.values())
    hidden, wordvec, pairs = (config.get(name, 1) for name in ("hidden_size", "wordvec_size", "num_pairs"))
    sizes = [config.get("num_layers", 1) * hidden**2, hidden * wordvec, wordvec * config["vocab_size"], 1 + pairs]
    if not all(isinstance(size, int) and 0 < size <= elements for size in sizes):
        raise ValueError(f"expected a network of {elements:,} numbers, got a configuration of other sizes")
