"""A trained model with all that it needs to read a text: network, vocabulary, labels, length limit. One file.

Whoever predicts, evaluates or explains starts from `Classifier.load(path)` and needs nothing else.
"""

import os
from dataclasses import asdict, dataclass, field

import numpy as np

from ch_sentiment.experiment.build import rebuild
from ch_sentiment.model import to_probabilities
from common.checking.calibration import HIGHEST, LOWEST, expected_calibration_error, fit_temperature
from common.checking.metrics import classification_report
from common.files.checkpoint import load_checkpoint, save_arrays
from common.training.batches import sorted_batches, take
from dataset.text import KEEPS, PAD, UNK, Cleaning, Vocab, has_token, tokenize

KIND = "sentifish classifier"
BATCH = 128


@dataclass
class Classifier:
    """net: SentimentNet, or another of `build.MODELS`. vocab: Vocab. label_names: class names in id order. max_len:
    longer texts are cut.

    metrics: what was measured, for whoever looks into the file. cleaning: what is left out of a text before it is read.
    calibration: {"temperature": float}, by which scores are divided before they become probabilities
    (`common.checking.calibration`), or None: they are used as they are. keep: what a text that is cut keeps, a name of
    `dataset.text.KEEPS`.
    """

    net: object
    vocab: Vocab
    label_names: list
    max_len: int
    metrics: dict = field(default_factory=dict)
    cleaning: Cleaning = field(default_factory=Cleaning)
    calibration: dict | None = None
    keep: str = "head-and-tail"

    def encode(self, texts):
        """Texts -> list of (T,) id arrays. A text without any token becomes one unknown word: it has an answer, too."""
        token_lists = (KEEPS[self.keep](tokenize(text, self.cleaning), self.max_len) for text in texts)
        return [self.vocab.encode(tokens) if tokens else np.array([UNK], np.int32) for tokens in token_lists]

    def has_word(self, text):
        """Whether anything of the text is read; otherwise the answer rests on nothing."""
        return has_token(text, self.cleaning)

    def scores(self, x):
        """List of N id arrays -> scores of the network, (N,) or (N, C), in the order of x.

        They are read by length, in parts. In other company a text gets the same score up to what BLAS rounds.
        ValueError where a score is not finite: a probability made of it would look like an answer.
        """
        scores = np.empty(0)
        with np.errstate(over="ignore", invalid="ignore"):  # of weights that are huge: their scores tell
            for index in sorted_batches(x, BATCH):
                answers = self.net.predict(take(x, index))
                if len(scores) == 0:
                    scores = np.empty((len(x), *answers.shape[1:]), answers.dtype)
                scores[index] = answers
        if not np.isfinite(scores).all():
            raise ValueError("expected a model with finite scores, got one that answers nan or inf")
        return scores

    def calibrated(self, scores):
        """Scores of the network -> those that the probabilities are made of: divided by the temperature."""
        if self.calibration is None:
            return scores
        with np.errstate(over="ignore"):  # as in `scores`
            return scores / self.calibration["temperature"]

    def probabilities(self, texts):
        """N texts -> (N, C) probabilities."""
        return self.probabilities_of_ids(self.encode(texts))

    def probabilities_of_ids(self, x):
        """List of N id arrays -> (N, C) probabilities."""
        return to_probabilities(self.calibrated(self.scores(x)))

    def calibrate(self, x, t):
        """Fit the temperature (or None, where none is best) on texts that the network was not trained on.

        x: list of N id arrays. t: (N,) class ids. -> {"n", "ece_before", "ece_after"} of these texts; on others the
        last is a little larger.
        """
        scores = self.scores(x)
        temperature = fit_temperature(scores, t)
        self.calibration = None if temperature is None else {"temperature": temperature}
        before, after = (
            expected_calibration_error(to_probabilities(some), t) for some in (scores, self.calibrated(scores))
        )
        return {"n": len(x), "ece_before": before, "ece_after": after}

    def report(self, x, t):
        """List of N id arrays and (N,) class ids -> `classification_report` and "ece", the calibration error."""
        scores = self.calibrated(self.scores(x))
        probabilities = to_probabilities(scores)
        found = classification_report(t, probabilities, float(self.net.loss_layer.forward(scores, t)))
        return {**found, "ece": expected_calibration_error(probabilities, t)}

    def save(self, path):
        """Write it all to one file (`common.files.checkpoint`); raises as `save_arrays`."""
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
            net = rebuild(meta["model"], meta["net"], manifest)
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
    _check_calibration(meta["calibration"])


def _check_calibration(calibration):
    """ValueError unless it is None or one temperature: it changes the answers."""
    if calibration is None:
        return
    temperature = calibration.get("temperature") if type(calibration) is dict and len(calibration) == 1 else None
    if type(temperature) is not float or not LOWEST <= temperature <= HIGHEST:
        expected = f"null or one temperature from {LOWEST:g} to {HIGHEST:g}"
        raise ValueError(f"expected calibration to be {expected}, got {calibration!r}")
