"""What a reader of an exported model needs beside the arrays, as JSON by name; and what must hold of its weights."""

import json
from dataclasses import asdict

import numpy as np

from dataset.errors import DataError
from dataset.portable import token_rules

FORMAT = 1  # of the names and values below


def description(model):
    """A Classifier -> dict of str to str, each JSON: format, network, words (that of id 2 first), labels, max_len and
    keep (what is read of a longer text), temperature, abstain_below, cleaning, removed (tokens that are no words, by
    the cleaning), tokenizer (`dataset.portable`).
    """
    values = {
        "format": FORMAT,
        "network": {"class": type(model.net).__name__, **model.net.config},
        "words": model.vocab.words,
        "labels": model.label_names,
        "max_len": model.max_len,
        "keep": model.keep,
        "temperature": model.temperature,
        "abstain_below": model.abstain_below,
        "cleaning": asdict(model.cleaning),
        "removed": sorted(model.cleaning.removed),
        "tokenizer": token_rules(),
    }
    return {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}


def check_finite(weights):
    """DataError where a weight is not a number, or infinite; weights: dict of arrays by name."""
    for name, array in weights.items():
        if not np.isfinite(array).all():
            wrong = array[~np.isfinite(array)].flat[0]
            way_out = "train it again, with a smaller --lr or with --clip"
            raise DataError(f"expected a model of finite weights, got {wrong} in {name} ({way_out})")
