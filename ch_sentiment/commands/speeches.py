"""Read speeches with a model of reviews, paragraph by paragraph: load, score, show. `sentifish speeches` runs this.

After the NumPy tutorial on notable speeches; with --context a paragraph is read together with its neighbours.
"""

import csv
import io
import json
from dataclasses import dataclass

import numpy as np

from ch_sentiment.commands.predict import defused
from ch_sentiment.console import drawing, printable, say
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.options import COUNT
from ch_sentiment.experiment.run_folder import check_out, new_folder, write_json
from common.files.atomic_write import write_atomically
from dataset import speeches
from dataset.errors import DataError
from dataset.speeches import Speech, paragraphs
from dataset.text import UNK, tokenize

HELP = "read speeches with a trained model, paragraph by paragraph"
PARAGRAPH_WORDS = 100
RESULTS = ("speeches.json", "paragraphs.csv", "shares.png", "lines.png")
LIMITS = (
    "A model of film reviews can say whether the words of a paragraph are rather those of praise or of blame in a "
    "review; it cannot say what a speaker thinks or feels, or whether that is right, and in a speech the same words "
    "may mean something else."
)
MOST_DRAWN = 40  # speakers, and speeches: more in one picture nobody reads


def add_arguments(parser):
    parser.add_argument("model", help="the folder of a training, or its model.npz; of two labels")
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE.csv",
        help="with the columns speaker, speech and source (default: eight speeches, which are fetched)",
    )
    parser.add_argument(
        "--paragraph-words",
        type=COUNT,
        default=PARAGRAPH_WORDS,
        metavar="N",
        help="about so many words in a paragraph of whole sentences (default: %(default)s)",
    )
    parser.add_argument("--context", action="store_true", help="read each paragraph between its neighbours")
    parser.add_argument("--out", metavar="FOLDER", help="folder for the result (default: a new one below runs/)")
    parser.add_argument("--overwrite", action="store_true", help="write into --out even if it is not empty")
    parser.add_argument("--json", action="store_true", help="print what is written to speeches.json, and no table")


def run(options):
    """Print a table and write the four RESULTS; -> exit code 0. DataError, CheckpointError."""
    check_out(options)
    model = Classifier.load(options.model)
    if len(model.label_names) != 2:
        raise DataError(f"{options.model}: expected a model of two labels, got {len(model.label_names)}")
    readings = [read(model, speech, options.paragraph_words) for speech in speeches.load_data(options.file)]

    for reading in readings:
        x = with_neighbours(reading.x, model.max_len) if options.context else reading.x
        reading.probabilities = model.probabilities_of_ids(x)

    found = summary(readings, model.label_names, options)
    with new_folder(options, "speeches", RESULTS) as folder:
        write_json(folder / "speeches.json", found)
        write_atomically(folder / "paragraphs.csv", [as_csv(found).encode("utf-8", "backslashreplace")])
        draw(folder, found)
    say(json.dumps(found) if options.json else table(found))
    if not options.json:
        say("\n".join(["", *remarks(readings, model), LIMITS, f"written to {folder}: {', '.join(RESULTS)}"]))
    return 0


@dataclass
class Reading:
    """A speech in P paragraphs, as a model reads it.

    paragraphs: list of P str. x: list of P (T,) id arrays. cut: how many paragraphs are longer than the model reads.
    probabilities: (P, 2), once they are scored.
    """

    speech: Speech
    paragraphs: list
    x: list
    cut: int
    probabilities: np.ndarray | None = None


def read(model, speech, words):
    """-> Reading of a Speech in paragraphs of about so many words; not scored yet."""
    parts = paragraphs(speech.text, words)
    cut = sum(len(tokenize(part, model.cleaning)) > model.max_len for part in parts)
    return Reading(speech, parts, model.encode(parts), cut)


