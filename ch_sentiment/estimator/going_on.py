"""`partial_fit`: an epoch on some texts, from new weights or from those of a model."""

import functools
import warnings
from dataclasses import replace

import numpy as np

from ch_sentiment.experiment.corpus import Corpus, with_words
from ch_sentiment.experiment.in_memory import checked_texts
from ch_sentiment.experiment.parts import Part
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.experiment.run import Experiment, check_config
from common.processes import map_on_cores
from dataset.errors import DataError
from dataset.reading.labels import sorted_names
from dataset.store.token_cache import tokenize_texts
from dataset.text import KEEPS

SHOWN = 5  # new words that a warning lists


def trained(model, texts, labels, names, weights, options, callbacks):
    """-> Classifier, trained for an epoch on lists of N texts and N labels.

    model: Classifier whose net goes on, or None for a new one. names: list of C str, all labels. weights: (N,) or None.
    options: of `run.fit`. DataError; FloatingPointError as `run.fit`.
    """
    of_pass = {"epochs": 1, "validation": 0.0, "keep_epoch": "last"}
    if model is not None:  # what only a new model has, or chooses
        of_pass |= {"wide": False, "calibrate": False, "embedding": None, "freeze_embedding": False}
    if len(names) < 2:
        raise DataError(f"classes: expected all labels that will come, two or more, got {names}")
    config = config_of({**options, **of_pass}).with_(classes=len(names))
    check_config(config)
    names = sorted_names(names) if model is None else model.label_names
    pairs, _ = checked_texts(texts, labels, sample_weight=weights, classes=names)
    part = Part(**pairs)
    cleaning = config.model.cleaning if model is None else model.cleaning
    mapped = functools.partial(map_on_cores, processes=config.run.processes)
    tokens = tokenize_texts(part.texts, cleaning, use_cache=False, progress=False, mapped=mapped)
    part, tokens, _ = with_words(part, tokens, {}, "texts")
    if model is None:
        vocab, keep, reads = tokens.build_vocab(None, config.model.vocab_size), config.model.keep, config.model.reads
    else:
        vocab, keep, reads = model.vocab, model.keep, model.max_len
        _say_new(tokens, vocab)
    part.x = [KEEPS[keep](ids, reads) for ids in tokens.encode(vocab)]
    data = Corpus(part, part.take(np.zeros(0, int)), None, vocab, names, [])
    experiment = Experiment(config, data, net=None if model is None else model.net, callbacks=callbacks)
    result = experiment.train()
    if result.stop_reason == "SIGINT":
        raise KeyboardInterrupt
    if result.error is not None:
        raise FloatingPointError(result.error)
    if model is None:
        return experiment.score().model
    return replace(model, metrics=experiment.metrics(), packed=None)  # the new weights are none of a small copy's


def _say_new(tokens, vocab):
    """Warn of words that are not in the vocabulary."""
    new = [word for word in tokens.words if word not in vocab]
    if new:
        shown = ", ".join(new[:SHOWN]) + (" ..." if len(new) > SHOWN else "")
        text = f"partial_fit: {len(new):,} of {len(tokens.words):,} words are new and stay unknown: {shown}"
        warnings.warn(text, stacklevel=4)  # where `partial_fit` is called
