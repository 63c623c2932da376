"""The configuration of a training: five groups of options, from which the command line, recipes and files are made.

A function takes the group that it needs. By name ("hidden", "lr") an option belongs to one group alone, so a recipe, a
config.json and what was typed are plain dicts, which `Config.of` sorts into the groups.
"""

import functools
from dataclasses import asdict, dataclass, field, fields, replace

from ch_sentiment.experiment.option import (
    CLASSES,
    CORRECT,
    COUNT,
    IGNORED,
    LAYERS,
    NOT_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    REFUSED,
    SEED,
    SHARE,
    SIZE,
    option,
    share,
)
from ch_sentiment.model import CELLS, POOLS
from common.arrays.checks import plain_number
from common.optimizer import SGD, AdaDelta, AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSprop
from common.training.schedules import constant, cosine
from dataset.text import KEEPS, TOKENIZERS, Cleaning

SCHEDULES = {"constant": constant, "cosine": cosine}
OPTIMIZERS = {c.__name__.lower(): c for c in (SGD, Momentum, Nesterov, AdaGrad, AdaDelta, RMSprop)}
# lazy: with which all documented results were found
OPTIMIZERS |= {"adam": functools.partial(Adam, lazy=True), "adamw": functools.partial(AdamW, lazy=True)}
MODELS = ("recurrent", "bow", "nbsvm")
BALANCES, KEPT = ("labelled", "none"), ("auto", "best", "last")
WIDE_READS = 10_000  # words of a text that the linear part of --wide reads, as the recipe nbsvm
TEXTS = "a .tsv, .csv or .jsonl file, a folder of class folders, 'imdb', 'phrases' or 'phrases-small'"


@dataclass
class DataOptions:
    """Which texts are trained on, and which of them are held out."""

    data: str = option("phrases", f"labelled text: {TEXTS}", metavar="FILE")
    text_column: str = option(None, "the column of the texts: a name in the header, or a number from 1", metavar="NAME")
    label_column: str = option(None, "the column of the labels", metavar="NAME")
    test_data: str = option(None, "labelled text that is scored once, after training", metavar="FILE")
    validation: float = option(0.1, "share that is held out, on which the best epoch is chosen (0: none)", type=SHARE)
    group_column: str = option(
        None, "the column of what each text belongs to (a film, an author): no group is split", metavar="NAME"
    )
    group_file: str = option(None, "the group of each text, from a file with a line for each", metavar="FILE")
    weight_column: str = option(None, "the column of the weight of each text in the loss", metavar="NAME")
    encoding: str = option(None, "encoding of the files, if not UTF-8: gbk, latin-1 ...", metavar="NAME")
    strict: bool = option(False, "refuse data with rows that cannot be used, instead of leaving these out", switch=True)
    classes: int = option(None, "refuse data with another number of labels", type=CLASSES)
    split_seed: int = option(None, "draw the validation part by this seed (default: --seed)", type=SEED)
    limit: int = option(None, "train on N texts only, drawn at random", type=COUNT, metavar="N")