def with_neighbours(x, most):
    """The paragraphs of a speech, each between the nearest words of the one before and of the one after it.

    x: list of P (T,) id arrays, T <= most. -> the same number of arrays of up to `most` ids: the paragraph itself stays
    whole, and its neighbours share the room that it leaves.
    """
    nothing = x[0][:0]
    joined = []
    for before, own, after in zip([nothing, *x], x, [*x[1:], nothing]):
        room = most - len(own)
        taken_after = min(len(after), room - min(len(before), room // 2))
        taken_before = min(len(before), room - taken_after)
        joined.append(np.concatenate((before[len(before) - taken_before :], own, after[:taken_after])))
    return joined


def summary(readings, label_names, options):
    """What speeches.json holds: shares by speaker, and the probability of every paragraph of every speech."""
    by_speaker = {}
    for reading in readings:
        by_speaker.setdefault(reading.speech.speaker, []).append(reading)
    return {
        "labels": list(label_names),
        "paragraph_words": options.paragraph_words,
        "context": options.context,
        "speakers": [speaker_row(name, of_speaker, label_names) for name, of_speaker in by_speaker.items()],
        "speeches": [
            {
                "speaker": reading.speech.speaker,
                "source": reading.speech.source,
                "paragraphs": [
                    paragraph_row(text, p, label_names) for text, p in zip(reading.paragraphs, reading.probabilities)
                ],
            }
            for reading in readings
        ],
        "limits": LIMITS,
    }


def speaker_row(name, readings, label_names):
    """All speeches of one speaker in a few numbers; the shares are percent of their paragraphs and add to 100."""
    probabilities = np.concatenate([reading.probabilities for reading in readings])  # (P, 2)
    counts = np.bincount(probabilities.argmax(axis=1), minlength=2)
    return {
        "speaker": name,
        "speeches": len(readings),
        "paragraphs": len(probabilities),
        "words": sum(word_count(reading.speech.text) for reading in readings),
        "shares": {label: 100 * int(n) / len(probabilities) for label, n in zip(label_names, counts)},
        "mean_probability": float(probabilities[:, 1].mean()),
    }


def paragraph_row(text, probabilities, label_names):
    """A paragraph, its likelier label, and the probability of the second label."""
    label = label_names[probabilities.argmax()]
    return {"label": label, "probability": float(probabilities[1]), "words": word_count(text), "text": text}


def word_count(text):
    """What stands between white space."""
    return len(text.split())


def table(found):
    """A line for every speaker."""
    labels = [short(printable(label)) for label in found["labels"]]
    head = ("speaker", "paragraphs", "words", *(f"{label} (%)" for label in labels), f"mean p({labels[1]})")
    rows = [
        (
            short(printable(row["speaker"])),
            f"{row['paragraphs']:,}",
            f"{row['words']:,}",
            *(f"{share:.1f}" for share in row["shares"].values()),
            f"{row['mean_probability']:.3f}",
        )
        for row in found["speakers"]
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    lines = ([f"{row[0]:<{widths[0]}}", *(f"{c:>{w}}" for c, w in zip(row[1:], widths[1:]))] for row in (head, *rows))
    return "\n".join("  ".join(line) for line in lines)


def remarks(readings, model):
    """What a reader of the table has to know of these speeches: how much of them the model knows."""
    x = [ids for reading in readings for ids in reading.x]
    known = np.mean(np.concatenate(x) != UNK)
    yield f"the model knows {known:.1%} of the words of {len(x):,} paragraphs"
    if unknown := sum(bool(np.all(ids == UNK)) for ids in x):
        yield f"{unknown} of {len(x)} paragraphs hold no word that the model knows: their answers rest on nothing"
    if cut := sum(reading.cut for reading in readings):
        yield f"{cut} of {len(x)} paragraphs are cut: the model reads {model.max_len} words"
    if len(readings) > MOST_DRAWN:
        yield f"the figures show the first {MOST_DRAWN} only"


def as_csv(found):
    """A row for every paragraph, in which no cell is a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("speech", "speaker", "source", "paragraph", "words", "label", "probability", "text"))
    for i, speech in enumerate(found["speeches"], start=1):
        for j, part in enumerate(speech["paragraphs"], start=1):
            speaker, source, label, text = (
                defused(printable(cell)) for cell in (speech["speaker"], speech["source"], part["label"], part["text"])
            )
            writer.writerow((i, speaker, source, j, part["words"], label, f"{part['probability']:.4f}", text))
    return file.getvalue()


def draw(folder, found):
    """shares.png and lines.png."""
    with drawing():
        from ch_sentiment.commands.speech_figures import share_bars, speech_lines

        bars = share_bars(found["speakers"][:MOST_DRAWN], found["labels"])
        lines = speech_lines(found["speeches"][:MOST_DRAWN], found["labels"][1])
        bars.figure.savefig(folder / "shares.png", dpi=150)
        lines[0].figure.savefig(folder / "lines.png", dpi=150)


def short(name):
    """A name that fits into a table or beside an axis."""
    return name if len(name) <= 24 else f"{name[:12]}…{name[-11:]}"
