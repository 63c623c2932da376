"""Labelled texts by name: "phrases", "phrases-small", "imdb", or the path of a user's own file or folder."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from ch_sentiment.experiment.answering import cleaning_of, processes_of
from ch_sentiment.experiment.corpus import LabelledTexts, with_words
from ch_sentiment.experiment.option import flag
from ch_sentiment.experiment.parts import CachedTexts, Part
from dataset import imdb, labelled_text, phrases, phrases_small, unlabelled
from dataset.errors import DataError
from dataset.labelled_text import ReadOptions
from dataset.unlabelled import UnlabelledTexts

PHRASES = {"phrases": phrases, "phrases-small": phrases_small}
NAMES = (*PHRASES, "imdb")
PLAIN = ReadOptions()
POLAR_NAMES = (phrases.LABEL_NAMES, ["neg", "pos"], ["0", "1"])  # of the same two classes, in this order


def load(options, learnt_from=None):
    """DataOptions -> LabelledTexts. learnt_from: UnlabelledOptions, or None. DataError for an unknown path, a file that
    is no labelled text, or one without labels that has some.
    """
    train, test, label_names = load_train(options.data, options.classes, read_options(options))
    if options.group_file is not None:
        train.groups = groups_of_file(train, options)
    if options.test_data is not None:
        test = _load_test_alike(options, label_names)
    samples = PHRASES[options.data].SAMPLES if options.data in PHRASES else None
    test_name = options.test_data or options.data
    more = load_unlabelled(learnt_from) if learnt_from and learnt_from.unlabelled is not None else None
    return LabelledTexts(train, label_names, test, options.data, test_name, samples, options.strict, more)


def load_unlabelled(options):
    """UnlabelledOptions -> UnlabelledTexts, without those of --leave-out. DataError."""
    name, left_out = options.unlabelled, options.leave_out
    for flagged, value in (("--unlabelled", name), ("--leave-out", left_out)):
        if value == "":
            raise DataError(f"{flagged}: expected the name of a file, got an empty one")
    if imdb.is_source(name):
        found = UnlabelledTexts.of(imdb.load_unlabelled(None if name == "imdb" else name), name)
    else:
        found = unlabelled.read_unlabelled(name)
    if left_out is None:
        return found
    if is_built_in(left_out):
        texts = [text for part in _polar(left_out) for text in part.texts]
    else:
        texts = unlabelled.all_texts(left_out)
    return found.without({f"in {left_out}": texts})


def read_options(options):
    """DataOptions -> ReadOptions of --data. DataError where groups are named twice."""
    if options.group_file is not None and options.group_column is not None:
        raise DataError("expected --group-file or --group-column, got both")
    return ReadOptions(**{f.name: getattr(options, f.name) for f in fields(ReadOptions)})


def load_train(name, classes=None, how=PLAIN):
    """-> Part to train on, Part to test on (None where the data set has none), names of the classes. DataError."""
    if is_built_in(name):
        try:
            train, test = _polar(name)
        except DataError:
            if not Path(name).is_dir():
                raise
        else:
            _check_built_in(name, how)
            if classes not in (None, 2):
                raise DataError(f"{name}: 2 classes found where {classes} were asked for")
            return train, test, POLAR_NAMES[0]
    read = labelled_text.read_labelled(name, how, classes)  # a folder that holds a part of imdb, too
    return _part_of(read, name), None, read.label_names


def load_test(name, label_names, how=PLAIN):
    """-> Part to score a model with these labels on: the test half of phrases and imdb, all of a file. DataError."""
    if not name:  # Path("") would be the working folder
        raise DataError("expected the name of labelled text, got an empty one")
    if not is_built_in(name):
        return _part_of(labelled_text.read_labelled(name, how, label_names=label_names), name)
    _check_built_in(name, how)
    if list(label_names) not in POLAR_NAMES:
        raise DataError(f"{name}: the labels are negative and positive, the model's are {', '.join(label_names)}")
    return _polar(name)[1]


def load_cached_test(options, model, cached=True, progress=False):
    """`load_test` of --data for a TextClassifier, texts without a word left out; -> Part with CachedTexts and groups
    where the options name some, and the TokenizedTexts; what was left out is among its notes.

    options: DataOptions. DataError.
    """
    part = load_test(options.data, model.label_names, read_options(options))
    if options.group_file is not None:
        part.groups = groups_of_file(part, options)
    texts = CachedTexts(part.texts, cached, progress, processes_of(model))
    tokens = texts.tokens(cleaning_of(model))
    has_word = tokens.lengths() > 0
    found, tokens, lines = with_words(part, tokens, part.left_out, options.data, options.strict)
    found.texts = texts if has_word.all() else texts.take(np.flatnonzero(has_word))
    found.notes = [*part.notes, *lines]
    return found, tokens


def is_built_in(name):
    """Whether a name is that of a built-in data set, not of a user's own file."""
    return name in PHRASES or imdb.is_source(name)


def groups_of_file(part, options):
    """(N,) str, the group of each text of the whole part, from --group-file, which has a line for each text, or for
    each row where some were left out. DataError.
    """
    groups = labelled_text.load_groups(options.group_file)
    left_out = [number for numbers in part.left_out.values() for number in numbers]
    if left_out and len(groups) == len(part) + len(left_out):
        order = np.argsort(np.concatenate((part.numbers, left_out)), kind="stable")  # rows of the file -> their texts
        return np.array(groups)[np.argsort(order)[: len(part)]]
    if len(groups) != len(part):
        more = f", or of the {len(part) + len(left_out):,} rows" if left_out else ""
        expected = f"expected a line for each of the {len(part):,} texts{more}"
        raise DataError(f"--group-file {options.group_file}: {expected}, got {len(groups):,}")
    return np.array(groups)


def _load_test_alike(options, label_names):
    """The Part of --test-data, read as --data is, or without its columns and encoding where they do not fit."""
    how = replace(read_options(options), weight_column=None, group_column=None)
    plain = ReadOptions(strict=how.strict)
    try:
        return load_test(options.test_data, label_names, how)
    except DataError as error:
        if how == plain:
            raise
        try:
            part = load_test(options.test_data, label_names, plain)
        except DataError:
            raise error from None
    part.notes.insert(0, f"{options.test_data}: read without {', '.join(_named(how))}, which do not fit it")
    return part


def _named(how):
    """The flags of the ReadOptions that are given and that only a file of rows can follow: list of str."""
    return [flag(f.name) for f in fields(how) if f.name != "strict" and getattr(how, f.name) is not None]


def _check_built_in(name, how):
    if named := _named(how):
        raise DataError(f"{named[0]}: expected a .csv or .tsv file with a header, got {name}")


def _part_of(read, name):
    """LabelledFile -> Part."""
    groups = None if read.groups is None else np.array(read.groups)
    notes = [f"{name}: {note}" for note in read.notes]
    return Part(
        read.texts,
        read.t,
        numbers=read.numbers,
        groups=groups,
        weights=read.weights,
        left_out=read.left_out,
        notes=notes,
        unit=read.unit,
    )


def _polar(name):
    """The two parts of the phrases or of imdb. DataError."""
    try:
        parts = PHRASES[name].load_data() if name in PHRASES else imdb.load_data(None if name == "imdb" else name)
    except DataError as error:
        if not Path(name).is_file() or Path(name).name.startswith("aclImdb"):
            raise
        raise DataError(f"{error}; unpack an archive that is not imdb's, and give the folder") from None
    return [Part(*part) for part in parts]
