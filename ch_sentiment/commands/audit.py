"""Does an answer change when only a person in the text changes? `sentifish audit` asks, and writes the model card.

It cannot show that a model is fair, only that it is not: docs/audit.md.
"""

import io
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ch_sentiment.audit import gaps as audit_gaps
from ch_sentiment.audit import model_card
from ch_sentiment.audit.words import DIMENSIONS, SENTENCES
from ch_sentiment.console import drawing, printable
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.corpus import encoded, tokens_of
from ch_sentiment.experiment.load import groups_of, load_test
from ch_sentiment.experiment.run_folder import CARD, MODEL
from common.files.atomic_write import write_atomically
from dataset.errors import DataError

HELP = "see whether answers depend on a person's gender, name, origin or religion, and write a model card"
SEED = 0  # of the bootstrap
SHOWN = 30  # subgroups in table and card; JSON has all


def add_arguments(parser):
    parser.add_argument("model", help="the folder of a training, or its model.npz")
    parser.add_argument("--label", metavar="NAME", help="whose probability is compared (default: the last label)")
    parser.add_argument("--data", metavar="FILE", help="labelled text: the accuracy of each group of its texts, too")
    parser.add_argument("--group-column", metavar="NAME", help="the group of each text: a further column of --data")
    parser.add_argument("--group-file", metavar="FILE", help="the same, a line for each text")
    parser.add_argument("--no-cache", action="store_true", help="do not keep the tokens of long data")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")


@dataclass(frozen=True)
class Audit:
    """label: whose probability is compared. sentences: so many. known: the share of their own words that the model
    knows. dimensions: list of DimensionGaps. subgroups: list of Subgroup, or None without data.
    """

    label: str
    sentences: int
    known: float
    dimensions: list
    subgroups: list | None


def run(options):
    """Print what is found, write audit.png and the model card beside the model; -> exit code 0.

    CheckpointError, DataError, OSError.
    """
    if (options.data is None) != (options.group_column is None and options.group_file is None):
        raise DataError("--data: expected it together with --group-column or --group-file, got one without the other")
    model = Classifier.load(options.model)
    label = label_of(model, options.label)
    audit = examine(model, label, None if options.data is None else subgroups(model, options, label))
    file = Path(options.model, MODEL) if os.path.isdir(options.model) else Path(options.model)
    folder, picture = file.parent, draw(audit)
    sections = model_card.sections_of(model, file, audit)
    contents = model_card.markdown(sections).encode(), model_card.html_page(sections, picture).encode(), picture
    print(json.dumps(asdict(audit)) if options.json else "\n".join(table(audit)), flush=True)  # it took its time
    for name, content in zip(CARD, contents):
        write_atomically(folder / name, [content])
    if not options.json:
        print(f"written to {printable(str(folder))}: {', '.join(CARD)}")
    return 0


def label_of(model, name):
    """The class id of the label whose probability is compared. DataError."""
    if name is None:
        return len(model.label_names) - 1
    if name not in model.label_names:
        raise DataError(f"--label: expected one of {', '.join(model.label_names)}, got {name!r}")
    return model.label_names.index(name)


def examine(model, label, subgroups=None):
    """-> Audit of a Classifier, for one class id."""
    sentences = [sentence for some in SENTENCES.values() for sentence in some]
    streams = np.random.default_rng(SEED).spawn(len(DIMENSIONS))
    found = [audit_gaps.gaps_of(model, some, sentences, label, rng) for some, rng in zip(DIMENSIONS, streams)]
    known = audit_gaps.share_known(model, sentences)
    return Audit(model.label_names[label], len(sentences), known, found, subgroups)


def subgroups(model, options, label):
    """-> list of Subgroup of the texts of --data. DataError."""
    part = load_test(options.data, model.label_names)
    groups = groups_of(part, options)
    tokens = tokens_of(part, options.data, model.cleaning, cached=not options.no_cache, progress=not options.json)
    scores = model.scores(encoded(tokens, model.vocab, model.max_len, model.keep))
    predicted = scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0).astype(int)
    return audit_gaps.subgroups_of(predicted, part.t, groups, label)


