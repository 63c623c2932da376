"""From the name of a data set to ids: load, split, tokenize, build the vocabulary, encode.

A name is "phrases", "phrases-small", "imdb", or the path of a person's own file or folder.
"""

from dataclasses import dataclass, field

import numpy as np

from common.training.batches import grouped_split, stratified_split
from dataset import imdb, labelled_text, phrases, phrases_small
from dataset.errors import DataError
from dataset.store.token_cache import tokenize_texts
from dataset.text import KEEPS, Cleaning, Vocab

PHRASES = {"phrases": phrases, "phrases-small": phrases_small}
SHOWN = 4  # texts to try a model on, where the data has no samples of its own
POLAR_NAMES = (phrases.LABEL_NAMES, ["neg", "pos"], ["0", "1"])  # of the same two classes, in this order


@dataclass
class Part:
    """texts: list of N str. t: (N,) class ids. x: list of N (T,) id arrays, once they are encoded. numbers: (N,) which
    text of its source each is, from 1. groups: (N,) str, what each belongs to, or None.
    """

    texts: list
    t: np.ndarray
    x: list = field(default_factory=list)
    numbers: np.ndarray | None = None
    groups: np.ndarray | None = None

    def __post_init__(self):
        if self.numbers is None:
            self.numbers = 1 + np.arange(len(self.texts))

    def __len__(self):
        return len(self.texts)

    def take(self, index):
        """Those of `index`, an array of positions."""
        x = [self.x[i] for i in index] if self.x else []
        groups = None if self.groups is None else self.groups[index]
        return Part([self.texts[i] for i in index], self.t[index], x, self.numbers[index], groups)


@dataclass
class Data:
    """What a training needs: three parts (test may be None), the vocabulary of the first, the names of the classes, and
    a few texts to try the model on.
    """

    train: Part
    val: Part
    test: Part | None
    vocab: Vocab
    label_names: list
    samples: list


def prepare(options, rng, say=print):
    """Everything from the names in `options` (TrainOptions) to ids. DataError, ValueError where an input is wrong.

    The vocabulary is that of the training part alone; the validation part has every class in its share, and no group
    (--group-file, --group-column) with the training part. It follows from the data, these options and rng alone, so
    that models of all kinds can be compared on it. say: gets a line on duplicates, where there are any.
    """
    both, test, label_names = load_train(options.data, options.classes)
    both.groups = groups_of(both, options)
    if options.test_data is not None:
        test = load_test(options.test_data, label_names)
    both = limited(both, options.limit, len(label_names), rng)
    how = cleaning_of(options), not options.no_cache, not options.quiet
    tokens = tokens_of(both, options.data, *how)
    test_tokens = None if test is None else tokens_of(test, options.test_data or options.data, *how)

    train_index, val_index = split(both, options.validation, rng)
    if options.drop_longer is not None:
        train_index = train_index[tokens.lengths()[train_index] <= options.drop_longer]
        check_classes_left(both.t[train_index], label_names, options.drop_longer)
    vocab = tokens.build_vocab(train_index, options.vocab_size)
    both.x = encoded(tokens, vocab, options.max_len, options.keep)
    if test is not None:
        test.x = encoded(test_tokens, vocab, options.max_len, options.keep)
    found = imdb.count_duplicates(both.texts, [] if test is None else test.texts)
    if found.train or found.test or found.shared:
        in_test = "" if test is None else f", {found.test} within test, {found.shared} of test also in train"
        say(f"duplicates: {found.train} within train{in_test}")
    train, val = both.take(train_index), both.take(val_index)
    samples = PHRASES[options.data].SAMPLES if options.data in PHRASES else (test or val).texts[:SHOWN]
    return Data(train, val, test, vocab, label_names, samples)


def split_rng(options):
    """What draws the parts, and the texts of --limit: from --split-seed, or else --seed."""
    seed = options.seed if options.split_seed is None else options.split_seed
    return np.random.default_rng(seed).spawn(1)[0]


def split(part, share, rng):
    """Positions of the texts to train on, and of the share to validate; by group where there are groups. ValueError."""
    if part.groups is None:
        return stratified_split(part.t, share, rng)
    return grouped_split(part.t, part.groups, share, rng)


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


def load_train(name, classes):
    """-> Part to train on, Part to test on (None where the data set has none), names of the classes. DataError."""
    if name in PHRASES or imdb.is_source(name):
        if classes != 2:
            raise DataError(f"{name}: 2 classes found where {classes} were asked for")
        train, test = _polar(name)
        return train, test, POLAR_NAMES[0]
    texts, t, label_names = labelled_text.load_data(name, classes)
    return Part(texts, t), None, label_names


def load_test(name, label_names):
    """-> Part to score a model with these labels on: the test half of phrases and imdb, all of a file. DataError."""
    if not name:  # which would be the folder one stands in
        raise DataError("expected the name of labelled text, got an empty one")
    if name in PHRASES or imdb.is_source(name):
        if list(label_names) not in POLAR_NAMES:
            raise DataError(f"{name}: the labels are negative and positive, the model's are {', '.join(label_names)}")
        return _polar(name)[1]
    texts, t, _ = labelled_text.load_data(name, None, label_names)
    return Part(texts, t)


def _polar(name):
    """The two parts of the phrases or of imdb."""
    parts = PHRASES[name].load_data() if name in PHRASES else imdb.load_data(None if name == "imdb" else name)
    return [Part(*part) for part in parts]


def limited(part, limit, num_classes, rng):
    """`limit` of the texts, drawn with every class in its share; all, where there are no more."""
    if limit is None or limit >= len(part):
        return part
    if limit < 2 * num_classes:
        raise DataError(f"--limit: expected at least two texts of each of {num_classes} classes, got {limit}")
    return part.take(np.sort(stratified_split(part.t, limit / len(part), rng)[1]))


def cleaning_of(options):
    """The Cleaning that the options name."""
    return Cleaning(remove_stopwords=options.remove_stopwords, remove_punctuation=options.remove_punctuation)


def tokens_of(part, name, cleaning, cached, progress):
    """The `dataset.store.token_cache.TokenizedTexts` of every text. DataError naming the first text that has none."""
    tokens = tokenize_texts(part.texts, cleaning, cached, progress)
    labelled_text.check_lengths(tokens.lengths(), name, part.numbers)
    return tokens


def encoded(tokens, vocab, max_len, keep):
    """-> list of N (T,) id arrays, T <= max_len; keep: a name of `dataset.text.KEEPS`."""
    return [KEEPS[keep](ids, max_len) for ids in tokens.encode(vocab)]


def check_classes_left(t, label_names, longest):
    """DataError unless --drop-longer has left training texts of every class."""
    for class_id, name in enumerate(label_names):
        if class_id not in t:
            raise DataError(f"--drop-longer: expected texts of at most {longest} tokens labelled {name}, got none")