@dataclass
class ModelOptions:
    """The model: its vocabulary, its layers and their sizes."""

    model: str = option("recurrent", "a recurrent net, or what `sentifish baseline` trains", choices=MODELS)
    cell: str = option(
        "lstm",
        f"the recurrent cell, or encoder: {', '.join(CELLS)}, or a custom one as package.module:Class",
        metavar="NAME",
        baselines=REFUSED,
    )
    bidirectional: bool = option(False, "read every text in both directions", baselines=REFUSED)
    layers: int = option(1, "layers (of a Transformer: blocks) on top of each other", type=LAYERS, baselines=REFUSED)
    pool: str = option("max-mean", "how the steps of a text become one vector", choices=POOLS, baselines=REFUSED)
    softmax: bool = option(False, "a score for each class, also where there are two", baselines=IGNORED)
    hidden: int = option(64, "size of the recurrent state, in each direction", type=COUNT, baselines=IGNORED)
    wordvec: int = option(64, "size of a word vector", type=COUNT)
    pairvec: int = option(0, "size of a second vector, of each word with the one before", type=SIZE, baselines=REFUSED)
    max_pairs: int = option(2_000_000, "at most N pairs of words, those in the most texts", type=COUNT)
    naive_bayes: bool = option(
        False, "start an element of each vector, of words and pairs, at its naive-Bayes ratio", baselines=REFUSED
    )
    ngrams: int = option(
        None, "words of the longest n-gram of nbsvm (default: 2) and of --wide (default: 3)", type=COUNT
    )
    wide: bool = option(False, "add the scores of a linear model on words and n-grams, fitted apart", baselines=REFUSED)
    vocab_size: int = option(20000, "size of the vocabulary: the N most frequent words", type=COUNT)
    max_len: int = option(400, "longer texts are cut to N words", type=COUNT)
    keep: str = option("head-and-tail", "what is kept of a text that is cut", choices=list(KEEPS))
    embedding: str = option(
        None,
        "start from word vectors: glove.50, .100, .200 or .300, a file of vectors (whose size counts), one-hot, or "
        "ppmi: what the texts themselves tell of their words, by PPMI and SVD",
        metavar="NAME",
        baselines=REFUSED,
    )
    freeze_embedding: bool = option(False, "leave the word vectors as they are", baselines=REFUSED)
    remove_stopwords: bool = option(False, "leave out function words, but keep negations")
    remove_punctuation: bool = option(False, "leave out ! and ?, too")
    tokenizer: str = option("characters", "what Chinese is read as; words need the extra zh", choices=list(TOKENIZERS))
    dropout: float = share(0.5, "share dropped of embeddings, between layers and before the head")
    embed_dropout: float = share(None, "share dropped of embeddings (default: that of --dropout)")
    type_dropout: bool = option(False, "drop of each word the same wherever it stands in a batch", baselines=REFUSED)
    word_dropout: float = share(0.0, "share of words read as unknown while training")

    @property
    def reads(self):
        """How many words of a text are read: with a linear part, which reads more than the net beside it, by that."""
        return max(self.max_len, WIDE_READS) if self.wide else self.max_len

    @property
    def cleaning(self):
        """The Cleaning of the texts."""
        names = ("remove_stopwords", "remove_punctuation", "tokenizer")
        return Cleaning(**{name: getattr(self, name) for name in names})


@dataclass
class TrainingOptions:
    """How the model is trained."""

    drop_longer: int = option(None, "leave out training texts of more than N words", type=COUNT)
    adversarial: float = option(
        0.0, "read each batch again, its vectors moved by X towards a larger loss", type=NOT_NEGATIVE, baselines=REFUSED
    )
    virtual_adversarial: float = option(
        0.0,
        "read each batch again, and as many texts of --unlabelled, their vectors moved by X towards another answer",
        type=NOT_NEGATIVE,
        baselines=REFUSED,
    )
    entropy: float = option(
        0.0, "how much the doubt of the answers counts in the loss", type=NOT_NEGATIVE, baselines=REFUSED
    )
    class_weight: str = option(
        None,
        "weights of the classes in the loss. balanced: every class counts the same in total, however few its texts are",
        choices=["balanced"],
    )
    optimizer: str = option("adam", "the optimizer", choices=list(OPTIMIZERS))
    lr: float = option(0.003, "learning rate", type=POSITIVE)
    layer_decay: float = option(
        1.0, "the rate of each layer is X times that of the layer above it", type=CORRECT, baselines=REFUSED
    )
    schedule: str = option("constant", "how the learning rate changes after the warm-up", choices=list(SCHEDULES))
    batch_size: int = option(64, "texts per step", type=COUNT)
    epochs: int = option(15, "at most N passes over the data", type=COUNT, may_change=True)
    average: float = option(
        0.998, "score and keep an exponential mean of the weights, of decay X per step (0.999, say)", type=SHARE
    )
    patience: int = option(2, "stop after N epochs without a better validation loss (not if last is kept)", type=COUNT)
    keep_epoch: str = option("auto", "best on validation; last: fitted; auto: last where few validate", choices=KEPT)
    clip: float = option(1.0, "largest common norm of the gradients", type=POSITIVE)
    clip_value: float = option(None, "largest size of each element of a gradient", type=POSITIVE)


@dataclass
class UnlabelledOptions:
    """Texts without labels, and what is learnt from them."""

    unlabelled: str = option(None, "texts without labels, one a line, to learn from, too", metavar="FILE")
    init_from: str = option(
        None, "start from the word vectors and layers of `sentifish pretrain`", metavar="FOLDER", baselines=REFUSED
    )
    leave_out: str = option(None, "texts to leave out of --unlabelled: those that will be scored", metavar="FILE")
    teacher: tuple = option(
        None,
        "self-training: models that label these texts (default: the training makes its own, NB-SVM and the net)",
        nargs="+",
        action="extend",
        metavar="MODEL",
    )
    rounds: int = option(
        None, "rounds of self-training (default: 1; 0 beside --virtual-adversarial or --entropy)", type=SIZE
    )
    student_epochs: int = option(None, "at most N passes of a student over its texts (default: --epochs)", type=COUNT)
    confidence: float = option(0.75, "learn from texts that the teachers are so sure of", type=PROBABILITY)
    class_balance: str = option(
        "labelled", "labelled: learn as many of each class as fit the labelled texts. none: all", choices=BALANCES
    )
    unlabelled_weight: float = option(0.5, "what such a text counts beside a labelled one", type=POSITIVE)


