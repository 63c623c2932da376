"""The data of a round of self-training: the labelled texts, and beside them those that the teachers labelled."""

from collections import Counter
from dataclasses import replace

import numpy as np

from ch_sentiment.experiment.parts import CachedTexts
from common.training.class_weight import with_mean_one
from dataset.text import KEEPS, Vocab


def texts_of(data, part, cleaning):
    """CachedTexts of a part of a Corpus ("train", "validation", "unlabelled"), which for a model with this Cleaning are
    not tokenized again.
    """
    texts = CachedTexts(data.unlabelled_texts.texts if part == "unlabelled" else data.parts[part].texts)
    tokenize = texts.tokens
    texts.tokens = lambda wanted: data.tokens[part] if wanted == cleaning else tokenize(wanted)
    return texts


def read_with(data, model, vocab=None):
    """The same Corpus as a model reads it, by its length limit (ModelOptions), and with another vocabulary."""
    vocab = vocab or data.vocab

    def ids(part):
        return [KEEPS[model.keep](ids_of_text, model.reads) for ids_of_text in data.tokens[part].encode(vocab)]

    parts = {name: replace(part, x=ids(name)) for name, part in data.parts.items()}
    parts = {"train": parts["train"], "val": parts["validation"], "test": parts.get("test")}
    pretrained = data.pretrained if model.model == "recurrent" else None  # baselines start from nothing
    return replace(data, **parts, vocab=vocab, unlabelled=ids("unlabelled"), pretrained=pretrained)


def with_soft_labels(data, config, index, targets):
    """-> Corpus whose training part has the texts `index` (K,) of those without labels, too, with the probabilities
    `targets` (K, C), each counting --unlabelled-weight of a labelled text. The vocabulary is that of all of these.
    """
    train, C = data.train, len(data.label_names)
    tokens = {"train": data.tokens["train"], "soft": data.tokens["unlabelled"].take(index)}
    counts = Counter()
    for of_part in tokens.values():
        found = np.bincount(of_part.ids, minlength=len(of_part.words)).tolist()
        counts.update({word: count for word, count in zip(of_part.words, found) if count})
    vocab = Vocab.from_counts(counts, config.model.vocab_size)
    if data.pretrained is not None:
        vocab = data.pretrained.united(vocab)
    data = read_with(data, config.model, vocab)
    train, soft = data.train, data.unlabelled_texts
    weights = np.ones(len(train)) if train.weights is None else with_mean_one(train.weights)
    own_group = [f"without a label {soft.numbers[i]}" for i in index]
    joined = replace(
        train,
        texts=train.texts + [soft.texts[i] for i in index],
        t=np.concatenate((train.t, targets.argmax(axis=1))),  # (N,), (K,) -> (N + K,)
        x=train.x + [data.unlabelled[i] for i in index],
        numbers=np.concatenate((train.numbers, [soft.numbers[i] for i in index])),
        groups=None if train.groups is None else np.concatenate((train.groups, own_group)),
        weights=np.concatenate((weights, np.full(len(index), config.unlabelled.unlabelled_weight))),
        targets=np.concatenate((np.eye(C)[train.t], targets)),  # (N, C), (K, C) -> (N + K, C)
    )
    return replace(data, train=joined, labelled=data.labelled or data)
