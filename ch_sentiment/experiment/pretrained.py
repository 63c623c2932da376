"""What `sentifish pretrain` leaves for `train --init-from`: word vectors, or a language model, with their words."""

import os
from dataclasses import dataclass

import numpy as np

from ch_sentiment.experiment.option import flag
from common.arrays.initializers import normal
from common.files.checkpoint import load_checkpoint, save_arrays
from dataset.errors import DataError
from dataset.text import PAD, UNK, Vocab

MODEL = "model.npz"
KIND = "sentifish pretraining"
VECTORS = "embed.W"
LEAST_KNOWN = 0.3  # of the tokens of the training part: of texts in another language it is a few per cent
STD = 0.2  # of the elements of word vectors to start from
NET = ("wordvec", "tokenizer", "cell", "hidden", "layers", "bidirectional")  # options that must be the same


@dataclass
class Pretrained:
    """source: the name of its file, for messages. net: the options that describe it, by name. vocab: Vocab. arrays: by
    the names that they have in a SentimentNet, the vectors (V, D) first, then those of recurrent layers, if any.
    """

    source: str
    net: dict
    vocab: Vocab
    arrays: dict

    @classmethod
    def load(cls, path):
        """From a folder, or its model.npz. CheckpointError naming file and defect, another kind of model included."""
        path = os.path.join(path, MODEL) if os.path.isdir(path) else path
        arrays, meta = load_checkpoint(path, _check_kind)
        return cls(path, meta["net"], Vocab(meta["words"]), arrays)

    @property
    def layers(self):
        """The arrays of recurrent layers, by name."""
        return {name: array for name, array in self.arrays.items() if name != VECTORS}

    def united(self, vocab):
        """-> Vocab of the words of `vocab`, with their ids, and then of those that only this one has."""
        return Vocab([*vocab.words, *(word for word in self.vocab.words if word not in vocab)])

    def check(self, options, vocab, tokens):
        """DataError unless ModelOptions describe a net that can start from these arrays, and the texts are in the
        language of the words; -> a line on how much is known. vocab: Vocab, and tokens: TokenizedTexts, of the training
        part.
        """
        wrong = [name for name in NET if name in self.net and getattr(options, name) != self.net[name]]
        if wrong:
            expected = " ".join(_typed(name, self.net[name]) for name in wrong)
            got = " ".join(_typed(name, getattr(options, name)) for name in wrong)
            raise DataError(f"--init-from {self.source}: expected {expected}, as it was pretrained, got {got}")
        known = np.array([word in self.vocab for word in tokens.words], bool)
        share, words = known[tokens.ids].mean(), sum(word in self.vocab for word in vocab.words)
        says = f"knows {words:,} of the {len(vocab.words):,} words to train on, {share:.1%} of the tokens"
        if share < LEAST_KNOWN:
            raise DataError(f"--init-from {self.source}: expected texts in the same language; it {says}")
        return f"{self.source} {says}"

    def vectors(self, vocab, rng):
        """(V, D) word vectors of a vocabulary: those that are known here, of the others normal ones of like size. Where
        no layer was trained with them, all are scaled to STD.
        """
        own = self.arrays[VECTORS]
        own = own if self.layers else own * own.dtype.type(STD / max(own[UNK:].std(), 1e-6))
        W = normal(len(vocab), own.shape[1], float(own[UNK:].std()), rng, own.dtype)
        rows = [(i, self.vocab.word_to_id[word]) for i, word in enumerate(vocab.id_to_word) if word in self.vocab]
        ids, own_ids = np.array([(PAD, PAD), (UNK, UNK), *rows]).T
        W[ids] = own[own_ids]
        return W

    def write_layers(self, net):
        """Write the arrays of the recurrent layers into those of a SentimentNet. An input that is longer there, by the
        vectors of pairs of words, keeps its further rows. DataError where they do not fit.
        """
        weights = net.weights()
        for name, array in self.layers.items():
            fits = name in weights and array.shape[1:] == weights[name].shape[1:] and len(array) <= len(weights[name])
            if not fits:
                raise DataError(f"--init-from {self.source}: expected a net with {name} {array.shape}")
            weights[name][: len(array)] = array


def save_pretrained(path, arrays, vocab, net, history):
    """Write what `Pretrained.load` reads. net: by name. history: rows of the Trainer, for the reader of the file."""
    meta = {"kind": KIND, "net": net, "words": vocab.words, "history": history}
    save_arrays(path, arrays, meta)


def _check_kind(content):
    """ValueError where a file holds something else, or arrays that do not fit its words."""
    meta, manifest = content["meta"], content["arrays"]
    if not isinstance(meta, dict) or meta.get("kind") != KIND:
        kind = meta.get("kind") if isinstance(meta, dict) else None
        raise ValueError(f"expected the result of `sentifish pretrain`, got {kind or 'another kind of checkpoint'}")
    words, net, first = meta.get("words"), meta.get("net"), manifest[0] if manifest else {}
    sound = isinstance(words, list) and isinstance(net, dict) and set(NET[:1]) <= set(net)
    if not sound or first.get("name") != VECTORS or first["shape"] != [len(words) + 2, net["wordvec"]]:
        raise ValueError("its contents do not fit each other")
    if first["dtype"] not in ("<f4", "<f8") or any(entry["dtype"] != first["dtype"] for entry in manifest):
        found = ", ".join(sorted({entry["dtype"] for entry in manifest}))
        raise ValueError(f"expected arrays of one dtype, <f4 or <f8, got {found}")
    Vocab(words)  # raises for what is no word, or stands there twice


def _typed(name, value):
    """How an option is typed."""
    if isinstance(value, bool):
        return flag(name) if value else f"--no-{name}"
    return f"{flag(name)} {value}"