@dataclass
class RunOptions:
    """One run of a training: its seed, its output folder, and what is done after it."""

    recipe: str = option(
        None,
        "start from the settings of a recipe: `sentifish recipes` lists them; auto chooses one by number and length of "
        "the texts (default: auto where no option of model or training is given, else default)",
        metavar="NAME",
    )
    seed: int = option(0, "one seed, one result", type=SEED)
    calibrate: bool = option(
        False, "after training, fit a temperature on the validation part, so that confidence matches accuracy"
    )
    abstain: float = option(
        None,
        "after training, choose on the validation part how sure an answer must be so that this share of them is right; "
        "less sure ones are 'unsure'",
        type=CORRECT,
        metavar="SHARE",
    )
    device: str = option(
        "cpu", "where it trains: gpu by CuPy", choices=("cpu", "gpu"), baselines=REFUSED, may_change=True
    )
    resume: str = option(
        None,
        "continue the training in this folder, with its own settings; of all others --epochs (N in all), --device, "
        "--save-every, --processes, --no-cache, --quiet and a custom --cell may be given. With another number of "
        "epochs the learning rate follows, from the next step on, the schedule of that number",
        metavar="RUN_FOLDER",
    )
    save_every: float = option(
        10.0,
        "save the training for --resume at least this often within an epoch",
        type=NOT_NEGATIVE,
        metavar="MINUTES",
        may_change=True,
    )
    out: str = option(None, "folder for the result (default: a new one below runs/)", metavar="FOLDER")
    overwrite: bool = option(False, "write into --out even if it is not empty", switch=True)
    processes: int = option(
        None,
        "train with so many processes, which share every batch (default: what is fastest here; SENTIFISH_PROCESSES)",
        type=COUNT,
        metavar="N",
        may_change=True,
    )
    no_cache: bool = option(False, "do not store the tokens of long data", may_change=True, switch=True)
    quiet: bool = option(False, "no table and no progress: only the result", may_change=True, switch=True)


@dataclass
class Config:
    """All five groups. The defaults train an LSTM on the phrases in seconds, and on 25,000 film reviews in minutes."""

    data: DataOptions = field(default_factory=DataOptions)
    model: ModelOptions = field(default_factory=ModelOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    unlabelled: UnlabelledOptions = field(default_factory=UnlabelledOptions)
    run: RunOptions = field(default_factory=RunOptions)

    @classmethod
    def of(cls, values=None, **more):
        """From options by name, in a dict, as keywords, or both; the others have their defaults. TypeError for a name
        that is none.
        """
        return cls().with_(**{**(values or {}), **more})

    def with_(self, **values):
        """A copy with other values of some options. TypeError for a name that is none."""
        if unknown := sorted(set(values) - set(FIELDS)):
            raise TypeError(f"Config: expected options of {', '.join(FIELDS)}, got {', '.join(unknown)}")
        parts = {group: {} for group in GROUPS}
        for name, value in values.items():
            parts[GROUP_OF[name]][name] = plain_number(value)
        return Config(**{group: replace(getattr(self, group), **part) for group, part in parts.items()})

    def by_name(self):
        """All options in one dict, as config.json holds them."""
        return {name: value for group in asdict(self).values() for name, value in group.items()}

    def changes(self):
        """Those that differ from the defaults, by name."""
        return {name: value for name, value in self.by_name().items() if value != FIELDS[name].default}

    @property
    def split_seed(self):
        """The seed that draws the validation part."""
        return self.run.seed if self.data.split_seed is None else self.data.split_seed


GROUPS = {"data": DataOptions, "model": ModelOptions, "training": TrainingOptions}
GROUPS |= {"unlabelled": UnlabelledOptions, "run": RunOptions}
GROUP_OF = {f.name: group for group, options in GROUPS.items() for f in fields(options)}
FIELDS = {f.name: f for options in GROUPS.values() for f in fields(options)}  # by name
MAY_CHANGE = [name for name, f in FIELDS.items() if f.metadata["may_change"]]
