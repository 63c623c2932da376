"""The arguments that several commands share: texts and how they are read, the options of a training, the model."""

import argparse
import os
import re
from dataclasses import fields

from ch_sentiment.console import as_argument, quoted, warn
from ch_sentiment.experiment import answering
from ch_sentiment.experiment.cells import register_cell
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.ensemble import Ensemble
from ch_sentiment.experiment.option import COUNT, PROBABILITY, REFUSED, flag
from ch_sentiment.experiment.options import FIELDS, GROUP_OF, TEXTS, DataOptions
from ch_sentiment.experiment.recipes import config_of
from common.cores import VARIABLE, most_processes
from dataset.chinese_words import cut_otherwise
from dataset.errors import DataError

# What `--help` shows first; all other options follow.
COMMON = ("text_column", "label_column", "test_data", "validation", "group_column")
COMMON += ("cell", "bidirectional", "layers", "hidden", "embedding", "dropout")
COMMON += ("epochs", "lr", "batch_size", "patience", "class_weight")
COMMON += ("recipe", "seed", "out", "resume", "quiet")
READING = ("text_column", "label_column", "encoding", "strict")  # how any file is read
FILE_NAME = re.compile(r"\S+\.(csv|tsv|txt|jsonl?|gz|zip|xlsx?|parquet)", re.IGNORECASE)  # hardly ever a text


def add_options(parser, names=FIELDS):
    """The texts and an argument for every option of `names`, in groups, the COMMON ones first: --vocab-size for
    vocab_size. An option that is not typed is absent from the namespace, so that `typed` can tell it from a default.
    """
    parser.usage = "%(prog)s [FILE_OR_FOLDER] [options]"
    for heading, common in (("{} options", True), ("more {} options", False)):
        for group in dict.fromkeys(GROUP_OF.values()):
            of_group = [name for name in names if GROUP_OF[name] == group and name != "data"]
            if shown := [name for name in of_group if (name in COMMON) == common]:
                listed = parser.add_argument_group(heading.format(group))
                if group == "data" and common and "data" in names:
                    add_data_argument(listed)
                for name in shown:
                    add_option(listed, FIELDS[name])


def add_data_argument(parser, default=FIELDS["data"].default):
    """FILE_OR_FOLDER of labelled text, with or without --data before it. default: for the help."""
    text = f"labelled text: {TEXTS} (default: {default})"
    parser.add_argument("file", nargs="?", default=None, metavar="FILE_OR_FOLDER", help=text)
    parser.add_argument("--data", default=argparse.SUPPRESS, metavar="FILE", help="the same")


def add_reading_options(parser):
    """The options of READING, for a command that has no other option of a training."""
    for name in READING:
        add_option(parser, FIELDS[name])


def add_option(parser, f):
    """An argument for a field made by `option`."""
    argument = {**f.metadata["argument"], "default": argparse.SUPPRESS}
    if "type" in argument:
        argument.setdefault("metavar", "X" if f.type is float else "N")
    if f.default is False:
        argument["action"] = "store_true" if f.metadata["switch"] else argparse.BooleanOptionalAction
    elif f.default is not None:
        argument["help"] += f" (default: {f.default})"
    parser.add_argument(flag(f.name), **argument)


def typed(arguments, names=FIELDS):
    """The options of `names` that were typed, of argparse's namespace: a dict by name. DataError where the texts are
    named twice.
    """
    options = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    if (file := getattr(arguments, "file", None)) is not None:
        if "data" in options:
            raise DataError(f"expected the texts to be named once, got {file} and --data {options['data']}")
        options["data"] = file
    return options


def data_options(arguments, **default):
    """The DataOptions of a command that has no other group. default: values of options that were not typed."""
    return DataOptions(**{**default, **typed(arguments, [f.name for f in fields(DataOptions)])})


def typed_config(options, varied=()):
    """The Config of the options that were typed, and of the recipe among them. DataError where one of them, or of those
    that are `varied`, is refused by the baseline that they name.
    """
    config = config_of(options)
    if config.model.model != "recurrent" and "model" not in varied:
        for name in (*options, *varied):
            if FIELDS[name].metadata["baselines"] == REFUSED:
                raise DataError(f"{flag(name)}: expected a recurrent model, got {config.model.model}")
    return config


def add_processes_argument(parser):
    """`--processes N` of a command that trains several times."""
    some = f"train N at a time, each in a process with one core (default: {VARIABLE}, else as many as there are cores)"
    parser.add_argument("--processes", type=COUNT, metavar="N", help=some)


