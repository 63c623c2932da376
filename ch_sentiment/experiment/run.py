"""Trainings: from a configuration and texts to a trained model. Nothing here prints or writes."""

import signal
import warnings
from dataclasses import dataclass

import numpy as np

from ch_sentiment.experiment import weighting
from ch_sentiment.experiment.build import build
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.corpus import LabelledTexts, encode
from ch_sentiment.experiment.epoch_choice import epoch_keeper, keeps_last
from ch_sentiment.experiment.options import OPTIMIZERS, SCHEDULES, checked_options
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.experiment.weighting import loss_weights
from common.trainer import Trainer
from common.training.adversarial import AdversarialTraining
from common.training.callbacks import LearningRate, WeightAveraging
from common.training.parallel import DataParallel
from common.training.schedules import warm_up
from dataset.errors import DataError

WARM_UP = 0.02  # of all steps


@dataclass
class Result:
    """The result of a training. model: Classifier, with the weights of the epoch that is kept. history: of the Trainer.

    best: the row of `history` of that epoch, {} before one is done. scored_on: "test" or "validation". scores: of that
    part, `Classifier.report`; None for a training that did not come to its end. stop_reason: of the Trainer. error: the
    message where a loss or gradient was no longer finite, or None. kept: which epoch that is, "best", or "last" where
    too few texts would choose one (`epoch_choice`). fitted: whether the last one has reached the loss that it had to.
    """

    model: Classifier
    history: list
    best: dict
    scored_on: str
    scores: dict | None = None
    stop_reason: str | None = None
    error: str | None = None
    kept: str = "best"
    fitted: bool = True


def run_experiment(config, data, callbacks=()):
    """Train and score what `config` (Config) describes on `data` (LabelledTexts, or a Corpus of them); -> Result.

    callbacks: of `common.training.callbacks`. Raises as `Trainer.fit`, but for a loss or gradient that is no longer
    finite, which is in `Result.error`; DataError where texts and options do not fit.
    """
    check_config(config)
    if isinstance(data, LabelledTexts):
        data = encode(data, config)
        for line in data.left_out:
            warnings.warn(line, stacklevel=3)
    experiment = Experiment(config, data, callbacks=callbacks)
    result = experiment.train()
    return experiment.score() if experiment.came_to_its_end else result


def fit(texts, labels, callbacks=(), sample_weight=None, **options):
    """Train on N texts (str) and N labels in memory; -> Classifier, whose `predict_proba(texts)` answers.

    Where a text or a label is missing (None, nan, "") or a text has no word, the pair is left out, with a warning.

    sample_weight: N numbers, 0 or above, what each text counts in the loss; None: the same.

    options: those of model and training, and recipe, seed, calibrate, abstain, validation, split_seed, limit and
    strict (what would be left out is an error), by name as on the command line: cell="gru", epochs=3,
    class_weight="balanced". TypeError for another name, DataError or ValueError where texts, labels or options cannot
    be, FloatingPointError where the loss is no longer finite. Ctrl-C is a KeyboardInterrupt.
    """
    strict = checked_options(options).get("strict", False)
    texts = LabelledTexts.of(texts, labels, sample_weight=sample_weight, strict=strict)
    config = config_of(options).with_(classes=len(texts.label_names))
    result = run_experiment(config, texts, callbacks)
    if result.stop_reason == "SIGINT":
        raise KeyboardInterrupt
    if result.error is not None:
        raise FloatingPointError(result.error)
    return result.model


def new_net(config, data):
    """-> the untrained model that `config` describes for a Corpus, and lines on its initial values and class weights:
    list of str. DataError where they do not fit.
    """
    loss_weights(data, config.training.class_weight)  # raises before anything is written
    net, notes = build(config.model, data, _stream(config, 1))
    return net, [*notes, *weighting.notes(data, config.training.class_weight)]


def _stream(config, number):
    """A random stream of the one seed: 0 draws the validation part (`corpus.encode`), 1 initial weights and dropout, 2
    the order of the texts.
    """
    return np.random.default_rng(config.run.seed).spawn(3)[number]


