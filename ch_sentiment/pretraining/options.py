"""The options of a pretraining: one dataclass, from which the command line, config.json and resuming are made."""

from dataclasses import dataclass, field, fields, replace

from ch_sentiment import model
from ch_sentiment.experiment.option import (
    COUNT,
    LAYERS,
    NOT_NEGATIVE,
    POSITIVE,
    SEED,
    SHARE,
    SIZE,
    check_saved,
    flag,
    option,
)
from common.arrays.checks import described
from dataset.errors import DataError
from dataset.text import TOKENIZERS

LANGUAGE_MODEL, SKIP_GRAM, AUTOENCODER = TASKS = ("language-model", "skip-gram", "autoencoder")
CELLS = [name for name, cell in model.CELLS.items() if hasattr(cell, "init_params")]  # recurrent layers
# What an option is where it is not given, by the task; steps in words, batch_size in texts or pieces of them.
BY_TASK = {
    LANGUAGE_MODEL: {"epochs": 2, "lr": 0.003, "steps": 50},
    SKIP_GRAM: {"epochs": 5, "lr": 0.02, "steps": 128},
    AUTOENCODER: {"epochs": 2, "lr": 0.003, "steps": 100},
}
ONLY_SKIP_GRAM = ("window", "negative", "subsample")
NOT_SKIP_GRAM = ("cell", "bidirectional", "backward", "layers", "hidden", "tied", "sampled", "dropout")
MAY_CHANGE = ("epochs", "save_every", "no_cache", "quiet")  # of a resumed pretraining


