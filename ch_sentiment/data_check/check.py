"""All checks of labelled texts, whose findings are a list of suspected rows."""

import re
from dataclasses import dataclass, field

import numpy as np

from ch_sentiment.data_check.duplicates import find_duplicates
from ch_sentiment.data_check.label_errors import FOLDS, LabelErrors, find_label_errors
from ch_sentiment.data_check.overview import Lengths, VectorCoverage, classes_of, lengths_of, vector_coverage
from ch_sentiment.experiment.options import ModelOptions
from common.processes import map_on_cores
from dataset.mojibake import repair
from dataset.scripts import NONE, main_scripts
from dataset.store.token_cache import tokenize_texts

LABEL_ERROR, DUPLICATE, NEAR_DUPLICATE = "label error", "duplicate", "near duplicate"
WORDLESS, MOJIBAKE, OTHER_SCRIPT = "no word", "mojibake", "other script"
KINDS = (LABEL_ERROR, DUPLICATE, NEAR_DUPLICATE, WORDLESS, MOJIBAKE, OTHER_SCRIPT)
RARE_SCRIPT = 0.05  # share of the texts below which a script is reported
REPLACEMENT = "\ufffd"  # what decoders write for bytes that they cannot read
_CONTROLS = re.compile("[\x80-\x9f]")  # dashes and quotes of Windows-1252, read as Latin-1


@dataclass(frozen=True)
class Suspect:
    """A row that may be wrong. kind: one of KINDS. name: of its file. line: its number there.

    suggested, p_label, p_suggested: of a label error, the probabilities from a model that has not seen the text.
    in_test: whether it stands in the test part. other, other_label, similarity: of a duplicate, the row of the file
    that it repeats. detail: the script, or what shows mojibake.
    """

    kind: str
    name: str
    line: int
    label: str
    text: str
    suggested: str | None = None
    p_label: float | None = None
    p_suggested: float | None = None
    in_test: bool = False
    other: int | None = None
    other_label: str | None = None
    similarity: float | None = None
    detail: str | None = None


@dataclass
class Report:
    """What was found. name, test_name: of the data. texts, test_texts: how many. suspects: list of Suspect, in the
    order of KINDS, label errors the most probable first, other kinds in the order of the file.
    """

    name: str
    texts: int
    classes: list
    lengths: Lengths
    scripts: dict  # name of a script -> number of texts, the most frequent first
    label_errors: LabelErrors
    unit: str = "line"
    left_out: dict = field(default_factory=dict)
    test_name: str | None = None
    test_texts: int = 0
    vectors: VectorCoverage | None = None
    suspects: list = field(default_factory=list)

    def of(self, *kinds, in_test=False):
        """The suspects of some kinds in the file itself, or those of the test part."""
        return [s for s in self.suspects if s.kind in kinds and s.in_test == in_test]


def check(data, embedding=None, folds=FOLDS, seed=0, cached=True, progress=None):
    """-> Report of LabelledTexts.

    embedding: the word vectors whose coverage is wanted, or None. folds: of the cross-validation; 0: label errors are
    not looked for. cached: keep the tokens of long data. progress: (iterable, what is done) -> the same iterable, with
    a bar. DataError where there are no such vectors.
    """
    watch = progress or (lambda items, doing: items)
    train, test, N = data.texts, data.test, len(data.texts)
    texts = [*train.texts, *(test.texts if test else [])]
    all_tokens = tokenize_texts(texts, None, cached, progress is not None, map_on_cores)
    tokens = all_tokens.take(np.arange(N)) if test else all_tokens
    lengths = tokens.lengths()
    vocab = tokens.build_vocab(None, ModelOptions().vocab_size)
    # Before the long work, so that a wrong name fails at once.
    vectors = None if embedding is None else vector_coverage(embedding, tokens, vocab)
    streams = np.random.default_rng(seed).spawn(2)
    duplicates, cluster = find_duplicates(texts, all_tokens, N, streams[0], lambda b: watch(b, "comparing texts"))
    errors = find_label_errors(
        tokens.encode(vocab),
        train.t,
        data.label_names,
        cluster[:N],
        len(vocab),
        folds,
        streams[1],
        lambda b: watch(b, "cross-validating"),
    )
    scripts = main_scripts(tokens)
    return Report(
        name=data.name,
        texts=N,
        classes=classes_of(train.t, data.label_names, lengths),
        lengths=lengths_of(lengths),
        scripts=_counted(scripts),
        label_errors=errors,
        unit=train.unit,
        left_out=train.left_out,
        test_name=data.test_name if test else None,
        test_texts=len(test) if test else 0,
        vectors=vectors,
        suspects=_suspects(data, errors, duplicates, lengths, scripts),
    )


def _suspects(data, errors, duplicates, lengths, scripts):
    """-> list of Suspect in the order of `Report.suspects`. lengths, scripts: (N,) of the texts of LabelledTexts."""
    rows, texts = _Rows(data), data.texts.texts
    found = [*rows.label_errors(errors)]
    for exact in (True, False):
        found += [rows.duplicate(d) for d in duplicates if d.exact == exact]
    found += [rows.suspect(i, WORDLESS) for i in np.flatnonzero(lengths == 0)]
    broken = {i: why for i, text in enumerate(texts) if (why := decoding_error(text))}
    found += [rows.suspect(i, MOJIBAKE, detail=why) for i, why in broken.items()]
    rare = {name for name, n in _counted(scripts).items() if name != NONE and n < RARE_SCRIPT * len(texts)}
    return found + [rows.suspect(i, OTHER_SCRIPT, detail=s) for i, s in enumerate(scripts) if s in rare]


def decoding_error(text):
    """What shows that a text was decoded with a wrong encoding, in words; None where nothing certain does."""
    if text.isascii():
        return None
    if REPLACEMENT in text:
        return "replacement characters"
    if _CONTROLS.search(text):
        return "control characters of Latin-1"
    return "UTF-8 read otherwise" if repair(text) != text else None


def _counted(scripts):
    """name of a script -> number of texts, the most frequent first."""
    names, counts = np.unique(scripts, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {str(names[i]): int(counts[i]) for i in order}


class _Rows:
    """Suspects by position among the texts of LabelledTexts, those of the test part after the others."""

    def __init__(self, data):
        self.data, self.size = data, len(data.texts)

    def at(self, i):
        """-> name of the file, line, label, text."""
        test = i >= self.size
        part, name = (self.data.test, self.data.test_name) if test else (self.data.texts, self.data.name)
        i -= self.size * test
        return name, int(part.numbers[i]), self.data.label_names[part.t[i]], part.texts[i]

    def suspect(self, i, kind, **more):
        return Suspect(kind, *self.at(i), **more)

    def label_errors(self, errors):
        for i in errors.ranked:
            given, suggested = self.data.texts.t[i], errors.suggested[i]
            p = errors.probabilities[i]
            found = {"p_label": float(p[given]), "p_suggested": float(p[suggested])}
            yield self.suspect(i, LABEL_ERROR, suggested=self.data.label_names[suggested], **found)

    def duplicate(self, d):
        _, line, label, _ = self.at(d.other)
        found = {"other": line, "other_label": label, "similarity": d.similarity, "in_test": d.position >= self.size}
        return self.suspect(d.position, DUPLICATE if d.exact else NEAR_DUPLICATE, **found)