class Experiment:
    """A training with its model, Trainer and callbacks, ready to begin, or to resume.

    config: Config. data: Corpus. net: the model to train; None: a `new_net`. callbacks: besides those that
    set the rate and keep the best epoch, which stand before them. on_best: called with this whenever an epoch is the
    best so far. comm: communicator of the ranks that train together, or None.

    `model`: Classifier. `trainer`: Trainer. `best`: EarlyStopping, or TrainToLoss.
    """

    def __init__(self, config, data, net=None, callbacks=(), on_best=None, comm=None):
        self.config, self.data = config, data
        net = new_net(config, data)[0] if net is None else net
        reading = {"max_len": config.model.max_len, "cleaning": config.model.cleaning, "keep": config.model.keep}
        self.model = Classifier(net, data.vocab, data.label_names, **reading)
        trained = AdversarialTraining(net, config.training.adversarial) if config.training.adversarial else net
        trained = trained if comm is None else DataParallel(trained, comm)
        self.best = epoch_keeper(config, data, on_best and (lambda trainer: on_best(self)))
        schedule = LearningRate(warm_up(WARM_UP, SCHEDULES[config.training.schedule]))
        averaging = [WeightAveraging(config.training.average)] if config.training.average else []
        optimizer = OPTIMIZERS[config.training.optimizer](lr=config.training.lr)
        self.trainer = Trainer(trained, optimizer, [schedule, *averaging, self.best, *callbacks], _stream(config, 2))
        self.error = None

    def train(self):
        """Train to the end, or until something stops it; -> Result without scores. Raises as `Trainer.fit`."""
        options, data, trainer = self.config.training, self.data, self.trainer
        weights, of_validation = loss_weights(data, options.class_weight)
        validation = (data.val.x, data.val.t) if len(data.val) else None
        if validation and weights is not None:
            validation = (*validation, of_validation)
        try:
            trainer.fit(
                data.train.x,
                data.train.t,
                options.epochs - trainer.epochs_done,
                options.batch_size,
                options.clip,
                eval_interval=None,
                validation=validation,
                sample_weight=weights,
                max_element=options.clip_value,
            )
        except FloatingPointError as error:
            self.error = str(error)
        return self.result()

    @property
    def came_to_its_end(self):
        """Whether neither a signal nor an error ended it: all epochs are done, or a callback stopped it."""
        return self.error is None and self.trainer.stop_reason not in signal.Signals.__members__

    def score(self):
        """Score the test part, or without one the validation part, if there is any; before that, calibrate and choose
        the abstention threshold, as the options say; -> Result.
        """
        model, validation, options = self.model, self.data.val, self.config.run
        found = {"calibration": model.calibrate(validation.x, validation.t)} if options.calibrate else {}
        if options.abstain is not None:
            model.choose_abstention(validation.x, validation.t, options.abstain)
            chosen = model.report(validation.x, validation.t).get("abstain")
            found["abstention"] = {"wanted": options.abstain, "n": len(validation), "found": chosen}
        name, part = self.data.scored
        scores = model.report(part.x, part.t) if len(part) else None
        model.metrics = {**self.metrics(), **found, **({name: scores} if scores else {})}
        return self.result(scores)

    def result(self, scores=None):
        """-> Result, as things stand."""
        trainer = self.trainer
        best = next((row for row in trainer.history if row["epoch"] == self.best.best_epoch), {})
        last = keeps_last(self.config, self.data)
        fitted = not last or self.best.is_over(trainer)
        how = {"kept": "last" if last else "best", "fitted": fitted}
        scored_on = self.data.scored[0]
        return Result(self.model, trainer.history, best, scored_on, scores, trainer.stop_reason, self.error, **how)

    def metrics(self):
        """What a model's file says of its training: {"trained_on": `Corpus.summary`, "kept": "best" or "last", "best":
        row of the epoch that is kept}, without times, so that one seed gives the same bytes.
        """
        result = self.result()
        best = {k: v for k, v in result.best.items() if k not in ("seconds", "tokens_per_s")}
        return {"trained_on": self.data.summary(), "kept": result.kept, **({"best": best} if best else {})}


def check_config(config):
    """DataError for options that are wrong whatever the data is."""
    model = config.model
    if model.vocab_size < 3:
        raise DataError(f"--vocab-size: expected at least 3 (padding, unknown and a word), got {model.vocab_size}")
    if not config.data.data:
        raise DataError("--data: expected a name, got an empty one")
    if model.freeze_embedding and model.embedding is None:
        raise DataError("--freeze-embedding: expected word vectors from --embedding, got none")
    if model.naive_bayes and config.data.classes not in (None, 2):
        got = f"{config.data.classes} (--no-naive-bayes does without)"
        raise DataError(f"--naive-bayes: expected two classes, got {got}")
    if config.training.adversarial and model.model != "recurrent":
        raise DataError(f"--adversarial: expected a recurrent model, got {model.model}")
    if config.data.validation == 0:
        uses = {"--keep-epoch best": config.training.keep_epoch == "best"}
        uses |= {"--calibrate": config.run.calibrate, "--abstain": config.run.abstain is not None}
        if wanted := [name for name, is_wanted in uses.items() if is_wanted]:
            raise DataError(f"--validation: expected a share above 0 for {', '.join(wanted)}, got 0")
