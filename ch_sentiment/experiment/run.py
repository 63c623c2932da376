"""Trainings: from a configuration and texts to a trained model. Nothing here prints or writes."""

import signal
import warnings
from dataclasses import dataclass, replace

import numpy as np

from ch_sentiment.experiment import epoch_choice, perturbation, sharing, weighting
from ch_sentiment.experiment.auto import choose
from ch_sentiment.experiment.build import build
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.corpus import LabelledTexts, encode
from ch_sentiment.experiment.final_scores import score_kept, score_model
from ch_sentiment.experiment.fit_options import checked_options
from ch_sentiment.experiment.layer_rates import layer_rates
from ch_sentiment.experiment.linear_part import join, with_linear_part
from ch_sentiment.experiment.net_size import check_arrays, check_memory
from ch_sentiment.experiment.option import flag
from ch_sentiment.experiment.options import OPTIMIZERS, SCHEDULES
from ch_sentiment.experiment.ranks import shared_by_ranks
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.experiment.self_training import InMemory, Stopped, rounds_of, self_train
from ch_sentiment.experiment.weighting import loss_targets, loss_weights
from common.cores import ranks_started
from common.np import what_a_gpu_lacks
from common.trainer import Trainer
from common.training.callbacks import LearningRate, WeightAveraging
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
    if data.unlabelled_texts is not None and rounds_of(config):
        return _self_trained(config, data, callbacks)
    experiment = Experiment(config, data, callbacks=callbacks)
    result = experiment.train()
    return experiment.score() if experiment.came_to_its_end else result


def _self_trained(config, data, callbacks):
    """`run_experiment` with texts without labels; -> Result of the model that is kept, or of what stopped."""
    results = {}

    def train(name, config, data):
        experiment = Experiment(config, data, callbacks=callbacks)
        result = experiment.train()
        if not experiment.came_to_its_end:
            raise Stopped(name, result)
        results[name] = experiment.score()
        return result.model

    try:
        kept, rounds = self_train(config, data, [], InMemory(train))
    except Stopped as stopped:
        return stopped.result
    result = results[kept]
    scores = score_kept(result.model, data, config.run, kept, rounds)
    return replace(result, scores=scores, scored_on=data.scored[0])


def fit(texts, labels, callbacks=(), sample_weight=None, unlabelled=None, **options):
    """Train on N texts (str) and N labels in memory; -> Classifier, whose `predict_proba(texts)` answers.

    Where a text or a label is missing (None, nan, "") or a text has no word, the pair is left out, with a warning.

    sample_weight: N numbers, 0 or above, what each text counts in the loss; None: the same. unlabelled: texts without
    labels, from which to learn by self-training (docs/self_training.md), or None.

    options: those of model and training, and recipe, seed, calibrate, abstain, validation, split_seed, limit, rounds,
    student_epochs, confidence, class_balance, unlabelled_weight, processes and strict (what would be left out is an
    error), by name as on the command line: cell="gru", epochs=3, class_weight="balanced". A warning says where a
    training on few texts ended before it had fitted them, or had too few to calibrate by (docs/small_data.md).
    TypeError for another name, DataError or ValueError where texts, labels or options cannot be, FloatingPointError
    where the loss is no longer finite. Ctrl-C is a KeyboardInterrupt.
    """
    strict = checked_options(options).get("strict", False)
    texts = LabelledTexts.of(texts, labels, sample_weight=sample_weight, strict=strict, unlabelled=unlabelled)
    config = config_of(choose(options, texts)[0]).with_(classes=len(texts.label_names))
    result = run_experiment(config, texts, callbacks)
    if result.stop_reason == "SIGINT":
        raise KeyboardInterrupt
    if result.error is not None:
        raise FloatingPointError(result.error)
    for line in epoch_choice.doubts(config, result):
        warnings.warn(f"fit: {line}", stacklevel=2)
    return result.model


def new_net(config, data, progress=iter):
    """-> the untrained model that `config` describes for a Corpus, and lines on its initial values and class weights:
    list of str. progress: wraps the steps of fitting the linear part of --wide. DataError where they do not fit.
    """
    sharing.check(config, data)  # raises before anything is written, as the line after it
    loss_weights(data, config.training.class_weight)
    check_memory(config.model, len(data.vocab))
    net, notes = build(config.model, data, _stream(config, 1))
    check_arrays(net, config.model)
    if data.pretrained is not None:
        data.pretrained.write_layers(net)
    if config.model.wide:
        net, lines = with_linear_part(net, config, data, progress)
        notes += lines
    return net, [*notes, *weighting.notes(data, config.training.class_weight)]


def check_builds(config, data):
    """DataError where `new_net` would refuse: tried on two texts of each label, so that a training that comes later
    does not end in an error that could have been known.
    """
    index = np.concatenate([np.flatnonzero(data.train.t == c)[:2] for c in range(len(data.label_names))])
    new_net(config, replace(data, train=data.train.take(index)))


def _stream(config, number):
    """A random stream of the one seed: 0 draws the validation part (`corpus.encode`), 1 initial weights and dropout, 2
    the order of the texts, 3 virtual adversarial steps and which unlabelled texts are read when.
    """
    return np.random.default_rng(config.run.seed).spawn(4)[number]


