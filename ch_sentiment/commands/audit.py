"""Test whether answers change when only the person in a text changes, and write the model card.

The test can show that a model is unfair, never that it is fair: docs/audit.md.
"""

import json
from dataclasses import asdict
from pathlib import Path

from ch_sentiment.audit import card_forms, model_card
from ch_sentiment.audit.gaps import examine, subgroups_of
from ch_sentiment.commands.arguments import add_model_argument, add_reading_options, data_options, load_model
from ch_sentiment.commands.formatting import table
from ch_sentiment.console import say, warn
from ch_sentiment.experiment import answering
from ch_sentiment.experiment.classifier import model_path
from ch_sentiment.experiment.load import load_cached_test
from ch_sentiment.experiment.output import drawn
from ch_sentiment.experiment.run_folder import CARD, present
from common.files.atomic_write import write_atomically
from dataset.errors import DataError

HELP = "see whether answers depend on a person's gender, name, origin or religion, and write a model card"


def add_arguments(parser):
    add_model_argument(parser)
    parser.add_argument("--label", metavar="NAME", help="whose probability is compared (default: the last label)")
    parser.add_argument("--data", metavar="FILE", help="labelled text: the accuracy of each group of its texts, too")
    parser.add_argument("--group-column", metavar="NAME", help="the group of each text: a further column of --data")
    parser.add_argument("--group-file", metavar="FILE", help="the same, a line for each text")
    add_reading_options(parser)
    parser.add_argument("--no-cache", action="store_true", help="do not store the tokens of long data")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")


def run(options):
    """Print what is found, write audit.png and the model card beside the model; -> exit code 0.

    CheckpointError, DataError, OSError.
    """
    if (options.data is None) != (options.group_column is None and options.group_file is None):
        raise DataError("--data: expected it together with --group-column or --group-file, got one without the other")
    model = load_model(options)
    name = model.label_names[-1] if options.label is None else options.label
    if name not in model.label_names:
        raise DataError(f"--label: expected one of {', '.join(model.label_names)}, got {name!r}")
    label = model.label_names.index(name)
    subgroups = None
    if options.data is not None:
        part, _ = load_cached_test(data_options(options), model, not options.no_cache, not options.json)
        for note in part.notes:
            warn(note)
        predicted = answering.predict_proba(model, part.texts).argmax(axis=1)  # (N, C) -> (N,)
        subgroups = subgroups_of(predicted, part.t, part.groups, label)
    audit = examine(model, label, subgroups)
    files = [Path(model_path(path)) for path in (options.model, *options.others)]
    sections = model_card.sections_of(model, files, audit)
    say(*[json.dumps(asdict(audit))] if options.json else audit_lines(audit))  # before a write can fail
    folder = files[0].parent
    write_card(folder, sections, image_of(audit))
    if not options.json:
        say(f"written to {folder}: {', '.join(present(folder, CARD))}")
    return 0


def image_of(audit):
    """The bytes of audit.png; None where no group can be compared, or, with a warning, where it cannot be drawn."""

    def chart(plot):
        from ch_sentiment.audit.figure import gap_chart

        return gap_chart(audit)

    return drawn({CARD[-1]: chart}, warn).get(CARD[-1]) if audit.compared else None


def write_card(folder, sections, image):
    """Write the model card and the figure; without an image an older figure is removed."""
    contents = card_forms.markdown(sections, image).encode(), card_forms.html_page(sections, image).encode(), image
    for name, content in zip(CARD, contents):
        if content is None:
            (folder / name).unlink(missing_ok=True)
        else:
            write_atomically(folder / name, [content])


def audit_lines(audit):
    """The audit as lines to read."""
    if not audit.compared:
        yield model_card.nothing_compared(audit)
    else:
        yield from gap_lines(audit)
    if audit.subgroups is None:
        return
    yield ""
    rows = map(model_card.subgroup_cells, audit.subgroups[: model_card.SHOWN])
    yield from table(model_card.SUBGROUP_HEAD, rows).split("\n")
    if len(audit.subgroups) > model_card.SHOWN:
        yield f"... and {len(audit.subgroups) - model_card.SHOWN:,} smaller groups (--json has all)"


def gap_lines(audit):
    """The gaps of each dimension."""
    yield f"gap: probability of {audit.label} above or below the mean of the dimension, in points of 100"
    yield f"{audit.sentences} sentences; {model_card.known_words(audit)}"
    for dimension in audit.dimensions:
        changed = "" if dimension.turned is None else f" (the label changes in {dimension.turned:.0%} of sentences)"
        yield from ("", f"{dimension.name}{changed}")
        yield from table(model_card.GAP_HEAD, map(model_card.gap_cells, dimension.groups)).split("\n")
        if lost := [g.group for g in dimension.groups if g.gap is None]:
            yield f"nothing can be said of {', '.join(lost)}: no words to compare that the model knows"
