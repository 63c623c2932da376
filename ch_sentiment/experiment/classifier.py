"""A trained model with all that it needs to classify texts: network, vocabulary, labels, length limit. One file."""

import functools
import os
from dataclasses import asdict, dataclass, field

import numpy as np

from ch_sentiment.experiment.answering import report
from ch_sentiment.experiment.build import rebuild
from ch_sentiment.experiment.model_meta import check_meta
from ch_sentiment.experiment.packing import finish, pack, packed_like
from ch_sentiment.experiment.word_path import path_of_words
from ch_sentiment.model import to_probabilities
from common.checking.abstention import abstention_threshold
from common.checking.calibration import expected_calibration_error, fit_temperature
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
from common.model_lock import lock_of
from common.processes import map_on_cores
from common.training.batches import sorted_batches, take
from dataset.errors import DataError
from dataset.store.token_cache import tokenize_texts
from dataset.text import KEEPS, UNK, Cleaning, Vocab, has_token, tokenize

KIND = "sentifish classifier"
MODEL = "model.npz"  # in the folder of a training: the model of the best epoch
BATCH = 128
PLAIN = ("label_names", "max_len", "keep", "metrics", "calibration")  # attributes saved unchanged as JSON
OPTIONAL = ("abstain_below", "packed")  # those that stand there where they are not None


def model_path(path):
    """The file of a model: `path` itself, a stream too, or the best model of the folder of a training."""
    return os.path.join(path, MODEL) if not hasattr(path, "read") and os.path.isdir(path) else path