class Experiment:
    """A training with its model, Trainer and callbacks, ready to begin, or to resume.

    config: Config. data: Corpus. net: the model to train; None: a `new_net`. callbacks: besides those that
    set the rate and keep the best epoch, which stand before them. on_best: called with this whenever an epoch is the
    best so far. comm: communicator of the ranks that train together, or None.

    `model`: Classifier. `trainer`: Trainer. `best`: EarlyStopping, or TrainToLoss.
    """

    def __init__(self, config, data, net=None, callbacks=(), on_best=None, comm=None):
        self.config, self.data, self.comm = config, data, comm
        net = new_net(config, data)[0] if net is None else net
        reading = {"max_len": config.model.reads, "cleaning": config.model.cleaning, "keep": config.model.keep}
        self.model = Classifier(net, data.vocab, data.label_names, **reading, processes=config.run.processes)
        check_device(config)
        if config.run.device == "gpu":
            net.to_gpu()
        trained = perturbation.perturbed(net, config.training, _stream(config, 3))
        self.best = epoch_choice.epoch_keeper(config, data, on_best and (lambda trainer: on_best(self)))
        schedule = LearningRate(warm_up(WARM_UP, SCHEDULES[config.training.schedule]))
        averaging = [WeightAveraging(config.training.average)] if config.training.average else []
        optimizer = OPTIMIZERS[config.training.optimizer](lr=config.training.lr)
        if config.training.layer_decay != 1:
            optimizer.rates = layer_rates(trained, config.training.layer_decay)
        processes = 1 if comm is not None else sharing.processes_for(config, data, trained)
        callbacks = [schedule, *averaging, self.best, *callbacks]
        self.trainer = Trainer(trained, optimizer, callbacks, _stream(config, 2), processes=processes)
        self.error = None

    def train(self):
        """Train to the end, or until something stops it; -> Result without scores. Raises as `Trainer.fit`."""
        options, data, trainer = self.config.training, self.data, self.trainer
        weights, of_validation = loss_weights(data, options.class_weight)
        perturbation.set_unlabelled(trainer.model, data.unlabelled)
        validation = (data.val.x, data.val.t) if len(data.val) else None
        if validation and weights is not None:
            validation = (*validation, of_validation)
        try:
            with shared_by_ranks(self, self.comm):
                trainer.fit(
                    data.train.x,
                    loss_targets(self.config.model, data.train),
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
        if self.config.run.device == "gpu":  # what comes after is the CPU's, and its processes
            self.model.net.to_cpu()
        return self.result()

    @property
    def came_to_its_end(self):
        """Whether neither a signal nor an error ended it: all epochs are done, or a callback stopped it."""
        return self.error is None and self.trainer.stop_reason not in signal.Signals.__members__

    def score(self):
        """Score the test part, or without one the validation part; before that, join net and linear part, calibrate
        and choose the abstention threshold, as the options say; -> Result.
        """
        self.model.metrics = self.metrics()
        join(self.model, self.data, self.config.training.class_weight)
        return self.result(score_model(self.model, self.data, self.config.run))

    def result(self, scores=None):
        """-> Result, as things stand."""
        trainer = self.trainer
        best = next((row for row in trainer.history if row["epoch"] == self.best.best_epoch), {})
        last = epoch_choice.keeps_last(self.config, self.data)
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


def check_device(config):
    """DataError where --device gpu finds no GPU, or several ranks."""
    if config.run.device != "gpu":
        return
    if ranks_started() > 1:
        raise DataError(f"--device gpu: expected one process, got {ranks_started()} ranks of mpiexec")
    if lacks := what_a_gpu_lacks():
        raise DataError(f"--device gpu: expected {lacks}")


def check_config(config):
    """DataError for options that are wrong whatever the data is."""
    model = config.model
    if model.vocab_size < 3:
        raise DataError(f"--vocab-size: expected at least 3 (padding, unknown and a word), got {model.vocab_size}")
    if not config.data.data:
        raise DataError("--data: expected a name, got an empty one")
    if config.unlabelled.init_from is not None and model.embedding is not None:
        raise DataError(f"--init-from: expected no --embedding beside it, got {model.embedding}")
    if model.freeze_embedding and model.embedding is None and config.unlabelled.init_from is None:
        raise DataError("--freeze-embedding: expected word vectors from --embedding or --init-from, got none")
    if model.naive_bayes and config.data.classes not in (None, 2):
        got = f"{config.data.classes} (--no-naive-bayes does without)"
        raise DataError(f"--naive-bayes: expected two classes, got {got}")
    if config.data.validation == 0:
        uses = {"--keep-epoch best": config.training.keep_epoch == "best", "--wide": model.wide}
        uses |= {"--calibrate": config.run.calibrate, "--abstain": config.run.abstain is not None}
        uses |= {"--unlabelled": config.unlabelled.unlabelled is not None}
        if wanted := [name for name, is_wanted in uses.items() if is_wanted]:
            raise DataError(f"--validation: expected a share above 0 for {', '.join(wanted)}, got 0")
    for name in ("leave_out", "teacher"):
        if getattr(config.unlabelled, name) is not None and config.unlabelled.unlabelled is None:
            raise DataError(f"{flag(name)}: expected texts without labels beside it (--unlabelled FILE), got none")
    if model.wide and model.model != "recurrent":
        raise DataError(f"--wide: expected a recurrent model, got {model.model}")
    if model.ngrams is not None and not (model.wide or model.model == "nbsvm"):
        raise DataError("--ngrams: expected --wide or --model nbsvm, got neither")
    perturbation.check(config)
    sharing.check(config)
    check_device(config)