@dataclass
class PretrainOptions:
    """data: list of str, the names of the texts. The help of each other option says what it is."""

    data: list = field(default_factory=list)
    task: str = option(LANGUAGE_MODEL, "what is learnt: the next word, word vectors, or the text itself", choices=TASKS)
    text_column: str = option(None, "the column of the texts: a name in the header, or a number from 1", metavar="NAME")
    encoding: str = option(None, "encoding of the files, if not UTF-8: gbk, latin-1 ...", metavar="NAME")
    validation: float = option(0.02, "share of the words, as whole texts, that only measure", type=SHARE)
    vocab_size: int = option(20000, "size of the vocabulary: the N most frequent words", type=COUNT)
    tokenizer: str = option("characters", "what Chinese is read as; words need the extra zh", choices=list(TOKENIZERS))
    wordvec: int = option(64, "size of a word vector", type=COUNT)
    cell: str = option("lstm", "the recurrent cell", choices=CELLS)
    hidden: int = option(64, "size of the recurrent state, in each direction", type=COUNT)
    layers: int = option(1, "recurrent layers on top of each other", type=LAYERS)
    bidirectional: bool = option(False, "two language models, the second from the last word to the first", switch=True)
    backward: bool = option(False, "one language model, from the last word to the first", switch=True)
    tied: bool = option(False, "one vector of a word, read or predicted (--wordvec as --hidden)", switch=True)
    sampled: int = option(1024, "words drawn for the softmax of a training step (0: all words)", type=SIZE)
    dropout: float = option(0.0, "share dropped of word vectors, between layers and before the softmax", type=SHARE)
    window: int = option(5, "skip-gram: words on each side that a word predicts", type=COUNT)
    negative: int = option(5, "skip-gram: negative words of each pair", type=COUNT)
    subsample: float = option(1e-4, "skip-gram: of words more frequent than X some are left out", type=NOT_NEGATIVE)
    steps: int = option(
        None,
        "words of a step of truncated BPTT (50), of a piece (skip-gram: 128), of a text (autoencoder: 100)",
        type=COUNT,
    )
    epochs: int = option(None, "passes over the texts (default: 2, of skip-gram 5)", type=COUNT)
    lr: float = option(None, "learning rate of Adam (default: 0.003, of skip-gram 0.02)", type=POSITIVE)
    batch_size: int = option(64, "texts, or pieces of texts, per step", type=COUNT)
    clip: float = option(1.0, "largest common norm of the gradients", type=POSITIVE)
    seed: int = option(0, "one seed, one result", type=SEED)
    resume: str = option(
        None,
        "continue the pretraining in this folder, with its own settings; of all others --epochs (N in all), "
        "--save-every, --no-cache and --quiet may be given",
        metavar="FOLDER",
    )
    save_every: float = option(10.0, "save for --resume at least this often", type=NOT_NEGATIVE, metavar="MINUTES")
    out: str = option(None, "folder for the result (default: a new one below runs/)", metavar="FOLDER")
    overwrite: bool = option(False, "write into --out even if it is not empty", switch=True)
    no_cache: bool = option(False, "do not store the tokens of long data", switch=True)
    quiet: bool = option(False, "no table and no progress: only the result", switch=True)

    @classmethod
    def of(cls, typed):
        """From options by name; what depends on the task is filled in. DataError where they do not fit each other."""
        options = cls(**{**BY_TASK[typed.get("task", LANGUAGE_MODEL)], **typed})
        options.check(typed)
        return options

    @classmethod
    def saved(cls, options):
        """From options by name as a file holds them. TypeError or DataError where none can be so."""
        data, by_task = options["data"], BY_TASK[LANGUAGE_MODEL]
        if not isinstance(data, list) or not data or not all(isinstance(name, str) for name in data):
            raise DataError(f"expected names of texts, got {described(data)}")
        found = cls(**options)
        for name, f in FIELDS.items():
            check_saved(f, getattr(found, name))
            if name in by_task and getattr(found, name) is None:
                raise DataError(f"{flag(name)}: expected a number, got None")
        found.check(())
        return found

    def check(self, typed):
        """DataError for options that are wrong whatever the texts are. typed: names of those that were given."""
        others = NOT_SKIP_GRAM if self.task == SKIP_GRAM else ONLY_SKIP_GRAM
        for name in typed:
            if name in others:
                raise DataError(f"{flag(name)}: expected another --task, got {self.task}")
        if self.vocab_size < 3:
            expected = "expected at least 3 (the end of a text, unknown and a word)"
            raise DataError(f"--vocab-size: {expected}, got {self.vocab_size}")
        if not self.validation > 0:
            raise DataError(f"--validation: expected a share above 0, got {self.validation}")
        if self.tied and self.wordvec != self.hidden:
            raise DataError(f"--tied: expected --wordvec as --hidden, got {self.wordvec} and {self.hidden}")
        if self.bidirectional and (self.backward or self.layers > 1 or self.task == AUTOENCODER):
            expected = "expected --layers 1, --task language-model and no --backward beside it"
            got = f"{self.layers}, {self.task}{' and --backward' if self.backward else ''}"
            raise DataError(f"--bidirectional: {expected}, got {got}")
        if self.bidirectional and self.batch_size % 2:
            raise DataError(f"--bidirectional: expected an even --batch-size, got {self.batch_size}")

    def net(self):
        """What a net must have in common with it to start from its result, by name."""
        net = {"task": self.task, "wordvec": self.wordvec, "tokenizer": self.tokenizer}
        if self.task != SKIP_GRAM:
            net |= {"cell": self.cell, "hidden": self.hidden, "layers": self.layers}
            net["bidirectional"] = self.bidirectional or self.backward
        return net

    def changed(self, typed):
        """A copy with those of a resumed pretraining. DataError for an option that may not change."""
        fixed = [name for name in typed if name not in (*MAY_CHANGE, "resume")]
        if fixed:
            names, free = (", ".join(map(flag, some)) for some in (fixed, MAY_CHANGE))
            raise DataError(f"--resume: expected nothing beside it but {free}, got {names}: settings are kept")
        return replace(self, **{name: value for name, value in typed.items() if name != "resume"})


FIELDS = {f.name: f for f in fields(PretrainOptions) if f.name != "data"}
