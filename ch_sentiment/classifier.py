"""A trained model with all that it needs to read a text: network, vocabulary, labels, length limit. One file.

Whoever predicts, evaluates or explains starts from `Classifier.load(path)` and needs nothing else.
"""

import math
import os
from dataclasses import asdict, dataclass, field

import numpy as np

from ch_sentiment.model import SentimentNet, to_probabilities
from common.batches import sorted_batches, take
from common.checkpoint import load_checkpoint, save_arrays
from common.metrics import classification_report
from dataset.text import KEEPS, PAD, UNK, Cleaning, Vocab, tokenize

KIND = "sentifish classifier"
BATCH = 128


@dataclass
class Classifier:
    """net: SentimentNet. vocab: Vocab. label_names: class names in id order. max_len: longer texts are cut.

    metrics: what was measured, for whoever looks into the file. cleaning: what is left out of a text before it is read.
    calibration: how scores become probabilities; None, as they are, is all that there is today. keep: what a text that
    is cut keeps, a name of `dataset.text.KEEPS`.
    """

    net: SentimentNet
    vocab: Vocab
    label_names: list
    max_len: int
    metrics: dict = field(default_factory=dict)
    cleaning: Cleaning = field(default_factory=Cleaning)
    calibration: None = None
    keep: str = "head-and-tail"

    def encode(self, texts):
        """Texts -> list of (T,) id arrays. A text without any token becomes one unknown word: it has an answer, too."""
        token_lists = (KEEPS[self.keep](tokenize(text, self.cleaning), self.max_len) for text in texts)
        return [self.vocab.encode(tokens) if tokens else np.array([UNK], np.int32) for tokens in token_lists]

    def scores(self, x):
        """List of N id arrays -> scores of the network, (N,) or (N, C), in the order of x; read by length, in parts."""
        one = len(self.label_names) == 2 and not self.net.config.get("softmax", False)
        outputs = 1 if one else len(self.label_names)
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
        """Write it all to one file (`common.checkpoint`); raises as `save_arrays`."""
        meta = {
            "kind": KIND,
            "model": type(self.net).__name__,
            "net": self.net.config,
            "words": self.vocab.words,
            "label_names": list(self.label_names),
            "max_len": self.max_len,
            "keep": self.keep,
            "cleaning": asdict(self.cleaning),
            "metrics": self.metrics,
            "calibration": self.calibration,
        }
        save_arrays(path, self.net.weights(), meta)

    @classmethod
    def load(cls, path):
        """From the file, or the folder of a run that holds model.npz. Raises CheckpointError naming file and defect."""
        path = os.path.join(path, "model.npz") if os.path.isdir(path) else path
        built = []

        def build(content):
            """The model that the file describes; its weights are read straight into their places."""
            built.append(cls._from(content["meta"], content["arrays"]))
            return built[0].net.weights()

        load_checkpoint(path, build)
        return built[0]

    @classmethod
    def _from(cls, meta, manifest):
        """ValueError where meta and manifest do not fit each other."""
        if not isinstance(meta, dict) or meta.get("kind") != KIND:
            raise ValueError(f"expected a {KIND}, got another kind of checkpoint")
        try:
            _check_meta(meta)
            net = MODELS[meta["model"]](meta["net"], manifest)
            return cls(
                net,
                Vocab(meta["words"]),
                meta["label_names"],
                meta["max_len"],
                meta["metrics"],
                Cleaning(**meta["cleaning"]),
                meta["calibration"],
                meta["keep"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"its contents do not fit each other: {error}") from None


def _check_meta(meta):
    """ValueError and its like where what is not the network's own does not fit the network."""
    config, label_names = meta["net"], meta["label_names"]
    if meta["model"] not in MODELS:
        raise ValueError(f"expected a model of {', '.join(MODELS)}, got {meta['model']!r}")
    if len(meta["words"]) + len((PAD, UNK)) != config["vocab_size"]:
        raise ValueError(f"expected a vocabulary of {config['vocab_size']} ids, got {len(meta['words'])} words")
    if type(label_names) is not list or not all(type(name) is str for name in label_names):
        raise ValueError(f"expected a list of label names, got {label_names!r}")
    if len(label_names) != config["num_classes"] or len(set(label_names)) != len(label_names):
        raise ValueError(f"expected {config['num_classes']} different label names, got {label_names}")
    if type(meta["max_len"]) is not int or meta["max_len"] < 1:
        raise ValueError(f"expected max_len >= 1, got {meta['max_len']!r}")
    if meta["keep"] not in KEEPS:
        raise ValueError(f"expected keep to be one of {', '.join(KEEPS)}, got {meta['keep']!r}")
    if type(meta["metrics"]) is not dict:
        raise ValueError(f"expected metrics by name, got {meta['metrics']!r}")
    if meta["calibration"] is not None:  # it would change the answers
        raise ValueError(f"expected no calibration, which this version does not know, got {meta['calibration']!r}")


def _sentiment_net(config, manifest):
    """A SentimentNet to be filled. ValueError where it would take more memory than the arrays of the file."""
    sizes = {name: config[name] for name in ("vocab_size", "wordvec_size", "hidden_size", "num_layers", "num_classes")}
    if not all(type(size) is int and size > 0 for size in sizes.values()):
        raise ValueError(f"expected whole numbers above 0 as sizes, got {sizes}")
    V, D, H, layers, classes = sizes.values()
    elements = sum(math.prod(entry["shape"]) for entry in manifest)
    if max(V * D, D * H, layers * H**2, H * classes // 2) > elements or 3 * layers > len(manifest):
        raise ValueError(f"expected a network of {elements:,} numbers in {len(manifest)} arrays, got {sizes}")
    if not all(type(config[name]) is bool for name in ("bidirectional", "softmax", "freeze_embedding")):
        raise ValueError(f"expected bidirectional, softmax and freeze_embedding to be true or false, got {config}")
    return SentimentNet(**config, rng=0, dtype=manifest[0]["dtype"])


# What a file may hold: a name -> a function of configuration and manifest that builds it. No name is imported.
MODELS = {"SentimentNet": _sentiment_net}