def table(audit):
    """The lines for reading."""
    yield f"gap: probability of {printable(audit.label)} above or below the mean of the dimension, in points of 100"
    yield f"{audit.sentences} sentences; the model knows {audit.known:.0%} of their own words"
    for dimension in audit.dimensions:
        turned = "" if dimension.turned is None else f" (the label turns in {dimension.turned:.0%} of sentences)"
        yield f"\n{dimension.name}{turned}"
        yield f"{'group':<30} {'words known':>12} {'gap':>7} {'95 % interval':>17} {'worst':>7}"
        for g in dimension.groups:
            words = f"{g.known} of {g.known + len(g.unknown)}"
            if g.gap is None:
                yield f"{g.group:<30} {words:>12}  nothing can be said: no words to compare that the model knows"
                continue
            between = f"{100 * g.low:+.2f} to {100 * g.high:+.2f}"
            yield f"{g.group:<30} {words:>12} {100 * g.gap:>+7.2f} {between:>17} {100 * g.worst:>+7.2f}"
    if audit.subgroups is None:
        return
    yield f"\n{'group of texts':<30} {'texts':>7} {'accuracy':>9} {'95 % interval':>17} {'true':>7} {'answered':>9}"
    for s in audit.subgroups[:SHOWN]:
        between = f"{100 * s.low:.1f} to {100 * s.high:.1f}"
        shares = f"{s.true_share:>7.1%} {s.answered_share:>9.1%}"
        yield f"{printable(s.group)[:30]:<30} {s.n:>7,} {s.accuracy:>9.1%} {between:>17} {shares}"
    if len(audit.subgroups) > SHOWN:
        yield f"... and {len(audit.subgroups) - SHOWN:,} smaller groups (--json tells all)"


def draw(audit):
    """-> the bytes of audit.png."""
    picture = io.BytesIO()
    with drawing():
        gap_chart(audit).figure.savefig(picture, dpi=150, format="png")
    return picture.getvalue()


def gap_chart(audit, ax=None):
    """A row for each group: its gap with the interval as a line, its worst sentence as a cross. -> Axes."""
    from common import plot

    ax = ax or plot.new_axes(7.2, 1.4 + 0.24 * sum(len(d.groups) + 1 for d in audit.dimensions))
    y, ticks, names, rows = 0, [], [], []
    for dimension in audit.dimensions:
        ax.text(0.01, y, dimension.name, transform=ax.get_yaxis_transform(), va="center", weight="bold", fontsize=9)
        for g in dimension.groups:
            y += 1
            ticks.append(y)
            names.append(g.group if g.gap is not None else f"{g.group} (not known)")
            if g.gap is not None:
                rows.append((y, *(100 * x for x in (g.gap, g.low, g.high, g.worst))))
        y += 1
    if rows:
        at, gap, low, high, worst = zip(*rows)
        ax.hlines(at, low, high, color=plot.BLUE, linewidth=2, label="95 % interval")
        ax.plot(gap, at, "o", color=plot.BLUE, markersize=5, label="mean gap")
        ax.plot(worst, at, "x", color=plot.ORANGE, markersize=5, label="worst sentence")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False)
    widest = max([1.0, *(abs(x) for row in rows for x in row[1:])])
    ax.axvline(0, color="0.4", linewidth=1, zorder=0)
    ax.set_xlim(-1.08 * widest, 1.08 * widest)
    ax.set_ylim(y - 0.4, -0.7)
    ax.set_yticks(ticks, names, fontsize=9)
    ax.grid(axis="y", color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_xlabel(f"probability of {printable(audit.label)[:40]}, difference in points of 100", parse_math=False)
    return ax