@dataclass
class Classifier:
    """An `answering.TextClassifier` around a network.

    net: SentimentNet, or another of `build.MODELS`. vocab: Vocab. label_names: class names in id order. max_len:
    longer texts are cut. metrics: what was measured, for the reader of the file. cleaning: what is no token.
    calibration: {"temperature": float}, by which scores are divided before they become probabilities
    (`common.checking.calibration`), or None. keep: which part of a longer text is read, a name of `dataset.text.KEEPS`.
    abstain_below: as in `answering.TextClassifier`. processes: how many may share the work where there are many texts;
    None: as `cores.most_processes` says. It is not part of the file. packed: how the file keeps the weights, a name of
    `packing.DTYPES`, as it is of a compact model; None: as they are.
    """

    net: object
    vocab: Vocab
    label_names: list
    max_len: int
    metrics: dict = field(default_factory=dict)
    cleaning: Cleaning = field(default_factory=Cleaning)
    calibration: dict | None = None
    keep: str = "head-and-tail"
    abstain_below: float | None = None
    processes: int | None = None
    packed: str | None = None

    # -- answers to texts

    def predict_proba(self, texts):
        """List of N str -> (N, C) float64 probabilities. ValueError where a score is not finite."""
        return self.predict_proba_of_ids(self.encode(texts))

    def has_word(self, text):
        """Whether anything of the text is read; otherwise the answer rests on nothing."""
        return has_token(text, self.cleaning)

    def words(self, text):
        """-> list of T str that are read, and how many the text has."""
        words = tokenize(text, self.cleaning)
        return KEEPS[self.keep](words, self.max_len), len(words)

    def known(self, words):
        """List of T str -> (T,) bool: which are in the vocabulary."""
        return self.vocab.encode(words) != UNK

    def predict_proba_of_parts(self, words, parts):
        """As of `answering.TextClassifier`; the words may be those of a model that reads more."""
        ids, removed = self.vocab.encode(words), self.cleaning.removed  # (T,)
        stays = np.array([word not in removed for word in words], bool)  # (T,)
        whole = stays.all()
        return self.predict_proba_of_ids([self._read(ids[part] if whole else ids[part][stays[part]]) for part in parts])

    def attention(self, words):
        """(T,) weights of the words in an attention pooling, or None where there is none."""
        pool = getattr(getattr(self.net, "encoder", None), "pool", None)
        if hasattr(pool, "attention_weight"):
            with self.lock:
                self.net.predict(self.vocab.encode(words)[None])  # (1, T)
                (of_read,) = pool.attention_weight  # (1, T') -> (T',)
            weights = np.zeros(len(words), of_read.dtype)
            weights[getattr(self.net, "places", np.arange)(len(words))] = of_read  # (T') -> (T,)
            return weights

    def word_path(self, words, weight, **accuracy):
        """As of `answering.TextClassifier`; None where the network has no gradients by its word vectors."""
        if hasattr(self.net, "score_backward"):
            with self.lock:
                return path_of_words(self.net, self.vocab.encode(words), weight / self.temperature, **accuracy)

    # -- of ids

    def encode(self, texts):
        """List of N str -> list of (T,) id arrays. A text without any token becomes one unknown word.

        Texts that offer `tokens` (`CachedTexts`) are not tokenized again. ValueError for one str, a text by itself.
        """
        if isinstance(texts, str):
            raise ValueError("Classifier: expected a list of texts, got one str")
        if hasattr(texts, "tokens"):
            tokens = texts.tokens(self.cleaning)
        else:
            mapped = functools.partial(map_on_cores, processes=self.processes)
            tokens = tokenize_texts(list(texts), self.cleaning, use_cache=False, progress=False, mapped=mapped)
        return [self._read(ids) for ids in tokens.encode(self.vocab)]

    def _read(self, ids):
        """(T,) ids of a text -> those that are read, or one unknown word where there are none."""
        return _not_empty(KEEPS[self.keep](ids, self.max_len))

    def predict_proba_of_ids(self, x):
        """List of N id arrays -> (N, C) float64 probabilities."""
        probabilities = to_probabilities(self.scores(x).astype(np.float64) / self.temperature)
        return probabilities.reshape(len(x), len(self.label_names))  # of no text (0, C), too

    def scores(self, x):
        """List of N id arrays -> scores of the network, (N,) or (N, C), in the order of x.

        They are read by length, in batches, which processes share; in another batch a text gets the same score up to
        rounding. ValueError where a score is not finite: a probability made of it would look like an answer.
        """
        scores = np.empty(0)
        batches = sorted_batches(x, BATCH)[::-1]  # the longest first, so that all processes end at the same time
        own = self.processes if isinstance(self.net.params[0], np.ndarray) else 1  # a GPU's memory has no copy
        # Locked, so that no step of a training in another thread comes between; and of huge weights: checked below.
        with self.lock, np.errstate(over="ignore", invalid="ignore"):
            predicted = map_on_cores(lambda index: self.net.predict(take(x, index)), batches, own)
            for answers, index in zip(predicted, batches):
                if len(scores) == 0:
                    scores = np.empty((len(x), *answers.shape[1:]), answers.dtype)
                scores[index] = answers
        if not np.isfinite(scores).all():
            raise ValueError("expected a model with finite scores, got one that answers nan or inf")
        return scores

    @property
    def lock(self):
        """What the Python threads that ask this model wait for."""
        return lock_of(self.net)

    @property
    def temperature(self):
        """By which the scores are divided before they become probabilities."""
        return 1.0 if self.calibration is None else self.calibration["temperature"]

    def calibrate(self, x, t):
        """Fit the temperature (or None, where none is best) on texts that the network was not trained on.

        x: list of N id arrays. t: (N,) class ids. -> {"n", "ece_before", "ece_after"} of these texts; on others the
        last is a little larger.
        """
        scores = self.scores(x).astype(np.float64)
        temperature = fit_temperature(scores, t)
        self.calibration = None if temperature is None else {"temperature": temperature}
        before, after = (expected_calibration_error(to_probabilities(scores / c), t) for c in (1, self.temperature))
        return {"n": len(x), "ece_before": before, "ece_after": after}

    def choose_abstention(self, x, t, accuracy):
        """Set `abstain_below`, to answers of which a share of `accuracy` is right on texts that the network was not
        trained on; None where no threshold does (`common.checking.abstention`). x: list of N id arrays. t: (N,).
        """
        self.abstain_below = abstention_threshold(self.predict_proba_of_ids(x), t, accuracy)

    def report(self, x, t):
        """List of N id arrays and (N,) class ids -> `answering.report`."""
        return report(self.predict_proba_of_ids(x), t, self.label_names, self.abstain_below)

    # -- the file

    def save(self, path):
        """Write everything to one file (`common.files.checkpoint`); raises as `save_arrays` and `packing.pack`."""
        with self.lock:
            save_arrays(path, pack(self.net.weights(), self.packed, len(self.vocab)), self.meta())

    def meta(self):
        """What stands in the file beside the arrays."""
        meta = {"kind": KIND, "model": type(self.net).__name__, "net": self.net.config, "words": self.vocab.words}
        plain = {name: getattr(self, name) for name in PLAIN}
        optional = {name: getattr(self, name) for name in OPTIONAL if getattr(self, name) is not None}
        return {**meta, **plain, **optional, "cleaning": asdict(self.cleaning)}

    @classmethod
    def load(cls, path):
        """From the file, or the folder of a training. CheckpointError naming file and defect.

        No memory is taken for weights before names, shapes and dtypes are those of the model. As packed weights become
        two or four times as large, such a file is read twice: first to be checked, and then into its place.
        """
        path = model_path(path)
        model = cls._from_file(path, fill=False)
        if model.packed is not None:
            del model
            model = cls._from_file(path, fill=True)
        return model

    @classmethod
    def _from_file(cls, path, fill):
        """fill: of packed weights, as of `packed_like`."""
        found = []

        def places(content):
            found.append(model := cls._from(content["meta"], content["arrays"], fill))
            plan = packed_like(model.net.weights(), model.packed, len(model.vocab), content["arrays"], fill)
            found.append(plan)
            return plan

        load_checkpoint(path, places)
        model, plan = found
        try:
            finish(plan)
        except ValueError as error:
            raise CheckpointError(f"{path}: {error}") from None
        return model

    @classmethod
    def _from(cls, meta, manifest, fill):
        """ValueError where meta and manifest do not fit each other."""
        if not isinstance(meta, dict) or meta.get("kind") != KIND:
            raise ValueError(f"expected a {KIND}, got another kind of checkpoint")
        try:
            if unknown := set(meta) - {"kind", "model", "net", "words", "cleaning", *PLAIN, *OPTIONAL}:
                raise ValueError(f"expected nothing but what belongs to a model, got {', '.join(sorted(unknown))}")
            check_meta(meta)
            packed = meta.get("packed")
            net = rebuild(meta["model"], meta["net"], manifest, packed, fill=fill or packed is None)
            plain = {name: meta[name] for name in PLAIN} | {name: meta.get(name) for name in OPTIONAL}
            return cls(net, Vocab(meta["words"]).renewed(), cleaning=Cleaning(**meta["cleaning"]), **plain)
        except DataError:  # a custom cell is not known, or fails
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"its contents do not fit each other: {error}") from None


def _not_empty(ids):
    """The ids of a text, or one unknown word where there are none."""
    return ids if len(ids) else np.array([UNK], np.int32)
