"""A pretraining with its model, Trainer and callbacks, and the folder that it writes: silent, as `experiment.run`."""

import signal
from dataclasses import asdict

import numpy as np

from ch_sentiment.experiment.classifier import MODEL
from ch_sentiment.experiment.output import write_json
from ch_sentiment.experiment.pretrained import save_pretrained
from ch_sentiment.experiment.run_folder import LAST
from ch_sentiment.experiment.run_state import check_sealed, sealed
from ch_sentiment.pretraining import autoencoder, language_model, skip_gram
from ch_sentiment.pretraining.options import AUTOENCODER, LANGUAGE_MODEL, SKIP_GRAM, PretrainOptions
from common.files.checkpoint import CheckpointError
from common.files.resume import Checkpoint, read_about
from common.optimizer import Adam
from common.training.callbacks import EarlyStopping, LearningRate
from common.training.schedules import cosine, warm_up
from dataset.errors import DataError

RESULTS = (MODEL, LAST, "history.json", "config.json")
# Each has build(options, texts, rng) -> model, whose `initial()` is saved; examples(options, ids_of_texts) -> x, t
# of the fit of its TRAINER; and callbacks_of(model).
MODULES = {LANGUAGE_MODEL: language_model, SKIP_GRAM: skip_gram, AUTOENCODER: autoencoder}
TIMES = ("seconds", "tokens_per_s")  # left out, so that one seed gives the same bytes
WARM_UP = 0.02  # of all steps


class Pretraining:
    """options: PretrainOptions. texts: Texts. folder: where model.npz, of the epoch with the lowest held-out loss, and
    last.npz, to resume from, are written. callbacks: more of them. `trainer`: ready to begin or to resume.
    """

    def __init__(self, options, texts, folder, callbacks=()):
        self.options, self.texts, self.folder = options, texts, folder
        task, (weight_rng, order_rng) = MODULES[options.task], np.random.default_rng(options.seed).spawn(2)
        self.model = task.build(options, texts, weight_rng)
        self.x, self.t = task.examples(options, texts.train)
        self.validation = task.examples(options, texts.valid)
        self.best = EarlyStopping(None, on_best=lambda trainer: self.save())
        about = sealed({"options": asdict(options), "words": texts.vocab.words, "texts": texts.fingerprint})
        checkpoint = Checkpoint(folder / LAST, options.save_every, about)  # last, so that it saves what the others did
        callbacks = [
            LearningRate(warm_up(WARM_UP, cosine)),
            self.best,
            *task.callbacks_of(self.model),
            *callbacks,
            checkpoint,
        ]
        self.trainer = task.TRAINER(self.model, Adam(options.lr, lazy=True), callbacks, order_rng)

    def train(self):
        """Train to the end, or until a signal comes, and write history and settings. Raises as `Trainer.fit`."""
        options, trainer = self.options, self.trainer
        epochs = options.epochs - trainer.epochs_done
        trainer.fit(self.x, self.t, epochs, options.batch_size, options.clip, None, validation=self.validation)
        if not trainer.history:
            self.save()  # the weights as they stand
        write_json(self.folder / "history.json", trainer.history)
        write_json(self.folder / "config.json", asdict(options))

    @property
    def was_stopped(self):
        """Whether a signal ended it."""
        return self.trainer.stop_reason in signal.Signals.__members__

    def save(self):
        history = [{k: v for k, v in row.items() if k not in TIMES} for row in self.trainer.history]
        save_pretrained(self.folder / MODEL, self.model.initial(), self.texts.vocab, self.options.net(), history)


def read_options(folder):
    """-> PretrainOptions of the pretraining in a folder, the words of its vocabulary and the fingerprint of its texts.
    CheckpointError where there is none.
    """
    about, _ = read_about(folder / LAST)
    try:
        options = PretrainOptions.saved(about["options"])
        check_sealed(folder / LAST, about)
        return options, about["words"], about["texts"]
    except (KeyError, TypeError, DataError) as error:
        why = f"expected a pretraining by `sentifish pretrain` of this version ({error})"
        raise CheckpointError(f"{folder / LAST}: {why}") from None


def check_same(folder, words, fingerprint, texts):
    """DataError unless these are the texts and the words that a pretraining began with."""
    began = f"the pretraining in {folder} began with"
    if fingerprint != texts.fingerprint:
        raise DataError(f"--resume: expected the data that {began}, {fingerprint}, got {texts.fingerprint}")
    if words != texts.vocab.words:
        raise DataError(f"--resume: expected the words that {began}, got others: another version cut the texts up")