def add_model_argument(parser, help="the folder of a training, or its model.npz"):
    """MODEL; `--with MODEL` and `--cell`, any number of times; `--processes N`."""
    parser.add_argument("model", help=help)
    also = "ask this model, too, and take the mean of the probabilities (any number of times)"
    parser.add_argument("--with", dest="others", action="append", default=[], metavar="MODEL", help=also)
    add_cells_argument(parser)
    many = "the most processes that share the work where there is much (default: one for each core)"
    parser.add_argument("--processes", type=COUNT, metavar="N", help=many)


def add_cells_argument(parser):
    """`--cell`, any number of times; `register_cells` makes them known."""
    own = "the custom cell or encoder that a model was trained with (any number of times)"
    parser.add_argument("--cell", dest="cells", action="append", default=[], metavar="PACKAGE.MODULE:CLASS", help=own)


def register_cells(options):
    """Make the classes of `--cell` known, before a model that has them is read. DataError."""
    for cell in options.cells:
        register_cell(cell)


def add_abstain_argument(parser):
    """`--abstain-below P`."""
    sure = "answer 'unsure' where no probability is P or more (default: what `train --abstain` chose; 0: never)"
    parser.add_argument("--abstain-below", type=PROBABILITY, metavar="P", help=sure)


def threshold_of(options, model):
    """The confidence below which a model is unsure: what was typed, else what the model has, else 0 (never). Prints a
    line to stderr where the answer may surprise: an ensemble without a threshold, a class called "unsure".
    """
    below, own = options.abstain_below, answering.abstain_below(model)
    if below is None and isinstance(model, Ensemble) and any(map(answering.abstain_below, model.members)):
        line = "the thresholds of single models are not those of their mean: every text is answered (--abstain-below)"
        warn(line)
    below = (own or 0.0) if below is None else below
    word = answering.word_for_unsure(model.label_names)
    if below > 0 and word != "unsure":
        warn(f"a class is called 'unsure': what is less sure than {below:.4g} is answered {word!r}")
    return below


def check_output(option, path, inputs):
    """DataError where a file cannot be written there, or would replace one of those that are read (None: none)."""
    if not path or os.path.isdir(path) or not os.path.isdir(os.path.dirname(path) or "."):
        got = "a folder" if os.path.isdir(path) else "one in a folder that is not there" if path else "an empty one"
        raise DataError(f"{option} {path}: expected the name of a file, got {got}")
    for given in inputs:
        if given is not None and os.path.exists(path) and os.path.exists(given) and os.path.samefile(path, given):
            raise DataError(f"{option} {path}: expected another file than {given}, which is read")


def load_model(options):
    """-> Classifier, or Ensemble of it and the others. CheckpointError; DataError where their labels differ; ValueError
    for --processes where there can be but one.
    """
    most_processes(options.processes)  # before the model is read
    register_cells(options)
    model, *others = map(Classifier.load, [options.model, *options.others])
    for path, each in zip([options.model, *options.others], (model, *others)):
        each.processes = options.processes
        if each.cleaning.tokenizer == "words" and (lost := cut_otherwise(each.vocab.words)):
            lost_words = f"{len(lost):,} of its words would be cut, such as {lost[0]}"
            warn(f"{path}: trained with another version of rjieba: by this one {lost_words}")
    for path, other in zip(options.others, others):
        if other.label_names != model.label_names:
            wanted, came = ", ".join(model.label_names), ", ".join(other.label_names)
            raise DataError(f"--with {path}: expected a model of the labels {wanted}, got {came}")
    return Ensemble([model, *others]) if others else model


def add_text_argument(parser, **argument):
    """TEXT, which may begin with a dash where -- stands before it."""
    parser.add_argument("text", **argument)
    parser.hint = 'a text that begins with a dash stands behind --, as in: -- "-text"'


def refuse_names_of_files(options, texts, instead):
    """DataError for a text that is the name of a file or a folder, unless -- stands before it. instead: what the person
    may have meant, {} for the name of a file.
    """
    for text in texts:
        there = os.path.exists(text)
        if (there or FILE_NAME.fullmatch(text)) and text not in getattr(options, "after_dashes", ()):
            got = "a folder" if os.path.isdir(text) else "a file" if there else "a file that is not there"
            way_out = f"-- {quoted(text)} for this text itself"
            if there:
                way_out = f"give {instead.format(as_argument(text))}, or {way_out}"
            raise DataError(f"expected a text, got the name of {got}, {text}: {way_out}")
