"""Labelled texts by name: "phrases", "phrases-small", "imdb", or the path of a person's own file or folder."""

import numpy as np

from ch_sentiment.experiment.answering import cleaning_of
from ch_sentiment.experiment.corpus import CachedTexts, LabelledTexts, Part
from dataset import imdb, labelled_text, phrases, phrases_small
from dataset.errors import DataError

PHRASES = {"phrases": phrases, "phrases-small": phrases_small}
NAMES = (*PHRASES, "imdb")
POLAR_NAMES = (phrases.LABEL_NAMES, ["neg", "pos"], ["0", "1"])  # of the same two classes, in this order


def load(options):
    """DataOptions -> LabelledTexts. DataError where a name, a path or a file is not what it should be."""
    train, test, label_names = load_train(options.data, options.classes)
    train.groups = groups_of(train, options)
    if options.test_data is not None:
        test = load_test(options.test_data, label_names)
    samples = PHRASES[options.data].SAMPLES if options.data in PHRASES else None
    return LabelledTexts(train, label_names, test, options.data, options.test_data or options.data, samples)


def load_train(name, classes):
    """-> Part to train on, Part to test on (None where the data set has none), names of the classes. DataError."""
    if name in PHRASES or imdb.is_source(name):
        if classes != 2:
            raise DataError(f"{name}: 2 classes found where {classes} were asked for")
        train, test = _polar(name)
        return train, test, POLAR_NAMES[0]
    *part, label_names = labelled_text.load_data(name, classes)
    return Part(*part), None, label_names


def load_test(name, label_names):
    """-> Part to score a model with these labels on: the test half of phrases and imdb, all of a file. DataError."""
    if not name:  # which would be the folder one stands in
        raise DataError("expected the name of labelled text, got an empty one")
    if name in PHRASES or imdb.is_source(name):
        if list(label_names) not in POLAR_NAMES:
            raise DataError(f"{name}: the labels are negative and positive, the model's are {', '.join(label_names)}")
        return _polar(name)[1]
    return Part(*labelled_text.load_data(name, None, label_names)[:2])


def load_cached_test(options, model):
    """`load_test` of --data for a TextClassifier, the texts as CachedTexts; -> Part, (N,) tokens of each text.

    options: with `data`, `no_cache` and `json`. DataError also where a text has no token.
    """
    part = load_test(options.data, model.label_names)
    part.texts = CachedTexts(part.texts, cached=not options.no_cache, progress=not options.json)
    lengths = part.texts.tokens(cleaning_of(model)).lengths()
    labelled_text.check_lengths(lengths, options.data, part.numbers)
    return part, lengths


def groups_of(part, options):
    """(N,) str, the group of each text of the whole part, or None where the options name none. DataError."""
    if options.group_file is not None and options.group_column is not None:
        raise DataError("expected --group-file or --group-column, got both")
    if options.group_file is not None:
        groups = labelled_text.load_groups(options.group_file)
        if len(groups) != len(part):
            expected = f"expected a line for each of the {len(part):,} texts"
            raise DataError(f"--group-file {options.group_file}: {expected}, got {len(groups):,}")
        return np.array(groups)
    if options.group_column is not None:
        if options.data in PHRASES or imdb.is_source(options.data):
            raise DataError(f"--group-column: expected a .csv or .tsv file with a header, got {options.data}")
        return np.array(labelled_text.load_groups(options.data, options.group_column))
    return None


def _polar(name):
    """The two parts of the phrases or of imdb."""
    parts = PHRASES[name].load_data() if name in PHRASES else imdb.load_data(None if name == "imdb" else name)
    return [Part(*part) for part in parts]
